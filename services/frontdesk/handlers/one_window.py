"""One window: what may still be asked of an applicant, what he was believed on his word, and what he gave us before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.contracts import tasks
from services.contracts.units import OFFICE_OF
from services.frontdesk import forms, planning
from services.frontdesk.forms import FieldProblem
from services.frontdesk.handlers.access import for_applicant
from services.frontdesk.handlers.redo import redo
from services.frontdesk.handlers.urging import urge_task
from services.frontdesk.model import ANSWERED, OPEN, Case, Task


class NothingPledged(Conflict):
    """Nothing of this application was pledged to follow."""

    zh = "本件没有承诺后补的材料。"


# -- the same material is never asked twice --


def reuse(
    work: Work, matter: Any, applicant: Mapping[str, Any], place: str, channel: str, given: Sequence[Any]
) -> list[Any]:
    """What this person handed in before, of what the matter requires and he did not bring now.

    Only where he is there himself: whoever types somebody's number from afar gets nothing of that person's.
    """
    if channel not in planning.ON_SITE:
        return []
    brought = {
        entry.get("name") for entry in given if isinstance(entry, Mapping) and entry.get("pledge") is not True
    }
    wanted = [
        one for one in matter.materials if one.required and one.how != "fetched" and one.name not in brought
    ]
    if not wanted:
        return []
    known = work.store.handed_in(applicant, planning.reusable_since(place, work.now))
    return [
        {"name": one.name, "sha256": known[one.name]["sha256"]}
        for one in wanted
        if one.name in known and known[one.name]["media_type"] in one.accepts
    ]


def with_known(given: Sequence[Any], known: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What is known takes the place of a pledge."""
    names = {entry["name"] for entry in known}
    pledged = [
        one for one in given if isinstance(one, Mapping) and one.get("pledge") and one.get("name") in names
    ]
    return [one for one in given if one not in pledged] + list(known)


# -- missing items are told once, in time, and nothing is asked that we have or can fetch --


def may_ask(work: Work, case: Case, task: Task, event: Any) -> bool:
    """False when what a unit asks does not stop the clock; it is told so and goes on.

    Too late: what was not told missing in time was accepted on receipt. Known: it names only materials that were
    handed in already, or that we get ourselves by sharing.
    """
    if event.at > planning.check_by(case, task):
        why = "too-late"
    elif event.materials and not event.form and not _unknown(case, event.materials):
        why = "known"
    else:
        return True
    case.note("supplement-refused", event.at, event.officer, task, why=why, missing=event.items)
    work.say(
        tasks.TaskSupplementLapsed,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        due_at=task.due_at,
    )
    return False


def askable_materials(case: Case, names: Sequence[str]) -> list[str]:
    """Of these, the materials of the matter that are neither here nor to be had by sharing."""
    return [one.name for one in planning.matter_of(case).materials if one.name in _unknown(case, names)]


def _unknown(case: Case, names: Sequence[str]) -> set[str]:
    here = {entry["name"] for entry in case.materials if not entry.get("pledge")}
    fetched = {one.name for one in planning.matter_of(case).materials if one.how == "fetched"}
    return set(names) - here - fetched


# -- a minor missing item may follow on a pledge --


def refuse_pledges(work: Work, applicant: Mapping[str, Any], materials: Sequence[Any]) -> list[FieldProblem]:
    """Whoever broke a pledge and has not made up for it is not believed another time."""
    pledged = [
        n for n, entry in enumerate(materials) if isinstance(entry, Mapping) and entry.get("pledge") is True
    ]
    broken = work.store.broken_pledge(applicant) if pledged else None
    if broken is None:
        return []
    zh = f"件 {broken} 承诺后补的材料未按期提交，本次不能再承诺后补。"
    en = f"What was pledged for case {broken} has not come in time; it cannot be pledged this time."
    return [FieldProblem(f"materials.{n}", zh, en) for n in pledged]


def hand_in_later(work: Work, command: Any) -> dict[str, Any]:
    """What was pledged comes, in time or late: late it still lifts the bar on new pledges."""
    case = for_applicant(work, command)
    open_pledges = {pledge["name"]: pledge for pledge in case.pledges if "kept" not in pledge}
    if not open_pledges:
        raise NothingPledged()
    uploads = work.store.uploads(forms.digests(command.materials))
    names = [entry["name"] for entry in command.materials if entry.get("name") in open_pledges]
    asked = forms.Asked((), names or list(open_pledges))
    matter = planning.matter_of(case)
    _, faults = forms.supplement(matter, case.facts, {}, command.materials, asked, uploads)
    faults = [fault for fault in faults if fault.path.startswith("materials")]
    if faults:
        raise forms.IncompleteForm.fields({fault.path: (fault.zh, fault.en) for fault in faults})
    came = forms.kept(command.materials, uploads)
    case.materials = [
        entry for entry in case.materials if not (entry.get("pledge") and entry["name"] in names)
    ] + came
    for name in names:
        open_pledges[name]["kept"] = work.now.isoformat()
    case.note("pledge-kept", work.now, work.caller.account, None, materials=names)
    for task in [task for task in case.tasks if task.open]:
        work.say(
            tasks.TaskSupplied,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            form={},
            materials=came,
            due_at=task.due_at,
        )
    return case.face(work.now)


def break_pledge(work: Work, case: Case, name: str) -> None:
    """It did not come in time. Units at work decide on what they have; an answer that was given is looked at again."""
    pledge = next(one for one in case.pledges if one["name"] == name)
    pledge["broken"] = work.now.isoformat()
    case.note("pledge-broken", work.now, "frontdesk", None, material=name)
    if case.status in OPEN:
        for task in [task for task in case.tasks if task.open]:
            urge_task(work, case, task, 0, "pledge-broken")
    elif case.status in ANSWERED and not case.petition:
        redo(work, case, "reopened", "pledge-broken", reason="pledge-broken", material=name)
