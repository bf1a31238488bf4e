"""A resident asked to be forgotten: he is no longer among those who live behind a meter."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import privacy
from services.contracts.retention import KEPT


def forget_resident(work: Work, event: Any) -> None:
    """Whom to ring about a home goes with the last who lived there; before that HouseholdChanged says who it is."""
    deleted = work.store.forget_resident(event.household, event.resident_id, event.vacated)
    work.say(
        privacy.ErasureAnswered,
        subject=event.certificate,
        certificate=event.certificate,
        office="meters",
        deleted=deleted,
        kept=KEPT["meters"],
        at=work.now,
    )
