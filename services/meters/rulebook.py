"""The dated rules of `data/rules.yaml`, as the model speaks of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from services.meters.model import LeakRule, WelfareRule

FILE = Path(__file__).parent / "data" / "rules.yaml"


@dataclass(frozen=True)
class Rules:
    since: date
    welfare: WelfareRule
    leak: LeakRule
    silence: timedelta


def rules_at(at: datetime) -> Rules:
    """The rules in force at a moment of the data."""
    return next(rules for rules in reversed(_book()) if rules.since <= at.astimezone(UTC).date())


@cache
def _book() -> list[Rules]:
    return [
        Rules(
            since=entry["since"],
            welfare=WelfareRule(
                threshold=Decimal(entry["welfare"]["threshold"]),
                window=timedelta(hours=entry["welfare"]["hours"]),
                widest_gap=timedelta(hours=entry["welfare"]["widest_gap_hours"]),
            ),
            leak=LeakRule(
                window=timedelta(hours=entry["leak"]["hours"]),
                intervals=entry["leak"]["intervals"],
                widest_gap=timedelta(hours=entry["leak"]["widest_gap_hours"]),
            ),
            silence=timedelta(hours=entry["silence_hours"]),
        )
        for entry in yaml.safe_load(FILE.read_text(encoding="utf-8"))
    ]
