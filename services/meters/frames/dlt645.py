"""DL/T 645-2007, electricity: `68 A0…A5 68 C L DATA CS 16`, each byte of DATA sent with 33H added.

`decode` and `encode` are exact inverses on frames; `items` and `reply` on what is inside. A frame of the 1997 standard
has the same shape, other control codes and identifiers of two bytes: it is named and never read by this table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from services.meters.frames import formats
from services.meters.frames import items as table
from services.meters.frames.envelope import START, beginning, close, printed, sealed, sent
from services.meters.frames.faults import Fault, Incomplete, shown
from services.meters.frames.items import Item

PROTOCOL = "DL/T 645-2007"
PROTOCOL_1997 = "DL/T 645-1997"
ANYBODY = "AA" * 6
"""Any meter: for a line with one meter on it. High bytes only: a meter whose address ends so."""
EVERYBODY = "99" * 6
"""All meters, none of which answers."""

FUNCTIONS = {
    0x03: "security",
    0x08: "set-clocks",
    0x11: "read",
    0x12: "read-more",
    0x13: "read-address",
    0x14: "write",
    0x15: "write-address",
    0x16: "freeze",
    0x17: "set-speed",
    0x18: "set-password",
    0x19: "clear-demand",
    0x1A: "clear-meter",
    0x1B: "clear-events",
    0x1C: "relay",
}
REPLY, ERROR, MORE = 0x80, 0xC0, 0x20
_CONTROLS = (
    {code: (name, "request") for code, name in FUNCTIONS.items()}
    | {code | REPLY: (name, "reply") for code, name in FUNCTIONS.items() if code != 0x08}
    | {code | REPLY | MORE: (FUNCTIONS[code], "reply") for code in (0x11, 0x12)}
    | {code | ERROR: (name, "error") for code, name in FUNCTIONS.items() if code != 0x08}
)
_OLD_FUNCTIONS = (0x01, 0x02, 0x04, 0x0A, 0x0C, 0x0F, 0x10)
_OLD_CONTROLS = frozenset(
    code | flags for code in _OLD_FUNCTIONS for flags in (0, REPLY, REPLY | MORE, ERROR)
)
_REPEAT_OF_1997 = 0x03
"""Without data it is the 1997 standard's "once more"; the 2007 standard's authentication always has some."""

ERRORS = (
    ("other", "其他错误"),
    ("no-such-data", "无请求数据"),
    ("not-authorised", "密码错或未授权"),
    ("speed-fixed", "通信速率不能更改"),
    ("too-many-year-zones", "年时区数超"),
    ("too-many-day-slots", "日时段数超"),
    ("too-many-tariffs", "费率数超"),
)
RELAY = {
    0x1A: "open",
    0x1B: "may-close",
    0x1C: "close",
    0x2A: "alarm",
    0x2B: "alarm-off",
    0x3A: "keep-supply",
    0x3B: "keep-supply-off",
}

_PLUS = bytes((byte + 0x33) & 0xFF for byte in range(256))
_MINUS = bytes((byte - 0x33) & 0xFF for byte in range(256))
_ADDRESS = re.compile(r"(AA){0,6}[0-9]*")
_CLOCK = formats.moment("YYMMDDhhmmss")
HEAD = 10
"""Bytes before the data."""


class Frame(msgspec.Struct, frozen=True):
    """Address as printed on the meter; data without the 33H."""

    address: str
    control: int
    data: bytes = b""

    @property
    def function(self) -> str:
        return _CONTROLS[self.control][0]

    @property
    def kind(self) -> str:
        return _CONTROLS[self.control][1]

    @property
    def more(self) -> bool:
        """More frames of the same answer follow, when they are asked for."""
        return self.kind == "reply" and bool(self.control & MORE)

    @property
    def identifier(self) -> str | None:
        """Of the data, where the frame has one."""
        if self.function in ("read", "read-more", "write") and self.kind != "error" and len(self.data) >= 4:
            return printed(self.data[:4])
        return None


# -- bytes and frames ----------------------------------------------------------------------------------


def decode(data: bytes) -> Frame:
    """Exactly one frame, and nothing else but its preamble."""
    start = beginning(data)
    frame, end = frame_at(data, start)
    if end != len(data):
        raise Fault("trailing", end, count=len(data) - end)
    return frame


def frame_at(data: bytes, start: int) -> tuple[Frame, int]:
    """The frame whose first 68 is at `start`, and where it ends."""
    if len(data) <= start + 7:
        raise Incomplete(len(data), start + 12)
    if data[start + 7] != START:
        raise Fault("no-second-start", start + 7, found=shown(data[start + 7]))
    end = close(data, start, 9, 12)
    address = data[start + 6 : start : -1].hex()
    control = data[start + 8]
    if not address.isdecimal():
        address = address.upper()
        if not _ADDRESS.fullmatch(address):
            raise _unreadable("address", start + 1, end)
    if control not in _CONTROLS or (control & 0x1F == _REPEAT_OF_1997 and not data[start + 9]):
        if control in _OLD_CONTROLS or control & 0x1F == _REPEAT_OF_1997:
            raise _unreadable("old-standard", start + 8, end, PROTOCOL_1997, address)
        raise _unreadable("unknown-control", start + 8, end, found=shown(control))
    return Frame(address, control, data[start + HEAD : end - 2].translate(_MINUS)), end


def _unreadable(
    slug: str, at: int, end: int, protocol: str = PROTOCOL, meter: str | None = None, **facts: str
) -> Fault:
    fault = Fault(slug, at, **facts)
    fault.protocol, fault.meter, fault.sealed_until = protocol, meter, end
    return fault


def encode(frame: Frame, preamble: int = 0) -> bytes:
    if frame.control not in _CONTROLS or not _ADDRESS.fullmatch(frame.address) or len(frame.address) != 12:
        raise Fault("out-of-range", field="address or control code", found=frame.address)
    if len(frame.data) > 255:
        raise Fault("out-of-range", field="data", found=f"{len(frame.data)} bytes")
    body = b"".join(
        (
            b"\x68",
            sent(frame.address),
            bytes((START, frame.control, len(frame.data))),
            frame.data.translate(_PLUS),
        )
    )
    return sealed(body, preamble)


# -- what is inside ------------------------------------------------------------------------------------


def items(frame: Frame, at: int = HEAD) -> tuple[Item, ...]:
    """What a reply to a reading tells. `at` is where the data begin in the bytes: faults name their byte."""
    if frame.function == "read-address" and frame.kind == "reply":
        return (table.read("04000401", frame.data, 0, at)[0],)
    if frame.function != "read" or frame.kind != "reply":
        return ()
    if len(frame.data) < 4:
        raise Fault("short-data", at + len(frame.data), wanted=4)
    if frame.more:
        raise Fault("unfinished", at)
    return table.read(printed(frame.data[:4]), frame.data, 4, at + 4)


def errors(frame: Frame) -> tuple[tuple[str, str], ...]:
    """What the meter objects to, from an error reply: (slug, Chinese)."""
    word = frame.data[0] if frame.data else 0
    return tuple(error for bit, error in enumerate(ERRORS) if word >> bit & 1) or (("unspecified", "未说明"),)


def joined(frames: Sequence[Frame]) -> Frame:
    """One answer of several frames (`read` with more to follow, then `read-more`) as if it had fitted into one."""
    first, *others = frames
    data = first.data
    for number, frame in enumerate(others, 1):
        if frame.address != first.address or frame.data[:4] != data[:4] or len(frame.data) < 5:
            raise Fault("unfinished")
        if frame.data[-1] != number:
            raise Fault("out-of-sequence", wanted=number, found=frame.data[-1])
        data += frame.data[4:-1]
    if frames[-1].more:
        raise Fault("unfinished")
    return Frame(first.address, 0x91, data)


# -- frames to send ------------------------------------------------------------------------------------


def read_request(address: str, identifier: str) -> Frame:
    return Frame(address, 0x11, sent(identifier))


def read_more_request(address: str, identifier: str, number: int) -> Frame:
    return Frame(address, 0x12, sent(identifier) + bytes((number,)))


def reply(address: str, identifier: str, told: Iterable[Item]) -> Frame:
    return Frame(address, 0x91, sent(identifier) + table.write(identifier, tuple(told)))


def replies(frame: Frame, room: int) -> list[Frame]:
    """A reply cut into frames of at most `room` bytes of data; the inverse of `joined`."""
    identifier, data = frame.data[:4], frame.data[4:]
    parts = [data[start : start + room] for start in range(0, len(data), room)] or [b""]
    last = len(parts) - 1
    return [
        Frame(
            frame.address,
            (0x92 if number else 0x91) | (MORE if number < last else 0),
            identifier + part + (bytes((number,)) if number else b""),
        )
        for number, part in enumerate(parts)
    ]


def error_reply(address: str, function: int, *slugs: str) -> Frame:
    names = [slug for slug, _ in ERRORS]
    return Frame(address, function | ERROR, bytes((sum(1 << names.index(slug) for slug in slugs),)))


def address_request() -> Frame:
    return Frame(ANYBODY, 0x13)


def address_reply(address: str) -> Frame:
    return Frame(address, 0x93, sent(address))


def set_clocks(local: str, address: str = EVERYBODY) -> Frame:
    """To all meters, without an answer; `local` as `2026-03-01T08:00:00`."""
    return Frame(address, 0x08, _CLOCK.write(local, "clock"))


def relay_request(address: str, command: str, until: str, password: str, operator: str) -> Frame:
    """Cut off and reconnect; `password` (level and three bytes) and `operator` as eight figures each."""
    code = next((code for code, name in RELAY.items() if name == command), None)
    if code is None:
        raise Fault("out-of-range", field="relay", found=command)
    who = b"".join(
        formats.figures(4).write(word, name)
        for word, name in ((password, "password"), (operator, "operator"))
    )
    return Frame(address, 0x1C, who + bytes((code, 0)) + _CLOCK.write(until, "until"))


def relay_command(frame: Frame) -> tuple[str, str | None]:
    """(command, until) of a request to the relay; who asked and by which password is nobody's business here."""
    if len(frame.data) != 16:
        raise Fault("short-data", HEAD + len(frame.data), wanted=16)
    command = RELAY.get(frame.data[8])
    if command is None:
        raise Fault("out-of-range", HEAD + 8, field="relay", found=shown(frame.data[8]))
    return command, _CLOCK.read(frame.data[10:], HEAD + 10, "until")
