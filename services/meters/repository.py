"""Loads and stores what the model speaks of. Everything the sweep needs comes in sets: a query a chunk, not a meter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import any_, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.backoffice import tray
from services.chassis.rows import insert_rows, update_rows
from services.meters import months
from services.meters.billing.repository import BillingRepository
from services.meters.bindings import Bindings
from services.meters.judging.repository import PulseStore
from services.meters.model import Finding, Household, UnknownFinding, UnknownMeter, Watch
from services.meters.news import noted
from services.meters.tables import (
    accounts,
    findings,
    households,
    items,
    meters,
    quarantine,
    strays,
    watches,
)
from services.meters.vee.repository import VeeRepository

_FINDING = tuple(field.name for field in fields(Finding))
_CHANGING = (
    "judged_until", "evidence", "said_at", "severity", "state", "cleared_how", "cleared_at", "acknowledged_at", "acknowledged_by",
    "case_no",
)  # fmt: skip

ADOPT = text(f"""
    WITH adopted AS (
        DELETE FROM strays USING meters
        WHERE meters.meter = strays.meter AND meters.registered_at > :since AND strays.unit = meters.unit
        RETURNING strays.*
    ), attached AS (
        INSERT INTO readings (meter, register, at, seq, value, unit, quality)
        SELECT meter, register, at, seq, value, unit, quality FROM adopted
        ON CONFLICT DO NOTHING
        RETURNING meter, at
    )
    {noted("attached")}
