"""A case is registered, and each step whose turn it is becomes a unit's task."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.contracts import frontdesk, tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk import matters, planning
from services.frontdesk.handlers.access import digest, tracking_token
from services.frontdesk.handlers.reports import follows_an_incident
from services.frontdesk.model import Case, Task, case_number


def new_number(work: Work) -> str:
    local_day = work.now.astimezone(calendar.ZONE).strftime("%Y%m%d")
    return case_number(local_day, work.store.next_number())


def register(
    work: Work,
    matter: Any,
    place: str,
    channel: str,
    applicant: dict[str, Any],
    form: dict[str, Any],
    materials: list[Any],
    finding_id: str | None = None,
    finder: str | None = None,
    source: dict[str, Any] | None = None,
    no: str | None = None,
) -> Case:
    no = no or new_number(work)
    case = Case(
        no=no,
        matter=matter.slug,
        matter_version=matter.version,
        title_zh=matter.title.zh,
        title_en=matter.title.en,
        place=place,
        channel=channel,
        applicant=applicant,
        form=form,
        materials=materials,
        filed_at=work.now,
        due_at=planning.case_due(matter, {**applicant, **form}, place, work.now),
        filed_by=work.caller.account,
        tracking_hash=digest(tracking_token(no)),
        finding_id=finding_id,
        finder=finder,
        source=source or {},
        company=work.caller.account if work.caller.kind == "company" else None,
    )
    work.store.add(case)
    planning.note_pledges(case)
    case.petition = {"stage": "received"} if matter.petition else None
    case.note("filed", work.now, work.caller.account, None, channel=channel)
    work.say(
        frontdesk.CaseFiled,
        subject=case.no,
        case_no=case.no,
        matter=case.matter,
        place=case.place,
        channel=channel,
        finding_id=finding_id,
        finder=finder,
        filed_at=case.filed_at,
        due_at=case.due_at,
    )
    # intake: what reports an incident that is known follows it from the start, and gives nobody a task
    if follows_an_incident(work, case):
        say_closed(work, case)
    else:
        assign_ready(work, case, matter)
    return case


def say_closed(work: Work, case: Case) -> None:
    work.say(
        frontdesk.CaseClosed,
        subject=case.no,
        case_no=case.no,
        matter=case.matter,
        place=case.place,
        status=case.status,
        finding_id=case.finding_id,
        finder=case.finder,
        closed_at=work.now,
    )


def assign_ready(work: Work, case: Case, matter: Any) -> None:
    """Gives out every step whose turn it is: parallel unless the matter says `after`."""
    resting = planning.resting(case, work.now)
    for step in matters.next_steps(matter, case.facts, case.outcomes(), case.parts_taken()):
        if resting.intersection(step.after):
            continue
        sign_by, due_at = planning.task_times(matter, step, case, work.now)
        lead = step.unit == matter.lead
        task = case.assign(
            step.unit, step.unit, step.name, (step.zh, step.en), work.now, sign_by, due_at, lead
        )
        say_assigned(work, case, task)


def assign_again(work: Work, case: Case, sign_by: datetime, due_at: datetime) -> None:
    """Once more, by a person, by the unit that answers for the case."""
    lead = case.last_lead()
    if lead is not None:
        unit, part, step, titles = lead.unit, lead.part, lead.step, (lead.title_zh, lead.title_en)
    else:  # it had been answered before anybody was asked
        first = planning.matter_of(case).steps[0]
        unit, part, step, titles = first.unit, first.unit, first.name, (first.zh, first.en)
    task = case.assign(unit, part, step, titles, work.now, sign_by, due_at, lead=True)
    # Who was designated once may not return the same part in a later round either.
    task.designated = any(one.designated for one in case.tasks if (one.unit, one.part) == (unit, part))
    say_assigned(work, case, task, manual=True)


def say_assigned(work: Work, case: Case, task: Task, manual: bool = False) -> None:
    work.say(
        tasks.TaskAssigned,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        case_no=case.no,
        unit=task.unit,
        matter=case.matter,
        matter_version=case.matter_version,
        step=task.step,
        title_zh=task.title_zh,
        title_en=task.title_en,
        place=case.place,
        applicant=case.applicant,
        form=case.form,
        materials=case.materials,
        results=case.results(),
        lead=task.lead,
        manual=manual,
        round=task.round,
        designated=task.designated,
        assigned_at=task.assigned_at,
        sign_by=task.sign_by,
        due_at=task.due_at,
    )


def say_withdrawn(work: Work, case: Case, task: Task, reason: str) -> None:
    work.say(
        tasks.TaskWithdrawn, subject=case.no, to=OFFICE_OF[task.unit], task_id=task.task_id, reason=reason
    )
