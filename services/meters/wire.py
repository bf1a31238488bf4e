"""Readings as they arrive, checked one by one: what cannot be true goes to the quarantine with its reason.

This is the hot path, so msgspec decodes here where the rest of the house has marshmallow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import msgspec

from services.meters.model import UNITS

AHEAD = timedelta(minutes=10)
"""How far a device's clock may run before ours."""
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST = Decimal(10) ** 11
LONGEST = 4 * 1024 * 1024
"""Bytes of one message: the gateway lets half of it through, and decoding must not cost us all our memory."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Reading(msgspec.Struct, gc=False):  # nothing in it can form a circle
    meter: Name
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    value: Decimal
    unit: str
    register: Name = "total"
    seq: Count = 0
    quality: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class Batch(msgspec.Struct):
    readings: list[Reading]


class RawBatch(msgspec.Struct):
    readings: list[msgspec.Raw]


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
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_raw_batch = msgspec.json.Decoder(RawBatch)
_anything = msgspec.json.Decoder()


def read(body: bytes, now: datetime) -> Sequence[Row | Refused]:
    """Everything in one message: an object, an array, or `{"readings": […]}`."""
    if len(body) > LONGEST:
        return [Refused("message-too-large", body)]
    latest = now + AHEAD
    try:
        found = _whole(body)
        if _all_sound(found, latest):
            return [_row(one) for one in found]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError, ValueError):
        return _piecewise(body, latest)
    return [_judge(one, latest) for one in found]


def apart(body: bytes) -> list[bytes]:
    """Each reading of a message as a message of its own; none when there is nothing to take apart."""
    try:
        return [bytes(each) for each in _raws.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return [bytes(each) for each in _raw_batch.decode(body).readings]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


class _Named(msgspec.Struct):
    meter: Name


_named = msgspec.json.Decoder(_Named)


def meter_of(content: bytes) -> str | None:
    """Whose reading it was meant to be, of what could not be read as one; a name that can be shown, or none."""
    try:
        meter = _named.decode(content).meter
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return meter if meter.isprintable() else None


def _whole(body: bytes) -> list[Reading]:
    """The quick way, when every reading is well formed."""
    start = body.lstrip()[:12]
    if start.startswith(b"["):
        return _many.decode(body)
    if start.startswith(b'{"readings"'):
        return _batch.decode(body).readings
    return [_one.decode(body)]


def _all_sound(found: list[Reading], latest: datetime) -> bool:
    """What `_reason_against` asks of each, asked of all at once: half the cost of a good message. NaN raises here."""
    if not found:
        return True
    values = [one.value for one in found]
    moments = [one.at for one in found]
    return (
        min(values) >= 0
        and max(values) < LARGEST
        and min(moments) >= OLDEST
        and max(moments) <= latest
        and {one.unit for one in found} <= UNITS.keys()
        and "".join([one.meter + one.register + (one.quality or "") for one in found]).isprintable()
    )


def _row(one: Reading) -> Row:
    kept, factor = UNITS[one.unit]
    value = one.value if factor == 1 else one.value * factor
    return Row(one.meter, one.register, one.at, one.seq, value, kept, one.quality)


def _judge(one: Reading, latest: datetime) -> Row | Refused:
    reason = _reason_against(one, latest)
    return Refused(reason, msgspec.json.encode(one)) if reason else _row(one)


def _reason_against(one: Reading, latest: datetime) -> str | None:
    if not one.value.is_finite():
        return "not-a-number"
    if one.value < 0:
        return "negative"
    if one.value >= LARGEST:
        return "too-large"
    if one.at > latest:
        return "future"
    if one.at < OLDEST:
        return "too-old"
    if one.unit not in UNITS:
        return "unknown-unit"
    if not (one.meter + one.register + (one.quality or "")).isprintable():
        return "malformed"
    return None


def _piecewise(body: bytes, latest: datetime) -> list[Row | Refused]:
    """One bad reading must not take the good ones of its message with it."""
    try:
        found = _anything.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [Refused("unparsable", body)]
    if isinstance(found, dict) and "readings" in found:
        found = found["readings"]
    judged: list[Row | Refused] = []
    for each in found if isinstance(found, list) else [found]:
        try:
            one = msgspec.convert(each, Reading)
        except (msgspec.ValidationError, RecursionError, ArithmeticError, ValueError) as error:
            judged.append(Refused(_why_unreadable(error, each), msgspec.json.encode(each)))
        else:
            judged.append(_judge(one, latest))
    return judged


def _why_unreadable(error: Exception, each: Any) -> str:
    if not isinstance(each, dict):
        return "malformed"
    if "$.value" in str(error):
        return "not-a-number"
    return "no-time-zone" if "timezone" in str(error) else "malformed"
