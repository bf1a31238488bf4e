"""A register's rise, and the life of a finding."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.meters.model import (
    HOLDS,
    REFUTED,
    TRANSITIONS,
    UNKNOWN,
    Finding,
    Verdict,
    Watch,
    next_step,
    rise,
)

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
H = timedelta(hours=1)


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


def test_hours_away_say_nothing():
    verdict = Verdict(HOLDS, MIDNIGHT, MIDNIGHT + 12 * H)
    assert Watch("h", away_until=MIDNIGHT + H).away_in(verdict)
    assert not Watch("h", away_until=MIDNIGHT).away_in(verdict)
    assert Watch("h", away_from=MIDNIGHT + 11 * H, away_until=MIDNIGHT + 99 * H).away_in(verdict)
    assert not Watch("h", away_from=MIDNIGHT + 12 * H, away_until=MIDNIGHT + 99 * H).away_in(verdict)
    assert not Watch("h").away_in(verdict)


def test_water_that_runs_while_they_are_away_brings_them_home_but_not_that_of_leaving():
    watch = Watch("h", away_told_at=MIDNIGHT, away_until=MIDNIGHT + 99 * H)
    assert not watch.come_back(MIDNIGHT + H)
    assert watch.come_back(MIDNIGHT + 30 * H)
    assert watch.away_until == watch.away_ended_at == MIDNIGHT + 30 * H
    assert not watch.come_back(MIDNIGHT + 31 * H)  # said once
    later = Watch("h", away_told_at=MIDNIGHT, away_from=MIDNIGHT + 40 * H, away_until=MIDNIGHT + 99 * H)
    assert not later.come_back(MIDNIGHT + 30 * H)  # not gone yet


def finding(**changes):
    facts = {
        "finding_id": "f", "kind": "welfare", "meter": "W", "household": None, "place": "110105001001",
        "window_start": MIDNIGHT, "window_end": MIDNIGHT + 12 * H, "judged_until": MIDNIGHT + 12 * H,
        "evidence": {}, "raised_at": MIDNIGHT, "said_at": MIDNIGHT, "severity": 1,
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


def test_more_of_a_leak_is_said_once_a_day():
    active = finding(kind="leak", severity=3)
    assert not active.see_again(verdict(HOLDS, 30), MIDNIGHT + 23 * H)
    assert active.see_again(verdict(HOLDS, 31), MIDNIGHT + 24 * H)


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


def test_every_state_of_a_finding_is_reached_and_only_recurring_revives_a_cleared_one():
    assert {after for _, after in TRANSITIONS.items()} == {"active", "cleared"}
    assert {move for move, after in TRANSITIONS.items() if move[0] == "cleared" and after == "active"} == {
        ("cleared", "recur")
    }


def test_what_settled_and_recurs_before_its_case_is_closed_is_the_same_finding():
    leak = finding(kind="leak", evidence={"kind": "leak"})
    leak.settle(verdict(REFUTED, 13), MIDNIGHT)
    assert leak.awaits_its_case and leak.evidence["settled"]
    leak.recur(verdict(HOLDS, 40), MIDNIGHT)
    assert (leak.state, leak.cleared_how, leak.evidence) == ("active", None, {"recurred": 1})
    leak.see_again(verdict(HOLDS, 41), MIDNIGHT)
    leak.settle(verdict(REFUTED, 42), MIDNIGHT)
    leak.case_no = "c"
    leak.move("close", MIDNIGHT)
    assert leak.evidence["recurred"] == 1 and not leak.awaits_its_case
