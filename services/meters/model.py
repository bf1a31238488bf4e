"""A register's readings, whom they concern, and the life of a finding. What readings mean is said in `judging/`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

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


class UnknownRule(Invalid):
    """There is no published welfare rule {rule}; there are {known}."""

    zh = "没有名为“{rule}”的用水关怀规则，现有：{known}。"


class NotLivingAlone(Invalid):
    """The welfare rule is for people who live alone; {household} does not."""

    zh = "用水关怀规则适用于独居人员，住户“{household}”不是独居。"


# -- what a register did -------------------------------------------------------------------------------


class Point(NamedTuple):
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


HOLDS, REFUTED, UNKNOWN = "holds", "refuted", "unknown"


@dataclass(frozen=True)
class Verdict:
    """Does the rule hold in this window? `unknown` when the data cannot tell."""

    outcome: str
    start: datetime
    end: datetime
    evidence: dict[str, Any] = field(default_factory=dict)


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


LEAVING = timedelta(hours=2)
"""A step that ends so soon after the door was closed may hold the water of those who left."""


@dataclass
class Watch:
    """How one household is watched over: by which rule, with which figures of its own, and when nobody is at home."""

    household: str
    active: bool = True
    rule: str | None = None
    """Name of a published rule; None: that of the place."""
    threshold: Decimal | None = None
    hours: int | None = None
    away_from: datetime | None = None
    away_until: datetime | None = None
    away_told_at: datetime | None = None
    away_ended_at: datetime | None = None
    """When water ran again before it was expected."""

    def away_in(self, verdict: Verdict) -> bool:
        """Hours in which nobody was at home say nothing about anybody's life."""
        if self.away_until is None or verdict.start >= self.away_until:
            return False
        return self.away_from is None or verdict.end > self.away_from

    def come_back(self, used_at: datetime) -> bool:
        """Water runs: they are back. True when that is news."""
        if self.away_until is None or self.away_told_at is None or used_at >= self.away_until:
            return False
        if used_at < max(self.away_told_at, self.away_from or self.away_told_at) + LEAVING:
            return False
        self.away_until = self.away_ended_at = used_at
        return True


# -- findings ------------------------------------------------------------------------------------------

TRANSITIONS: dict[tuple[str, str], str] = {
    ("active", "again"): "active",
    ("active", "retract"): "cleared",  # the data no longer say it, or never should have
    ("active", "settle"): "cleared",  # it was so, and is over
    ("active", "close"): "cleared",  # the case came to its end
    ("cleared", "recur"): "active",  # settled, and here again while its case is still open
    # A finding that is over may still learn that its case was closed.
    ("cleared", "close"): "cleared",
}
SAY_AGAIN = {1: timedelta(hours=1)}
SAY_AGAIN_OTHERWISE = timedelta(days=1)
"""By severity: whoever looks for an old lady wants to hear each hour that there is still no sign of her."""


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
    severity: int = 3
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
        self.judged_until, self.evidence = verdict.end, self._with_times(verdict.evidence)
        if at - self.said_at < SAY_AGAIN.get(self.severity, SAY_AGAIN_OTHERWISE):
            return False
        self.said_at = at
        return True

    def recur(self, verdict: Verdict, at: datetime) -> None:
        """Here again before anybody had closed the case: the same finding, and the same case."""
        self.move("recur", at)
        times = int(self.evidence.get("recurred", 0)) + 1
        self.cleared_how = self.cleared_at = None
        self.judged_until, self.said_at = verdict.end, at
        self.evidence = verdict.evidence | {"recurred": times}

    @property
    def awaits_its_case(self) -> bool:
        """It was so and is over, and nobody has been there yet."""
        return self.cleared_how == "settle" and self.case_no is None

    def settle(self, verdict: Verdict, at: datetime) -> None:
        """It was so, and is over."""
        self.move("settle", at)
        self.judged_until = verdict.end
        self.evidence = self._with_times(verdict.evidence) | {"settled": True}

    def _with_times(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """New evidence, and what is remembered of the old: what it is, and how often it came back."""
        kept = {name: self.evidence[name] for name in ("kind", "recurred") if name in self.evidence}
        return kept | evidence

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
