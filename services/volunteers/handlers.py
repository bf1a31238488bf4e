"""What the volunteers' office does when it is told, asked, or when the clock says so. Closes with its tables."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.backoffice import tray
from services.backoffice.model import OPEN
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.contracts import privacy, tasks, volunteers
from services.contracts.messages import Command
from services.contracts.roles import ADMIN, DEPARTMENT
from services.volunteers import demonstration, figures, model
from services.volunteers.erasure import answer_erasure

REPORTABLE = ("signed", "handling")
"""Statuses of an item that what a volunteer found can still finish."""
VISIT = ("name", "address", "phone", "contact_name", "contact_phone")
"""What a volunteer is told of the person, once he has said that he goes and not before."""
AT_ONCE = 50
"""Errands the clock looks after in one go; what is over waits for the next tick."""


class NotYourVolunteers(Forbidden):
    """The volunteers of {place} are coordinated by their own office; your role or area does not cover it."""

    zh = "“{place}”的志愿者不在您的职责或辖区内。"


class NotYourDispatch(Forbidden):
    """Only the volunteer who was asked, or a coordinator, can answer for this dispatch."""

    zh = "只有被派单的志愿者本人或协调员可以办理该派单。"


class OnlyForAdministrators(Forbidden):
    """Demonstration data are loaded by an administrator."""

    zh = "演示数据只能由管理员载入。"


# -- moving in -----------------------------------------------------------------------------------------


def welcome_household(work: Work, item: tray.Item) -> tray.Finished | None:
    """Registers those who ticked, all of them or none."""
    people = model.willing_in(item.form, item.applicant, work.now)
    if people is None:
        return None
    return tray.Finished(result={"volunteers": [_enter(work, person, item) for person in people]})


def welcome_reporter(work: Work, item: tray.Item) -> tray.Finished | None:
    """A reporting party member registers himself."""
    person = model.reporter_in(item.applicant, work.now)
    return tray.Finished(result={"volunteers": [_enter(work, person, item)]}) if person else None


def _enter(work: Work, person: model.Applicant, item: tray.Item) -> str:
    volunteer, _ = work.store.register(_record(work, person, item.place, item.matter, case_no=item.case_no))
    work.say(
        volunteers.VolunteerRegistered, subject=volunteer.number, volunteer=volunteer.number, place=volunteer.place,
        case_no=item.case_no, position=person.position, at=work.now,
    )  # fmt: skip
    number: str = volunteer.number
    return number


def part_with_household(work: Work, item: tray.Item) -> list[str]:
    """The case was withdrawn: who became a volunteer by it is one no longer. Who is on his way stays until he is back."""
    undone = []
    for volunteer in work.store.registered_by(item.case_no):
        if volunteer.withdrawn_at is None and volunteer.engaged_in is None:
            volunteer.withdrawn_at = work.now
            work.store.save_volunteer(volunteer)
            undone.append(f"撤销志愿者登记 · registration withdrawn: {volunteer.number}")
    return undone


def register_volunteer(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.may(
        "clerk", command.place
    ):  # the front desk's clerks take in whoever comes to the window
        _permit(work, command.place)
    person = model.Applicant.examined(
        command.name, command.id_number, command.phone, command.guardian, work.now
    )
    volunteer, fresh = work.store.register(
        _record(work, person, command.place, "desk", skills=command.skills, times=command.times)
    )
    return {"number": volunteer.number, "registered": fresh}


def _record(work: Work, person: model.Applicant, place: str, origin: str, **more: Any) -> model.Volunteer:
    return model.Volunteer(
        "", person.name, person.id_number, person.phone, place, work.now, origin, guardian=person.guardian, **more
    )  # fmt: skip


# -- errands: asking the nearest, then the next --------------------------------------------------------


def send_volunteer(work: Work, item: tray.Item) -> None:
    """Our rule signs at once and asks the nearest volunteer; the visit itself only a person can report."""
    rule = figures.rule_for(item.matter, item.step, work.now.date(), item.place)
    if rule is None:
        return
    errand = model.Errand(
        item.task_id, item.case_no, item.matter, item.step, item.place, "seeking",
        opened_at=work.now, give_up_at=work.now + rule.time_to_give_up, look_again_at=work.now,
    )  # fmt: skip
    work.store.add_errand(errand)
    tray.sign(work, item, officer="rule")
    _ask_next(work, item, errand)


def pass_on_unanswered(work: Work) -> None:
    """A timer: whoever has not answered in time is asked no longer; whom nobody was found for, is looked for again."""
    for task_id in work.store.due_errands(work.now, AT_ONCE):
        item, errand = work.store.item(task_id), work.store.errand(task_id)
        dispatch = work.store.active_dispatch(task_id)
        if dispatch and dispatch.state == "offered" and dispatch.answer_by <= work.now:
            dispatch.move("expire", work.now)
            _let_go(work, errand, dispatch)
            _ask_next(work, item, errand)
        elif errand.state == "seeking" and errand.look_again_at <= work.now:
            _ask_next(work, item, errand)


def _ask_next(work: Work, item: tray.Item, errand: model.Errand) -> None:
    """The item is locked. Two errands may rank the same volunteer first; `engage` gives him to one of them."""
    rule = _rule_of(errand)
    if item.status not in OPEN:
        errand.move("stand-down")
    elif work.now >= errand.give_up_at:
        _give_up(work, item, errand)
    elif not _offer_to_nearest(work, errand, rule):
        errand.look_again_at = min(work.now + rule.time_to_look_again, errand.give_up_at)
    work.store.save_errand(errand)


def _offer_to_nearest(work: Work, errand: model.Errand, rule: figures.ErrandRule) -> bool:
    attempt = work.store.count_asked(errand.task_id) + 1
    candidates = work.store.candidates(errand, rule, work.now)
    for candidate in model.ranked(candidates, errand.place, rule, work.now):
        dispatch = model.Dispatch.offer(errand, candidate.number, attempt, rule.time_to_answer, work.now)
        if work.store.engage(candidate.number, dispatch.id):
            work.store.add_dispatch(dispatch)
            errand.move("offer")
            _say_sent(
                work, volunteers.VolunteerDispatched, dispatch, answer_by=dispatch.answer_by, attempt=attempt
            )
            return True
    return False


def _give_up(work: Work, item: tray.Item, errand: model.Errand) -> None:
    errand.move("give-up")
    asked = work.store.count_asked(errand.task_id)
    note = (
        "暂无可派志愿者，请协调员安排网格员上门。 · No volunteer could be found; please send the grid worker."
    )
    _conclude(work, item, errand, "nobody", {"outcome": "nobody", "asked": asked}, note, officer="rule")


def _conclude(
    work: Work,
    item: tray.Item,
    errand: model.Errand,
    found: str,
    result: dict[str, Any],
    note: str | None,
    officer: str,
) -> None:
    """Finishes the task with the word the figures give for what was found; without one it stays with a person."""
    if item.status not in REPORTABLE:
        return
    word = _rule_of(errand).ends.get(found)
    if word:
        tray.finish(work, item, word, result, note, officer)
    else:
        item.result, item.note = result, note
        work.store.save_item(item)


def _let_go(work: Work, errand: model.Errand, dispatch: model.Dispatch) -> None:
    """The volunteer is free again and the errand without one."""
    work.store.save_dispatch(dispatch)
    work.store.release(dispatch)
    errand.move("seek")


def stand_down(work: Work, item: tray.Item) -> list[str]:
    """Whoever was asked or is on the way need not go."""
    errand = work.store.find_errand(item.task_id)
    if errand is None or not errand.open:
        return []
    errand.move("stand-down")
    work.store.save_errand(errand)
    dispatch = work.store.active_dispatch(item.task_id)
    if dispatch is None:
        return ["停止寻找志愿者 · no longer looking for a volunteer"]
    dispatch.move("stand-down", work.now)
    work.store.save_dispatch(dispatch)
    work.store.release(dispatch)
    _say_sent(
        work,
        volunteers.VolunteerStoodDown,
        dispatch,
        reason="走访事由已消除 · the reason for the visit is gone",
    )
    return [f"撤回志愿者派单 · volunteer stood down: {dispatch.volunteer}"]


def _also_standing_down(act: Callable[..., Any]) -> Callable[..., Any]:
    """A person ends the task at the tray: the volunteer who was to go is told."""

    def act_and_stand_down(work: Work, command: Any) -> Any:
        face = act(work, command)
        stand_down(work, work.store.item(command.task_id))
        return face

    return act_and_stand_down


def _say_sent(work: Work, event: Any, dispatch: model.Dispatch, **more: Any) -> None:
    work.say(
        event, subject=dispatch.case_no, dispatch_id=dispatch.id, task_id=dispatch.task_id, case_no=dispatch.case_no,
        volunteer=dispatch.volunteer, place=dispatch.place, at=work.now, **more,
    )  # fmt: skip


# -- what a volunteer answers --------------------------------------------------------------------------


def accept_dispatch(work: Work, command: Any) -> dict[str, Any]:
    item, _, dispatch = _in_hand(work, command)
    dispatch.accept(work.now)
    work.store.save_dispatch(dispatch)
    if item.status == "signed":  # whoever comes after one who declined on the way goes on with what has begun
        item.move("start")
        work.store.save_item(item)
        work.say(
            tasks.TaskStarted, subject=item.case_no, task_id=item.task_id, officer=dispatch.volunteer, at=work.now
        )  # fmt: skip
    return {**_face(dispatch), "visit": {name: item.form[name] for name in VISIT if item.form.get(name)}}


def decline_dispatch(work: Work, command: Any) -> dict[str, Any]:
    item, errand, dispatch = _in_hand(work, command)
    dispatch.decline(command.reason, work.now)
    _let_go(work, errand, dispatch)
    _ask_next(work, item, errand)
    return _face(dispatch)


def report_visit(work: Work, command: Any) -> dict[str, Any]:
    item, errand, dispatch = _in_hand(work, command)
    dispatch.report(command.outcome, command.note, work.now)
    work.store.save_dispatch(dispatch)
    work.store.release(dispatch)
    errand.move("report")
    work.store.save_errand(errand)
    _append_hours(work, dispatch, errand.matter, None, "claim", command.minutes, command.note)
    result = {
        "volunteer": dispatch.volunteer, "outcome": command.outcome, "note": command.note,
        "minutes": command.minutes, "at": work.now.isoformat(),
    }  # fmt: skip
    _conclude(work, item, errand, command.outcome, result, command.note, _speaker(work, dispatch))
    return _face(dispatch)


def _in_hand(work: Work, command: Any) -> tuple[tray.Item, model.Errand, model.Dispatch]:
    """Locked from the large to the small: item, errand, dispatch."""
    task_id = work.store.task_of(command.dispatch_id)
    item, errand = work.store.item(task_id), work.store.errand(task_id)
    dispatch = work.store.dispatch(command.dispatch_id)
    holds_link = command.token is not None and hmac.compare_digest(
        command.token.encode(), dispatch.token.encode()
    )
    if not holds_link and not _coordinates(work, dispatch.place):
        raise NotYourDispatch()
    return item, errand, dispatch


def _rule_of(errand: model.Errand) -> figures.ErrandRule:
    """The figures the errand began with, whatever has changed since."""
    rule = figures.rule_for(errand.matter, errand.step, errand.opened_at.date(), errand.place)
    assert rule is not None
    return rule


def _face(dispatch: model.Dispatch) -> dict[str, Any]:
    return {"dispatch_id": dispatch.id, "state": dispatch.state, "volunteer": dispatch.volunteer}


# -- hours ---------------------------------------------------------------------------------------------


def confirm_hours(work: Work, command: Any) -> dict[str, Any]:
    dispatch, last = _claimed(work, command.dispatch_id)
    minutes = command.minutes or last.minutes
    _append_hours(work, dispatch, last.matter, last.state, "confirm", minutes, command.note)
    hours = model.as_hours(minutes)
    work.say(
        volunteers.HoursCredited, subject=dispatch.volunteer, dispatch_id=dispatch.id, volunteer=dispatch.volunteer,
        hours=hours, case_no=dispatch.case_no, at=work.now,
    )  # fmt: skip
    return {"dispatch_id": dispatch.id, "state": "confirmed", "hours": str(hours)}


def dispute_hours(work: Work, command: Any) -> dict[str, Any]:
    dispatch, last = _claimed(work, command.dispatch_id)
    _append_hours(work, dispatch, last.matter, last.state, "dispute", last.minutes, command.reason)
    return {"dispatch_id": dispatch.id, "state": "disputed"}


def _claimed(work: Work, dispatch_id: str) -> tuple[model.Dispatch, Any]:
    dispatch = work.store.dispatch(dispatch_id)
    _permit(work, dispatch.place)
    last = work.store.last_hours(dispatch_id)
    if last is None:
        raise model.HoursNotNow(state="none", verb="confirm")
    return dispatch, last


def _append_hours(
    work: Work,
    dispatch: model.Dispatch,
    matter: str,
    state: str | None,
    verb: str,
    minutes: int,
    note: str | None,
) -> None:
    work.store.append_hours(
        dispatch_id=dispatch.id, volunteer=dispatch.volunteer, case_no=dispatch.case_no, matter=matter,
        state=model.next_hours(state, verb), minutes=minutes, by=_speaker(work, dispatch), note=note, at=work.now,
    )  # fmt: skip


def _speaker(work: Work, dispatch: model.Dispatch) -> str:
    """Whoever came by the dispatch's own link is the volunteer."""
    return dispatch.volunteer if work.caller.kind == "public" else work.caller.account


