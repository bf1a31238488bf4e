"""What offices answer: noted in the history, and the case goes on from there."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk import forms, matters, planning
from services.frontdesk.care import petitions
from services.frontdesk.handlers import one_window
from services.frontdesk.handlers.approving import note_decision
from services.frontdesk.handlers.certifying import give_certificate
from services.frontdesk.handlers.dispatch import assign_ready, say_withdrawn
from services.frontdesk.handlers.ending import end
from services.frontdesk.model import Case, Task


def note_signed(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.sign(task, event.at, event.officer)


def note_started(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.start(task, event.at, event.officer)


def note_finished(work: Work, event: Any) -> None:
    """A part is done: assign what waited for it, and close when the roll-up is met."""
    case, task = _answered(work, event)
    if not case.finish(task, event.outcome, event.result or {}, event.note, event.at, event.officer):
        return
    step = planning.matter_of(case).step(task.part) if case.round == 1 else None
    if step and step.informs and event.outcome == step.informs:
        instead = (event.result or {}).get("instead")
        end(work, case, "inform", "frontdesk", reason=event.note, instead=instead)
        return
    if case.petition and case.petition["stage"] == "received" and event.outcome == "done":
        petitions.move(case, "accept", event.at, "frontdesk")
    go_on(work, case)


def go_on(work: Work, case: Case) -> None:
    verdict = _verdict(work, case)
    if verdict == "open":
        return
    note_decision(work, case, verdict)
    give_certificate(work, case, verdict)
    end(work, case, "close" if verdict == "done" else "refuse", "frontdesk")


def _verdict(work: Work, case: Case) -> str:
    """The matter's roll-up in the first round; later rounds are one unit's, by hand."""
    if case.round == 1:
        matter = planning.matter_of(case)
        assign_ready(work, case, matter)
        if planning.resting(case, work.now):
            return "open"
        verdict = matters.verdict(matter, case.facts, case.outcomes())
        # intake: whoever was whistled for is waited for, whatever the matter's own parts say
        return "open" if any(task.joint and task.open for task in case.tasks) else verdict
    present = case.present_tasks()
    if any(task.open for task in present):
        return "open"
    return "refused" if any(task.status == "refused" for task in present) else "done"


def note_returned(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.give_back(task, event.reason, planning.adjudicate_by(case, event.at), event.at, event.officer)


def note_extension_asked(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.ask_extension(task, event.until, event.reason, event.at, event.officer)


def note_supplement_asked(work: Work, event: Any) -> None:
    """Names the matter does not know are dropped: nothing could be handed in under them."""
    case, task = _answered(work, event)
    if not one_window.may_ask(work, case, task, event):
        return
    if case.suspend(task, event.items, event.message, event.at, event.officer):
        matter = planning.matter_of(case)
        task.supply_by = planning.supply_by(case, work.now)
        task.asked_form = forms.askable(matter, event.form or [])
        task.asked_materials = one_window.askable_materials(case, event.materials or [])


def note_stood_down(work: Work, event: Any) -> None:
    case, task = _told_of(work, event)
    case.note("stood-down", event.at, event.officer, task, undone=event.undone or [])


def _answered(work: Work, event: Any) -> tuple[Case, Task]:
    """The task an office speaks of. To whom it was withdrawn meanwhile, that is said again: its answer shows that it
    acted, and the first time it may have been told before it knew the task."""
    case, task = _told_of(work, event)
    if task.status == "withdrawn":
        say_withdrawn(work, case, task, case.status)
    return case, task


def _told_of(work: Work, event: Any) -> tuple[Case, Task]:
    case = work.store.case(event.task_id.split(".")[0])
    return case, case.task(event.task_id)
