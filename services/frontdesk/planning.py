"""Who does what by when: a matter's steps become tasks, and a case's tasks become deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.chassis import calendar
from services.frontdesk import matters
from services.frontdesk.matters import Matter, Step
from services.frontdesk.model import ANSWERED, Case, Task

TIME_TO_SIGN = calendar.Promise.parse("2wh")
BAD_RATING_CONTACT = calendar.Promise.parse("1wd")
REDO = calendar.Promise.parse("5wd")
TIME_TO_ADJUDICATE = calendar.Promise.parse("1wd")
CALLBACK_WITHIN = calendar.Promise.parse("3wd")
INVITE_RATING_AFTER = timedelta(days=3)
ARCHIVE_AFTER = timedelta(days=30)
NEAR_DUE_SHARE = 0.8


def matter_of(case: Case) -> Matter:
    """The matter in the version the case began with."""
    return matters.catalogue().get(case.matter, case.matter_version)


def case_due(matter: Matter, form: dict[str, Any], place: str, at: datetime) -> datetime:
    return _sooner(calendar.of(place).due(at, matter.promise_for(form)), form)


def _sooner(due: datetime, form: Mapping[str, Any]) -> datetime:
    """A finder may know by when: the registry's kinds of grid events each have a time of their own."""
    told = form.get("handle_by")
    return min(due, datetime.fromisoformat(told)) if told else due


def task_times(matter: Matter, step: Step, case: Case, at: datetime) -> tuple[datetime, datetime]:
    """(sign by, due) of a task that is given out now."""
    return times_of(matter, step, case.place, case.facts, at)


def times_of(
    matter: Matter, step: Step, place: str, facts: Mapping[str, Any], at: datetime
) -> tuple[datetime, datetime]:
    working = calendar.of(place)
    due = _sooner(working.due(at, step.promise_for(facts)), facts)
    return min(working.due(at, matter.sign_within), due), due


def redo_times(case: Case, at: datetime) -> tuple[datetime, datetime]:
    """(sign by, due) of what is done once more."""
    working = calendar.of(case.place)
    return working.due(at, BAD_RATING_CONTACT), working.due(at, REDO)


def supply_by(case: Case, at: datetime) -> datetime:
    """Until when the applicant may add what is missing."""
    return calendar.of(case.place).due(at, matter_of(case).supplement_within)


def latest_extension(case: Case, task: Task) -> datetime:
    return calendar.of(case.place).due(task.due_at, matter_of(case).extend_at_most)


def after_pause(case: Case, task: Task, at: datetime) -> datetime:
    """When a task falls due whose clock stood still until now."""
    assert task.paused_at is not None
    step = matter_of(case).step(task.part)
    promise = step.promise_for(case.facts) if step else None
    return calendar.of(case.place).resume(task.due_at, task.paused_at, at, promise)


def deadlines(case: Case) -> Iterator[tuple[datetime, str, str]]:
    """(moment, kind, task id or "") of everything that will happen to the case by the clock alone."""
    if case.has_answer and case.answered_at:
        if not case.rated and case.channel != "device":
            yield case.answered_at + INVITE_RATING_AFTER, "rating-invited", str(case.round)
            if not case.called_back:
                due = calendar.of(case.place).due(case.answered_at, CALLBACK_WITHIN)
                yield due, "callback-due", str(case.round)
        if case.status in ANSWERED and case.closed_at:
            yield case.closed_at + ARCHIVE_AFTER, "archived", str(case.round)
    yield from _reminders(case)
    if case.ended:
        return
    for task in case.tasks:
        if task.supply_by is not None and task.status == "supplement":
            yield task.supply_by, "supplement-due", task.task_id
        elif task.open and task.paused_at is None:
            yield from _task_deadlines(case, task)


# -- intake: what a matter wants to be remembered of after its answer ----------------------------------


def _reminders(case: Case) -> Iterator[tuple[datetime, str, str]]:
    """Once, when a step ended as the reminder says and what it reminds of has not been done meanwhile."""
    if case.confirmation is not None or not any(task.finished for task in case.tasks):
        return
    for reminder in matter_of(case).reminders:
        for task in case.present_tasks():
            if task.part == reminder.unit and task.outcome == reminder.outcome and task.finished_at:
                yield task.finished_at + reminder.after.roughly, reminder.name, task.task_id


def _task_deadlines(case: Case, task: Task) -> Iterator[tuple[datetime, str, str]]:
    if task.signed_at is None:
        yield task.sign_by, "sign-late", task.task_id
    if task.adjudicate_by is not None and task.status == "return-pending":
        yield task.adjudicate_by, "adjudicate-by", task.task_id
    if case.round == 1 and (step := matter_of(case).step(task.part)) and step.escalates:
        at = calendar.of(case.place).due(task.assigned_at, step.escalates.after)
        yield at, "escalated", task.task_id
    # The due time is part of the key: an extension makes a new deadline, which may be missed anew.
    key = f"{task.task_id}@{task.due_at.isoformat()}"
    yield task.assigned_at + (task.due_at - task.assigned_at) * NEAR_DUE_SHARE, "near-due", key
    yield task.due_at, "overdue", key
    if f"overdue:{key}" in case.fired:
        working = calendar.of(case.place)
        yield working.add_working_days(task.due_at, 1), "overdue-2", key
        yield working.add_working_days(task.due_at, 2), "overdue-3", key
