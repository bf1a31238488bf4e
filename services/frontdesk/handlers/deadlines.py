"""What happens by the clock alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from prometheus_client import Counter

from services.chassis.database import Work
from services.chassis.journal import journal
from services.contracts import care
from services.frontdesk import planning
from services.frontdesk.care import petitions
from services.frontdesk.handlers.answers import go_on
from services.frontdesk.handlers.one_window import break_pledge
from services.frontdesk.handlers.supplements import lapse
from services.frontdesk.handlers.urging import urge_task
from services.frontdesk.model import Case, Task

SWEEP = 100
TRY_AGAIN = timedelta(minutes=10)

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
            set_case_aside(work, case_no, reason)
            set_aside.inc()
            journal().error("deadlines-set-aside", case_no=case_no, exc_info=error)


def set_case_aside(work: Work, case_no: str, reason: str) -> None:
    """It is looked at again later, and is a trouble until then."""
    work.store.set_aside(case_no, work.now + TRY_AGAIN, reason)
    work.store.open_trouble(trouble_of(case_no), "deadlines", reason, work.now, case_no)


def trouble_of(case_no: str) -> str:
    return f"{case_no}.deadlines"


def watch_case(work: Work, case: Case) -> None:
    while due := _due(work, case):  # anew after each: what fired may have opened the case again, or closed it
        _, kind, key = due
        case.fired.append(f"{kind}:{key}")
        _fire(work, case, kind, key.split("@")[0])
    next_at = case.next_deadline(planning.deadlines(case))  # if it fails, it fails here and not at the end
    if not case.lines:
        work.store.look_again(case, next_at)
    if work.store.was_in_trouble(case.no):
        work.store.settle_trouble(trouble_of(case.no), work.now, work.caller.account)


def _due(work: Work, case: Case) -> tuple[datetime, str, str] | None:
    come = (one for one in planning.deadlines(case) if one[0] <= work.now)
    return min((one for one in come if f"{one[1]}:{one[2]}" not in case.fired), default=None)


def _fire(work: Work, case: Case, kind: str, task_id: str) -> None:
    if kind == "archived":
        case.move("archive")
        case.note("archived", work.now, "frontdesk")
    elif kind == "rating-invited":
        case.note(kind, work.now, "frontdesk")
        work.say(
            care.RatingInvited,
            subject=case.no,
            case_no=case.no,
            channel=case.channel,
            place=case.place,
            round=case.round,
        )
    elif kind == "accepted-on-receipt":
        # Nobody told what is missing in time: it counts as accepted on the day it came.
        case.note(kind, work.now, "frontdesk", None, since=case.filed_at.isoformat())
    elif kind == "publicity-over":
        case.note(kind, work.now, "frontdesk", case.task(task_id))
        go_on(work, case)
    elif kind == "review-lapsed":
        petitions.move(case, "lapse", work.now, "frontdesk")
    elif kind == "pledge-due":
        break_pledge(work, case, task_id)
    elif kind == "callback-due":
        case.note(kind, work.now, "frontdesk")
    elif kind == "contact-due":
        # Whoever was rated badly has not been spoken to: the unit that is to put it right hears of it.
        case.level = max(case.level, 1)
        for task in [task for task in case.present_tasks() if task.open]:
            urge_task(work, case, task, 1, kind)
        case.note(kind, work.now, "frontdesk", level=1)
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
        _late(work, case, case.task(task_id), kind)


def _late(work: Work, case: Case, task: Task, kind: str) -> None:
    """A warning, or a level of supervision with whom it is told beside the unit."""
    supervision = planning.figures(case).level(kind)
    level = supervision.level if supervision else 0
    case.level = max(case.level, level)
    urge_task(work, case, task, level, kind)
    if supervision is None:
        case.note(kind, work.now, "frontdesk", task, level=0)
        return
    told = list(supervision.tells)
    case.note(kind, work.now, "frontdesk", task, level=level, tells=told)
    work.say(
        care.SupervisionRaised,
        subject=case.no,
        case_no=case.no,
        task_id=task.task_id,
        unit=task.unit,
        place=case.place,
        level=level,
        tells=told,
        due_at=task.due_at,
    )


def _escalate(work: Work, case: Case, task: Task) -> None:
    """Nobody answered in time: whoever waits for that outcome begins, while this task stays open and is urged."""
    step = planning.matter_of(case).step(task.part)
    assert step is not None and step.escalates is not None
    case.escalate(task, step.escalates.outcome, work.now)
    urge_task(work, case, task, 1, "escalated")
    go_on(work, case)
