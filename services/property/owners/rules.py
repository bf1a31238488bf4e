"""The figures of a place on a day, out of `data/owners.yaml`."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.identifiers import within

DATA = Path(__file__).parents[1] / "data" / "owners.yaml"


def figures(place: str, day: date) -> dict[str, Any]:
    """Figure by figure, the line of the smallest place wins, then the youngest."""
    holding = [line for line in _lines() if line["from"] <= day and within(place, line["place"])]
    found: dict[str, Any] = {}
    for line in sorted(holding, key=lambda line: (len(line["place"]), line["from"])):
        found |= line
    if not found:  # a day before the Civil Code
        found = dict(_lines()[0])
    return found


def of_vote(place: str, day: date, subject: str) -> dict[str, Any]:
    """What a vote needs to pass, as it stands in the published document."""
    at_hand = figures(place, day)
    majority = at_hand["subjects"][subject]
    rule = {"majority": majority, "quorum": at_hand["quorum"], "share": "1", "more_than": False}
    return rule | at_hand["majority"].get(majority, {})


@cache
def _lines() -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = yaml.safe_load(DATA.read_text("utf-8"))
    return lines
