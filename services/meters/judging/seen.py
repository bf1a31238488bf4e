"""What a judge looks at: one register's readings, as steps and hours, and what the meter itself reported."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from services.meters.model import Point, Watch, rise

HOUR = timedelta(hours=1)
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Signal:
    """A word the meter sent with a reading, such as `cover-open`."""

    at: datetime
    word: str


@dataclass(frozen=True)
class Sibling:
    """Another meter of the same home: when it last showed that somebody lives there."""

    meter: str
    kind: str
    used_at: datetime | None


@dataclass(frozen=True)
class Seen:
    """One meter's main register, in order, corrections applied."""

    kind: str
    digits: int
    points: Sequence[Point]
    signals: Sequence[Signal] = ()
    watch: Watch | None = None
    flat_since: datetime | None = None
    siblings: Sequence[Sibling] = ()
    raised_by: str | None = None
    """The way in which the finding that is active was found, where there are several."""


@dataclass(frozen=True, slots=True)
class Step:
    """From one reading to the next."""

    start: datetime
    end: datetime
    rise: Decimal

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def an_hour(self) -> Decimal:
        """What went through in an hour, on the average of the step."""
        return self.rise * 3600 / Decimal(self.length.total_seconds())


def covering(points: Sequence[Point], start: datetime, end: datetime) -> list[Point]:
    """The readings of the window, and the last one before it: a register tells what went through since then."""
    inside = [point for point in points if start < point.at <= end]
    before = next((point for point in reversed(points) if point.at <= start), None)
    return [before, *inside] if before else inside


def steps(points: Sequence[Point], digits: int) -> list[Step]:
    return [Step(a.at, b.at, rise(a.value, b.value, digits)) for a, b in itertools.pairwise(points)]


def hours(points: Sequence[Point], digits: int, least: timedelta) -> Iterator[Step]:
    """From every reading to the first one at least `least` later: of hourly readings the steps themselves."""
    last = 0
    for first, a in enumerate(points):
        last = max(last, first + 1)
        while last < len(points) and points[last].at - a.at < least:
            last += 1
        if last == len(points):
            return
        b = points[last]
        yield Step(a.at, b.at, rise(a.value, b.value, digits))


@dataclass(frozen=True)
class Whole:
    """How well a window was seen."""

    seen: list[Point]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, seen: Seen, start: datetime, end: datetime) -> Whole:
        points = covering(seen.points, start, end)
        return cls(points, steps(points, seen.digits))

    @property
    def used(self) -> Decimal:
        return sum((step.rise for step in self.steps if step.rise > 0), NOTHING)

    @property
    def fell(self) -> bool:
        return any(step.rise < 0 for step in self.steps)

    @property
    def widest_gap(self) -> timedelta:
        return max((step.length for step in self.steps), default=timedelta(0))
