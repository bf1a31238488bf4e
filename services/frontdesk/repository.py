"""Loads and stores cases. A case is loaded once in a unit of work and written once, when the unit ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Connection, String, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows, update_rows
from services.frontdesk.model import Case, UnknownCase
from services.frontdesk.tables import case_numbers, cases, findings, history, materials


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
            self._load({no})
        try:
            return self._known[no]
        except KeyError:
            raise UnknownCase(case_no=no) from None

    def expect(self, messages: Iterable[Any]) -> None:
        """Loads the cases a batch of the offices' answers is about."""
        self._load({message.task_id.split(".")[0] for message in messages if hasattr(message, "task_id")})

    def _load(self, numbers: set[str]) -> None:
        wanted = sorted(numbers - self._known.keys())
        if not wanted:
            return
        # In the order of the key, so that two units of work with common cases cannot wait for each other in a circle.
        mine = cases.c.no == func.any(bindparam("wanted", wanted, ARRAY(String)))
        found = self.connection.execute(
            select(cases.c.no, cases.c.body).where(mine).order_by(cases.c.no).with_for_update()
        )
        self._known.update((row.no, msgspec.convert(row.body, Case)) for row in found)

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

    def write_changed(self, deadlines: Any) -> list[Case]:
        """Writes the cases that have new lines, and the lines: a statement each, however many. Returns the cases.

        `deadlines(case)` gives the case's deadlines, from which the next one is stored for the timer.
        """
        changed = [case for case in self._known.values() if case.lines or case.no in self._new]
        new = [_row(case, deadlines(case)) for case in changed if case.no in self._new]
        old = [_row(case, deadlines(case)) for case in changed if case.no not in self._new]
        insert_rows(self.connection, cases, new)
        update_rows(self.connection, cases, "no", old)
        lines = [{"case_no": case.no, **vars(line)} for case in changed for line in case.lines]
        insert_rows(self.connection, history, lines)
        self._new.clear()
        return changed


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
