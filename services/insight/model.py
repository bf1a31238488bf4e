"""What the numbers mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone

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

SOON = timedelta(hours=2)
WINDOW = timedelta(days=30)
"""Rates, medians and late signatures look back this far."""

MOST_URGENT = 8
FINDINGS = ("welfare-check", "leak-check", "alarm", "camera-maintenance")
"""Matters that devices open."""

TARGETS = {"response": 0.95, "resolution": 0.9, "satisfaction": 0.9}
SATISFIED_FROM = 3
"""Of five stars: three, "basically satisfied", is not a bad rating."""

FIRST_ROW = ("overdue", "due_soon", "in_hand", "closed_today")
LEVELS = (0, 6, 9, 12)
"""Digits of a place code that name everywhere, a district, a street, a community."""

_CHINA = timezone(timedelta(hours=8))


def midnight(now: datetime) -> datetime:
    """When today began in the community; China keeps one time all year."""
    return now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def rate(numerator: int, denominator: int, target: float) -> dict[str, float | int | None]:
    """A rate never travels without what it was made from; of nothing there is no rate."""
    value = round(numerator / denominator, 4) if denominator else None
    return {"value": value, "numerator": numerator, "denominator": denominator, "target": target}


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
