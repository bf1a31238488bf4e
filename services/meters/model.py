"""What a register's readings mean: consumption, a life sign, a leak; and the life of a finding.

Everything is judged in the time of the data, never by the wall clock: replayed or late readings give the same verdicts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound

CANONICAL = {"water": "m3", "gas": "m3", "electricity": "kWh"}
"""The unit in which a kind of meter is kept."""

UNITS: dict[str, tuple[str, Decimal]] = {
    "m3": ("m3", Decimal(1)),
    "m³": ("m3", Decimal(1)),
    "L": ("m3", Decimal("0.001")),
    "l": ("m3", Decimal("0.001")),
    "kWh": ("kWh", Decimal(1)),
    "Wh": ("kWh", Decimal("0.001")),
    "MWh": ("kWh", Decimal(1000)),
}
"""Unit as sent -> unit as kept, and what one of it is."""


class UnknownMeter(NotFound):
    """There is no meter {meter}."""

    zh = "没有编号为“{meter}”的表计。"


class MeterOfAnotherKind(Conflict):
    """Meter {meter} is registered already, as a {kind} meter."""

    zh = "表计“{meter}”已登记为另一种表（{kind}）。"


class UnknownHousehold(NotFound):
    """Nothing is known of the household {household}."""

    zh = "没有住户“{household}”的信息。"


class UnknownFinding(NotFound):
    """There is no finding {finding_id}."""

    zh = "没有编号为“{finding_id}”的发现。"


class NotLivingAlone(Invalid):
    """The welfare rule is for people who live alone; {household} does not."""

    zh = "用水关怀规则适用于独居人员，住户“{household}”不是独居。"


# -- what a register did -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """A register's state at a moment."""

    at: datetime
    value: Decimal


def rise(before: Decimal, after: Decimal, digits: int) -> Decimal:
    """What was consumed between two states. Negative: the register ran backwards, which is a fault and no consumption.

    A register that falls from its last tenth into its first has begun again at zero.
    """
    full = Decimal(10) ** digits
    if after < before and before >= full * Decimal("0.9") and after <= full * Decimal("0.1"):
        return after - before + full
    return after - before


# -- what it means -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WelfareRule:
    threshold: Decimal
    window: timedelta
    widest_gap: timedelta


@dataclass(frozen=True)
class LeakRule:
    window: timedelta
    intervals: int
    widest_gap: timedelta


HOUR = timedelta(hours=1)
HOLDS, REFUTED, UNKNOWN = "holds", "refuted", "unknown"


@dataclass(frozen=True)
class Verdict:
    """Does the rule hold in this window? `unknown` when the data cannot tell."""

    outcome: str
    start: datetime
    end: datetime
    evidence: dict[str, Any] = field(default_factory=dict)


def judge_welfare(points: Sequence[Point], end: datetime, rule: WelfareRule, digits: int) -> Verdict:
    """No sign of life on the water: less than the threshold in the whole window, and the window was seen."""
    start = end - rule.window
    seen = _covering(points, start, end)
    rises = [rise(a.value, b.value, digits) for a, b in itertools.pairwise(seen)]
    used = sum((step for step in rises if step > 0), Decimal(0))
    evidence = {
        "rule": f"< {plain(rule.threshold)} m³ / {_hours(rule.window)} h",
        "used_m3": plain(used),
        "threshold_m3": plain(rule.threshold),
        "hours": _hours(rule.window),
        "from": start.isoformat(),
        "until": end.isoformat(),
        "readings": len(seen),
    }
    # Use is a life sign however bad the rest of the data; its absence counts only where everything was seen.
    if used >= rule.threshold:
        return Verdict(REFUTED, start, end, evidence)
    whole = bool(seen) and seen[0].at <= start and seen[-1].at >= end
    if not whole or _widest_gap(seen) > rule.widest_gap or any(step < 0 for step in rises):
        return Verdict(UNKNOWN, start, end, evidence)
    return Verdict(HOLDS, start, end, evidence)


def judge_leak(points: Sequence[Point], end: datetime, rule: LeakRule, digits: int) -> Verdict:
    """The water never stops: every hourly interval of the window that was seen has consumption, and enough were seen."""
    start = end - rule.window
    seen = _hourly(_covering(points, start, end), end)
    intervals = [
        rise(a.value, b.value, digits) for a, b in itertools.pairwise(seen) if b.at - a.at <= rule.widest_gap
    ]
    evidence = {
        "rule": f"no hour without consumption in {_hours(rule.window)} h",
        "intervals": len(intervals),
        "least_m3": plain(min(intervals, default=Decimal(0))),
        "used_m3": plain(sum(intervals, Decimal(0))),
        "from": start.isoformat(),
        "until": end.isoformat(),
    }
    if any(step == 0 for step in intervals):
        return Verdict(REFUTED, start, end, evidence)
    whole = bool(seen) and seen[0].at <= start + HOUR / 2
    if not whole or len(intervals) < rule.intervals or any(step < 0 for step in intervals):
        return Verdict(UNKNOWN, start, end, evidence)
    return Verdict(HOLDS, start, end, evidence)


