"""Who does what by when: a matter's steps become tasks, and a case's tasks become deadlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from services.chassis import calendar
from services.frontdesk import matters
from services.frontdesk.care import clocks
from services.frontdesk.care.clocks import Clocks
from services.frontdesk.matters import Matter, Step
from services.frontdesk.model import ANSWERED, OPEN, Case, Task

ON_SITE = ("window", "kiosk", "visit")
"""Channels in which the applicant is there himself."""
THE_DESK = "frontdesk"
"""Whose a call is that asks about the answer: never the unit's that gave it."""


@dataclass(frozen=True)
class Call:
    """A call somebody owes the applicant (回访)."""

    about: str
    """`contact` after a bad rating, `answer`, or `recheck` of what was done again."""
    due_at: datetime
    tries: int
    tries_left: int
    whose: str


def figures(case: Case) -> Clocks:
    """The clocks of the case's place on the day it was filed."""
    return clocks.of(case.place, case.filed_at)


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


def sign_by(case: Case, at: datetime) -> datetime:
    """Of a task that is given out by hand."""
    return calendar.of(case.place).due(at, figures(case).sign)


def adjudicate_by(case: Case, at: datetime) -> datetime:
    """Until when the desk rules on a return that is asked now."""
    return calendar.of(case.place).due(at, figures(case).adjudicate)


def redo_times(case: Case, at: datetime) -> tuple[datetime, datetime]:
    """(sign by, due) of what is done once more."""
    working = calendar.of(case.place)
    redo = matter_of(case).redo_within or figures(case).redo
    return working.due(at, figures(case).bad_rating_contact), working.due(at, redo)


def rests_until(case: Case, task: Task) -> datetime | None:
    """Until when what waits for a finished task has to wait all the same, as for the days of a publicity."""
    if case.round > 1 or task.status != "done":
        return None
    step = matter_of(case).step(task.part)
    if step is None or step.at_least is None:
        return None
    return _due(case.place, task.signed_at or task.assigned_at, step.at_least)


def resting(case: Case, at: datetime) -> set[str]:
    """The parts that are done and whose time is not over."""
    until = {task.part: rests_until(case, task) for task in case.present_tasks()}
    return {part for part, moment in until.items() if moment and moment > at}


def supply_by(case: Case, at: datetime) -> datetime:
    """Until when the applicant may add what is missing."""
    return calendar.of(case.place).due(at, matter_of(case).supplement_within)


def check_by(case: Case, task: Task) -> datetime:
    """Until when a unit may tell what is missing: counted from when it was given the application."""
    clock = figures(case)
    within = clock.check_on_site if case.channel in ON_SITE else clock.check_online
    return _due(case.place, task.assigned_at, within)


def follow_up_by(case: Case, day: str | None) -> datetime:
    """Until when what was pledged has to be there: the day the applicant named, but not later than the place allows."""
    latest = calendar.of(case.place).due(case.filed_at, figures(case).follow_up)
    if day is None:
        return latest
    named = datetime.combine(date.fromisoformat(day), time(17), tzinfo=calendar.ZONE)
    return min(latest, max(named, case.filed_at))


def note_pledges(case: Case) -> None:
    case.pledges = [
        {"name": entry["name"], "due_at": follow_up_by(case, entry.get("by")).isoformat()}
        for entry in case.materials
        if entry.get("pledge")
    ]


def reusable_since(place: str, now: datetime) -> datetime:
    """What was handed in since then is not asked again."""
    passed = sum(
        (amount * timedelta(days=1) for amount, _ in clocks.of(place, now).reuse_materials.legs), timedelta()
    )
    return now - passed


def latest_extension(case: Case, task: Task) -> datetime:
    return calendar.of(case.place).due(task.due_at, matter_of(case).extend_at_most)


def after_pause(case: Case, task: Task, at: datetime) -> datetime:
    """When a task falls due whose clock stood still until now."""
    assert task.paused_at is not None
    step = matter_of(case).step(task.part)
    promise = step.promise_for(case.facts) if step else None
    return calendar.of(case.place).resume(task.due_at, task.paused_at, at, promise)


def call_owed(case: Case) -> Call | None:
    """The call the applicant is owed now, if any.

    After a bad rating he is contacted while it is done again, and called about the outcome whatever he rates then.
    Otherwise whoever rated has spoken. After so many tries he is unreachable, and nobody owes him a call.
    """
    if case.channel == "device":
        return None
    clock = figures(case)
    lead = case.last_lead()
    if case.status in OPEN and case.begun_for == "bad-rating":
        about, whose = "contact", lead.unit if lead else THE_DESK
        due = _due(case.place, _moment(case.begun), clock.bad_rating_contact)
    elif case.has_answer and case.answered_at and not case.called_back:
        again = case.begun_for in ("bad-rating", "unsatisfied")
        if case.rated and not again:
            return None
        about, whose = "recheck" if again else "answer", THE_DESK
        due = _due(case.place, case.answered_at, matter_of(case).call_back_within or clock.call_back)
    else:
        return None
    calls = [call for call in case.calls if (call["about"], call["round"]) == (about, case.round)]
    left = clock.call_tries - len(calls)
    if left <= 0 or any(call["reached"] for call in calls):
        return None
    if calls:
        due = max(due, _due(case.place, _moment(calls[-1]), clock.call_again))
    return Call(about, due, len(calls), left, whose)


