"""Loads and stores what the registry keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, String, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.registry.classes.repository import ClassRepository
from services.registry.estates.repository import EstateRepository
from services.registry.events.repository import EventRepository
from services.registry.exchange.repository import ExchangeRepository
from services.registry.gridmap.repository import GridMapRepository
from services.registry.model import Resident
from services.registry.people.repository import PeopleRepository
from services.registry.privacy.repository import PrivacyRepository
from services.registry.tables import (
    buildings,
    consents,
    grids,
    households,
    moves,
    residents,
    undone_cases,
)

NAMES = tuple(Resident.__dataclass_fields__)


def resident_of(row: Any) -> Resident:
    return Resident(**{name: getattr(row, name) for name in NAMES})


class Repository(
    GridMapRepository,
    EventRepository,
    EstateRepository,
    ClassRepository,
    PeopleRepository,
    ExchangeRepository,
    PrivacyRepository,
):
    """Each room loads and stores its own; here is what all of them stand on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def flush(self) -> None:
        """What has one end and one writer at a time is written last, always in this order."""
        self.write_looks()
        self.write_changes()

    # -- places --

    def grid(self, code: str) -> Row[Any] | None:
        return self.connection.execute(select(grids).where(grids.c.code == code)).first()

    def building(self, code: str) -> Row[Any] | None:
        return self.connection.execute(select(buildings).where(buildings.c.code == code)).first()

    def add_buildings(self, rows: Sequence[dict[str, Any]]) -> int:
        """How many of them were new."""
        statement = insert(buildings).on_conflict_do_nothing().returning(buildings.c.code)
        return len(self.connection.execute(statement, rows).all())

    # -- households --

    def household(self, code: str, lock: bool = False) -> Row[Any] | None:
        statement = select(households).where(households.c.household == code)
        return self.connection.execute(statement.with_for_update() if lock else statement).first()

    def add_households(self, rows: Sequence[dict[str, Any]]) -> int:
        """How many of them were new."""
        statement = insert(households).on_conflict_do_nothing().returning(households.c.household)
        return len(self.connection.execute(statement, rows).all())

    def change_household(self, code: str, now: datetime, **values: Any) -> None:
        statement = update(households).where(households.c.household == code)
        self.connection.execute(statement.values(changed_at=now, **values))

    def count_households(self, community: str) -> int:
        statement = select(func.count()).where(households.c.place.startswith(community, autoescape=True))
        return int(self.connection.execute(statement).scalar_one())

    # -- residents --

    def resident(self, resident_id: str) -> Resident | None:
        return self._one(residents.c.resident_id == resident_id)

    def claim_numbers(self, numbers: Iterable[str | None]) -> dict[str, Resident]:
        """Who is known by these ID numbers. Two who register the same person at once: the second waits here
        and then finds the person; claimed in order, so that two families never wait for each other."""
        wanted = sorted({number for number in numbers if number})
        if not wanted:
            return {}
        claimed = func.unnest(cast(wanted, ARRAY(String))).column_valued("number")
        self.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("resident " + claimed))))
        found = self.connection.execute(select(residents).where(residents.c.id_number.in_(wanted)))
        return {row.id_number: resident_of(row) for row in found}

    def resident_by_number(self, id_number: str) -> Resident | None:
        return self._one(residents.c.id_number == id_number)

    def _one(self, which: Any) -> Resident | None:
        row = self.connection.execute(select(residents).where(which)).first()
        return resident_of(row) if row else None

    def living_in(self, household: str) -> list[Resident]:
        statement = (
            select(residents)
            .where(residents.c.household == household, residents.c.move_out_date.is_(None))
            .order_by(residents.c.resident_id)
        )
        return [resident_of(row) for row in self.connection.execute(statement)]

    def put_residents(self, people: Iterable[Resident], now: datetime) -> None:
        rows = [asdict(one) | {"changed_at": now} for one in people]
        if rows:
            statement = insert(residents)
            fresh = {name: statement.excluded[name] for name in (*NAMES, "changed_at")}
            self.connection.execute(
                statement.on_conflict_do_update(index_elements=[residents.c.resident_id], set_=fresh), rows
            )

    def add_residents(self, people: Iterable[Resident], now: datetime) -> int:
        """How many of them were new."""
        rows = [asdict(one) | {"changed_at": now} for one in people]
        statement = insert(residents).on_conflict_do_nothing().returning(residents.c.resident_id)
        return len(self.connection.execute(statement, rows).all())

    # -- moves that a case may take back --

    def note_moves(self, rows: Sequence[dict[str, Any]]) -> None:
        """A case told of again moved nobody a second time: the first note is the one to go back to."""
        if rows:
            self.connection.execute(insert(moves).on_conflict_do_nothing(), rows)

    def moves_of(self, case_no: str) -> Sequence[Row[Any]]:
        statement = select(moves).where(moves.c.case_no == case_no).order_by(moves.c.resident_id)
        return self.connection.execute(statement).all()

    def mark_undone(self, case_no: str, now: datetime) -> bool:
        """False when it was marked before."""
        statement = insert(undone_cases).values(case_no=case_no, at=now).on_conflict_do_nothing()
        return self.connection.execute(statement.returning(undone_cases.c.case_no)).first() is not None

    def is_undone(self, case_no: str) -> bool:
        return (
            self.connection.execute(select(undone_cases).where(undone_cases.c.case_no == case_no)).first()
            is not None
        )

    # -- consent and looks --

    def add_consent(
        self, resident_id: str, purpose: str, given: bool, guardian: str | None, at: datetime, taken_by: str
    ) -> None:
        self.connection.execute(
            insert(consents).values(
                resident_id=resident_id,
                purpose=purpose,
                given=given,
                guardian=guardian,
                at=at,
                taken_by=taken_by,
            )
        )

    def has_refused(self, resident_id: str, purpose: str) -> bool:
        """The last word counts; who never spoke has not refused."""
        statement = (
            select(consents.c.given)
            .where(consents.c.resident_id == resident_id, consents.c.purpose == purpose)
            .order_by(consents.c.position.desc())
            .limit(1)
        )
        return self.connection.execute(statement).scalar() is False
