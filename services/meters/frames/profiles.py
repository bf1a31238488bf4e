"""What CJ/T 188 leaves to the makers of meters, read from `data/frame_profiles.yaml`.

`YIKOU_FRAME_PROFILES` names another file of that form, so that a maker's code is added without a release.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.meters.frames import formats
from services.meters.frames.faults import Fault, shown
from services.meters.frames.formats import Format
from services.meters.frames.items import Item

FILE = Path(__file__).parents[1] / "data" / "frame_profiles.yaml"
STANDARD = "standard"


class StatusBits(NamedTuple):
    name: str
    zh: str
    byte: int
    mask: int
    values: dict[int, str]
    alarm: frozenset[str]


class Part(NamedTuple):
    """A field of an answer: its value, and for amounts the code of its unit beside it."""

    name: str
    zh: str
    format: Format
    unit: str
    has_unit: bool
    is_status: bool
    is_clock: bool
    register: str | None
    size: int


class Profile(NamedTuple):
    name: str
    unit_first: bool
    clock_trusted: bool
    meters: dict[str, tuple[Part, ...]]
    status: tuple[StatusBits, ...]
    units: dict[int, str]
    codes: dict[str, int]

    def read(self, kind: str, data: bytes, start: int, at: int) -> tuple[Item, ...]:
        """The items of an answer to 901F in `data[start:]`; `at` is where that is in the frame."""
        items = []
        here = start
        for part in self.meters[kind]:
            end = here + part.size
            where = at + here - start
            if end > len(data):
                raise Fault("short-data", at + len(data) - start, wanted=end - start)
            unit, fault = part.unit, None
            if part.has_unit:
                place = here if self.unit_first else end - 1
                known = self.units.get(data[place])
                if known is None:
                    raise Fault("unknown-unit", at + place - start, found=shown(data[place]))
                unit = known
                value = data[here + 1 : end] if self.unit_first else data[here : end - 1]
                told = part.format.read(value, where + self.unit_first, part.name)
            else:
                try:
                    told = part.format.read(data[here:end], where, part.name)
                except Fault as found:
                    if not part.is_clock:
                        raise
                    told, fault = None, found
            items.append(Item(part.name, part.name, part.zh, told, unit, None, part.register, fault))
            here = end
        if here < len(data):
            raise Fault("long-data", at + here - start, count=len(data) - here)
        return tuple(items)

    def write(self, kind: str, items: tuple[Item, ...]) -> bytes:
        given = {item.name: item for item in items}
        written = b""
        for part in self.meters[kind]:
            item = given.get(part.name)
            if item is None:
                raise Fault("no-item", field=part.name)
            value = part.format.write(item.value, part.name)
            if part.has_unit:
                if item.unit not in self.codes:
                    raise Fault("unknown-unit", found=item.unit)
                code = bytes((self.codes[item.unit],))
                value = code + value if self.unit_first else value + code
            written += value
        return written

    def told_by(self, status: bytes) -> list[tuple[StatusBits, str]]:
        """What a status says: (which bits, their meaning)."""
        return [
            (bits, bits.values.get(status[bits.byte] & bits.mask, shown(status[bits.byte] & bits.mask)))
            for bits in self.status
            if bits.byte < len(status)
        ]

    def alarms(self, status: bytes) -> list[str]:
        return [f"{bits.name}-{meaning}" for bits, meaning in self.told_by(status) if meaning in bits.alarm]


def of_address(address: str) -> Profile:
    """The profile of a meter's maker, or the standard's."""
    named, makers = _book()
    return named[makers.get(address[:4], STANDARD)]


def named(name: str) -> Profile:
    return _book()[0][name]


def names() -> list[str]:
    return list(_book()[0])


@lru_cache(maxsize=1)
def _book() -> tuple[dict[str, Profile], dict[str, str]]:
    file = Path(os.environ.get("YIKOU_FRAME_PROFILES") or FILE)
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    units = {int(str(code), 16): unit for code, unit in told["units"].items()}
    codes = {unit: code for code, unit in units.items()}
    standard = told["profiles"][STANDARD]
    profiles: dict[str, Profile] = {}
    makers: dict[str, str] = {}
    for name, own in told["profiles"].items():
        lines: dict[str, Any] = standard | own
        lines["meters"] = standard["meters"] | own.get("meters", {})
        profiles[name] = Profile(
            name,
            lines["unit"] == "before",
            lines["clock"] == "trusted",
            {kind: tuple(_part(line) for line in parts) for kind, parts in lines["meters"].items()},
            tuple(
                StatusBits(
                    line["name"],
                    line["zh"],
                    line["byte"],
                    line["mask"],
                    line["values"],
                    frozenset(line.get("alarm", ())),
                )
                for line in lines["status"]
            ),
            units,
            codes,
        )
        makers |= {str(maker): name for maker in own.get("makers", ())}
    return profiles, makers


def _part(line: dict[str, Any]) -> Part:
    has_unit, is_status = "amount" in line, "status" in line
    if is_status:
        format_ = formats.bytes_as_sent(line["status"])
    else:
        format_ = formats.of(line.get("amount") or line.get("number") or line["time"])
    return Part(
        line["name"],
        line["zh"],
        format_,
        line.get("unit", ""),
        has_unit,
        is_status,
        "time" in line,
        line.get("register"),
        format_.size + has_unit,
    )
