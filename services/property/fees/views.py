"""Bill runs, refunds, receipts and reminders as screens see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import fees as words
from services.contracts.messages import Query
from services.property.companies.views import within_areas
from services.property.fees.model import UnknownReceipt, UnknownRun, in_words
from services.property.tables import accounts, entries, fee_reminders, fee_runs, households, refunds


def get_fee_run(read: Read, query: Any) -> dict[str, Any]:
    mine = within_areas(read, fee_runs.c.place, words.GetFeeRun)
    row = read.connection.execute(select(fee_runs).where(fee_runs.c.run == query.run, mine)).first()
    if row is None:
        raise UnknownRun(run=query.run)
    return dict(row._mapping)


def list_fee_runs(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(fee_runs).where(within_areas(read, fee_runs.c.place, words.ListFeeRuns))
    return page(read.connection, wanted, [fee_runs.c.started_at, fee_runs.c.run], query, descending=True)


def list_refunds(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(refunds).where(within_areas(read, refunds.c.place, words.ListRefunds))
    if query.state:
        wanted = wanted.where(refunds.c.state == query.state)
    return page(read.connection, wanted, [refunds.c.asked_at, refunds.c.refund], query, descending=True)


def get_receipt(read: Read, query: Any) -> dict[str, Any]:
    """A payment, or a refund with its sign the other way. The number is the line's of the ledger, and so exists once."""
    mine = within_areas(read, accounts.c.place, words.GetReceipt)
    row = read.connection.execute(
        select(
            entries.c.no, entries.c.kind, entries.c.amount, entries.c.debit, entries.c.credit,
            entries.c.reference, entries.c.actor, entries.c.at, accounts.c.household, households.c.address,
        )
        .join(accounts, accounts.c.code.in_([entries.c.credit, entries.c.debit]))
        .outerjoin(households, households.c.household == accounts.c.household)
        .where(entries.c.no == int(query.receipt), entries.c.kind.in_(("payment", "refund")))
        .where(accounts.c.kind == "household", mine)
    ).first()  # fmt: skip
    if row is None:
        raise UnknownReceipt(receipt=query.receipt)
    cash = row.debit if row.kind == "payment" else row.credit
    return {
        "receipt": str(row.no),
        "kind": row.kind,
        "household": row.household,
        "address": row.address,
        "amount": row.amount,
        "in_words": in_words(row.amount),
        "channel": cash.removeprefix("cash:"),
        "reference": row.reference,
        "taken_by": row.actor,
        "at": row.at,
    }


def list_reminders(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(fee_reminders).where(within_areas(read, fee_reminders.c.place, words.ListReminders))
    if query.household:
        wanted = wanted.where(fee_reminders.c.household == query.household)
    if query.stage:
        wanted = wanted.where(fee_reminders.c.stage == query.stage)
    order = [fee_reminders.c.at, fee_reminders.c.household, fee_reminders.c.stage]
    return page(read.connection, wanted, order, query, descending=True)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    words.GetFeeRun: get_fee_run,
    words.ListFeeRuns: list_fee_runs,
    words.ListRefunds: list_refunds,
    words.GetReceipt: get_receipt,
    words.ListReminders: list_reminders,
}
