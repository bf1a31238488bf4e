"""Lines of the ledger by the thousand, and what decides about them; a part of property's Repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.property.fees.model import Refund, UnknownRefund, UnknownRun
from services.property.model import account_of
from services.property.tables import (
    accounts,
    arrears_talks,
    entries,
    fee_discounts,
    fee_quantities,
    fee_reminders,
    fee_runs,
    fee_sweeps,
    households,
    refunds,
)

Line = Mapping[str, Any]
"""kind, debit, credit, amount, rule, period, reference."""

_COLUMNS = ("kind", "debit", "credit", "amount", "rule", "period", "reference")
_BOOK = text("""
    INSERT INTO entries (kind, debit, credit, amount, rule, period, reference, actor, at)
    SELECT line.*, :actor, :at FROM unnest(
        CAST(:kind AS text[]), CAST(:debit AS text[]), CAST(:credit AS text[]), CAST(:amount AS numeric[]),
        CAST(:rule AS text[]), CAST(:period AS text[]), CAST(:reference AS text[])
    ) AS line
    ON CONFLICT DO NOTHING
    RETURNING no, debit, credit, amount
""")
# In the order of their codes, so that two who book for the same households wait for each other and do not deadlock.
_LOCK = text("SELECT 1 FROM accounts WHERE code = ANY(CAST(:codes AS text[])) ORDER BY code FOR UPDATE")
_BALANCE = text("""
    UPDATE accounts SET balance = balance + owed.amount
    FROM unnest(CAST(:codes AS text[]), CAST(:amounts AS numeric[])) AS owed (code, amount)
    WHERE accounts.code = owed.code AND kind = 'household'
""")

_REMIND = text("""
    INSERT INTO fee_reminders (household, since, stage, place, at)
    SELECT line.*, :at FROM unnest(
        CAST(:household AS text[]), CAST(:since AS text[]), CAST(:stage AS text[]), CAST(:place AS text[])
    ) AS line
    ON CONFLICT DO NOTHING
    RETURNING household, since, stage, place
""")
_OWED = """
    SELECT a.code, a.household, a.place, a.balance, e.kind, e.rule, e.period, e.amount FROM accounts a
    JOIN entries e ON e.debit = a.code AND e.kind IN ('charge', 'late-fee') AND e.period IS NOT NULL
    WHERE a.kind = 'household' AND a.balance > 0 AND a.household IS NOT NULL AND {which}
    ORDER BY a.code, e.period, e.no
