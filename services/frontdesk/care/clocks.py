"""How long everything may take, as dated data of a place: `data/clocks/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from services.chassis.calendar import ZONE, Promise
from services.chassis.identifiers import within

DATA = Path(__file__).parents[1] / "data" / "clocks"
TOLD = ("head", "supervisor", "street-leader")


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of supervision: so long after the due time, and who hears of it beside the unit."""

    level: Annotated[int, msgspec.Meta(ge=1, le=3)]
    tells: tuple[str, ...]
    after: Promise | None = None

    @property
    def kind(self) -> str:
        return "overdue" if self.level == 1 else f"overdue-{self.level}"


class Clocks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sign: Promise
    adjudicate: Promise
    near_due_left: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    supervision: tuple[Level, ...]
    call_back: Promise
    call_again: Promise
    call_tries: Annotated[int, msgspec.Meta(ge=1, le=10)]
    bad_rating_contact: Promise
    redo: Promise
    invite_rating_after: Promise
    archive_after: Promise
    check_on_site: Promise
    check_online: Promise
    follow_up: Promise
    reuse_materials: Promise

    def level(self, kind: str) -> Level | None:
        return next((level for level in self.supervision if level.kind == kind), None)


def of(place: str, at: datetime) -> Clocks:
    """The figures that hold at a place for what begins at a moment."""
    return _of(place, at.astimezone(ZONE).date())


@cache
def _of(place: str, day: date) -> Clocks:
    figures: dict[str, Any] = {}
    for one in _files():
        if within(place, one["place"]) and one["valid_from"] <= day:
            figures |= {name: value for name, value in one.items() if name not in ("place", "valid_from")}
    return read(figures)


def read(figures: Mapping[str, Any]) -> Clocks:
    """Raises msgspec.ValidationError when a figure is missing, unknown or no figure."""
    clocks = msgspec.convert(figures, Clocks, dec_hook=_decode)
    strangers = [told for level in clocks.supervision for told in level.tells if told not in TOLD]
    if strangers:
        raise msgspec.ValidationError(f"supervision tells {strangers}, who is nobody")
    if not clocks.reuse_materials.round_the_clock:
        raise msgspec.ValidationError("reuse_materials is counted in days, backwards")
    return clocks


@cache
def _files() -> list[dict[str, Any]]:
    """From the general to the particular and from the older to the newer: the last has the last word."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.yaml"))]
    return sorted(files, key=lambda one: (len(one["place"]), one["valid_from"]))


def _decode(wanted: type, value: Any) -> Any:
    if wanted is Promise:
        return Promise.parse(value)
    raise NotImplementedError(wanted)
