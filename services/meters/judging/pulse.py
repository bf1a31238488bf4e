"""What is remembered of a meter between two looks: a few newest moments, followed up with each new reading.

From them alone it is certain that most meters give no reason for anything; only the few others are judged from their
readings. So a look costs what the new readings cost, not what the window holds. A pulse may raise a suspicion that the
judge does not share, never the other way round. It is a function of the readings, not of the order in which they came:
whoever hears of an older or corrected one sums up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from services.meters.judging.seen import Signal
from services.meters.judging.welfare import WelfareRule, next_midnight, rule_of
from services.meters.model import Point, Watch, rise
from services.meters.rulebook import Rules

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HORIZON = 8 * DAY
"""So far back the readings are summed up again; nothing older is remembered, except how long the register stands."""


@dataclass(frozen=True)
class Figures:
    """By which a meter's readings are summed up."""

    enough: Decimal
    """In one step: a sign that somebody lives there."""
    at_most: bool
    fast: Decimal | None
    """In an hour: more than anybody uses for long."""
    hour: timedelta
    digits: int

    @classmethod
    def of(cls, kind: str, digits: int, rules: Rules, watch: Watch | None) -> Figures:
        if kind == "water":
            rule = rule_of(watch, rules)
            enough, at_most = rule.limit, rule.at_most
        else:
            enough, at_most = rules.stuck.sign_of_life[kind], False
        fast = {"water": rules.sudden_flow.least, "gas": rules.gas.most}.get(kind)
        return cls(enough, at_most, fast, rules.never_zero.hour, digits)

    @property
    def mark(self) -> str:
        """Tells whether a pulse was summed up by these figures or by others."""
        return f"{self.enough} {self.at_most} {self.fast} {self.hour} {self.digits}"


class Ran(NamedTuple):
    """What a register did on the way that a pulse does not remember."""

    backwards: bool


@dataclass(slots=True)
class Pulse:
    meter: str
    summed_by: str
    first_at: datetime
    newest_at: datetime
    newest_value: Decimal
    flat_since: datetime
    """Since when the register stands where it stands."""
    used_at: datetime | None = None
    """End of the newest step with use enough for a sign of life."""
    zero_at: datetime | None = None
    """End of the newest hour without use."""
    fast_at: datetime | None = None
    """End of the newest step faster than anybody uses for long."""
    due_at: datetime | None = None
    """When the clock alone may give a reason to look again; early rather than late."""
    # Where it stood before it was last followed up: what comes a little late, or corrects the newest reading, is
    # followed from there instead of being summed up from eight days.
    was_at: datetime | None = None
    was_value: Decimal | None = None
    was_flat_since: datetime | None = None
    was_used_at: datetime | None = None
    was_zero_at: datetime | None = None
    was_fast_at: datetime | None = None

    @classmethod
    def of(cls, meter: str, points: Sequence[Point], figures: Figures) -> tuple[Pulse, Ran]:
        """Summed up from readings, in order."""
        first = points[0]
        pulse = cls(meter, figures.mark, first.at, first.at, first.value, first.at)
        return pulse, pulse.follow(points[1:], figures)

    def follow(self, points: Sequence[Point], figures: Figures) -> Ran:
        """With readings newer than what is known, in order."""
        if points:
            self.was_at, self.was_value, self.was_flat_since = (
                self.newest_at,
                self.newest_value,
                self.flat_since,
            )
            self.was_used_at, self.was_zero_at, self.was_fast_at = self.used_at, self.zero_at, self.fast_at
        hour, enough = figures.hour, figures.enough
        fell = False
        for at, value in points:
            before, step = self.newest_at, value - self.newest_value
            if step == 0:
                if at - self.flat_since >= hour:
                    self.zero_at = at
            else:
                if step < 0:
                    step = rise(self.newest_value, value, figures.digits)
                    fell = fell or step < 0
                if figures.fast and step * 3600 >= figures.fast * int((at - before).total_seconds()):
                    self.fast_at = at
                if step > enough or (step == enough and not figures.at_most):
                    self.used_at = at
                self.flat_since = at
            self.newest_at, self.newest_value = at, value
        self._forget()
        return Ran(fell)

    def reaches_back_to(self, moment: datetime) -> bool:
        """Can readings from that moment on still be followed, having stepped back?"""
        return self.was_at is not None and self.was_at < moment

    def step_back(self) -> None:
        assert self.was_at is not None and self.was_value is not None and self.was_flat_since is not None
        self.newest_at, self.newest_value, self.flat_since = self.was_at, self.was_value, self.was_flat_since
        self.used_at, self.zero_at, self.fast_at = self.was_used_at, self.was_zero_at, self.was_fast_at

    def _forget(self) -> None:
        """What summing up again could not find any more must not be remembered either."""
        oldest = self.newest_at - HORIZON
        self.first_at = max(self.first_at, oldest)
        if self.used_at is not None and self.used_at < oldest:
            self.used_at = None
        if self.zero_at is not None and self.zero_at < oldest + HOUR:
            self.zero_at = None
        if self.fast_at is not None and self.fast_at < oldest:
            self.fast_at = None

    def stands(self) -> bool:
        """As far back as was summed up the register has not moved: how long really, the readings before must tell."""
        return self.flat_since <= self.first_at


