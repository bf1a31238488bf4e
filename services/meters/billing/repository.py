"""Where bills are kept. A run comes here a few times for a thousand accounts, never once for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.meters.billing.model import (
    LIVE,
    LOCAL,
    Bill,
    Line,
    Supply,
    UnknownAccount,
    UnknownBill,
    UnknownBillRun,
    Use,
    local_day,
)
from services.meters.tables import (
    accounts,
    bill_history,
    bill_lines,
    bill_runs,
    bills,
    changed_days,
    former_meters,
)

_BILL = tuple(each.name for each in fields(Bill) if each.name != "lines")
_NEW_BILL = tuple(name for name in _BILL if name not in ("held_for", "proposal"))
_NEW = attrgetter(*_NEW_BILL)
_LINE = tuple(each.name for each in fields(Line))
_CHANGING = ("state", "held_for", "issued_at", "proposal", "versions", "estimated", "missing")
_THE_BOOKS = 7_046_251
"""Key of the advisory lock under which bills are reckoned from the ones before them."""

_ACCOUNT = """
    SELECT a.account, a.household, a.meter, a.place, a.kind, a.tariff, a.opened_at, a.closed_at,
        last.until, last.cycle, last.position,
        EXISTS (SELECT FROM accounts b WHERE b.closed_by = a.opened_by AND b.meter = a.meter) AS taken_over,
        EXISTS (SELECT FROM accounts b WHERE b.opened_by = a.closed_by AND b.meter = a.meter) AS given_on
    FROM accounts a LEFT JOIN LATERAL (
        SELECT until, cycle, position FROM bills
        WHERE bills.account = a.account AND state NOT IN ('corrected','cancelled') AND since < :before
        ORDER BY since DESC LIMIT 1
    ) last ON true
"""
DUE = text(f"""{_ACCOUNT}
    WHERE (a.meter, a.account) > (:meter, :after) AND a.kind = :utility AND a.place LIKE :place
    ORDER BY a.meter, a.account LIMIT :limit
""")
ONE = text(f"{_ACCOUNT} WHERE a.account = :account")

USE = text("""
    SELECT wanted.no, used.* FROM json_to_recordset(:wanted)
        AS wanted (no int, meter text, register text, since date, until date)
    CROSS JOIN LATERAL (
        SELECT sum(quantity), count(*) AS days, count(*) FILTER (WHERE state = 'estimated'), sum(version), max(day)
        FROM daily WHERE daily.meter = wanted.meter AND daily.register = wanted.register
            AND day >= wanted.since AND day < wanted.until
    ) used
    WHERE used.days > 0
""")
FORMER = text("SELECT * FROM former_meters WHERE account = ANY(:of) ORDER BY since")

LEAKS = text("""
    SELECT meter, finding_id, (window_start AT TIME ZONE :zone)::date AS since FROM findings
    WHERE state = 'active' AND kind = 'leak' AND meter = ANY(:meters)
""")

# A leak holds the bills of its time: what ran away may not be the household's to pay.
TO_HOLD = text("""
    SELECT bills.bill, findings.finding_id
    FROM findings JOIN accounts USING (meter) JOIN bills USING (account)
    WHERE findings.state = 'active' AND findings.kind = 'leak' AND bills.state IN ('draft', 'issued', 'held')
        AND bills.until > (findings.window_start AT TIME ZONE :zone)::date
        AND NOT 'leak:' || finding_id = ANY (held_for)
    LIMIT :limit
""")
TO_RELEASE = text("""
    SELECT bills.bill, cause FROM bills CROSS JOIN unnest(held_for) cause
    WHERE bills.state = 'held' AND cause LIKE 'leak:%' AND NOT EXISTS (
        SELECT FROM findings WHERE finding_id = substr(cause, 6) AND state = 'active'
    )
    LIMIT :limit
