"""Every number equals the count of the list behind it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.chassis.errors import Forbidden
from services.chassis.identifiers import Caller
from services.chassis.paging import BadCursor
from services.contracts.insight import CASE_NUMBERS, TASK_NUMBERS, OverviewChanged
from services.insight import handlers, views
from services.insight.areas import OutsideYourArea
from services.insight.tables import said
from tests.integration.insight.told import PLACE, face, lane, line, look, tell

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
H, D = timedelta(hours=1), timedelta(days=1)
OTHER = "110105002001001"


@pytest.fixture
def community(ledger):
    """One case of each kind the wall tells apart."""
    began = NOW - 5 * H
    a, b, c, d, e, f = (f"20260302-00000{n}" for n in (17, 25, 33, 41, 58, 66))
    tell(
        ledger,
        line(a, 1, began, face(began, [lane(a, "party", began, due=4 * H)])),  # a late task makes a late case
        line(b, 1, began, face(began, [lane(b, "party", began, "signed", 6 * H, signed=H)])),  # due within the hour
        line(c, 1, began, face(began, [lane(c, "meters", began, "supplement", 2 * H, signed=3 * H)], status="suspended", due=H)),
        line(d, 1, began, face(began, [lane(d, "meters", began, "done", signed=H, finished=3 * H)], status="closed", closed=3 * H)),
        line(d, 2, NOW, face(began, [lane(d, "meters", began, "done", signed=H, finished=3 * H)], status="closed", closed=3 * H),
             "called-back", reached=True, resolved=True, satisfied=False),
        line(d, 3, NOW, face(began, [lane(d, "meters", began, "done", signed=H, finished=3 * H)], status="closed", closed=3 * H),
             "rated", stars=5),
        line(e, 1, began, face(began, status="withdrawn", closed=H)),
        line(e, 2, began, face(began, status="withdrawn", closed=H), "called-back", reached=False),
        line(f, 1, began, face(began, matter="leak-check", place=OTHER)),
    )  # fmt: skip
    return ledger


def test_the_first_row_counts_what_it_says(community):
    overview = look(community, views.get_overview, NOW)
    assert overview["numbers"] == {"overdue": 1, "due_soon": 1, "in_hand": 4, "closed_today": 1}
    assert [item["case_no"][-2:] for item in overview["urgent"]] == ["17", "25", "66", "33"]
    assert [item["overdue"] for item in overview["urgent"]] == [True, False, False, False]


def test_three_rates_with_what_they_are_made_of(community):
    rates = look(community, views.get_overview, NOW)["rates"]
    made = {name: (one["numerator"], one["denominator"]) for name, one in rates.items()}
    # Signed in time: b and d; late: a (never) and c (an hour late). Unreachable applicants are in no rate.
    assert made == {"response": (2, 4), "resolution": (1, 1), "satisfaction": (1, 1)}
    assert rates["response"]["value"] == 0.5


def test_of_nothing_there_is_no_rate(ledger):
    rates = look(ledger, views.get_overview, NOW)["rates"]
    assert {one["value"] for one in rates.values()} == {None}


def test_departments_and_grids(community):
    units = {item["unit"]: item for item in look(community, views.get_departments, NOW)["items"]}
    assert (units["party"]["tasks_open"], units["party"]["tasks_overdue"]) == (2, 1)
    assert (
        units["meters"]["tasks_open"],
        units["meters"]["tasks_overdue"],
        units["meters"]["tasks_signed_late"],
    ) == (1, 0, 1)
    assert units["meters"]["median_seconds"] == pytest.approx(2 * 3600, rel=0.05)
    grids = {item["place"]: item for item in look(community, views.get_grids, NOW)["items"]}
    assert grids[PLACE] == {"place": PLACE, "in_hand": 3, "overdue": 1, "due_soon": 1}


def test_findings_by_matter(community):
    findings = {one["matter"]: one["in_hand"] for one in look(community, views.get_overview, NOW)["findings"]}
    assert findings == {"welfare-check": 0, "leak-check": 1, "alarm": 0, "camera-maintenance": 0}


def walk(ledger, now, **query):
    """All pages of a list, one item at a time."""
    items, cursor = [], None
    while True:
        page = look(ledger, views.list_behind, now, limit=1, cursor=cursor, **query)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items, page["count"]


def test_every_number_equals_the_count_of_its_list(community):
    for place in (None, "110105", "110105001001", PLACE, OTHER):
        overview = look(community, views.get_overview, NOW, place=place)
        expected = dict(overview["numbers"])
        for one in overview["rates"].values():
            expected |= {one["behind"][part]: one[part] for part in ("numerator", "denominator")}
        for number, value in expected.items():
            items, count = walk(community, NOW, number=number, place=place)
            assert (number, place, len(items), count) == (number, place, value, value)
        for unit in overview["departments"]:
            for number in ("tasks_open", "tasks_overdue", "tasks_signed_late", "tasks_done"):
                items, count = walk(community, NOW, number=number, place=place, unit=unit["unit"])
                assert (unit["unit"], number, len(items)) == (unit["unit"], number, unit[number])
        for grid in overview["grids"]:
            for number in ("in_hand", "overdue", "due_soon"):
                assert len(walk(community, NOW, number=number, place=grid["place"])[0]) == grid[number]
        for finding in overview["findings"]:
            for number in ("in_hand", "filed_today"):
                assert (
                    len(walk(community, NOW, number=number, place=place, matter=finding["matter"])[0])
                    == finding[number]
                )


def test_every_number_of_the_contract_has_its_row():
    assert set(views.NUMBERS) == {*CASE_NUMBERS, *TASK_NUMBERS}


def test_a_case_list_can_be_narrowed_to_a_unit(community):
    assert [item["case_no"][-2:] for item in walk(community, NOW, number="in_hand", unit="party")[0]] == [
        "17",
        "25",
    ]


def test_nobody_looks_beyond_his_area(community):
    street = Caller("li", "staff", None, ({"role": "supervisor", "scope": "110105002"},))
    assert look(community, views.get_overview, NOW, street)["numbers"]["in_hand"] == 1
    with pytest.raises(OutsideYourArea):
        look(community, views.get_overview, NOW, street, place=PLACE)
    with pytest.raises(Forbidden):
        look(community, views.get_overview, NOW, Caller("guest", "public"))


def test_a_made_up_cursor_is_refused(community):
    for cursor in ("?", "e30=", "WzEsMl0="):
        with pytest.raises(BadCursor):
            look(community, views.list_behind, NOW, number="in_hand", cursor=cursor)


def say(ledger, now):
    """One tick; what it said."""
    with ledger.work() as work:
        work.now = now
        handlers.tell_screens(work)
        told = [msgspec.json.decode(one["body"])["data"] for one in work._said]
    return {one["place"]: one for one in told}


def test_screens_are_told_once_and_again_only_of_what_changed(community):
    first = say(community, NOW)
    assert set(first) == {"", "110105", "110105001", "110105002", "110105001001", "110105002001"}
    assert first[""]["numbers"] == {"overdue": 1, "due_soon": 1, "in_hand": 4, "closed_today": 1}
    assert say(community, NOW) == {}
    later = say(community, NOW + 2 * H)  # time alone made the second case late
    assert set(later) == {"", "110105", "110105001", "110105001001"}
    assert later["110105001"] == {"place": "110105001", "numbers": {"overdue": 2, "due_soon": 0, "in_hand": 3, "closed_today": 1},
                                  "at": later[""]["at"], "n": 2}  # fmt: skip
    assert OverviewChanged.heard_by == ()


def test_an_area_with_nothing_left_is_told_so(community):
    say(community, NOW)
    tell(
        community,
        line(
            "20260302-0000066",
            2,
            NOW,
            face(NOW, status="withdrawn", closed=H, matter="leak-check", place=OTHER),
        ),
    )
    assert say(community, NOW)["110105002001"]["numbers"]["in_hand"] == 0
    with community.engine.connect() as connection:
        assert len(connection.execute(said.select()).all()) == 6
