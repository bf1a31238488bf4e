"""A resident asked to be forgotten: the roll knows him by his ID number, which is not told on the bus, and the party's own rules keep it."""

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
        office="party",
        deleted=[],
        kept=KEPT["party"],
        at=work.now,
    )
