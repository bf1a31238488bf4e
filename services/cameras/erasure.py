"""A resident asked to be forgotten: doors and cars are granted by case, not by person."""

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
        office="cameras",
        deleted=[],
        kept=KEPT["cameras"],
        at=work.now,
    )
