"""The dated figures of the rules, read once from `data/`: the newest entry in force, a locality's own before the country's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Threshold:
    kind: str
    at_least: int
    days: int
    at_most: int | None = None

    def holds(self, members: int) -> bool:
        return members >= self.at_least and (self.at_most is None or members <= self.at_most)


@dataclass(frozen=True)
class Figures:
    since: date
    place: str
    thresholds: tuple[Threshold, ...]

    def asked_of(self, members: int) -> dict[str, Threshold]:
        """Kind of duty -> its figures, for a unit with so many formal members."""
        return {threshold.kind: threshold for threshold in self.thresholds if threshold.holds(members)}


class NoFigures(LookupError):
    """No entry of the rule is in force: the data file begins too late."""


def in_force(on: date, place: str) -> Figures:
    """What a unit's number of members asks for on that day."""
    entry = rule("branches", on, place)
    return Figures(entry["from"], entry["place"], tuple(Threshold(**duty) for duty in entry["duties"]))


def rule(name: str, on: date, place: str) -> dict[str, Any]:
    """The newest entry of `data/{name}.yaml` on that day; a locality's own go before the country's."""
    fitting = [entry for entry in _entries(name) if entry["from"] <= on and place.startswith(entry["place"])]
    if not fitting:
        raise NoFigures(f"no {name} for {place} on {on}")
    return max(fitting, key=lambda entry: (len(entry["place"]), entry["from"]))


@cache
def _entries(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8")))