def _covering(points: Sequence[Point], start: datetime, end: datetime) -> list[Point]:
    """The readings of the window, and the last one before it: a register tells what went through since then."""
    inside = [point for point in points if start < point.at <= end]
    before = [point for point in points if point.at <= start]
    return before[-1:] + inside


def _hourly(points: Sequence[Point], end: datetime) -> list[Point]:
    """Of finer readings those nearest to the full hours before the end; a meter's own hour is seldom the clock's."""
    marks: dict[int, Point] = {}
    for point in points:
        mark = round((end - point.at) / HOUR)
        known = marks.get(mark)
        if known is None or abs(end - mark * HOUR - point.at) < abs(end - mark * HOUR - known.at):
            marks[mark] = point
    return list(marks.values())


def _widest_gap(points: Sequence[Point]) -> timedelta:
    return max((b.at - a.at for a, b in itertools.pairwise(points)), default=timedelta(0))


def _hours(span: timedelta) -> int:
    return int(span / HOUR)


def plain(number: Decimal) -> str:
    """A decimal as people write it: no exponent, no trailing zeros."""
    return f"{number.normalize():f}"


# -- whom it concerns ----------------------------------------------------------------------------------


@dataclass
class Household:
    """As the registry last told it."""

    household: str
    place: str
    address: str
    lives_alone: bool
    elder: bool
    contact_name: str | None
    contact_phone: str | None
    residents: list[dict[str, Any]]
    changed_at: datetime

    @property
    def person(self) -> dict[str, Any]:
        """Only what a visit needs."""
        first = self.residents[0] if self.residents else {}
        facts = {
            "name": first.get("name"),
            "phone": first.get("phone"),
            "contact_name": self.contact_name,
            "contact_phone": self.contact_phone,
        }
        return {name: value for name, value in facts.items() if value}


@dataclass
class Watch:
    """The welfare rule of one household: its own figures where it has some, and until when nobody is at home."""

    household: str
    active: bool = True
    threshold: Decimal | None = None
    hours: int | None = None
    away_until: datetime | None = None

    def rule(self, published: WelfareRule) -> WelfareRule:
        return WelfareRule(
            threshold=self.threshold or published.threshold,
            window=timedelta(hours=self.hours) if self.hours else published.window,
            widest_gap=published.widest_gap,
        )

    def away_in(self, verdict: Verdict) -> bool:
        """Hours in which nobody was at home say nothing about anybody's life."""
        return self.away_until is not None and verdict.start < self.away_until


# -- findings ------------------------------------------------------------------------------------------

TRANSITIONS: dict[tuple[str, str], str] = {
    ("active", "again"): "active",
    ("active", "retract"): "cleared",  # the data no longer say it, or never should have
    ("active", "settle"): "cleared",  # it was so, and is over
    ("active", "close"): "cleared",  # the case came to its end
    # A finding that is over may still learn that its case was closed.
    ("cleared", "close"): "cleared",
}
SAY_AGAIN = timedelta(hours=1)
SEVERITY = {"welfare": 1, "leak": 3}


@dataclass
class Finding:
    """Active or cleared; acknowledged or not; one active of a kind at a meter."""

    finding_id: str
    kind: str
    meter: str
    household: str | None
    place: str
    window_start: datetime
    window_end: datetime
    judged_until: datetime
    evidence: dict[str, Any]
    raised_at: datetime
    said_at: datetime
    state: str = "active"
    cleared_how: str | None = None
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    case_no: str | None = None

    def move(self, verb: str, at: datetime) -> None:
        was, self.state = self.state, TRANSITIONS[self.state, verb]
        if was == "active" and self.state == "cleared":
            self.cleared_how, self.cleared_at = verb, at

    def see_again(self, verdict: Verdict, at: datetime) -> bool:
        """More of the same; true when it is time to say so."""
        self.move("again", at)
        self.judged_until, self.evidence = verdict.end, verdict.evidence
        if at - self.said_at < SAY_AGAIN:
            return False
        self.said_at = at
        return True

    def settle(self, verdict: Verdict, at: datetime) -> None:
        """It was so, and is over."""
        self.move("settle", at)
        self.judged_until, self.evidence = verdict.end, verdict.evidence | {"settled": True}

    def acknowledge(self, who: str, at: datetime) -> None:
        if self.acknowledged_at is None:
            self.acknowledged_at, self.acknowledged_by = at, who

    def forbids(self, verdict: Verdict) -> bool:
        """After a case was closed only new hours are a new reason: nobody is sent twice for the same silence."""
        return self.cleared_how == "close" and verdict.start < self.judged_until


def next_step(finding: Finding | None, original: Verdict | None, fresh: Verdict) -> str | None:
    """What the newest readings do to a finding: `original` is its own window judged again, when that was touched."""
    if finding is None:
        return "raise" if fresh.outcome == HOLDS else None
    if original is not None and original.outcome == REFUTED:
        return "retract"
    if fresh.end > finding.window_end and fresh.outcome == REFUTED:
        return "settle"
    if fresh.end > finding.judged_until and fresh.outcome == HOLDS:
        return "again"
    return None
