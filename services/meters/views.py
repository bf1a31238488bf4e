"""Meters as screens see them: read only, and only within the caller's areas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Select,
    String,
    Table,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)

from services.backoffice import tray
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import meters as contract
from services.contracts.messages import Query
from services.contracts.roles import Contract
from services.meters.billing import views as billing
from services.meters.bindings import senders_of
from services.meters.model import UnknownHousehold, UnknownMeter, plain
from services.meters.rulebook import rules_at
from services.meters.tables import (
    accounts,
    bindings,
    findings,
    households,
    items,
    meters,
    quarantine,
    readings,
    vee_findings,
    watches,
)
from services.meters.vee import views as vee
from services.meters.within import within


def list_readings(read: Read, query: Any) -> dict[str, Any]:
    _meter(read, query.meter, contract.ListReadings)
    wanted = select(readings).where(readings.c.meter == query.meter)
    if query.start is not None:
        wanted = wanted.where(readings.c.at >= query.start)
    if query.end is not None:
        wanted = wanted.where(readings.c.at < query.end)
    found = page(read.connection, wanted, [readings.c.at, readings.c.register, readings.c.seq], query)
    for row in found["items"]:
        row["value"] = plain(row["value"])
    return found


def list_meters(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(meters).where(
        within(read, meters.c.place, contract.ListMeters),
        meters.c.kind == query.kind if query.kind else true(),
        meters.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        meters.c.household == query.household if query.household else true(),
        STATUS[query.status] if query.status else true(),
        meters.c.meter.in_(_sent_by(query.sender)) if query.sender else true(),
    )
    found = page(read.connection, wanted, [meters.c.meter], query)
    found["items"] = _with_newest(read, found["items"])
    return found


def get_meter(read: Read, query: Any) -> dict[str, Any]:
    (meter,) = _with_newest(read, [dict(_meter(read, query.meter, contract.GetMeter)._mapping)])
    return meter


STATUS = {
    "offline": meters.c.offline,
    "online": ~meters.c.offline & meters.c.heard_at.is_not(None),
    "new": ~meters.c.offline & meters.c.heard_at.is_(None),
}


def _sent_by(sender: str) -> Select[Any]:
    unbound = bindings.c.bound_to.is_(None)
    return select(bindings.c.meter).where(
        or_(bindings.c.bound_to == sender, and_(unbound, bindings.c.heard_from == sender))
    )


HEALTH = {
    "findings": (findings, "active"),
    "validations": (vee_findings, "open"),
    "quarantine": (quarantine, "waiting"),
}


def _counted(read: Read, table: Table, state: str, meters: Sequence[str]) -> dict[str, int]:
    """Meter -> how many rows of it are in that state; of those in trouble there is an index."""
    wanted = select(table.c.meter, func.count().label("rows")).where(
        table.c.meter == any_(bindparam("of", type_=ARRAY(String))),
        table.c.state == literal_column(f"'{state}'"),  # as the index says it
    )
    rows = read.connection.execute(wanted.group_by(table.c.meter), {"of": list(meters)})
    return {row.meter: row.rows for row in rows}


def _with_newest(read: Read, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each meter with its status, health and its register's newest reading; a query each for all of them together."""
    names = [row["meter"] for row in rows]
    newest = (
        select(readings.c.at, readings.c.value, readings.c.unit)
        .where(readings.c.meter == meters.c.meter, readings.c.register == meters.c.register)
        .order_by(readings.c.at.desc(), readings.c.seq.desc())
        .limit(1)
        .lateral("newest")
    )
    found = read.connection.execute(
        select(meters.c.meter, newest).join(newest, true()).where(meters.c.meter.in_(names))
    )
    last = {row.meter: {"at": row.at, "value": plain(row.value), "unit": row.unit} for row in found}
    counts = {name: _counted(read, table, state, names) for name, (table, state) in HEALTH.items()}
    senders = senders_of(read.connection, names)
    for row in rows:
        sender = senders.get(row["meter"])
        row["heard_from"], row["bound_to"] = (sender.heard_from, sender.bound_to) if sender else (None, None)
        row["health"] = {name: of.get(row["meter"], 0) for name, of in counts.items()}
        row["status"] = "offline" if row.pop("offline") else "online" if row["heard_at"] else "new"
        row["newest"] = last.get(row["meter"])
    return rows


def get_account(read: Read, query: Any) -> dict[str, Any]:
    rows = read.connection.execute(
        select(accounts)
        .where(accounts.c.household == query.household, within(read, accounts.c.place, contract.GetAccount))
        .order_by(
            accounts.c.closed_at.desc().nulls_first(), accounts.c.opened_at.desc(), accounts.c.kind.desc()
        )
    ).all()
    home = read.connection.execute(
        select(
            households,
            watches.c.active,
            watches.c.rule,
            watches.c.threshold,
            watches.c.hours,
            watches.c.away_from,
            watches.c.away_until,
            watches.c.away_ended_at,
        )
        .join(watches, watches.c.household == households.c.household, isouter=True)
        .where(
            households.c.household == query.household, within(read, households.c.place, contract.GetAccount)
        )
    ).first()
    if not rows and home is None:
        raise UnknownHousehold(household=query.household)
    opened = [
        dict(row._mapping)
        | {
            "opening_reading": plain(row.opening_reading),
            "closing_reading": None if row.closing_reading is None else plain(row.closing_reading),
            "status": "open" if row.closed_at is None else "closed",
        }
        for row in rows
    ]
    welfare = None
    if home is not None and home.active is not None:
        welfare = {
            "active": home.active and home.lives_alone,
            "rule": home.rule or rules_at(read.now, home.place).welfare.name,
            "threshold": None if home.threshold is None else plain(home.threshold),
            "hours": home.hours,
            "away_from": home.away_from,
            "away_until": home.away_until,
            "away_ended_at": home.away_ended_at,
        }
    return {"household": query.household, "accounts": opened, "welfare": welfare}


def list_findings(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(findings).where(within(read, findings.c.place, contract.ListFindings))
    for name in ("kind", "state", "household"):
        if getattr(query, name) is not None:
            wanted = wanted.where(findings.c[name] == getattr(query, name))
    return page(
        read.connection, wanted, [findings.c.raised_at, findings.c.finding_id], query, descending=True
    )


def _meter(read: Read, meter: str, asked: Contract) -> Any:
    row = read.connection.execute(
        select(meters).where(meters.c.meter == meter, within(read, meters.c.place, asked))
    ).first()
    if row is None:
        raise UnknownMeter(meter=meter)
    return row


def _of_a_meter(
    asked: type[Query], view: Callable[[Read, Any, Any], dict[str, Any]]
) -> dict[type[Query], Callable[[Read, Any], dict[str, Any]]]:
    """A view of one meter that the caller may see."""
    return {asked: lambda read, query: view(read, _meter(read, query.meter, asked), query)}


QUERIES: dict[type[Query], Callable[..., Any]] = {
    **tray.queries(items),
    **billing.QUERIES,
    contract.ListMeters: list_meters,
    contract.ListReadings: list_readings,
    contract.GetMeter: get_meter,
    contract.GetAccount: get_account,
    contract.ListFindings: list_findings,
    contract.ListQuarantine: vee.list_quarantine,
    **_of_a_meter(contract.GetConsumption, vee.get_consumption),
    **_of_a_meter(contract.GetSeries, vee.get_series),
    **_of_a_meter(contract.ListVeeFindings, vee.list_vee_findings),
    **_of_a_meter(contract.ListEdits, vee.list_edits),
    **_of_a_meter(contract.ListRegisters, vee.list_registers),
}
