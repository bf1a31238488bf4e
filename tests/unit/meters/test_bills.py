"""Bills to the fen: tiers at their edges, the year's end, a price that changes, and what must always hold."""

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.meters.billing.model import (
    DAY,
    LIVE,
    MILLIONTH,
    TRANSITIONS,
    ZERO,
    Bill,
    NotInThisState,
    Use,
    divide,
    reckon,
    supplies,
)
from services.meters.billing.tariffs import UnknownTariff, all_tariffs, read, tariff

BEIJING = "110105001001001"
SHANGHAI = "310104001001001"
WATER = tariff("water", "household", BEIJING)
LONG_AGO = date(2020, 5, 5)


def bill(terms, days, until=None, opened=LONG_AGO, start=(None, ZERO), since=None):
    """What `days` (day -> quantity, or register -> quantity) cost: the sums that SQL makes in a run, made here."""
    since = since or min(days)
    until = until or max(days) + DAY
    cuts = terms.cuts(since, until)
    used = {}
    for no, cut in enumerate(cuts):
        for day, quantities in days.items():
            if not cut.since <= day < cut.until:
                continue
            if not isinstance(quantities, dict):
                quantities = {"total": quantities}
            for register, quantity in quantities.items():
                use = used.setdefault(no, {}).setdefault(register, Use(ZERO))
                use.quantity += Decimal(quantity)
                use.days += 1
                use.versions += 1
                use.last = max(use.last or day, day)
    return reckon(terms, opened, cuts, used, start)


def spread(quantity, since, days):
    """A quantity over so many days, exact to six decimals."""
    share = (Decimal(quantity) / days).quantize(MILLIONTH)
    found = {since + i * DAY: share for i in range(days)}
    found[since] += Decimal(quantity) - share * days
    return found


def lines(reckoning):
    return [(line.tier, str(line.quantity), str(line.amount)) for line in reckoning.lines]


# -- the tiers of Beijing's water, by the year ---------------------------------------------------------


@pytest.mark.parametrize(
    "quantity, total",
    [
        ("0", "0.00"), ("1", "5.00"), ("179", "895.00"), ("180", "900.00"), ("181", "907.00"),
        ("180.000001", "900.00"), ("180.000714", "900.00"), ("180.000715", "900.01"),
        ("260", "1460.00"), ("261", "1469.00"), ("260.5", "1464.50"), ("1000", "8120.00"),
    ],
)  # fmt: skip
def test_a_year_at_the_edges_of_the_tiers(quantity, total):
    assert bill(WATER, {date(2026, 7, 1): quantity}).total == Decimal(total)


def test_a_line_says_what_it_is_made_of_and_its_parts_are_the_line():
    made = bill(WATER, {date(2026, 3, 1): "261"})
    assert [(line.tier, line.price, line.parts) for line in made.lines] == [
        (1, Decimal("5.00"), {"fee": Decimal("372.60"), "resource": Decimal("282.60"), "sewage": Decimal("244.80")}),
        (2, Decimal("7.00"), {"fee": Decimal("325.60"), "resource": Decimal("125.60"), "sewage": Decimal("108.80")}),
        (3, Decimal("9.00"), {"fee": Decimal("6.07"), "resource": Decimal("1.57"), "sewage": Decimal("1.36")}),
    ]  # fmt: skip


def test_the_next_bill_begins_where_the_last_one_stopped():
    january = bill(WATER, spread("179.5", date(2026, 1, 1), 31))
    february = bill(WATER, spread("1", date(2026, 2, 1), 28), start=(january.cycle, january.position))
    assert lines(february) == [(1, "0.500000", "2.50"), (2, "0.500000", "3.50")]
    assert february.position == Decimal("180.5")


def test_at_the_years_end_the_tiers_begin_again_within_one_bill():
    days = {date(2026, 12, 31): "10", date(2027, 1, 1): "10"}
    made = bill(WATER, days, start=(date(2026, 1, 1), Decimal("255")))
    assert lines(made) == [(2, "5", "35.00"), (3, "5", "45.00"), (1, "10", "50.00")]
    assert (made.total, made.cycle, made.position) == (Decimal("130.00"), date(2027, 1, 1), Decimal("10"))


