"""What the party office does when it is told or asked. Closes with its tables."""

from __future__ import annotations

from typing import Any

from services.backoffice import tray
from services.chassis.database import Work
from services.chassis.errors import Conflict, Forbidden
from services.chassis.identifiers import new_id
from services.contracts import citizens, party, privacy, volunteers
from services.contracts.messages import Command, Event
from services.contracts.roles import ADMIN, DEPARTMENT
from services.party import demonstration, figures, model
from services.party.erasure import answer_erasure


class NotYourRoll(Forbidden):
    """The roll of {place} is kept by its own party office; your role or area does not cover it."""

    zh = "“{place}”的党员名册不在您的职责或辖区内。"


class OnlyForAdministrators(Forbidden):
    """Demonstration data are loaded by an administrator."""

    zh = "演示数据只能由管理员载入。"


class RelationElsewhere(Conflict):
    """The relation stays with the employer; the member reports here instead of being transferred."""

    zh = "该党员组织关系在工作单位，请办理在职党员报到。"


# -- rules: what a case asks of us ---------------------------------------------------------------------


def settle_household(work: Work, item: tray.Item) -> tray.Finished | None:
    """Moving in: the household's members join the grid branch; those in service report to it (双报到)."""
    people = model.members_in(item.form, work.now)
    branch = work.store.find_organisation("grid-branch", item.place)
    if people is None or branch is None:
        return None
    origin = str(item.form.get("party_branch_previous") or "原党支部未填")
    settled = [_settle(work, person, branch, item.case_no, origin) for person in people]
    return tray.Finished(
        result={
            "branch": branch.name_zh,
            "branch_en": branch.name_en,
            "branch_code": branch.code,
            "members": settled,
        }
    )


def receive_report(work: Work, item: tray.Item) -> tray.Finished | None:
    """An in-service member reports where he lives: entered, and the receipt goes to his unit."""
    person = model.reporter_in(item.applicant, work.now)
    branch = work.store.find_organisation("grid-branch", item.place)
    if person is None or branch is None:
        return None
    employer = str(item.form.get("work_unit") or "")
    return tray.Finished(result=_report(work, person, branch, item.case_no, employer))


def unsettle(work: Work, item: tray.Item) -> list[str]:
    """The case was withdrawn: relations go back where they were, reports are struck out."""
    undone = []
    for transfer in work.store.transfers_of(item.case_no):
        if (transfer.state, "undo") not in model.TRANSFERS:
            continue
        unit = work.store.unit(transfer.former_unit) if transfer.former_unit else None
        member = work.store.member(transfer.member)
        transfer.undo()
        work.store.save_transfer(transfer)
        if transfer.former_branch is None and unit is None:
            member.leave(work.now)
        else:
            member.branch, member.unit, member.left_at = transfer.former_branch, transfer.former_unit, None
        work.store.save_member(member)
        if unit:
            _weigh(work, unit)
        undone.append(f"撤销组织关系转接 · transfer of relation undone: {citizens.mask_name(member.name)}")
    struck = work.store.withdraw_reports(item.case_no, work.now)
    return undone + ([f"撤销党员报到 · reports struck out: {struck}"] if struck else [])


def _settle(
    work: Work,
    person: model.Person,
    branch: model.Organisation,
    case_no: str | None,
    origin: str,
) -> dict[str, Any]:
    member, made = work.store.member_for(person, model.COUNTED, branch.place, work.now)
    how = "report" if member.in_service else "transfer"
    if how == "transfer" and (made or member.left_at or member.branch != branch.code):
        work.store.add_transfer(
            model.Transfer(
                new_id(), member.id, "received", origin, branch.code, work.now,
                former_branch=None if member.left_at else member.branch, case_no=case_no,
            )
        )  # fmt: skip
        member.settle(branch)
        work.store.save_member(member)
    reported = work.store.report(member.id, branch.place, work.now, case_no=case_no, position=person.position)
    if reported:
        _say_received(work, member, branch, how, case_no)
    return {"member_id": member.id, "name": citizens.mask_name(member.name), "how": how}