def answered_on_site(case: Case) -> bool:
    """It was filed and answered in the hall on one day: the rating of the visit is about it."""
    return (
        case.channel in ON_SITE
        and case.round == 1
        and case.status in ANSWERED
        and case.closed_at is not None
        and case.closed_at < local_day(case.filed_at)[1]
    )


def local_day(at: datetime) -> tuple[datetime, datetime]:
    """Midnight before and after."""
    begin = at.astimezone(calendar.ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return begin, begin + timedelta(days=1)


def _moment(noted: dict[str, Any] | None, name: str = "at") -> datetime:
    assert noted is not None
    return datetime.fromisoformat(noted[name])


# A case's deadlines are told anew with each of its lines, and lanes of one case share their times: each is reckoned once.


@lru_cache(maxsize=8192)
def _due(place: str, at: datetime, promise: calendar.Promise) -> datetime:
    return calendar.of(place).due(at, promise)


@lru_cache(maxsize=8192)
def _share_left(place: str, begin: datetime, due: datetime, left: float) -> datetime:
    if (
        due <= begin
    ):  # a return was ruled on when the time was over: who takes the task now is late from the start
        return due
    working = calendar.of(place)
    given = working.working_time_between(begin, due)
    return working.add_working_hours(begin, given * (1 - left))


def warn_at(case: Case, task: Task) -> datetime:
    """When a share of the time is left: of working time, but of plain time where nights count too."""
    left = figures(case).near_due_left
    step = matter_of(case).step(task.part) if case.round == 1 else None
    if step and step.promise_for(case.facts).round_the_clock:
        return task.due_at - (task.due_at - task.assigned_at) * left
    return _share_left(case.place, task.assigned_at, task.due_at, left)


def deadlines(case: Case) -> Iterator[tuple[datetime, str, str]]:
    """(moment, kind, task id or "") of everything that will happen to the case by the clock alone."""
    clock = figures(case)
    if call := call_owed(case):
        kind = "contact-due" if call.about == "contact" else "callback-due"
        yield call.due_at, kind, f"{case.round}.{call.tries}" if call.tries else str(case.round)
    if case.has_answer and case.answered_at and not case.rated and case.channel != "device":
        invited = _due(case.place, case.answered_at, clock.invite_rating_after)
        yield invited, "rating-invited", str(case.round)
    if case.status in ANSWERED and case.closed_at:
        if case.petition and "ask_by" in case.petition:
            yield _moment(case.petition, "ask_by"), "review-lapsed", str(case.round)
        else:
            yield _due(case.place, case.closed_at, clock.archive_after), "archived", str(case.round)
    for pledge in case.pledges:
        if "kept" not in pledge and case.status in (*OPEN, *ANSWERED):
            yield datetime.fromisoformat(pledge["due_at"]), "pledge-due", pledge["name"]
    yield from _reminders(case)
    if case.ended:
        return
    if case.round == 1 and case.tasks and case.told_missing_at is None and case.channel != "device":
        yield check_by(case, case.tasks[0]), "accepted-on-receipt", ""
    for task in case.tasks:
        if (rested := rests_until(case, task)) is not None:
            yield rested, "publicity-over", task.task_id
        elif task.supply_by is not None and task.status == "supplement":
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
    # Until a return is ruled on, it is the desk's to act and not the unit's to sign.
    if task.signed_at is None and task.status != "return-pending":
        yield task.sign_by, "sign-late", task.task_id
    if task.adjudicate_by is not None and task.status == "return-pending":
        yield task.adjudicate_by, "adjudicate-by", task.task_id
    if case.round == 1 and (step := matter_of(case).step(task.part)) and step.escalates:
        at = _due(case.place, task.assigned_at, step.escalates.after)
        yield at, "escalated", task.task_id
    # The due time is part of the key: an extension makes a new deadline, which may be missed anew.
    key = f"{task.task_id}@{task.due_at.isoformat()}"
    yield warn_at(case, task), "near-due", key
    first = f"overdue:{key}" in case.fired
    for level in figures(case).supervision:
        if level.after is None:
            yield task.due_at, level.kind, key
        elif first:
            yield _due(case.place, task.due_at, level.after), level.kind, key
