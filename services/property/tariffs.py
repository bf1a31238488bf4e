"""Prices and promises as dated data: `data/tariffs.yaml`, `data/repairs.yaml`."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from services.chassis.errors import NotFound
from services.chassis.identifiers import within

HERE = Path(__file__).parent / "data"
FEN = Decimal("0.01")
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

    def amount(self, area: Decimal | None, period: date, moved_in: date | None) -> Decimal | None:
        """A month's fee; from the day of moving in when that lies within it; None when the area is not known."""
        if self.per == "area" and area is None:
            return None
        month = self.price * area if self.per == "area" and area is not None else self.price
        days = calendar.monthrange(period.year, period.month)[1]
        charged = days
        if moved_in is not None and moved_in > period:
            charged = max(0, (period.replace(day=days) - moved_in).days + 1)
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
