"""Who may do what to a case."""

from __future__ import annotations

import hashlib
from typing import Any

from services.chassis.database import Work
from services.frontdesk.model import Case, NotYours, UnknownCase

TAKE_IN = ("clerk", "terminal", "company", "admin")
DECIDE = ("clerk", "supervisor", "admin")


def for_applicant(work: Work, command: Any) -> Case:
    """The holder of the tracking token, or staff of the area."""
    case: Case = work.store.case(command.case_no)
    if command.token and digest(command.token) == case.tracking_hash:
        return case
    if work.caller.may((*DECIDE, "terminal"), case.place):
        return case
    # Whoever may not see a case is told the same as for one that does not exist.
    raise UnknownCase(case_no=command.case_no)


def for_staff(work: Work, case_no: str, roles: tuple[str, ...]) -> Case:
    case: Case = work.store.case(case_no)
    if not work.caller.may((*roles, "clerk", "supervisor", "admin"), case.place):
        raise UnknownCase(case_no=case_no)
    if not work.caller.may(roles, case.place):
        raise NotYours()
    return case


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
