"""Parts and events as they are looked at: lists, one event with its history, figures of the grids."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import case, func, select

from services.chassis.calendar import ZONE
from services.chassis.database import Read
from services.contracts import events
from services.contracts.roles import may
from services.registry import model as registry_model
from services.registry import reading, rulebook
from services.registry.events import kinds, model
from services.registry.events.repository import event_of
from services.registry.events.tables import grid_event_steps, grid_events, parts
from services.registry.reading import Page
from services.registry.repository import Repository
from services.registry.tables import grids

_HIDDEN = ("late", "ever_late")


def list_event_kinds(read: Read, query: Any) -> dict[str, Any]:
    try:
        return kinds.rules(query.place, read.now).plain
    except rulebook.NoRule:
        raise model.NoKindList() from None


def list_parts(read: Read, query: Any) -> Page:
    c = parts.c
    statement = (
        select(parts)
        .where(reading.within(c.grid, read.caller, events.ListParts, query.place))
        .order_by(c.code)
        .limit(query.limit + 1)
    )
    if not query.retired:
        statement = statement.where(c.retired_at.is_(None))
    if query.kind:
        statement = statement.where(c.kind == query.kind)
    if query.owner:
        statement = statement.where(c.owner == query.owner)
    if query.cursor:
        statement = statement.where(c.code > query.cursor)
    return reading.page(read, statement, query.limit, "code")


def get_grid_event(read: Read, query: Any) -> dict[str, Any]:
    statement = select(grid_events).where(grid_events.c.event_no == query.event_no)
    row = read.connection.execute(statement).first()
    if row is None or not read.caller.may(may(events.GetGridEvent), row.place):
        raise model.UnknownGridEvent(event_no=query.event_no)
    c = grid_event_steps.c
    steps = select(c.seq, c.at, c.verb, c.state, c.actor, c.detail).where(c.event_no == query.event_no)
    rules = kinds.rules(row.place, read.now)
    alike = Repository(read.connection).alike(event_of(row), rules) if row.state in ("found", "filed") else []
    kind = rules.kinds.get(row.kind)
    return _shown(row._mapping, read.now) | {
        "kind_zh": kind.names[0] if kind else None,
        "kind_en": kind.names[1] if kind else None,
        "units": list(kind.units) if kind else [],
        "steps": [dict(step) for step in read.connection.execute(steps.order_by(c.seq)).mappings()],
        "alike": [
            {name: getattr(one, name) for name in ("event_no", "state", "address", "found_at")}
            for one in alike
        ],
    }


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _HIDDEN}
    return shown | {
        "overdue": row["due_at"] is not None and row["due_at"] < now,
        "in_time": not row["ever_late"] if row["handled_at"] else None,
    }


def list_grid_events(read: Read, query: Any) -> Page:
    """By number, the newest first; overdue ones by how late they are."""
    c = grid_events.c
    statement = select(grid_events).where(
        reading.within(c.place, read.caller, events.ListGridEvents, query.place)
    )
    for name in ("state", "kind", "handler"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(c[name] == value)
    if query.overdue:
        statement = statement.where(c.due_at < read.now).order_by(c.due_at, c.event_no)
        if found := _late_cursor(query.cursor):
            statement = statement.where(func.row(c.due_at, c.event_no) > func.row(*found))
    else:
        statement = statement.order_by(c.event_no.desc())
        if query.cursor:
            statement = statement.where(c.event_no < query.cursor)
    rows = read.connection.execute(statement.limit(query.limit + 1)).mappings().all()
    items = [_shown(row, read.now) for row in rows[: query.limit]]
    last = items[-1] if len(rows) > query.limit else None
    after = None
    if last:
        after = f"{last['due_at'].isoformat()} {last['event_no']}" if query.overdue else last["event_no"]
    return {"items": items, "next": after}


def _late_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    due, _, event_no = (cursor or "").partition(" ")
    try:
        at = datetime.fromisoformat(due)
    except ValueError:
        return None
    return (at, event_no) if at.tzinfo else None


def get_grid_figures(read: Read, query: Any) -> dict[str, Any]:
    """Each rate with what it is made of; events that ended as nothing are not counted as work."""
    until = query.until or registry_model.today(read.now)
    since = query.since or until - timedelta(days=30)
    begin, end = _midnight(since), _midnight(until + timedelta(days=1))
    c = grid_events.c
    found = c.found_at.between(begin, end)
    counted = found & c.state.not_in(("dismissed", "merged"))
    done = counted & c.handled_at.is_not(None)
    counts = (
        select(
            c.place,
            func.count().filter(found).label("found"),
            func.count().filter(found & (c.state == "closed")).label("closed"),
            func.count().filter(found & c.state.in_(("dismissed", "merged"))).label("not_counted"),
            func.count().filter(done).label("handled"),
            func.count().filter(done & c.ever_late.is_(False)).label("handled_in_time"),
            func.count().filter(c.state.in_(model.OPEN)).label("open"),
            func.count().filter(c.due_at < read.now).label("overdue"),
            func.count(case((found & (c.failed > 0), 1))).label("failed_check"),
        )
        .where(
            reading.within(c.place, read.caller, events.GetGridFigures, query.place),
            found | c.state.in_(model.OPEN),  # nothing else is counted below
        )
        .group_by(c.place)
        .subquery()
    )
    standing = (
        select(func.count())
        .where(parts.c.grid == grids.c.code, parts.c.retired_at.is_(None))
        .correlate(grids)
        .scalar_subquery()
    )
    names = [column.name for column in counts.c if column.name != "place"]
    statement = (
        select(
            grids.c.code.label("grid"),
            grids.c.name,
            standing.label("parts"),
            *(func.coalesce(counts.c[name], 0).label(name) for name in names),
        )
        .outerjoin(counts, counts.c.place == grids.c.code)
        .where(reading.within(grids.c.code, read.caller, events.GetGridFigures, query.place))
        .order_by(grids.c.code)
        .limit(MOST_GRIDS)
    )
    items = [dict(row) for row in read.connection.execute(statement).mappings()]
    total = {name: sum(item[name] for item in items) for name in ("parts", *names)}
    return {"since": since, "until": until, "items": items, "total": total}


MOST_GRIDS = 500


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


QUERIES = {
    events.ListEventKinds: list_event_kinds,
    events.ListParts: list_parts,
    events.GetGridEvent: get_grid_event,
    events.ListGridEvents: list_grid_events,
    events.GetGridFigures: get_grid_figures,
}
