"""Every number is a row of NUMBERS: what it counts and which of them. Its count and its list use the same row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.chassis.identifiers import within
from services.chassis.paging import page
from services.contracts.insight import GetDepartments, GetGrids, GetOverview, ListBehind
from services.contracts.messages import Query
from services.contracts.roles import may
from services.contracts.units import UNITS
from services.insight import model
from services.insight.tables import cases, event_log, lanes, said

Condition = ColumnElement[bool]
Which = Callable[[datetime], Condition]

NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class OutsideYourArea(Forbidden):
    """The area {place} is not within yours."""

    zh = "“{place}”不在您的辖区内。"


# -- what each number counts ---------------------------------------------------------------------------


def _latest_opinions() -> Any:
    """The applicant's latest word on each case: what he said when called back, or his stars."""
    spoke = event_log.c.kind.in_(("called-back", "rated"))
    reached = or_(event_log.c.kind == "rated", event_log.c.detail["reached"].as_boolean())
    satisfied = case(
        (event_log.c.kind == "rated", event_log.c.detail["stars"].as_integer() >= model.SATISFIED_FROM),
        else_=event_log.c.detail["satisfied"].as_boolean(),
    )
    resolved = event_log.c.detail["resolved"].as_boolean()
    return (
        select(
            event_log.c.case_no,
            event_log.c.at,
            event_log.c.kind,
            satisfied.label("satisfied"),
            resolved.label("resolved"),
        )
        .where(spoke, reached)
        .order_by(event_log.c.case_no, event_log.c.seq.desc())
    )


def _said_by_applicant(column: str, value: bool | None, kinds: tuple[str, ...]) -> Which:
    def which(now: datetime) -> Condition:
        latest = (
            _latest_opinions()
            .where(event_log.c.kind.in_(kinds))
            .ext(distinct_on(event_log.c.case_no))
            .subquery()
        )
        word = latest.c[column].is_not(None) if value is None else latest.c[column] == value
        return cases.c.case_no.in_(select(latest.c.case_no).where(word, latest.c.at >= now - model.WINDOW))

    return which


_CALLED, _ANY_WORD = ("called-back",), ("called-back", "rated")
_in_hand = cases.c.closed_at.is_(None)
_held = lanes.c.status.in_(model.OPEN)
_ticking = lanes.c.status.in_(model.TICKING)


def _recent(column: Any, now: datetime) -> Condition:
    return column >= now - model.WINDOW


def _sign_due(now: datetime) -> Condition:
    return and_(
        _recent(lanes.c.assigned_at, now),
        or_(lanes.c.signed_at.is_not(None), and_(lanes.c.status == "assigned", lanes.c.sign_by < now)),
    )


def _closed_today(now: datetime) -> Condition:
    return and_(cases.c.status.in_(model.ANSWERED), cases.c.closed_at >= model.midnight(now))


def _due_soon(now: datetime) -> Condition:
    return and_(_in_hand, cases.c.next_due_at >= now, cases.c.next_due_at < now + model.SOON)


@dataclass(frozen=True)
class Number:
    table: Table
    which: Which

    def count(self, now: datetime) -> Any:
        return func.count().filter(self.which(now))


NUMBERS: dict[str, Number] = {
    "overdue": Number(cases, lambda now: and_(_in_hand, cases.c.next_due_at < now)),
    "due_soon": Number(cases, _due_soon),
    "in_hand": Number(cases, lambda now: _in_hand),
    "closed_today": Number(cases, _closed_today),
    "filed_today": Number(cases, lambda now: cases.c.filed_at >= model.midnight(now)),
    "called_back": Number(cases, _said_by_applicant("resolved", None, _CALLED)),
    "resolved": Number(cases, _said_by_applicant("resolved", True, _CALLED)),
    "asked": Number(cases, _said_by_applicant("satisfied", None, _ANY_WORD)),
    "satisfied": Number(cases, _said_by_applicant("satisfied", True, _ANY_WORD)),
    "tasks_open": Number(lanes, lambda now: _held),
    "tasks_overdue": Number(lanes, lambda now: and_(_ticking, lanes.c.due_at < now)),
    "tasks_done": Number(
        lanes, lambda now: and_(lanes.c.status.in_(model.DONE), _recent(lanes.c.finished_at, now))
    ),
    "tasks_signed_late": Number(
        lanes, lambda now: and_(_recent(lanes.c.assigned_at, now), lanes.c.signed_at > lanes.c.sign_by)
    ),
    "sign_due": Number(lanes, _sign_due),
    "signed_in_time": Number(lanes, lambda now: and_(_sign_due(now), lanes.c.signed_at <= lanes.c.sign_by)),
}

