"""Loads and stores cases. A case is loaded once in a unit of work and written once, when the unit ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.frontdesk.model import Case, Line, UnknownCase
from services.frontdesk.tables import case_numbers, cases, findings, materials

_load = select(cases.c.body).where(cases.c.no == bindparam("no")).with_for_update()
_save = update(cases).where(cases.c.no == bindparam("_no"))


_write_lines = text(
    "INSERT INTO history (case_no, seq, at, kind, unit, task_id, actor, detail)"
    " SELECT * FROM unnest(CAST(:case_no AS text[]), CAST(:seq AS int[]), CAST(:at AS timestamptz[]),"
    " CAST(:kind AS text[]), CAST(:unit AS text[]), CAST(:task_id AS text[]), CAST(:actor AS text[]),"
    " CAST(:detail AS jsonb[]))"
)


class Repository:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, Case] = {}
        self._new: set[str] = set()

    def next_number(self) -> int:
        return int(self.connection.execute(case_numbers.next_value()).scalar_one())

    def add(self, case: Case) -> None:
        self._known[case.no] = case
        self._new.add(case.no)

    def case(self, no: str) -> Case:
        """The case, locked until the unit of work ends. Raises UnknownCase."""
        if no not in self._known:
            body = self.connection.execute(_load, {"no": no}).scalar_one_or_none()
            if body is None:
                raise UnknownCase(case_no=no)
            self._known[no] = msgspec.convert(body, Case)
        return self._known[no]

    def due_cases(self, now: datetime, limit: int) -> list[Case]:
        """Cases with a deadline that has come, skipping those another replica holds."""
        rows = self.connection.execute(
            select(cases.c.no, cases.c.body)
            .where(cases.c.next_deadline_at <= now)
            .order_by(cases.c.next_deadline_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        for row in rows:
            self._known.setdefault(row.no, msgspec.convert(row.body, Case))
        return list(self._known.values())

    def case_of_finding(self, finding_id: str) -> str | None:
        return self.connection.execute(
            select(findings.c.case_no).where(findings.c.finding_id == finding_id)
        ).scalar_one_or_none()

    def note_finding(self, finding_id: str, case_no: str) -> None:
        self.connection.execute(insert(findings).values(finding_id=finding_id, case_no=case_no))

    def add_material(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(materials).values(**row).on_conflict_do_nothing())

    def known_materials(self, digests: set[str]) -> set[str]:
        if not digests:
            return set()
        return set(
            self.connection.execute(
                select(materials.c.sha256).where(materials.c.sha256.in_(digests))
            ).scalars()
        )

    def flush(self, deadlines: Any) -> list[Case]:
        """Writes what changed: cases one row each, all new lines in one statement. Returns the changed cases.

        `deadlines(case)` gives the case's deadlines, from which the next one is stored for the timer.
        """
        changed = [case for case in self._known.values() if case.lines or case.no in self._new]
        lines: list[tuple[str, Line]] = []
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for case in changed:
            (new if case.no in self._new else old).append(_row(case, deadlines(case)))
            lines += [(case.no, line) for line in case.lines]
        if new:
            self.connection.execute(insert(cases), new)
        if old:
            self.connection.execute(_save, [{**row, "_no": row["no"]} for row in old])
        if lines:
            self.connection.execute(_write_lines, _columns(lines))
        self._new.clear()
        return changed


def _columns(lines: list[tuple[str, Line]]) -> dict[str, list[Any]]:
    """Lines as one array a column: one statement however many."""
    named = ("seq", "at", "kind", "unit", "task_id", "actor")
    columns: dict[str, list[Any]] = {name: [getattr(line, name) for _, line in lines] for name in named}
    columns["case_no"] = [no for no, _ in lines]
    columns["detail"] = [msgspec.json.encode(line.detail).decode() for _, line in lines]
    return columns


def _row(case: Case, deadlines: Any) -> dict[str, Any]:
    return {
        "no": case.no,
        "matter": case.matter,
        "status": case.status,
        "place": case.place,
        "filed_at": case.filed_at,
        "due_at": case.due_at,
        "units": sorted({task.unit for task in case.tasks}),
        "next_deadline_at": case.next_deadline(deadlines),
        "tracking_hash": case.tracking_hash,
        "sought": f"{case.no} {case.title_zh} {case.applicant.get('name', '')}",
        "body": case,
    }
