"""What a residents' committee does not certify, as dated data of a place, and who does instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from services.chassis.errors import Forbidden
from services.chassis.identifiers import within
from services.frontdesk.matters import Text

DATA = Path(__file__).parents[1] / "data" / "certificates"


class CertificateNotIssued(Forbidden):
    """“{title_en}” is not certified here: {why_en} ({source}). Instead: {instead_en}."""

    zh = "此处不出具“{title_zh}”：{why_zh}（{source}）。替代办法：{instead_zh}。"


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: str
    zh: str
    en: str
    instead: Text


class List(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One authority's list: it adds to those of the larger places around it, and may leave out items of theirs."""

    place: str
    valid_from: date
    valid_until: date | None = None
    source: str
    reason: Text
    leaves_out: tuple[str, ...] = ()
    items: tuple[Item, ...]

    def holds(self, place: str, day: date) -> bool:
        return (
            within(place, self.place)
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True)
class Blocked:
    item: Item
    by: List

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.item.code,
            "title_zh": self.item.zh,
            "title_en": self.item.en,
            "why_zh": self.by.reason.zh,
            "why_en": self.by.reason.en,
            "instead_zh": self.item.instead.zh,
            "instead_en": self.item.instead.en,
            "place": self.by.place,
            "valid_from": self.by.valid_from.isoformat(),
            "source": self.by.source,
        }

    def refusal(self) -> CertificateNotIssued:
        return CertificateNotIssued(**self.as_dict())


@cache
def _lists() -> tuple[List, ...]:
    """From the general to the particular, so that a place's own list has the last word."""
    files = sorted(DATA.glob("not-issued-*.yaml"))
    found = [msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), List) for file in files]
    return tuple(sorted(found, key=lambda one: (len(one.place), one.valid_from)))


def blocked(place: str, day: date) -> list[Blocked]:
    found: dict[str, Blocked] = {}
    for one in _lists():
        if one.holds(place, day):
            for code in one.leaves_out:
                found.pop(code, None)
            found.update({item.code: Blocked(item, one) for item in one.items})
    return list(found.values())


def refuse_blocked(place: str, day: date, *names: str) -> None:
    """Each name is what somebody asks for: a matter's code or slug, or the document it would give."""
    for one in blocked(place, day):
        if {one.item.code, f"{one.item.code}-certificate", one.item.zh}.intersection(names):
            raise one.refusal()
