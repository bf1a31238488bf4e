"""Looks in their chain, what an erasure deletes, and the notes of breaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from services.registry.privacy.model import ERASED, GENESIS, link
from services.registry.tables import (
    breach_persons,
    breaches,
    erasure_answers,
    erasures,
    households,
    looks,
    proposals,
    residents,
)


class PrivacyRepository:
    connection: Connection

    # -- looks --

    def note_look(self, **values: Any) -> None:
        """Put into the chain when the transaction ends: a chain has one end, and one writer at a time."""
        self._looked.append(values)

    @property
    def _looked(self) -> list[dict[str, Any]]:
        return self.__dict__.setdefault("_looked_lines", [])

    def write_looks(self) -> None:
        if not self._looked:
            return
        self.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('registry looks'))"))
        newest = select(looks.c.position, looks.c.hash).order_by(looks.c.position.desc()).limit(1)
        last = self.connection.execute(newest).first()
        start, previous = (last.position, last.hash) if last else (0, GENESIS)
        rows = []
        for position, line in enumerate(self._looked, start + 1):
            rows.append({**line, "position": position, "previous": previous, "hash": link(previous, line)})
            previous = rows[-1]["hash"]
        self.connection.execute(insert(looks), rows)
        self._looked.clear()

    def looks_at(self, resident_id: str, limit: int) -> Sequence[Row[Any]]:
        statement = select(looks).where(looks.c.resident_id == resident_id)
        return self.connection.execute(statement.order_by(looks.c.position.desc()).limit(limit)).all()

    # -- erasure --

    def open_erasure_of(self, resident_id: str) -> str | None:
        statement = select(erasures.c.certificate).where(
            erasures.c.resident_id == resident_id, erasures.c.state == "open"
        )
        return self.connection.execute(statement).scalar()

    def last_erasure_of(self, resident_id: str) -> str | None:
        statement = select(erasures.c.certificate).where(erasures.c.resident_id == resident_id)
        return self.connection.execute(statement.order_by(erasures.c.certificate.desc()).limit(1)).scalar()

    def erased_at(self, resident_id: str) -> datetime | None:
        return self.connection.execute(
            select(residents.c.erased_at).where(residents.c.resident_id == resident_id)
        ).scalar()

    def add_erasure(self, **row: Any) -> None:
        self.connection.execute(insert(erasures).values(state="open", **row))

    def erasure(self, certificate: str) -> Row[Any] | None:
        statement = select(erasures).where(erasures.c.certificate == certificate).with_for_update()
        return self.connection.execute(statement).first()

    def save_erasure(self, certificate: str, **values: Any) -> None:
        self.connection.execute(
            update(erasures).where(erasures.c.certificate == certificate).values(**values)
        )

    def add_answer(self, **row: Any) -> None:
        self.connection.execute(postgresql.insert(erasure_answers).values(**row).on_conflict_do_nothing())

    def who_answered(self, certificate: str) -> set[str]:
        statement = select(erasure_answers.c.office).where(erasure_answers.c.certificate == certificate)
        return set(self.connection.execute(statement).scalars())

    def blank(self, resident_id: str, now: datetime) -> None:
        """The row stays, so that the history and the log of looks still point at somebody; nothing in it says at whom."""
        self.connection.execute(
            update(residents)
            .where(residents.c.resident_id == resident_id)
            .values(
                name=ERASED, id_number=None, phone=None, sex=None, birth_date=None, relation=None,
                is_party_member=False, erased_at=now, changed_at=now,
            )
        )  # fmt: skip

    def forget_contact(self, household: str, name: str, phone: str | None, now: datetime) -> bool:
        """The person to ring about a home, when it was this one."""
        statement = (
            update(households)
            .where(
                households.c.household == household,
                (households.c.contact_name == name) | (households.c.contact_phone == phone),
            )
            .values(contact_name=None, contact_phone=None, changed_at=now)
        )
        return bool(self.connection.execute(statement).rowcount)

    def forget_proposals(self, resident_id: str) -> int:
        statement = update(proposals).where(proposals.c.resident_id == resident_id)
        statement = statement.values(value="", state=func.replace(proposals.c.state, "open", "left"))
        return self.connection.execute(statement).rowcount

    # -- breaches --

    def add_breach(self, row: dict[str, Any], persons: Sequence[dict[str, Any]]) -> None:
        self.connection.execute(insert(breaches).values(row))
        self.connection.execute(insert(breach_persons), persons)

    def breach_person(self, breach_id: str, resident_id: str) -> Row[Any] | None:
        statement = select(breach_persons).where(
            breach_persons.c.breach_id == breach_id, breach_persons.c.resident_id == resident_id
        )
        return self.connection.execute(statement.with_for_update()).first()

    def note_told(self, breach_id: str, resident_id: str, **values: Any) -> None:
        self.connection.execute(
            update(breach_persons)
            .where(breach_persons.c.breach_id == breach_id, breach_persons.c.resident_id == resident_id)
            .values(**values)
        )
