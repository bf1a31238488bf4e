"""A pipe that burst: hour after hour a flow such as the household has not had in a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import HOUR, Seen, covering, hours
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Verdict, plain

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class SuddenFlow:
    hours: int
    least: Decimal
    times: Decimal
    hour: timedelta
    widest_gap: timedelta


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    rule = rules.sudden_flow
    start = end - rule.hours * HOUR
    # Half an hour of play: a meter's own hour is seldom the clock's.
    now = [
        step
        for step in hours(covering(seen.points, start - HOUR / 2, end), seen.digits, rule.hour)
        if step.start >= start - HOUR / 2 and step.length <= rule.widest_gap
    ]
    before = hours(covering(seen.points, start - WEEK, start), seen.digits, rule.hour)
    usual = max((step.an_hour for step in before if step.rise > 0), default=Decimal(0))
    limit = max(rule.least, usual * rule.times)
    least = min((step.an_hour for step in now), default=Decimal(0))
    evidence = {
        "by": "sudden-flow",
        "rule": f"≥ {plain(rule.least)} m³/h and {plain(rule.times)} × the week's highest hour, {rule.hours} h long",
        "flow_m3_h": plain(round(least, 6)),
        "highest_before_m3_h": plain(round(usual, 6)),
        "from": start.isoformat(),
        "until": end.isoformat(),
    }
    if any(step.rise < 0 for step in now) or not now:
        return Verdict(UNKNOWN, start, end, evidence)
    if least < limit:
        # Seen again when it has become the usual, a flow that goes on is not over: only falling under `least` ends it.
        return Verdict(REFUTED if least < rule.least else UNKNOWN, start, end, evidence)
    covered = now[-1].end - now[0].start >= (rule.hours - 0.5) * HOUR
    return Verdict(HOLDS if covered else UNKNOWN, start, end, evidence)
