"""The front desk's verbs: take in, plan, watch, decide, answer. Closes with its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.errors import Forbidden, Invalid
from services.chassis.settings import settings
from services.contracts import frontdesk, tasks
from services.contracts.messages import Command, Event
from services.contracts.units import OFFICE_OF, UNITS
from services.frontdesk import calendar, forms, matters, planning
from services.frontdesk.model import (
    CannotFollowItself,
    Case,
    NothingToDecide,
    NotYours,
    Task,
    UnitNeeded,
    UnknownCase,
    case_number,
)

TAKE_IN = ("clerk", "terminal", "company", "admin")
DECIDE = ("clerk", "supervisor", "admin")
SWEEP = 100


class MatterNotOpen(Forbidden):
    """The matter {code} is not approved for the desk, or not for this channel."""

    zh = "事项“{code}”未经准入或不在本渠道受理。"


class UnknownUnit(Invalid):
    """There is no unit {unit}."""

    zh = "没有承办单位“{unit}”。"


# -- taking in -----------------------------------------------------------------------------------------


def file_case(work: Work, command: Any) -> dict[str, Any]:
    """Checks everything at once, registers, plans, and gives the receipt: one transaction."""
    matter = matters.catalogue().get(command.matter)
    if not matter.approved or matter.internal or command.channel not in matter.channels:
        raise MatterNotOpen(code=command.matter)
    applicant, form = _checked(work, matter, command)
    place = command.place or forms.place_of(matter, form) or _first_place(work)
    if not work.caller.may(TAKE_IN, place):
        raise NotYours()
    token = identifiers.new_token()
    case = _register(work, matter, place, command.channel, applicant, form, command.materials, token)
    return {
        "case_no": case.no,
        "tracking_token": token,
        "status": case.status,
        "due_at": case.due_at,
        "tasks": [task.lane(work.now) for task in case.tasks],
    }


def _checked(work: Work, matter: Any, command: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(applicant, form), cleaned; everything that is missing or wrong is told at once."""
    both = {**command.applicant, **command.form}
    faults = forms.problems(matter, both, command.materials)
    sentences = {fault.path: (fault.zh, fault.en) for fault in faults}
    digests = {
        str(entry["sha256"]) for entry in command.materials if isinstance(entry, dict) and entry.get("sha256")
    }
    for digest in digests - work.store.known_materials(digests):
        sentences[f"materials.{digest[:12]}"] = (
            "该材料尚未上传，请先上传。",
            "This material has not been uploaded yet.",
        )
    if sentences:
        raise forms.IncompleteForm.fields(sentences)
    clean = forms.cleaned(matter, both)
    own = {field.name for group in matter.groups if group.key == forms.APPLICANT for field in group.fields}
    applicant = {name: value for name, value in clean.items() if name in own}
    return applicant, {name: value for name, value in clean.items() if name not in own}


def _register(
    work: Work,
    matter: Any,
    place: str,
    channel: str,
    applicant: dict[str, Any],
    form: dict[str, Any],
    materials: list[Any],
    token: str,
    finding_id: str | None = None,
    finder: str | None = None,
) -> Case:
    local_day = work.now.astimezone(calendar.ZONE).strftime("%Y%m%d")
    case = Case(
        no=case_number(local_day, work.store.next_number()),
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
        tracking_hash=_digest(token),
        finding_id=finding_id,
        finder=finder,
    )
    work.store.add(case)
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
    _assign_ready(work, case, matter)
    return case


def _assign_ready(work: Work, case: Case, matter: Any) -> None:
    """Gives out every step whose turn it is: parallel unless the matter says `after`."""
    for step in matters.next_steps(matter, _facts(case), case.outcomes(), case.parts_taken()):
        sign_by, due_at = planning.task_times(matter, step, case, work.now)
        lead = step.unit == matter.lead
        task = case.assign(
            step.unit, step.unit, step.name, (step.zh, step.en), work.now, sign_by, due_at, lead
        )
        _say_assigned(work, case, task)


def _say_assigned(work: Work, case: Case, task: Task, manual: bool = False) -> None:
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


# -- what offices answer -------------------------------------------------------------------------------