# -- the demonstration community -----------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.has("admin"):
        raise OnlyForAdministrators()
    if work.store.count_from(demonstration.ORIGIN, command.place):
        return {"loaded": False}
    made = demonstration.make(command.seed, command.place, work.now)
    return {"loaded": True, "volunteers": work.store.add_volunteers(made)}


# -- ---------------------------------------------------------------------------------------------------


def _coordinates(work: Work, place: str) -> bool:
    caller = work.caller
    holds = caller.kind == "system" or caller.department == work.service or caller.has("admin")
    return holds and caller.may((*DEPARTMENT, *ADMIN), place)


def _permit(work: Work, place: str) -> None:
    if not _coordinates(work, place):
        raise NotYourVolunteers(place=place)


RULES: dict[str, Any] = {
    "moving-in": welcome_household,
    "member-reporting": welcome_reporter,
    "welfare-check": send_volunteer,
}
UNDO = {
    "moving-in": part_with_household,
    "member-reporting": part_with_household,
    "welfare-check": stand_down,
}

EVENTS: dict[type[Any], Any] = {**tray.events(RULES, UNDO), privacy.ResidentErased: answer_erasure}
COMMANDS: dict[type[Command], Any] = {
    **tray.COMMANDS,
    tasks.FinishTask: _also_standing_down(tray.COMMANDS[tasks.FinishTask]),
    tasks.ReturnTask: _also_standing_down(tray.COMMANDS[tasks.ReturnTask]),
    volunteers.RegisterVolunteer: register_volunteer,
    volunteers.AcceptDispatch: accept_dispatch,
    volunteers.DeclineDispatch: decline_dispatch,
    volunteers.ReportVisit: report_visit,
    volunteers.ConfirmHours: confirm_hours,
    volunteers.DisputeHours: dispute_hours,
    volunteers.LoadDemonstration: load_demonstration,
}
TIMERS: dict[Callable[..., None], timedelta] = {pass_on_unanswered: timedelta(seconds=5)}
