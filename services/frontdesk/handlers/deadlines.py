"""What happens by the clock alone."""

from __future__ import annotations

from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.handlers.urging import urge_task
from services.frontdesk.model import Case

SWEEP = 100


def watch_deadlines(work: Work) -> None:
    """Everything that has come due since the last look; a deadline fires once, with its line and its order."""
    for case in work.store.due_cases(work.now, SWEEP):
        for at, kind, key in sorted(planning.deadlines(case)):
            mark = f"{kind}:{key}"
            if at <= work.now and mark not in case.fired:
                case.fired.append(mark)
                _fire(work, case, kind, key.split("@")[0])


def _fire(work: Work, case: Case, kind: str, task_id: str) -> None:
    if kind == "archived":
        case.move("archive")
        case.note("archived", work.now, "frontdesk")
    elif kind == "rating-invited":
        case.note("rating-invited", work.now, "frontdesk")
    else:
        task = case.task(task_id)
        level = {"overdue": 1, "overdue-2": 2, "overdue-3": 3}.get(kind, 0)
        case.level = max(case.level, level)
        urge_task(work, case, task, level, kind)
        case.note(kind, work.now, "frontdesk", task, level=level)
