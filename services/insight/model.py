"""What the numbers mean."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone

ENDED = (
    "closed",
    "refused",
    "answered",
    "withdrawn",
    "merged",
    "archived",
    "not-accepted",
    "transferred-emergency",
)
"""Statuses of a case nobody works on any more."""

ANSWERED = ("closed", "refused", "answered", "archived")
"""Ended with an answer: only these count as closed; a withdrawn or merged case is nobody's achievement."""

OPEN = ("assigned", "signed", "handling", "supplement", "return-pending")
"""Statuses of a task somebody holds."""

TICKING = ("assigned", "signed", "handling", "return-pending")
"""Held, and the clock runs; it stands still while the applicant is to add something."""

DONE = ("done", "refused")

DEEDS = ("signed", "started", "finished", "refused", "return-asked", "extension-asked")
"""Lines of a history that an officer of the unit wrote: whose they are, the task is his."""

SOON = timedelta(hours=2)
DAY = timedelta(days=1)
WINDOW = timedelta(days=30)
"""Rates, medians and late signatures look back this far: today and the 29 days before it."""

PING_PONG_FROM = 2
"""Times that units said "not ours" of one case, from which it is ping-pong."""

MOST_URGENT = 8
FINDINGS = ("welfare-check", "leak-check", "alarm", "camera-maintenance")
"""Matters that devices open."""

TARGETS = {"response": 0.95, "resolution": 0.9, "satisfaction": 0.9, "timeliness": 0.95}
SATISFIED_FROM = 3
"""Of five stars: three, "basically satisfied", is not a bad rating."""

FIRST_ROW = ("overdue", "due_soon", "in_hand", "closed_today")
LEVELS = (0, 6, 9, 12)
"""Digits of a place code that name everywhere, a district, a street, a community: areas that have sums, and screens are told of."""

_CHINA = timezone(timedelta(hours=8))


def midnight(now: datetime) -> datetime:
    """When today began in the community; China keeps one time all year."""
    return now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def today(now: datetime) -> date:
    return now.astimezone(_CHINA).date()


def begin_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_CHINA).astimezone(UTC)


def days_of(period: str, on: date) -> tuple[date, date]:
    """The first day of the period that `on` lies in, and the first day after it; weeks begin on Monday."""
    if period == "day":
        return on, on + DAY
    if period == "week":
        first = on - on.weekday() * DAY
        return first, first + 7 * DAY
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    first = date(on.year, (on.month - 1) // months * months + 1, 1)
    after = first.month + months
    return first, date(first.year + (after > 12), (after - 1) % 12 + 1, 1)


def periods_of(span: tuple[datetime, datetime], by_day: bool = False) -> list[str]:
    """The months, or else the days, that together are the span: the sums are kept by both."""
    first, after = (today(moment) for moment in span)
    if first.day == after.day == 1 and not by_day:
        months, one = [], first
        while one < after:
            months.append(f"{one:%Y-%m}")
            one = days_of("month", one)[1]
        return months
    return [f"{first + n * DAY:%Y-%m-%d}" for n in range((after - first).days)]


def span_of(period: str | None, on: date | None, now: datetime) -> tuple[datetime, datetime] | None:
    """From when until when, as moments; none when no period is asked for."""
    if period is None:
        return None
    first, after = days_of(period, on or today(now))
    return begin_of(first), begin_of(after)


def rate(numerator: int, denominator: int, target: float | None) -> dict[str, float | int | None]:
    """A rate never travels without what it was made from; of nothing there is no rate."""
    value = round(numerator / denominator, 4) if denominator else None
    return {"value": value, "numerator": numerator, "denominator": denominator, "target": target}


# -- times of handling, by class -------------------------------------------------------------------------

TOOK = "took-"
_STEP = 1.1
_SHORTEST = 60.0


def took_bin_sql(seconds: str) -> str:
    """The class of a duration: each class reaches a tenth further than the one before; the first ends at a minute."""
    return f"CAST(ceil(ln(greatest({seconds}, {_SHORTEST}) / {_SHORTEST}) / ln({_STEP})) AS integer)"


def took_bin(seconds: float) -> int:
    return math.ceil(math.log(max(seconds, _SHORTEST) / _SHORTEST) / math.log(_STEP))


def took_seconds(number: int) -> float:
    """The middle of a class."""
    return _SHORTEST * _STEP ** (number - 0.5) if number else _SHORTEST


def median_of_classes(counts: Mapping[int, int]) -> float | None:
    """The median of durations counted by class: right to the class, that is to 5 %."""
    total, passed = sum(counts.values()), 0
    for number in sorted(counts):
        passed += counts[number]
        if 2 * passed >= total:
            return round(took_seconds(number), 1) if total else None
    return None


def roll_up(rows: Iterable[tuple[str, Mapping[str, int]]]) -> dict[str, dict[str, int]]:
    """Numbers by community summed into every larger area."""
    totals: dict[str, Counter[str]] = {"": Counter(dict.fromkeys(FIRST_ROW, 0))}
    for place, numbers in rows:
        for digits in LEVELS:
            if digits <= len(place):
                totals.setdefault(place[:digits], Counter()).update(numbers)
    return {place: dict(numbers) for place, numbers in totals.items()}


def silent(places: Iterable[str]) -> dict[str, dict[str, int]]:
    """Areas told of before in which nothing is left to count."""
    return {place: dict.fromkeys(FIRST_ROW, 0) for place in places}
