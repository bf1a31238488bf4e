"""It was not good enough: a bad rating, an unsatisfied call-back or staff start it again."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk import calendar, planning
from services.frontdesk.handlers.access import DECIDE, for_applicant, for_staff
from services.frontdesk.handlers.dispatch import say_assigned
from services.frontdesk.model import Case


def rate_case(work: Work, command: Any) -> dict[str, Any]:
    """A bad rating starts the redo at once, with its own deadline."""
    case = for_applicant(work, command)
    if case.rate(command.stars, command.comment, work.now, work.caller.account):
        redo(work, case, "redo", reason=command.comment or "", stars=command.stars)
    return case.face(work.now)


def record_callback(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    answers = {"reached": command.reached, "resolved": command.resolved, "satisfied": command.satisfied}
    case.callback = {**answers, "at": work.now.isoformat()}
    case.note("called-back", work.now, work.caller.account, None, **answers)
    if (
        command.reached
        and (command.resolved is False or command.satisfied is False)
        and case.status == "closed"
    ):
        redo(work, case, "redo", reason=command.note or "")
    return case.face(work.now)


def reopen_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    redo(work, case, "reopened", reason=command.reason)
    return case.face(work.now)


def redo(work: Work, case: Case, kind: str, **detail: Any) -> None:
    """Once more, by a person, by the unit that led."""
    lead = next((task for task in case.tasks if task.lead), case.tasks[0])
    working = calendar.of(case.place)
    due_at = working.due(work.now, planning.REDO)
    sign_by = working.due(work.now, planning.BAD_RATING_CONTACT)
    case.begin_again(kind, work.now, work.caller.account, due_at, **detail)
    task = case.assign(
        lead.unit, lead.part, lead.step, (lead.title_zh, lead.title_en), work.now, sign_by, due_at, True
    )
    say_assigned(work, case, task, manual=True)