def test_a_part_of_a_year_has_twelfths_of_the_thresholds():
    """Opened in July: six months, so 90 m³ and 130 m³."""
    made = bill(WATER, {date(2026, 8, 1): "131"}, opened=date(2026, 7, 20), since=date(2026, 7, 20))
    assert lines(made) == [(1, "90.000000", "450.00"), (2, "40.000000", "280.00"), (3, "1.000000", "9.00")]
    next_year = bill(WATER, {date(2027, 8, 1): "131"}, opened=date(2026, 7, 20))
    assert lines(next_year) == [(1, "131", "655.00")]


def test_institutions_pay_one_price():
    assert bill(tariff("water", "institution", BEIJING), {date(2026, 1, 5): "12345.678"}).total == Decimal(
        "74074.07"
    )


# -- a price that changes, electricity, day and night --------------------------------------------------


def changing(*, cycle="year", registers=("total",)):
    def tiers(a, b, c):
        return [
            {"upto": 100, **{name: {"fee": a} for name in registers}},
            {"upto": 200, **{name: {"fee": b} for name in registers}},
            {name: {"fee": c} for name in registers},
        ]

    return read(
        {
            "code": "t", "utility": "water", "place": "99", "zh": "", "en": "", "cycle": cycle,
            "lists": [
                {"since": date(2026, 1, 16), "verified": False, "source": "", "tiers": tiers("1.10", "2.10", "3.10")},
                {"since": date(2020, 1, 1), "verified": False, "source": "", "tiers": tiers("1", "2", "3")},
            ],
        }
    )  # fmt: skip


def test_a_price_that_changes_within_the_period_holds_from_its_day():
    days = dict.fromkeys((date(2026, 1, 1) + i * DAY for i in range(31)), "4")
    made = bill(changing(), days)
    # 15 days of 4 = 60 at 1.00; then 40 left in the first tier and 24 in the second, at the new prices.
    assert lines(made) == [(1, "60", "60.00"), (1, "40", "44.00"), (2, "24", "50.40")]
    assert [(line.since, line.until) for line in made.lines] == [
        (date(2026, 1, 1), date(2026, 1, 16)), (date(2026, 1, 16), date(2026, 2, 1)),
        (date(2026, 1, 16), date(2026, 2, 1)),
    ]  # fmt: skip
    assert made.total == Decimal("154.40")


def test_no_price_before_the_first_list():
    with pytest.raises(UnknownTariff):
        bill(changing(), {date(2019, 12, 31): "1"})


@pytest.mark.parametrize(
    "quantity, total",
    [("2880", "1406.30"), ("2881", "1406.84"), ("4800", "2439.84"), ("4801", "2440.63")],
)
def test_beijing_electricity_by_the_year(quantity, total):
    assert bill(tariff("electricity", "household", BEIJING), {date(2026, 5, 5): quantity}).total == Decimal(
        total
    )


def test_shanghai_day_and_night_share_the_tiers_in_proportion():
    terms = tariff("electricity", "household", SHANGHAI)
    made = bill(terms, {date(2026, 5, 5): {"peak": "300", "valley": "150"}})
    assert [(line.register, line.tier, line.quantity, line.amount) for line in made.lines] == [
        ("peak", 1, Decimal("173.333333"), Decimal("106.95")),
        ("valley", 1, Decimal("86.666667"), Decimal("26.61")),
        ("peak", 2, Decimal("93.333334"), Decimal("62.25")),
        ("valley", 2, Decimal("46.666666"), Decimal("15.73")),
        ("peak", 3, Decimal("33.333333"), Decimal("30.57")),
        ("valley", 3, Decimal("16.666667"), Decimal("8.12")),
    ]
    assert made.total == Decimal("250.23")


def test_a_month_that_ends_begins_the_monthly_tiers_again():
    terms = tariff("electricity", "household", SHANGHAI)
    days = {date(2026, 1, 31): {"peak": "260"}, date(2026, 2, 1): {"peak": "260"}}
    assert [line.tier for line in bill(terms, days).lines] == [1, 1]


# -- what must always hold -----------------------------------------------------------------------------

amounts = st.decimals(min_value=0, max_value=60, places=6)
TERMS = [*all_tariffs(), changing(), changing(cycle="month", registers=("peak", "flat", "valley"))]


@st.composite
def histories(draw):
    """Some days of use around a year's end, a tariff, and where they are cut into bills."""
    terms = draw(st.sampled_from(TERMS))
    since = draw(st.dates(date(2025, 10, 1), date(2026, 1, 20)))
    count = draw(st.integers(2, 100))
    registers = terms.lists[0].registers
    days = {
        since + i * DAY: {name: draw(amounts) for name in registers}
        for i in draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=30, unique=True))
    }
    days.setdefault(since, dict.fromkeys(registers, Decimal(1)))
    days.setdefault(since + (count - 1) * DAY, dict.fromkeys(registers, Decimal(2)))
    opened = draw(st.sampled_from([LONG_AGO, since]))
    cuts = draw(st.lists(st.sampled_from(sorted(days)), max_size=6, unique=True))
    return terms, days, opened, sorted(set(cuts) - {since})


