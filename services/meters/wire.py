"""Readings as they arrive, checked one by one: what cannot be true goes to the quarantine with its reason.

This is the hot path, so msgspec decodes here where the rest of the house has marshmallow.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import msgspec

from services.meters.model import UNITS

AHEAD = timedelta(minutes=10)
"""How far a device's clock may run before ours."""
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST = Decimal(10) ** 11

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Reading(msgspec.Struct):
    meter: Name
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    value: Decimal
    unit: str
    register: Name = "total"
    seq: Count = 0
    quality: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class Batch(msgspec.Struct):
    readings: list[Reading]


class Row(NamedTuple):
    """A reading ready to be stored, in the unit of its kind."""

    meter: str
    register: str
    at: datetime
    seq: int
    value: Decimal
    unit: str
    quality: str | None


class Refused(NamedTuple):
    reason: str
    content: bytes


_many = msgspec.json.Decoder(list[Reading])
_batch = msgspec.json.Decoder(Batch)
_one = msgspec.json.Decoder(Reading)
_anything = msgspec.json.Decoder()


def read(body: bytes, now: datetime) -> Iterator[Row | Refused]:
    """Everything in one message: an object, an array, or `{"readings": […]}`."""
    try:
        found = _whole(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError, ValueError):
        yield from _piecewise(body, now)
        return
    latest = now + AHEAD
    for reading in found:
        yield _check(reading, latest) or _refuse(reading, latest)


def _whole(body: bytes) -> list[Reading]:
    """The quick way, when every reading is well formed."""
    start = body.lstrip()[:12]
    if start.startswith(b"["):
        return _many.decode(body)
    if start.startswith(b'{"readings"'):
        return _batch.decode(body).readings
    return [_one.decode(body)]


def _check(reading: Reading, latest: datetime) -> Row | None:
    unit = UNITS.get(reading.unit)
    value = reading.value
    if (
        unit is None
        or not value.is_finite()
        or not 0 <= value < LARGEST
        or not OLDEST <= reading.at <= latest
        or not reading.meter.isprintable()
        or not reading.register.isprintable()
        or not (reading.quality is None or reading.quality.isprintable())
    ):
        return None
    kept, factor = unit
    return Row(
        reading.meter,
        reading.register,
        reading.at,
        reading.seq,
        value if factor == 1 else value * factor,
        kept,
        reading.quality,
    )


def _refuse(reading: Reading, latest: datetime) -> Refused:
    if not reading.value.is_finite():
        reason = "not-a-number"
    elif reading.value < 0:
        reason = "negative"
    elif reading.value >= LARGEST:
        reason = "too-large"
    elif reading.at > latest:
        reason = "future"
    elif reading.at < OLDEST:
        reason = "too-old"
    elif reading.unit not in UNITS:
        reason = "unknown-unit"
    else:
        reason = "malformed"
    return Refused(reason, msgspec.json.encode(reading))


def _piecewise(body: bytes, now: datetime) -> Iterator[Row | Refused]:
    """One bad reading must not take the good ones of its message with it."""
    try:
        found = _anything.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield Refused("unparsable", body)
        return
    if isinstance(found, dict) and "readings" in found:
        found = found["readings"]
    latest = now + AHEAD
    for each in found if isinstance(found, list) else [found]:
        try:
            reading = msgspec.convert(each, Reading)
        except (msgspec.ValidationError, RecursionError, ArithmeticError, ValueError) as error:
            yield Refused(_reason(error, each), msgspec.json.encode(each))
        else:
            yield _check(reading, latest) or _refuse(reading, latest)


def _reason(error: Exception, each: Any) -> str:
    if not isinstance(each, dict):
        return "malformed"
    if "$.value" in str(error):
        return "not-a-number"
    return "no-time-zone" if "timezone" in str(error) else "malformed"
