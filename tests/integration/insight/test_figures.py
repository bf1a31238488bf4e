"""Every figure, in whatever way it is counted and grouped, is the count of the list behind it."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.contracts.insight import GROUPS, PERIODS
from services.insight import figures, model, views
from services.insight.numbers import NUMBERS, TALLIED
from tests.integration.insight.told import PLACE, face, fold, lane, line, look, tell

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
D = timedelta(days=1)
PLACES = (PLACE, "110105001001002", "110105001002001", "110105002001001", "")
UNITS = ("party", "meters", "property")

moments = st.integers(0, 45 * 24 * 4).map(lambda quarters: NOW - timedelta(minutes=15 * quarters))
spans = st.integers(-1, 12 * 24).map(lambda hours: timedelta(hours=hours))
tasks = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(UNITS),
        "status": st.sampled_from(("assigned", "signed", "supplement", "return-pending", "done", "refused", "returned")),
        "due": spans,
        "signed": st.none() | spans,
        "finished": spans,
    }
)  # fmt: skip
words = st.sampled_from(
    [
        None,
        ("called-back", {"reached": False}),
        ("called-back", {"reached": True, "resolved": True, "satisfied": False}),
        ("called-back", {"reached": True, "resolved": False, "satisfied": None}),
        ("rated", {"stars": 2}),
        ("rated", {"stars": 3}),
    ]
)
histories = st.lists(
    st.tuples(
        st.sampled_from(range(5)),  # which case: its later line replaces the one before
        moments,
        st.sampled_from(PLACES),
        st.sampled_from(("kiosk", "hotline")),
        st.sampled_from(("handling", "closed", "withdrawn", "suspended")),
        st.lists(tasks, max_size=3, unique_by=lambda one: one["unit"]),
        words,
        st.sampled_from(("signed", "return-asked", "extension-asked", "noted")),
    ),
    min_size=1,
    max_size=12,
)

RANDOM = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ),  # a smaller history is not worth the minutes it takes
)


def told(ledger, history):
    with ledger.engine.begin() as connection:
        connection.execute(text("TRUNCATE event_log, cases, lanes, tallies, changes"))
    for seq, (which, at, place, channel, status, lanes, word, deed) in enumerate(history, 1):
        no = f"20260302-00000{which}{which}"
        made = [
            lane(no, one["unit"], at, one["status"], one["due"], one["signed"],
                 one["finished"] if one["status"] in ("done", "refused") else None)
            for one in lanes
        ]  # fmt: skip
        whole = face(at, made, status, closed=D if status in ("closed", "withdrawn") else None, place=place)
        kind, detail = word or (deed, {})
        one = line(no, seq, at, whole | {"channel": channel, "returns": seq % 4}, kind, **detail)
        if made and not word:
            one.lines[0] |= {
                "task_id": made[0]["task_id"],
                "unit": made[0]["unit"],
                "actor": f"o-{made[0]['unit']}",
            }
        tell(ledger, one)
        if seq % 3 == 0:
            fold(ledger)


def behind(ledger, number, **query):
    """All pages of a list; its count and its keys."""
    keys, cursor = [], None
    while True:
        page = look(ledger, views.list_behind, NOW, number=number, limit=3, cursor=cursor, **query)
        keys += [item.get("task_id", item["case_no"]) for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            assert len(keys) == len(set(keys)) == page["count"], (number, query)
            return page["count"]


DRILL = {"grid": "place", "community": "place", "street": "place"}


@RANDOM
@given(
    history=histories, by=st.sampled_from(GROUPS), period=st.none() | st.sampled_from(PERIODS), some=st.data()
)
def test_every_figure_is_the_count_of_its_list(ledger, history, by, period, some):
    told(ledger, history)
    found = look(ledger, views.get_figures, NOW, by=by, period=period)
    names = some.draw(st.lists(st.sampled_from(sorted(TALLIED)), min_size=3, max_size=3, unique=True))
    asked = {"period": period, "on": None}
    for item in found["items"]:
        if item["key"] == "" and by in (*DRILL, "matter", "channel", "company"):
            continue  # what has no area has no list of its own
        if by == "month" or (by in DRILL and len(item["key"]) < figures.DIGITS[by]):
            continue
        drill = {DRILL.get(by, by): item["key"]}
        if by == "day":
            drill = {"period": "day", "on": date.fromisoformat(item["key"])}
        for name in names:
            assert item["numbers"][name] == behind(ledger, name, **(asked | drill)), (by, name, item["key"])
    for name in names:
        assert found["total"]["numbers"][name] == behind(ledger, name, **asked)


@RANDOM
@given(history=histories, by=st.sampled_from(("all", "unit", "street", "community", "day", "month")),
       unit=st.none() | st.sampled_from(UNITS), scope=st.sampled_from(("", "110105", "110105001", "110105001001")))  # fmt: skip
def test_the_sums_are_the_counts(ledger, history, by, unit, scope):
    told(ledger, history)
    only = SimpleNamespace(unit=unit, matter=None, channel=None, staff=None, company=None)
    span = figures.lately(NOW)
    with ledger.read() as read:
        read.now = NOW
        summed = figures.by_key(read, [scope], span, by, only)
        counted = figures.defaultdict(figures.Counter)
        figures._add_counted(read, counted, [scope], span, by, only)
    longest = figures.DIGITS.get(by, 0)
    plain = [
        {
            key: {name: n for name, n in counts.items() if n}
            for key, counts in one.items()
            if len(key) >= longest
        }
        for one in (summed, counted)
    ]
    assert {k: v for k, v in plain[0].items() if v} == {k: v for k, v in plain[1].items() if v}


def test_the_window_is_today_and_the_29_days_before_it(ledger):
    """Boundary: the first moment of the first day is in, the one before it is not."""
    since, until = NUMBERS["filed"].span(NOW)
    assert (until - since, since) == (30 * D, datetime(2026, 1, 31, 16, tzinfo=UTC))
    for number, at in enumerate((since - timedelta(seconds=1), since, NOW)):
        tell(ledger, line(f"20260302-00000{number}0", 1, at, face(at)))
    assert behind(ledger, "filed") == 2


def test_a_median_is_right_to_five_percent():
    for seconds in (1, 59, 60, 61, 7200, 86400 * 40):
        number = model.took_bin(seconds)
        assert model.took_seconds(number) == pytest.approx(max(seconds, 60), rel=0.05)
    assert model.median_of_classes({}) is None


@pytest.mark.parametrize(
    ("period", "on", "first", "after"),
    [
        ("day", date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
        ("week", date(2026, 3, 1), date(2026, 2, 23), date(2026, 3, 2)),  # a Sunday ends its week
        ("week", date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 9)),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        ("quarter", date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)),
        ("quarter", date(2026, 4, 1), date(2026, 4, 1), date(2026, 7, 1)),
        ("year", date(2026, 6, 1), date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_periods_begin_and_end_with_days_in_china(period, on, first, after):
    assert model.days_of(period, on) == (first, after)
    midnight = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=8)
    assert model.span_of(period, on, NOW)[0] == midnight
