"""The dated figures of dispatching and of stars, read once from `data/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("data")
DIGITS = {"grid": 15, "community": 12, "street": 9}


@dataclass(frozen=True)
class ErrandRule:
    """How volunteers are found for one step of one matter."""

    skill: str
    min_age: int
    widest: int
    """How many digits of the place a volunteer's home must share with it."""
    time_to_answer: timedelta
    time_to_look_again: timedelta
    time_to_give_up: timedelta
    load_within: timedelta
    ends: Mapping[str, str]


def rule_for(matter: str, step: str, on: date, place: str) -> ErrandRule | None:
    """None when that step is nobody's errand."""
    fitting = [
        entry for entry in _entries("dispatch") if entry["from"] <= on and place.startswith(entry["place"])
    ]
    entry = max(fitting, key=lambda each: (len(each["place"]), each["from"]), default=None)
    found = entry["errands"].get(f"{matter}/{step}") if entry else None
    if not entry or not found:
        return None
    return ErrandRule(
        skill=found["skill"],
        min_age=found["min_age"],
        widest=DIGITS[found["widest"]],
        time_to_answer=timedelta(minutes=found["accept_within_minutes"]),
        time_to_look_again=timedelta(minutes=found["look_again_minutes"]),
        time_to_give_up=timedelta(minutes=found["give_up_after_minutes"]),
        load_within=timedelta(days=entry["load_days"]),
        ends=found["ends"],
    )


def stars_for(hours: float, on: date) -> int:
    """0 to 5."""
    steps = max((e for e in _entries("stars") if e["from"] <= on), key=lambda each: each["from"])["hours"]
    return sum(hours >= step for step in steps)


@cache
def _entries(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8")))
