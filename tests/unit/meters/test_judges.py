"""What a register's readings mean, one kind of finding after the other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.meters.judging import JUDGES, leak, never_zero, night_flow, reverse, stuck, sudden_flow, welfare
from services.meters.judging.seen import Seen, Sibling, Signal
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Point, Watch
from services.meters.rulebook import published, rules_at

MIDNIGHT = datetime(2026, 2, 28, 16, tzinfo=UTC)  # in Shanghai
H = timedelta(hours=1)
DAY = 24 * H
RULES = rules_at(MIDNIGHT)


def register(*litres, every=H, start=MIDNIGHT):
    return [Point(start + i * every, Decimal(value) / 1000) for i, value in enumerate(litres)]


def running(steps, every=H, start=MIDNIGHT):
    """A register that rises by these litres, one an hour."""
    states = [0]
    for step in steps:
        states.append(states[-1] + step)
    return register(*states, every=every, start=start)


def seen(points, kind="water", **more):
    return Seen(kind, 6, points, **more)


def quiet(points, watch=None, end=None, rules=RULES):
    return welfare.judge(seen(points, watch=watch), rules, end or points[-1].at).outcome


def leaking(points, judge=never_zero.judge, rules=RULES):
    return judge(seen(points), rules, points[-1].at).outcome


# -- welfare -------------------------------------------------------------------------------------------


def test_twelve_hours_with_nine_litres_are_a_concern_and_ten_are_not():
    assert quiet(register(*[100] * 12, 109)) == HOLDS
    assert quiet(register(*[100] * 12, 110)) == REFUTED


def test_eleven_hours_are_not_twelve():
    assert quiet(register(*[100] * 12)) == UNKNOWN


def test_a_meter_that_was_silent_says_nothing_about_a_person():
    points = register(*[100] * 13)
    assert quiet(points[:4] + points[9:]) == UNKNOWN
    assert quiet(points[:4] + points[7:]) == HOLDS


def test_a_register_running_backwards_proves_no_absence_of_use():
    assert quiet(register(*[100] * 6, 98, *[98] * 6)) == UNKNOWN


def test_use_is_a_life_sign_even_beside_a_faulty_reading():
    assert quiet(register(*[100] * 6, 150, *[100] * 6)) == REFUTED


def test_use_before_the_window_does_not_count():
    assert quiet(register(0, 500, *[500] * 12)) == HOLDS


def test_a_person_may_have_figures_of_his_own_or_another_published_rule():
    assert quiet(register(*[100] * 24, 140), Watch("h", threshold=Decimal("0.05"), hours=24)) == HOLDS
    assert quiet(register(*[100] * 24, 150), Watch("h", threshold=Decimal("0.05"), hours=24)) == REFUTED
    assert quiet(register(*[100] * 13), Watch("h", rule="taicang")) == UNKNOWN
    assert quiet(register(*[100] * 25), Watch("h", rule="taicang")) == HOLDS


@pytest.mark.parametrize(("litres", "outcome"), [(7, HOLDS), (8, HOLDS), (9, REFUTED)])
def test_ningbo_counts_eight_litres_as_none(litres, outcome):
    assert quiet(register(*[100] * 24, 100 + litres), Watch("h", rule="ningbo")) == outcome


@pytest.mark.parametrize(
    ("litres_a_day", "outcome"), [(9, HOLDS), (10, REFUTED), (2000, REFUTED), (2001, HOLDS)]
)
def test_jingan_judges_the_day_that_is_over_too_little_and_too_much(litres_a_day, outcome):
    points = register(*[0] * 12, *[litres_a_day] * 13)
    watch = Watch("h", rule="jingan")
    assert quiet(points[:-1], watch) != HOLDS  # the day is not over
    assert quiet(points, watch) == outcome


def test_jingan_does_not_call_somebody_whose_morning_shows_life():
    points = register(*[0] * 25, 0, 60)
    assert quiet(points[:26], Watch("h", rule="jingan")) == HOLDS
    assert quiet(points, Watch("h", rule="jingan")) == REFUTED


def test_the_clock_may_close_a_window_whose_last_hour_was_not_reported_yet_but_no_longer_one():
    points = register(0, 500, *[500] * 12)[:-1]
    closes = welfare.closes_at(seen(points), RULES)
    assert closes == MIDNIGHT + 13 * H
    assert quiet(points, end=closes) == HOLDS
    assert quiet(points[:-1], end=closes) == UNKNOWN
    strict = replace(RULES, welfare=replace(RULES.welfare, unseen=timedelta(0)))
    assert quiet(points, end=closes, rules=strict) == UNKNOWN


def test_small_sips_add_up_to_a_sign_of_life_and_the_clock_knows():
    points = running([3] * 12)
    assert quiet(points) == REFUTED
    # The newest four sips are twelve litres; the window closes when the fourth of them leaves it.
    assert welfare.closes_at(seen(points), RULES) == MIDNIGHT + 9 * H + 12 * H


# -- leaks ---------------------------------------------------------------------------------------------


def test_a_day_without_an_hour_without_water_is_a_leak():
    assert leaking(running([2] * 24)) == HOLDS


def test_one_hour_without_water_is_no_leak():
    assert leaking(running([2] * 20 + [0] + [2] * 3)) == REFUTED


def test_a_leak_needs_twenty_hours_that_were_seen():
    points = running([2] * 24)
    assert leaking([point for i, point in enumerate(points) if i not in (5, 6, 7)]) == HOLDS
    assert leaking([point for i, point in enumerate(points) if i not in range(5, 11)]) == UNKNOWN


def test_a_register_that_did_not_move_through_a_gap_stood_still():
    points = running([2] * 10 + [0] * 3 + [2] * 11)
    assert leaking([point for i, point in enumerate(points) if i not in (11, 12)]) == REFUTED


def test_readings_each_ten_minutes_are_judged_by_the_hour():
    trickle = [i // 3 for i in range(6 * 25 + 1)]  # a litre each half hour: two of three readings show no use
    assert leaking(register(*trickle, every=H / 6)) == HOLDS


def test_longgang_asks_for_use_in_every_half_hour():
    points = running([2, 0] * 24, every=H / 2)
    assert leaking(points) == HOLDS
    assert leaking(points, rules=rules_at(MIDNIGHT, "440307001001001")) == REFUTED


def nights(*minimum, by_day=3):
    """Days with so many litres in each hour of the night, and never less than a little by day."""
    steps = []
    for litres in minimum:
        steps += [litres] * 7 + [
            by_day,
            20,
            by_day,
            5,
            30,
            by_day,
            12,
            by_day,
            by_day,
            40,
            7,
            by_day,
            25,
            60,
            30,
            10,
            3,
        ]
    return running(steps)


@pytest.mark.parametrize(
    ("minimum", "outcome"),
    [
        ([5] * 7, HOLDS),
        ([0, 5, 5, 5, 5, 5, 5], HOLDS),  # the 20th percentile of seven is the second
        ([0, 0, 5, 5, 5, 5, 5], REFUTED),
        ([2] * 7, REFUTED),
        ([0] * 7, REFUTED),
    ],
)
def test_the_20th_percentile_of_seven_nights_minimum_hour_is_what_leaks(minimum, outcome):
    points = nights(*minimum)
    verdict = night_flow.judge(seen(points), RULES, points[-1].at)
    assert verdict.outcome == outcome
    assert len(verdict.evidence["nights"]) == 7


def test_who_waters_the_garden_by_night_does_not_leak():
    points = nights(*[50] * 7, by_day=0)
    assert leaking(points, night_flow.judge) == REFUTED


def test_a_meter_that_falls_silent_by_day_is_still_seen_to_leak_by_night():
    points = [point for point in nights(*[5] * 7) if not 10 <= (point.at - MIDNIGHT) % DAY / H < 16]
    assert leaking(points) == UNKNOWN
    assert leaking(points, night_flow.judge) == HOLDS


def test_five_nights_are_too_few():
    points = nights(*[5] * 5)
    assert leaking(points, night_flow.judge) == UNKNOWN


def test_three_hours_of_a_flow_the_household_never_had_are_a_burst():
    week = nights(*[0] * 7)
    points = week + running([700, 700, 700], start=week[-1].at)[1:]
    points = [Point(p.at, p.value + (week[-1].value if p.at > week[-1].at else 0)) for p in points]
    assert leaking(points, sudden_flow.judge) == HOLDS
    assert (
        leaking(points[:-1], sudden_flow.judge) == UNKNOWN
        or leaking(points[:-1], sudden_flow.judge) == REFUTED
    )


def test_a_garden_watered_each_week_is_no_burst():
    week = running(([0] * 21 + [700] * 3) * 7)
    assert leaking(week, sudden_flow.judge) == UNKNOWN


def test_a_leak_is_one_finding_in_whatever_way_it_is_noticed():
    everything = running([6] * 24 * 8)
    verdict = leak.judge(seen(everything), RULES, everything[-1].at)
    assert (verdict.evidence["by"], [also["by"] for also in verdict.evidence["also"]]) == (
        "never-zero",
        ["night-flow"],
    )


# -- meters --------------------------------------------------------------------------------------------


def test_a_fall_is_a_fault_and_one_reading_out_of_line_is_none():
    def judged(*litres):
        points = register(*litres)
        return reverse.judge(seen(points), RULES, points[-1].at).outcome

    assert judged(100, 110, 120, 90) == HOLDS
    assert judged(100, 110, 150, 110, 112) == REFUTED  # up and down again: a spike
    assert judged(100, 110, 108) == REFUTED  # the counter's own play
    points = register(100, 90, *[90] * 30)
    assert reverse.judge(seen(points), RULES, points[-1].at).outcome == REFUTED  # a day ago


def test_a_register_that_stands_while_somebody_lives_there_is_stuck():
    points = register(*[100] * 24)
    end = points[-1].at
    alive = [Sibling("E-1", "electricity", end - H)]

    def judged(since, siblings):
        return stuck.judge(seen(points, flat_since=end - since, siblings=siblings), RULES, end).outcome

    assert judged(14 * DAY, alive) == HOLDS
    assert judged(13 * DAY, alive) == REFUTED
    assert judged(90 * DAY, []) == UNKNOWN  # an empty flat
    assert judged(90 * DAY, [Sibling("E-1", "electricity", end - 3 * DAY)]) == UNKNOWN  # a journey


@pytest.mark.parametrize(
    ("kind", "meter", "word"), [("tamper", "water", "cover-open"), ("gas", "gas", "gas-alarm")]
)
def test_what_a_meter_reports_is_believed_from_the_first_such_reading_to_the_last(kind, meter, word):
    points = register(*range(6))
    signals = [Signal(point.at, word) for point in points[3:5]]
    judge = JUDGES[kind].judge
    verdict = judge(seen(points, kind=meter, signals=signals), RULES, points[4].at)
    assert (verdict.outcome, verdict.start, verdict.end) == (HOLDS, points[3].at, points[4].at)
    assert judge(seen(points, kind=meter, signals=signals), RULES, points[2].at).outcome == REFUTED
    other = [Signal(points[4].at, "corrected")]
    assert judge(seen(points, kind=meter, signals=other), RULES, points[5].at).outcome == REFUTED


@pytest.mark.parametrize(("litres", "outcome"), [(5999, REFUTED), (6001, HOLDS)])
def test_more_gas_than_any_household_burns_is_an_alarm(litres, outcome):
    points = running([100, litres])
    assert JUDGES["gas"].judge(seen(points, kind="gas"), RULES, points[-1].at).outcome == outcome


# -- the rules -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("", "changning"), ("110105001001001", "changning"), ("310105001001001", "changning"),
        ("440307001001001", "longgang"), ("310106001001001", "jingan"), ("320585001001001", "taicang"),
        ("330203001001001", "ningbo"),
    ],
)  # fmt: skip
def test_each_place_has_its_published_rule(place, name):
    assert rules_at(MIDNIGHT, place).welfare == published()[name]


def test_the_published_figures_are_these():
    assert {name: rule.words() for name, rule in published().items()} == {
        "changning": "< 0.01 m³ / 12 h",
        "longgang": "< 0.01 m³ / 12 h",
        "jingan": "< 0.01 m³ / a day, or > 2 m³",
        "taicang": "< 0.01 m³ / 24 h",
        "ningbo": "≤ 0.008 m³ / 24 h",
    }
