"""What was kept out: a person lets it in, corrected or as it is, or leaves it out for good."""

from __future__ import annotations

from typing import Any

import msgspec

from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.settings import settings
from services.meters import wire
from services.meters.handlers.access import demand
from services.meters.model import plain


class UnknownReading(NotFound):
    """Nothing of that id is in the quarantine."""

    zh = "隔离区中没有这条读数。"


class DecidedAlready(Conflict):
    """Somebody decided on this reading already: it was {state}."""

    zh = "这条读数已有处理结果（{state}）。"


class StillNotTrue(Invalid):
    """Even so this cannot be a reading: {reason}. Correct what is wrong with it."""

    zh = "这条读数仍然不成立（{reason}），请更正后再放行。"


def release_reading(work: Work, command: Any) -> dict[str, Any]:
    """Checked as the ingest checks, stored as the ingest stores; the content stays in the quarantine as it came."""
    kept = _waiting(work, command.reading_id)
    content = _content(bytes(kept.content)) | command.corrections
    (found,) = wire.read(msgspec.json.encode([content]), work.now)
    if isinstance(found, wire.Refused):
        raise StillNotTrue(reason=found.reason)
    place, unit = work.store.place_and_unit(found.meter)
    if place is not None:
        demand(work, place)
    if unit is not None and unit != found.unit:
        raise StillNotTrue(reason="unit-of-another-kind")
    stored = work.store.store_readings([found._asdict()]) == 1
    facts = found._asdict() | {"value": plain(found.value)}
    work.store.decide(kept.digest, "released", work.caller.account, work.now, command.reason, plainly(facts))
    return {"reading_id": command.reading_id, "state": "released", "stored": stored, "meter": found.meter}


def dismiss_reading(work: Work, command: Any) -> dict[str, Any]:
    kept = _waiting(work, command.reading_id)
    work.store.decide(kept.digest, "dismissed", work.caller.account, work.now, command.reason, None)
    return {"reading_id": command.reading_id, "state": "dismissed"}


def _waiting(work: Work, reading_id: str) -> Any:
    demand(work, settings().place)
    kept = work.store.quarantined(bytes.fromhex(reading_id))
    if kept is None:
        raise UnknownReading()
    if kept.state != "waiting":
        raise DecidedAlready(state=kept.state)
    return kept


def _content(content: bytes) -> dict[str, Any]:
    """What can be read of it; of what is no JSON object nothing, and the person has to say it all."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def plainly(facts: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(facts))