""")


class Wanted(NamedTuple):
    """Days to be added up: what one register of one meter counted within one cut for one account."""

    account: int
    cut: int
    register: str
    since: date
    until: date
    supply: Supply


class BillingRepository:
    connection: Connection

    # -- runs --

    def bill_run(self, run: str) -> Any:
        return self._one(bill_runs, bill_runs.c.run == run, UnknownBillRun(run=run))

    def bill_run_of(self, place: str, utility: str, period: str) -> Any:
        mine = (
            (bill_runs.c.place == place) & (bill_runs.c.utility == utility) & (bill_runs.c.period == period)
        )
        return self.connection.execute(select(bill_runs).where(mine).with_for_update()).first()

    def add_bill_run(self, row: dict[str, Any]) -> bool:
        """False when somebody just made the same one."""
        made = upsert(bill_runs).values(row).on_conflict_do_nothing().returning(bill_runs.c.run)
        return self.connection.execute(made).first() is not None

    def save_bill_run(self, run: str, **changes: Any) -> None:
        self.connection.execute(update(bill_runs).where(bill_runs.c.run == run).values(**changes))

    def next_bill_run(self) -> Any:
        """The oldest that has something left to do and that nobody is working off."""
        waiting = bill_runs.c.state != "done"
        return self.connection.execute(
            select(bill_runs)
            .where(waiting)
            .order_by(bill_runs.c.started_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()

    def count_accounts(self, place: str, utility: str) -> int:
        mine = (accounts.c.kind == utility) & accounts.c.place.startswith(place, autoescape=True)
        return self.connection.scalar(select(func.count()).select_from(accounts).where(mine)) or 0

    def open_books(self) -> None:
        """One hand at a time reckons bills from the bills before them; until the end of the transaction."""
        self.connection.execute(select(func.pg_advisory_xact_lock(_THE_BOOKS)))

    # -- accounts and what they used --

    def due_accounts(
        self, place: str, utility: str, until: date, position: Sequence[str], limit: int
    ) -> Sequence[Any]:
        """The next accounts after a position (meter, account)."""
        meter, after = position or ("", "")
        facts = {
            "place": f"{place}%", "utility": utility, "before": until, "meter": meter, "after": after, "limit": limit,
        }  # fmt: skip
        return self.connection.execute(DUE, facts).all()

    def account_before(self, account: str, day: date) -> Any:
        """The account as it stood before the bill that begins on this day."""
        row = self.connection.execute(ONE, {"account": account, "before": day}).first()
        if row is None:
            raise UnknownAccount(account=account)
        return row

    def account_place(self, account: str) -> str:
        return str(self._one(accounts, accounts.c.account == account, UnknownAccount(account=account)).place)

    def set_tariff(self, account: str, tariff: str) -> Any:
        mine = accounts.c.account == account
        found = self._one(accounts, mine, UnknownAccount(account=account))
        self.connection.execute(update(accounts).where(mine).values(tariff=tariff))
        return found

    def follow_exchange(self, old: str, new: str, at: datetime) -> list[str]:
        """Open accounts go on with another meter; what the old one counted up to that moment stays theirs."""
        mine = (accounts.c.meter == old) & accounts.c.closed_at.is_(None)
        rows = self.connection.execute(select(accounts).where(mine).with_for_update()).all()
        for row in rows:
            before = self.former_meters([row.account]).get(row.account)
            since = before[-1][2] if before else local_day(row.opened_at)
            self.connection.execute(
                insert(former_meters).values(account=row.account, meter=old, since=since, until=local_day(at))
            )
        self.connection.execute(update(accounts).where(mine).values(meter=new))
        return [row.account for row in rows]

    def former_meters(self, of: Sequence[str]) -> dict[str, list[tuple[str, date, date]]]:
        found: dict[str, list[tuple[str, date, date]]] = {}
        for row in self.connection.execute(FORMER, {"of": list(of)}):
            found.setdefault(row.account, []).append((row.meter, row.since, row.until))
        return found

    def use(self, wanted: Sequence[Wanted]) -> dict[int, dict[int, dict[str, Use]]]:
        """Account's number -> cut's number -> register -> what it counted."""
        asked = [
            {
                "no": no,
                "meter": one.supply.meter,
                "register": one.register,
                "since": one.since,
                "until": one.until,
            }
            for no, one in enumerate(wanted)
        ]
        rows = self.connection.execute(USE, {"wanted": msgspec.json.encode(asked).decode()})
        found: dict[int, dict[int, dict[str, Use]]] = {}
        for no, quantity, *known in rows:
            one = wanted[no]
            use = Use(one.supply.part(quantity), *known)
            registers = found.setdefault(one.account, {}).setdefault(one.cut, {})
            before = registers.get(one.register)
            registers[one.register] = use if before is None else before.plus(use)
        return found

    # -- bills --

    def add_bills(self, made: Sequence[Bill]) -> None:
        if not made:
            return
        cursor = self.connection.connection.cursor()
        rows = ((*_NEW(bill), _array(bill.held_for)) for bill in made)
        self._copy(cursor, "bills", (*_NEW_BILL, "held_for"), rows)
        lines = (
            (
                bill.bill, no, line.since, line.until, line.register, line.tier, line.quantity, line.price,
                line.amount, msgspec.json.encode(line.parts).decode(),
            )
            for bill in made
            for no, line in enumerate(bill.lines, 1)
        )  # fmt: skip
        self._copy(cursor, "bill_lines", ("bill", "no", *_LINE), lines)

    def book(self, rows: Sequence[tuple[str, str, str, Decimal, str]], actor: str, at: datetime) -> list[int]:
        """Adds (kind, debit, credit, amount, bill) to the ledger; returns the lines' numbers."""
        if not rows:
            return []
        numbers = text("SELECT nextval(pg_get_serial_sequence('ledger', 'no')) FROM generate_series(1, :n)")
        taken = sorted(self.connection.scalars(numbers, {"n": len(rows)}))
        cursor = self.connection.connection.cursor()
        self._copy(
            cursor,
            "ledger",
            ("no", "kind", "debit", "credit", "amount", "bill", "actor", "at"),
            ((no, *row, actor, at) for no, row in zip(taken, rows, strict=True)),
        )
        return taken

    @staticmethod
    def _copy(cursor: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def bill(self, bill: str) -> Bill:
        row = self._one(bills, bills.c.bill == bill, UnknownBill(bill=bill))
        return self._with_lines([_bill(row)])[0]

    def live_bills(self, account: str, since: date) -> list[Bill]:
        """The account's standing bills that reach beyond a day, oldest first."""
        mine = (bills.c.account == account) & bills.c.state.in_(LIVE) & (bills.c.until > since)
        rows = self.connection.execute(select(bills).where(mine).order_by(bills.c.since).with_for_update())
        return [_bill(row) for row in rows]

    def is_latest(self, bill: Bill) -> bool:
        later = (bills.c.account == bill.account) & bills.c.state.in_(LIVE) & (bills.c.since > bill.since)
        return self.connection.execute(select(bills.c.bill).where(later).limit(1)).first() is None

    def drafts(self, run: str, limit: int) -> list[Bill]:
        mine = (bills.c.run == run) & (bills.c.state == "draft")
        rows = self.connection.execute(
            select(bills).where(mine).order_by(bills.c.bill).limit(limit).with_for_update()
        )
        return [_bill(row) for row in rows]

    def save_bills(self, changed: Sequence[Bill]) -> None:
        if changed:
            self.connection.execute(
                update(bills)
                .where(bills.c.bill == bindparam("_bill"))
                .values({name: bindparam(f"_{name}", type_=bills.c[name].type) for name in _CHANGING}),
                [
                    {"_bill": bill.bill, **{f"_{name}": getattr(bill, name) for name in _CHANGING}}
                    for bill in changed
                ],
            )

    def add_history(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self.connection.execute(insert(bill_history), list(rows))

    # -- leaks and changed days --

    def leaks(self, meters: Sequence[str]) -> dict[str, list[tuple[str, date]]]:
        """Meter -> its active leak findings, each with the day on which its window begins."""
        found: dict[str, list[tuple[str, date]]] = {}
        rows = self.connection.execute(LEAKS, {"meters": list(meters), "zone": LOCAL.key})
        for meter, finding_id, since in rows:
            found.setdefault(meter, []).append((finding_id, since))
        return found

    def bills_to_hold(self, limit: int) -> list[tuple[str, str]]:
        """(bill, leak finding) where the finding is active and the bill not held for it."""
        return [tuple(row) for row in self.connection.execute(TO_HOLD, {"zone": LOCAL.key, "limit": limit})]

    def bills_to_release(self, limit: int) -> list[tuple[str, str]]:
        """(bill, cause) where the leak is over."""
        return [tuple(row) for row in self.connection.execute(TO_RELEASE, {"limit": limit})]

    def take_changed_days(self, limit: int) -> dict[str, date]:
        """Meter -> the first of its days that changed; taken off the list."""
        first = select(changed_days.c.meter).limit(limit).with_for_update(skip_locked=True)
        taken = (
            delete(changed_days)
            .where(changed_days.c.meter.in_(first.scalar_subquery()))
            .returning(changed_days.c.meter, changed_days.c.since)
        )
        return {row.meter: row.since for row in self.connection.execute(taken)}

    def note_days_of(self, of: Sequence[str]) -> None:
        """The latest bills of these accounts are looked at again."""
        self.connection.execute(
            text("""
                INSERT INTO changed_days (meter, since)
                SELECT meter, max(bills.since) FROM bills JOIN accounts USING (account)
                WHERE account = ANY(:of) AND state IN ('draft', 'issued', 'held') GROUP BY meter ORDER BY meter
                ON CONFLICT (meter) DO UPDATE SET since = least(changed_days.since, excluded.since)
            """),
            {"of": list(of)},
        )

    def billed_accounts(self, since: dict[str, date]) -> dict[str, date]:
        """Account -> the first day that changed under one of its standing bills."""
        rows = self.connection.execute(
            text("""
                WITH changed AS (
                    SELECT * FROM unnest(CAST(:meters AS text[]), CAST(:since AS date[])) AS changed (meter, since)
                ), supplied AS (
                    SELECT account, changed.since FROM changed JOIN accounts USING (meter)
                    UNION ALL SELECT account, changed.since FROM changed JOIN former_meters USING (meter)
                )
                SELECT account, min(supplied.since) AS since FROM supplied JOIN bills USING (account)
                WHERE bills.state IN ('draft', 'issued', 'held') AND bills.until > supplied.since
                GROUP BY account
            """),
            {"meters": list(since), "since": list(since.values())},
        )
        return {row.account: row.since for row in rows}

    def _with_lines(self, found: list[Bill]) -> list[Bill]:
        by_name = {bill.bill: bill for bill in found}
        wanted = select(bill_lines).where(bill_lines.c.bill.in_(by_name)).order_by(bill_lines.c.no)
        for row in self.connection.execute(wanted):
            line = Line(**{name: row._mapping[name] for name in _LINE})
            line.parts = {part: Decimal(yuan) for part, yuan in line.parts.items()}
            by_name[row.bill].lines.append(line)
        return found

    def _one(self, table: Any, which: Any, unknown: Exception) -> Any:
        row = self.connection.execute(select(table).where(which).with_for_update()).first()
        if row is None:
            raise unknown
        return row


def _array(causes: Sequence[str]) -> str:
    """As COPY reads it: nearly always empty, and psycopg's own way with lists costs more than the rest of the row."""
    return "{" + ",".join(f'"{cause}"' for cause in causes) + "}"


def _bill(row: Any) -> Bill:
    return Bill(**{name: row._mapping[name] for name in _BILL})
