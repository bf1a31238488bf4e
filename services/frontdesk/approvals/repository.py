"""Approvals as the handlers see them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, literal, or_, select, update

from services.frontdesk.approvals.model import Approval
from services.frontdesk.tables import approvals


def lasts(day: date) -> ColumnElement[bool]:
    """Holds on this day: both ends of its time belong to it."""
    return (
        (approvals.c.valid_from <= day)
        & or_(approvals.c.valid_until.is_(None), approvals.c.valid_until >= day)
        & approvals.c.revoked_at.is_(None)
    )


def covers(place: str) -> ColumnElement[bool]:
    return literal(place).startswith(approvals.c.place)


class ApprovalRepository:
    connection: Connection

    def is_approved(self, subject: str, place: str, day: date) -> bool:
        found = select(approvals.c.approval_id).where(
            approvals.c.subject == subject, covers(place), lasts(day)
        )
        return self.connection.execute(found.limit(1)).first() is not None

    def add_approval(self, approval: Approval) -> None:
        self.connection.execute(insert(approvals).values(vars(approval)))

    def approved_by_case(self, case_no: str) -> bool:
        """Whether what the case admitted still is."""
        mine = (approvals.c.decided_by == case_no) & approvals.c.revoked_at.is_(None)
        return self.connection.execute(select(approvals.c.approval_id).where(mine)).first() is not None

    def revoke_of_case(self, case_no: str, at: datetime, why: str) -> None:
        mine = (approvals.c.decided_by == case_no) & approvals.c.revoked_at.is_(None)
        self.connection.execute(
            update(approvals).where(mine).values(revoked_at=at, revoked_by=case_no, revoked_why=why)
        )

    def approval(self, approval_id: str) -> Any:
        """The row, locked; None when there is none."""
        mine = select(approvals).where(approvals.c.approval_id == approval_id)
        return self.connection.execute(mine.with_for_update()).first()

    def revoke_approval(self, approval_id: str, at: datetime, by: str, why: str) -> bool:
        mine = (approvals.c.approval_id == approval_id) & approvals.c.revoked_at.is_(None)
        done = update(approvals).where(mine).values(revoked_at=at, revoked_by=by, revoked_why=why)
        return self.connection.execute(done).rowcount == 1