"""
_OWED_AT = text(_OWED.format(which="a.place LIKE :place"))
_OWED_BY = text(_OWED.format(which="a.household = ANY(:households)"))


class FeeStore:
    connection: Connection

    def book(self, lines: Sequence[Line], actor: str, at: datetime) -> list[Row[Any]]:
        """Each line unless it is booked; returns the new ones. Balances follow in the same transaction."""
        if not lines:
            return []
        codes = sorted({code for line in lines for code in (line["debit"], line["credit"])})
        self.connection.execute(_LOCK, {"codes": [code for code in codes if code.startswith("household:")]})
        given: dict[str, Any] = {name: [line.get(name) for line in lines] for name in _COLUMNS}
        booked = list(self.connection.execute(_BOOK, given | {"actor": actor, "at": at}))
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for row in booked:
            owed[row.debit] += row.amount
            owed[row.credit] -= row.amount
        self.connection.execute(_BALANCE, {"codes": list(owed), "amounts": list(owed.values())})
        return booked

    def open_ledger_account(self, code: str, kind: str) -> None:
        self.connection.execute(
            insert(accounts).values(code=code, kind=kind, state="open").on_conflict_do_nothing()
        )

    def locked_balance(self, household: str) -> Decimal:
        """The account stays as it is until this unit of work ends."""
        wanted = select(accounts.c.balance).where(accounts.c.code == account_of(household))
        return Decimal(self.connection.execute(wanted.with_for_update()).scalar_one())

    # -- runs ----------------------------------------------------------------------------------------

    def add_fee_run(self, row: Mapping[str, Any]) -> Row[Any]:
        """A month of a place is run once; asked again, it begins again, and charges whoever is new."""
        again = {"state": "running", "position": "", "done": 0, "unknown": 0, "accounts": row["accounts"]}
        return (
            self.connection.execute(
                insert(fee_runs)
                .values(**row)
                .on_conflict_do_update(
                    index_elements=["place", "rule", "period"],
                    set_={**again, "finished_at": None},
                    where=fee_runs.c.state == "done",
                )
                .returning(fee_runs)
            ).first()
            or self.connection.execute(
                select(fee_runs).where(
                    fee_runs.c.place == row["place"],
                    fee_runs.c.rule == row["rule"],
                    fee_runs.c.period == row["period"],
                )
            ).one()
        )

    def next_fee_run(self) -> Row[Any] | None:
        """The oldest that is to be worked off; another replica's is passed over."""
        return self.connection.execute(
            select(fee_runs)
            .where(fee_runs.c.state == "running")
            .order_by(fee_runs.c.started_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()

    def save_fee_run(self, run: str, **changes: Any) -> None:
        if (
            self.connection.execute(update(fee_runs).where(fee_runs.c.run == run).values(**changes)).rowcount
            != 1
        ):
            raise UnknownRun(run=run)

    def count_chargeable(self, place: str) -> int:
        return self.connection.scalar(
            select(func.count())
            .select_from(accounts.join(households, households.c.household == accounts.c.household))
            .where(accounts.c.state == "open", households.c.place.like(f"{place}%"))
        ) or 0  # fmt: skip

    def quantities(self, wanted: Sequence[str], period: str) -> dict[str, dict[str, Decimal]]:
        found: dict[str, dict[str, Decimal]] = defaultdict(dict)
        rows = self.connection.execute(
            select(fee_quantities).where(
                fee_quantities.c.household == func.any(list(wanted)), fee_quantities.c.period == period
            )
        )
        for row in rows:
            found[row.household][row.quantity] = row.value
        return found

    def record_quantity(self, row: Mapping[str, Any]) -> None:
        told = {"value": row["value"], "actor": row["actor"]}
        self.connection.execute(
            insert(fee_quantities)
            .values(**row)
            .on_conflict_do_update(index_elements=["household", "period", "quantity"], set_=told)
        )

    def is_charged(self, household: str, rules: Sequence[str], period: str) -> bool:
        mine = (entries.c.debit == account_of(household)) & (entries.c.period == period)
        found = select(entries.c.no).where(mine, entries.c.rule.in_(rules)).limit(1)
        return self.connection.scalar(found) is not None

    # -- discounts -----------------------------------------------------------------------------------

    def add_discount(self, row: Mapping[str, Any]) -> bool:
        """False when another holds in that time."""
        mine = (fee_discounts.c.household == row["household"]) & (fee_discounts.c.rule == row["rule"])
        during = (fee_discounts.c.since <= row["until"]) & (fee_discounts.c.until >= row["since"])
        self.locked_balance(row["household"])
        if self.connection.scalar(select(fee_discounts.c.discount).where(mine, during).limit(1)) is not None:
            return False
        self.connection.execute(insert(fee_discounts).values(**row))
        return True

    def discounts(self, wanted: Sequence[str], rule: str, period: str) -> dict[str, Row[Any]]:
        rows = self.connection.execute(
            select(fee_discounts).where(
                fee_discounts.c.household == func.any(list(wanted)),
                fee_discounts.c.rule == rule,
                fee_discounts.c.since <= period,
                fee_discounts.c.until >= period,
            )
        )
        return {row.household: row for row in rows}

    # -- refunds -------------------------------------------------------------------------------------

    def add_refund(self, refund: Refund) -> None:
        self.connection.execute(insert(refunds).values(**vars(refund)))

    def refund(self, refund: str) -> Refund:
        """Raises UnknownRefund."""
        row = self.connection.execute(
            select(refunds).where(refunds.c.refund == refund).with_for_update()
        ).first()
        if row is None:
            raise UnknownRefund(refund=refund)
        return Refund(**row._mapping)

    def save_refund(self, refund: Refund) -> None:
        self.connection.execute(
            update(refunds).where(refunds.c.refund == refund.refund).values(**vars(refund))
        )

    # -- arrears -------------------------------------------------------------------------------------

    def owed_at(self, place: str) -> Sequence[Row[Any]]:
        """All charged months of whoever owes, by account, oldest first."""
        return self.connection.execute(_OWED_AT, {"place": f"{place}%"}).all()

    def owed_by(self, homes: Sequence[str]) -> Sequence[Row[Any]]:
        return self.connection.execute(_OWED_BY, {"households": list(homes)}).all()

    def debtors_after(self, household: str, limit: int) -> Sequence[str]:
        return list(
            self.connection.execute(
                select(accounts.c.household)
                .where(
                    accounts.c.kind == "household", accounts.c.balance > 0, accounts.c.household > household
                )
                .order_by(accounts.c.household)
                .limit(limit)
            ).scalars()
        )

    def late_fees_charged(self, codes: Sequence[str]) -> dict[str, Decimal]:
        rows = self.connection.execute(
            select(entries.c.debit, func.sum(entries.c.amount).label("sum"))
            .where(entries.c.debit == func.any(list(codes)), entries.c.kind == "late-fee")
            .group_by(entries.c.debit)
        )
        return {row.debit: row.sum for row in rows}

    def sweep_position(self) -> str | None:
        """Where the sweep of arrears goes on; None when another replica is at it."""
        self.connection.execute(
            insert(fee_sweeps).values(name="arrears", position="").on_conflict_do_nothing()
        )
        mine = select(fee_sweeps.c.position).where(fee_sweeps.c.name == "arrears")
        return self.connection.scalar(mine.with_for_update(skip_locked=True))

    def save_sweep_position(self, position: str) -> None:
        self.connection.execute(
            update(fee_sweeps).where(fee_sweeps.c.name == "arrears").values(position=position)
        )

    def add_reminders(self, rows: Sequence[Mapping[str, Any]]) -> list[Row[Any]]:
        """Each once, whoever else is at it; returns the new ones."""
        if not rows:
            return []
        return list(
            self.connection.execute(
                _REMIND,
                {name: [row[name] for row in rows] for name in ("household", "since", "stage", "place")}
                | {"at": rows[0]["at"]},
            )
        )

    def reminded_since(self, household: str) -> str | None:
        """The month of the latest reminder."""
        return self.connection.scalar(
            select(func.max(fee_reminders.c.since)).where(fee_reminders.c.household == household)
        )

    def add_talk(self, row: Mapping[str, Any]) -> str | None:
        """The talk's name; None when one was asked for of the same debt."""
        return self.connection.scalar(
            insert(arrears_talks).values(**row).on_conflict_do_nothing().returning(arrears_talks.c.talk)
        )

    def talk_of(self, household: str, since: str) -> str:
        mine = and_(arrears_talks.c.household == household, arrears_talks.c.since == since)
        return str(self.connection.execute(select(arrears_talks.c.talk).where(mine)).scalar_one())
