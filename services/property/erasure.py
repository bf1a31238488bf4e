"""A resident asked to be forgotten: the file of a home nobody lives in any more names nobody."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import privacy
from services.contracts.retention import KEPT, SHARED_FILE


def forget_household(work: Work, event: Any) -> None:
    """The file knows its members by name; where others live on, a person takes him out, with the certificate in hand."""
    file = work.store.file_of(event.household) or work.store.closed_file(event.household)
    deleted, kept = [], list(KEPT["property"])
    if file is not None and file.members:
        if event.vacated:
            file.forget_people()
            work.store.save_file(file)
            deleted = ["members", "vehicles"]
        else:
            kept.append(SHARED_FILE)
    work.say(
        privacy.ErasureAnswered,
        subject=event.certificate,
        certificate=event.certificate,
        office="property",
        deleted=deleted,
        kept=kept,
        at=work.now,
    )
