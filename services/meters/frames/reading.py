"""Readings out of messages of frames, for the ingest: what `wire.read` is to readings, `read` is to frames.

A message is `{"frames": [{"hex", "at"?, "heard_at"?, "seq"?}]}`, an array or one of these; or raw frames, one behind the other.
When a frame's values were read is, in this order: `at`, said by whoever read the meter; the frame's own clock, unless it is
far from when it was heard; `heard_at`, stamped once by our listener. Nothing of all that: nobody knows when, and it is quarantined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from prometheus_client import Counter

from services.meters import frames, wire
from services.meters.frames import cjt188, dlt645, profiles
from services.meters.frames.faults import Fault
from services.meters.frames.items import Item
from services.meters.frames.stream import Found, Frame, Stream
from services.meters.model import UNITS

LOCAL = ZoneInfo("Asia/Shanghai")
"""Meters' clocks know no zone; this is the one they hang in."""
REMEMBERED = timedelta(days=62)
"""How long a concentrator may keep a frame before it is heard: a clock further off than that is wrong."""
MESSAGE_KEYS = ("hex", "frames")

counted = Counter("yikou_frames_total", "Meter frames by what became of them.", ["outcome"])
_outcomes = {
    name: counted.labels(name) for name in ("reading", "no-register", "not-an-answer", "quarantined")
}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Sent(msgspec.Struct, omit_defaults=True):
    """A frame as somebody sent it."""

    hex: str
    at: Moment | None = None
    heard_at: Moment | None = None
    seq: wire.Count = 0


class Batch(msgspec.Struct):
    frames: list[Sent]


_many = msgspec.json.Decoder(list[Sent])
_batch = msgspec.json.Decoder(Batch)
_one = msgspec.json.Decoder(Sent)
_anything = msgspec.json.Decoder()


def read(body: bytes, now: datetime) -> Iterator[wire.Row | wire.Refused]:
    """Everything in one message. What tells no register (voltages, requests, acknowledgements) gives no reading."""
    text = body.lstrip()
    if text[:1] in (b"{", b"["):
        yield from _Reader(now).read(_sent(text))
    else:
        yield from _Reader(now).read(_raw(body))


