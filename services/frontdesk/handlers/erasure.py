"""A resident asked to be forgotten: the files of cases are kept as the archive says."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import privacy
from services.contracts.retention import KEPT


def answer_erasure(work: Work, event: Any) -> None:
    work.say(
        privacy.ErasureAnswered,
        subject=event.certificate,
        certificate=event.certificate,
        office="frontdesk",
        deleted=[],
        kept=KEPT["frontdesk"],
        at=work.now,
    )
