"""CJ/T 188-2004 and -2018, water, heat and gas: `68 T A0…A6 C L DI DI SER … CS 16`, nothing added to the data.

The two editions differ in what concerns us by the order of the identifier's bytes: 2004 sends `90 1F`, 2018 `1F 90`. Meters
mix both, so both are read, and an answer is written in the order of its question. `decode` and `encode` are exact inverses.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from services.meters.frames import formats, profiles
from services.meters.frames.envelope import beginning, close, sealed, sent
from services.meters.frames.faults import Fault, Incomplete, shown
from services.meters.frames.items import Item
from services.meters.frames.profiles import Profile

PROTOCOL = "CJ/T 188"
EDITIONS = {"90 1F": "CJ/T 188-2004", "1F 90": "CJ/T 188-2018"}
ANYBODY = "AA" * 7
ANY_TYPE = 0xAA

TYPES = {
    0x10: ("cold-water", "冷水水表"),
    0x11: ("hot-water", "生活热水水表"),
    0x12: ("drinking-water", "直饮水水表"),
    0x13: ("reclaimed-water", "中水水表"),
    0x20: ("heat", "热量表（计热量）"),
    0x21: ("cold", "热量表（计冷量）"),
    0x22: ("heat-and-cold", "热量表（计热量和冷量）"),
    0x30: ("gas", "燃气表"),
    ANY_TYPE: ("any", "任意"),
}
KINDS = {1: "water", 2: "heat", 3: "gas"}
"""By the first figure of the type."""

FUNCTIONS = {
    0x01: "read",
    0x03: "read-address",
    0x04: "write",
    0x09: "read-key-version",
    0x15: "write-address",
    0x16: "set-register",
}
REPLY, ERROR = 0x80, 0xC0
_CONTROLS = (
    {code: (name, "request") for code, name in FUNCTIONS.items()}
    | {code | REPLY: (name, "reply") for code, name in FUNCTIONS.items()}
    | {code | ERROR: (name, "error") for code, name in FUNCTIONS.items()}
)

METER, ADDRESS, CLOCK, VALVE = "901F", "810A", "A015", "A017"
IDENTIFIERS = {
    METER: "计量数据",
    "8102": "价格表",
    "8103": "结算日",
    "8104": "抄表日",
    "8105": "购入金额",
    "8106": "密钥版本号",
    ADDRESS: "地址",
    "A010": "写价格表",
    "A011": "写结算日",
    "A012": "写抄表日",
    "A013": "写购入金额",
    "A014": "写新密钥",
    CLOCK: "写标准时间",
    "A016": "写机电同步数据",
    VALVE: "阀门控制",
    "A018": "写地址",
    "A019": "写出厂启用",
} | {f"D1{month:02X}": f"上{month - 0x1F}月结算日累积流量" for month in range(0x20, 0x2C)}
VALVES = {"open": 0x55, "close": 0x99}
HEAD = 11
"""Bytes before the data."""
_CLOCK = formats.moment("YYYYMMDDhhmmss")


class Frame(msgspec.Struct, frozen=True):
    """Address as printed on the meter, of which the first four figures are its maker's code."""

    type: int
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
    def meters(self) -> str | None:
        """water, heat, gas; None for any."""
        return KINDS.get(self.type >> 4)


class Content(NamedTuple):
    """The data taken apart. `swapped`: the identifier came in the order of 2018."""

    identifier: str
    swapped: bool
    serial: int
    rest: bytes


# -- bytes and frames ----------------------------------------------------------------------------------


def decode(data: bytes) -> Frame:
    """Exactly one frame, and nothing else but its preamble."""
    start = beginning(data)
    frame, end = frame_at(data, start)
    if end != len(data):
        raise Fault("trailing", end, count=len(data) - end)
    return frame


def frame_at(data: bytes, start: int) -> tuple[Frame, int]:
    """The frame whose 68 is at `start`, and where it ends."""
    if len(data) <= start + 1:
        raise Incomplete(len(data), start + 13)
    type_ = data[start + 1]
    if not is_type(type_):
        raise Fault("unknown-type", start + 1, found=shown(type_))
    end = close(data, start, 10, 13)
    address = data[start + 8 : start + 1 : -1].hex()
    control = data[start + 9]
    if not address.isdecimal():
        address = address.upper()
        if address != ANYBODY:
            raise _unreadable("address", start + 2, end)
    if control not in _CONTROLS:
        raise _unreadable("unknown-control", start + 9, end, found=shown(control))
    return Frame(type_, address, control, data[start + HEAD : end - 2]), end


def _unreadable(slug: str, at: int, end: int, **facts: str) -> Fault:
    fault = Fault(slug, at, **facts)
    fault.protocol, fault.sealed_until = PROTOCOL, end
    return fault


def encode(frame: Frame, preamble: int = 0) -> bytes:
    good_address = len(frame.address) == 14 and (
        (frame.address.isascii() and frame.address.isdecimal()) or frame.address == ANYBODY
    )
    if frame.control not in _CONTROLS or not is_type(frame.type) or not good_address:
        raise Fault("out-of-range", field="type, address or control code", found=frame.address)
    if len(frame.data) > 255:
        raise Fault("out-of-range", field="data", found=f"{len(frame.data)} bytes")
    head = bytes((0x68, frame.type)) + sent(frame.address) + bytes((frame.control, len(frame.data)))
    return sealed(head + frame.data, preamble)


