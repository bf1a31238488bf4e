"""What screens ask: the wall, the departments, the grids, and the list behind each number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, func, literal, or_, select, true, union_all

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.chassis.identifiers import within
from services.chassis.paging import page
from services.contracts.insight import GetDepartments, GetGrids, GetOverview, GetRebuild, ListBehind
from services.contracts.messages import Query
from services.contracts.roles import may
from services.contracts.units import UNITS
from services.insight import model
from services.insight.numbers import NUMBERS, RATES, TALLIED, THREE_RATES, Condition, Number, Span
from services.insight.tables import (
    NEVER,
    case_urgency,
    cases,
    changes,
    lane_urgency,
    lanes,
    rebuilds,
    said,
    tallies,
)


class OutsideYourArea(Forbidden):
    """The area {place} is not within yours."""

    zh = "“{place}”不在您的辖区内。"


# -- where one may look --------------------------------------------------------------------------------


def areas(read: Read, place: str | None) -> list[str]:
    """The caller's areas, or the one asked for, which must lie within them; none of them within another."""
    scopes = read.caller.scopes(*may(GetOverview))
    if place is not None:
        if not any(within(place, scope) for scope in scopes):
            raise OutsideYourArea(place=place)
        scopes = [place]
    if not scopes:
        raise Forbidden()
    return sorted({one for one in scopes if not any(one != other and within(one, other) for other in scopes)})


def inside(column: Any, scopes: Iterable[str]) -> Condition:
    return or_(*(column.startswith(scope, autoescape=True) if scope else literal(True) for scope in scopes))


# -- counting ------------------------------------------------------------------------------------------


def _in_hand_by_place(connection: Connection, now: datetime, *which: Condition) -> list[Any]:
    """What is in hand, by place and matter: one walk over an index of nothing else."""
    overdue, soon = cases.c.next_due_at < now, cases.c.next_due_at < now + model.SOON
    columns = (
        func.count().label("in_hand"),
        func.count().filter(overdue).label("overdue"),
        func.count().filter(soon & ~overdue).label("due_soon"),
    )
    wanted = select(cases.c.place, cases.c.matter, *columns).where(cases.c.closed_at.is_(None), *which)
    return list(connection.execute(wanted.group_by(cases.c.place, cases.c.matter)))


def count_one(
    read: Read, number: Number, scopes: list[str], *which: Condition, span: Span | None = None
) -> int:
    table = number.table
    counted = select(func.count()).select_from(table)
    counted = counted.where(number.which(read.now, span), inside(table.c.place, scopes), *which)
    return int(read.connection.execute(counted).scalar_one())


def window(read: Read, scopes: list[str]) -> dict[str, Counter[str]]:
    """The figures of the last thirty days by unit ('' is all): sums by day, what is yet to be added, and what is late now."""
    since, until = next(iter(TALLIED.values())).span(read.now)
    return sums(read, scopes, (since, until))


def sums(read: Read, scopes: list[str], span: Span, unit: str | None = None) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    exact = [scope for scope in scopes if len(scope) in model.LEVELS]
    others = [scope for scope in scopes if len(scope) not in model.LEVELS]
    if exact:
        first, last = (model.today(moment) for moment in span)

        def some(table: Table, where: Condition) -> Any:
            wanted = select(table.c.unit, table.c.figure, table.c.n)
            if unit is not None:
                where = and_(where, table.c.unit == unit)
            return wanted.where(where, table.c.day >= first, table.c.day < last)

        both = union_all(
            some(tallies, tallies.c.place.in_(exact)), some(changes, inside(changes.c.place, exact))
        ).subquery()
        rows = read.connection.execute(
            select(both.c.unit, both.c.figure, func.sum(both.c.n)).group_by(both.c.unit, both.c.figure)
        )
        for name, figure, n in rows:
            found[name][figure] += n
        _add_what_is_late(read, found, exact, span, unit)
    if others:
        _add_counted(read, found, others, span, unit)
    return found


