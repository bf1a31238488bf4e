"""What the desk keeps of reports, incidents, consultations, drafts and the diary."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows
from services.frontdesk.intake.tables import (
    broadcasts,
    consultations,
    diary,
    drafts,
    incidents,
    ledger_lines,
    reports,
)
from services.frontdesk.model import OPEN
from services.frontdesk.tables import cases


class Intake:
    """A part of the desk's repository."""

    connection: Connection
    _read: dict[str, Any]
    _known: dict[str, Any]
    _new: set[str]

    def forget(self, case_no: str) -> None:
        """Nothing of what was done to the case in this unit of work counts."""
        self._known.pop(case_no, None)
        self._read.pop(case_no, None)
        self._new.discard(case_no)

    # -- reports -------------------------------------------------------------------------------------

    def add_reports(self, rows: list[dict[str, Any]]) -> None:
        insert_rows(self.connection, reports, rows)

    def open_incidents(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """(kind, area) -> case, of the incidents and topics somebody still works on. Takes no lock."""
        asked = [and_(incidents.c.kind == kind, incidents.c.area == area) for kind, area in pairs]
        if not asked:
            return {}
        rows = self.connection.execute(
            select(incidents.c.kind, incidents.c.area, incidents.c.case_no)
            .join(cases, cases.c.no == incidents.c.case_no)
            .where(incidents.c.ended_at.is_(None), or_(*asked), cases.c.status.in_(OPEN))
        )
        return {(row.kind, row.area): row.case_no for row in rows}

    def waiting_areas(self, kind: str, since: datetime, threshold: int) -> list[str]:
        """Areas where enough different reporters told of one thing since then, and nobody collapsed it yet."""
        each = (
            select(reports.c.area, reports.c.reporter, func.max(reports.c.weight).label("weight"))
            .join(cases, cases.c.no == reports.c.case_no)
            .where(
                reports.c.kind == kind,
                reports.c.incident_no.is_(None),
                reports.c.at > since,
                cases.c.status.in_(OPEN),
            )
            .group_by(reports.c.area, reports.c.reporter)
            .subquery()
        )
        open_one = exists().where(
            incidents.c.kind == kind, incidents.c.area == each.c.area, incidents.c.ended_at.is_(None)
        )
        return list(
            self.connection.execute(
                select(each.c.area)
                .where(not_(open_one))
                .group_by(each.c.area)
                .having(func.sum(each.c.weight) >= threshold)
                .order_by(each.c.area)
            ).scalars()
        )

    def claim_incident(self, row: dict[str, Any]) -> bool:
        """False when another replica is opening the same one: the unique index lets one of them through."""
        claim = insert(incidents).values(**row).on_conflict_do_nothing().returning(incidents.c.case_no)
        return self.connection.execute(claim).first() is not None

    def next_to_join(self, limit: int) -> list[Any]:
        """Reports that belong to an open incident and do not follow it yet, with their cases; what is locked waits."""
        rows = self.connection.execute(
            select(
                reports.c.case_no, reports.c.kind, reports.c.joins, incidents.c.then,
                incidents.c.case_no.label("incident_no"), cases.c.body,
            )
            .join(
                incidents,
                and_(
                    incidents.c.kind == reports.c.kind,
                    incidents.c.area == reports.c.area,
                    incidents.c.ended_at.is_(None),
                ),
            )
            .join(cases, cases.c.no == reports.c.case_no)
            .where(reports.c.incident_no.is_(None), reports.c.at > incidents.c.since)
            .order_by(reports.c.kind, reports.c.at)
            .limit(limit)
            .with_for_update(of=[reports, cases], skip_locked=True)
        ).all()  # fmt: skip
        self._took(rows)
        return list(rows)

    def next_to_answer(self, limit: int) -> list[Any]:
        """Reports whose incident has ended and that were not told so yet."""
        rows = self.connection.execute(
            select(reports.c.case_no, reports.c.kind, reports.c.incident_no, cases.c.body)
            .join(incidents, incidents.c.case_no == reports.c.incident_no)
            .join(cases, cases.c.no == reports.c.case_no)
            .where(
                reports.c.incident_no.is_not(None),
                reports.c.answered_at.is_(None),
                incidents.c.ended_at.is_not(None),
                incidents.c.settled_at.is_(None),
            )
            .order_by(reports.c.case_no)
            .limit(limit)
            .with_for_update(of=[reports, cases], skip_locked=True)
        ).all()
        self._took(rows)
        return list(rows)

    def _took(self, rows: Iterable[Any]) -> None:
        self._read.update((row.case_no, row.body) for row in rows if row.case_no not in self._known)

    def set_report(self, case_no: str, kind: str, **changes: Any) -> None:
        mine = (reports.c.case_no == case_no) & (reports.c.kind == kind)
        self.connection.execute(update(reports).where(mine).values(**changes))

    def end_incidents(self, now: datetime) -> list[str]:
        """Incidents whose case has come to its end are no longer joined; returns them."""
        return list(
            self.connection.execute(
                update(incidents)
                .where(
                    incidents.c.ended_at.is_(None),
                    cases.c.no == incidents.c.case_no,
                    cases.c.status.not_in(OPEN),
                )
                .values(ended_at=now)
                .returning(incidents.c.case_no)
            ).scalars()
        )

    def settle_incidents(self, now: datetime, ended_before: datetime) -> None:
        """Done with for good: everybody is answered, and no filing that saw it open can still be under way."""
        unanswered = exists().where(
            reports.c.incident_no == incidents.c.case_no, reports.c.answered_at.is_(None)
        )
        self.connection.execute(
            update(incidents)
            .where(incidents.c.settled_at.is_(None), incidents.c.ended_at < ended_before, not_(unanswered))
            .values(settled_at=now)
        )

    def grown_incidents(self, noted_before: datetime) -> list[Any]:
        """(case, how many reports it holds) where that is more than its history says."""
        held = (
            select(func.count())
            .select_from(reports)
            .where(reports.c.incident_no == incidents.c.case_no)
            .scalar_subquery()
        )
        rows = self.connection.execute(
            select(incidents.c.case_no, incidents.c.noted, held.label("held")).where(
                incidents.c.settled_at.is_(None),
                or_(incidents.c.noted_at.is_(None), incidents.c.noted_at < noted_before),
            )
        )
        return [row for row in rows if row.held > row.noted]

    def set_incident(self, case_no: str, **changes: Any) -> None:
        self.connection.execute(update(incidents).where(incidents.c.case_no == case_no).values(**changes))

    def incident(self, case_no: str) -> Any:
        return self.connection.execute(select(incidents).where(incidents.c.case_no == case_no)).first()

    def add_broadcast(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(broadcasts).values(**row))

    def end_broadcasts(self, case_numbers: list[str], now: datetime) -> None:
        mine = broadcasts.c.case_no.in_(case_numbers) & broadcasts.c.over_at.is_(None)
        self.connection.execute(update(broadcasts).where(mine).values(over_at=now))

    # -- consultations -------------------------------------------------------------------------------

    def add_consultation(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(consultations).values(**row))

    def consultation(self, consultation_id: str) -> Any:
        mine = consultations.c.consultation_id == consultation_id
        return self.connection.execute(select(consultations).where(mine).with_for_update()).first()

    def rule_consultation(self, consultation_id: str, **ruling: Any) -> None:
        mine = consultations.c.consultation_id == consultation_id
        self.connection.execute(update(consultations).where(mine).values(**ruling))

    # -- drafts --------------------------------------------------------------------------------------

    def keep_draft(self, code: str, body: bytes, expires_at: datetime) -> None:
        row = {"code": code, "body": body, "expires_at": expires_at}
        self.connection.execute(
            insert(drafts).values(**row).on_conflict_do_update(index_elements=["code"], set_=row)
        )

    def draft(self, code: str, now: datetime) -> bytes | None:
        mine = (drafts.c.code == code) & (drafts.c.expires_at > now)
        return self.connection.execute(select(drafts.c.body).where(mine)).scalar_one_or_none()

    def drop_draft(self, code: str) -> None:
        self.connection.execute(delete(drafts).where(drafts.c.code == code))

    def drop_expired_drafts(self, now: datetime, limit: int) -> None:
        old = (
            select(drafts.c.code)
            .where(drafts.c.expires_at <= now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        self.connection.execute(delete(drafts).where(drafts.c.code.in_(old)))

    # -- diary and ledgers ---------------------------------------------------------------------------

    def add_entry(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(diary).values(**row))

    def entry(self, entry_id: str) -> Any:
        return self.connection.execute(
            select(diary).where(diary.c.entry_id == entry_id).with_for_update()
        ).first()

    def set_entry_case(self, entry_id: str, case_no: str) -> None:
        self.connection.execute(update(diary).where(diary.c.entry_id == entry_id).values(case_no=case_no))

    def add_ledger_lines(self, rows: list[dict[str, Any]]) -> None:
        insert_rows(self.connection, ledger_lines, rows)
