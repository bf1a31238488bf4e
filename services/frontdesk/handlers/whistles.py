"""Joint handling: the community whistles and departments report in; who is responsible is settled at one table first."""

from __future__ import annotations

from typing import Any

from services.chassis import calendar, identifiers
from services.chassis.database import Work
from services.contracts import intake, tasks
from services.contracts.roles import may
from services.contracts.units import OFFICE_OF, UNITS
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.handlers.dispatch import say_assigned
from services.frontdesk.intake import rules
from services.frontdesk.intake.model import (
    AlreadyRuled,
    AlreadySummoned,
    LeadNotSummoned,
    NotConsulted,
    UnknownConsultation,
)
from services.frontdesk.model import Case, Task

JOINT = ("吹哨报到：联合办理", "Whistle: joint handling")


def blow_whistle(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, may(intake.BlowWhistle))
    summon(work, case, command.units, command.lead, command.reason)
    return case.face(work.now)


def summon(work: Work, case: Case, units: list[str], lead: str | None, reason: str) -> None:
    """A child task for each unit; the case is due when the law says, and waits for all of them."""
    case.require_open("whistle")
    units = list(dict.fromkeys(units))
    if lead is not None and lead not in units:
        raise LeadNotSummoned()
    for unit in units:
        if any(task.unit == unit and task.open for task in case.tasks):
            raise AlreadySummoned(unit=UNITS[unit]["zh"])
    number = case.whistle(units, lead, reason, work.now, work.caller.account)
    rule = rules.whistle(case.place, work.now)
    working = calendar.of(case.place)
    due_at = case.due_at if case.due_at > work.now else working.due(work.now, rule.when_late)
    sign_by = min(working.due(work.now, rule.report_within), due_at)
    for unit in units:
        task = case.assign(
            unit, f"whistle-{number}.{unit}", "joint", JOINT, work.now, sign_by, due_at, lead=unit == lead
        )
        task.joint = number
        say_assigned(work, case, task, manual=True)


def open_consultation(work: Work, command: Any) -> dict[str, Any]:
    """Before it goes on: the units concerned sit together. What it is about, its history says; the clock runs on."""
    case = for_staff(work, command.case_no, DECIDE)
    case.require_open("consult")
    row = {
        "consultation_id": identifiers.new_id(),
        "case_no": case.no,
        "place": case.place,
        "units": list(dict.fromkeys(command.units)),
        "question": command.question,
        "opened_at": work.now,
        "opened_by": work.caller.account,
    }
    work.store.add_consultation(row)
    case.note(
        "consultation-opened",
        work.now,
        work.caller.account,
        None,
        units=row["units"],
        question=command.question,
        consultation_id=row["consultation_id"],
    )
    return row


def rule_consultation(work: Work, command: Any) -> dict[str, Any]:
    """The ruling is carried out at once: a pending return is decided by it, and whoever has no part yet is summoned."""
    held = work.store.consultation(command.consultation_id)
    if held is None or not work.caller.may(DECIDE, held.place):
        raise UnknownConsultation()
    if held.ruled_at is not None:
        raise AlreadyRuled()
    case = for_staff(work, held.case_no, DECIDE)
    case.require_open("rule")
    co_units = [unit for unit in dict.fromkeys(command.co_units) if unit != command.lead]
    for unit in (command.lead, *co_units):
        if unit not in held.units:
            raise NotConsulted(unit=UNITS[unit]["zh"])
    actor = work.caller.account
    work.store.rule_consultation(
        held.consultation_id,
        ruled_at=work.now,
        ruled_by=actor,
        minutes=command.minutes,
        ruling=command.ruling,
        lead=command.lead,
        co_units=co_units,
    )
    case.note(
        "consultation-ruled",
        work.now,
        actor,
        None,
        consultation_id=held.consultation_id,
        ruling=command.ruling,
        lead=command.lead,
        co_units=co_units,
    )
    _settle_returns(work, case, command.lead, command.ruling)
    holding = {task.unit: task for task in case.tasks if task.open}
    called = [unit for unit in (command.lead, *co_units) if unit not in holding]
    if called:
        summon(work, case, called, command.lead if command.lead in called else None, command.ruling)
    if command.lead in holding:
        holding[command.lead].lead = True
        if case.whistles and called and case.whistles[-1]["lead"] is None:
            case.whistles[-1]["lead"] = command.lead  # it leads by the part it has already
    return case.face(work.now)


def _settle_returns(work: Work, case: Case, lead: str, ruling: str) -> None:
    """Whoever gave the case back is rid of it, unless it is the very one that was ruled to lead."""
    for task in [task for task in case.tasks if task.status == "return-pending"]:
        if task.unit == lead:
            case.move_task(task, "designate")
            task.designated = True
            case.note("designated", work.now, work.caller.account, task, reason=ruling)
        else:
            case.move_task(task, "uphold")
            case.note("returned", work.now, work.caller.account, task, reason=ruling, to=lead)
            _hand_part(work, case, task, lead)
        work.say(
            tasks.TaskReturnDecided,
            subject=case.no,
            to=OFFICE_OF[task.unit],
            task_id=task.task_id,
            decision="designated" if task.unit == lead else "upheld",
            reason=ruling,
        )


def _hand_part(work: Work, case: Case, task: Task, lead: str) -> None:
    """The part of the matter goes to the lead, or the case could never be closed by its roll-up."""
    if any(other.part == task.part and other.open for other in case.tasks):
        return
    sign_by = min(
        calendar.of(case.place).due(work.now, rules.whistle(case.place, work.now).report_within), task.due_at
    )
    other = case.assign(
        lead, task.part, task.step, (task.title_zh, task.title_en), work.now, sign_by, task.due_at, lead=True
    )
    other.joint = task.joint
    say_assigned(work, case, other, manual=True)
