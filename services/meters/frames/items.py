"""A value that a meter tells, with its name; and the table of data identifiers that says how each is written."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from services.meters.frames import formats
from services.meters.frames.faults import Fault
from services.meters.frames.formats import Format

FILE = Path(__file__).parents[1] / "data" / "dlt645_identifiers.yaml"
TARIFFS = ("total", "sharp", "peak", "flat", "valley")
TARIFFS_ZH = ("总", "尖", "峰", "平", "谷")
PHASES = ("total", "a", "b", "c")
PHASES_ZH = ("总", "A相", "B相", "C相")
SETTLEMENTS = 12


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """`value` is None where the meter has none. `register` where it is a meter reading, `when` where it tells its own time.

    `fault` where a meter's clock shows no date there is: its registers are as good as ever.
    """

    id: str
    name: str
    zh: str
    value: Decimal | str | None
    unit: str = ""
    when: str | None = None
    register: str | None = None
    fault: Fault | None = None


class Field(NamedTuple):
    """One value behind an identifier."""

    id: str
    name: str
    zh: str
    format: Format
    unit: str
    when: Format | None
    register: str | None
    size: int

    def read(self, data: bytes, start: int, at: int) -> Item:
        """From `data[start:]`; `at` is where that is in the frame."""
        middle = start + self.format.size
        value = self.format.read(data[start:middle], at, self.name)
        when = None
        if self.when is not None:
            when = self.when.read(data[middle : start + self.size], at + self.format.size, self.name)
        return Item(self.id, self.name, self.zh, value, self.unit, when, self.register)

    def write(self, item: Item) -> bytes:
        written = self.format.write(item.value, self.name)
        return written + self.when.write(item.when, self.name) if self.when is not None else written


class Entry(NamedTuple):
    """An identifier: one field, or as many as the data hold of a block's."""

    fields: tuple[Field, ...]
    block: bool


@lru_cache(maxsize=4096)
def entry(identifier: str) -> Entry | None:
    """What stands behind an identifier such as `00010000`; None when the table does not say."""
    for line in _table():
        found = _match(line, identifier)
        if found is not None:
            return found
    return None


def read(identifier: str, data: bytes, start: int, at: int) -> tuple[Item, ...]:
    """The items in `data[start:]`, of which the first byte is byte `at` of the frame."""
    found = entry(identifier)
    if found is None:
        raise Fault("unknown-identifier", at, found=identifier)
    if not found.block:
        (field,) = found.fields
        if len(data) - start == field.size:
            return (field.read(data, start, at),)
    items: list[Item] = []
    here = start
    for field in found.fields:
        if here == len(data) and items and found.block:
            break
        if len(data) - here < field.size:
            raise Fault("short-data", at + len(data) - start, wanted=here - start + field.size)
        items.append(field.read(data, here, at + here - start))
        here += field.size
    if here < len(data):
        raise Fault("long-data", at + here - start, count=len(data) - here)
    return tuple(items)


def write(identifier: str, items: tuple[Item, ...]) -> bytes:
    found = entry(identifier)
    if found is None:
        raise Fault("unknown-identifier", found=identifier)
    if not items or len(items) > len(found.fields):
        raise Fault("no-item", field=identifier)
    return b"".join(field.write(item) for field, item in zip(found.fields, items, strict=False))


def _match(line: _Line, identifier: str) -> Entry | None:
    fields: list[Field] = []
    choices: list[tuple[str, int]] = []
    block = False
    for place, word in enumerate(line.di):
        byte = identifier[place * 2 : place * 2 + 2]
        if word not in _RANGES:
            if byte != word:
                return None
            continue
        first, last, may_be_block = _RANGES[word]
        if byte == "FF" and may_be_block and not block:
            block = True
            choices.append((word, -1))
        elif first <= int(byte, 16) <= last:
            choices.append((word, int(byte, 16)))
        else:
            return None
    if not block:
        return Entry((_field(line, identifier, dict(choices)),), False)
    word = next(word for word, value in choices if value < 0)
    first, last, _ = _RANGES[word]
    place = line.di.index(word) * 2
    for value in range(first, last + 1):
        own = f"{identifier[:place]}{value:02X}{identifier[place + 2 :]}"
        fields.append(_field(line, own, dict(choices) | {word: value}))
    return Entry(tuple(fields), True)


# First, last, and whether FF asks for all of them.
_RANGES = {
    "tt": (0, 0x3F, True),
    "ss": (0, SETTLEMENTS, False),
    "pp": (1, 3, True),
    "PP": (0, 3, True),
}


def _field(line: _Line, identifier: str, chosen: dict[str, int]) -> Field:
    name, zh, register = line.name, line.zh, None
    if "tt" in chosen:
        tariff = chosen["tt"]
        called = TARIFFS[tariff] if tariff < len(TARIFFS) else f"tariff_{tariff}"
        name += f"_{called}"
        zh += f"（{TARIFFS_ZH[tariff] if tariff < len(TARIFFS) else f'费率{tariff}'}）"
        if line.registers is not None and chosen["ss"] == 0:
            register = line.registers + called
    if chosen.get("ss"):
        name += f"_{chosen['ss']}_settlements_ago"
        zh = f"上{chosen['ss']}结算日{zh}"
    for word in ("pp", "PP"):
        if word in chosen:
            name += f"_{PHASES[chosen[word]]}"
            zh = f"{PHASES_ZH[chosen[word]]}{zh}"
    size = line.format.size + (line.when.size if line.when else 0)
    return Field(identifier, name, zh, line.format, line.unit, line.when, register, size)


class _Line(NamedTuple):
    di: tuple[str, ...]
    name: str
    zh: str
    format: Format
    unit: str
    when: Format | None
    registers: str | None


@lru_cache(maxsize=1)
def _table() -> list[_Line]:
    lines: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [
        _Line(
            tuple(str(line["di"]).split()),
            line["name"],
            line["zh"],
            formats.of(line["format"], line.get("signed", False)),
            line.get("unit", ""),
            formats.of(line["when"]) if "when" in line else None,
            line.get("registers"),
        )
        for line in lines
    ]
