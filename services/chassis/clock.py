"""The one place where time is read. Everything inside is aware UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def iso(at: datetime) -> str:
    """ISO 8601 in UTC with a Z, milliseconds kept."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_exact(at: datetime) -> str:
    """ISO 8601 with every microsecond, for cursors that must find the same row again."""
    return at.astimezone(UTC).isoformat()


def parse(text: str) -> datetime:
    """The aware moment in `text`; ValueError when it has no offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone offset")
    return at.astimezone(UTC)


__all__ = ["UTC", "datetime", "epoch_ms", "iso", "iso_exact", "now", "parse", "timedelta"]
