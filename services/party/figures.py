"""The dated figures of the rule on branches, read once from `data/branches.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("data") / "branches.yaml"


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
    """The newest figures on that day; a locality's own go before the country's."""
    fitting = [entry for entry in _entries() if entry.since <= on and place.startswith(entry.place)]
    if not fitting:
        raise NoFigures(f"no figures for {place} on {on}")
    return max(fitting, key=lambda entry: (len(entry.place), entry.since))


@cache
def _entries() -> tuple[Figures, ...]:
    return tuple(
        Figures(entry["from"], entry["place"], tuple(Threshold(**duty) for duty in entry["duties"]))
        for entry in yaml.safe_load(FILE.read_text("utf-8"))
    )
