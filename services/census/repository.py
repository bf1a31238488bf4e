"""Loads and stores what the census speaks of. Whatever is loaded to be changed is locked: census, then household."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONPATH, insert

from services.census import tables
from services.census.model import Census
from services.chassis.identifiers import new_id

Values = Mapping[str, Any]


class Repository:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    # -- censuses and blocks -----------------------------------------------------------------------------

    def add_census(self, census: Census) -> bool:
        statement = insert(tables.censuses).values(**asdict(census)).on_conflict_do_nothing()
        return self.connection.execute(statement.returning(tables.censuses.c.id)).first() is not None

    def census(self, census_id: str, lock: bool = True) -> Census | None:
        """Shared by those who write in its blocks; whoever moves it waits for them and they for him."""
        wanted = select(tables.censuses).where(tables.censuses.c.id == census_id)
        row = self.connection.execute(wanted.with_for_update() if lock else wanted).first()
        return Census(**row._mapping) if row else None

    def census_for_work(self, census_id: str) -> Census | None:
        """Its state stays as it is until this transaction ends; others may work beside it."""
        wanted = select(tables.censuses).where(tables.censuses.c.id == census_id)
        row = self.connection.execute(wanted.with_for_update(read=True)).first()
        return Census(**row._mapping) if row else None

    def save_census(self, census: Census) -> None:
        values = {**asdict(census)}
        self.connection.execute(
            update(tables.censuses).where(tables.censuses.c.id == values.pop("id")).values(**values)
        )

    def due_for_erasure(self, at: datetime) -> Census | None:
        """One that no other replica is at."""
        own = tables.censuses.c
        row = self.connection.execute(
            select(tables.censuses)
            .where(own.erase_at <= at, own.erased_at.is_(None))
            .order_by(own.erase_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        return Census(**row._mapping) if row else None

    def forget_blocks(self, census_id: str) -> None:
        self.connection.execute(
            update(tables.buildings).where(tables.buildings.c.census_id == census_id).values(block=None)
        )
        self.connection.execute(delete(tables.blocks).where(tables.blocks.c.census_id == census_id))

    def put_buildings(self, census_id: str, rows: Sequence[Values]) -> None:
        """Instead of those before."""
        self.connection.execute(delete(tables.buildings).where(tables.buildings.c.census_id == census_id))
        if rows:
            self.connection.execute(
                insert(tables.buildings), [{**row, "census_id": census_id} for row in rows]
            )

    def buildings(self, census_id: str) -> list[Row[Any]]:
        own = tables.buildings.c
        return list(
            self.connection.execute(
                select(tables.buildings).where(own.census_id == census_id).order_by(own.building)
            )
        )

    def put_blocks(self, census_id: str, blocks: Iterable[tuple[Values, Sequence[str]]]) -> None:
        blocks = list(blocks)
        self.connection.execute(insert(tables.blocks), [{**row, "census_id": census_id} for row, _ in blocks])
        own = tables.buildings.c
        self.connection.execute(
            update(tables.buildings)
            .where(own.census_id == census_id, own.building == bindparam("which"))
            .values(block=bindparam("into")),
            [{"which": building, "into": row["number"]} for row, members in blocks for building in members],
        )

    def block(self, census_id: str, number: int) -> Row[Any] | None:
        own = tables.blocks.c
        wanted = select(tables.blocks).where(own.census_id == census_id, own.number == number)
        return self.connection.execute(wanted.with_for_update()).first()

    def assign_block(self, census_id: str, number: int, enumerator: str) -> None:
        own = tables.blocks.c
        self.connection.execute(
            update(tables.blocks)
            .where(own.census_id == census_id, own.number == number)
            .values(enumerator=enumerator)
        )

    def unassigned(self, census_id: str) -> int:
        own = tables.blocks.c
        return self._count(tables.blocks, own.census_id == census_id, own.enumerator.is_(None))

    def empty_blocks(self, census_id: str) -> int:
        own = tables.blocks.c
        return self._count(tables.blocks, own.census_id == census_id, own.households == 0, own.persons > 0)

    def listed(self, census_id: str) -> int:
        return self._count(tables.households, tables.households.c.census_id == census_id)

    def _count(self, table: Any, *clauses: Any) -> int:
        return int(
            self.connection.execute(select(func.count()).select_from(table).where(*clauses)).scalar_one()
        )

    # -- households --------------------------------------------------------------------------------------

    def add_households(self, census_id: str, block: int, rows: Sequence[Values]) -> list[Row[Any]]:
        """With the next serials. The block is locked."""
        own = tables.blocks.c
        last = self.connection.execute(
            update(tables.blocks)
            .where(own.census_id == census_id, own.number == block)
            .values(households=own.households + len(rows))
            .returning(own.households)
        ).scalar_one()
        made = [
            {"id": new_id(), "census_id": census_id, "block": block, "state": "listed",
             "serial": last - len(rows) + place, **row}
            for place, row in enumerate(rows, 1)
        ]  # fmt: skip
        statement = insert(tables.households).on_conflict_do_nothing(constraint="uq_households_door")
        at = tables.households.c
        return list(
            self.connection.execute(statement.returning(at.id, at.serial, at.door, at.building), made)
        )

    def household(self, household_id: str, lock: bool = True) -> Row[Any] | None:
        """With the enumerator of its block."""
        at, of = tables.households.c, tables.blocks.c
        wanted = (
            select(tables.households, of.enumerator)
            .join(tables.blocks, (of.census_id == at.census_id) & (of.number == at.block))
            .where(at.id == household_id)
        )
        wanted = wanted.with_for_update(of=tables.households) if lock else wanted
        return self.connection.execute(wanted).first()

    def save_household(self, household_id: str, **values: Any) -> None:
        self.connection.execute(
            update(tables.households).where(tables.households.c.id == household_id).values(**values)
        )

    def add_visit(self, **values: Any) -> None:
        self.connection.execute(insert(tables.visits).values(id=new_id(), **values))

    def in_states_other_than(self, census_id: str, states: Sequence[str]) -> int:
        own = tables.households.c
        return self._count(tables.households, own.census_id == census_id, own.state.not_in(states))

    # -- questionnaires ----------------------------------------------------------------------------------

    def forms_of(self, household_id: str) -> dict[str, Row[Any]]:
        rows = self.connection.execute(
            select(tables.questionnaires).where(tables.questionnaires.c.household_id == household_id)
        )
        return {row.form: row for row in rows}

    def version(self, household_id: str, form: str, version: int) -> Row[Any]:
        own = tables.versions.c
        return self.connection.execute(
            select(tables.versions).where(
                own.household_id == household_id, own.form == form, own.version == version
            )
        ).one()

    def confirmed_version(self, household_id: str, form: str) -> Row[Any] | None:
        """The newest that was confirmed."""
        own = tables.versions.c
        return self.connection.execute(
            select(tables.versions)
            .where(own.household_id == household_id, own.form == form, own.confirmed_at.is_not(None))
            .order_by(own.version.desc())
            .limit(1)
        ).first()

    def put_questionnaire(self, household_id: str, form: str, **values: Any) -> None:
        statement = insert(tables.questionnaires).values(household_id=household_id, form=form, **values)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["household_id", "form"], set_=values)
        )

    def put_version(self, household_id: str, form: str, version: int, **values: Any) -> None:
        statement = insert(tables.versions).values(
            household_id=household_id, form=form, version=version, **values
        )
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["household_id", "form", "version"], set_=values)
        )

    def note_on_version(self, household_id: str, form: str, version: int, **values: Any) -> None:
        own = tables.versions.c
        self.connection.execute(
            update(tables.versions)
            .where(own.household_id == household_id, own.form == form, own.version == version)
            .values(**values)
        )

    def confirmed_forms(self, census_id: str) -> list[Row[Any]]:
        own, of = tables.questionnaires.c, tables.households.c
        return list(
            self.connection.execute(
                select(own.household_id, own.form, own.version)
                .join(tables.households, of.id == own.household_id)
                .where(of.census_id == census_id, own.state == "confirmed")
                .order_by(own.household_id, own.form)
            )
        )

    # -- the second keying -------------------------------------------------------------------------------

    def add_keyings(self, rows: Sequence[Values]) -> None:
        if rows:
            self.connection.execute(insert(tables.keyings).on_conflict_do_nothing(), list(rows))

    def keying(self, keying_id: str) -> Row[Any] | None:
        return self.connection.execute(
            select(tables.keyings).where(tables.keyings.c.id == keying_id).with_for_update()
        ).first()

    def save_keying(self, keying_id: str, **values: Any) -> None:
        self.connection.execute(
            update(tables.keyings).where(tables.keyings.c.id == keying_id).values(**values)
        )

    def add_differences(self, rows: Sequence[Values]) -> None:
        if rows:
            self.connection.execute(insert(tables.differences), list(rows))

    def difference(self, keying_id: str, path: str) -> Row[Any] | None:
        own = tables.differences.c
        return self.connection.execute(
            select(tables.differences).where(own.keying_id == keying_id, own.path == path)
        ).first()

    def differences(self, keying_id: str) -> list[Row[Any]]:
        return list(
            self.connection.execute(
                select(tables.differences).where(tables.differences.c.keying_id == keying_id)
            )
        )

    def settle_difference(self, keying_id: str, path: str, **values: Any) -> int:
        """How many of the keying are still open."""
        own = tables.differences.c
        self.connection.execute(
            update(tables.differences).where(own.keying_id == keying_id, own.path == path).values(**values)
        )
        return self._count(tables.differences, own.keying_id == keying_id, own.verdict.is_(None))

    def open_keyings(self, census_id: str) -> int:
        own = tables.keyings.c
        return self._count(tables.keyings, own.census_id == census_id, own.state != "settled")

    # -- the end -----------------------------------------------------------------------------------------

    def erase(self, census_id: str) -> dict[str, int]:
        """Names, ID numbers and everything that was written freely; how many rows of each table held some."""
        mine = select(tables.households.c.id).where(tables.households.c.census_id == census_id)
        own_keyings = select(tables.keyings.c.id).where(tables.keyings.c.census_id == census_id)
        at, by, diff, seen = tables.versions.c, tables.keyings.c, tables.differences.c, tables.visits.c
        steps = {
            "versions": update(tables.versions)
            .where(
                at.household_id.in_(mine),
                at.identifying.is_not(None) | at.explanations.is_not(None) | at.reason.is_not(None),
            )
            .values(identifying=None, explanations=None, reason=None),
            "keyings": update(tables.keyings)
            .where(by.census_id == census_id, by.identifying.is_not(None))
            .values(identifying=None),
            "differences": update(tables.differences)
            .where(
                diff.keying_id.in_(own_keyings),
                diff.identifying,
                diff.first.is_not(None) | diff.second.is_not(None) | diff.value.is_not(None),
            )
            .values(first=None, second=None, value=None),
            "visits": update(tables.visits)
            .where(seen.household_id.in_(mine), seen.note.is_not(None))
            .values(note=None),
        }
        return {name: self.connection.execute(step).rowcount for name, step in steps.items()}

    def left_to_erase(self, census_id: str, codes: Iterable[str]) -> int:
        """Rows that still hold a name or a number, wherever it may have got to."""
        mine = select(tables.households.c.id).where(tables.households.c.census_id == census_id)
        at, by = tables.versions.c, tables.keyings.c
        where = " || ".join(f'exists(@."{code}")' for code in codes)
        path = literal(f"$.persons[*] ? ({where})")

        def holds(answers: Any, identifying: Any) -> Any:
            return identifying.is_not(None) | func.jsonb_path_exists(answers, cast(path, JSONPATH))

        return self._count(
            tables.versions, at.household_id.in_(mine), holds(at.answers, at.identifying)
        ) + self._count(tables.keyings, by.census_id == census_id, holds(by.answers, by.identifying))

    def add_certificate(self, **values: Any) -> None:
        self.connection.execute(insert(tables.certificates).values(**values))

    def confirmed_answers(self, census_id: str, form: str) -> list[Row[Any]]:
        """The answers of every confirmed questionnaire of a form, without names."""
        own, of, at = tables.questionnaires.c, tables.households.c, tables.versions.c
        return list(
            self.connection.execute(
                select(own.household_id, at.answers)
                .join(tables.households, of.id == own.household_id)
                .join(
                    tables.versions,
                    (at.household_id == own.household_id)
                    & (at.form == own.form)
                    & (at.version == own.version),
                )
                .where(of.census_id == census_id, own.form == form, own.state == "confirmed")
            )
        )

    def household_states(self, census_id: str) -> dict[str, int]:
        own = tables.households.c
        rows = self.connection.execute(
            select(own.state, func.count().label("households"))
            .where(own.census_id == census_id)
            .group_by(own.state)
        )
        return {row.state: row.households for row in rows}

    def add_publication(self, census_id: str, at: datetime, content: Values) -> None:
        self.connection.execute(
            insert(tables.publications).values(census_id=census_id, at=at, content=content)
        )

    # -- the demonstration -------------------------------------------------------------------------------

    def set_households(self, census_id: str, block: int, count: int) -> None:
        own = tables.blocks.c
        self.connection.execute(
            update(tables.blocks)
            .where(own.census_id == census_id, own.number == block)
            .values(households=count)
        )

    def put_many(self, table: str, rows: Sequence[Values]) -> None:
        if rows:
            self.connection.execute(insert(tables.metadata.tables[table]), list(rows))
