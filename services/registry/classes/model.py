"""Thresholds on figures that may be partly unknown: a condition holds, fails, or cannot be told yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.chassis.errors import Invalid, NotFound

PERSONS_A_KM2 = "persons/km²"


class UnknownCommunity(NotFound):
    """The registry knows no grid of the community {community} in your area."""

    zh = "在您的辖区内没有社区“{community}”。"


class MoreUnemployedThanWorkers(Invalid):
    """The unemployed are part of the labour force; the count may not lie in the future."""

    zh = "失业人数不能超过劳动力人数，统计日期不能晚于今天。"


@dataclass(frozen=True)
class Figure:
    """`missing` of those counted are neither known to belong nor known not to; None: nothing is known at all."""

    name: str
    numerator: Decimal | None
    denominator: Decimal | None
    missing: int = 0
    unit: str = "share"
    note: str | None = None

    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """The least and the most it may be, whatever the missing ones are."""
        if self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator, (self.numerator + self.missing) / self.denominator

    def as_dict(self) -> dict[str, Any]:
        value = None
        if self.numerator is not None and self.denominator and not self.missing:
            places = Decimal("0.0001") if self.unit == "share" else Decimal("1")
            value = str((self.numerator / self.denominator).quantize(places, ROUND_HALF_UP))
        bounds = self.bounds()
        return {
            "name": self.name,
            "value": value,
            "least": _short(bounds[0]) if bounds and self.missing else None,
            "most": _short(bounds[1]) if bounds and self.missing else None,
            "numerator": None if self.numerator is None else str(self.numerator),
            "denominator": None if self.denominator is None else str(self.denominator),
            "missing": self.missing,
            "unit": self.unit,
            "note": self.note,
        }


def _short(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))


def holds(condition: Mapping[str, Any], figure: Figure | None) -> bool | None:
    """True or False whatever the missing ones are; None as long as they decide."""
    bounds = figure.bounds() if figure else None
    if bounds is None:
        return None
    answers = {_holds(condition, value) for value in bounds}
    if len(answers) == 1 and not _between(condition, bounds):
        return answers.pop()
    return None


def _holds(condition: Mapping[str, Any], value: Decimal) -> bool:
    if condition.get("none"):
        return value == 0
    return (
        ("over" not in condition or value > Decimal(condition["over"]))
        and ("under" not in condition or value < Decimal(condition["under"]))
        and ("from" not in condition or value >= Decimal(condition["from"]))
        and ("to" not in condition or value <= Decimal(condition["to"]))
    )


def _between(condition: Mapping[str, Any], bounds: tuple[Decimal, Decimal]) -> bool:
    """Both ends fail, and yet what lies between them may hold."""
    return (
        "from" in condition
        and "to" in condition
        and bounds[0] < Decimal(condition["from"])
        and bounds[1] > Decimal(condition["to"])
    )


def judge(figures: Mapping[str, Figure], classes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first class all of whose conditions hold. One before it that may hold yet keeps the matter open."""
    judged, found, state = [], None, "none"
    for one in classes:
        conditions = [
            {**condition, "holds": holds(condition, figures.get(condition["figure"]))}
            for condition in one["conditions"]
        ]
        answers = [condition["holds"] for condition in conditions]
        is_it = False if False in answers else None if None in answers else True
        judged.append(
            {
                "class": one["code"],
                "zh": one["zh"],
                "en": one["en"],
                "is": is_it,
                "conditions": conditions,
            }
        )
        if state == "none" and is_it is True:
            found, state = one["code"], "classified"
        elif state == "none" and is_it is None:
            state = "undetermined"
    return {"class": found, "state": state, "classes": judged}
