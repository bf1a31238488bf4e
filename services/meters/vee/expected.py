"""A series as a screen draws it: hours, days or months of a register's use, each with the band one could expect it in.

**The band** of an hour or a day is made of the same hour (or of the days) of the same kind of weekday (Monday to Friday, or
Saturday and Sunday) in the eight weeks before its own: the median, and the 10th and 90th percentile as lower and upper. People
live by the clock and by the week, so that is what a household can be compared with; a mean would follow one burst pipe for two
months, and the least and the most seen would only widen with every week. Of a month it is the use a day of the twelve months
before it, times its days.

Only what is known counts, whole and measured or edited: an estimate is made from the same weeks and would confirm itself.
Nothing from its own week or after it counts: the band is what could be said beforehand, and does not move with the
surprise itself. Where fewer than three weeks (three months) are known, nothing is said. A public
holiday is the weekday it falls on: the median bears it.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import HOUR, marks, midnight
from services.meters.vee.days import STATES, WEIGHT

WEEK = timedelta(days=7)
WEEKS, MONTHS = 8, 12
LEAST = 3
"""Weeks (months) that must be known."""
LOWER, UPPER = 10, 90
"""Percentiles."""
LOOK_BACK = {"hour": (WEEKS + 1) * WEEK, "day": (WEEKS + 1) * WEEK, "month": timedelta(days=366)}
HEAVIER = {STATES[letter]: heavy for letter, heavy in WEIGHT.items()}


class Use(NamedTuple):
    """What was used between two moments, in millionths."""

    day: date
    """On which it began; of a month the first."""
    start: int
    until: int
    quantity: int
    state: str
    whole: bool
    """False where readings begin or end within, or days are missing."""

    @property
    def counts(self) -> bool:
        return self.whole and self.state != "estimated"


class Band(NamedTuple):
    lower: int
    median: int
    upper: int
    seen: int
    """Weeks, of a month months, with at least one value."""


# -- steps ---------------------------------------------------------------------------------------------


def hours(
    zone: ZoneInfo, day: date, bounds: Sequence[int], quantities: Sequence[int], states: str
) -> Iterable[Use]:
    """The hours of a day; of a register that is read more seldom, its intervals: nobody knows the hours within."""
    begin, end = midnight(zone, day), marks(zone, day, HOUR)[-1]
    found: list[Use] = []
    for start, until, quantity, letter in zip(bounds, bounds[1:], quantities, states, strict=False):
        slot = (start - begin) // HOUR
        mark = begin + slot * HOUR
        state = STATES[letter]
        last = found[-1] if found else None
        if last is not None and last.start >= mark:
            state = max(last.state, state, key=HEAVIER.__getitem__)
            found[-1] = last._replace(until=until, quantity=last.quantity + quantity, state=state)
        else:
            found.append(Use(day, start, until, quantity, state, False))
    for use in found:
        mark = begin + (use.start - begin) // HOUR * HOUR
        ended = use.until == end or (use.until - begin) % HOUR == 0
        yield use._replace(whole=use.start == mark and ended)


def months(zone: ZoneInfo, days: Iterable[Use]) -> Iterable[Use]:
    by_month: dict[date, list[Use]] = defaultdict(list)
    for use in days:
        by_month[use.day.replace(day=1)].append(use)
    for first, uses in by_month.items():
        length = calendar.monthrange(first.year, first.month)[1]
        yield Use(
            first,
            uses[0].start,
            uses[-1].until,
            sum(use.quantity for use in uses),
            max((use.state for use in uses), key=HEAVIER.__getitem__),
            len(uses) == length and all(use.whole for use in uses),
        )


# -- bands ---------------------------------------------------------------------------------------------


def bands(step: str, zone: ZoneInfo, uses: Sequence[Use]) -> Callable[[Use], Band | None]:
    """What to expect of any of these, from those before it."""
    return _by_month(uses) if step == "month" else _by_week(step, zone, uses)


def _by_week(step: str, zone: ZoneInfo, uses: Sequence[Use]) -> Callable[[Use], Band | None]:
    slots: dict[tuple[int, int], dict[date, int]] = defaultdict(dict)

    def slot(use: Use) -> tuple[int, int]:
        """The hours of a day that it takes; one that has only begun is compared with whole ones."""
        begin = midnight(zone, use.day)
        return (0, 24) if step == "day" else ((use.start - begin) // HOUR, -((begin - use.until) // HOUR))

    for use in uses:
        if use.counts:
            slots[slot(use)][use.day] = use.quantity

    def band(use: Use) -> Band | None:
        known = slots[slot(use)]
        monday = use.day - timedelta(days=use.day.weekday())
        alike = range(5, 7) if use.day.weekday() >= 5 else range(5)
        values, seen = [], 0
        for back in range(1, WEEKS + 1):
            days = (monday - back * WEEK + timedelta(days=n) for n in alike)
            of_week = [known[day] for day in days if day in known]
            values += of_week
            seen += bool(of_week)
        return _of(values, seen)

    return band


def _by_month(uses: Sequence[Use]) -> Callable[[Use], Band | None]:
    known = {use.day: use.quantity for use in uses if use.counts}

    def band(use: Use) -> Band | None:
        length = calendar.monthrange(use.day.year, use.day.month)[1]
        values, month = [], use.day
        for _ in range(MONTHS):
            month = (month - timedelta(days=1)).replace(day=1)
            if month in known:
                values.append(known[month] * length // calendar.monthrange(month.year, month.month)[1])
        return _of(values, len(values))

    return band


def _of(values: list[int], seen: int) -> Band | None:
    if seen < LEAST:
        return None
    values.sort()
    return Band(_percentile(values, LOWER), _percentile(values, 50), _percentile(values, UPPER), seen)


def _percentile(ordered: Sequence[int], percent: int) -> int:
    """Between two values in proportion, in whole millionths."""
    rank, rest = divmod((len(ordered) - 1) * percent, 100)
    here = ordered[rank]
    return here if rest == 0 else here + ((ordered[rank + 1] - here) * rest + 50) // 100


def rule(step: str) -> dict[str, Any]:
    """What a band is made of, for whoever draws it."""
    back = {"unit": "month", "back": MONTHS} if step == "month" else {"unit": "week", "back": WEEKS}
    return {**back, "least": LEAST, "lower_percentile": LOWER, "upper_percentile": UPPER}


# -- how much may be asked for -------------------------------------------------------------------------

MOST = 500
"""Points: more than any screen is wide, and no answer takes long."""


def points(step: str, start: date, end: date) -> int:
    days = (end - start).days
    if step == "month":
        last = end - timedelta(days=1)
        return 12 * (last.year - start.year) + last.month - start.month + 1
    return 24 * days if step == "hour" else days


def fitting(start: date, end: date) -> str | None:
    """The finest step that does not give too many."""
    return next((step for step in ("hour", "day", "month") if points(step, start, end) <= MOST), None)


def whole_months(start: date, end: date) -> tuple[date, date]:
    """The months that these days touch."""
    last = (end - timedelta(days=1)).replace(day=28) + timedelta(days=4)
    return start.replace(day=1), last.replace(day=1)
