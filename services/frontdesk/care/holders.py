"""Whose time a case took: the working time each unit, and the desk, held it, computed from its history.

The rule. A unit holds its task from the moment it is given it until it ended it, or it was taken from it. The clock
stands still while the applicant is to add something. Between the asking for a return and the ruling on it:
- upheld, it was never the unit's: that time is the desk's, which should have asked another one at once;
- designated, it was the unit's all along and so is the time, but what the desk took beyond its own clock is the desk's.
What the unit held before it asked stays charged to it either way. Before the first task is given out the desk holds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

DESK = "frontdesk"
STOPS = {"supplement-asked"}
GOES_ON = {"supplement-lapsed", "supplemented"}
ENDS = {"finished", "refused", "returned"}
Working = Callable[[datetime, datetime], timedelta]


@dataclass
class Holding:
    """One unit's part of it."""

    unit: str
    worked: timedelta = timedelta(0)
    paused: timedelta = timedelta(0)
    """What the applicant was waited for."""
    returns: int = 0
    holds: bool = False


@dataclass
class _Held:
    unit: str
    since: datetime | None
    paused_at: datetime | None = None
    asked_at: datetime | None = None


@dataclass
class Sum:
    working: Working
    adjudicate_by: Callable[[datetime], datetime]
    holdings: dict[str, Holding] = field(default_factory=dict)
    held: dict[str, _Held] = field(default_factory=dict)

    def of(self, unit: str) -> Holding:
        return self.holdings.setdefault(unit, Holding(unit))

    def charge(self, unit: str, begin: datetime, end: datetime) -> None:
        self.of(unit).worked += max(self.working(begin, end), timedelta(0))

    def let_go(self, task_id: str, at: datetime) -> None:
        held = self.held.pop(task_id, None)
        if held is None:
            return
        if held.asked_at is not None:
            self.charge(DESK, held.asked_at, at)
        elif held.since is not None:
            self.charge(held.unit, held.since, at)
        elif held.paused_at is not None:
            self.of(held.unit).paused += self.working(held.paused_at, at)


def holders(
    lines: Iterable[Any],
    ended: Iterable[str],
    now: datetime,
    working: Working,
    adjudicate_by: Callable[[datetime], datetime],
) -> list[Holding]:
    """From the lines of a history, in their order. `ended` are the statuses (and kinds of line) nobody holds it in."""
    held = Sum(working, adjudicate_by)
    over, desk_since = set(ended), None
    for line in lines:
        if line.kind in ("filed", "released"):
            desk_since = line.at
        if line.task_id:
            _of_task(held, line)
        if line.kind in GOES_ON:  # the applicant's line names no task: everybody who waited for him goes on
            for task_id in [line.task_id] if line.task_id else list(held.held):
                _go_on(held, task_id, line.at)
        if line.kind in over:
            for task_id in list(held.held):
                held.let_go(task_id, line.at)
        if desk_since is not None and (line.kind == "assigned" or line.kind in over):
            held.charge(DESK, desk_since, line.at)
            desk_since = None
    for task_id, one in list(held.held.items()):
        held.of(DESK if one.asked_at else one.unit).holds = True
        held.let_go(task_id, now)
    if desk_since is not None:
        held.charge(DESK, desk_since, now)
        held.of(DESK).holds = True
    return sorted(held.holdings.values(), key=lambda one: -one.worked)


def _of_task(held: Sum, line: Any) -> None:
    if line.kind == "assigned":
        held.of(line.unit)
        held.held[line.task_id] = _Held(line.unit, line.at)
        return
    one = held.held.get(line.task_id)
    if one is None:
        return
    if line.kind in STOPS and one.since is not None:
        held.charge(one.unit, one.since, line.at)
        one.since, one.paused_at = None, line.at
    elif line.kind == "return-asked" and one.since is not None:
        held.of(one.unit).returns += 1
        held.charge(one.unit, one.since, line.at)
        one.since, one.asked_at = None, line.at
    elif line.kind == "designated" and one.asked_at is not None:
        limit = min(held.adjudicate_by(one.asked_at), line.at)
        held.charge(one.unit, one.asked_at, limit)
        held.charge(DESK, limit, line.at)
        one.since, one.asked_at = line.at, None
    elif line.kind in ENDS:
        held.let_go(line.task_id, line.at)


def _go_on(held: Sum, task_id: str, at: datetime) -> None:
    one = held.held.get(task_id)
    if one is not None and one.paused_at is not None:
        held.of(one.unit).paused += held.working(one.paused_at, at)
        one.since, one.paused_at = at, None