def note_signed(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.sign(task, event.at, event.officer)


def note_started(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.start(task, event.at, event.officer)


def note_finished(work: Work, event: Any) -> None:
    """A part is done: assign what waited for it, and close when the roll-up is met."""
    case, task = _answered(work, event)
    if case.finish(task, event.outcome, event.result or {}, event.note, event.at, event.officer):
        _go_on(work, case)


def _go_on(work: Work, case: Case) -> None:
    verdict = _verdict(work, case)
    if verdict == "open":
        return
    _end(work, case, "close" if verdict == "done" else "refuse", "frontdesk")


def _verdict(work: Work, case: Case) -> str:
    """The matter's roll-up in the first round; later rounds are one unit's, by hand."""
    if case.round == 1:
        matter = planning.matter_of(case)
        _assign_ready(work, case, matter)
        return matters.verdict(matter, _facts(case), case.outcomes())
    present = case.present_tasks()
    if any(task.open for task in present):
        return "open"
    return "refused" if any(task.status == "refused" for task in present) else "done"


def note_returned(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.give_back(task, event.reason, event.at, event.officer)


def note_extension_asked(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.ask_extension(task, event.until, event.reason, event.at, event.officer)


def note_supplement_asked(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.suspend(task, event.items, event.message, event.at, event.officer)


def note_stood_down(work: Work, event: Any) -> None:
    case, task = _answered(work, event)
    case.note("stood-down", event.at, event.officer, task, undone=event.undone or [])


def _answered(work: Work, event: Any) -> tuple[Case, Task]:
    case = work.store.case(event.task_id.split(".")[0])
    return case, case.task(event.task_id)


# -- findings of devices -------------------------------------------------------------------------------


def open_finding(work: Work, event: Any) -> None:
    """A finding becomes a case by itself; nobody has to notice it first."""
    if work.store.case_of_finding(event.finding_id):
        return
    matter = matters.catalogue().raised_by(event.envelope.name)
    form = {
        key: value
        for key in ("household", "address", "device", "type", "severity", "evidence", "person")
        if (value := getattr(event, key)) is not None
    }
    applicant = {"name": (event.person or {}).get("name") or event.device or event.envelope.speaker}
    case = _register(
        work, matter, event.place, "device", applicant, form, [],
        identifiers.new_token(), event.finding_id, event.envelope.speaker,
    )  # fmt: skip
    work.store.note_finding(event.finding_id, case.no)


def update_finding(work: Work, event: Any) -> None:
    case = _case_of(work, event.finding_id)
    if case and not case.ended:
        case.form = {**case.form, "evidence": event.evidence}
        case.note("evidence-added", event.at, event.envelope.speaker, None, evidence=event.evidence)


def retract_finding(work: Work, event: Any) -> None:
    """The reason is gone: whoever was sent stands down."""
    case = _case_of(work, event.finding_id)
    if case and not case.ended:
        _end(work, case, "withdraw", event.envelope.speaker, reason=event.reason, retracted=True)


def _case_of(work: Work, finding_id: str) -> Case | None:
    no = work.store.case_of_finding(finding_id)
    return work.store.case(no) if no else None


# -- what applicants and staff order -------------------------------------------------------------------


def supplement_case(work: Work, command: Any) -> dict[str, Any]:
    case = _for_applicant(work, command)
    waiting = case.waiting_for_supplement()
    matter = planning.matter_of(case)
    case.form = {**case.form, **command.form}
    case.materials = [*case.materials, *command.materials]
    working = calendar.of(case.place)
    for task in waiting:
        step = matter.step(task.part)
        promise = step.promise_for(_facts(case)) if step else None
        assert task.paused_at is not None
        task.due_at = working.resume(task.due_at, task.paused_at, work.now, promise)
        case.due_at = max(case.due_at, task.due_at)
        task.paused_at, task.missing = None, []
        case.move_task(task, "supply")
        work.say(
            tasks.TaskSupplied,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            form=command.form,
            materials=command.materials,
            due_at=task.due_at,
        )
    case.move("resume")
    case.note("supplemented", work.now, work.caller.account, None, due_at=case.due_at.isoformat())
    return _face(work, case)


def urge_case(work: Work, command: Any) -> dict[str, Any]:
    case = _for_applicant(work, command)
    _urge(work, case, 0, command.reason, work.caller.account, "urged")
    return _face(work, case)


def supervise_case(work: Work, command: Any) -> dict[str, Any]:
    case = _for_staff(work, command.case_no, ("supervisor", "admin"))
    case.level = max(case.level, command.level)
    _urge(work, case, command.level, command.reason, work.caller.account, "supervised")
    return _face(work, case)


def _urge(work: Work, case: Case, level: int, reason: str, actor: str, kind: str) -> None:
    for task in [task for task in case.tasks if task.open]:
        _urge_task(work, case, task, level, reason)
    case.note(kind, work.now, actor, None, level=level, reason=reason)


def _urge_task(work: Work, case: Case, task: Task, level: int, reason: str) -> None:
    task.urged += 1
    task.level = max(task.level, level)
    work.say(
        tasks.TaskUrged,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        level=level,
        reason=reason,
    )


def withdraw_case(work: Work, command: Any) -> dict[str, Any]:
    """The applicant takes it back: what is open stands down, and what was done is undone."""
    case = _for_applicant(work, command)
    done = [task for task in case.tasks if task.status == "done"]
    _end(work, case, "withdraw", work.caller.account, reason=command.reason)
    for task in done:
        _say_withdrawn(work, case, task, command.reason)
    return _face(work, case)


def rate_case(work: Work, command: Any) -> dict[str, Any]:
    """A bad rating starts the redo at once, with its own deadline."""
    case = _for_applicant(work, command)
    if case.rate(command.stars, command.comment, work.now, work.caller.account):
        _redo(work, case, "redo", reason=command.comment or "", stars=command.stars)
    return _face(work, case)


def reopen_case(work: Work, command: Any) -> dict[str, Any]:
    case = _for_staff(work, command.case_no, DECIDE)
    _redo(work, case, "reopened", reason=command.reason)
    return _face(work, case)


def record_callback(work: Work, command: Any) -> dict[str, Any]:
    case = _for_staff(work, command.case_no, DECIDE)
    answers = {"reached": command.reached, "resolved": command.resolved, "satisfied": command.satisfied}
    case.callback = {**answers, "at": work.now.isoformat()}
    case.note("called-back", work.now, work.caller.account, None, **answers)
    if (
        command.reached
        and (command.resolved is False or command.satisfied is False)
        and case.status == "closed"
    ):
        _redo(work, case, "redo", reason=command.note or "")
    return _face(work, case)


def _redo(work: Work, case: Case, kind: str, **detail: Any) -> None:
    """Once more, by a person, by the unit that led."""
    lead = next((task for task in case.tasks if task.lead), case.tasks[0])
    working = calendar.of(case.place)
    due_at = working.due(work.now, planning.REDO)
    sign_by = working.due(work.now, planning.BAD_RATING_CONTACT)
    case.begin_again(kind, work.now, work.caller.account, due_at, **detail)
    task = case.assign(
        lead.unit, lead.part, lead.step, (lead.title_zh, lead.title_en), work.now, sign_by, due_at, True
    )
    _say_assigned(work, case, task, manual=True)


def merge_case(work: Work, command: Any) -> dict[str, Any]:
    case = _for_staff(work, command.case_no, DECIDE)
    into = _for_staff(work, command.into, DECIDE)
    if case is into or into.ended:
        raise CannotFollowItself()
    case.merged_into = into.no
    _end(work, case, "merge", work.caller.account, into=into.no)
    into.followers.append(case.no)
    into.note("follower-joined", work.now, work.caller.account, None, follower=case.no)
    return _face(work, case)


def decide_return(work: Work, command: Any) -> dict[str, Any]:
    """Somebody must hold it: another unit, or the same one for good; the time already spent stays charged."""
    case = _for_staff(work, command.task_id.split(".")[0], DECIDE)
    task = case.task(command.task_id)
    if task.status != "return-pending":
        raise NothingToDecide()
    if command.decision == "designated":
        case.move_task(task, "designate")
        task.designated = True
        case.note("designated", work.now, work.caller.account, task, reason=command.reason)
    else:
        if not command.unit:
            raise UnitNeeded()
        if command.unit not in UNITS:
            raise UnknownUnit(unit=command.unit)
        case.move_task(task, "uphold")
        case.note("returned", work.now, work.caller.account, task, reason=command.reason, to=command.unit)
    work.say(
        tasks.TaskReturnDecided,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        decision=command.decision,
        reason=command.reason,
    )
    if command.decision == "upheld":
        sign_by = min(calendar.of(case.place).due(work.now, planning.TIME_TO_SIGN), task.due_at)
        other = case.assign(
            command.unit,
            task.part,
            task.step,
            (task.title_zh, task.title_en),
            work.now,
            sign_by,
            task.due_at,
            task.lead,
        )
        _say_assigned(work, case, other, manual=True)
    return _face(work, case)


def decide_extension(work: Work, command: Any) -> dict[str, Any]:
    case = _for_staff(work, command.task_id.split(".")[0], DECIDE)
    task = case.task(command.task_id)
    if not task.extension or task.extension["granted"] is not None:
        raise NothingToDecide()
    task.extension["granted"] = command.granted
    if not command.granted:
        case.note("extension-refused", work.now, work.caller.account, task, reason=command.reason)
        return _face(work, case)
    task.due_at = datetime.fromisoformat(task.extension["until"])
    case.due_at = max(case.due_at, task.due_at)
    case.note(
        "extended", work.now, work.caller.account, task, until=task.extension["until"], reason=command.reason
    )
    work.say(
        tasks.TaskDueMoved,
        subject=case.no,
        to=OFFICE_OF[task.unit],
        task_id=task.task_id,
        due_at=task.due_at,
        reason=command.reason,
    )
    return _face(work, case)


def register_material(work: Work, command: Any) -> dict[str, Any]:
    work.store.add_material(
        {
            "sha256": command.sha256,
            "name": command.name,
            "media_type": command.media_type,
            "size": command.size,
            "by": work.caller.account,
        }
    )
    return {"sha256": command.sha256, "media_type": command.media_type, "size": command.size}


# -- ending --------------------------------------------------------------------------------------------


def _end(work: Work, case: Case, verb: str, actor: str, **detail: Any) -> None:
    for task in case.end(verb, work.now, actor, **detail):
        _say_withdrawn(work, case, task, str(detail.get("reason") or case.status))
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
    if verb in ("close", "refuse"):
        for follower in case.followers:
            work.store.case(follower).note(
                "answered-with", work.now, actor, None, case=case.no, status=case.status
            )


def _say_withdrawn(work: Work, case: Case, task: Task, reason: str) -> None:
    work.say(
        tasks.TaskWithdrawn, subject=case.no, to=OFFICE_OF[task.unit], task_id=task.task_id, reason=reason
    )


# -- by the clock --------------------------------------------------------------------------------------


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
    elif kind == "escalated":
        _escalate(work, case, case.task(task_id))
    else:
        task = case.task(task_id)
        level = {"overdue": 1, "overdue-2": 2, "overdue-3": 3}.get(kind, 0)
        case.level = max(case.level, level)
        _urge_task(work, case, task, level, kind)
        case.note(kind, work.now, "frontdesk", task, level=level)


def _escalate(work: Work, case: Case, task: Task) -> None:
    """Nobody answered in time: whoever waits for that outcome begins, while this task stays open and is urged."""
    step = planning.matter_of(case).step(task.part)
    assert step is not None and step.escalates is not None
    case.escalate(task, step.escalates.outcome, work.now)
    _urge_task(work, case, task, 1, "escalated")
    _go_on(work, case)


def publish_changes(work: Work) -> None:
    """At the end of each unit of work: cases are written once, and what is new in a history is said once a case."""
    for case in work.store.write_changed(planning.deadlines):
        work.say(
            frontdesk.CaseNoted,
            subject=case.no,
            case_no=case.no,
            lines=[vars(line) for line in case.lines],
            case=case.face(work.now),
        )
        case.lines.clear()


# -- who may -------------------------------------------------------------------------------------------


def _for_applicant(work: Work, command: Any) -> Case:
    """The holder of the tracking token, or staff of the area."""
    case: Case = work.store.case(command.case_no)
    if command.token and _digest(command.token) == case.tracking_hash:
        return case
    if work.caller.may((*DECIDE, "terminal"), case.place):
        return case
    # Whoever may not see a case is told the same as for one that does not exist.
    raise UnknownCase(case_no=command.case_no)


def _for_staff(work: Work, case_no: str, roles: tuple[str, ...]) -> Case:
    case: Case = work.store.case(case_no)
    if not work.caller.may((*roles, "clerk", "supervisor", "admin"), case.place):
        raise UnknownCase(case_no=case_no)
    if not work.caller.may(roles, case.place):
        raise NotYours()
    return case


def _facts(case: Case) -> dict[str, Any]:
    return {**case.applicant, **case.form}


def _face(work: Work, case: Case) -> dict[str, Any]:
    return case.face(work.now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _first_place(work: Work) -> str:
    scopes = [scope for scope in work.caller.scopes(*TAKE_IN) if scope]
    return scopes[0] if scopes else settings().place


EVENTS: dict[type[Event], Callable[..., None]] = {
    tasks.TaskSigned: note_signed,
    tasks.TaskStarted: note_started,
    tasks.TaskFinished: note_finished,
    tasks.TaskReturned: note_returned,
    tasks.TaskExtensionAsked: note_extension_asked,
    tasks.TaskSupplementAsked: note_supplement_asked,
    tasks.TaskStoodDown: note_stood_down,
    frontdesk.WelfareConcernRaised: open_finding,
    frontdesk.LeakSuspected: open_finding,
    frontdesk.AlarmRaised: open_finding,
    frontdesk.MeterFaultFound: open_finding,
    frontdesk.CameraOfflineFound: open_finding,
    frontdesk.FindingUpdated: update_finding,
    frontdesk.FindingRetracted: retract_finding,
}
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    frontdesk.FileCase: file_case,
    frontdesk.SupplementCase: supplement_case,
    frontdesk.UrgeCase: urge_case,
    frontdesk.SuperviseCase: supervise_case,
    frontdesk.WithdrawCase: withdraw_case,
    frontdesk.RateCase: rate_case,
    frontdesk.ReopenCase: reopen_case,
    frontdesk.RecordCallback: record_callback,
    frontdesk.MergeCase: merge_case,
    frontdesk.DecideReturn: decide_return,
    frontdesk.DecideExtension: decide_extension,
    frontdesk.RegisterMaterial: register_material,
}
TIMERS: Mapping[Callable[[Work], None], timedelta] = {watch_deadlines: timedelta(seconds=2)}
