"""The demonstration's meters, among them the forty real ones."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.settings import settings
from services.contracts import meters
from services.meters.handlers.access import NotYourMeters
from services.meters.handlers.registration import LETTER, meter_row

REAL_METERS = 40


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if work.caller.kind != "system" and not work.caller.has("admin"):
        raise NotYourMeters(place=settings().place)
    rows, opened = [], []
    real_of = {household: f"W-REAL-{number:02}" for number, household in enumerate(command.elders[:1], 1)}
    names = list(dict.fromkeys([*command.households, *command.elders]))
    for household in names:
        known = work.store.household(household)
        place = known.place if known else settings().place
        dice = random.Random(f"{command.seed}:{household}")
        for kind in meters.KINDS:
            meter = f"{LETTER[kind]}-{household}"
            rows.append(meter_row(meter, kind, place, household, work.now))
            opened.append(
                {
                    "account": identifiers.new_id(),
                    "household": household,
                    "kind": kind,
                    "meter": real_of.get(household, meter) if kind == "water" else meter,
                    "place": place,
                    "holder": (known.person.get("name") if known else None),
                    "opened_at": datetime(2024, 1, 1, tzinfo=UTC),
                    "opening_reading": Decimal(dice.randrange(10_000, 900_000)) / 1000,
                    "opened_by": None,
                }
            )
    owner_of = {meter: household for household, meter in real_of.items()}
    for number in range(1, REAL_METERS + 1):
        meter = f"W-REAL-{number:02}"
        owner = owner_of.get(meter)
        known = work.store.household(owner) if owner else None
        rows.append(meter_row(meter, "water", known.place if known else settings().place, owner, work.now))
    new = work.store.add_meters(rows)
    work.store.add_accounts(opened)
    return {"meters": len(rows), "new": new, "elder_meter": "W-REAL-01" if command.elders else None}
