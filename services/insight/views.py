"""What screens ask: the wall, the departments, the grids, and the list behind each number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.chassis.paging import page
from services.contracts.insight import (
    GetDepartments,
    GetFigures,
    GetGrids,
    GetOverview,
    GetRebuild,
    ListBehind,
)
from services.contracts.messages import Query
from services.contracts.roles import may
from services.contracts.units import UNITS
from services.insight import companies, figures, model
from services.insight.areas import areas, inside
from services.insight.numbers import NUMBERS, RATES, TALLIED, THREE_RATES, Condition, Number, Span
from services.insight.tables import case_urgency, cases, lane_urgency, lanes, rebuilds, said

# -- counting ------------------------------------------------------------------------------------------


def _in_hand_by_place(connection: Connection, now: datetime, *which: Condition) -> list[dict[str, Any]]:
    """What is in hand, by place and by the matters that devices open: one walk over an index of nothing else."""
    overdue, soon = cases.c.next_due_at < now, cases.c.next_due_at < now + model.SOON
    finding = case((cases.c.matter.in_(model.FINDINGS), cases.c.matter), else_="").label("finding")
    columns = (
        func.count().label("in_hand"),
        func.count().filter(overdue).label("overdue"),
        func.count().filter(soon & ~overdue).label("due_soon"),
    )
    wanted = select(cases.c.place, finding, *columns).where(cases.c.closed_at.is_(None), *which)
    return [dict(row) for row in connection.execute(wanted.group_by(cases.c.place, "finding")).mappings()]


def _window(read: Read, scopes: list[str]) -> dict[str, Counter[str]]:
    """The figures of the last thirty days by unit ('' is all)."""
    return figures.by_unit(read, scopes, figures.lately(read.now))


_OF_NOW = ("in_hand", "overdue", "due_soon")


def first_rows(connection: Connection, now: datetime) -> list[tuple[str, dict[str, int]]]:
    """The wall's four numbers by community, of everywhere that has any."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _in_hand_by_place(connection, now):
        community = found[row["place"][: model.LEVELS[-1]]]
        for name in _OF_NOW:
            community[name] += row[name]
    closed = select(cases.c.place, func.count().label("n")).where(NUMBERS["closed_today"].which(now))
    for done in connection.execute(closed.group_by(cases.c.place)):
        found[done.place[: model.LEVELS[-1]]]["closed_today"] += done.n
    return [(place, {name: numbers[name] for name in model.FIRST_ROW}) for place, numbers in found.items()]


# -- the wall ------------------------------------------------------------------------------------------


