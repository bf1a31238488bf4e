"""What each number counts. Its count, its list, its share in a rate and its daily tally all come from its one row here.

A number either tells of now (what is in hand) or of a time: then each case or task belongs to the day of one moment.
What time alone can change about the latter (an unsigned task becomes late) is its `live` part; the rest is settled and
can be tallied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, or_
from sqlalchemy.dialects import postgresql

from services.insight import model
from services.insight.tables import cases, lanes

Condition = ColumnElement[bool]
Which = Callable[[datetime], Condition]
Span = tuple[datetime, datetime]

_in_hand = cases.c.closed_at.is_(None)
_held = lanes.c.status.in_(model.OPEN)
_ticking = lanes.c.status.in_(model.TICKING)
_done = lanes.c.status.in_(model.DONE)
_answered = cases.c.status.in_(model.ANSWERED)
_signed = lanes.c.signed_at.is_not(None)


@dataclass(frozen=True)
class Number:
    table: Table
    settled: Condition
    """Which of them, whatever the time is."""
    moment: Any = None
    """The moment whose day a thing belongs to; none for a number of now."""
    live: Which | None = None
    """Which of them in addition, as time goes by."""
    of_today: bool = False

    def which(self, now: datetime, span: Span | None = None) -> Condition:
        found = or_(self.settled, self.live(now)) if self.live else self.settled
        if self.moment is None:
            return found
        since, until = span or self.span(now)
        return and_(self.moment >= since, self.moment < until, found)

    def span(self, now: datetime) -> Span:
        """Today, or the last thirty days of which today is one; whole days in China."""
        until = model.midnight(now) + model.DAY
        return (until - (model.DAY if self.of_today else model.WINDOW), until)


def _now(table: Table, which: Which) -> Number:
    return Number(table, false(), live=which)


def _past(table: Table, which: Condition, moment: Any, **more: Any) -> Number:
    return Number(table, which, moment, **more)


_filed, _closed = cases.c.filed_at.is_not(None), _answered
_asked, _called = cases.c.satisfied.is_not(None), cases.c.resolved.is_not(None)
_assigned = lanes.c.assigned_at.is_not(None)

NUMBERS: dict[str, Number] = {
    # -- of now
    "overdue": _now(cases, lambda now: and_(_in_hand, cases.c.next_due_at < now)),
    "due_soon": _now(
        cases,
        lambda now: and_(_in_hand, cases.c.next_due_at >= now, cases.c.next_due_at < now + model.SOON),
    ),
    "in_hand": _now(cases, lambda now: _in_hand),
    "tasks_open": _now(lanes, lambda now: _held),
    "tasks_overdue": _now(lanes, lambda now: and_(_ticking, lanes.c.due_at < now)),
    # -- of cases, by a day
    "closed_today": _past(cases, _closed, cases.c.closed_at, of_today=True),
    "filed_today": _past(cases, _filed, cases.c.filed_at, of_today=True),
    "filed": _past(cases, _filed, cases.c.filed_at),
    "closed": _past(cases, _closed, cases.c.closed_at),
    "closed_in_time": _past(cases, and_(_closed, cases.c.closed_at <= cases.c.due_at), cases.c.closed_at),
    "ping_pong": _past(cases, cases.c.returns >= model.PING_PONG_FROM, cases.c.filed_at),
    "supervised": _past(cases, cases.c.level >= 1, cases.c.filed_at),
    "called_back": _past(cases, _called, cases.c.called_at),
    "resolved": _past(cases, cases.c.resolved.is_(True), cases.c.called_at),
    "asked": _past(cases, _asked, cases.c.word_at),
    "satisfied": _past(cases, cases.c.satisfied.is_(True), cases.c.word_at),
    # -- of tasks, by a day
    "tasks_assigned": _past(lanes, _assigned, lanes.c.assigned_at),
    "tasks_returned": _past(lanes, lanes.c.returns >= 1, lanes.c.assigned_at),
    "tasks_extended": _past(lanes, lanes.c.extensions >= 1, lanes.c.assigned_at),
    "tasks_signed_late": _past(lanes, lanes.c.signed_at > lanes.c.sign_by, lanes.c.assigned_at),
    "sign_due": _past(
        lanes,
        _signed,
        lanes.c.assigned_at,
        live=lambda now: and_(lanes.c.status == "assigned", lanes.c.sign_by < now),
    ),
    "signed_in_time": _past(lanes, lanes.c.signed_at <= lanes.c.sign_by, lanes.c.assigned_at),
    "tasks_done": _past(lanes, _done, lanes.c.finished_at),
    "tasks_due": _past(
        lanes, _done, lanes.c.due_at, live=lambda now: and_(_ticking, lanes.c.due_at < now)
    ),
    "tasks_in_time": _past(lanes, and_(_done, lanes.c.finished_at <= lanes.c.due_at), lanes.c.due_at),
    "tasks_late": _past(
        lanes,
        and_(_done, lanes.c.finished_at > lanes.c.due_at),
        lanes.c.due_at,
        live=lambda now: and_(_ticking, lanes.c.due_at < now),
    ),
}  # fmt: skip

RATES = {
    "response": ("signed_in_time", "sign_due"),
    "resolution": ("resolved", "called_back"),
    "satisfaction": ("satisfied", "asked"),
    "timeliness": ("tasks_in_time", "tasks_due"),
    "returned": ("tasks_returned", "tasks_assigned"),
    "extended": ("tasks_extended", "tasks_assigned"),
}
"""Rate -> the numbers above and below the line. Who could not be reached is in neither."""
THREE_RATES = ("response", "resolution", "satisfaction")

TALLIED = {
    name: number for name, number in NUMBERS.items() if number.moment is not None and not number.of_today
}


# -- the same conditions as SQL text, for the sums by day ------------------------------------------------


def sql(condition: Any) -> str:
    return str(condition.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))


def _day(moment: str) -> str:
    return f"CAST(timezone('Asia/Shanghai', {moment}) AS date)"


@cache
def shares(table: Table, which: str, within: str = "true") -> str:
    """What rows of a table (those of which `which` is true) add to which figure of which day: place, day, unit, figure, n.

    A task adds to its unit and to all; a case to each unit that has a part in it, and to all.
    """
    named = [
        f"('{name}', {sql(number.settled)}, {number.moment})"
        for name, number in TALLIED.items()
        if number.table is table
    ]
    if table is lanes:
        took = model.took_bin_sql("extract(epoch FROM lanes.finished_at - lanes.signed_at)")
        named.append(f"('{model.TOOK}' || {took}, {sql(and_(_done, _signed))}, lanes.finished_at)")
        units = "unnest(ARRAY['', lanes.unit])"
    else:
        units = "unnest(array_append(cases.units, ''))"
    return f"""
        SELECT left(place, {model.LEVELS[-1]}) AS place, day, one.unit, share.figure, count(*) AS n
        FROM {table.name}
        CROSS JOIN LATERAL (VALUES {", ".join(named)}) AS share (figure, counts, moment)
        CROSS JOIN LATERAL (SELECT {_day("share.moment")}) AS dated (day)
        CROSS JOIN LATERAL {units} AS one (unit)
        WHERE {which} AND share.counts AND share.moment IS NOT NULL AND {within}
        GROUP BY 1, 2, 3, 4
    """  # noqa: S608


def rolled_up(parts: str) -> str:
    """Shares summed into every larger area, and into the day and its month: place, period, unit, numbers."""
    levels = ", ".join(str(digits) for digits in model.LEVELS)
    return f"""
        SELECT place, period, unit, jsonb_object_agg(figure, n) AS numbers FROM (
            SELECT left(part.place, digits) AS place, period, part.unit, part.figure, sum(part.n)::integer AS n
            FROM ({parts}) AS part CROSS JOIN unnest(ARRAY[{levels}]) AS level (digits)
            CROSS JOIN LATERAL (VALUES (to_char(day, 'YYYY-MM-DD')), (to_char(day, 'YYYY-MM'))) AS long (period)
            WHERE digits <= length(part.place) GROUP BY 1, 2, 3, 4) AS area
        WHERE n <> 0 GROUP BY 1, 2, 3
    """  # noqa: S608


DAYS = {
    table: [number.moment for number in TALLIED.values() if number.table is table] for table in (cases, lanes)
}
