"""The dated, place-bound rules of `data/rules.yaml`, as the judges speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from services.meters.judging.gas import Gas
from services.meters.judging.never_zero import NeverZero
from services.meters.judging.night_flow import NightFlow
from services.meters.judging.reverse import Reverse
from services.meters.judging.stuck import Stuck
from services.meters.judging.sudden_flow import SuddenFlow
from services.meters.judging.tamper import Words
from services.meters.judging.welfare import WelfareRule

FILE = Path(__file__).parent / "data" / "rules.yaml"
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Offline:
    silence: timedelta
    mass: int


@dataclass(frozen=True)
class Rules:
    """What is in force at a place on a day."""

    published: Mapping[str, WelfareRule]
    welfare: WelfareRule
    leak_ways: tuple[str, ...]
    never_zero: NeverZero
    night_flow: NightFlow
    sudden_flow: SuddenFlow
    stuck: Stuck
    reverse: Reverse
    tamper: Words
    gas: Gas
    offline: Offline
    zone: ZoneInfo = ZONE


def rules_at(at: datetime, place: str = "") -> Rules:
    """The rules in force at a moment of the data."""
    return _in_force(at.astimezone(UTC).date(), place)


@cache
def published() -> Mapping[str, WelfareRule]:
    """The published welfare rules, by name."""
    return {entry["name"]: _welfare(entry) for entry in _book()["welfare"]}


@lru_cache(maxsize=4096)
def _in_force(day: date, place: str) -> Rules:
    found: dict[str, Any] = {}
    entries = [
        entry
        for entry in _book()["in_force"]
        if entry["since"] <= day and place.startswith(str(entry["place"]))
    ]
    # From the general to the particular, so that a district's own line has the last word.
    for entry in sorted(entries, key=lambda entry: (len(str(entry["place"])), entry["since"])):
        found = _over(found, entry)
    return _rules(found)


def _over(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in more.items():
        known = merged.get(name)
        merged[name] = _over(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _rules(found: Mapping[str, Any]) -> Rules:
    leak, never = found["leak"], found["leak"]["never_zero"]
    night, sudden = leak["night_flow"], leak["sudden_flow"]
    hour, gap = timedelta(minutes=found["hour_minutes"]), timedelta(hours=never["widest_gap_hours"])
    return Rules(
        published=published(),
        welfare=published()[found["welfare"]],
        leak_ways=tuple(leak["ways"]),
        never_zero=NeverZero(
            window=timedelta(hours=never["hours"]),
            seen=timedelta(hours=never["seen_hours"]),
            widest_gap=gap,
            hour=timedelta(minutes=never.get("hour_minutes", found["hour_minutes"])),
        ),
        night_flow=NightFlow(
            nights=night["nights"],
            seen=night["seen_nights"],
            percentile=night["percentile"],
            begins=time.fromisoformat(night["from"]),
            ends=time.fromisoformat(night["until"]),
            above=Decimal(night["above"]),
            hour=hour,
        ),
        sudden_flow=SuddenFlow(
            hours=sudden["hours"],
            least=Decimal(sudden["least"]),
            times=Decimal(sudden["times"]),
            hour=hour,
            widest_gap=gap,
        ),
        stuck=Stuck(
            days=found["stuck"]["days"],
            alive=timedelta(hours=found["stuck"]["alive_hours"]),
            sign_of_life=_amounts(found["stuck"]["sign_of_life"]),
        ),
        reverse=Reverse(
            least=_amounts(found["reverse"]["least"]), window=timedelta(hours=found["reverse"]["hours"])
        ),
        tamper=_words(found["tamper"]),
        gas=Gas(words=_words(found["gas"]), most=Decimal(found["gas"]["most"]), hour=hour),
        offline=Offline(silence=timedelta(hours=found["offline"]["hours"]), mass=found["offline"]["mass"]),
    )


def _welfare(entry: Mapping[str, Any]) -> WelfareRule:
    return WelfareRule(
        name=entry["name"],
        limit=Decimal(entry.get("below", entry.get("at_most"))),
        at_most="at_most" in entry,
        window=None if entry.get("per") == "day" else timedelta(hours=entry["hours"]),
        above=Decimal(entry["above"]) if "above" in entry else None,
        widest_gap=timedelta(hours=entry["widest_gap_hours"]),
        unseen=timedelta(minutes=entry["unseen_minutes"]),
    )


def _words(entry: Mapping[str, Any]) -> Words:
    return Words(frozenset(entry["words"]), timedelta(hours=entry["hours"]))


def _amounts(entry: Mapping[str, str]) -> dict[str, Decimal]:
    return {kind: Decimal(amount) for kind, amount in entry.items()}


@cache
def _book() -> dict[str, Any]:
    book: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return book
