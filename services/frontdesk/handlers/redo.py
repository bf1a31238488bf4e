"""It was not good enough: a bad rating, an unsatisfied call-back or staff start it again."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.handlers.access import DECIDE, for_applicant, for_staff
from services.frontdesk.handlers.dispatch import assign_again
from services.frontdesk.model import Case


def rate_case(work: Work, command: Any) -> dict[str, Any]:
    """A bad rating starts the redo at once, with its own deadline."""
    case = for_applicant(work, command)
    if case.rate(command.stars, command.comment, work.now, work.caller.account):
        redo(work, case, "redo", reason=command.comment or "", stars=command.stars)
    return case.face(work.now)


def record_callback(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    actor = work.caller.account
    if case.call_back(command.reached, command.resolved, command.satisfied, work.now, actor):
        redo(work, case, "redo", reason=command.note or "")
    return case.face(work.now)


def reopen_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    redo(work, case, "reopened", reason=command.reason)
    return case.face(work.now)


def redo(work: Work, case: Case, kind: str, **detail: Any) -> None:
    sign_by, due_at = planning.redo_times(case, work.now)
    case.begin_again(kind, work.now, work.caller.account, due_at, **detail)
    assign_again(work, case, sign_by, due_at)