def in_turn(terms, days, opened, cuts):
    """A bill for each of the sub-periods, each beginning where the one before ended."""
    edges = [min(days), *cuts, max(days) + DAY]
    start, found = (None, ZERO), []
    for since, until in itertools.pairwise(edges):
        made = bill(
            terms, {day: q for day, q in days.items() if since <= day < until}, until, opened, start, since
        )
        start = (made.cycle, made.position)
        found.append(made)
    return found


@given(histories())
def test_however_a_period_is_divided_quantity_and_position_are_the_same(history):
    terms, days, opened, cuts = history
    whole = bill(terms, days, opened=opened)
    parts = in_turn(terms, days, opened, cuts)
    assert sum(part.quantity for part in parts) == whole.quantity
    assert (parts[-1].cycle, parts[-1].position) == (whole.cycle, whole.position)
    by_tier = Counter()
    for line in whole.lines:
        by_tier[line.tier] += line.quantity
    for part in parts:
        for line in part.lines:
            by_tier[line.tier] -= line.quantity
    assert all(left == 0 for left in by_tier.values())
    # Each line is rounded once, by half a fen at the most.
    counted = len(whole.lines) + sum(len(part.lines) for part in parts)
    if len(terms.lists[0].registers) == 1:
        assert abs(sum(part.total for part in parts) - whole.total) <= Decimal("0.005") * counted


@given(histories())
def test_lines_are_the_bill_and_parts_are_the_line(history):
    terms, days, opened, _ = history
    made = bill(terms, days, opened=opened)
    assert sum(line.amount for line in made.lines) == made.total
    assert (
        sum(line.quantity for line in made.lines)
        == made.quantity
        == sum(quantity for registers in days.values() for quantity in registers.values())
    )
    for register in terms.lists[0].registers:
        counted = sum(line.quantity for line in made.lines if line.register == register)
        assert counted == sum(registers[register] for registers in days.values())
    for line in made.lines:
        assert sum(line.parts.values()) == line.amount and line.quantity > 0
        assert line.amount == round(line.amount, 2)


@given(histories(), st.integers(0, 29), st.decimals(min_value=1, max_value=50, places=6))
def test_who_uses_more_never_pays_less(history, which, more):
    terms, days, opened, _ = history
    before = bill(terms, days, opened=opened)
    day = sorted(days)[which % len(days)]
    register = terms.lists[0].registers[0]
    after = bill(terms, days | {day: days[day] | {register: days[day][register] + more}}, opened=opened)
    if len(terms.lists[0].registers) == 1:
        # Lines shift between cuts, each rounded on its own.
        assert after.total >= before.total - Decimal("0.01") * len(after.lines)
    assert after.quantity == before.quantity + more


@given(
    st.lists(amounts, min_size=2, max_size=4),
    st.lists(st.integers(1, 1_000_000), min_size=1, max_size=4),
)
def test_tiers_and_registers_are_divided_without_rest(used, weights):
    whole = sum(used)
    portions = [(whole * weight / sum(weights)).quantize(MILLIONTH, "ROUND_DOWN") for weight in weights]
    portions[-1] += whole - sum(portions)
    columns = divide(portions, used)
    assert [sum(column) for column in columns] == used
    assert [sum(row) for row in zip(*columns, strict=True)] == portions
    assert all(part >= 0 for column in columns for part in column)


# -- the tariffs that are shipped ----------------------------------------------------------------------


@pytest.mark.parametrize("terms", all_tariffs(), ids=lambda t: f"{t.place}-{t.utility}-{t.code}")
def test_households_have_three_tiers_each_dearer_than_the_one_before(terms):
    """By law; institutions have one price."""
    for prices in terms.lists:
        if terms.code == "household":
            assert len(prices.tiers) >= 3
        for register in prices.registers:
            dear = [tier.prices[register].whole for tier in prices.tiers]
            assert dear == sorted(set(dear))
        assert prices.source and (prices.verified or "[U]" in prices.source)


