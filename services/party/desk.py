"""What every room of the party office does alike: who may, and what a change of a unit's roll brings about."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from services.chassis import calendar
from services.chassis.database import Read, Work
from services.chassis.errors import Forbidden
from services.contracts import party
from services.contracts.roles import ADMIN, DEPARTMENT
from services.party import figures, model


class NotYourRoll(Forbidden):
    """The roll of {place} is kept by its own party office; your role or area does not cover it."""

    zh = "“{place}”的党员名册不在您的职责或辖区内。"


def permit(work: Work, place: str) -> None:
    caller = work.caller
    holds = caller.kind == "system" or caller.department == work.service or caller.has("admin")
    if not (holds and caller.may((*DEPARTMENT, *ADMIN), place)):
        raise NotYourRoll(place=place)


def today(read: Read) -> date:
    """The local day: clocks of months run by the calendar on the wall."""
    return read.now.astimezone(calendar.ZONE).date()


def midnight(day: date) -> datetime:
    """When a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=calendar.ZONE)


def weigh(work: Work, unit: model.Unit) -> list[model.Duty]:
    """After every change of a unit's roll, while the unit is locked."""
    members = work.store.count_members(unit.code)
    rule = figures.in_force(work.now.date(), unit.place)
    opened, lifted = model.weigh(unit.code, members, work.store.standing_duties(unit.code), rule, work.now)
    for duty in lifted:
        work.store.save_duty(duty)
    work.store.add_duties(opened)
    for duty in opened:
        _announce(work, unit, duty)
    return opened


def _announce(work: Work, unit: model.Unit, duty: model.Duty) -> None:
    facts: dict[str, Any] = {
        "subject": unit.code, "duty_id": duty.id, "unit": unit.code, "place": unit.place,
        "members": duty.members, "due_at": duty.due_at, "at": work.now,
    }  # fmt: skip
    if duty.kind == "branch":
        work.say(party.BranchDue, **facts)
    elif duty.needs_form:
        work.say(party.CommitteeDue, form=duty.kind, **facts)
