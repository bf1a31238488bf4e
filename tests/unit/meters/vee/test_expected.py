"""The band of a point: the same hour of the same kind of weekday of the eight weeks before it, and nothing else."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.meters.vee.amounts import HOUR, MILLION, midnight
from services.meters.vee.expected import MOST, Use, bands, fitting, hours, months, points, whole_months

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def day(on, quantity, state="measured", whole=True):
    return Use(on, midnight(ZONE, on), midnight(ZONE, on + DAY), quantity, state, whole)


def hour(on, number, quantity, state="measured", minutes=60):
    start = midnight(ZONE, on) + number * HOUR
    return Use(on, start, start + minutes * 60 * MILLION, quantity, state, minutes == 60)


def weekdays_before(on, weeks):
    return [on - n * DAY for n in range(1, 7 * weeks + 1) if (on - n * DAY).weekday() < 5]


def test_the_median_and_the_tenth_and_ninetieth_percentile_of_the_same_kind_of_weekday():
    workdays = [day(on, 100 + 10 * n) for n, on in enumerate(weekdays_before(MONDAY, 3))]
    weekends = [day(MONDAY - n * DAY, 9_000) for n in range(1, 22) if (MONDAY - n * DAY).weekday() >= 5]
    band = bands("day", ZONE, [*workdays, *weekends])
    # Fifteen values, 100 to 240: the 10th percentile lies between the second and the third of them.
    assert band(day(MONDAY, 0)) == (114, 170, 226, 3)
    assert band(day(MONDAY + 6 * DAY, 0)).median == 9_000  # a Sunday, by its weekends


@pytest.mark.parametrize("weeks, seen", [(2, None), (3, 3), (8, 8), (9, 8)])
def test_three_weeks_must_be_known_and_no_more_than_eight_are_asked(weeks, seen):
    found = bands("day", ZONE, [day(on, 100) for on in weekdays_before(MONDAY, weeks)])(day(MONDAY, 0))
    assert (found and found.seen) == seen


def test_what_is_older_than_eight_weeks_does_not_count():
    old = [day(on, 900) for on in weekdays_before(MONDAY - 56 * DAY, 4)]
    assert bands("day", ZONE, old)(day(MONDAY, 0)) is None
    recent = [day(on, 100) for on in weekdays_before(MONDAY, 8)]
    assert bands("day", ZONE, [*old, *recent])(day(MONDAY, 0)).upper == 100


def test_an_hour_is_compared_with_the_same_hour():
    uses = [hour(on, number, 10 * number) for on in weekdays_before(MONDAY, 4) for number in (3, 7, 8)]
    band = bands("hour", ZONE, uses)
    assert band(hour(MONDAY, 7, 0)).median == 70 and band(hour(MONDAY, 8, 0)).median == 80
    assert band(hour(MONDAY, 9, 0)) is None


def test_an_hour_that_has_only_begun_is_compared_with_whole_ones_and_does_not_count_itself():
    uses = [hour(on, 7, 70) for on in weekdays_before(MONDAY, 4)]
    uses[0] = hour(uses[0].day, 7, 1, minutes=20)
    band = bands("hour", ZONE, uses)
    assert band(hour(MONDAY, 7, 5, minutes=20)) == (70, 70, 70, 4)


def test_neither_estimates_nor_the_day_itself_nor_what_comes_later_counts():
    """An estimate is made of the same weeks; and what one expects does not move when the surprise has come."""
    known = [day(on, 100) for on in weekdays_before(MONDAY, 4)]
    surprise = [day(MONDAY, 5_000), day(MONDAY + DAY, 5_000)]
    band = bands("day", ZONE, [*known, *surprise])
    assert band(surprise[0]) == (100, 100, 100, 4)
    estimated = [use._replace(state="estimated", quantity=9_000) for use in known[:10]]
    assert bands("day", ZONE, [*estimated, *known[10:]])(surprise[0]) is None
    edited = [use._replace(state="edited") for use in known]
    assert bands("day", ZONE, edited)(surprise[0]).median == 100


def test_a_month_is_expected_by_the_use_a_day_of_the_months_before():
    january, february, december = date(2026, 1, 1), date(2026, 2, 1), date(2025, 12, 1)
    uses = []
    for first, length, a_day in ((december, 31, 10), (january, 31, 20), (february, 28, 30)):
        uses += [day(first + n * DAY, a_day) for n in range(length)]
    of_months = [*months(ZONE, uses)]
    assert [use.quantity for use in of_months] == [310, 620, 840] and all(use.whole for use in of_months)
    march = next(iter(months(ZONE, [day(date(2026, 3, 1), 5)])))
    assert not march.whole
    assert bands("month", ZONE, of_months)(march) == (372, 620, 868, 3)
    assert bands("month", ZONE, of_months[1:])(march) is None


def test_a_month_with_a_day_missing_or_estimated_is_no_example_for_another():
    whole = [day(date(2026, 1, 1) + n * DAY, 10) for n in range(31)]
    (missing,) = months(ZONE, whole[:-1])
    (partly,) = months(ZONE, [*whole[:-1], whole[-1]._replace(whole=False)])
    (estimated,) = months(ZONE, [*whole[:-1], whole[-1]._replace(state="estimated")])
    assert not missing.counts and not partly.counts
    assert estimated.whole and estimated.state == "estimated" and not estimated.counts


def bounds_of(on, *minutes):
    return [midnight(ZONE, on) + each * 60 * MILLION for each in minutes]


def test_intervals_make_hours_and_the_worst_of_them_tells_how_they_are_known():
    found = [
        *hours(
            ZONE,
            MONDAY,
            bounds_of(MONDAY, 20, 30, 60, 75, 90, 105, 120, 130),
            [1, 2, 3, 4, 5, 6, 7],
            "mmmedmm",
        )
    ]
    begin = midnight(ZONE, MONDAY)
    assert [((use.start - begin) // MILLION // 60, use.quantity, use.state, use.whole) for use in found] == [
        (20, 3, "measured", False),
        (60, 18, "estimated", True),
        (120, 7, "measured", False),
    ]


def test_of_a_register_read_every_four_hours_nobody_knows_the_hours_within():
    found = [*hours(ZONE, MONDAY, bounds_of(MONDAY, 0, 240, 480, 500), [4, 5, 1], "mmm")]
    assert [(use.quantity, use.whole) for use in found] == [(4, True), (5, True), (1, False)]


def test_at_most_five_hundred_points_and_which_step_has_fewer():
    assert MOST == 500
    assert (
        points("hour", MONDAY, MONDAY + 20 * DAY) == 480 and points("day", MONDAY, MONDAY + 500 * DAY) == 500
    )
    assert fitting(MONDAY, MONDAY + 20 * DAY) == "hour" and fitting(MONDAY, MONDAY + 21 * DAY) == "day"
    assert fitting(MONDAY, MONDAY + 500 * DAY) == "day" and fitting(MONDAY, MONDAY + 501 * DAY) == "month"
    assert points("month", date(2026, 1, 31), date(2026, 2, 1)) == 1
    assert points("month", date(2026, 1, 31), date(2026, 2, 2)) == 2
    assert fitting(date(2000, 1, 1), date(2199, 12, 31)) is None


def test_months_are_those_that_the_days_touch():
    assert whole_months(date(2026, 1, 31), date(2026, 2, 1)) == (date(2026, 1, 1), date(2026, 2, 1))
    assert whole_months(date(2026, 1, 31), date(2026, 12, 2)) == (date(2026, 1, 1), date(2027, 1, 1))
