"""What a register used and how it is known; findings, edits, registers and the quarantine, as screens see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import String, and_, func, select

from services.chassis.database import Read
from services.chassis.errors import Invalid
from services.chassis.paging import page
from services.chassis.settings import settings
from services.meters.handlers.access import demand
from services.meters.model import plain
from services.meters.repository import Repository
from services.meters.tables import daily, edits, intervals, quarantine, registers, vee_findings
from services.meters.vee.amounts import MILLION, datetime_of, marks, moment, written
from services.meters.vee.days import STATES, WEIGHT
from services.meters.vee.repository import Docket, judged

LONGEST = {"interval": 62, "day": 800, "month": 3700}
"""Days that may be asked for at once."""


class TooLong(Invalid):
    """By {by}, at most {days} days can be asked for at once."""

    zh = "按 {by} 查询一次最多 {days} 天。"


def get_consumption(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    if not timedelta(0) < query.end - query.start <= timedelta(days=LONGEST[query.by]):
        raise TooLong(by=query.by, days=LONGEST[query.by])
    register = query.register or meter.register
    store = Repository(read.connection)
    due = store.due_of([meter.meter])
    fresh = judged(store, due)[0] if due else None
    pieces = [
        *(_intervals if query.by == "interval" else _days)(read, store, register, fresh, query, meter.meter)
    ]
    if query.by == "month":
        pieces = [*_months(pieces)]
    return {
        "meter": meter.meter,
        "register": register,
        "unit": meter.unit,
        "by": query.by,
        "items": [{**piece, "quantity": written(piece["quantity"])} for piece in pieces],
        "total": written(sum(piece["quantity"] for piece in pieces)),
        "validated_until": store.validated_until([meter.meter])[meter.meter],
        "waiting": fresh is not None,
    }


def _days(
    read: Read, store: Repository, register: str, fresh: Docket | None, query: Any, meter: str
) -> Iterator[dict[str, Any]]:
    found: dict[date, tuple[int, str]] = {}
    mine = and_(daily.c.meter == meter, daily.c.register == register)
    asked = and_(daily.c.day >= query.start, daily.c.day < query.end)
    for row in read.connection.execute(select(daily).where(mine, asked)):
        found[row.day] = (int(row.quantity * MILLION), row.state)
    for day in _fresh_days(fresh, register, found, store):
        if query.start <= day.day < query.end:
            found[day.day] = (day.quantity, day.state)
    for on in sorted(found):
        yield {"day": on, "quantity": found[on][0], "state": found[on][1]}


def _intervals(
    read: Read, store: Repository, register: str, fresh: Docket | None, query: Any, meter: str
) -> Iterator[dict[str, Any]]:
    found: dict[date, tuple[list[int], list[int], str]] = {}
    mine = and_(intervals.c.meter == meter, intervals.c.register == register)
    asked = and_(intervals.c.day >= query.start, intervals.c.day < query.end)
    for row in read.connection.execute(select(intervals).where(mine, asked)):
        begins, ends = moment(row.begins), moment(row.ends)
        between = [at for at in marks(store.zone, row.day, row.interval_s * MILLION) if begins < at < ends]
        found[row.day] = ([begins, *between, ends], row.millionths, row.states)
    for day in _fresh_days(fresh, register, found, store):
        if query.start <= day.day < query.end:
            found[day.day] = (day.bounds, day.quantities, day.states)
    for on in sorted(found):
        bounds, quantities, states = found[on]
        for start, end, quantity, state in zip(bounds, bounds[1:], quantities, states, strict=False):
            yield {
                "from": datetime_of(start),
                "until": datetime_of(end),
                "quantity": quantity,
                "state": STATES[state],
            }


def _fresh_days(fresh: Docket | None, register: str, found: dict[date, Any], store: Repository) -> list[Any]:
    """Days judged just now; stored ones they reach no further than are as they were."""
    if fresh is None or register not in fresh.outcomes:
        return []
    case, outcome = fresh.cases[register], fresh.outcomes[register]
    since = None if case.since is None else datetime_of(case.since).astimezone(store.zone).date()
    for on in [on for on in found if since is None or on >= since]:
        del found[on]
    return outcome.days


def _months(days: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    months: dict[str, dict[str, Any]] = {}
    weight = {STATES[letter]: heavy for letter, heavy in WEIGHT.items()}
    for day in days:
        month = months.setdefault(
            f"{day['day']:%Y-%m}",
            {"month": f"{day['day']:%Y-%m}", "quantity": 0, "state": "measured", "days": 0},
        )
        month["quantity"] += day["quantity"]
        month["days"] += 1
        month["state"] = max(month["state"], day["state"], key=weight.__getitem__)
    yield from months.values()


def list_vee_findings(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    wanted = select(vee_findings).where(vee_findings.c.meter == meter.meter)
    for name in ("register", "rule", "state"):
        if getattr(query, name) is not None:
            wanted = wanted.where(vee_findings.c[name] == getattr(query, name))
    order = [vee_findings.c.at, vee_findings.c.register, vee_findings.c.rule]
    return page(read.connection, wanted, order, query, descending=True)


def list_edits(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    wanted = select(edits).where(edits.c.meter == meter.meter)
    for name in ("register", "kind", "state"):
        if getattr(query, name) is not None:
            wanted = wanted.where(edits.c[name] == getattr(query, name))
    found = page(read.connection, wanted, [edits.c.from_at, edits.c.edit_id], query, descending=True)
    for row in found["items"]:
        row["quantities"] = [written(each) for each in row.pop("millionths") or ()]
        for name in ("value", "total"):
            row[name] = None if row[name] is None else plain(row[name])
    return found


def list_registers(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    mine = select(registers).where(registers.c.meter == meter.meter)
    rows = read.connection.execute(mine.order_by(registers.c.register, registers.c.number))
    found = [dict(row._mapping) for row in rows]
    for row in found:
        for name in ("multiplier", "opening_value", "closing_value"):
            row[name] = None if row[name] is None else plain(row[name])
    return {"meter": meter.meter, "registers": found}


def list_quarantine(read: Read, query: Any) -> dict[str, Any]:
    """Whose meter it is nobody may know, so it is for those who look after the whole community's."""
    demand(read, settings().place)
    reading_id = func.encode(quarantine.c.digest, "hex", type_=String).label("reading_id")
    told = [column for column in quarantine.c if column.name != "digest"]
    wanted = select(reading_id, *told).where(quarantine.c.state == query.state)
    if query.reason is not None:
        wanted = wanted.where(quarantine.c.reason == query.reason)
    found = page(read.connection, wanted, [quarantine.c.at, reading_id], query, descending=True)
    for row in found["items"]:
        row["content"] = bytes(row["content"]).decode("utf-8", "backslashreplace")
    return found
