"""The six estimations, and which of them is taken."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import HOUR, midnight
from services.meters.vee.estimation import (
    ESTIMATIONS,
    Gap,
    Measured,
    averaging,
    estimate,
    linear_interpolation,
    profile,
    proration,
    proxy_day,
    scalar_adjustment,
)

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 30)
MORNING = midnight(ZONE, MONDAY) + 6 * HOUR


def gap(hours, total=1000, past=None, start=MORNING, zone=ZONE):
    bounds = tuple(start + i * HOUR for i in range(hours + 1))
    return Gap(bounds, total, HOUR, zone, past or {})


def days(count, *quantities, outage=()):
    """So many days before the gap, the last one yesterday."""
    quantities = quantities or tuple(range(24))
    return {
        MONDAY - timedelta(days=back): Measured(quantities, back in outage) for back in range(1, count + 1)
    }


def test_linear_interpolation_up_to_two_hours_and_no_further():
    assert linear_interpolation(gap(2)) == [500, 500]
    assert linear_interpolation(gap(3)) is None
    assert linear_interpolation(gap(2, total=None)) is None


def test_linear_interpolation_counts_the_minutes():
    bounds = (MORNING, MORNING + HOUR // 4, MORNING + HOUR)
    assert linear_interpolation(Gap(bounds, 1000, HOUR, ZONE)) == [250, 750]


def test_proxy_day_is_the_latest_same_weekday():
    past = days(28)
    past[MONDAY - timedelta(days=7)] = Measured((7,) * 24)
    assert proxy_day(gap(3, past=past)) == [7, 7, 7]


def test_proxy_day_leaves_out_a_day_with_an_outage():
    past = days(28, outage=(7,))
    past[MONDAY - timedelta(days=14)] = Measured((14,) * 24)
    assert proxy_day(gap(3, past=past)) == [14, 14, 14]
    assert proxy_day(gap(3, past=days(28, outage=(7, 14, 21, 28)))) is None
    assert proxy_day(gap(3, past=days(6))) is None


def test_proxy_day_never_looks_into_the_gap_itself_nor_further_than_four_weeks():
    past = days(28) | {MONDAY + timedelta(days=back): Measured((99,) * 24) for back in range(30)}
    shares = proxy_day(gap(24 * 8, past=past, start=midnight(ZONE, MONDAY)))
    assert shares is not None and max(shares) == 23
    assert proxy_day(gap(3, past={MONDAY - timedelta(days=35): Measured((1,) * 24)})) is None


def test_profile_is_the_average_day_and_needs_seven_of_them():
    past = {MONDAY - timedelta(days=back): Measured((back,) * 24) for back in range(1, 8)}
    assert profile(gap(2, past=past)) == [4, 4]
    del past[MONDAY - timedelta(days=3)]
    assert profile(gap(2, past=past)) is None


def test_averaging_is_the_average_rate_whatever_the_hour():
    assert averaging(gap(2, total=None, past=days(3, *range(24)))) == [11, 11]
    assert averaging(gap(2, total=None)) is None


def test_proration_goes_by_the_length_of_each_interval():
    bounds = (MORNING, MORNING + HOUR // 2, MORNING + 4 * HOUR)
    assert proration(Gap(bounds, 800, HOUR, ZONE)) == [100, 700]


def test_scalar_adjustment_makes_the_total_to_the_last_millionth():
    assert scalar_adjustment([1, 1, 1], 100) == [33, 33, 34]
    assert scalar_adjustment([3, 0, 1], 8) == [6, 0, 2]
    assert scalar_adjustment([0, 0], 8) is None


def test_the_first_that_can_say_anything_is_taken():
    assert estimate(gap(2, past=days(28)))[0] == "linear_interpolation"
    assert estimate(gap(3, past=days(28)))[0] == "proxy_day"
    assert estimate(gap(3, past=days(6) | {MONDAY - timedelta(days=8): Measured((1,) * 24)}))[0] == "profile"
    assert estimate(gap(3))[0] == "proration"
    # An example that used nothing at that hour is none for a gap in which something was used.
    assert estimate(gap(3, past=days(28, *[0] * 24)))[0] == "proration"


def test_a_gap_nothing_closes_is_estimated_as_the_past_was():
    assert estimate(gap(3, total=None, past=days(28))) == ("proxy_day", [6, 7, 8])
    assert estimate(gap(3, total=None, past=days(2)))[0] == "averaging"
    assert estimate(gap(3, total=None)) is None


def test_the_hours_of_a_day_with_a_changed_clock_find_their_example():
    madrid = ZoneInfo("Europe/Madrid")
    sunday = date(2016, 3, 27)  # 23 hours
    past = {sunday - timedelta(days=7): Measured(tuple(range(24)))}
    whole = Gap(tuple(midnight(madrid, sunday) + i * HOUR for i in range(24)), None, HOUR, madrid, past)
    assert proxy_day(whole) == list(range(23))


def test_there_are_six():
    assert len(ESTIMATIONS) == 6
    assert datetime(2026, 3, 30).weekday() == 0
