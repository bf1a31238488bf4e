"""The dated figures of `data/vee.yaml`, as the rules count with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.meters.vee.amounts import HOUR, MILLION, amount, datetime_of
from services.meters.vee.days import Filling
from services.meters.vee.rules import FAMILY_RULES, ONE, RULES

FILE = Path(__file__).parents[1] / "data" / "vee.yaml"
OFF = "off"
"""A register's own figure that switches a rule off for it."""


class UnknownFigure(ValueError):
    """There is no such rule, or it has no such figure."""


@dataclass(frozen=True, eq=False)
class Edition:
    """The rules as they are in force from one day to the next edition."""

    since: date
    version: int
    interval: int
    hold: Mapping[str, int]
    filling: Filling
    rules: Mapping[str, Mapping[str, Any]]
    """As written in the file."""

    def limits(self, kind: str, own: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, int]]:
        """Rule -> its figures for a register of this kind; what is off is not there."""
        return _limits(self, kind) if not own else _resolved(self, kind, own)


@cache
def _limits(edition: Edition, kind: str) -> Mapping[str, Mapping[str, int]]:
    return _resolved(edition, kind, {})


def _resolved(
    edition: Edition, kind: str, own: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, int]]:
    return {
        rule: {
            name: _number(name, figure.get(kind, "0") if isinstance(figure, dict) else figure)
            for name, figure in {**figures, **own.get(rule, {})}.items()
        }
        for rule, figures in edition.rules.items()
        if own.get(rule) != OFF
    }


def _number(name: str, figure: Any) -> int:
    """Amounts are written as text, spans are named for their unit, counts are whole; the rest are shares and factors."""
    if isinstance(figure, str):
        return amount(figure)
    if name.endswith("_hours"):
        return int(figure * HOUR)
    if name in COUNTS:
        return int(figure)
    return round(Decimal(str(figure)) * ONE)


COUNTS = ("days", "times")


def check_own(own: Mapping[str, Any]) -> None:
    """Figures of a register's own that are none raise UnknownFigure."""
    rules = editions()[-1].rules
    for rule, figures in own.items():
        if rule not in rules:
            raise UnknownFigure(rule)
        if figures == OFF:
            continue
        if not isinstance(figures, dict):
            raise UnknownFigure(rule)
        for name, figure in figures.items():
            if name not in rules[rule]:
                raise UnknownFigure(f"{rule}.{name}")
            try:
                if not 0 <= _number(name, figure) < 2**62:
                    raise UnknownFigure(f"{rule}.{name}")
            except (ArithmeticError, TypeError, ValueError) as error:
                raise UnknownFigure(f"{rule}.{name}") from error


def edition_at(at: int) -> Edition:
    """The edition in force at a moment of the data."""
    found = editions()
    if len(found) == 1:
        return found[0]
    on = datetime_of(at).date()
    return next(edition for edition in reversed(found) if edition.since <= on)


def editions_within(start: int, end: int) -> list[tuple[int, int, Edition]]:
    """(from, to, edition) in force in this time, oldest first."""
    found = editions()
    begins = [_begin(edition.since) for edition in found]
    ends = [*begins[1:], end + 1]
    return [
        (begin, until, edition)
        for begin, until, edition in zip(begins, ends, found, strict=True)
        if until > start and begin <= end
    ]


def _begin(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(days=1) * 24 * HOUR


@cache
def editions() -> tuple[Edition, ...]:
    return tuple(_edition(entry) for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")))


def _edition(entry: dict[str, Any]) -> Edition:
    assert entry["rules"].keys() == RULES.keys() | FAMILY_RULES.keys(), "every rule has its figures"
    filling = entry["estimation"]
    return Edition(
        since=entry["since"],
        version=entry["version"],
        interval=int(entry["register"]["interval_minutes"] * 60 * MILLION),
        hold={kind: amount(value) for kind, value in entry["register"]["hold"].items()},
        filling=Filling(
            missing_after=Fraction(filling["missing_after"]),
            linear_up_to=int(filling["linear_up_to_hours"] * HOUR),
            profile_days=filling["profile_days"],
            history_days=filling["history_days"],
        ),
        rules=entry["rules"],
    )
