"""A unit asks for more time: the desk grants or refuses it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.chassis.database import Work
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.model import NothingToDecide


def decide_extension(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.task_id.split(".")[0], DECIDE)
    task = case.task(command.task_id)
    if not task.extension or task.extension["granted"] is not None:
        raise NothingToDecide()
    task.extension["granted"] = command.granted
    if not command.granted:
        case.note("extension-refused", work.now, work.caller.account, task, reason=command.reason)
        return case.face(work.now)
    task.due_at = datetime.fromisoformat(task.extension["until"])
    case.due_at = max(case.due_at, task.due_at)
    case.note(
        "extended", work.now, work.caller.account, task, until=task.extension["until"], reason=command.reason
    )
    work.say(
        tasks.TaskDueMoved,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        due_at=task.due_at,
        reason=command.reason,
    )
    return case.face(work.now)
