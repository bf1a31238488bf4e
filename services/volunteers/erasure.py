"""A resident asked to be forgotten: the register knows him by his ID number, which is not told on the bus; hours and certificates are kept by law."""

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
        office="volunteers",
        deleted=[],
        kept=KEPT["volunteers"],
        at=work.now,
    )
