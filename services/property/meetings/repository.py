"""Loads and stores meetings, decisions and notices; a part of property's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from services.property.meetings.model import UnknownDecision, UnknownMeeting
from services.property.tables import decisions, joint_meetings, notices


class MeetingStore:
    connection: Connection

    def add_meeting(self, row: Mapping[str, Any]) -> None:
        self.connection.execute(insert(joint_meetings).values(**row))

    def meeting(self, meeting: str) -> Row[Any]:
        """Locked. Raises UnknownMeeting."""
        row = self.connection.execute(
            select(joint_meetings).where(joint_meetings.c.meeting == meeting).with_for_update()
        ).first()
        if row is None:
            raise UnknownMeeting(meeting=meeting)
        return row

    def minute_meeting(self, meeting: str, present: Sequence[str], minutes: str) -> None:
        self.connection.execute(
            update(joint_meetings)
            .where(joint_meetings.c.meeting == meeting)
            .values(present=list(present), minutes=minutes)
        )

    def add_decisions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            self.connection.execute(insert(decisions), list(rows))

    def decision(self, decision: str) -> Row[Any]:
        """Locked. Raises UnknownDecision."""
        row = self.connection.execute(
            select(decisions).where(decisions.c.decision == decision).with_for_update()
        ).first()
        if row is None:
            raise UnknownDecision(decision=decision)
        return row

    def finish_decision(self, decision: str, result: str, at: datetime) -> None:
        self.connection.execute(
            update(decisions)
            .where(decisions.c.decision == decision)
            .values(state="done", result=result, done_at=at)
        )

    def overdue_decisions(self, day: date, limit: int) -> Sequence[Row[Any]]:
        return self.connection.execute(
            select(decisions)
            .where(decisions.c.state == "open", decisions.c.told_overdue_at.is_(None))
            .where(decisions.c.due_on < day)
            .order_by(decisions.c.due_on)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def tell_overdue(self, decision: str, at: datetime) -> None:
        self.connection.execute(
            update(decisions).where(decisions.c.decision == decision).values(told_overdue_at=at)
        )

    def add_notice(self, row: Mapping[str, Any]) -> None:
        self.connection.execute(insert(notices).values(**row))
