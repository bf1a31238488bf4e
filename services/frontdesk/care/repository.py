"""The room's part of the repository: whose cases belong together, and what is stuck."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from services.frontdesk.model import Case
from services.frontdesk.tables import cases


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
