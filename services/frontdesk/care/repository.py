"""The room's part of the repository: whose cases belong together, and what is stuck."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, false, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.frontdesk.model import Case
from services.frontdesk.tables import cases, troubles

LOOK_BACK = 50
"""Cases of one person that are looked through."""


def person_of(applicant: Mapping[str, Any]) -> str | None:
    """Tells cases of one person from others', without the number itself standing in another column."""
    number = applicant.get("id_number")
    return hashlib.sha256(number.encode()).hexdigest() if isinstance(number, str) and number else None


class CareRepository:
    connection: Connection

    def cases_of_visit(self, case: Case, begin: datetime, end: datetime) -> list[str]:
        """The other cases this person filed in the same community between two moments."""
        person = person_of(case.applicant)
        if person is None:
            return []
        rows = self.connection.execute(
            select(cases.c.no).where(
                cases.c.person == person,
                cases.c.filed_at >= begin,
                cases.c.filed_at < end,
                cases.c.place.startswith(case.place[:12], autoescape=True),
                cases.c.no != case.no,
            )
        )
        return [row.no for row in rows]

    def handed_in(self, applicant: Mapping[str, Any], since: datetime) -> dict[str, dict[str, Any]]:
        """Name -> the newest material of that name this person handed in."""
        person = person_of(applicant)
        if person is None:
            return {}
        rows = self.connection.execute(
            select(cases.c.body["materials"].label("materials"))
            .where(cases.c.person == person, cases.c.filed_at >= since)
            .order_by(cases.c.filed_at.desc())
            .limit(LOOK_BACK)
        )
        known: dict[str, dict[str, Any]] = {}
        for row in rows:
            for entry in row.materials:
                if entry.get("sha256"):
                    known.setdefault(entry["name"], entry)
        return known

    def broken_pledge(self, applicant: Mapping[str, Any]) -> str | None:
        """The number of a case in which this person did not keep a pledge and has not made up for it."""
        person = person_of(applicant)
        if person is None:
            return None
        rows = self.connection.execute(
            select(cases.c.no, cases.c.body["pledges"].label("pledges"))
            .where(cases.c.person == person, cases.c.body["pledges"] != text("'[]'::jsonb"))
            .order_by(cases.c.filed_at.desc())
            .limit(LOOK_BACK)
        )
        for row in rows:
            if any("broken" in one and "kept" not in one for one in row.pledges or []):
                return str(row.no)
        return None

    # -- troubles --

    def open_trouble(
        self,
        id: str,
        kind: str,
        reason: str,
        at: datetime,
        case_no: str | None,
        place: str | None = None,
        message: dict[str, Any] | None = None,
    ) -> None:
        """Once more for the same thing counts as another try."""
        if place is None:
            found = select(cases.c.place).where(cases.c.no == case_no)
            place = self.connection.execute(found).scalar_one_or_none()
        row = {
            "id": id, "case_no": case_no, "place": place or "", "kind": kind, "reason": reason[:500],
            "message": message, "tries": 1, "opened_at": at, "last_at": at,
        }  # fmt: skip
        again = {
            "reason": reason[:500], "tries": troubles.c.tries + 1, "last_at": at, "resolved_at": None, "resolved_by": None,
        }  # fmt: skip
        self.connection.execute(
            insert(troubles).values(**row).on_conflict_do_update(index_elements=["id"], set_=again)
        )

    def settle_trouble(self, id: str, at: datetime, by: str) -> None:
        mine = (troubles.c.id == id) & troubles.c.resolved_at.is_(None)
        self.connection.execute(update(troubles).where(mine).values(resolved_at=at, resolved_by=by))

    def trouble(self, id: str) -> Any:
        """The row, locked; two who mend the same thing do it one after the other."""
        return self.connection.execute(select(troubles).where(troubles.c.id == id).with_for_update()).first()

    def open_troubles(self, scopes: Iterable[str], kind: str | None, limit: int) -> list[str]:
        """The oldest ones within the areas."""
        within = or_(false(), *(troubles.c.place.startswith(scope, autoescape=True) for scope in scopes))
        wanted = select(troubles.c.id).where(troubles.c.resolved_at.is_(None), within)
        if kind:
            wanted = wanted.where(troubles.c.kind == kind)
        rows = self.connection.execute(wanted.order_by(troubles.c.opened_at, troubles.c.id).limit(limit))
        return [row.id for row in rows]
