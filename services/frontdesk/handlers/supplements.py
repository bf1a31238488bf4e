"""The applicant adds what was missing, or does not in time; either way the clock runs again."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk import forms, planning
from services.frontdesk.handlers.access import for_applicant
from services.frontdesk.model import Case, Task


class NothingAdded(Invalid):
    """Add at least one field, material or note."""

    zh = "请至少补充一项内容、材料或说明。"


def supplement_case(work: Work, command: Any) -> dict[str, Any]:
    """Only what was asked for is taken, and it is checked as an application is."""
    case = for_applicant(work, command)
    waiting = case.waiting_for_supplement()
    form, materials = _checked(work, case, waiting, command)
    case.form = {**case.form, **form}
    case.materials = [*case.materials, *materials]
    for task in waiting:
        case.run_again(task, "supply", planning.after_pause(case, task, work.now))
        work.say(
            tasks.TaskSupplied,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            form=form,
            materials=materials,
            due_at=task.due_at,
        )
    case.note(
        "supplemented", work.now, work.caller.account, None, due_at=case.due_at.isoformat(), note=command.note
    )
    return case.face(work.now)


def _checked(
    work: Work, case: Case, waiting: list[Task], command: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if not (command.form or command.materials or command.note):
        raise NothingAdded()
    # A unit that named nothing leaves it open what is added; then nobody else's list may close it.
    in_words = any(not (task.asked_form or task.asked_materials) for task in waiting)
    asked = forms.Asked(
        [] if in_words else [name for task in waiting for name in task.asked_form],
        [] if in_words else [name for task in waiting for name in task.asked_materials],
    )
    matter = planning.matter_of(case)
    uploads = work.store.uploads(forms.digests(command.materials))
    clean, faults = forms.supplement(matter, case.facts, command.form, command.materials, asked, uploads)
    faults += forms.outside(matter, clean, case.place)
    if len(case.materials) + len(command.materials) > forms.MATERIALS_AT_MOST:
        faults.append(forms.TOO_MANY_MATERIALS)
    if faults:
        raise forms.IncompleteForm.fields({fault.path: (fault.zh, fault.en) for fault in faults})
    return clean, forms.kept(command.materials, uploads)


def lapse(work: Work, case: Case, task: Task) -> None:
    """Nothing came in time: the unit may finish or refuse on what it has."""
    case.run_again(task, "lapse", planning.after_pause(case, task, work.now))
    case.note("supplement-lapsed", work.now, "frontdesk", task, due_at=task.due_at.isoformat())
    work.say(
        tasks.TaskSupplementLapsed,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        due_at=task.due_at,
    )
