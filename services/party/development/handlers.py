"""What the party office does on somebody's way into the party."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.chassis.identifiers import new_id
from services.contracts import development
from services.contracts.messages import Command
from services.party import figures, model
from services.party.desk import permit, today, weigh
from services.party.development.model import (
    EXTENSION,
    REVIEW,
    BeforeTheLast,
    Entry,
    NotBegun,
    NotYet,
    ResolutionMissing,
    Way,
)


class AlreadyOnTheRoll(Conflict):
    """This person is on the roll already."""

    zh = "此人已在名册中。"


def open_development(work: Work, command: Any) -> dict[str, Any]:
    branch = work.store.branch(command.branch)
    permit(work, branch.place)
    if command.applied_on > today(work):
        raise NotYet(day=command.applied_on.isoformat())
    person = model.Person.named(command.name, command.id_number)
    member, made = work.store.member_for(person, "applicant", branch.place, work.now)
    if not made:
        raise AlreadyOnTheRoll()
    member.branch, member.unit = branch.code, branch.unit
    work.store.save_member(member)
    work.store.add_step(_entry(work, member, "application", command.applied_on, "入党申请书"))
    return _answer(work, member)


def record_step(work: Work, command: Any) -> dict[str, Any]:
    unit, member, way = _way(work, command.member_id)
    step, late = way.take(
        command.step, command.taken_on, command.figures, command.reason, today(work)
    )  # fmt: skip
    if step.get("resolution"):
        _check_resolution(work, member, command.resolution_id, command.step)
    work.store.replace_steps([entry.id for entry in way.replaces(command.step)], work.now)
    work.store.add_step(
        _entry(
            work, member, command.step, command.taken_on, command.evidence, figures=command.figures,
            resolution=command.resolution_id, reason=command.reason, late=late,
        )
    )  # fmt: skip
    if "reaches" in step:
        member.advance(step["reaches"])
        work.store.save_member(member)
        if unit:
            weigh(work, unit)
    return _answer(work, member)


def record_review(work: Work, command: Any) -> dict[str, Any]:
    _, member, way = _way(work, command.member_id)
    if command.reviewed_on > today(work):
        raise NotYet(day=command.reviewed_on.isoformat())
    last = max([*(entry.taken_on for entry in way.done.values()), *way.reviews])
    if command.reviewed_on < last:
        raise BeforeTheLast(day=command.reviewed_on.isoformat(), last=last.isoformat())
    work.store.add_step(_entry(work, member, REVIEW, command.reviewed_on, command.evidence))
    return _answer(work, member)


def extend_probation(work: Work, command: Any) -> dict[str, Any]:
    _, member, way = _way(work, command.member_id)
    way.extend(command.months)
    _check_resolution(work, member, command.resolution_id, "extension")
    work.store.add_step(
        _entry(
            work, member, EXTENSION, today(work), "延长预备期",
            figures={"months": command.months}, resolution=command.resolution_id,
        )
    )  # fmt: skip
    return _answer(work, member)


def _way(work: Work, member_id: str) -> tuple[model.Unit | None, model.Member, Way]:
    """Unit and member locked, in this order, so that no two take a step at once."""
    unit = work.store.unit_of_member(member_id)
    member = work.store.member(member_id)
    permit(work, member.place)
    entries = work.store.steps_of(member.id)
    if not entries:
        raise NotBegun()
    return unit, member, Way(figures.rule("development", today(work), member.place), entries)


def _entry(work: Work, member: model.Member, step: str, on: Any, evidence: str, **more: Any) -> Entry:
    more.setdefault("figures", {})
    return Entry(
        id=new_id(), member=member.id, step=step, taken_on=on, evidence=evidence,
        noted_at=work.now, noted_by=work.caller.account, **more,
    )  # fmt: skip


def _check_resolution(work: Work, member: model.Member, resolution_id: str | None, step: str) -> None:
    if not resolution_id or not work.store.adopted(resolution_id, member.branch, member.id):
        raise ResolutionMissing(step=step)


def _answer(work: Work, member: model.Member) -> dict[str, Any]:
    way = Way(figures.rule("development", today(work), member.place), work.store.steps_of(member.id))
    return {
        "member_id": member.id,
        "stage": member.stage,
        "next_step": way.next["step"] if way.next else None,
        "due": way.clock(),
    }


COMMANDS: dict[type[Command], Any] = {
    development.OpenDevelopment: open_development,
    development.RecordStep: record_step,
    development.RecordReview: record_review,
    development.ExtendProbation: extend_probation,
}
