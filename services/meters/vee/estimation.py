"""The six ways to fill a gap. Each gives the share of every interval in it; together they are the gap's total, exactly.

A gap between two readings has a total, the register's difference: what is estimated is only how it spread over time.
A gap that no reading closes yet has none, and is estimated in full until one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import HOUR, day_of, marks, midnight


@dataclass(frozen=True, slots=True)
class Measured:
    """A whole day of the past, interval by interval; `outage` when part of it was estimated or not seen."""

    quantities: tuple[int, ...]
    outage: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """The intervals between two readings: `bounds` are their ends, the first one the reading before."""

    bounds: tuple[int, ...]
    total: int | None
    interval: int
    zone: ZoneInfo
    past: Mapping[date, Measured] = field(default_factory=dict)
    """Days before the gap."""
    linear_up_to: int = 2 * HOUR
    profile_days: int = 7
    history_days: int = 28

    @property
    def length(self) -> int:
        return self.bounds[-1] - self.bounds[0]

    @property
    def first_day(self) -> date:
        return day_of(self.zone, self.bounds[0])


def linear_interpolation(gap: Gap) -> list[int] | None:
    """Evenly between two readings, and only over a gap so short that nothing much can have happened in it."""
    if gap.total is None or gap.length > gap.linear_up_to:
        return None
    return scalar_adjustment(_lengths(gap), gap.total)


def proxy_day(gap: Gap) -> list[int] | None:
    """As on the latest same weekday before the gap, in the last four weeks; days with an outage are no example."""
    shares: list[int] = []
    for start, end in _pairs(gap):
        day = day_of(gap.zone, start)
        known = _like(gap, day)
        if known is None:
            return None
        shares.append(_share(gap, known.quantities, day, start, end))
    return shares


def _like(gap: Gap, day: date) -> Measured | None:
    example = day - timedelta(days=7)
    while example >= gap.first_day - timedelta(days=gap.history_days):
        known = gap.past.get(example)
        if example < gap.first_day and known is not None and not known.outage:
            return known
        example -= timedelta(days=7)
    return None


def profile(gap: Gap) -> list[int] | None:
    """As this meter's average day of the last four weeks went by."""
    sums: dict[int, int] = {}
    counts: dict[int, int] = {}
    known = [
        day.quantities
        for at, day in gap.past.items()
        if not day.outage and gap.first_day - timedelta(days=gap.history_days) <= at < gap.first_day
    ]
    if len(known) < gap.profile_days:
        return None
    for quantities in known:
        for slot, quantity in enumerate(quantities):
            sums[slot] = sums.get(slot, 0) + quantity
            counts[slot] = counts.get(slot, 0) + 1
    average = tuple(sums[slot] // counts[slot] for slot in sorted(sums))
    return [_share(gap, average, day_of(gap.zone, start), start, end) for start, end in _pairs(gap)]


def averaging(gap: Gap) -> list[int] | None:
    """The average of the last four weeks' days, evenly: what was used while no reading tells."""
    days = {
        at: day
        for at, day in gap.past.items()
        if not day.outage and gap.first_day - timedelta(days=gap.history_days) <= at < gap.first_day
    }
    if not days:
        return None
    used = sum(sum(day.quantities) for day in days.values())
    length = sum(midnight(gap.zone, at + timedelta(days=1)) - midnight(gap.zone, at) for at in days)
    return [used * (end - start) // length for start, end in _pairs(gap)]


def proration(gap: Gap) -> list[int] | None:
    """What the register says for the whole gap, by the length of each interval."""
    return None if gap.total is None else scalar_adjustment(_lengths(gap), gap.total)


def scalar_adjustment(shares: Sequence[int], total: int) -> list[int] | None:
    """The shares multiplied by one factor so that they make the total, to the last millionth."""
    whole = sum(shares)
    if whole <= 0:
        return None
    adjusted, seen, given = [], 0, 0
    for share in shares:
        seen += share
        upto = total * seen // whole
        adjusted.append(upto - given)
        given = upto
    return adjusted


ESTIMATIONS: dict[str, Callable[..., list[int] | None]] = {
    "linear_interpolation": linear_interpolation,
    "proxy_day": proxy_day,
    "profile": profile,
    "averaging": averaging,
    "proration": proration,
    "scalar_adjustment": scalar_adjustment,
}

CLOSED = ("linear_interpolation", "proxy_day", "profile", "proration")
OPEN = ("proxy_day", "profile", "averaging")
"""In this order the first that can say anything is taken; the shares of a closed gap are adjusted to its total."""


def estimate(gap: Gap) -> tuple[str, list[int]] | None:
    """(method, shares), or nothing when nothing is known to go by."""
    for method in OPEN if gap.total is None else CLOSED:
        shares = ESTIMATIONS[method](gap)
        if shares is None:
            continue
        if gap.total is None:
            return method, shares
        adjusted = scalar_adjustment(shares, gap.total)
        if adjusted is not None:
            return method, adjusted
    return None


def _pairs(gap: Gap) -> zip[tuple[int, int]]:
    return zip(gap.bounds, gap.bounds[1:], strict=False)


def _lengths(gap: Gap) -> list[int]:
    return [end - start for start, end in _pairs(gap)]


def _share(gap: Gap, quantities: Sequence[int], day: date, start: int, end: int) -> int:
    """The example's interval at this time of the day, or the part of it that is meant."""
    ends = marks(gap.zone, day, gap.interval)
    slot = next(index for index, mark in enumerate(ends) if mark >= end)
    begun = ends[slot - 1] if slot else midnight(gap.zone, day)
    return quantities[min(slot, len(quantities) - 1)] * (end - start) // (ends[slot] - begun)
