"""Whole numbers and what they stand for: moments in microseconds since 1970, amounts in millionths of the unit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

MILLION = 1_000_000
HOUR = 3600 * MILLION
COMMUNITY = ZoneInfo("Asia/Shanghai")
"""Whose midnight ends a day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def moment(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def datetime_of(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def amount(value: Decimal | str | int) -> int:
    """Millionths, rounded as the tables round."""
    return int((Decimal(value) * MILLION).quantize(Decimal(1), ROUND_HALF_UP))


def decimal_of(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-6)


def written(amount: int) -> str:
    """An amount as people write it: no exponent, no trailing zeros."""
    return f"{decimal_of(amount).normalize():f}"


@lru_cache(maxsize=8192)
def midnight(zone: ZoneInfo, day: date) -> int:
    """The day's first moment, wherever the clocks were changed in it."""
    return moment(datetime(day.year, day.month, day.day, tzinfo=zone))


def day_of(zone: ZoneInfo, at: int) -> date:
    return datetime.fromtimestamp(at // MILLION, zone).date()


@lru_cache(maxsize=8192)
def marks(zone: ZoneInfo, day: date, interval: int) -> tuple[int, ...]:
    """Where the day's intervals end, the next midnight last; 23 or 25 hours where the clocks are changed."""
    start, end = midnight(zone, day), midnight(zone, day + timedelta(days=1))
    return (*range(start + interval, end, interval), end)
