"""What happens by the clock alone."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client import Counter

from services.chassis.database import Work
from services.chassis.journal import journal
from services.frontdesk import planning
from services.frontdesk.handlers.answers import go_on
from services.frontdesk.handlers.supplements import lapse
from services.frontdesk.handlers.urging import urge_task
from services.frontdesk.model import Case, Task

SWEEP = 100
TRY_AGAIN = timedelta(minutes=10)
LEVELS = {"overdue": 1, "overdue-2": 2, "overdue-3": 3}
FOR_THE_DESK = ("callback-due", "rating-invited")
"""Deadlines of a case that has its answer: a line in the history, which the desk's screens show."""

set_aside = Counter(
    "yikou_deadlines_set_aside_total", "Cases whose deadlines failed and wait for a later look."
)


def watch_deadlines(work: Work) -> None:
    """Everything that has come due since the last look; a deadline fires once, with its line and its order.

    Each case by itself: one that fails is set aside with its reason, counted and listed, and holds up no other.
    """
    for case_no in work.store.due_cases(work.now, SWEEP):
        try:
            with work.attempt():
                watch_case(work, work.store.case(case_no))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:500]
            work.store.set_aside(case_no, work.now + TRY_AGAIN, reason)
            set_aside.inc()
            journal().error("deadlines-set-aside", case_no=case_no, exc_info=error)


def watch_case(work: Work, case: Case) -> None:
    for at, kind, key in sorted(planning.deadlines(case)):
        mark = f"{kind}:{key}"
        if at <= work.now and mark not in case.fired:
            case.fired.append(mark)
            _fire(work, case, kind, key.split("@")[0])
    next_at = case.next_deadline(planning.deadlines(case))  # if it fails, it fails here and not at the end
    if not case.lines:
        work.store.look_again(case, next_at)


def _fire(work: Work, case: Case, kind: str, task_id: str) -> None:
    if kind == "archived":
        case.move("archive")
        case.note("archived", work.now, "frontdesk")
    elif kind in FOR_THE_DESK:
        case.note(kind, work.now, "frontdesk")
    elif kind == "escalated":
        _escalate(work, case, case.task(task_id))
    elif kind == "supplement-due":
        lapse(work, case, case.task(task_id))
    elif kind == "adjudicate-by":
        # Nobody holds the task until the desk has ruled: it is the desk that is late, and its supervisor sees it.
        case.level = max(case.level, 1)
        case.note(kind, work.now, "frontdesk", case.task(task_id), level=1)
    elif any(kind == reminder.name for reminder in planning.matter_of(case).reminders):  # intake
        case.note(kind, work.now, "frontdesk", case.task(task_id))
    else:
        task = case.task(task_id)
        level = LEVELS.get(kind, 0)
        case.level = max(case.level, level)
        urge_task(work, case, task, level, kind)
        case.note(kind, work.now, "frontdesk", task, level=level)


def _escalate(work: Work, case: Case, task: Task) -> None:
    """Nobody answered in time: whoever waits for that outcome begins, while this task stays open and is urged."""
    step = planning.matter_of(case).step(task.part)
    assert step is not None and step.escalates is not None
    case.escalate(task, step.escalates.outcome, work.now)
    urge_task(work, case, task, 1, "escalated")
    go_on(work, case)