# -- what gives a reason to look -----------------------------------------------------------------------


def judged_until(pulse: Pulse, rule: WelfareRule, now: datetime) -> datetime:
    """Now, for a meter that is being heard; for what is replayed or has fallen silent, its newest reading."""
    return max(now, pulse.newest_at) if now - pulse.newest_at <= rule.unseen else pulse.newest_at


def may_be_quiet(pulse: Pulse, rules: Rules, watch: Watch, before: datetime | None, now: datetime) -> bool:
    """Might somebody who lives alone have given no sign of life? `before` is where the pulse stood at the last look."""
    rule = rule_of(watch, rules)
    end = judged_until(pulse, rule, now)
    if rule.window is None:  # a day is judged when it is over
        return before is None or end >= next_midnight(rules, before)
    return end - (pulse.used_at or pulse.first_at) >= rule.window


def quiet_due(pulse: Pulse, rules: Rules, watch: Watch) -> datetime:
    """When the clock might close a window without a life sign."""
    rule = rule_of(watch, rules)
    if rule.window is None:
        return next_midnight(rules, pulse.newest_at)
    since = pulse.used_at or pulse.first_at
    return max(since, watch.away_until or since) + rule.window


def runs_fast(pulse: Pulse) -> bool:
    """An hour that was fast on the whole had a fast step in it, and the hour that a judge sees is at most two long."""
    return pulse.fast_at is not None and pulse.newest_at - pulse.fast_at <= 2 * HOUR


def may_leak(pulse: Pulse, rules: Rules) -> bool:
    """Whatever leaks has not let the register stand still for a day."""
    return pulse.newest_at - (pulse.zero_at or pulse.first_at) >= min(rules.never_zero.window, DAY) - HOUR


def may_be_stuck(pulse: Pulse, rules: Rules, kind: str, before: datetime | None) -> bool:
    """Asked once a day: an empty flat is no reason to look into its other meters each hour."""
    if before and before.astimezone(rules.zone).date() == pulse.newest_at.astimezone(rules.zone).date():
        return False
    return pulse.newest_at - pulse.flat_since >= rules.stuck.days[kind] * DAY


def suspicions(
    kind: str,
    watch: Watch | None,
    signals: Sequence[Signal],
    pulse: Pulse,
    ran: Ran,
    rules: Rules,
    before: datetime | None,
    now: datetime,
) -> set[str]:
    """The kinds of findings that cannot be ruled out; `before` is where the pulse stood at the last look."""
    kinds = set()
    if watch and kind == "water" and may_be_quiet(pulse, rules, watch, before, now):
        kinds.add("welfare")
    if before == pulse.newest_at:
        return kinds
    if kind == "water" and (runs_fast(pulse) or may_leak(pulse, rules)):
        kinds.add("leak")
    if kind == "gas" and runs_fast(pulse):
        kinds.add("gas")
    if ran.backwards:
        kinds.add("reverse")
    if may_be_stuck(pulse, rules, kind, before):
        kinds.add("stuck")
    for signal in signals:
        if signal.word in rules.tamper.words:
            kinds.add("tamper")
        if kind == "gas" and signal.word in rules.gas.words.words:
            kinds.add("gas")
    return kinds
