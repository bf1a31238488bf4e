"""What runs through even in the quietest hour of the night: UKWIR's measure of a leak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.meters.judging.never_zero import stood_still
from services.meters.judging.seen import Seen, covering, hours
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Point, Verdict, plain

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

DAY = timedelta(days=1)


@dataclass(frozen=True)
class NightFlow:
    nights: int
    seen: int
    percentile: int
    begins: time
    ends: time
    above: Decimal
    hour: timedelta

    def night(self, of: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        return _utc(of, self.begins, zone), _utc(of, self.ends, zone)

    def last_night(self, end: datetime, zone: ZoneInfo) -> date:
        """The local date of the last night that is over."""
        local = end.astimezone(zone)
        return local.date() if local.time() >= self.ends else local.date() - DAY


@lru_cache(maxsize=1024)
def _utc(day: date, of_day: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, of_day, zone).astimezone(UTC)


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    rule = rules.night_flow
    last = rule.last_night(end, rules.zone)
    first = last - DAY * (rule.nights - 1)
    start = rule.night(first, rules.zone)[0]
    least = {
        day.isoformat(): flow
        for day in (first + DAY * n for n in range(rule.nights))
        if (flow := least_flow(seen, rule, day, rules.zone)) is not None
    }
    flows = sorted(least.values())
    leaking = flows[max(0, math.ceil(len(flows) * rule.percentile / 100) - 1)] if flows else Decimal(0)
    evidence = {
        "by": "night-flow",
        "rule": f"{rule.percentile}th percentile of {rule.nights} nights' minimum hour > {plain(rule.above)} m³/h",
        "nights": {day: plain(round(flow, 6)) for day, flow in least.items()},
        "flow_m3_h": plain(round(leaking, 6)),
        "from": start.isoformat(),
        "until": end.isoformat(),
    }
    # What leaks does not stop by day either; whoever waters the garden by night, or works then, is no leak.
    if (flows and leaking <= rule.above) or stood_still(seen, rules.never_zero.hour, end - DAY, end):
        return Verdict(REFUTED, start, end, evidence)
    return Verdict(HOLDS if len(flows) >= rule.seen else UNKNOWN, start, end, evidence)


def least_flow(seen: Seen, rule: NightFlow, day: date, zone: ZoneInfo) -> Decimal | None:
    """The quietest hour of a night, in m³/h; None when no hour of it was seen."""
    begins, ends = rule.night(day, zone)
    return min(_flows(seen, begins, ends, rule.hour), default=None)


def _flows(seen: Seen, begins: datetime, ends: datetime, hour: timedelta) -> Iterator[Decimal]:
    inside = [point for point in seen.points if begins <= point.at <= ends]
    around = covering(seen.points, begins, ends)
    after = next((point for point in seen.points if point.at > ends), None)
    # A register that has not moved since before the night, or moves not until after it, stood still up to its edge.
    if around and around[0].at < begins:
        state = around[0].value
        if inside and inside[0].value == state:
            inside.insert(0, Point(begins, state))
        elif not inside and after and after.value == state:
            inside = [Point(begins, state), Point(ends, state)]
    if inside and after and inside[-1].at < ends and inside[-1].value == after.value:
        inside.append(Point(ends, after.value))
    for step in hours(inside, seen.digits, hour):
        if step.rise == 0 or (step.rise > 0 and step.length <= 2 * hour):
            yield step.an_hour
