"""Whoever holds an unfinished task is reminded (催办), or supervised (督办)."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk.handlers.access import for_applicant, for_staff
from services.frontdesk.model import Case, Task


def urge_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_applicant(work, command)
    case.require_open("urge")
    _urge(work, case, 0, command.reason, work.caller.account, "urged")
    return case.face(work.now)


def supervise_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, ("supervisor", "admin"))
    case.require_open("supervise")
    case.level = max(case.level, command.level)
    _urge(work, case, command.level, command.reason, work.caller.account, "supervised")
    return case.face(work.now)


def _urge(work: Work, case: Case, level: int, reason: str, actor: str, kind: str) -> None:
    for task in [task for task in case.tasks if task.open]:
        urge_task(work, case, task, level, reason)
    case.note(kind, work.now, actor, None, level=level, reason=reason)


def urge_task(work: Work, case: Case, task: Task, level: int, reason: str) -> None:
    task.urged += 1
    task.level = max(task.level, level)
    work.say(
        tasks.TaskUrged,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        level=level,
        reason=reason,
    )