RATES = {
    "response": ("signed_in_time", "sign_due"),
    "resolution": ("resolved", "called_back"),
    "satisfaction": ("satisfied", "asked"),
}
"""Rate -> the numbers above and below the line. Who could not be reached is in neither."""


# -- where one may look --------------------------------------------------------------------------------


def _area(read: Read, table: Table, place: str | None) -> Condition:
    """The caller's areas, or the one asked for, which must lie within them."""
    scopes = read.caller.scopes(*may(GetOverview))
    if place is not None:
        if not any(within(place, scope) for scope in scopes):
            raise OutsideYourArea(place=place)
        scopes = [place]
    if not scopes:
        raise Forbidden()
    return or_(*(_within(table, scope) for scope in scopes))


def _within(table: Table, scope: str) -> Condition:
    return table.c.place.startswith(scope, autoescape=True) if scope else literal(True)


def _counts(read: Read, names: Iterable[str], place: str | None, *more: Condition) -> dict[str, int]:
    """Several numbers of one table in one look."""
    names = list(names)
    table = NUMBERS[names[0]].table
    columns = [NUMBERS[name].count(read.now).label(name) for name in names]
    statement = select(*columns).select_from(table).where(_area(read, table, place), *more)
    return dict(read.connection.execute(statement).mappings().one())


def first_rows(connection: Connection, now: datetime) -> list[tuple[str, dict[str, int]]]:
    """The wall's four numbers by community, of everywhere that has any."""
    community = func.left(cases.c.place, model.LEVELS[-1])
    columns = [NUMBERS[name].count(now).label(name) for name in model.FIRST_ROW]
    worth_counting = or_(_in_hand, cases.c.closed_at >= model.midnight(now))
    rows = connection.execute(select(community, *columns).where(worth_counting).group_by(community))
    return [(place, dict(zip(model.FIRST_ROW, numbers, strict=True))) for place, *numbers in rows]


# -- the wall ------------------------------------------------------------------------------------------


def get_overview(read: Read, query: Any) -> dict[str, Any]:
    urgent = (
        _list(read, "in_hand", query.place, None, None).order_by("urgency", "name").limit(model.MOST_URGENT)
    )
    return {
        "place": query.place or "",
        "at": read.now,
        "n": _times_told(read, query.place or ""),
        "numbers": _counts(read, model.FIRST_ROW, query.place),
        "urgent": [_item(row, read.now) for row in read.connection.execute(urgent).mappings()],
        "rates": _rates(read, query.place),
        "findings": _findings(read, query.place),
        "departments": get_departments(read, query)["items"],
        "grids": get_grids(read, query)["items"],
    }


def _times_told(read: Read, place: str) -> int:
    return read.connection.execute(select(said.c.n).where(said.c.place == place)).scalar_one_or_none() or 0


