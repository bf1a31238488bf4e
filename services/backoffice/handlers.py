"""The tray every department has: open, sign, handle, ask, return, extend, finish.

A department adds its own rules: `rule(work, item)` for a matter either finishes the item at once or leaves it to
a person; `undo(work, item)` takes back what was begun when the reason for a task is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from services.backoffice.model import OPEN, Finished, Item
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.contracts import tasks
from services.contracts.messages import Command, Event
from services.contracts.roles import may

Rule = Callable[[Work, Item], Finished | None]
Undo = Callable[[Work, Item], list[str]]

TIME_TO_SIGN = timedelta(hours=2)
TIME_TO_RETURN = timedelta(hours=24)
OFFICER_ROLES = ("officer", "manager", "coordinator", "admin")


class NotYourTray(Forbidden):
    """This task belongs to the tray of {unit}; your role or area does not cover it."""

    zh = "该任务属于“{unit}”，不在您的职责或辖区内。"


class NotTheHead(Forbidden):
    """More time is asked for by the head of the unit; your role does not cover that."""

    zh = "延期须由承办单位负责人提出。"


# -- what the front desk says --------------------------------------------------------------------------


def take_task(work: Work, event: Any, rules: Mapping[str, Rule]) -> None:
    item = Item(
        task_id=event.task_id,
        case_no=event.case_no,
        unit=event.unit,
        matter=event.matter,
        step=event.step,
        place=event.place,
        title_zh=event.title_zh,
        title_en=event.title_en,
        applicant=event.applicant or {},
        form=event.form,
        materials=event.materials or [],
        results=event.results or {},
        assigned_at=event.assigned_at,
        sign_by=event.sign_by or event.assigned_at + TIME_TO_SIGN,
        return_by=event.assigned_at + TIME_TO_RETURN,
        due_at=event.due_at,
        manual=bool(event.manual),
        lead=bool(event.lead),
        designated=bool(event.designated),
        round=event.round or 1,
    )
    if not work.store.add_item(item):
        return
    rule = rules.get(item.matter)
    if rule is None or item.manual:
        return
    finished = rule(work, item)
    if finished is not None and item.status in OPEN:
        finish(work, item, finished.outcome, finished.result, finished.note, officer="rule")


def withdraw_task(work: Work, event: Any, undos: Mapping[str, Undo]) -> None:
    """Also undoes what a finished item had brought about: the applicant withdrew the whole case."""
    item = work.store.find_item(event.task_id)
    if item is None:
        case_no, unit = event.task_id.split(".")[:2]
        item = Item.withdrawn_unseen(event.task_id, case_no, unit, event.reason, work.now)
        work.store.add_item(item)
        _answer(work, tasks.TaskStoodDown, item, "rule", undone=[])
        return
    if item.status == "withdrawn":
        return
    undo = undos.get(item.matter)
    undone = undo(work, item) if undo else []
    item.status = "withdrawn"
    item.note = event.reason
    work.store.save_item(item)
    _answer(work, tasks.TaskStoodDown, item, "rule", undone=undone)


def move_due(work: Work, event: Any) -> None:
    item = work.store.find_item(event.task_id)
    if item is not None:
        item.due_at = event.due_at
        work.store.save_item(item)


def supply_task(work: Work, event: Any) -> None:
    """What was asked for came, or what was pledged to follow: that is added while the unit works on it."""
    item = work.store.find_item(event.task_id)
    if item is None or item.status not in OPEN:
        return
    if item.status == "supplement":
        item.move("supply")
    item.form = {**item.form, **event.form}
    item.materials = [*item.materials, *(event.materials or [])]
    item.due_at = event.due_at
    work.store.save_item(item)


def lapse_supplement(work: Work, event: Any) -> None:
    item = work.store.find_item(event.task_id)
    if item is None or item.status != "supplement":
        return
    item.move("lapse")
    item.due_at = event.due_at
    work.store.save_item(item)


def note_urge(work: Work, event: Any) -> None:
    item = work.store.find_item(event.task_id)
    if item is not None:
        item.urged += 1
        item.level = max(item.level, event.level)
        work.store.save_item(item)


def note_return_decision(work: Work, event: Any) -> None:
    item = work.store.find_item(event.task_id)
    if item is None or item.status != "return-pending":
        return
    if event.decision == "designated":
        item.move("designate")
        item.designated = True
    else:
        item.move("uphold")
    work.store.save_item(item)


# -- what an officer orders ----------------------------------------------------------------------------


def sign_task(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    sign(work, item, work.caller.account)
    return _face(item)


def start_task(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    item.move("start")
    work.store.save_item(item)
    _answer(work, tasks.TaskStarted, item, work.caller.account)
    return _face(item)


def finish_task(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    finish(work, item, command.outcome, command.result or {}, command.note, officer=work.caller.account)
    return _face(item)


def return_task(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    item.give_back(work.now)
    work.store.save_item(item)
    _answer(work, tasks.TaskReturned, item, work.caller.account, reason=command.reason)
    return _face(item)


def extend_task(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    if not work.caller.may(may(tasks.ExtendTask), item.place):
        raise NotTheHead()
    item.ask_extension(command.until, work.now)
    work.store.save_item(item)
    _answer(
        work, tasks.TaskExtensionAsked, item, work.caller.account, until=command.until, reason=command.reason
    )
    return _face(item)


def ask_supplement(work: Work, command: Any) -> dict[str, Any]:
    item = _mine(work, command.task_id)
    item.ask_supplement()
    work.store.save_item(item)
    _answer(
        work,
        tasks.TaskSupplementAsked,
        item,
        work.caller.account,
        items=command.items,
        form=command.form or [],
        materials=command.materials or [],
        message=command.message,
    )
    return _face(item)


# -- for a department's own handlers -------------------------------------------------------------------


def sign(work: Work, item: Item, officer: str) -> None:
    item.sign(officer, work.now)
    work.store.save_item(item)
    _answer(work, tasks.TaskSigned, item, officer)


def finish(
    work: Work,
    item: Item,
    outcome: str,
    result: dict[str, Any],
    note: str | None = None,
    officer: str = "rule",
) -> None:
    signed_here = item.status == "assigned"
    item.finish(outcome, result, note, officer, work.now)
    work.store.save_item(item)
    if signed_here:
        _answer(work, tasks.TaskSigned, item, officer)
    _answer(work, tasks.TaskFinished, item, officer, outcome=outcome, result=result, note=note)


def _answer(work: Work, event: type[Event], item: Item, officer: str, **data: Any) -> None:
    work.say(event, subject=item.case_no, task_id=item.task_id, officer=officer, at=work.now, **data)


def _mine(work: Work, task_id: str) -> Item:
    item: Item = work.store.item(task_id)
    caller = work.caller
    covers = caller.may(OFFICER_ROLES, item.place)
    # Community and street staff act for the outside units whose tasks they enter.
    holds = caller.department in (item.unit, work.service) or caller.has("admin")
    if caller.kind != "system" and not (covers and holds):
        raise NotYourTray(unit=item.unit)
    return item


def _face(item: Item) -> dict[str, Any]:
    return {
        "task_id": item.task_id,
        "case_no": item.case_no,
        "status": item.status,
        "due_at": item.due_at,
        "outcome": item.outcome,
    }


def events(rules: Mapping[str, Rule], undos: Mapping[str, Undo]) -> dict[type[Event], Callable[..., None]]:
    """The tray's part of a department's EVENTS table, with its own rules let in."""

    def on_task_assigned(work: Work, event: Any) -> None:
        take_task(work, event, rules)

    def on_task_withdrawn(work: Work, event: Any) -> None:
        withdraw_task(work, event, undos)

    return {
        tasks.TaskAssigned: on_task_assigned,
        tasks.TaskWithdrawn: on_task_withdrawn,
        tasks.TaskDueMoved: move_due,
        tasks.TaskSupplied: supply_task,
        tasks.TaskSupplementLapsed: lapse_supplement,
        tasks.TaskUrged: note_urge,
        tasks.TaskReturnDecided: note_return_decision,
    }


COMMANDS: dict[type[Command], Callable[..., Any]] = {
    tasks.SignTask: sign_task,
    tasks.StartTask: start_task,
    tasks.FinishTask: finish_task,
    tasks.ReturnTask: return_task,
    tasks.ExtendTask: extend_task,
    tasks.AskSupplement: ask_supplement,
}
