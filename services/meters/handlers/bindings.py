"""A person says whose readings a meter's are."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.meters import wire
from services.meters.handlers.access import demand
from services.meters.handlers.quarantine import plainly
from services.meters.model import UnknownMeter, plain

LET_IN_AT_ONCE = 2000
"""Readings that were kept out because the meter was bound to somebody else; what is left can be released as any other."""


def bind_meter(work: Work, command: Any) -> dict[str, Any]:
    place, _ = work.store.place_and_unit(command.meter)
    if place is None:
        raise UnknownMeter(meter=command.meter)
    demand(work, place)
    row = work.store.bind(command.meter, command.sender, work.caller.account, work.now, command.reason)
    let_in = _let_in(work, command.meter, command.sender, command.reason) if command.sender else 0
    return {
        "meter": command.meter,
        "bound_to": row.bound_to,
        "heard_from": row.heard_from,
        "let_in": let_in,
    }


def bind_concentrator(work: Work, command: Any) -> dict[str, Any]:
    demand(work, command.place)
    bound = work.store.bind_heard(
        command.sender, command.place, work.caller.account, work.now, command.reason
    )
    return {"sender": command.sender, "place": command.place, "bound": bound}


def _let_in(work: Work, meter: str, sender: str, reason: str) -> int:
    """Whoever bound the meter wrongly must not have to release a night's readings one by one."""
    kept = work.store.kept_out(meter, sender, LET_IN_AT_ONCE)
    rows = {}
    for one in kept:
        (found,) = wire.read(b"[" + bytes(one.content) + b"]", work.now)
        if isinstance(found, wire.Row):
            rows[one.digest] = found
    work.store.store_readings([row._asdict() for row in rows.values()])
    for digest, row in rows.items():
        facts = plainly(row._asdict() | {"value": plain(row.value)})
        work.store.decide(digest, "released", work.caller.account, work.now, reason, facts)
    return len(rows)
