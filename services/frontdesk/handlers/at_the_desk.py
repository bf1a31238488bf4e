"""What the desk settles itself, without waiting for the units: they stand down."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk.channels.model import told
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.handlers.ending import end


def answer_case(work: Work, command: Any) -> dict[str, Any]:
    """The desk knows the answer: nobody has to be sent."""
    case = for_staff(work, command.case_no, DECIDE)
    end(work, case, "answer", work.caller.account, answer=command.answer)
    return case.face(work.now)


def decline_case(work: Work, command: Any) -> dict[str, Any]:
    """Not ours to accept: litigation, arbitration, petition and the like have a statutory channel of their own."""
    case = for_staff(work, command.case_no, DECIDE)
    case.told = told(command.instead)
    end(work, case, "decline", work.caller.account, reason=command.reason, instead=command.instead)
    return case.face(work.now)


def hand_to_emergency(work: Work, command: Any) -> dict[str, Any]:
    """A matter of 110, 119, 120 or 122 is handed over at once and does not wait here."""
    case = for_staff(work, command.case_no, DECIDE)
    end(work, case, "hand-over", work.caller.account, service=command.service, reason=command.reason)
    return case.face(work.now)
