"""A case ends: whoever still holds a task stands down, and followers are answered with it."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import frontdesk, tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk.handlers.access import for_applicant
from services.frontdesk.model import Case, Task


def withdraw_case(work: Work, command: Any) -> dict[str, Any]:
    """The applicant takes it back: what is open stands down, and what was done is undone."""
    case = for_applicant(work, command)
    done = [task for task in case.tasks if task.status == "done"]
    end(work, case, "withdraw", work.caller.account, reason=command.reason)
    for task in done:
        say_withdrawn(work, case, task, command.reason)
    return case.face(work.now)


def end(work: Work, case: Case, verb: str, actor: str, **detail: Any) -> None:
    for task in case.end(verb, work.now, actor, **detail):
        say_withdrawn(work, case, task, str(detail.get("reason") or case.status))
    work.say(
        frontdesk.CaseClosed,
        subject=case.no,
        case_no=case.no,
        matter=case.matter,
        place=case.place,
        status=case.status,
        finding_id=case.finding_id,
        finder=case.finder,
        closed_at=work.now,
    )
    if verb in ("close", "refuse"):
        for follower in case.followers:
            work.store.case(follower).note(
                "answered-with", work.now, actor, None, case=case.no, status=case.status
            )


def say_withdrawn(work: Work, case: Case, task: Task, reason: str) -> None:
    work.say(
        tasks.TaskWithdrawn, subject=case.no, to=OFFICE_OF[task.unit], task_id=task.task_id, reason=reason
    )
