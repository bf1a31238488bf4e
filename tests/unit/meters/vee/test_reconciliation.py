"""Whatever happens to the readings, intervals make days and days make the register's difference."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.meters.vee.amounts import HOUR, MILLION, day_of, midnight
from services.meters.vee.days import Filling, spread
from services.meters.vee.judge import Case, find, judge, weigh
from services.meters.vee.series import Register, Row, believe, current

ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Madrid")]
BEGIN = midnight(ZONES[1], date(2016, 3, 25))  # the clock is changed on the 27th
steps = st.lists(
    st.tuples(st.integers(1, 40 * 60), st.integers(0, 900_000)), min_size=1, max_size=60
)  # minutes since the reading before, millionths used
zones = st.sampled_from(ZONES)
intervals = st.sampled_from([HOUR // 4, HOUR, 24 * HOUR])


def register_of(taken, start=0, full=None):
    at, value, found = BEGIN, start, [Row(BEGIN, 0, start)]
    for number, (minutes, used) in enumerate(taken, 1):
        at += minutes * 60 * MILLION
        value += used
        found.append(Row(at, number, value % full if full else value))
    return found, value - start


def days_of(found, zone, interval=HOUR, registers=None, until=None):
    series = believe(current(found, {}), registers or [Register("W", interval=interval)], MILLION)
    days, estimates = spread(series.believed, interval, zone, Filling(), {}, None, until)
    return series, days, estimates


def hold(days, estimates, zone, total):
    """The law, and what must be true besides."""
    assert sum(day.quantity for day in days) == total
    for day in days:
        assert len(day.bounds) == len(day.quantities) + 1 == len(day.states) + 1
        assert day.bounds == sorted(set(day.bounds)) and min(day.quantities) >= 0
        assert day_of(zone, day.bounds[0]) == day.day
        assert day.bounds[-1] <= midnight(zone, day.day + timedelta(days=1))
    for before, after in itertools.pairwise(days):
        assert after.day - before.day == timedelta(days=1) and after.bounds[0] == before.bounds[-1]
    for each in estimates:
        assert sum(each.quantities) == each.total and min(each.quantities) >= 0


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, zones, intervals)
def test_days_add_up_across_midnights_gaps_and_changed_clocks(taken, zone, interval):
    found, used = register_of(taken)
    _, days, estimates = days_of(found, zone, interval)
    hold(days, estimates, zone, used)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(30, 90), st.integers(0, 900_000)), min_size=5, max_size=60), zones)
def test_days_add_up_when_the_register_begins_again_at_zero(taken, zone):
    full = 1000 * MILLION
    found, used = register_of(taken, start=full - 2 * MILLION, full=full)
    series, days, estimates = days_of(found, zone, registers=[Register("W", digits=3)])
    hold(days, estimates, zone, used)
    assert len(series.rollovers) == (used >= 2 * MILLION) and series.backwards == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.data(), zones)
def test_a_state_that_is_false_for_a_while_consumes_nothing(taken, data, zone):
    found, used = register_of(taken, start=500 * MILLION)
    if len(found) > 6:
        where = data.draw(st.integers(1, len(found) - 5))
        wrong = data.draw(st.sampled_from([-300 * MILLION, 300 * MILLION, -50_000]))
        for index in range(where, where + data.draw(st.integers(1, 3))):
            found[index] = found[index]._replace(value=found[index].value + wrong)
    series, days, estimates = days_of(found, zone)
    hold(days, estimates, zone, used)
    assert series.backwards == [] or all(each.became != "started-anew" for each in series.backwards)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.data(), zones)
def test_days_add_up_over_an_exchange(taken, data, zone):
    found, _ = register_of(taken, start=500 * MILLION)
    cut = data.draw(st.integers(0, len(found) - 1))
    at = found[cut].at + data.draw(st.integers(0, 30)) * 60 * MILLION
    old = [row for row in found if row.at < at]
    closing = (old[-1].value if old else 500 * MILLION) + data.draw(st.integers(0, MILLION))
    new = [row._replace(value=row.value - closing + 7 * MILLION) for row in found if row.at > at]
    new = [row for row in new if row.value >= 7 * MILLION]
    registers = [
        Register("W", closed_at=at, closing=closing),
        Register("W", opened_at=at, opening=7 * MILLION),
    ]
    series, days, estimates = days_of([*old, *new], zone, registers=registers)
    used = (closing - old[0].value if old else 0) + (new[-1].value - 7 * MILLION if new else 0)
    hold(days, estimates, zone, used)
    assert series.backwards == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, zones, st.permutations(range(8)), st.data())
def test_the_order_of_arrival_changes_nothing(taken, zone, order, data):
    found, _ = register_of(taken)
    mixed = data.draw(st.permutations(found))
    case = Case([Register("W")], sorted(mixed), zone=zone)
    outcome, seen = judge(weigh(case))
    find({"total": (outcome, seen)})
    other, seen = judge(weigh(Case([Register("W")], found, zone=zone)))
    find({"total": (other, seen)})
    assert outcome == other


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 20_000), min_size=24 * 9, max_size=24 * 10), st.integers(1, 24 * 30))
def test_an_estimate_nothing_ends_yet_stays_within_what_is_usual(hours, ahead):
    found, used = register_of([(60, each) for each in hours])
    _, days, estimates = days_of(found, ZONES[0], until=found[-1].at + ahead * HOUR)
    (estimate,) = estimates
    assert estimate.open and sum(day.quantity for day in days) == used + estimate.total
    # By a like day, so no hour is more than the day's most.
    assert estimate.total <= ahead * max(hours)


def test_behind_a_transformer_the_register_shows_a_part():
    found, used = register_of([(60, 10_000)] * 30)
    register = Register("E", kind="electricity", unit="kWh", multiplier=Decimal(80))
    _, days, _ = days_of(found, ZONES[0], registers=[register])
    assert sum(day.quantity for day in days) == 80 * used


def test_a_day_is_estimated_only_where_a_gap_hides_a_midnight():
    found, _ = register_of([(60, 1000)] * 72)
    at = {(row.at - BEGIN) // HOUR: row for row in found}
    inside = [row for hour, row in at.items() if hour not in range(30, 36)]
    over = [row for hour, row in at.items() if hour not in range(45, 51)]
    madrid = ZONES[1]
    assert {day.state for day in days_of(inside, madrid)[1]} == {"measured"}
    assert [day.state for day in days_of(over, madrid)[1]] == [
        "measured",
        "estimated",
        "estimated",
        "measured",
    ]


def test_what_a_person_says_is_marked():
    found, _ = register_of([(60, 1000)] * 72)
    case = Case([Register("W")], found, edits={found[30].at: found[30].value + 300}, zone=ZONES[1])
    outcome, _ = judge(weigh(case))
    assert [day.state for day in outcome.days] == ["measured", "edited", "measured", "measured"]
    assert outcome.days[1].states.count("d") == 2
    assert sum(day.quantity for day in outcome.days) == 72_000


def test_a_day_of_23_hours_has_23_intervals():
    found, _ = register_of([(60, 1000)] * 96)
    days = {day.day: day for day in days_of(found, ZONES[1])[1]}
    assert len(days[date(2016, 3, 27)].quantities) == 23 and len(days[date(2016, 3, 26)].quantities) == 24
    assert datetime(2016, 3, 27).weekday() == 6
