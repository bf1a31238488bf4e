"""What the party office does with units too small, posts elsewhere, committees, arrears and employers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import bonds, citizens, owners, property
from services.contracts.messages import Command, Event
from services.party import figures, model
from services.party.bonds.model import (
    NobodyReported,
    PeriodRuns,
    PostHeld,
    Talk,
    check_instructor,
    check_joint,
    span_of,
)
from services.party.desk import midnight, permit, today
from services.party.development.model import NotYet

# -- where a branch cannot be ---------------------------------------------------------------------------


def found_joint_branch(work: Work, command: Any) -> dict[str, Any]:
    permit(work, command.place)
    units = [work.store.unit(code) for code in sorted(set(command.units))]  # locked, in one order
    for unit in units:
        permit(work, unit.place)
    formal = {unit.code: work.store.count_members(unit.code) for unit in units}
    check_joint(units, formal, [unit.code for unit in units if work.store.unit_branch(unit.code)])
    community = work.store.find_organisation("community-committee", command.place[:12])
    branch = model.Organisation(
        code=f"{command.place}-J{new_id()[-8:]}", level="joint-branch",
        parent=community.code if community else None, place=command.place, name_zh=command.name_zh,
        name_en=command.name_en, founded_at=work.now,
    )  # fmt: skip
    work.store.add_organisations([branch])
    work.store.join_units(branch.code, [unit.code for unit in units])
    for unit in units:
        work.store.gather(unit.code, branch.code)
        for duty in work.store.standing_duties(unit.code):
            if duty.kind == "instructor" and duty.state in model.OPEN:
                _meet(work, duty, f"联合党支部 {branch.code}")
    return {"branch": branch.code, "units": [unit.code for unit in units], "members": sum(formal.values())}


def assign_instructor(work: Work, command: Any) -> dict[str, Any]:
    unit = work.store.unit_of_duty(command.duty_id)
    permit(work, unit.place)
    member, duty = work.store.member(command.member_id), work.store.duty(command.duty_id)
    check_instructor(member, unit, duty.kind)
    _meet(work, duty, f"指导员 {citizens.mask_name(member.name)}")
    work.store.instruct(duty.id, unit.code, member.id, today(work))
    return {"duty_id": duty.id, "state": duty.state}


def _meet(work: Work, duty: model.Duty, note: str) -> None:
    duty.move("meet", work.now)
    duty.note = note
    work.store.save_duty(duty)


# -- posts ---------------------------------------------------------------------------------------------


def record_post(work: Work, command: Any) -> dict[str, Any]:
    member = _member(work, command.member_id)
    if member.left_at:
        raise model.HasLeft()
    post_id = new_id()
    if not work.store.add_post(
        id=post_id, member=member.id, kind=command.kind, body=command.body, post=command.post,
        since=command.since, noted_by=work.caller.account,
    ):  # fmt: skip
        raise PostHeld()
    return {"post_id": post_id}


def end_post(work: Work, command: Any) -> dict[str, Any]:
    _member(work, work.store.post(command.post_id).member)
    if not work.store.end_post(command.post_id, command.ended_on):
        raise PostHeld()
    return {"post_id": command.post_id, "ended_on": command.ended_on}


# -- what property management tells --------------------------------------------------------------------


def note_roster(work: Work, event: Any) -> None:
    """Which seats of an owners' committee are members': recognised by their marks; of the others nothing is learnt."""
    ours = {
        owners.person_mark(number, event.committee): member
        for member, number in work.store.candidates(event.place[:12]).items()
    }
    known = {"committee": event.committee, "estate": event.estate, "place": event.place, "at": event.at}
    rows = [
        {
            "committee": event.committee,
            "seat": number,
            "chair": bool(seat.get("chair")),
            "member": ours.get(seat.get("mark", "")),
        }
        for number, seat in enumerate(event.seats, 1)
    ]
    work.store.seat(known, rows)


def note_home(work: Work, event: Any) -> None:
    """So that a household can be asked about; nothing else of the file is kept."""
    if event.case_no:
        work.store.note_home(event.case_no, event.household)


def note_arrears(work: Work, event: Any) -> None:
    """A talk for each member who lives there; where nobody of ours does, nothing is kept and nothing answered."""
    rule = figures.rule("bonds", today(work), event.place)
    work.store.add_talks(
        [
            Talk(
                id=new_id(), ask=event.talk, member=member.id,
                branch=member.branch or work.store.reported_branch(member.id), place=event.place,
                purpose=event.purpose, state="asked", asked_at=event.at,
                due_on=today(work) + timedelta(days=rule["talk_days"]),
            )
            for member in work.store.members_in_household(event.household)
        ]
    )  # fmt: skip


def keep_household(work: Work, command: Any) -> dict[str, Any]:
    member = _member(work, command.member_id)
    member.household = command.household
    work.store.save_member(member)
    return {"member_id": member.id, "household": member.household}


def file_talk(work: Work, command: Any) -> dict[str, Any]:
    talk = work.store.talk(command.talk_id)
    permit(work, talk.place)
    if command.held_on > today(work):
        raise NotYet(day=command.held_on.isoformat())
    talk.file(command.held_on, command.result, work.caller.account, work.now)
    work.store.save_talk(talk)
    return {"talk_id": talk.id, "state": talk.state}


# -- reporting -----------------------------------------------------------------------------------------


def issue_appraisal(work: Work, command: Any) -> dict[str, Any]:
    permit(work, command.place)
    since, until = span_of(command.period)
    if today(work) < until:
        raise PeriodRuns(period=command.period)
    served = work.store.reported_service(command.employer, command.place, midnight(since), midnight(until))
    if not served:
        raise NobodyReported(employer=command.employer, period=command.period)
    document = {
        "title_zh": f"{command.period} 在职党员报到服务情况反馈",
        "title_en": f"Service of reporting members, {command.period}",
        "employer": command.employer, "place": command.place, "since": since, "until": until,
        "reported": len(served), "served": sum(hours > 0 for _, hours in served),
        "hours": str(sum(hours for _, hours in served)),
        "members": [
            {"member_id": member.id, "name": citizens.mask_name(member.name), "hours": str(hours)}
            for member, hours in served
        ],
    }  # fmt: skip
    appraisal_id = work.store.issue(
        id=new_id(), employer=command.employer, place=command.place, period=command.period,
        document=document, issued_by=work.caller.account, issued_at=work.now,
    )  # fmt: skip
    return {"appraisal_id": appraisal_id, "reported": document["reported"], "hours": document["hours"]}


def _member(work: Work, member_id: str) -> model.Member:
    member = work.store.member(member_id)
    permit(work, member.place)
    return member


EVENTS: dict[type[Event], Any] = {
    property.HouseholdFileOpened: note_home,
    property.ArrearsTalkAsked: note_arrears,
    owners.CommitteeRosterChanged: note_roster,
}
COMMANDS: dict[type[Command], Any] = {
    bonds.FoundJointBranch: found_joint_branch,
    bonds.AssignInstructor: assign_instructor,
    bonds.RecordPost: record_post,
    bonds.EndPost: end_post,
    bonds.KeepHousehold: keep_household,
    bonds.FileTalk: file_talk,
    bonds.IssueAppraisal: issue_appraisal,
}
