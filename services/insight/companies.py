"""Which property company serves which place: data, until the contracts of property management say it in an event."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.identifiers import within

FILE = Path(__file__).parent / "data" / "assessment" / "companies.yaml"
NOBODY = ""


@cache
def known() -> dict[str, dict[str, Any]]:
    listed = yaml.safe_load(FILE.read_text(encoding="utf-8"))["companies"]
    return {one["company"]: one for one in listed}


def of(place: str) -> str:
    """The company whose area holds a place, the smallest area first; '' is none."""
    fits = [
        (len(area), code) for code, one in known().items() for area in one["places"] if within(place, area)
    ]
    return max(fits, default=(0, NOBODY))[1]


def places(company: str) -> list[str]:
    """Its areas; an area nobody has when there is no such company."""
    return list(known().get(company, {}).get("places", ["-"]))


def names(company: str) -> dict[str, str]:
    one = known().get(company, {"zh": "未委托物业", "en": "No company"})
    return {"zh": one["zh"], "en": one["en"]}
