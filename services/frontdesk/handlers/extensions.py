"""A unit asks for more time: the desk grants or refuses it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk import planning
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.model import Case, NothingToDecide, Task


class ExtensionTooLong(Invalid):
    """An extension may reach until {latest} at most; grant an earlier time with `until`, or refuse."""

    zh = "延期最晚至 {latest}，请用 until 批准较早的时间，或不予批准。"


class ExtensionNotLater(Invalid):
    """The time granted must be later than the present due time."""

    zh = "批准的时间须晚于当前期限。"


def decide_extension(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.task_id.split(".")[0], DECIDE)
    task = case.task(command.task_id)
    if case.ended or not task.open or not task.extension or task.extension["granted"] is not None:
        raise NothingToDecide()
    if command.granted:
        _grant(work, case, task, command)
    else:
        task.extension["granted"] = False
        case.note("extension-refused", work.now, work.caller.account, task, reason=command.reason)
    return case.face(work.now)


def _grant(work: Work, case: Case, task: Task, command: Any) -> None:
    """The due time may have moved since it was asked for: what was granted never makes it earlier."""
    assert task.extension is not None
    until = command.until or datetime.fromisoformat(task.extension["until"])
    latest = planning.latest_extension(case, task)
    if until > latest:
        raise ExtensionTooLong(latest=latest.isoformat())
    if command.until and until <= task.due_at:
        raise ExtensionNotLater()
    task.due_at = max(task.due_at, until)
    case.due_at = max(case.due_at, task.due_at)
    task.extension |= {"granted": True, "until": task.due_at.isoformat()}
    case.note(
        "extended",
        work.now,
        work.caller.account,
        task,
        until=task.due_at.isoformat(),
        reason=command.reason,
    )
    work.say(
        tasks.TaskDueMoved,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        due_at=task.due_at,
        reason=command.reason,
    )
