"""Files, accounts and orders as screens see them. What is outside the caller's areas does not exist for him."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import case, func, literal, or_, select

from services.backoffice import tray
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import property as words
from services.contracts.citizens import mask_id, mask_name, mask_phone
from services.contracts.messages import Query
from services.contracts.roles import WHOLE, Contract, may
from services.property.companies import views as companies_seen
from services.property.fees import views as fees_seen
from services.property.meetings import views as meetings_seen
from services.property.model import OPEN, NotYourEstate, UnknownHousehold, UnknownRepair, is_ours
from services.property.owners import views as owners_seen  # owners
from services.property.rounds import views as rounds_seen
from services.property.tables import accounts, entries, households, items, repair_history, repairs
from services.property.webhooks import views as webhooks_seen

LATEST = 24
_ORDER = (
    "order_no", "place", "address", "category", "urgency", "state", "worker", "case_no", "reported_at", "arrive_by",
    "arrived_at", "finished_at", "stars",
)  # fmt: skip


def get_household(read: Read, query: Any) -> dict[str, Any]:
    """Whole numbers only for an officer of property management; everybody else sees them masked."""
    mine = _within(read, households.c.place, words.GetHousehold)
    row = read.connection.execute(
        select(households).where(households.c.household == query.household, mine)
    ).first()
    if row is None:
        raise UnknownHousehold(household=query.household)
    file = dict(row._mapping)
    if not _sees_whole(read, words.GetHousehold, row.place):
        file["members"] = [_masked(member) for member in file["members"]]
    return file


def get_fee_account(read: Read, query: Any) -> dict[str, Any]:
    """Amounts are for those who collect them and those who oversee it; every other department learns a flag at most."""
    mine = _within(read, accounts.c.place, words.GetFeeAccount)
    account = read.connection.execute(
        select(accounts).where(accounts.c.household == query.household, mine)
    ).first()
    if account is None:
        raise UnknownHousehold(household=query.household)
    ours = or_(entries.c.debit == account.code, entries.c.credit == account.code)
    latest = read.connection.execute(select(entries).where(ours).order_by(entries.c.no.desc()).limit(LATEST))
    return {
        "account": account.code,
        "household": account.household,
        "state": account.state,
        "balance": account.balance,
        "owed": max(account.balance, account.balance * 0),
        "entries": [
            {
                "no": row.no,
                "kind": row.kind,
                "amount": row.amount if row.debit == account.code else -row.amount,
                "rule": row.rule or _income(row),
                "period": row.period,
                "reference": row.reference,
                "at": row.at,
            }
            for row in latest
        ],
    }


def list_arrears(read: Read, query: Any) -> dict[str, Any]:
    """`since` is the oldest month not covered when payments settle the oldest charges first."""
    wanted = select(accounts.c.balance, accounts.c.code, accounts.c.household, accounts.c.place).where(
        accounts.c.kind == "household",
        accounts.c.balance > 0,
        _within(read, accounts.c.place, words.ListArrears),
    )
    if query.place:
        wanted = wanted.where(accounts.c.place.startswith(query.place, autoescape=True))
    found = page(read.connection, wanted, [accounts.c.balance, accounts.c.code], query, descending=True)
    since = _oldest_unpaid(read, [row["code"] for row in found["items"]])
    for row in found["items"]:
        row["account"] = row.pop("code")
        row["since"] = since.get(row["account"])
    return found


def list_repairs(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(*(repairs.c[name] for name in _ORDER)).where(
        _within(read, repairs.c.place, words.ListRepairs)
    )
    if query.state == "open":
        wanted = wanted.where(repairs.c.state.in_([literal(state, literal_execute=True) for state in OPEN]))
    elif query.state:
        wanted = wanted.where(repairs.c.state == query.state)
    if query.urgency:
        wanted = wanted.where(repairs.c.urgency == query.urgency)
    if query.worker:
        wanted = wanted.where(repairs.c.worker == query.worker)
    if query.late:
        wanted = wanted.where(func.coalesce(repairs.c.arrived_at, read.now) > repairs.c.arrive_by)
    found = page(read.connection, wanted, [repairs.c.arrive_by, repairs.c.order_no], query)
    for row in found["items"]:
        row["late"] = (row["arrived_at"] or read.now) > row["arrive_by"]
    return found


def get_repair(read: Read, query: Any) -> dict[str, Any]:
    mine = _within(read, repairs.c.place, words.GetRepair)
    row = read.connection.execute(select(repairs).where(repairs.c.order_no == query.order_no, mine)).first()
    if row is None:
        raise UnknownRepair(order_no=query.order_no)
    order = dict(row._mapping)
    if not _sees_whole(read, words.GetRepair, row.place):
        order["reporter"] = mask_name(order["reporter"] or "") or None
        order["phone"] = mask_phone(order["phone"] or "") or None
    lines = read.connection.execute(
        select(repair_history)
        .where(repair_history.c.order_no == query.order_no)
        .order_by(repair_history.c.no)
    )
    order["late"] = (row.arrived_at or read.now) > row.arrive_by
    order["history"] = [
        {name: line._mapping[name] for name in ("at", "verb", "state", "actor", "detail")} for line in lines
    ]
    return order


def _income(row: Any) -> str | None:
    """What a line without a tariff of ours is for: `water` of `income:water`."""
    named = (code.removeprefix("income:") for code in (row.debit, row.credit) if code.startswith("income:"))
    return next(named, None)


def _oldest_unpaid(read: Read, codes: list[str]) -> dict[str, str]:
    if not codes:
        return {}
    newer = func.sum(entries.c.amount).over(
        partition_by=entries.c.debit,
        order_by=[entries.c.period.desc(), entries.c.no.desc()],
    )
    charges = (
        select(entries.c.debit, entries.c.period, (newer - entries.c.amount).label("newer"))
        .where(entries.c.debit.in_(codes), entries.c.kind == "charge")
        .subquery()
    )
    rows = read.connection.execute(
        select(
            charges.c.debit,
            func.min(case((charges.c.newer < accounts.c.balance, charges.c.period))).label("since"),
        )
        .join(accounts, accounts.c.code == charges.c.debit)
        .group_by(charges.c.debit)
    )
    return {row.debit: row.since for row in rows}


def _within(read: Read, place: Any, contract: Contract) -> Any:
    """Rows of the areas in which the caller holds a role for this; to another department all of it is closed."""
    scopes = read.caller.scopes(*may(contract))
    if not (is_ours(read.caller) and scopes):
        raise NotYourEstate(place="、".join(read.caller.scopes()))
    return or_(*(place.startswith(scope, autoescape=True) for scope in scopes))


def _sees_whole(read: Read, contract: Contract, place: str) -> bool:
    return read.caller.department == "property" and read.caller.may((*WHOLE[contract], "admin"), place)


def _masked(member: dict[str, Any]) -> dict[str, Any]:
    return {
        **member,
        "name": mask_name(member.get("name", "")),
        **({"id_number": mask_id(member["id_number"])} if member.get("id_number") else {}),
        **({"phone": mask_phone(member["phone"])} if member.get("phone") else {}),
    }


QUERIES: dict[type[Query], Callable[..., Any]] = {
    **webhooks_seen.QUERIES,
    **owners_seen.QUERIES,
    # rooms of the estate
    **fees_seen.QUERIES,
    **companies_seen.QUERIES,
    **rounds_seen.QUERIES,
    **meetings_seen.QUERIES,
    **tray.queries(items),
    words.GetHousehold: get_household,
    words.GetFeeAccount: get_fee_account,
    words.ListArrears: list_arrears,
    words.ListRepairs: list_repairs,
    words.GetRepair: get_repair,
}
