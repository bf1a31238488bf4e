"""What a register's readings mean."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.meters.model import (
    HOLDS,
    REFUTED,
    TRANSITIONS,
    UNKNOWN,
    Finding,
    LeakRule,
    Point,
    Verdict,
    Watch,
    WelfareRule,
    judge_leak,
    judge_welfare,
    next_step,
    rise,
)
from services.meters.rulebook import rules_at

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
H = timedelta(hours=1)
WELFARE = WelfareRule(Decimal("0.01"), 12 * H, 4 * H)
LEAK = LeakRule(24 * H, 20, 2 * H)


def register(*litres, every=H, start=MIDNIGHT):
    return [Point(start + i * every, Decimal(value) / 1000) for i, value in enumerate(litres)]


def welfare(points, rule=WELFARE):
    return judge_welfare(points, points[-1].at, rule, 6).outcome


def leak(points):
    return judge_leak(points, points[-1].at, LEAK, 6).outcome


@pytest.mark.parametrize(
    "before, after, consumed",
    [
        ("1.5", "1.7", "0.2"),
        ("999999.5", "0.25", "0.75"),
        ("500", "499", "-1"),
        ("999999", "500000", "-499999"),
    ],
)
def test_a_register_rolls_over_only_near_its_end(before, after, consumed):
    assert rise(Decimal(before), Decimal(after), 6) == Decimal(consumed)


def test_twelve_hours_with_nine_litres_are_a_concern_and_ten_are_not():
    assert welfare(register(*[100] * 12, 109)) == HOLDS
    assert welfare(register(*[100] * 12, 110)) == REFUTED


def test_eleven_hours_are_not_twelve():
    assert welfare(register(*[100] * 12)) == UNKNOWN


def test_a_meter_that_was_silent_says_nothing_about_a_person():
    points = register(*[100] * 13)
    assert welfare(points[:4] + points[9:]) == UNKNOWN
    assert welfare(points[:4] + points[7:]) == HOLDS


def test_a_register_running_backwards_proves_no_absence_of_use():
    assert welfare(register(*[100] * 6, 98, *[98] * 6)) == UNKNOWN


def test_use_is_a_life_sign_even_beside_a_faulty_reading():
    assert welfare(register(*[100] * 6, 150, *[100] * 6)) == REFUTED


def test_use_before_the_window_does_not_count():
    assert welfare(register(0, 500, *[500] * 12)) == HOLDS


def test_a_person_may_have_figures_of_his_own():
    rule = Watch("h", threshold=Decimal("0.05"), hours=24).rule(WELFARE)
    assert rule == WelfareRule(Decimal("0.05"), 24 * H, 4 * H)
    assert welfare(register(*[100] * 24, 140), rule) == HOLDS


def test_hours_away_say_nothing():
    verdict = Verdict(HOLDS, MIDNIGHT, MIDNIGHT + 12 * H)
    assert Watch("h", away_until=MIDNIGHT + H).away_in(verdict)
    assert not Watch("h", away_until=MIDNIGHT).away_in(verdict)
    assert not Watch("h").away_in(verdict)


def test_a_day_without_an_hour_without_water_is_a_leak():
    assert leak(register(*range(0, 50, 2))) == HOLDS


def test_one_hour_without_water_is_no_leak():
    litres = list(range(0, 50, 2))
    litres[20] = litres[19]
    assert leak(register(*litres)) == REFUTED


def test_a_leak_needs_twenty_hours_that_were_seen():
    points = register(*range(0, 50, 2))
    assert leak([point for i, point in enumerate(points) if i not in (5, 6, 7)]) == HOLDS
    assert leak([point for i, point in enumerate(points) if i not in range(5, 11)]) == UNKNOWN


def test_readings_each_ten_minutes_are_judged_by_the_hour():
    trickle = [i // 3 for i in range(6 * 25 + 1)]  # a litre each half hour: two of three readings show no use
    assert leak(register(*trickle, every=H / 6)) == HOLDS


def finding(**changes):
    facts = {
        "finding_id": "f", "kind": "welfare", "meter": "W", "household": None, "place": "110105001001",
        "window_start": MIDNIGHT, "window_end": MIDNIGHT + 12 * H, "judged_until": MIDNIGHT + 12 * H,
        "evidence": {}, "raised_at": MIDNIGHT, "said_at": MIDNIGHT,
    }  # fmt: skip
    return Finding(**facts | changes)


def verdict(outcome, end_hour):
    return Verdict(outcome, MIDNIGHT + (end_hour - 12) * H, MIDNIGHT + end_hour * H)


@pytest.mark.parametrize(
    "active, original, fresh, step",
    [
        (None, None, verdict(HOLDS, 12), "raise"),
        (None, None, verdict(UNKNOWN, 12), None),
        (finding(), None, verdict(HOLDS, 12), None),  # the same window again: said once
        (finding(), None, verdict(HOLDS, 13), "again"),
        (finding(), verdict(REFUTED, 12), verdict(HOLDS, 13), "retract"),
        (finding(), verdict(HOLDS, 12), verdict(REFUTED, 13), "settle"),
        (finding(), None, verdict(UNKNOWN, 13), None),
    ],
)
def test_what_new_readings_do_to_a_finding(active, original, fresh, step):
    assert next_step(active, original, fresh) == step


def test_more_of_the_same_is_said_at_most_hourly():
    active = finding()
    assert not active.see_again(verdict(HOLDS, 13), MIDNIGHT + timedelta(minutes=59))
    assert active.see_again(verdict(HOLDS, 14), MIDNIGHT + timedelta(minutes=60))
    assert not active.see_again(verdict(HOLDS, 15), MIDNIGHT + timedelta(minutes=61))


def test_after_a_closed_case_only_new_hours_are_a_new_reason():
    closed = finding()
    closed.move("close", MIDNIGHT)
    assert closed.forbids(verdict(HOLDS, 13)) and not closed.forbids(verdict(HOLDS, 24))
    settled = finding()
    settled.move("settle", MIDNIGHT)
    settled.move("close", MIDNIGHT)  # the case ends later than the reason
    assert settled.cleared_how == "settle" and not settled.forbids(verdict(HOLDS, 13))


def test_every_state_of_a_finding_is_reached_and_cleared_ones_stay_so():
    assert {after for _, after in TRANSITIONS.items()} == {"active", "cleared"}
    assert all(after == "cleared" for (before, _), after in TRANSITIONS.items() if before == "cleared")


def test_the_rules_are_those_of_their_day():
    rules = rules_at(MIDNIGHT)
    assert (rules.welfare, rules.leak, rules.silence) == (WELFARE, LEAK, 24 * H)