def _rates(read: Read, place: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (above, below) in RATES.items():
        counts = _counts(read, (above, below), place)
        found[name] = model.rate(counts[above], counts[below], model.TARGETS[name])
        found[name]["behind"] = {"numerator": above, "denominator": below}
    return found


def _findings(read: Read, place: str | None) -> list[dict[str, Any]]:
    names = ("in_hand", "filed_today")
    columns = [NUMBERS[name].count(read.now).label(name) for name in names]
    statement = (
        select(cases.c.matter, *columns)
        .where(cases.c.matter.in_(model.FINDINGS), _area(read, cases, place))
        .group_by(cases.c.matter)
    )
    counted = {row.matter: dict(row._mapping) for row in read.connection.execute(statement)}
    return [
        counted.get(matter, {"matter": matter, "in_hand": 0, "filed_today": 0}) for matter in model.FINDINGS
    ]


def get_departments(read: Read, query: Any) -> dict[str, Any]:
    names = ("tasks_open", "tasks_overdue", "tasks_signed_late", "tasks_done")
    columns = [NUMBERS[name].count(read.now).label(name) for name in names]
    seconds = func.extract("epoch", lanes.c.finished_at - lanes.c.signed_at)
    median = func.percentile_cont(0.5).within_group(seconds).filter(NUMBERS["tasks_done"].which(read.now))
    statement = (
        select(lanes.c.unit, *columns, median.label("median_seconds"))
        .where(_area(read, lanes, query.place))
        .group_by(lanes.c.unit)
        .order_by(func.count().filter(NUMBERS["tasks_overdue"].which(read.now)).desc(), lanes.c.unit)
    )
    items = [dict(row._mapping) | _names(row.unit) for row in read.connection.execute(statement)]
    return {"items": items, "at": read.now}


def _names(unit: str) -> dict[str, str]:
    known = UNITS.get(unit, {})
    return {"zh": known.get("zh", unit), "en": known.get("en", unit)}


def get_grids(read: Read, query: Any) -> dict[str, Any]:
    names = ("in_hand", "overdue", "due_soon")
    columns = [NUMBERS[name].count(read.now).label(name) for name in names]
    statement = (
        select(cases.c.place, *columns)
        .where(_in_hand, _area(read, cases, query.place))
        .group_by(cases.c.place)
        .order_by(cases.c.place)
    )
    return {"items": [dict(row._mapping) for row in read.connection.execute(statement)], "at": read.now}


# -- what is behind a number ---------------------------------------------------------------------------


def list_behind(read: Read, query: Any) -> dict[str, Any]:
    wanted = _list(read, query.number, query.place, query.unit, query.matter)
    count = read.connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    found = page(read.connection, wanted, _order(NUMBERS[query.number].table), query)
    return found | {"items": [_item(row, read.now) for row in found["items"]], "count": count, "at": read.now}


def _list(read: Read, number: str, place: str | None, unit: str | None, matter: str | None) -> Select[Any]:
    table = NUMBERS[number].table
    statement = select(table, *_order(table)).where(
        NUMBERS[number].which(read.now), _area(read, table, place)
    )
    if matter is not None:
        statement = statement.where(table.c.matter == matter)
    if unit is not None and table is lanes:
        statement = statement.where(lanes.c.unit == unit)
    elif unit is not None:
        statement = statement.where(cases.c.case_no.in_(select(lanes.c.case_no).where(lanes.c.unit == unit)))
    return statement


def _order(table: Table) -> tuple[Any, Any]:
    """Most urgent first; what has no due time at present comes last."""
    due, name = (
        (lanes.c.due_at, lanes.c.task_id) if table is lanes else (cases.c.next_due_at, cases.c.case_no)
    )
    return func.coalesce(due, NEVER).label("urgency"), name.label("name")


_INTERNAL = {"urgency", "name", "seq"}


def _item(row: Any, now: datetime) -> dict[str, Any]:
    item = {key: value for key, value in row.items() if key not in _INTERNAL}
    if "unit" in item:
        ticking, due = item["status"] in model.TICKING, item["due_at"]
    else:
        ticking, due = item["closed_at"] is None, item["next_due_at"]
    return item | {"overdue": bool(ticking and due and due < now)}


QUERIES: dict[type[Query], Callable[..., Any]] = {
    GetOverview: get_overview,
    GetDepartments: get_departments,
    GetGrids: get_grids,
    ListBehind: list_behind,
}
