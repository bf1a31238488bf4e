"""Numbers, dates and words of bits as meters write them: BCD, low byte first. `XXX.X` is read as it looks.

A field filled with FF says that the meter has no such value. The top bit of a signed number is its sign.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.meters.frames.faults import Fault


class Format(NamedTuple):
    """How many bytes, how to read them (data, offset in the frame, name), how to write them (value, name)."""

    size: int
    read: Callable[[bytes, int, str], Any]
    write: Callable[[Any, str], bytes]


def number(pattern: str, signed: bool = False) -> Format:
    whole, _, part = pattern.partition(".")
    digits, decimals = len(whole) + len(part), len(part)
    size = digits // 2
    absent = b"\xff" * size
    largest = 8 * 10 ** (digits - 1) if signed else 10**digits

    def read(data: bytes, at: int, name: str) -> Decimal | None:
        text = data[::-1].hex()
        if text.isdecimal() and not (signed and text[0] > "7"):
            return Decimal(f"{text[:-decimals]}.{text[-decimals:]}") if decimals else Decimal(text)
        if data == absent:
            return None
        if signed and text[0] > "7":
            text = f"{int(text[0], 16) - 8}{text[1:]}"
            if text.isdecimal():
                return Decimal(f"-{text}").scaleb(-decimals)
        bad = next(index for index, byte in enumerate(data) if not f"{byte:02x}".isdecimal())
        raise Fault("not-bcd", at + bad, field=name, found=data.hex(" ").upper())

    def write(value: Decimal | None, name: str) -> bytes:
        if value is None:
            return absent
        scaled = value.scaleb(decimals)
        if scaled != scaled.to_integral_value() or abs(scaled) >= largest:
            raise Fault("out-of-range", field=name, found=value)
        if value.is_signed() and not signed:
            raise Fault("out-of-range", field=name, found=value)
        written = bytearray.fromhex(f"{int(abs(scaled)):0{digits}d}")
        if value.is_signed():
            written[0] |= 0x80
        return bytes(written[::-1])

    return Format(size, read, write)


def figures(size: int) -> Format:
    """Digits that are a name and not a number."""

    def read(data: bytes, at: int, name: str) -> str | None:
        text = data[::-1].hex()
        if text.isdecimal():
            return text
        if data == b"\xff" * size:
            return None
        raise Fault("not-bcd", at, field=name, found=data.hex(" ").upper())

    def write(value: str | None, name: str) -> bytes:
        if value is None:
            return b"\xff" * size
        if not re.fullmatch(rf"[0-9]{{{size * 2}}}", value):
            raise Fault("out-of-range", field=name, found=value)
        return bytes.fromhex(value)[::-1]

    return Format(size, read, write)


def bits(size: int) -> Format:
    """A word of status bits, as hexadecimal."""

    def write(value: str, name: str) -> bytes:
        if not re.fullmatch(rf"[0-9A-F]{{{size * 2}}}", value):
            raise Fault("out-of-range", field=name, found=value)
        return bytes.fromhex(value)[::-1]

    return Format(size, lambda data, at, name: data[::-1].hex().upper(), write)


def bytes_as_sent(size: int) -> Format:
    """Bytes whose meaning somebody else knows, in hexadecimal and in the order of the wire."""

    def write(value: str, name: str) -> bytes:
        if not re.fullmatch(rf"[0-9A-F]{{{size * 2}}}", value):
            raise Fault("out-of-range", field=name, found=value)
        return bytes.fromhex(value)

    return Format(size, lambda data, at, name: data.hex().upper(), write)


def moment(order: str) -> Format:
    """A local date and time, ISO 8601 without offset: `YYYYMMDDhhmmss`, `YYMMDDhhmm`, `YYMMDDWW`, `hhmmss`.

    The day of the week (WW, 00 is Sunday) follows from the date. A clock that was never set is all zero, and says nothing.
    """
    size = len(order) // 2
    week = order.find("WW")
    plain = order.replace("WW", "")
    century = "" if plain.startswith("YYYY") or "Y" not in plain else "20"
    has_day, has_time = "DD" in plain, "hh" in plain
    day_ends = 8 if has_day else 0
    pattern = _PATTERN_OF[plain.removeprefix("YY") if plain.startswith("YYYY") else plain]

    def read(data: bytes, at: int, name: str) -> str | None:
        text = data[::-1].hex()
        if not text.isdecimal():
            if data == b"\xff" * size:
                return None
        elif has_day and not data.strip(b"\0"):
            return None
        else:
            day_of_week = text[week : week + 2] if week >= 0 else ""
            if day_of_week:
                text = text[:week] + text[week + 2 :]
            text = century + text
            day, clock = text[:day_ends], text[day_ends:]
            good = day_of_week <= "06" and (not has_day or _is_day(day))
            if good and clock[:2] < "24" and clock[2:4] < "60" and clock[4:] < "60":
                shown_day = f"{day[:4]}-{day[4:6]}-{day[6:]}" if has_day else ""
                shown_time = ":".join(re.findall("..", clock))
                return f"{shown_day}T{shown_time}" if has_day and has_time else shown_day or shown_time
        raise Fault("not-a-date", at, field=name, found=data.hex(" ").upper())

    def write(value: str | None, name: str) -> bytes:
        if value is None:
            return (b"\0" if has_day else b"\xff") * size
        text = re.sub("[-:T]", "", value) if re.fullmatch(pattern, value) else ""
        day = text[:day_ends]
        if not text or (has_day and not _is_day(day)) or not day.startswith(century):
            raise Fault("out-of-range", field=name, found=value)
        text = text.removeprefix(century)
        if week >= 0:
            day_of_week = date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}").isoweekday() % 7
            text = f"{text[:week]}{day_of_week:02d}{text[week:]}"
        return bytes.fromhex(text)[::-1]

    return Format(size, read, write)


_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = r"([01][0-9]|2[0-3])"
_SIXTY = r":[0-5][0-9]"
_PATTERN_OF = {
    "YYMMDDhhmmss": f"{_DAY}T{_HOUR}{_SIXTY}{_SIXTY}",
    "YYMMDDhhmm": f"{_DAY}T{_HOUR}{_SIXTY}",
    "YYMMDD": _DAY,
    "hhmmss": f"{_HOUR}{_SIXTY}{_SIXTY}",
}


def _is_day(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    return year >= 1900 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def of(pattern: str, signed: bool = False) -> Format:
    """`XXXXXX.XX` a number, `YYMMDDhhmm` a moment, `N12` twelve digits, `B16` sixteen bits."""
    if pattern.startswith("X"):
        return number(pattern, signed)
    if pattern.startswith("N"):
        return figures(int(pattern[1:]) // 2)
    if pattern.startswith("B"):
        return bits(int(pattern[1:]) // 8)
    return moment(pattern)