def is_type(type_: int) -> bool:
    return (0x10 <= type_ <= 0x39 and type_ & 0x0F <= 9) or type_ == ANY_TYPE


# -- what is inside ------------------------------------------------------------------------------------


def content(frame: Frame, at: int = HEAD) -> Content:
    data = frame.data
    if len(data) < 3:
        raise Fault("short-data", at + len(data), wanted=3)
    identifier, swapped = data[:2].hex().upper(), data[1::-1].hex().upper()
    is_swapped = identifier not in IDENTIFIERS and swapped in IDENTIFIERS
    return Content(swapped if is_swapped else identifier, is_swapped, data[2], data[3:])


def items(frame: Frame, at: int = HEAD, profile: Profile | None = None) -> tuple[Item, ...]:
    """What a reply tells. `at` is where the data begin in the bytes: faults name their byte."""
    if frame.kind != "reply" or frame.function not in ("read", "read-address", "write"):
        return ()
    told = content(frame, at)
    if told.identifier == ADDRESS:
        return (Item(ADDRESS, "address", IDENTIFIERS[ADDRESS], frame.address),)
    if told.identifier not in IDENTIFIERS:
        raise Fault("unknown-identifier", at, found=told.identifier)
    profile = profile or profiles.of_address(frame.address)
    if told.identifier == METER:
        if frame.meters is None:
            raise Fault("unknown-type", at - 10, found=shown(frame.type))
        return profile.read(frame.meters, frame.data, 3, at + 3)
    if told.identifier == VALVE:
        if len(told.rest) < 2:
            raise Fault("short-data", at + len(frame.data), wanted=5)
        return (Item("status", "status", "状态", told.rest[:2].hex().upper()),)
    return (Item(told.identifier, "data", IDENTIFIERS[told.identifier], told.rest.hex().upper()),)


def status(frame: Frame, told: tuple[Item, ...]) -> bytes:
    """The two bytes of status in an answer; of an error reply, the last two. Nothing where there are none."""
    if frame.kind == "error":
        return frame.data[-2:] if len(frame.data) >= 2 else b""
    return next((bytes.fromhex(str(item.value)) for item in told if item.name == "status"), b"")


def edition(frame: Frame) -> str:
    """The year, where the order of the identifier's bytes shows it."""
    if frame.kind == "error" or len(frame.data) < 3:
        return PROTOCOL
    told = content(frame)
    if told.identifier not in IDENTIFIERS:
        return PROTOCOL
    return EDITIONS["1F 90" if told.swapped else "90 1F"]


# -- frames to send ------------------------------------------------------------------------------------


def request(
    type_: int,
    address: str,
    control: int,
    identifier: str,
    serial: int = 0,
    rest: bytes = b"",
    swapped: bool = False,
) -> Frame:
    name = bytes.fromhex(identifier)
    return Frame(type_, address, control, (name[::-1] if swapped else name) + bytes((serial & 0xFF,)) + rest)


def read_request(type_: int, address: str, serial: int = 0, swapped: bool = False) -> Frame:
    return request(type_, address, 0x01, METER, serial, swapped=swapped)


def reply(question: Frame, told: tuple[Item, ...], profile: Profile | None = None) -> Frame:
    """The answer to a reading, in the byte order and with the serial number of its question."""
    asked = content(question)
    if question.meters is None:
        raise Fault("unknown-type", found=shown(question.type))
    profile = profile or profiles.of_address(question.address)
    rest = profile.write(question.meters, told)
    return request(question.type, question.address, 0x81, asked.identifier, asked.serial, rest, asked.swapped)


def error_reply(question: Frame, status_: bytes) -> Frame:
    serial = content(question).serial
    return Frame(question.type, question.address, question.control | ERROR, bytes((serial,)) + status_)


def address_request(serial: int = 0, swapped: bool = False) -> Frame:
    return request(ANY_TYPE, ANYBODY, 0x03, ADDRESS, serial, swapped=swapped)


def address_reply(type_: int, address: str, serial: int = 0, swapped: bool = False) -> Frame:
    return request(type_, address, 0x83, ADDRESS, serial, swapped=swapped)


def valve_request(type_: int, address: str, command: str, serial: int = 0, swapped: bool = False) -> Frame:
    if command not in VALVES:
        raise Fault("out-of-range", field="valve", found=command)
    return request(type_, address, 0x04, VALVE, serial, bytes((VALVES[command],)), swapped)


def valve_reply(question: Frame, status_: bytes) -> Frame:
    asked = content(question)
    return request(
        question.type, question.address, 0x84, asked.identifier, asked.serial, status_, asked.swapped
    )


def valve_command(frame: Frame) -> str | None:
    """What a request to the valve wants."""
    rest = content(frame).rest
    return next((name for name, code in VALVES.items() if rest[:1] == bytes((code,))), None)


def set_clock(type_: int, address: str, local: str, serial: int = 0, swapped: bool = False) -> Frame:
    return request(type_, address, 0x04, CLOCK, serial, _CLOCK.write(local, "clock"), swapped)
