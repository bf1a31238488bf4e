"""Loads and stores estates, owners and handings over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.identifiers import new_id
from services.registry.estates.model import Handover
from services.registry.estates.tables import (
    estate_buildings,
    estate_changes,
    estates,
    handovers,
    owners,
    ownerships,
)
from services.registry.tables import buildings, households


class EstateRepository:
    connection: Connection

    # -- estates --

    def estate(self, code: str, lock: bool = False) -> Row[Any] | None:
        statement = select(estates).where(estates.c.estate == code)
        return self.connection.execute(statement.with_for_update() if lock else statement).first()

    def add_estate(self, **values: Any) -> bool:
        statement = insert(estates).values(**values).on_conflict_do_nothing().returning(estates.c.estate)
        return self.connection.execute(statement).first() is not None

    def change_estate(self, code: str, **values: Any) -> None:
        self.connection.execute(update(estates).where(estates.c.estate == code).values(**values))

    def note_estate_change(self, code: str, at: datetime, by: str, changes: dict[str, Any]) -> None:
        self.connection.execute(insert(estate_changes).values(estate=code, at=at, by=by, changes=changes))

    def buildings_of_estate(self, code: str) -> list[str]:
        c = estate_buildings.c
        return list(
            self.connection.execute(select(c.building).where(c.estate == code).order_by(c.building)).scalars()
        )

    def put_estate_buildings(self, code: str, community: str, wanted: Sequence[str]) -> list[str]:
        """The estate has exactly these buildings; the answer is those it may not have, and then nothing is changed."""
        c = estate_buildings.c
        free = (
            select(buildings.c.code)
            .outerjoin(estate_buildings, c.building == buildings.c.code)
            .where(
                buildings.c.code.in_(wanted),
                buildings.c.grid.startswith(community, autoescape=True),
                or_(c.estate.is_(None), c.estate == code),
            )
        )
        allowed = set(self.connection.execute(free).scalars())
        if strangers := sorted(set(wanted) - allowed):
            return strangers
        self.connection.execute(delete(estate_buildings).where(c.estate == code, c.building.not_in(allowed)))
        rows = [{"building": building, "estate": code} for building in sorted(allowed)]
        if rows:
            self.connection.execute(insert(estate_buildings).on_conflict_do_nothing(), rows)
        # Between the look and the writing another estate may have taken one: then it has it still.
        mine = set(self.buildings_of_estate(code))
        return sorted(allowed - mine)

    def estate_of_home(self, household: Row[Any]) -> str | None:
        statement = select(estate_buildings.c.estate).where(estate_buildings.c.building == household.building)
        return self.connection.execute(statement).scalar()

    # -- owners --

    def put_owner(
        self, kind: str, name: str, number: str | None, phone: str | None, known: str | None
    ) -> str:
        """The owner of this number, newly told; without a number the one of that name the home had, or a new one."""
        if number is None:
            if known is not None:
                if phone is not None:
                    self.connection.execute(
                        update(owners).where(owners.c.owner_id == known).values(phone=phone)
                    )
                return known
            owner_id = new_id()
            self.connection.execute(
                insert(owners).values(owner_id=owner_id, kind=kind, name=name, phone=phone)
            )
            return owner_id
        statement = insert(owners).values(owner_id=new_id(), kind=kind, name=name, number=number, phone=phone)
        fresh = {
            "name": statement.excluded.name,
            "phone": func.coalesce(statement.excluded.phone, owners.c.phone),
        }
        return str(
            self.connection.execute(
                statement.on_conflict_do_update(index_elements=[owners.c.number], set_=fresh).returning(
                    owners.c.owner_id
                )
            ).scalar_one()
        )

    def owned_now(self, household: str) -> Sequence[Row[Any]]:
        statement = (
            select(ownerships, owners.c.name, owners.c.kind, owners.c.number)
            .join(owners)
            .where(ownerships.c.household == household, ownerships.c.until.is_(None))
        )
        return self.connection.execute(statement).all()

    def pass_ownership(self, household: str, since: date, rows: Sequence[Mapping[str, Any]]) -> None:
        self.connection.execute(
            update(ownerships)
            .where(ownerships.c.household == household, ownerships.c.until.is_(None))
            .values(until=since)
        )
        self.connection.execute(insert(ownerships), [dict(row) for row in rows])

    def homes_and_owners(self, estate: str, on: date) -> list[tuple[str, Decimal | None, frozenset[str]]]:
        c = ownerships.c
        in_force = (
            (c.household == households.c.household) & (c.since <= on) & (c.until.is_(None) | (c.until > on))
        )
        statement = (
            select(
                households.c.household,
                households.c.area,
                func.array_agg(c.owner_id).filter(c.owner_id.is_not(None)),
            )
            .join(estate_buildings, estate_buildings.c.building == households.c.building)
            .outerjoin(ownerships, in_force)
            .where(estate_buildings.c.estate == estate)
            .group_by(households.c.household, households.c.area)
            .order_by(households.c.household)
        )
        return [(code, area, frozenset(who or ())) for code, area, who in self.connection.execute(statement)]

    # -- handing over --

    def handover(self, handover_id: str) -> Handover | None:
        statement = select(handovers).where(handovers.c.handover_id == handover_id).with_for_update()
        row = self.connection.execute(statement).first()
        return Handover(**row._mapping) if row else None

    def add_handover(self, handover: Handover) -> bool:
        """False when the estate is being handed over already."""
        statement = insert(handovers).values(asdict(handover)).on_conflict_do_nothing()
        return self.connection.execute(statement.returning(handovers.c.handover_id)).first() is not None

    def save_handover(self, handover: Handover) -> None:
        which = handovers.c.handover_id == handover.handover_id
        self.connection.execute(update(handovers).where(which).values(asdict(handover)))