def _add_what_is_late(
    read: Read, found: dict[str, Counter[str]], scopes: list[str], span: Span, unit: str | None
) -> None:
    """The live part of each figure: tasks in hand that have become late by now."""
    live = {
        name: and_(number.live(read.now), ~number.settled, number.moment >= span[0], number.moment < span[1])
        for name, number in TALLIED.items()
        if number.live
    }
    columns = [func.count().filter(which).label(name) for name, which in live.items()]
    held = select(lanes.c.unit, *columns).where(lanes.c.status.in_(model.OPEN), inside(lanes.c.place, scopes))
    if unit:
        held = held.where(lanes.c.unit == unit)
    for name, *counts in read.connection.execute(held.group_by(lanes.c.unit)):
        for figure, n in zip(live, counts, strict=True):
            found[name][figure] += n
            found[""][figure] += n


def _add_counted(
    read: Read, found: dict[str, Counter[str]], scopes: list[str], span: Span, unit: str | None
) -> None:
    """The same of an area too small to have sums of its own."""
    for table in (cases, lanes):
        figures = {name: one.which(read.now, span) for name, one in TALLIED.items() if one.table is table}
        columns = [func.count().filter(which).label(name) for name, which in figures.items()]
        parts = func.unnest(cases.c.units).table_valued("unit").lateral("part")
        for by_unit in (True, False):
            if unit is not None and by_unit != bool(unit):
                continue
            name: Any = literal("")
            wanted = select(*columns).where(inside(table.c.place, scopes))
            if by_unit:
                name = lanes.c.unit if table is lanes else parts.c.unit
                wanted = wanted.select_from(table if table is lanes else cases.join(parts, true()))
                wanted = wanted.group_by(name)
            wanted = wanted.add_columns(name.label("name"))
            for *counts, key in read.connection.execute(wanted):
                if unit is None or unit == key:
                    for figure, n in zip(figures, counts, strict=True):
                        found[key][figure] += n
    seconds = func.extract("epoch", lanes.c.finished_at - lanes.c.signed_at)
    took = TALLIED["tasks_done"].which(read.now, span) & lanes.c.signed_at.is_not(None)
    for key, spent in read.connection.execute(
        select(lanes.c.unit, seconds).where(took, inside(lanes.c.place, scopes))
    ):
        for name in (key, ""):
            found[name][f"{model.TOOK}{model.took_bin(float(spent))}"] += 1


def median_seconds(figures: Counter[str]) -> float | None:
    cut = len(model.TOOK)
    return model.median_of_classes(
        {int(name[cut:]): n for name, n in figures.items() if name.startswith(model.TOOK)}
    )


