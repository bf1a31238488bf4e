"""The dated tariffs of `data/tariffs/`: for each place and utility what a unit costs on which day, and in which tier."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.errors import NotFound
from services.chassis.identifiers import within

FOLDER = Path(__file__).parents[1] / "data" / "tariffs"
MONTHS = 12


class UnknownTariff(NotFound):
    """No {utility} tariff {code} holds in {place}."""

    zh = "“{place}”没有名为“{code}”的{utility}价目。"


@dataclass(frozen=True)
class Price:
    """Of one unit in one tier on one register: what it is made of, and the sum of it."""

    parts: Mapping[str, Decimal]

    @cached_property
    def whole(self) -> Decimal:
        return sum(self.parts.values(), Decimal(0))


@dataclass(frozen=True)
class Tier:
    upto: Decimal | None
    """The cycle's consumption at which the next tier begins; None for the last."""
    prices: Mapping[str, Price]
    """Register -> price."""


@dataclass(frozen=True)
class PriceList:
    since: date
    tiers: tuple[Tier, ...]
    verified: bool
    source: str

    @cached_property
    def registers(self) -> tuple[str, ...]:
        return tuple(self.tiers[0].prices)


@dataclass(frozen=True)
class Cut:
    """A stretch of days with one price list, within one cycle of the tiers; `until` is not included."""

    since: date
    until: date
    cycle: date
    prices: PriceList


@dataclass(frozen=True)
class Tariff:
    code: str
    utility: str
    place: str
    zh: str
    en: str
    cycle: str
    """`month` or `year`: when the count towards the tiers begins again."""
    part_year: str
    """`whole`, or `months`: an account opened within the year has twelfths of the thresholds."""
    lists: tuple[PriceList, ...]
    _cuts: dict[tuple[date, date], tuple[Cut, ...]] = field(default_factory=dict, compare=False, repr=False)

    def cuts(self, since: date, until: date) -> tuple[Cut, ...]:
        """[since, until) cut wherever a price changes or a cycle begins: between cuts everything is one sum."""
        found = self._cuts.get((since, until))
        if found is None:
            found = self._cuts[since, until] = tuple(self._cut(since, until))
        return found

    def _cut(self, since: date, until: date) -> Iterable[Cut]:
        while since < until:
            cycle = self._cycle_of(since)
            end = min(until, self._cycle_after(cycle))
            prices = self.list_at(since)
            end = min([end, *(each.since for each in self.lists if each.since > since)])
            yield Cut(since, end, cycle, prices)
            since = end

    def list_at(self, day: date) -> PriceList:
        holding = [each for each in self.lists if each.since <= day]
        if not holding:
            raise UnknownTariff(code=self.code, utility=self.utility, place=f"{self.place} {day}")
        return holding[-1]

    def scale(self, cycle: date, opened: date) -> Decimal | None:
        """What part of its thresholds an account has in a cycle; None for the whole of them."""
        if self.part_year != "months" or self.cycle != "year" or opened <= cycle or opened.year != cycle.year:
            return None
        return Decimal(MONTHS + 1 - opened.month)

    def _cycle_of(self, day: date) -> date:
        return day.replace(day=1) if self.cycle == "month" else day.replace(month=1, day=1)

    def _cycle_after(self, cycle: date) -> date:
        if self.cycle == "year":
            return cycle.replace(year=cycle.year + 1)
        return (cycle + timedelta(days=31)).replace(day=1)


@lru_cache(50_000)
def tariff(utility: str, code: str, place: str) -> Tariff:
    """The one that names the smallest place. Raises UnknownTariff."""
    holding = [t for t in all_tariffs() if (t.utility, t.code) == (utility, code) and within(place, t.place)]
    if not holding:
        raise UnknownTariff(code=code, utility=utility, place=place)
    return max(holding, key=lambda t: len(t.place))


@cache
def all_tariffs() -> tuple[Tariff, ...]:
    return tuple(
        read(entry)
        for file in sorted(FOLDER.glob("*.yaml"))
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
    )


def read(entry: Mapping[str, Any]) -> Tariff:
    """One entry of a file. Raises ValueError for tiers that no consumption could walk through in order."""
    lists = tuple(sorted((_list(each) for each in entry["lists"]), key=lambda each: each.since))
    if entry["cycle"] not in ("month", "year") or entry.get("part_year", "whole") not in ("whole", "months"):
        raise ValueError(f"{entry['code']}: no such cycle")
    return Tariff(
        code=entry["code"],
        utility=entry["utility"],
        place=entry["place"],
        zh=entry["zh"],
        en=entry["en"],
        cycle=entry["cycle"],
        part_year=entry.get("part_year", "whole"),
        lists=lists,
    )


def _list(entry: Mapping[str, Any]) -> PriceList:
    tiers = tuple(
        Tier(
            upto=None if tier.get("upto") is None else Decimal(tier["upto"]),
            prices={
                register: Price({part: Decimal(yuan) for part, yuan in parts.items()})
                for register, parts in tier.items()
                if register != "upto"
            },
        )
        for tier in entry["tiers"]
    )
    ends = [tier.upto for tier in tiers[:-1]]
    rising = all(a is not None and b is not None and a < b for a, b in itertools.pairwise(ends))
    if tiers[-1].upto is not None or None in ends or not rising:
        raise ValueError(f"the tiers of {entry['since']} must rise, and only the last has no end")
    if any(tier.prices.keys() != tiers[0].prices.keys() for tier in tiers):
        raise ValueError(f"the tiers of {entry['since']} must price the same registers")
    return PriceList(entry["since"], tiers, entry["verified"], entry["source"])
