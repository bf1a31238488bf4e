"""The applicant adds what was missing, and the clock runs again."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk import calendar, planning
from services.frontdesk.handlers.access import for_applicant


def supplement_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_applicant(work, command)
    waiting = case.waiting_for_supplement()
    matter = planning.matter_of(case)
    case.form = {**case.form, **command.form}
    case.materials = [*case.materials, *command.materials]
    working = calendar.of(case.place)
    for task in waiting:
        step = matter.step(task.part)
        promise = step.promise_for(case.facts) if step else None
        assert task.paused_at is not None
        task.due_at = working.resume(task.due_at, task.paused_at, work.now, promise)
        case.due_at = max(case.due_at, task.due_at)
        task.paused_at, task.missing = None, []
        case.move_task(task, "supply")
        work.say(
            tasks.TaskSupplied,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            form=command.form,
            materials=command.materials,
            due_at=task.due_at,
        )
    case.move("resume")
    case.note("supplemented", work.now, work.caller.account, None, due_at=case.due_at.isoformat())
    return case.face(work.now)
