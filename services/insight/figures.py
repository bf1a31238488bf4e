"""Figures: how many of each number, by unit, officer, company, area, matter, channel, day or month.

Where the sums by day hold what is asked they are read (a few thousand rows, whatever the years brought); everything
else is counted where it lies, by the same conditions. A property test holds both ways equal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Date, Table, and_, cast, func, literal, literal_column, or_, select, true, union_all

from services.chassis.database import Read
from services.insight import companies, model
from services.insight.areas import inside
from services.insight.numbers import NUMBERS, RATES, TALLIED, Condition, Number, Span
from services.insight.tables import NEVER, cases, changes, lanes, last_of_case, last_of_lane, tallies

UNIT_AND_ALL = "unit and all"
Found = dict[str, Counter[str]]
Keyed = Any

DIGITS = {"street": 9, "community": 12, "grid": 15}
_BY_THE_SUMS = ("all", "unit", "street", "community", "day", "month")


def lately(now: datetime) -> Span:
    return TALLIED["filed"].span(now)


def by_unit(read: Read, scopes: list[str], span: Span) -> Found:
    """By unit, and of all under ''; with what each has in hand."""
    found: Found = defaultdict(Counter)
    with_sums = [scope for scope in scopes if len(scope) in model.LEVELS]
    others = [scope for scope in scopes if scope not in with_sums]
    if with_sums:
        _add_sums(read, found, with_sums, span, UNIT_AND_ALL, None)
        _add_what_is_late(read, found, with_sums, span, UNIT_AND_ALL, None)
    if others:
        _add_counted(read, found, others, span, UNIT_AND_ALL, None)
        _add_what_is_late(read, found, others, None, UNIT_AND_ALL, None)
    return found


def by_key(
    read: Read, scopes: list[str], span: Span, by: str, only: Any = None, by_sums: bool = True
) -> Found:
    """`only` narrows to a unit, matter, channel, officer or company, as the question names them."""
    found: Found = defaultdict(Counter)
    summed = by_sums and by in _BY_THE_SUMS and not _beside_unit(only)
    with_sums = [
        scope
        for scope in scopes
        if summed and len(scope) in model.LEVELS and len(scope) <= DIGITS.get(by, 15)
    ]
    others = [scope for scope in scopes if scope not in with_sums]
    if with_sums:
        _add_sums(read, found, with_sums, span, by, only.unit if only else None)
        _add_what_is_late(read, found, with_sums, span, by, only)
    if others:
        _add_counted(read, found, others, span, by, only)
    if by == "all" and "" not in found:
        found[""] = Counter()
    return found


def count(read: Read, name: str, scopes: list[str], only: Any, span: Span | None) -> int:
    """How many one number counts."""
    number = NUMBERS[name]
    if name in TALLIED and not _beside_unit(only) and all(len(scope) in model.LEVELS for scope in scopes):
        found: Found = defaultdict(Counter)
        span = span or number.span(read.now)
        _add_sums(read, found, scopes, span, "all", only.unit)
        if number.live:
            _add_what_is_late(read, found, scopes, span, "all", only)
        return found[""][name]
    return count_one(read, number, scopes, *narrowed(number.table, only), span=span)


def count_one(
    read: Read, number: Number, scopes: list[str], *which: Condition, span: Span | None = None
) -> int:
    table = number.table
    counted = select(func.count()).select_from(table)
    counted = counted.where(number.which(read.now, span), inside(table.c.place, scopes), *which)
    return int(read.connection.execute(counted).scalar_one())


def _beside_unit(only: Any) -> bool:
    return only is not None and any((only.matter, only.channel, only.staff, only.company))


def narrowed(table: Table, only: Any) -> list[Condition]:
    """Only of a unit, a matter, a channel, an officer, a company."""
    if only is None:
        return []
    found: list[Condition] = []
    if only.matter:
        found.append(table.c.matter == only.matter)
    if only.channel:
        found.append(table.c.channel == only.channel)
    if only.unit:
        found.append(lanes.c.unit == only.unit if table is lanes else cases.c.units.contains([only.unit]))
    if only.staff:
        found.append(
            lanes.c.officer == only.staff if table is lanes else cases.c.officers.contains([only.staff])
        )
    if only.company:
        found.append(inside(table.c.place, companies.places(only.company)))
    return found


# -- from the sums -------------------------------------------------------------------------------------


def _add_sums(read: Read, found: Found, scopes: list[str], span: Span, by: str, unit: str | None) -> None:
    """What was summed, and what is yet to be added: both in one look, so that nothing is missed between them."""
    digits = DIGITS.get(by)
    periods = model.periods_of(span, by_day=by == "day")
    first, after = (model.today(moment) for moment in span)

    def keyed(table: Table, period: Any) -> Any:
        if digits:
            return func.left(table.c.place, digits)
        return {"all": literal(""), "day": period, "month": func.left(period, 7)}.get(by, table.c.unit)

    def of_units(table: Table) -> Condition:
        if unit or by not in ("unit", UNIT_AND_ALL):
            return table.c.unit == (unit or "")
        return true() if by == UNIT_AND_ALL else table.c.unit != ""

    summed = select(keyed(tallies, tallies.c.period).label("key"), tallies.c.numbers).where(
        tallies.c.period.in_(periods), of_units(tallies)
    )
    if digits:
        summed = summed.where(func.length(tallies.c.place) == digits, inside(tallies.c.place, scopes))
    else:
        summed = summed.where(tallies.c.place.in_(scopes))
    day = func.to_char(changes.c.day, "YYYY-MM-DD")
    waiting = (
        select(keyed(changes, day).label("key"), changes.c.figure, func.sum(changes.c.n).label("n"))
        .where(changes.c.day >= first, changes.c.day < after, of_units(changes))
        .where(inside(changes.c.place, scopes))
        .group_by("key", changes.c.figure)
        .subquery()
    )
    added = select(waiting.c.key, func.jsonb_build_object(waiting.c.figure, waiting.c.n))
    for key, numbers in read.connection.execute(union_all(summed, added)):
        totals = found[key]
        for figure, n in numbers.items():
            totals[figure] += n


def _add_what_is_late(
    read: Read, found: Found, scopes: list[str], span: Span | None, by: str, only: Any
) -> None:
    """The live part of each figure: tasks in hand that have become late by now. By unit also what it has in hand.

    The conditions are those of NUMBERS, asked once of a group of tasks instead of each of every task.
    """
    if by in ("day", "month"):
        for name, number in TALLIED.items():
            if number.live and span:
                key = _day_key(number.moment, by)
                wanted = select(key.label("key"), func.count()).where(_live(number, read.now, span))
                wanted = wanted.where(inside(lanes.c.place, scopes), *narrowed(lanes, only))
                for one, n in read.connection.execute(wanted.group_by("key")):
                    found[one][name] += n
        return
    since, until = span or (NEVER, NEVER)
    groups = {
        "key": _key(lanes, by),
        "status": lanes.c.status,
        "unsigned": and_(lanes.c.sign_by < read.now, lanes.c.signed_at.is_(None),
                         lanes.c.assigned_at >= since, lanes.c.assigned_at < until),
        "late": lanes.c.due_at < read.now,
        "counts": and_(lanes.c.due_at >= since, lanes.c.due_at < until),
    }  # fmt: skip
    columns = [what.label(f"of_{name}") for name, what in groups.items()]
    held = select(*columns, func.count().label("n")).where(
        lanes.c.status.in_(model.OPEN), inside(lanes.c.place, scopes), *narrowed(lanes, only)
    )
    for row in read.connection.execute(held.group_by(*(f"of_{name}" for name in groups))):
        one, status, unsigned, late, counts, n = tuple(row)
        overdue = late and status in model.TICKING
        here = {"sign_due": unsigned and status == "assigned"}
        here |= dict.fromkeys(("tasks_due", "tasks_late"), overdue and counts)
        if by == UNIT_AND_ALL:
            here |= {"tasks_open": True, "tasks_overdue": overdue}
        for name, true_of_them in here.items():
            if true_of_them:
                for key in (one, "") if by == UNIT_AND_ALL else (one,):
                    found[key][name] += n


def _live(number: Number, now: datetime, span: Span) -> Condition:
    assert number.live is not None
    return and_(number.live(now), ~number.settled, number.moment >= span[0], number.moment < span[1])


# -- where it lies -------------------------------------------------------------------------------------


def _key(table: Table, by: str) -> Keyed:
    if by in DIGITS or by == "company":
        return func.left(table.c.place, DIGITS.get(by, DIGITS["grid"]))
    if by == "all":
        return literal("")
    if by == "matter" or by == "channel":
        return func.coalesce(table.c[by], "")
    return lanes.c.officer if by == "staff" else lanes.c.unit


def _day_key(moment: Any, by: str) -> Keyed:
    day = cast(func.timezone("Asia/Shanghai", moment), Date)
    return func.to_char(day, "YYYY-MM-DD" if by == "day" else "YYYY-MM")


def _add_counted(read: Read, found: Found, scopes: list[str], span: Span, by: str, only: Any) -> None:
    for table in (cases, lanes):
        numbers = {name: one for name, one in TALLIED.items() if one.table is table}
        where = [inside(table.c.place, scopes), *narrowed(table, only), _last(table) >= span[0]]
        if by in ("day", "month"):
            for name, number in numbers.items():
                day = _day_key(number.moment, by).label("key")
                wanted = select(day, func.count()).where(number.which(read.now, span), *where)
                for one, n in read.connection.execute(wanted.group_by("key")):
                    found[one][name] += n
            continue
        moments = {one.moment.name: one.moment for one in numbers.values()}.values()
        touched = or_(*(and_(moment >= span[0], moment < span[1]) for moment in moments))
        columns = [
            func.count().filter(one.which(read.now, span)).label(name) for name, one in numbers.items()
        ]
        # All are not the sum of the units: two units may have a part in one case.
        for way in ("unit", "all") if by == UNIT_AND_ALL else (by,):
            source, key = _source(table, way)
            wanted = select(key.label("key"), *columns).select_from(source).where(touched, *where)
            for one, *counts in read.connection.execute(wanted.group_by("key")):
                # A case belongs to its other units too; asked for one, only that one is an answer.
                other = by == "unit" and only is not None and only.unit not in (None, one)
                if one is not None and any(counts) and not other:
                    found[_owner(by, one)].update(dict(zip(numbers, counts, strict=True)))
    _add_times(read, found, scopes, span, by, only)


def _last(table: Table) -> Any:
    return last_of_case if table is cases else last_of_lane


def _source(table: Table, by: str) -> tuple[Any, Keyed]:
    """A case belongs to each unit and officer that has a part in it."""
    if table is cases and by in ("unit", "staff"):
        parts = func.unnest(cases.c.units if by == "unit" else cases.c.officers)
        part = parts.table_valued("one").render_derived(name="part").lateral("part")
        return cases.join(part, true()), part.c.one
    return table, _key(table, by)


def _owner(by: str, key: str) -> str:
    return companies.of(key) if by == "company" else key


def _add_times(read: Read, found: Found, scopes: list[str], span: Span, by: str, only: Any) -> None:
    done = and_(TALLIED["tasks_done"].which(read.now, span), lanes.c.signed_at.is_not(None))
    key = _day_key(lanes.c.finished_at, by) if by in ("day", "month") else _key(lanes, by)
    wanted = select(key.label("key"), _bin().label("took"), func.count()).where(
        done, _last(lanes) >= span[0], inside(lanes.c.place, scopes), *narrowed(lanes, only)
    )
    for one, number, n in read.connection.execute(wanted.group_by("key", "took")):
        for owner in (one, "") if by == UNIT_AND_ALL else (one,):
            if owner is not None:
                found[_owner(by, owner)][f"{model.TOOK}{number}"] += n


def _bin() -> Any:
    return literal_column(model.took_bin_sql("extract(epoch FROM lanes.finished_at - lanes.signed_at)"))


# -- rates ---------------------------------------------------------------------------------------------


def median_seconds(counts: Counter[str]) -> float | None:
    cut = len(model.TOOK)
    return model.median_of_classes(
        {int(name[cut:]): n for name, n in counts.items() if name.startswith(model.TOOK)}
    )


def rates_of(counts: Counter[str], names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        above, below = RATES[name]
        found[name] = model.rate(counts[above], counts[below], model.TARGETS.get(name))
        found[name]["behind"] = {"numerator": above, "denominator": below}
    return found
