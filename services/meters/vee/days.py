"""Steps between believed readings -> intervals and days that add up to the register's difference, whatever happened.

The register's state at every mark (the end of an interval, midnight) is found once, and consumption is the difference of
two of them: so intervals make days, and days make the difference of the register, to the last millionth.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import HOUR, day_of, marks
from services.meters.vee.estimation import Gap, Measured, estimate
from services.meters.vee.series import EDITED, Believed

MEASURED, EDITED_BY_HAND, ESTIMATED = "m", "d", "e"
"""State of an interval, as one letter of a day's `states`."""
STATES = {MEASURED: "measured", EDITED_BY_HAND: "edited", ESTIMATED: "estimated"}
WEIGHT = {MEASURED: 0, EDITED_BY_HAND: 1, ESTIMATED: 2}
"""Of an interval made of several, the one that says least decides."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The figures by which gaps are found and filled; from vee.yaml."""

    missing_after: Fraction = Fraction(7, 4)
    """Intervals between two readings: more than so many, and a reading is missing."""
    linear_up_to: int = 2 * HOUR
    profile_days: int = 7
    history_days: int = 28


@dataclass(slots=True)
class Day:
    """One local day of a register. `bounds` are the ends of its intervals, the first one where it (or the data) begins."""

    day: date
    bounds: list[int]
    quantities: list[int]
    states: str
    state: str
    complete: bool
    """Seen from midnight to midnight; never the register's first day, which proves nothing about a day."""
    last_at: int
    high: int
    """The last believed reading by the end of the day, for whoever goes on from here."""

    @property
    def quantity(self) -> int:
        return sum(self.quantities)

    @property
    def measured(self) -> Measured:
        return Measured(tuple(self.quantities), outage=not self.complete or ESTIMATED in self.states)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was put into a gap, interval by interval."""

    start: int
    until: int
    method: str
    total: int
    bounds: tuple[int, ...]
    quantities: tuple[int, ...]
    open: bool
    """No reading closes the gap yet."""


def holes(believed: Sequence[Believed], interval: int, filling: Filling) -> list[tuple[Believed, Believed]]:
    """Neighbours between which readings are missing."""
    longest = int(interval * filling.missing_after)
    return [
        (before, after) for before, after in itertools.pairwise(believed) if after.at - before.at > longest
    ]


def spread(
    believed: Sequence[Believed],
    interval: int,
    zone: ZoneInfo,
    filling: Filling,
    past: Mapping[date, Measured],
    since: int | None = None,
    until: int | None = None,
) -> tuple[list[Day], list[Estimate]]:
    """The days from the midnight `since` (or the first reading) to the last reading, or estimated on to `until`.

    `past` are the days before `since`; those found here join them, for the gaps that come later.
    """
    if not believed:
        return [], []
    cutter = _Cutter(believed, interval, zone, past, since)
    estimates: list[Estimate] = []

    def fill(start: int, state: int, end: int, used: int | None) -> None:
        bounds = _bounds(zone, interval, start, end)
        gap = Gap(
            bounds, used, interval, zone, cutter.past,
            filling.linear_up_to, filling.profile_days, filling.history_days,
        )  # fmt: skip
        found = estimate(gap)
        if found is None:
            return
        method, shares = found
        estimates.append(Estimate(start, end, method, sum(shares), bounds, tuple(shares), used is None))
        for begun, bound, share in zip(bounds, bounds[1:], shares, strict=False):
            cutter.feed(begun, state, bound, state + share, ESTIMATED, (start, end), used is None)
            state += share

    longest = int(interval * filling.missing_after)
    before = believed[0]
    for after in believed[1:]:
        if after.at - before.at > longest and after.total != before.total:
            fill(before.at, before.total, after.at, after.total - before.total)
        else:
            kind = MEASURED
            if after.anew:
                kind = ESTIMATED
            elif after.source == EDITED or before.source == EDITED:
                kind = EDITED_BY_HAND
            cutter.feed(before.at, before.total, after.at, after.total, kind, unsure=after.anew)
        before = after
    if until is not None and until > before.at:
        fill(before.at, before.total, until, None)
    cutter.close()
    return cutter.days, estimates


class _Cutter:
    """Cuts what was used between two moments at the marks, and gathers the pieces into days."""

    def __init__(
        self,
        believed: Sequence[Believed],
        interval: int,
        zone: ZoneInfo,
        past: Mapping[date, Measured],
        since: int | None,
    ) -> None:
        self.moments = [each.at for each in believed]
        self.values = [each.value for each in believed]
        self.interval, self.zone, self.past = interval, zone, dict(past)
        self.days: list[Day] = []
        first = believed[0]
        self.first = since is None
        self.since = first.at if since is None else max(since, first.at)
        self.total: int | None = None
        self.end, self.state = self.since, 0
        """As far as was fed, and the register there."""
        self.worst, self.estimated = MEASURED, False
        self._begin(day_of(zone, self.since), self.since)
        while self.marks[self.next] <= self.since:
            self.next += 1

    def _begin(self, day: date, at: int) -> None:
        self.day, self.next = day, 0
        self.marks = marks(self.zone, day, self.interval)
        self.bounds: list[int] = [at]
        self.quantities: list[int] = []
        self.states: list[str] = []

    def feed(
        self,
        start: int,
        before: int,
        end: int,
        after: int,
        kind: str,
        gap: tuple[int, int] | None = None,
        unsure: bool = False,
    ) -> None:
        """From `before` to `after` in this time, evenly.

        `gap` is the whole gap of which this is a part: which day its use belongs to is known only where no midnight is
        within. `unsure`: not even how much it was.
        """
        if end <= self.since:
            return
        if self.total is None:
            at = max(start, self.since)
            self.total = before + (after - before) * (at - start) // (end - start)
            self.estimated = gap is not None and gap[0] < at
        self.estimated |= unsure
        if WEIGHT[kind] > WEIGHT[self.worst]:
            self.worst = kind
        while (mark := self.marks[self.next]) <= end:
            self._cut(mark, before + (after - before) * (mark - start) // (end - start))
            if mark < end:
                self.worst = kind
            if self.next == len(self.marks):
                within = gap is not None and mark < gap[1]
                self.estimated |= within
                self._write(mark)
                self._begin(self.day + timedelta(days=1), mark)
                self.estimated = within or (unsure and mark < end)
        self.end, self.state = end, after

    def _cut(self, at: int, state: int) -> None:
        assert self.total is not None
        self.bounds.append(at)
        self.quantities.append(state - self.total)
        self.states.append(self.worst)
        self.total, self.worst = state, MEASURED
        self.next += 1

    def close(self) -> None:
        """The last day is as long as the data."""
        if self.total is not None and self.end > self.bounds[-1]:
            self._cut(self.end, self.state)
        if self.quantities:
            self._write(self.end)

    def _write(self, end: int) -> None:
        states = "".join(self.states)
        state = MEASURED
        if self.estimated:
            state = ESTIMATED
        elif EDITED_BY_HAND in states:
            state = EDITED_BY_HAND
        whole = not self.first and end == self.marks[-1]
        known = bisect_right(self.moments, end) - 1
        day = Day(
            self.day, self.bounds, self.quantities, states, STATES[state], whole,
            self.moments[known], self.values[known],
        )  # fmt: skip
        self.days.append(day)
        self.past[self.day] = day.measured
        self.first = False


def _bounds(zone: ZoneInfo, interval: int, start: int, end: int) -> tuple[int, ...]:
    """Every mark between two moments, and the two."""
    bounds, day = [start], day_of(zone, start)
    while True:
        for mark in marks(zone, day, interval):
            if mark >= end:
                return (*bounds, end)
            if mark > start:
                bounds.append(mark)
        day += timedelta(days=1)
