"""Prices and promises as dated data: `data/tariffs.yaml`, `data/repairs.yaml`."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from services.chassis.errors import NotFound
from services.chassis.identifiers import within
from services.property.fees.formula import evaluate

HERE = Path(__file__).parent / "data"
FEN, ZERO = Decimal("0.01"), Decimal("0.00")
NOTHING: Mapping[str, Decimal] = MappingProxyType({})
LOCAL = ZoneInfo("Asia/Shanghai")


class UnknownTariff(NotFound):
    """No tariff {code} holds in {place} in {period}."""

    zh = "{period} 在“{place}”没有名为“{code}”的收费标准。"


@dataclass(frozen=True)
class Tariff:
    code: str
    per: str
    price: Decimal
    since: date
    place: str
    zh: str
    en: str
    formula: str | None = None
    quantity: str | None = None
    """What `meter` counts: a quantity recorded for the household and month."""
    every: int = 1
    """Months a charge covers; it falls in the first of them, counted from January."""

    def amount(
        self,
        area: Decimal | None,
        period: date,
        moved_in: date | None,
        quantities: Mapping[str, Decimal] = NOTHING,
    ) -> Decimal | None:
        """What a month is charged; from the day of moving in when that lies within it; None when something it depends
        on is not known. What is metered or fixed is owed whole, whenever somebody moved in."""
        if (period.month - 1) % self.every:
            return ZERO
        named = {**quantities, **({"area": area} if area is not None else {}), "price": self.price}
        try:
            if self.per == "meter":
                return (self.price * named[str(self.quantity)]).quantize(FEN, ROUND_HALF_UP)
            if self.per == "fixed":
                return self.price
            if self.per == "formula":
                month = evaluate(str(self.formula), named)
            else:
                month = self.price * (named["area"] if self.per == "area" else 1)
        except KeyError:
            return None
        last = period.replace(month=period.month + self.every - 1)
        end = last.replace(day=calendar.monthrange(last.year, last.month)[1])
        days = (end - period).days + 1
        month *= self.every
        charged = days
        if moved_in is not None and moved_in > period:
            charged = max(0, (end - moved_in).days + 1)
        return (month * charged / days).quantize(FEN, ROUND_HALF_UP)


@dataclass(frozen=True)
class Promise:
    since: date
    urgent: timedelta
    ordinary: timedelta


def first_day(period: str) -> date:
    return date.fromisoformat(f"{period}-01")


def tariff(code: str, place: str, period: str) -> Tariff:
    """The tariff that holds on the first day of the month. Raises UnknownTariff."""
    day = first_day(period)
    holding = [t for t in _tariffs() if t.code == code and t.since <= day and within(place, t.place)]
    if not holding:
        raise UnknownTariff(code=code, place=place, period=period)
    return max(holding, key=lambda t: (len(t.place), t.since))


def urgency_of(category: str) -> str | None:
    """`urgent` or `ordinary` by the catalogue; None when a person must say."""
    found = _repairs()["categories"].get(category)
    return found.get("urgency") if found else None


def arrive_by(urgency: str | None, reported_at: datetime) -> datetime:
    """What nobody has graded yet counts as urgent: the mistake that hurts nobody."""
    day = reported_at.astimezone(LOCAL).date()
    promise = max((p for p in _promises() if p.since <= day), key=lambda p: p.since, default=_promises()[0])
    return reported_at + (promise.ordinary if urgency == "ordinary" else promise.urgent)


def rules_over(quantity: str) -> list[str]:
    """The codes of what is charged by a quantity."""
    return sorted({t.code for t in _tariffs() if t.quantity == quantity or quantity in (t.formula or "")})


def return_visit_days() -> int:
    return int(_repairs()["return_visit_days"])


def one_at_a_time(category: str) -> bool:
    """Of these there is one order at an address, however many report it."""
    return category in _repairs()["one_at_a_time"]


@cache
def _tariffs() -> list[Tariff]:
    lines = yaml.safe_load((HERE / "tariffs.yaml").read_text("utf-8"))
    return [
        Tariff(
            code=line["code"],
            per=line["per"],
            price=Decimal(line["price"]),
            since=line["from"],
            place=line["place"],
            zh=line["zh"],
            en=line["en"],
            formula=line.get("formula"),
            quantity=line.get("quantity"),
            every=line.get("every", 1),
        )
        for line in lines
    ]


@cache
def _promises() -> list[Promise]:
    return [
        Promise(
            since=line["from"],
            urgent=timedelta(minutes=line["urgent_minutes"]),
            ordinary=timedelta(minutes=line["ordinary_minutes"]),
        )
        for line in _repairs()["promises"]
    ]


@cache
def _repairs() -> Any:
    return yaml.safe_load((HERE / "repairs.yaml").read_text("utf-8"))
