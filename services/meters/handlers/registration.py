"""Meters become known; what they sent before is attached."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.chassis.database import Work
from services.meters.handlers.access import demand
from services.meters.model import CANONICAL, MeterOfAnotherKind

LETTER = {"water": "W", "electricity": "E", "gas": "G"}
STRAYS_KEPT = timedelta(days=30)
QUARANTINE_KEPT = timedelta(days=90)


def register_meter(work: Work, command: Any) -> dict[str, Any]:
    demand(work, command.place)
    row = meter_row(command.meter, command.kind, command.place, command.household, work.now)
    row |= {"digits": command.digits, "register": command.register}
    new = work.store.add_meters([row]) == 1
    if not new:
        known = work.store.meter(command.meter)
        demand(work, known.place)
        if known.kind != command.kind:
            raise MeterOfAnotherKind(meter=command.meter, kind=known.kind)
        work.store.place_meter(command.meter, command.place, command.household)
    work.store.adopt_strays(work.now - timedelta(seconds=1))
    return {"meter": command.meter, "new": new}


def meter_row(meter: str, kind: str, place: str, household: str | None, at: datetime) -> dict[str, Any]:
    return {
        "meter": meter,
        "kind": kind,
        "unit": CANONICAL[kind],
        "register": "total",
        "digits": 6,
        "place": place,
        "household": household,
        "registered_at": at,
    }


def adopt_strays(work: Work) -> None:
    """A batch that was under way while its meter was registered has put readings among the strays after all."""
    work.store.adopt_strays(work.now - timedelta(minutes=10))


def forget_strays(work: Work) -> None:
    work.store.forget(work.now - STRAYS_KEPT, work.now - QUARANTINE_KEPT)


def open_months(work: Work) -> None:
    """Readings of the coming weeks find their month there; the ingest looks too, should this timer not run."""
    work.store.open_months(work.now)
