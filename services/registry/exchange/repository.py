"""Imports: the file in parts, its rows with what was found, and what of them is there already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, String, any_, cast, delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from services.registry.tables import (
    buildings,
    consents,
    households,
    import_parts,
    import_rows,
    imports,
    proposals,
    residents,
)

_ROWS = text(
    "INSERT INTO import_rows (import_id, line, outcome, told, faults, proposals, resident_id)"
    " SELECT :import_id, row.line, row.outcome, row.told, row.faults, row.proposals, row.resident_id"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(line int, outcome text, told jsonb, faults jsonb,"
    " proposals jsonb, resident_id text)"
)
TOGETHER = 5000


def _any(values: list[str]) -> Any:
    return any_(cast(values, postgresql.ARRAY(String)))


class ExchangeRepository:
    connection: Connection

    def add_import(self, **row: Any) -> None:
        self.connection.execute(insert(imports).values(faults=[], **row))

    def import_(self, import_id: str, lock: bool = False) -> Row[Any] | None:
        statement = select(imports).where(imports.c.import_id == import_id)
        return self.connection.execute(statement.with_for_update() if lock else statement).first()

    def next_import(self) -> Row[Any] | None:
        """The one that has waited longest; another replica's is passed over."""
        statement = (
            select(imports).where(imports.c.state.in_(("checking", "applying"))).order_by(imports.c.at)
        )
        return self.connection.execute(statement.limit(1).with_for_update(skip_locked=True)).first()

    def save_import(self, import_id: str, **values: Any) -> None:
        self.connection.execute(update(imports).where(imports.c.import_id == import_id).values(**values))

    def add_import_part(self, import_id: str, number: int, content: bytes) -> int:
        """The bytes that have arrived so far; a part sent again takes the place of the first."""
        statement = postgresql.insert(import_parts).values(
            import_id=import_id, number=number, content=content
        )
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[import_parts.c.import_id, import_parts.c.number], set_={"content": content}
            )
        )
        arrived = select(func.sum(func.length(import_parts.c.content))).where(
            import_parts.c.import_id == import_id
        )
        return int(self.connection.execute(arrived).scalar_one())

    def file_of(self, import_id: str) -> bytes:
        parts = select(import_parts.c.content).where(import_parts.c.import_id == import_id)
        return b"".join(self.connection.execute(parts.order_by(import_parts.c.number)).scalars())

    def put_rows(self, import_id: str, rows: Sequence[dict[str, Any]]) -> None:
        self.connection.execute(delete(import_rows).where(import_rows.c.import_id == import_id))
        for start in range(0, len(rows), TOGETHER):
            portion = msgspec.json.encode(rows[start : start + TOGETHER]).decode()
            self.connection.execute(_ROWS, {"import_id": import_id, "rows": portion})

    def sound_rows(self, import_id: str, after: int, limit: int | None) -> Sequence[Row[Any]]:
        statement = (
            select(import_rows)
            .where(
                import_rows.c.import_id == import_id,
                import_rows.c.line > after,
                import_rows.c.outcome.not_in(("faulty", "same")),
            )
            .order_by(import_rows.c.line)
        )
        return self.connection.execute(statement.limit(limit) if limit else statement).all()

    def fault_row(self, import_id: str, line: int, faults: list[dict[str, str]]) -> None:
        self.connection.execute(
            update(import_rows)
            .where(import_rows.c.import_id == import_id, import_rows.c.line == line)
            .values(outcome="faulty", faults=faults)
        )

    def forget_file(self, import_id: str) -> None:
        """The report keeps lines and faults; what they held is gone."""
        self.connection.execute(delete(import_parts).where(import_parts.c.import_id == import_id))
        self.connection.execute(
            update(import_rows).where(import_rows.c.import_id == import_id).values(told={}, proposals=[])
        )

    def old_imports(self, before: datetime) -> Sequence[Row[Any]]:
        statement = select(imports).where(
            imports.c.at < before, imports.c.state.in_(("receiving", "checked", "failed"))
        )
        return self.connection.execute(statement.with_for_update(skip_locked=True)).all()

    # -- what is there already --

    def known_buildings(self, place: str) -> dict[str, Row[Any]]:
        statement = select(buildings).where(buildings.c.grid.startswith(place, autoescape=True))
        return {row.code: row for row in self.connection.execute(statement)}

    def known_homes(self, place: str) -> dict[str, Row[Any]]:
        statement = select(households).where(households.c.place.startswith(place, autoescape=True))
        return {row.household: row for row in self.connection.execute(statement)}

    def by_numbers(self, numbers: Iterable[str]) -> dict[str, Row[Any]]:
        wanted = sorted(set(numbers))
        found: dict[str, Row[Any]] = {}
        for start in range(0, len(wanted), TOGETHER):
            statement = select(residents).where(
                residents.c.id_number == _any(wanted[start : start + TOGETHER])
            )
            found |= {row.id_number: row for row in self.connection.execute(statement)}
        return found

    def living_together(self, homes: Iterable[str]) -> Sequence[Row[Any]]:
        """Everybody who lives in these homes."""
        wanted = sorted(set(homes))
        found: list[Row[Any]] = []
        for start in range(0, len(wanted), TOGETHER):
            statement = select(residents).where(
                residents.c.household == _any(wanted[start : start + TOGETHER]),
                residents.c.move_out_date.is_(None),
            )
            found += self.connection.execute(statement.order_by(residents.c.resident_id)).all()
        return found

    def who_spoke(self, homes: Iterable[str], purpose: str) -> set[str]:
        """Residents of these homes who ever gave or refused consent to this."""
        statement = (
            select(consents.c.resident_id)
            .join(residents, residents.c.resident_id == consents.c.resident_id)
            .where(consents.c.purpose == purpose, residents.c.household == _any(sorted(set(homes))))
        )
        return set(self.connection.execute(statement).scalars())

    def homes_called(self, codes: Iterable[str]) -> Sequence[Row[Any]]:
        statement = select(households).where(households.c.household == _any(sorted(set(codes))))
        return self.connection.execute(statement).all()

    # -- storing many, and leaving alone what somebody stored meanwhile --

    def insert_buildings(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        return self._insert(buildings, buildings.c.code, rows)

    def insert_households(self, rows: Sequence[dict[str, Any]]) -> set[str]:
        return self._insert(households, households.c.household, rows)

    def insert_residents(self, people: Iterable[Any], now: datetime) -> set[str]:
        return self._insert(
            residents, residents.c.resident_id, [asdict(one) | {"changed_at": now} for one in people]
        )

    def _insert(self, table: Any, key: Any, rows: Sequence[dict[str, Any]]) -> set[str]:
        if not rows:
            return set()
        statement = postgresql.insert(table).on_conflict_do_nothing().returning(key)
        return set(self.connection.execute(statement, rows).scalars())

    # -- files out --

    def export(self, kind: str, place: str, after: str | None, limit: int) -> Sequence[Row[Any]]:
        if kind == "buildings":
            key, area = buildings.c.code, buildings.c.grid
            statement = select(buildings, key.label("key"))
        elif kind == "households":
            key, area = households.c.household, households.c.place
            statement = select(households, key.label("key"))
        else:
            key, area = residents.c.resident_id, households.c.place
            statement = (
                select(residents, key.label("key"))
                .join(households)
                .where(residents.c.move_out_date.is_(None))
            )
        statement = statement.where(area.startswith(place, autoescape=True)).order_by(key).limit(limit)
        return self.connection.execute(statement.where(key > after) if after else statement).all()

    # -- proposals --

    def add_proposal(self, **row: Any) -> None:
        self.connection.execute(insert(proposals).values(state="open", **row))

    def proposal(self, proposal_id: str) -> Row[Any] | None:
        statement = select(proposals).where(proposals.c.proposal_id == proposal_id).with_for_update()
        return self.connection.execute(statement).first()

    def decide_proposal(self, proposal_id: str, **values: Any) -> None:
        self.connection.execute(
            update(proposals).where(proposals.c.proposal_id == proposal_id).values(**values)
        )
