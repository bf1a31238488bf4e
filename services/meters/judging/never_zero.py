"""The water never stops: a day without an hour without use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import HOUR, Seen, Whole, covering, hours
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Verdict, plain

if TYPE_CHECKING:
    from services.meters.rulebook import Rules


@dataclass(frozen=True)
class NeverZero:
    window: timedelta
    seen: timedelta
    widest_gap: timedelta
    hour: timedelta


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    rule = rules.never_zero
    start = end - rule.window
    whole = Whole.of(seen, start, end)
    told = [step for step in whole.steps if step.length <= rule.widest_gap]
    known = sum((step.end - max(step.start, start) for step in told), timedelta(0))
    evidence = {
        "by": "never-zero",
        "rule": f"no hour without consumption in {int(rule.window / HOUR)} h",
        "intervals": len(told),
        "least_m3": plain(min((step.rise for step in told), default=Decimal(0))),
        "used_m3": plain(whole.used),
        "from": start.isoformat(),
        "until": end.isoformat(),
    }
    if stood_still(seen, rule.hour, start, end):
        return Verdict(REFUTED, start, end, evidence)
    complete = bool(whole.seen) and whole.seen[0].at <= start + HOUR / 2
    if not complete or known < rule.seen or whole.fell:
        return Verdict(UNKNOWN, start, end, evidence)
    return Verdict(HOLDS, start, end, evidence)


def stood_still(seen: Seen, hour: timedelta, start: datetime, end: datetime) -> bool:
    """Was there an hour without use? However seldom a meter speaks: where its register has not moved, nothing went through."""
    points = covering(seen.points, start - hour, end)
    return any(step.rise == 0 and step.end > start for step in hours(points, seen.digits, hour))