def _say_received(
    work: Work, member: model.Member, branch: model.Organisation, how: str, case_no: str | None
) -> None:
    work.say(
        party.MemberReceived, subject=member.id, member_id=member.id, branch=branch.code, place=branch.place,
        how=how, case_no=case_no, at=work.now,
    )  # fmt: skip


# -- members -------------------------------------------------------------------------------------------


def receive_member(work: Work, command: Any) -> dict[str, Any]:
    _permit(work, command.place)
    item = work.store.item(command.task_id) if command.task_id else None
    branch = work.store.grid_branch(command.place)
    person = model.Person.named(command.name, command.id_number)
    settled = _settle(work, person, branch, item.case_no if item else None, command.origin)
    if settled["how"] == "report":
        raise RelationElsewhere()
    return _finished(work, item, {"branch": branch.name_zh, "branch_code": branch.code, "members": [settled]})


def transfer_member(work: Work, command: Any) -> dict[str, Any]:
    item = work.store.item(command.task_id) if command.task_id else None
    unit = work.store.unit_of_member(command.member_id)
    member = work.store.member(command.member_id)
    _permit(work, member.place)
    origin = member.branch or member.unit or member.place
    transfer = model.Transfer(
        new_id(), member.id, "sent", origin, command.destination, work.now,
        former_branch=member.branch, former_unit=member.unit, case_no=item.case_no if item else None,
    )  # fmt: skip
    member.leave(work.now)
    work.store.save_member(member)
    work.store.add_transfer(transfer)
    if unit:
        _weigh(work, unit)
    return _finished(work, item, {"member_id": member.id, "destination": command.destination})


def report_member(work: Work, command: Any) -> dict[str, Any]:
    _permit(work, command.place)
    item = work.store.item(command.task_id) if command.task_id else None
    branch = work.store.grid_branch(command.place)
    person = model.Person.named(command.name, command.id_number)
    case_no = item.case_no if item else None
    return _finished(work, item, _report(work, person, branch, case_no, command.employer, command.volunteer))


def _report(
    work: Work,
    person: model.Person,
    branch: model.Organisation,
    case_no: str | None,
    employer: str,
    volunteer: str | None = None,
) -> dict[str, Any]:
    """The relation stays where it is; reporting twice at one place is reporting once."""
    member, _ = work.store.member_for(person, model.COUNTED, branch.place, work.now)
    if work.store.report(
        member.id, branch.place, work.now,
        employer=employer, volunteer=volunteer, case_no=case_no, position=person.position,
    ):  # fmt: skip
        _say_received(work, member, branch, "report", case_no)
    return {
        "member_id": member.id,
        "branch": branch.name_zh,
        "branch_code": branch.code,
        "employer": employer,
    }


def advance_member(work: Work, command: Any) -> dict[str, Any]:
    unit = work.store.unit_of_member(command.member_id)
    member = work.store.member(command.member_id)
    _permit(work, member.place)
    member.advance(command.stage)
    work.store.save_member(member)
    opened = _weigh(work, unit) if unit else []
    return {"member_id": member.id, "stage": member.stage, "duties": [duty.kind for duty in opened]}


# -- units and what their numbers oblige them to -------------------------------------------------------


def register_unit(work: Work, command: Any) -> dict[str, Any]:
    _permit(work, command.place)
    model.check_credit_code(command.code)
    unit = model.Unit(command.code, command.kind, command.name_zh, command.name_en, command.place, work.now)
    if not work.store.add_unit(unit):
        raise model.UnitRegistered(unit=command.code)
    return {"unit": unit.code}


def enrol_member(work: Work, command: Any) -> dict[str, Any]:
    unit = work.store.unit(command.unit)
    _permit(work, unit.place)
    person = model.Person.named(command.name, command.id_number)
    member, _ = work.store.member_for(person, command.stage, unit.place, work.now)
    if member.in_service and member.unit != unit.code:
        raise model.AlreadyEnrolled()
    member.unit, member.left_at = unit.code, None
    branch = work.store.unit_branch(unit.code)
    if branch:
        member.settle(branch)
    work.store.save_member(member)
    opened = _weigh(work, unit)
    return {
        "member_id": member.id,
        "unit": unit.code,
        "members": work.store.count_members(unit.code),
        "duties": [duty.kind for duty in opened],
    }


