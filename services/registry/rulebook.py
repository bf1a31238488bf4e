"""Figures of the registry's rules: dated and bound to a place, in `data/`. A change is a new entry, never an edit."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.identifiers import within

DATA = Path(__file__).parent / "data"


class NoRule(Exception):
    """The data say nothing for a place and a day; the entry for everywhere is missing."""


def in_force(book: str, place: str, on: date) -> dict[str, Any]:
    """The entry of the nearest area that holds the place; of several there, the latest that has begun."""
    entries = [
        entry for entry in _entries(book) if entry["since"] <= on and within(place, str(entry["place"]))
    ]
    if not entries:
        raise NoRule(f"{book}: nothing for {place} on {on}")
    return max(entries, key=lambda entry: (len(str(entry["place"])), entry["since"]))


@cache
def _entries(book: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((DATA / f"{book}.yaml").read_text(encoding="utf-8")))
