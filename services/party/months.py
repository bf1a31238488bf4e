"""Months as the rules count them: from a day to the same day of another month, clipped at its end."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def plus_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def first(day: date) -> date:
    return day.replace(day=1)


def span(since: date, until: date) -> list[date]:
    """The first days of the months from the one of `since` to the one of `until`, both included."""
    found, month = [], first(since)
    while month <= until:
        found.append(month)
        month = plus_months(month, 1)
    return found