""")  # noqa: S608 — our own names


class Repository(PulseStore, VeeRepository, BillingRepository, Bindings, tray.Repository):
    items = items

    # -- meters and accounts --

    def add_meters(self, rows: Sequence[dict[str, Any]]) -> int:
        """How many of them are new."""
        return insert_rows(self.connection, meters, rows, known_too=True)

    def meter(self, meter: str) -> Any:
        row = self.connection.execute(select(meters).where(meters.c.meter == meter).with_for_update()).first()
        if row is None:
            raise UnknownMeter(meter=meter)
        return row

    def place_meter(self, meter: str, place: str, household: str | None) -> None:
        self.connection.execute(
            update(meters).where(meters.c.meter == meter).values(place=place, household=household)
        )
        self.tell_ingest([meter])

    def water_meters(self, household: str) -> list[str]:
        found = select(meters.c.meter).where(meters.c.household == household, meters.c.kind == "water")
        return list(self.connection.scalars(found))

    def move_meters(self, household: str, place: str) -> None:
        """The registry knows better where a household is."""
        moved = 0
        for table in (meters, accounts):
            mine = (table.c.household == household) & (table.c.place != place)
            moved += self.connection.execute(update(table).where(mine).values(place=place)).rowcount
        if moved:
            self.tell_ingest()

    def add_accounts(self, rows: Sequence[dict[str, Any]]) -> None:
        insert_rows(self.connection, accounts, rows, known_too=True)

    def open_accounts(self, household: str) -> dict[str, Any]:
        """Kind -> the open account, locked."""
        mine = (accounts.c.household == household) & accounts.c.closed_at.is_(None)
        rows = self.connection.execute(select(accounts).where(mine).with_for_update())
        return {row.kind: row for row in rows}

    def close_accounts(self, readings: dict[str, Decimal], at: datetime, task: str) -> None:
        """Account -> the reading it ends with."""
        update_rows(
            self.connection,
            accounts,
            "account",
            [
                {"account": account, "closed_at": at, "closing_reading": reading, "closed_by": task}
                for account, reading in readings.items()
            ],
        )

    def take_back_accounts(self, task: str) -> tuple[list[str], list[str]]:
        """What a task opened is gone, what it closed is open again: (removed, reopened)."""
        removed = self.connection.scalars(
            delete(accounts).where(accounts.c.opened_by == task).returning(accounts.c.account)
        ).all()
        reopened = self.connection.scalars(
            update(accounts)
            .where(accounts.c.closed_by == task)
            .values(closed_at=None, closing_reading=None, closed_by=None)
            .returning(accounts.c.account)
        ).all()
        return list(removed), list(reopened)

    # -- households --

    def save_household(self, household: Household) -> bool:
        """False when something newer is known: events may come in any order."""
        row = asdict(household)
        told = insert(households).values(row)
        statement = told.on_conflict_do_update(
            index_elements=[households.c.household],
            set_={name: told.excluded[name] for name in row},
            where=households.c.changed_at <= told.excluded.changed_at,
        ).returning(households.c.household)
        return self.connection.execute(statement).first() is not None

    def household(self, household: str) -> Household | None:
        row = self.connection.execute(select(households).where(households.c.household == household)).first()
        return Household(**row._mapping) if row else None

    def forget_resident(self, household: str, resident_id: str, vacated: bool) -> list[str]:
        """What was deleted: he among those who live there, and with the last one whom to ring."""
        row = self.connection.execute(
            select(households).where(households.c.household == household).with_for_update()
        ).first()
        if row is None:
            return []
        left = [] if vacated else [one for one in row.residents if one.get("resident_id") != resident_id]
        values: dict[str, Any] = {"residents": left} if left != row.residents else {}
        if vacated and (row.contact_name or row.contact_phone):
            values |= {"contact_name": None, "contact_phone": None}
        if values:
            mine = update(households).where(households.c.household == household)
            self.connection.execute(mine.values(values))
        return sorted(values)

    def homes(self, names: Iterable[str]) -> dict[str, Household]:
        found = self.connection.execute(select(households).where(households.c.household.in_(list(names))))
        return {row.household: Household(**row._mapping) for row in found}

    def watch(self, household: str) -> Watch | None:
        row = self.connection.execute(
            select(watches).where(watches.c.household == household).with_for_update()
        ).first()
        return Watch(**row._mapping) if row else None

    def drop_watch(self, household: str) -> None:
        self.connection.execute(delete(watches).where(watches.c.household == household))

    def save_watch(self, watch: Watch) -> None:
        row = asdict(watch)
        statement = insert(watches).values(row)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=[watches.c.household], set_=row)
        )

    def end_absence(self, watch: Watch) -> None:
        """Only that: somebody may be changing the rest of the row at this moment."""
        self.connection.execute(
            update(watches)
            .where(watches.c.household == watch.household, watches.c.away_until > watch.away_until)
            .values(away_until=watch.away_until, away_ended_at=watch.away_ended_at)
        )

    # -- readings --

    def touch(self, meters: Iterable[str], since: datetime) -> None:
        self.touch_again(dict.fromkeys(meters, since))

    def adopt_strays(self, registered_since: datetime) -> None:
        self.connection.execute(ADOPT, {"since": registered_since})

    def open_months(self, now: datetime) -> None:
        months.open_ahead(self.connection.exec_driver_sql, now)

    def forget(self, strays_before: datetime, quarantine_before: datetime) -> None:
        self.connection.execute(delete(strays).where(strays.c.received_at < strays_before))
        self.connection.execute(delete(quarantine).where(quarantine.c.at < quarantine_before))

    # -- findings --

    def active_of(self, meters: Sequence[str]) -> dict[str, list[Finding]]:
        """Meter -> its active findings, locked: a case may close one of them at the same moment."""
        mine = select(findings).where(findings.c.state == "active", findings.c.meter == any_(bindparam("of")))
        found: dict[str, list[Finding]] = {}
        for row in self.connection.execute(mine.with_for_update(), {"of": list(meters)}):
            found.setdefault(row.meter, []).append(_finding(row))
        return found

    def last_findings(self, of: Sequence[str]) -> dict[tuple[str, str], Finding]:
        """(meter, kind) -> its latest finding."""
        latest = (
            select(findings)
            .ext(distinct_on(findings.c.meter, findings.c.kind))
            .where(findings.c.meter.in_(of))
            .order_by(findings.c.meter, findings.c.kind, findings.c.raised_at.desc())
        )
        return {(row.meter, row.kind): _finding(row) for row in self.connection.execute(latest)}

    def active_findings(self, household: str, kind: str) -> list[Finding]:
        mine = (
            (findings.c.household == household) & (findings.c.kind == kind) & (findings.c.state == "active")
        )
        return [
            _finding(row) for row in self.connection.execute(select(findings).where(mine).with_for_update())
        ]

    def finding(self, finding_id: str) -> Finding:
        row = self.connection.execute(
            select(findings).where(findings.c.finding_id == finding_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownFinding(finding_id=finding_id)
        return _finding(row)

    def add_finding(self, finding: Finding) -> bool:
        """False when one of the kind is active at the meter already."""
        statement = insert(findings).on_conflict_do_nothing().returning(findings.c.finding_id)
        return self.connection.execute(statement, asdict(finding)).first() is not None

    def save_finding(self, finding: Finding) -> None:
        changed: dict[str, Any] = {name: getattr(finding, name) for name in _CHANGING}
        self.connection.execute(
            update(findings).where(findings.c.finding_id == bindparam("_id")),
            {**changed, "_id": finding.finding_id},
        )


def _finding(row: Any) -> Finding:
    return Finding(**row._mapping)
