"""Loads and stores steps; a part of party's Repository."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from services.party.development.model import Entry
from services.party.tables import steps


class DevelopmentStore:
    connection: Connection

    def steps_of(self, member: str) -> list[Entry]:
        """The member is locked before, so nothing comes between the look and the next step."""
        rows = self.connection.execute(
            select(steps).where(steps.c.member == member).order_by(steps.c.taken_on, steps.c.id)
        )
        return [Entry(**row._mapping) for row in rows]

    def add_step(self, entry: Entry) -> None:
        self.connection.execute(insert(steps), vars(entry))

    def replace_steps(self, ids: Sequence[str], at: datetime) -> None:
        self.connection.execute(update(steps).where(steps.c.id.in_(ids)).values(replaced_at=at))
