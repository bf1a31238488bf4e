"""A case that is stuck is a visible trouble (异常): why, put it right, do it again, one or many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.inbox import claim
from services.chassis.journal import journal
from services.contracts import care, catalogue, tasks
from services.contracts.envelope import Envelope
from services.contracts.roles import may
from services.contracts.units import OFFICE_OF, UNITS
from services.frontdesk import forms, matters, planning
from services.frontdesk.handlers.deadlines import set_case_aside, watch_case
from services.frontdesk.handlers.dispatch import say_assigned, say_withdrawn
from services.frontdesk.handlers.returns import UnknownUnit
from services.frontdesk.handlers.telling import publish_changes
from services.frontdesk.model import Case, UnknownCase

Handlers = Mapping[Any, Callable[[Work, Any], None]]
AT_ONCE = 100
"""Troubles that one order does again."""


class UnknownTrouble(NotFound):
    """There is no trouble {trouble_id} in your area."""

    zh = "您的辖区内没有异常“{trouble_id}”。"


class NothingToFix(Invalid):
    """Name what is to be put right: an open task's unit, a due time, fields of the form, or the matter's version."""

    zh = "请指明要修正的内容：未办结任务的承办单位、期限、表单字段或事项版本。"


class CannotBeFixedHere(Conflict):
    """This trouble has no case that could be put right here; an operator has to look at its message."""

    zh = "该异常没有可在此修正的办件，请由运维人员查看原始消息。"


def note_mishap(work: Work, envelope: Envelope, reason: str) -> None:
    """An event the front desk could not do, though it tried: it lies in the dead letters, and here where it is seen."""
    case_no = str(envelope.data.get("task_id") or "").split(".")[0] or None
    if case_no is None and (finding := envelope.data.get("finding_id")):
        known = work.store.finding(finding)
        case_no = known.case_no if known else None
    place = envelope.data.get("place")
    message = msgspec.json.decode(envelope.encode())
    work.store.open_trouble(envelope.id, envelope.name, reason, work.now, case_no, place, message)


def retry_trouble(work: Work, command: Any, events: Handlers) -> dict[str, Any]:
    trouble = _mine(work, command.trouble_id, care.RetryTrouble)
    return _again(work, trouble, events)


def retry_troubles(work: Work, command: Any, events: Handlers) -> dict[str, Any]:
    """Each by itself: one that fails again keeps its reason and holds up no other."""
    wanted = command.troubles
    if wanted is None:
        scopes = work.caller.scopes(*may(care.RetryTroubles))
        wanted = work.store.open_troubles(scopes, command.kind, AT_ONCE)
    rows = [_mine(work, one, care.RetryTroubles) for one in sorted(set(wanted))]
    done = [_again(work, row, events) for row in rows]
    return {"items": done, "resolved": sum(one["resolved"] for one in done), "next": None}


def _again(work: Work, trouble: Any, events: Handlers) -> dict[str, Any]:
    """What succeeded is written before the next is tried, so that a failure forgets nothing but itself."""
    if trouble.resolved_at is not None:
        return {"id": trouble.id, "resolved": True, "reason": None}
    try:
        with work.attempt():
            if trouble.message is None:
                watch_case(work, work.store.case(trouble.case_no))
            else:
                _happen(work, Envelope.decode(msgspec.json.encode(trouble.message)), events)
            publish_changes(work)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:500]
        journal().error("trouble-fails-again", trouble=trouble.id, exc_info=error)
        work.store.forget_all()
        if trouble.message is None:
            set_case_aside(work, trouble.case_no, reason)
        else:
            work.store.open_trouble(
                trouble.id, trouble.kind, reason, work.now, trouble.case_no, trouble.place
            )
        return {"id": trouble.id, "resolved": False, "reason": reason}
    work.store.settle_trouble(trouble.id, work.now, work.caller.account)
    return {"id": trouble.id, "resolved": True, "reason": None}


def _happen(work: Work, envelope: Envelope, events: Handlers) -> None:
    """As the door would do it; whoever replays the dead letter afterwards finds that it is done."""
    contract = catalogue.events()[envelope.name]
    message = contract.read(envelope.data)
    message.envelope = envelope
    if claim(work.connection, [envelope]):
        events[contract](work, message)


def fix_trouble(work: Work, command: Any) -> dict[str, Any]:
    """Who, what and why stand in the history; doing it again is the next order."""
    trouble = _mine(work, command.trouble_id, care.FixTrouble)
    if trouble.case_no is None:
        raise CannotBeFixedHere()
    changes = {
        name: getattr(command, name)
        for name in ("unit", "due_at", "form", "matter_version")
        if getattr(command, name) is not None
    }
    if not changes or (command.unit and not command.task_id):
        raise NothingToFix()
    try:
        case: Case = work.store.case(trouble.case_no)
    except (UnknownCase, msgspec.ValidationError):
        raise CannotBeFixedHere() from None
    if command.matter_version is not None:
        case.matter_version = matters.catalogue().get(case.matter, command.matter_version).version
    if command.form is not None:
        _correct(case, command.form)
    plain = {name: value.isoformat() if name == "due_at" else value for name, value in changes.items()}
    if command.form is not None:
        plain["form"] = sorted(command.form)  # which fields; their values are the case's own
    if command.task_id and not case.task(command.task_id).open:
        raise NothingToFix()
    if command.task_id:
        case.note(
            "mended",
            work.now,
            work.caller.account,
            case.task(command.task_id),
            reason=command.reason,
            **plain,
        )
        _move_task(work, case, command)
    else:
        case.due_at = command.due_at or case.due_at
        case.note("mended", work.now, work.caller.account, None, reason=command.reason, **plain)
    return {"id": trouble.id, "case_no": case.no, "mended": sorted(changes)}


def _correct(case: Case, form: dict[str, Any]) -> None:
    """What is put in is as sound as an application; what was wrong before elsewhere is not held against it."""
    matter = planning.matter_of(case)
    changed = {**case.facts, **form}
    faults = [
        fault
        for fault in forms.problems(matter, changed, [])
        if fault.path.startswith("form.") and fault.path.split(".")[1] in form
    ]
    if faults:
        raise forms.IncompleteForm.fields({fault.path: (fault.zh, fault.en) for fault in faults})
    clean = forms.cleaned(matter, changed)
    case.form |= {name: clean[name] for name in form if name in clean}


def _move_task(work: Work, case: Case, command: Any) -> None:
    """Another unit takes it, with the time that is left; or the same one has another due time."""
    task = case.task(command.task_id)
    due_at = command.due_at or task.due_at
    if command.unit is None:
        task.due_at = due_at
        case.due_at = max(case.due_at, due_at)
        work.say(
            tasks.TaskDueMoved,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            due_at=due_at,
            reason=command.reason,
        )
        return
    if command.unit not in UNITS:
        raise UnknownUnit(unit=command.unit)
    if task.unit in UNITS:
        say_withdrawn(work, case, task, command.reason)
    task.status = "withdrawn"
    sign_by = min(planning.sign_by(case, work.now), due_at)
    titles = (task.title_zh, task.title_en)
    other = case.assign(command.unit, task.part, task.step, titles, work.now, sign_by, due_at, task.lead)
    say_assigned(work, case, other, manual=True)


def _mine(work: Work, trouble_id: str, contract: Any) -> Any:
    row = work.store.trouble(trouble_id)
    if row is None or not work.caller.may(may(contract), row.place):
        raise UnknownTrouble(trouble_id=trouble_id)
    return row
