"""The dated figures of a census and its forms, read once from `data/`. A census keeps those of its reference time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Figures:
    reference: tuple[int, int, int]
    """Month, day and hour of the reference time, in China's time."""
    target: int
    """Persons a block should have."""
    tolerance: int
    """Percent of it that a block may have more or less."""
    interval: int
    """Every how many households one gets the long form."""
    keyed_twice: int
    """Percent of the questionnaires."""
    visits_until_absent: int
    keep_names: timedelta
    """From the close to the deletion of names and ID numbers."""
    smallest: int
    """A published count below it is suppressed."""

    @property
    def bounds(self) -> tuple[int, int]:
        give = self.target * self.tolerance // 100
        return self.target - give, self.target + give


def figures_for(on: date, place: str) -> Figures:
    found = _entry("figures", on, place)
    return Figures(
        reference=(found["reference"]["month"], found["reference"]["day"], found["reference"]["hour"]),
        target=found["block"]["target"],
        tolerance=found["block"]["tolerance_percent"],
        interval=found["long_form_every"],
        keyed_twice=found["keyed_twice_percent"],
        visits_until_absent=found["visits_until_absent"],
        keep_names=timedelta(days=found["keep_names_days"]),
        smallest=found["smallest_published"],
    )


def forms_for(on: date, place: str) -> dict[str, Any]:
    """`{forms, checks}` as written in data/forms.yaml."""
    return _entry("forms", on, place)


@cache
def _entry(name: str, on: date, place: str) -> dict[str, Any]:
    """The newest in force on the day, for the longest matching place."""
    fitting = [e for e in _entries(name) if e["from"] <= on and place.startswith(e["place"])]
    return max(fitting, key=lambda each: (len(each["place"]), each["from"]))


@cache
def _entries(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8")))
