"""Loads and stores what the party office speaks of. Whatever is loaded to be changed is locked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.backoffice import tray
from services.chassis.identifiers import new_id
from services.chassis.rows import update_rows
from services.party import tables
from services.party.bonds.repository import BondStore
from services.party.development.repository import DevelopmentStore
from services.party.dues.repository import DuesStore
from services.party.meetings.repository import MeetingStore
from services.party.model import (
    COUNTED,
    Duty,
    Member,
    NoGridBranch,
    Organisation,
    Person,
    Transfer,
    Unit,
    UnknownDuty,
    UnknownMember,
    UnknownUnit,
)

# Statements of every moving in, made once: building and recognising one costs as much as running it.
_member = insert(tables.members)
_MEMBER = _member.on_conflict_do_update(
    index_elements=["id_number"], set_={"id_number": _member.excluded.id_number}
).returning(tables.members)
"""Sets what is set already, so that whoever was there is locked and answered too."""
_REPORT = insert(tables.reports).on_conflict_do_nothing().returning(tables.reports.c.id)


class Repository(tray.Repository, DevelopmentStore, MeetingStore, DuesStore, BondStore):
    items = tables.items

    # -- the tree --------------------------------------------------------------------------------------

    def add_organisations(self, organisations: Iterable[Organisation]) -> None:
        self._add(tables.organisations, organisations)

    def find_organisation(self, level: str, place: str) -> Organisation | None:
        at = tables.organisations.c
        row = self.connection.execute(
            select(tables.organisations).where(at.level == level, at.place == place)
        ).first()
        return Organisation(**row._mapping) if row else None

    def grid_branch(self, place: str) -> Organisation:
        found = self.find_organisation("grid-branch", place)
        if found is None:
            raise NoGridBranch(place=place)
        return found

    def unit_branch(self, unit: str) -> Organisation | None:
        """Its own, or the one it shares with other small units."""
        at, shared = tables.organisations.c, tables.joint_units.c
        row = self.connection.execute(
            select(tables.organisations)
            .where(or_(at.unit == unit, at.code.in_(select(shared.branch).where(shared.unit == unit))))
            .order_by(at.unit.is_(None))
        ).first()
        return Organisation(**row._mapping) if row else None

    # -- units -----------------------------------------------------------------------------------------

    def add_unit(self, unit: Unit) -> bool:
        return bool(self._add(tables.units, [unit]))

    def unit(self, code: str) -> Unit:
        """Locked: who changes a unit's roll counts its members before anybody else changes it."""
        row = self.connection.execute(
            select(tables.units).where(tables.units.c.code == code).with_for_update()
        ).first()
        if row is None:
            raise UnknownUnit(unit=code)
        return Unit(**row._mapping)

    def unit_of_member(self, member_id: str) -> Unit | None:
        """Locked, and before the member: everybody locks a unit first, so that no two ever wait for each other."""
        found = self.connection.execute(
            select(tables.members.c.unit).where(tables.members.c.id == member_id)
        ).first()
        if found is None:
            raise UnknownMember(member_id=member_id)
        return self.unit(found.unit) if found.unit else None

    def unit_of_duty(self, duty_id: str) -> Unit:
        """Locked, before the duty."""
        found = self.connection.execute(
            select(tables.duties.c.unit).where(tables.duties.c.id == duty_id)
        ).first()
        if found is None:
            raise UnknownDuty(duty_id=duty_id)
        return self.unit(found.unit)

    def count_members(self, unit: str) -> int:
        at = tables.members.c
        counted = select(func.count()).where(at.unit == unit, at.stage == COUNTED, at.left_at.is_(None))
        return int(self.connection.execute(counted).scalar_one())

    # -- members ---------------------------------------------------------------------------------------

    def member(self, member_id: str) -> Member:
        row = self.connection.execute(
            select(tables.members).where(tables.members.c.id == member_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownMember(member_id=member_id)
        return Member(**row._mapping)

    def member_for(self, person: Person, stage: str, place: str, at: datetime) -> tuple[Member, bool]:
        """The one row of this person, made when there was none and locked: (member, newly made)."""
        fresh = Member.new(person, stage, place, at)
        found = Member(**self.connection.execute(_MEMBER, vars(fresh)).one()._mapping)
        return found, found.id == fresh.id

    def add_members(self, members: Iterable[Member]) -> int:
        return len(self._add(tables.members, members))

    def on_roll(self, ids: Sequence[str]) -> set[str]:
        at = tables.members.c
        return set(self.connection.execute(select(at.id).where(at.id.in_(ids))).scalars())

    def save_member(self, member: Member) -> None:
        self._save(tables.members, member)

    def gather(self, unit: str, branch: str) -> None:
        """All members of a unit into its own branch."""
        at = tables.members.c
        self.connection.execute(
            update(tables.members).where(at.unit == unit, at.left_at.is_(None)).values(branch=branch)
        )

    # -- transfers and reports -------------------------------------------------------------------------

    def add_transfer(self, transfer: Transfer) -> None:
        self._add(tables.transfers, [transfer])

    def save_transfer(self, transfer: Transfer) -> None:
        self._save(tables.transfers, transfer)

    def transfers_of(self, case_no: str) -> list[Transfer]:
        rows = self.connection.execute(
            select(tables.transfers).where(tables.transfers.c.case_no == case_no).with_for_update()
        )
        return [Transfer(**row._mapping) for row in rows]

    def report(self, member: str, place: str, at: datetime, **facts: Any) -> bool:
        """False when he has reported there already."""
        row = {"id": new_id(), "member": member, "place": place, "at": at, **facts}
        return self.connection.execute(_REPORT, row).first() is not None

    def withdraw_reports(self, case_no: str, at: datetime) -> int:
        held = tables.reports.c
        return self.connection.execute(
            update(tables.reports)
            .where(held.case_no == case_no, held.withdrawn_at.is_(None))
            .values(withdrawn_at=at)
        ).rowcount

    # -- duties ----------------------------------------------------------------------------------------

    def duty(self, duty_id: str) -> Duty:
        row = self.connection.execute(
            select(tables.duties).where(tables.duties.c.id == duty_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownDuty(duty_id=duty_id)
        return Duty(**row._mapping)

    def standing_duties(self, unit: str) -> list[Duty]:
        at = tables.duties.c
        rows = self.connection.execute(
            select(tables.duties).where(at.unit == unit, at.state != "lifted").with_for_update()
        )
        return [Duty(**row._mapping) for row in rows]

    def add_duties(self, duties: Iterable[Duty]) -> None:
        self._add(tables.duties, duties)

    def save_duty(self, duty: Duty) -> None:
        self._save(tables.duties, duty)

    # -- what the volunteers' office says --------------------------------------------------------------

    def note_volunteer(self, number: str, case_no: str, position: int) -> None:
        self.connection.execute(
            insert(tables.volunteers)
            .values(number=number, case_no=case_no, position=position)
            .on_conflict_do_nothing()
        )

    def note_service(
        self, dispatch_id: str, volunteer: str, hours: Decimal, case_no: str, at: datetime
    ) -> None:
        """A later figure replaces an earlier one, and never the other way round."""
        statement = insert(tables.services).values(
            dispatch_id=dispatch_id, volunteer=volunteer, hours=hours, case_no=case_no, at=at
        )
        new = statement.excluded
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[tables.services.c.dispatch_id],
                set_={"hours": new.hours, "at": new.at},
                where=tables.services.c.at < new.at,
            )
        )

    # -- rows ------------------------------------------------------------------------------------------

    def _add(self, table: Any, things: Iterable[Any]) -> list[Any]:
        """The keys of those that were new."""
        rows = [vars(thing) for thing in things]
        if not rows:
            return []
        key = table.primary_key.columns[0]
        return list(self.connection.execute(insert(table).on_conflict_do_nothing().returning(key), rows))

    def _save(self, table: Any, thing: Any) -> None:
        update_rows(self.connection, table, table.primary_key.columns[0].name, [vars(thing)])
