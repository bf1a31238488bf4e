"""A unit says it is not ours: the desk rules who takes the task."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.contracts import tasks
from services.contracts.units import OFFICE_OF, UNITS
from services.frontdesk import planning
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.handlers.approving import refuse_push
from services.frontdesk.handlers.dispatch import say_assigned
from services.frontdesk.model import NothingToDecide, UnitNeeded


class UnknownUnit(Invalid):
    """There is no unit {unit}."""

    zh = "没有承办单位“{unit}”。"


class AlreadyReturnedIt(Invalid):
    """{unit} has returned this part itself; name another unit, or designate the one that holds it."""

    zh = "“{unit}”已退回该任务，请另行指定承办单位，或裁定由原单位承办。"


def decide_return(work: Work, command: Any) -> dict[str, Any]:
    """Somebody must hold it: another unit, or the same one for good; the time already spent stays charged."""
    case = for_staff(work, command.task_id.split(".")[0], DECIDE)
    task = case.task(command.task_id)
    if task.status != "return-pending":
        raise NothingToDecide()
    if command.decision == "designated":
        case.move_task(task, "designate")
        task.designated = True
        case.note("designated", work.now, work.caller.account, task, reason=command.reason)
    else:
        if not command.unit:
            raise UnitNeeded()
        if command.unit not in UNITS:
            raise UnknownUnit(unit=command.unit)
        if command.unit in case.returned_by(task.part) | {task.unit}:
            raise AlreadyReturnedIt(unit=command.unit)
        refuse_push(case, command.unit)
        case.move_task(task, "uphold")
        case.note("returned", work.now, work.caller.account, task, reason=command.reason, to=command.unit)
    work.say(
        tasks.TaskReturnDecided,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        decision=command.decision,
        reason=command.reason,
    )
    if command.decision == "upheld":
        sign_by = min(planning.sign_by(case, work.now), task.due_at)
        other = case.assign(
            command.unit,
            task.part,
            task.step,
            (task.title_zh, task.title_en),
            work.now,
            sign_by,
            task.due_at,
            task.lead,
        )
        other.joint = task.joint  # intake: what was whistled for is waited for, whoever does it
        say_assigned(work, case, other, manual=True)
    return case.face(work.now)
