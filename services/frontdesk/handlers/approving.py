"""Access approval (准入): the desk takes only what was admitted, and a positive decision admits by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.contracts import approvals as contract
from services.contracts.roles import may
from services.contracts.units import UNITS
from services.frontdesk import planning
from services.frontdesk.approvals.model import (
    ACCESS_APPROVAL,
    DECIDES,
    THE_COMMUNITYS,
    AlreadyRevoked,
    Approval,
    MatterNotApproved,
    NotTheCommunitys,
    UnknownApproval,
)
from services.frontdesk.matters import Matter
from services.frontdesk.model import Case


def require_approved(work: Work, matter: Matter, place: str) -> None:
    if not work.store.is_approved(matter.slug, place, calendar.local_day(work.now)):
        raise MatterNotApproved(code=matter.slug, place=place)


def refuse_push(case: Case, unit: str) -> None:
    """Work outside the community's list may not be pushed to the community: its matter has to give it a part."""
    if unit in THE_COMMUNITYS and not any(
        step.unit in THE_COMMUNITYS for step in planning.matter_of(case).steps
    ):
        raise NotTheCommunitys(title_zh=case.title_zh, title_en=case.title_en, unit=UNITS[unit]["zh"])


def note_decision(work: Work, case: Case, verdict: str) -> None:
    """What came of an application for access: admitted when the government said yes. Decided anew and refused, what
    the first decision had admitted is off the desk again."""
    if case.matter != ACCESS_APPROVAL:
        return
    if verdict != "done":
        work.store.revoke_of_case(case.no, work.now, "复审未予批准")
        return
    form = case.form
    decision = next((task for task in reversed(case.tasks) if task.part == DECIDES and task.finished), None)
    if decision is None or decision.status != "done" or work.store.approved_by_case(case.no):
        return  # a later round is the first review's alone: it cannot stand in for the government's yes
    if not form.get("subject"):
        return  # an application of the first version does not say what it would be listed as
    approval = Approval(
        approval_id=case.no if case.round == 1 else f"{case.no}.{case.round}",
        subject=form["subject"],
        kind=form["kind"],
        place=form.get("listed_place") or case.place,
        department=form["department"],
        basis=form["policy_basis"],
        decided_by=case.no,
        valid_from=calendar.local_day(work.now),
        valid_until=date.fromisoformat(form["valid_until"]) if form.get("valid_until") else None,
    )
    work.store.add_approval(approval)
    case.note("approved", work.now, "frontdesk", None, subject=approval.subject, place=approval.place)


def revoke_approval(work: Work, command: Any) -> dict[str, Any]:
    row = work.store.approval(command.approval_id)
    if row is None or not work.caller.may(may(contract.RevokeApproval), row.place):
        raise UnknownApproval(approval_id=command.approval_id)
    if not work.store.revoke_approval(row.approval_id, work.now, work.caller.account, command.reason):
        raise AlreadyRevoked()
    return {"approval_id": row.approval_id, "subject": row.subject, "revoked_at": work.now}