def _weigh(work: Work, unit: model.Unit) -> list[model.Duty]:
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


def take_duty(work: Work, command: Any) -> dict[str, Any]:
    _permit(work, work.store.unit_of_duty(command.duty_id).place)
    duty = work.store.duty(command.duty_id)
    duty.move("take", work.now)
    duty.taken_by = work.caller.account
    work.store.save_duty(duty)
    return {"duty_id": duty.id, "state": duty.state}


def meet_duty(work: Work, command: Any) -> dict[str, Any]:
    unit = work.store.unit_of_duty(command.duty_id)
    _permit(work, unit.place)
    duty = work.store.duty(command.duty_id)
    duty.move("meet", work.now)
    duty.note = command.note
    work.store.save_duty(duty)
    if duty.kind == "branch":
        _found_branch(work, unit)
    return {"duty_id": duty.id, "state": duty.state}


def _found_branch(work: Work, unit: model.Unit) -> None:
    community = work.store.find_organisation("community-committee", unit.place[:12])
    branch = model.Organisation(
        code=f"{unit.place}-{unit.code}", level="unit-branch", parent=community.code if community else None,
        place=unit.place, name_zh=f"{unit.name_zh}党支部", name_en=f"Party branch of {unit.name_en or unit.code}",
        founded_at=work.now, unit=unit.code,
    )  # fmt: skip
    work.store.add_organisations([branch])
    work.store.gather(unit.code, branch.code)


# -- what the volunteers' office says ------------------------------------------------------------------


def note_volunteer(work: Work, event: Any) -> None:
    work.store.note_volunteer(event.volunteer, event.case_no, event.position)


def note_service(work: Work, event: Any) -> None:
    work.store.note_service(event.dispatch_id, event.volunteer, event.hours, event.case_no, event.at)


# -- the demonstration community -----------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.has("admin"):
        raise OnlyForAdministrators()
    if work.store.find_organisation("community-committee", command.place):
        return {"loaded": False}
    roll = demonstration.make(command.seed, command.place, work.now)
    work.store.add_organisations(roll.organisations)
    for unit in roll.units:
        work.store.add_unit(unit)
    members = work.store.add_members(roll.members)
    for unit in roll.units:
        _weigh(work, unit)
    return {
        "loaded": True,
        "organisations": len(roll.organisations),
        "units": len(roll.units),
        "members": members,
    }


# -- ---------------------------------------------------------------------------------------------------


def _permit(work: Work, place: str) -> None:
    caller = work.caller
    holds = caller.kind == "system" or caller.department == work.service or caller.has("admin")
    if not (holds and caller.may((*DEPARTMENT, *ADMIN), place)):
        raise NotYourRoll(place=place)


def _finished(work: Work, item: tray.Item | None, result: dict[str, Any]) -> dict[str, Any]:
    if item is not None:
        tray.finish(work, item, "done", result, officer=work.caller.account)
    return result


RULES = {"moving-in": settle_household, "member-reporting": receive_report}
UNDO = {"moving-in": unsettle, "member-reporting": unsettle, "party-transfer": unsettle}

EVENTS: dict[type[Event], Any] = {
    **tray.events(RULES, UNDO),
    volunteers.VolunteerRegistered: note_volunteer,
    volunteers.HoursCredited: note_service,
    privacy.ResidentErased: answer_erasure,
}
COMMANDS: dict[type[Command], Any] = {
    **tray.COMMANDS,
    party.RegisterUnit: register_unit,
    party.EnrolMember: enrol_member,
    party.AdvanceMember: advance_member,
    party.ReceiveMember: receive_member,
    party.TransferMember: transfer_member,
    party.ReportMember: report_member,
    party.TakeDuty: take_duty,
    party.MeetDuty: meet_duty,
    party.LoadDemonstration: load_demonstration,
}
