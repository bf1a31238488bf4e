"""Loads and stores cases. A case is loaded once in a unit of work and written once, when the unit ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ARRAY, Connection, String, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows, update_rows
from services.frontdesk.approvals.repository import ApprovalRepository
from services.frontdesk.care.repository import CareRepository, person_of
from services.frontdesk.certificates.repository import CertificateRepository
from services.frontdesk.intake.repository import Intake
from services.frontdesk.model import Case, UnknownCase
from services.frontdesk.tables import case_numbers, cases, findings, history, materials


class Repository(ApprovalRepository, CertificateRepository, Intake, CareRepository):
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, Case] = {}
        self._read: dict[str, Any] = {}  # rows not yet made into cases: one that cannot be fails alone
        self._new: set[str] = set()
        self._troubled: set[str] = set()

    def next_number(self) -> int:
        return int(self.connection.execute(case_numbers.next_value()).scalar_one())

    def add(self, case: Case) -> None:
        self._known[case.no] = case
        self._new.add(case.no)

    def case(self, no: str) -> Case:
        """The case, locked until the unit of work ends. Raises UnknownCase."""
        if no not in self._known:
            if no not in self._read:
                self._load({no})
            if no not in self._read:
                raise UnknownCase(case_no=no)
            self._known[no] = msgspec.convert(self._read[no], Case)
            del self._read[no]
        return self._known[no]

    def cases(self, numbers: Iterable[str]) -> list[Case]:
        """In the order given, locked in one statement."""
        wanted = list(numbers)
        self._load(set(wanted))
        return [self.case(no) for no in wanted]

    def expect(self, messages: Iterable[Any]) -> None:
        """Loads the cases a batch of the offices' answers is about."""
        self._load({message.task_id.split(".")[0] for message in messages if hasattr(message, "task_id")})

    def _load(self, numbers: set[str]) -> None:
        wanted = sorted(numbers - self._known.keys() - self._read.keys())
        if not wanted:
            return
        # In the order of the key, so that two units of work with common cases cannot wait for each other in a circle.
        mine = cases.c.no == func.any(bindparam("wanted", wanted, ARRAY(String)))
        found = self.connection.execute(
            select(cases.c.no, cases.c.body).where(mine).order_by(cases.c.no).with_for_update()
        )
        self._read.update((row.no, row.body) for row in found)

    def due_cases(self, now: datetime, limit: int) -> list[str]:
        """Numbers of cases with a deadline that has come, read and locked, skipping those another replica holds."""
        rows = self.connection.execute(
            select(cases.c.no, cases.c.body, cases.c.trouble)
            .where(cases.c.next_deadline_at <= now)
            .order_by(cases.c.next_deadline_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        due = {row.no: row for row in rows}
        self._read.update((no, row.body) for no, row in due.items())
        self._troubled = {no for no, row in due.items() if row.trouble is not None}
        return list(due)

    def was_in_trouble(self, no: str) -> bool:
        """Whether its deadlines had failed at the last look."""
        return no in self._troubled

    def forget_all(self) -> None:
        """What was done to cases and not written is taken back; they are read again when they are asked for."""
        self._known.clear()
        self._read.clear()
        self._new.clear()

    def set_aside(self, no: str, until: datetime, reason: str) -> None:
        """Nothing of what was done to the case counts; its deadlines are looked at again later."""
        self._known.pop(no, None)
        self._read.pop(no, None)
        self._look_again(no, until, trouble=reason)

    def look_again(self, case: Case, at: datetime | None) -> None:
        """The stored deadline was out of date (the calendar has changed since); nothing else has."""
        self._look_again(case.no, at, trouble=None)

    def _look_again(self, no: str, at: datetime | None, trouble: str | None) -> None:
        mine = update(cases).where(cases.c.no == no)
        self.connection.execute(mine.values(next_deadline_at=at, trouble=trouble))

    def has_cases_by(self, account: str, community: str, first: date, end: date) -> bool:
        """Of those filed by an account in a community from a day until before another."""
        mine = cases.c.body["filed_by"].astext == account
        here = cases.c.place.startswith(community) & cases.c.filed_at.between(first, end)
        return self.connection.execute(select(cases.c.no).where(here, mine).limit(1)).first() is not None

    def finding(self, finding_id: str) -> Any:
        """The row of a finding that was heard of; its `case_no` is None when it was taken back before it was raised."""
        return self.connection.execute(select(findings).where(findings.c.finding_id == finding_id)).first()

    def note_finding(self, finding_id: str, case_no: str | None) -> None:
        """Two at once meet on the key: the second fails, is tried again, and then knows."""
        self.connection.execute(insert(findings).values(finding_id=finding_id, case_no=case_no))

    def add_material(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(materials).values(**row).on_conflict_do_nothing())

    def uploads(self, digests: set[str]) -> dict[str, str]:
        """Of these hashes, those of what was uploaded, with its media type."""
        if not digests:
            return {}
        rows = self.connection.execute(
            select(materials.c.sha256, materials.c.media_type).where(materials.c.sha256.in_(digests))
        )
        return {row.sha256: row.media_type for row in rows}

    def write_changed(self, deadlines: Any, call_owed: Any) -> list[Case]:
        """Writes the cases that have new lines, and the lines: a statement each, however many. Returns the cases.

        `deadlines(case)` gives the case's deadlines, from which the next one is stored for the timer; `call_owed(case)`
        the call its applicant is owed.
        """
        changed = [case for case in self._known.values() if case.lines or case.no in self._new]
        new = [_row(case, deadlines(case), call_owed(case)) for case in changed if case.no in self._new]
        old = [_row(case, deadlines(case), call_owed(case)) for case in changed if case.no not in self._new]
        insert_rows(self.connection, cases, new)
        update_rows(self.connection, cases, "no", old)
        lines = [{"case_no": case.no, **vars(line)} for case in changed for line in case.lines]
        insert_rows(self.connection, history, lines)
        self._new.clear()
        return changed


def _row(case: Case, deadlines: Any, call: Any) -> dict[str, Any]:
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
        "company": case.company,
        "trouble": None,
        "person": person_of(case.applicant),
        "call_due_at": call.due_at if call else None,
        "sought": f"{case.no} {case.title_zh} {case.applicant.get('name', '')}",
        "body": case,
    }