def get_overview(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    in_hand = _in_hand_by_place(read.connection, read.now, inside(cases.c.place, scopes))
    numbers = {name: sum(row[name] for row in in_hand) for name in _OF_NOW}
    numbers["closed_today"] = figures.count_one(read, NUMBERS["closed_today"], scopes)
    lately = _window(read, scopes)
    urgent = _listed("in_hand", scopes, read.now).order_by("urgency", "name").limit(model.MOST_URGENT)
    return {
        "place": query.place or "",
        "at": read.now,
        "n": _times_told(read, query.place or ""),
        "numbers": {name: numbers[name] for name in model.FIRST_ROW},
        "urgent": [_item(row, read.now) for row in read.connection.execute(urgent).mappings()],
        "rates": figures.rates_of(lately[""], THREE_RATES),
        "findings": _findings(read, scopes, in_hand),
        "departments": _departments(lately),
        "grids": _grids(in_hand),
    }


def _times_told(read: Read, place: str) -> int:
    return read.connection.execute(select(said.c.n).where(said.c.place == place)).scalar_one_or_none() or 0


def _findings(read: Read, scopes: list[str], in_hand: list[dict[str, Any]]) -> list[dict[str, Any]]:
    filed = (
        select(cases.c.matter, func.count().label("n"))
        .where(NUMBERS["filed_today"].which(read.now), cases.c.matter.in_(model.FINDINGS))
        .where(inside(cases.c.place, scopes))
        .group_by(cases.c.matter)
    )
    today = {row.matter: row.n for row in read.connection.execute(filed)}
    now: Counter[str] = Counter()
    for row in in_hand:
        now[row["finding"]] += row["in_hand"]
    return [
        {"matter": matter, "in_hand": now[matter], "filed_today": today.get(matter, 0)}
        for matter in model.FINDINGS
    ]


def get_departments(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    return {"items": _departments(_window(read, scopes)), "at": read.now}


def _departments(lately: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    names = ("tasks_open", "tasks_overdue", "tasks_signed_late", "tasks_done")
    items = [
        {
            "unit": unit,
            **{name: counts[name] for name in names},
            "median_seconds": figures.median_seconds(counts),
            **unit_names(unit),
        }
        for unit, counts in lately.items()
        if unit
    ]
    return sorted(items, key=lambda item: (-item["tasks_overdue"], item["unit"]))


def unit_names(unit: str) -> dict[str, str]:
    known = UNITS.get(unit, {})
    return {"zh": known.get("zh", unit), "en": known.get("en", unit)}


def get_grids(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    in_hand = _in_hand_by_place(read.connection, read.now, inside(cases.c.place, scopes))
    return {"items": _grids(in_hand), "at": read.now}


def _grids(in_hand: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in in_hand:
        grid = found.setdefault(row["place"], {"place": row["place"], **dict.fromkeys(_OF_NOW, 0)})
        for name in _OF_NOW:
            grid[name] += row[name]
    return [found[place] for place in sorted(found)]


# -- what is behind a number ---------------------------------------------------------------------------


def list_behind(read: Read, query: Any) -> dict[str, Any]:
    scopes, number = areas(read, query.place), NUMBERS[query.number]
    span = model.span_of(query.period, query.on, read.now)
    narrower = figures.narrowed(number.table, query)
    wanted = _listed(query.number, scopes, read.now, span).where(*narrower)
    found = page(read.connection, wanted, _order(number), query, descending=number.moment is not None)
    return found | {
        "items": [_item(row, read.now) for row in found["items"]],
        "count": figures.count(read, query.number, scopes, query, span),
        "at": read.now,
    }


def get_figures(read: Read, query: Any) -> dict[str, Any]:
    """The same figures and rates of every unit, officer, company, area, matter, channel, day or month, and of all."""
    scopes = areas(read, query.place)
    span = model.span_of(query.period, query.on, read.now) or figures.lately(read.now)
    found = figures.by_key(read, scopes, span, query.by, query)
    total = figures.by_key(read, scopes, span, "all", query)[""]
    items = [{"key": key, **_named(query.by, key), **_figures(found[key])} for key in sorted(found)]
    since, until = (model.today(moment) for moment in span)
    return {
        "items": items,
        "total": _figures(total),
        "from": since,
        "until": until - model.DAY,
        "at": read.now,
    }


def _figures(counts: Counter[str]) -> dict[str, Any]:
    return {
        "numbers": {name: counts[name] for name in TALLIED},
        "rates": figures.rates_of(counts, RATES),
        "median_seconds": figures.median_seconds(counts),
    }


def _named(by: str, key: str) -> dict[str, str]:
    if by == "unit":
        return unit_names(key)
    if by == "company":
        return companies.names(key)
    return {}


def _listed(name: str, scopes: list[str], now: datetime, span: Span | None = None) -> Select[Any]:
    number = NUMBERS[name]
    table = number.table
    shown = [column for column in table.columns if column.name not in _INTERNAL]
    return select(*shown, *_order(number)).where(number.which(now, span), inside(table.c.place, scopes))


def _order(number: Number) -> tuple[Any, Any]:
    """What is in hand: most urgent first, and last what has no due time at present. What is past: newest first."""
    urgency, name = (
        (lane_urgency, lanes.c.task_id) if number.table is lanes else (case_urgency, cases.c.case_no)
    )
    first = urgency if number.moment is None else number.moment
    return first.label("urgency"), name.label("name")


_INTERNAL = {"urgency", "name", "seq", "units", "officers"}


def _item(row: Any, now: datetime) -> dict[str, Any]:
    item = {key: value for key, value in row.items() if key not in _INTERNAL}
    if "task_id" in item:
        ticking, due = item["status"] in model.TICKING, item["due_at"]
    else:
        ticking, due = item["closed_at"] is None, item["next_due_at"]
    return item | {"overdue": bool(ticking and due and due < now)}


def get_rebuild(read: Read, query: Any) -> dict[str, Any]:
    if not read.caller.may(may(GetRebuild), ""):
        raise Forbidden()
    newest = read.connection.execute(select(rebuilds).order_by(rebuilds.c.id.desc()).limit(1)).mappings()
    return dict(newest.first() or {"stage": "none"})


QUERIES: dict[type[Query], Callable[..., Any]] = {
    GetOverview: get_overview,
    GetDepartments: get_departments,
    GetGrids: get_grids,
    ListBehind: list_behind,
    GetRebuild: get_rebuild,
    GetFigures: get_figures,
}