def rates_of(figures: Counter[str], names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        above, below = RATES[name]
        found[name] = model.rate(figures[above], figures[below], model.TARGETS.get(name))
        found[name]["behind"] = {"numerator": above, "denominator": below}
    return found


def first_rows(connection: Connection, now: datetime) -> list[tuple[str, dict[str, int]]]:
    """The wall's four numbers by community, of everywhere that has any."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _in_hand_by_place(connection, now):
        found[row.place[: model.LEVELS[-1]]].update(
            {"in_hand": row.in_hand, "overdue": row.overdue, "due_soon": row.due_soon}
        )
    closed = select(cases.c.place, func.count().label("n")).where(NUMBERS["closed_today"].which(now))
    for row in connection.execute(closed.group_by(cases.c.place)):
        found[row.place[: model.LEVELS[-1]]]["closed_today"] += row.n
    return [(place, {name: numbers[name] for name in model.FIRST_ROW}) for place, numbers in found.items()]


# -- the wall ------------------------------------------------------------------------------------------


def get_overview(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    in_hand = _in_hand_by_place(read.connection, read.now, inside(cases.c.place, scopes))
    numbers = {
        name: sum(getattr(row, name) for row in in_hand) for name in ("overdue", "due_soon", "in_hand")
    }
    numbers["closed_today"] = count_one(read, NUMBERS["closed_today"], scopes)
    figures = window(read, scopes)
    urgent = _listed("in_hand", scopes, read.now).order_by("urgency", "name").limit(model.MOST_URGENT)
    return {
        "place": query.place or "",
        "at": read.now,
        "n": _times_told(read, query.place or ""),
        "numbers": {name: numbers[name] for name in model.FIRST_ROW},
        "urgent": [_item(row, read.now) for row in read.connection.execute(urgent).mappings()],
        "rates": rates_of(figures[""], THREE_RATES),
        "findings": _findings(read, scopes, in_hand),
        "departments": _departments(read, scopes, figures),
        "grids": _grids(in_hand),
    }


def _times_told(read: Read, place: str) -> int:
    return read.connection.execute(select(said.c.n).where(said.c.place == place)).scalar_one_or_none() or 0


def _findings(read: Read, scopes: list[str], in_hand: list[Any]) -> list[dict[str, Any]]:
    filed = (
        select(cases.c.matter, func.count().label("n"))
        .where(NUMBERS["filed_today"].which(read.now), cases.c.matter.in_(model.FINDINGS))
        .where(inside(cases.c.place, scopes))
        .group_by(cases.c.matter)
    )
    today = {row.matter: row.n for row in read.connection.execute(filed)}
    now: Counter[str] = Counter()
    for row in in_hand:
        now[row.matter] += row.in_hand
    return [
        {"matter": matter, "in_hand": now[matter], "filed_today": today.get(matter, 0)}
        for matter in model.FINDINGS
    ]


def get_departments(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    return {"items": _departments(read, scopes, window(read, scopes)), "at": read.now}


def _departments(read: Read, scopes: list[str], figures: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    names = ("tasks_open", "tasks_overdue")
    columns = [func.count().filter(NUMBERS[name].which(read.now)).label(name) for name in names]
    held = select(lanes.c.unit, *columns).where(lanes.c.status.in_(model.OPEN), inside(lanes.c.place, scopes))
    now = {row.unit: row for row in read.connection.execute(held.group_by(lanes.c.unit))}
    items = []
    for unit in sorted(now.keys() | (figures.keys() - {""})):
        counts = figures[unit] if unit in figures else Counter()
        items.append(
            {"unit": unit}
            | {name: getattr(now[unit], name) if unit in now else 0 for name in names}
            | {name: counts[name] for name in ("tasks_signed_late", "tasks_done")}
            | {"median_seconds": median_seconds(counts)}
            | unit_names(unit)
        )
    return sorted(items, key=lambda item: (-item["tasks_overdue"], item["unit"]))


def unit_names(unit: str) -> dict[str, str]:
    known = UNITS.get(unit, {})
    return {"zh": known.get("zh", unit), "en": known.get("en", unit)}


def get_grids(read: Read, query: Any) -> dict[str, Any]:
    scopes = areas(read, query.place)
    in_hand = _in_hand_by_place(read.connection, read.now, inside(cases.c.place, scopes))
    return {"items": _grids(in_hand), "at": read.now}


def _grids(in_hand: list[Any]) -> list[dict[str, Any]]:
    names = ("in_hand", "overdue", "due_soon")
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in in_hand:
        found[row.place].update({name: getattr(row, name) for name in names})
    return [{"place": place, **{name: found[place][name] for name in names}} for place in sorted(found)]


# -- what is behind a number ---------------------------------------------------------------------------


def list_behind(read: Read, query: Any) -> dict[str, Any]:
    scopes, number = areas(read, query.place), NUMBERS[query.number]
    span = model.span_of(query.period, query.on, read.now)
    narrower = narrowed(number.table, query)
    wanted = _listed(query.number, scopes, read.now, span).where(*narrower)
    found = page(read.connection, wanted, _order(number), query, descending=number.moment is not None)
    return found | {
        "items": [_item(row, read.now) for row in found["items"]],
        "count": _count(read, query, number, scopes, narrower, span),
        "at": read.now,
    }


def _count(
    read: Read, query: Any, number: Number, scopes: list[str], narrower: list[Condition], span: Span | None
) -> int:
    """By the sums where there are some; they are the same count."""
    tallied = query.number in TALLIED and all(len(scope) in model.LEVELS for scope in scopes)
    if tallied and not any(getattr(query, name) for name in ("matter", "channel", "staff")):
        unit = query.unit or ""
        return sums(read, scopes, span or number.span(read.now), unit)[unit][query.number]
    return count_one(read, number, scopes, *narrower, span=span)


def narrowed(table: Table, query: Any) -> list[Condition]:
    """Only of a unit, a matter, a channel, a member of staff."""
    found: list[Condition] = []
    if query.matter:
        found.append(table.c.matter == query.matter)
    if query.channel:
        found.append(table.c.channel == query.channel)
    if query.unit:
        found.append(lanes.c.unit == query.unit if table is lanes else cases.c.units.contains([query.unit]))
    if query.staff:
        found.append(
            lanes.c.officer == query.staff if table is lanes else cases.c.officers.contains([query.staff])
        )
    return found


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
}

__all__ = ["NEVER", "NUMBERS", "QUERIES"]
