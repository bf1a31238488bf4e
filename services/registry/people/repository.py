"""Writes the history last of all in a transaction, so that its numbers are in the order of the commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from services.chassis.identifiers import new_id
from services.registry.tables import changes, former_values, rechecks, residents

COLUMNS = (
    "change_id", "at", "effective_on", "kind", "place", "building", "household", "resident_id", "lives_in", "relation", "fields",
    "reason", "evidence", "who", "case_no", "corrects",
)  # fmt: skip

_APPEND = text(
    "INSERT INTO changes (no, change_id, at, effective_on, kind, place, building, household, resident_id, lives_in, relation,"
    " fields, reason, evidence, who, case_no, corrects)"
    " SELECT :last + row.no, row.change_id, row.at, row.effective_on, row.kind, row.place, row.building, row.household,"
    " row.resident_id, row.lives_in, row.relation, row.fields, row.reason, row.evidence, row.who, row.case_no,"
    " row.corrects"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(no bigint, change_id text, at timestamptz,"
    " effective_on date, kind text, place text, building text, household text, resident_id text, lives_in text, relation text,"
    " fields text[], reason text, evidence jsonb, who text, case_no text, corrects text)"
)
"""Many lines, one statement: an import writes tens of thousands."""


class PeopleRepository:
    connection: Connection

    # -- the history --

    def note_change(
        self,
        kind: str,
        *,
        at: datetime,
        on: date,
        place: str,
        who: str,
        building: str | None = None,
        household: str | None = None,
        resident_id: str | None = None,
        lives_in: str | None = None,
        relation: str | None = None,
        fields: Sequence[str] = (),
        reason: str | None = None,
        evidence: Sequence[dict[str, Any]] = (),
        case_no: str | None = None,
        corrects: str | None = None,
        before: dict[str, Any] | None = None,
    ) -> str:
        """A line, numbered when the transaction ends. `before`: personal values it replaces."""
        change_id = new_id()
        self._noted.append(
            {
                "change_id": change_id, "at": at, "effective_on": on, "kind": kind, "place": place,
                "building": building, "household": household, "resident_id": resident_id, "lives_in": lives_in, "relation": relation,
                "fields": sorted(fields), "reason": reason, "evidence": list(evidence), "who": who,
                "case_no": case_no, "corrects": corrects, "before": before,
            }
        )  # fmt: skip
        return change_id

    def forget_lines(self) -> None:
        """What they were about was taken back within the transaction."""
        self._noted.clear()

    @property
    def _noted(self) -> list[dict[str, Any]]:
        return self.__dict__.setdefault("_noted_lines", [])

    def write_changes(self) -> None:
        """One writer at a time from here to the commit: a number is never visible before a smaller one.

        With an ordinary sequence a slow transaction would commit its smaller number after a reader had gone past it.
        The lock is taken last, when there is nothing left to wait for, so it is held as long as a commit takes.
        """
        if not self._noted:
            return
        self.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('registry changes'))"))
        last = self.connection.execute(select(func.coalesce(func.max(changes.c.no), 0))).scalar_one()
        rows = [
            {name: line[name] for name in COLUMNS} | {"no": place}
            for place, line in enumerate(self._noted, 1)
        ]
        self.connection.execute(_APPEND, {"last": last, "rows": _json(rows)})
        kept = [
            {"change_id": line["change_id"], "resident_id": line["resident_id"], "before": line["before"]}
            for line in self._noted
            if line["before"]
        ]
        if kept:
            self.connection.execute(insert(former_values), kept)
        self._noted.clear()

    def lock_resident(self, resident_id: str) -> None:
        """Two who write about the same person do it one after the other."""
        statement = select(residents.c.resident_id).where(residents.c.resident_id == resident_id)
        self.connection.execute(statement.with_for_update())

    def change(self, change_id: str) -> Row[Any] | None:
        return self.connection.execute(select(changes).where(changes.c.change_id == change_id)).first()

    def corrected_by(self, change_id: str) -> str | None:
        return self.connection.execute(
            select(changes.c.change_id).where(changes.c.corrects == change_id)
        ).scalar()

    def lines_of(self, residents: Iterable[str]) -> dict[str, list[Any]]:
        """Everything written about these residents."""
        wanted = list(residents)
        found: dict[str, list[Any]] = defaultdict(list)
        if wanted:
            statement = select(changes).where(changes.c.resident_id.in_(wanted)).order_by(changes.c.no)
            for row in self.connection.execute(statement):
                found[row.resident_id].append(row)
        return found

    def ever_lived_in(self, household: str) -> list[str]:
        statement = select(changes.c.resident_id).where(changes.c.lives_in == household).distinct()
        return [one for one in self.connection.execute(statement).scalars() if one]

    def residents(self, ids: Iterable[str]) -> Sequence[Row[Any]]:
        return self.connection.execute(select(residents).where(residents.c.resident_id.in_(list(ids)))).all()

    def forget_former_values(self, resident_id: str) -> int:
        statement = delete(former_values).where(former_values.c.resident_id == resident_id)
        return self.connection.execute(statement).rowcount

    # -- what has to be looked at again --

    def add_recheck(self, **row: Any) -> None:
        self.connection.execute(insert(rechecks).values(state="open", **row))

    def rechecks_of_change(self, change_id: str) -> Sequence[Row[Any]]:
        statement = select(rechecks).where(rechecks.c.change_id == change_id, rechecks.c.state == "open")
        return self.connection.execute(statement.with_for_update()).all()

    def end_recheck(self, finding_id: str, state: str, at: datetime, case_no: str | None = None) -> None:
        self.connection.execute(
            update(rechecks)
            .where(rechecks.c.finding_id == finding_id, rechecks.c.state == "open")
            .values(state=state, closed_at=at, case_no=case_no)
        )


def _json(rows: Any) -> str:
    return msgspec.json.encode(rows).decode()