def _sent(text: bytes) -> Iterable[Sent | wire.Refused]:
    try:
        if text.startswith(b"["):
            return _many.decode(text)
        if text.startswith(b'{"frames"'):
            return _batch.decode(text).frames
        return [_one.decode(text)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return _piecewise(text)


def _piecewise(text: bytes) -> Iterator[Sent | wire.Refused]:
    """One bad frame must not take the good ones of its message with it."""
    try:
        found = _anything.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield wire.Refused("unparsable", text)
        return
    if isinstance(found, dict) and "frames" in found:
        found = found["frames"]
    for each in found if isinstance(found, list) else [found]:
        try:
            yield msgspec.convert(each, Sent)
        except (msgspec.ValidationError, RecursionError, ValueError) as error:
            slug = "no-time-zone" if "timezone" in str(error) else "malformed"
            yield wire.Refused(slug, msgspec.json.encode(each))


def _raw(body: bytes) -> Iterator[Sent | wire.Refused]:
    stream = Stream()
    found = stream.feed(body) + stream.finish()
    for each in found:
        if isinstance(each, Found):
            yield Sent(each.raw.hex())
        else:
            yield _refused(each.fault, Sent(each.raw.hex()))
    if not found:
        yield wire.Refused("unparsable", body)


class _Reader:
    """One message: answers of several frames are put together again."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._latest = now + wire.AHEAD
        self._begun: dict[str, list[tuple[Sent, dlt645.Frame]]] = {}
        self._outcomes = dict.fromkeys(_outcomes, 0)

    def read(self, sent: Iterable[Sent | wire.Refused]) -> Iterator[wire.Row | wire.Refused]:
        for each in sent:
            if isinstance(each, Sent):
                yield from self._one(each)
            else:
                self._outcomes["quarantined"] += 1
                yield each
        for parts in self._begun.values():
            yield from self._quarantine(Fault("unfinished"), parts[0][0], *parts[1:])
        for name, count in self._outcomes.items():
            if count:
                _outcomes[name].inc(count)

    def _one(self, sent: Sent) -> Iterator[wire.Row | wire.Refused]:
        try:
            data = bytes.fromhex(sent.hex)
        except ValueError:
            yield from self._quarantine(Fault("not-hex", 0), sent)
            return
        try:
            rows = self._rows(frames.decode(data), sent)
        except Fault as fault:
            yield from self._quarantine(fault, sent)
            return
        yield from rows

    def _rows(self, frame: Frame, sent: Sent) -> list[wire.Row | wire.Refused]:
        if frame.kind == "request":
            self._outcomes["not-an-answer"] += 1
            return []
        if not frame.address.isdecimal() or frame.address == dlt645.EVERYBODY:
            raise Fault("no-address", 1)
        if isinstance(frame, dlt645.Frame):
            if frame.kind == "error":
                raise Fault(
                    "meter-error", dlt645.HEAD, why=", ".join(slug for slug, _ in dlt645.errors(frame))
                )
            whole = self._whole(frame, sent)
            if whole is None:
                return []
            frame, sent = whole
            return self._made(frame.address, dlt645.items(frame), sent, None, None)
        if frame.kind == "error":
            raise Fault("meter-error", cjt188.HEAD, why=frame.data.hex().upper())
        profile = profiles.of_address(frame.address)
        items = cjt188.items(frame, profile=profile)
        clock = (
            next((item.value for item in items if item.name == "clock"), None)
            if profile.clock_trusted
            else None
        )
        quality = ",".join(profile.alarms(cjt188.status(frame, items)))[:32] or None
        return self._made(frame.address, items, sent, clock, quality)

    def _whole(self, frame: dlt645.Frame, sent: Sent) -> tuple[dlt645.Frame, Sent] | None:
        """The frame itself; of an answer in parts the whole when its last one is there."""
        if frame.function == "read" and frame.more:
            self._begun[frame.address] = [(sent, frame)]
            return None
        if frame.function != "read-more":
            return frame, sent
        parts = self._begun.get(frame.address)
        if parts is None:
            raise Fault("unfinished")
        parts.append((sent, frame))
        if frame.more:
            return None
        del self._begun[frame.address]
        return dlt645.joined([part for _, part in parts]), parts[0][0]

    def _made(
        self, meter: str, items: tuple[Item, ...], sent: Sent, clock: Any, quality: str | None
    ) -> list[wire.Row | wire.Refused]:
        told = [item for item in items if item.register is not None and item.value is not None]
        if not told:
            self._outcomes["no-register"] += 1
            return []
        at = self._when(sent, clock)
        slug = "future" if at > self._latest else "too-old" if at < wire.OLDEST else None
        rows: list[wire.Row | wire.Refused] = []
        for item in told:
            value = item.value
            assert isinstance(value, Decimal) and item.register is not None
            unit, factor = UNITS.get(item.unit, ("", Decimal(0)))
            wrong = slug or ("negative" if value < 0 else "" if unit else "unknown-unit")
            if wrong:
                content = {
                    "hex": sent.hex,
                    "register": item.register,
                    "value": str(value),
                    "unit": item.unit,
                    "at": at,
                }
                rows.append(wire.Refused(wrong, msgspec.json.encode(content)))
            else:
                value = value if factor == 1 else value * factor
                rows.append(wire.Row(meter, item.register, at, sent.seq, value, unit, quality))
        self._outcomes["quarantined" if slug else "reading"] += 1
        return rows

    def _when(self, sent: Sent, clock: str | None) -> datetime:
        if sent.at is not None:
            return sent.at
        own = None if clock is None else datetime.fromisoformat(clock).replace(tzinfo=LOCAL).astimezone(UTC)
        heard = sent.heard_at
        if heard is not None and not wire.OLDEST <= heard <= self._latest:
            return heard  # refused for it
        if own is not None and (heard is None or heard - REMEMBERED <= own <= heard + wire.AHEAD):
            return own
        if heard is None:
            raise Fault("no-clock")
        return heard

    def _quarantine(
        self, fault: Fault, sent: Sent, *more: tuple[Sent, dlt645.Frame]
    ) -> Iterator[wire.Refused]:
        self._outcomes["quarantined"] += 1
        yield _refused(fault, sent, *(part for part, _ in more))


def _refused(fault: Fault, sent: Sent, *more: Sent) -> wire.Refused:
    """What was sent, so that it can be sent again, and what is wrong with it."""
    content: dict[str, Any] = msgspec.to_builtins(sent)
    if more:
        content = {"frames": [content, *(msgspec.to_builtins(part) for part in more)]}
    return wire.Refused(fault.slug, msgspec.json.encode(content | {"problem": fault.en, "byte": fault.at}))