@pytest.mark.parametrize(
    "change",
    [
        {"tiers": [{"upto": 5, "total": {"fee": "1"}}]},
        {"tiers": [{"total": {"fee": "1"}}, {"total": {"fee": "2"}}]},
        {"tiers": [{"upto": 9, "total": {"fee": "1"}}, {"upto": 8, "total": {"fee": "1"}}, {"total": {"fee": "2"}}]},
        {"tiers": [{"upto": 9, "total": {"fee": "1"}}, {"peak": {"fee": "2"}}]},
    ],
)  # fmt: skip
def test_tiers_nobody_could_walk_through_are_refused(change):
    entry = {"since": date(2020, 1, 1), "verified": False, "source": "", **change}
    with pytest.raises(ValueError):
        read(
            {
                "code": "t", "utility": "water", "place": "9", "zh": "", "en": "", "cycle": "year", "lists": [entry],
            }
        )  # fmt: skip


def test_the_smallest_place_wins_and_an_unknown_one_has_no_tariff():
    assert tariff("electricity", "household", SHANGHAI).cycle == "month"
    with pytest.raises(UnknownTariff):
        tariff("water", "household", "330106001001001")


# -- whose days ----------------------------------------------------------------------------------------

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def test_on_the_day_of_an_exchange_both_meters_count():
    found = supplies("new", MARCH, APRIL, former=[("old", LONG_AGO, date(2026, 3, 10))])
    assert [(s.meter, s.since, s.until) for s in found] == [
        ("old", MARCH, date(2026, 3, 11)), ("new", date(2026, 3, 10), APRIL),
    ]  # fmt: skip


def test_the_day_of_moving_is_divided_by_the_clock_and_nothing_is_left():
    moved = datetime(2026, 3, 10, 18, tzinfo=UTC) - timedelta(hours=8)  # 18 h in Shanghai
    leaving = supplies("m", MARCH, date(2026, 3, 11), handed_over=(None, moved))
    coming = supplies("m", date(2026, 3, 10), APRIL, handed_over=(moved, None))
    assert [(s.since, s.until, s.share, s.rest) for s in leaving] == [
        (date(2026, 3, 10), date(2026, 3, 11), Decimal("0.75"), False),
        (MARCH, date(2026, 3, 10), None, False),
    ]
    assert [(s.since, s.until, s.share, s.rest) for s in coming] == [
        (date(2026, 3, 10), date(2026, 3, 11), Decimal("0.75"), True),
        (date(2026, 3, 11), APRIL, None, False),
    ]


def test_a_bill_reaches_as_far_as_consumption_is_known():
    days = {date(2026, 3, 1): "1", date(2026, 3, 2): "1", date(2026, 3, 5): "1"}
    made = bill(WATER, days, until=APRIL)
    assert (made.until, made.missing, made.quantity) == (date(2026, 3, 6), 2, 3)
    assert reckon(WATER, LONG_AGO, WATER.cuts(MARCH, APRIL), {}) is None


# -- states --------------------------------------------------------------------------------------------

NOW = datetime(2026, 4, 1, tzinfo=UTC)


def a_bill(state="draft", total="10.00"):
    return Bill(
        bill="b", account="a", household="h", place="p", utility="water", tariff="household", since=MARCH,
        until=APRIL, quantity=Decimal(2), total=Decimal(total), cycle=MARCH, position=Decimal(2), estimated=0,
        missing=0, versions=1, state=state, held_for=[], corrects=None, run=None, made_at=NOW,
    )  # fmt: skip


VERBS = ("issue", "hold", "release", "correct", "cancel")


@given(st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(["dispute", "leak:1", "leak:2"]))))
def test_an_account_owes_its_issued_bills_and_nothing_else(steps):
    one, owed = a_bill(), ZERO
    for verb, cause in steps:
        allowed = (one.state, verb) in TRANSITIONS
        if allowed:
            owed += one.move(verb, NOW, cause)
        else:
            with pytest.raises(NotInThisState):
                one.move(verb, NOW, cause)
        assert owed == (one.total if one.state == "issued" else 0)
        assert (one.state == "held") == bool(one.held_for) or one.state not in LIVE


def test_a_bill_held_for_two_causes_is_due_again_only_when_both_are_gone():
    one = a_bill("issued")
    assert one.move("hold", NOW, "dispute") == Decimal("-10.00")
    assert one.move("hold", NOW, "leak:1") == 0
    assert one.move("release", NOW, "dispute") == 0 and one.state == "held"
    assert one.move("release", NOW, "leak:1") == Decimal("10.00") and one.state == "issued"
