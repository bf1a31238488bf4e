"""Loads and stores meetings, votes and terms; a part of party's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows, update_rows
from services.party.meetings.model import (
    Election,
    Meeting,
    Term,
    Turnout,
    UnknownBranch,
    UnknownElection,
    UnknownMeeting,
)
from services.party.model import COUNTED, Organisation
from services.party.tables import attendance, elections, meetings, members, organisations, resolutions, terms


class MeetingStore:
    connection: Connection

    def branch(self, code: str) -> Organisation:
        """Locked: elections and terms of a branch go one after the other."""
        row = self.connection.execute(
            select(organisations).where(organisations.c.code == code).with_for_update()
        ).first()
        if row is None:
            raise UnknownBranch(branch=code)
        return Organisation(**row._mapping)

    def formal_of(self, branch: str) -> set[str]:
        """Those of the branch who have a vote."""
        at = members.c
        rows = self.connection.execute(
            select(at.id).where(at.branch == branch, at.stage == COUNTED, at.left_at.is_(None))
        )
        return set(rows.scalars())

    def add_meeting(self, meeting: Meeting) -> None:
        self.connection.execute(insert(meetings), vars(meeting))

    def save_meeting(self, meeting: Meeting) -> None:
        update_rows(self.connection, meetings, "id", [vars(meeting)])

    def meeting(self, meeting_id: str) -> Meeting:
        row = self.connection.execute(
            select(meetings).where(meetings.c.id == meeting_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownMeeting(meeting_id=meeting_id)
        return Meeting(**row._mapping)

    def attend(self, meeting: str, member: str, state: str, at: datetime, reason: str | None = None) -> None:
        """The last word counts: who took leave and came after all is present."""
        statement = insert(attendance).values(
            meeting=meeting, member=member, state=state, reason=reason, at=at
        )
        new = statement.excluded
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["meeting", "member"],
                set_={"state": new.state, "reason": new.reason, "at": new.at},
            )
        )

    def add_attendance(self, rows: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(self.connection, attendance, rows)

    def note_absent(self, meeting: Meeting, at: datetime) -> int:
        """Everybody of the branch with membership who neither came nor took leave."""
        missing = select(members.c.id).where(
            members.c.branch == meeting.branch,
            members.c.stage.in_((COUNTED, "probationary")),
            members.c.left_at.is_(None),
            members.c.id.not_in(select(attendance.c.member).where(attendance.c.meeting == meeting.id)),
        )
        rows = [
            {"meeting": meeting.id, "member": member, "state": "absent", "reason": None, "at": at}
            for member in self.connection.execute(missing).scalars()
        ]
        return insert_rows(self.connection, attendance, rows, known_too=True)

    def turnout(self, meeting: Meeting) -> Turnout:
        formal = self.formal_of(meeting.branch)
        came = self.connection.execute(
            select(attendance.c.member).where(
                attendance.c.meeting == meeting.id, attendance.c.state == "present"
            )
        ).scalars()
        return Turnout(len(formal), len(formal & set(came)))

    def add_resolution(self, **row: Any) -> None:
        self.connection.execute(insert(resolutions), row)

    def adopted(self, resolution_id: str, branch: str | None, about: str) -> bool:
        return bool(
            self.connection.execute(
                select(func.count())
                .select_from(resolutions.join(meetings, meetings.c.id == resolutions.c.meeting))
                .where(
                    resolutions.c.id == resolution_id,
                    resolutions.c.adopted,
                    resolutions.c.about == about,
                    meetings.c.branch == branch,
                )
            ).scalar_one()
        )

    def add_election(self, election: Election) -> bool:
        """False when one of this branch is running already."""
        statement = insert(elections).values(vars(election)).on_conflict_do_nothing()
        return self.connection.execute(statement.returning(elections.c.id)).first() is not None

    def election(self, election_id: str) -> Election:
        row = self.connection.execute(
            select(elections).where(elections.c.id == election_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownElection(election_id=election_id)
        return Election(**row._mapping)

    def save_election(self, election: Election) -> None:
        update_rows(self.connection, elections, "id", [vars(election)])

    def term(self, branch: str) -> Term | None:
        row = self.connection.execute(select(terms).where(terms.c.branch == branch).with_for_update()).first()
        return Term(**row._mapping) if row else None

    def set_term(self, term: Term) -> None:
        statement = insert(terms).values(vars(term))
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["branch"],
                set_={name: statement.excluded[name] for name in vars(term) if name != "branch"},
            )
        )
