"""No sign of life on the water of somebody who lives alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import HOUR, NOTHING, Seen, Whole, steps
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Verdict, Watch, plain

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

DAY = timedelta(days=1)
TEN_LITRES = Decimal("0.01")


@dataclass(frozen=True)
class WelfareRule:
    """Less than `limit` (or, `at_most`, no more than it) in the window; a window of None is the local day that is over."""

    name: str
    limit: Decimal
    window: timedelta | None
    at_most: bool = False
    above: Decimal | None = None
    widest_gap: timedelta = 4 * HOUR
    unseen: timedelta = timedelta(0)

    def is_life(self, used: Decimal) -> bool:
        return used > self.limit if self.at_most else used >= self.limit

    def words(self) -> str:
        span = f"{_hours(self.window)} h" if self.window else "a day"
        text = f"{'≤' if self.at_most else '<'} {plain(self.limit)} m³ / {span}"
        return f"{text}, or > {plain(self.above)} m³" if self.above else text


def rule_of(watch: Watch | None, rules: Rules) -> WelfareRule:
    """The published rule of the place or the one chosen for this person, with his own figures where he has some."""
    if watch is None:
        return rules.welfare
    rule = rules.published.get(watch.rule or "", rules.welfare)
    if watch.threshold:
        rule = replace(rule, limit=watch.threshold, at_most=False)
    if watch.hours:
        rule = replace(rule, window=timedelta(hours=watch.hours), above=None)
    return rule


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    rule = rule_of(seen.watch, rules)
    start, close = window(rule, rules, end)
    whole = Whole.of(seen, start, close)
    used = whole.used
    evidence = {
        "rule": rule.words(),
        "published_by": rule.name,
        "used_m3": plain(used),
        "threshold_m3": plain(rule.limit),
        "hours": _hours(rule.window or DAY),
        "from": start.isoformat(),
        "until": close.isoformat(),
        "readings": len(whole.seen),
    }
    if whole.seen:
        evidence["seen_until"] = whole.seen[-1].at.isoformat()
    if rule.above is not None and used > rule.above and not whole.fell:
        return Verdict(HOLDS, start, close, evidence | {"above_m3": plain(rule.above)})
    # Use is a life sign however bad the rest of the data; its absence counts only where everything was seen.
    if rule.is_life(used):
        return Verdict(REFUTED, start, close, evidence)
    if rule.window is None and rule.is_life(Whole.of(seen, close, end).used):
        return Verdict(REFUTED, start, end, evidence)  # the day was quiet, and the next one is not
    complete = bool(whole.seen) and whole.seen[0].at <= start and close - whole.seen[-1].at <= rule.unseen
    if not complete or whole.widest_gap > rule.widest_gap or whole.fell:
        return Verdict(UNKNOWN, start, close, evidence)
    return Verdict(HOLDS, start, close, evidence)


def window(rule: WelfareRule, rules: Rules, end: datetime) -> tuple[datetime, datetime]:
    if rule.window is not None:
        return end - rule.window, end
    midnight = end.astimezone(rules.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - DAY).astimezone(end.tzinfo), midnight.astimezone(end.tzinfo)


def closes_at(seen: Seen, rules: Rules) -> datetime | None:
    """When the clock alone would close a window without a life sign, if nothing more is heard."""
    if not seen.points:
        return None
    rule = rule_of(seen.watch, rules)
    if rule.window is None:
        return next_midnight(rules, seen.points[-1].at)
    used = NOTHING
    for step in reversed(steps(seen.points, seen.digits)):
        used += max(step.rise, NOTHING)
        if rule.is_life(used):
            return step.end + rule.window
    return seen.points[0].at + rule.window


def next_midnight(rules: Rules, at: datetime) -> datetime:
    local = at.astimezone(rules.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + DAY).astimezone(at.tzinfo)


def _hours(span: timedelta) -> int:
    return int(span / HOUR)
