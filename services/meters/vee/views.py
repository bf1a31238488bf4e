"""What a register used and how it is known; findings, edits, registers and the quarantine, as screens see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, Table, and_, func, select

from services.chassis.database import Read
from services.chassis.errors import Invalid
from services.chassis.paging import page
from services.chassis.settings import settings
from services.meters.handlers.access import demand
from services.meters.model import plain
from services.meters.repository import Repository
from services.meters.tables import daily, edits, intervals, quarantine, registers, vee_findings
from services.meters.vee import expected
from services.meters.vee.amounts import MILLION, datetime_of, marks, midnight, moment, written
from services.meters.vee.days import STATES, WEIGHT, Day
from services.meters.vee.expected import Use
from services.meters.vee.repository import Docket, judged

LONGEST = {"interval": 62, "day": 800, "month": 3700}
"""Days that may be asked for at once."""


class TooLong(Invalid):
    """By {by}, at most {days} days can be asked for at once."""

    zh = "按 {by} 查询一次最多 {days} 天。"


class TooManyPoints(Invalid):
    """That would be {points} points and at most {most} are drawn at once: ask with step={fitting}, or for a shorter time."""

    zh = "共 {points} 个点，一次最多 {most} 个：请改用 step={fitting}，或缩短时段。"


class TooLongASeries(Invalid):
    """That would be {points} months and at most {most} are drawn at once: ask for a shorter time."""

    zh = "共 {points} 个月，一次最多 {most} 个：请缩短时段。"


class NoTimeAtAll(Invalid):
    """The end must be after the start: the series goes from the start to before the end."""

    zh = "结束日期须晚于开始日期（不含结束当日）。"


def get_consumption(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    if not timedelta(0) < query.end - query.start <= timedelta(days=LONGEST[query.by]):
        raise TooLong(by=query.by, days=LONGEST[query.by])
    look = Look(read, meter, query.register, query.start, query.end)
    if query.by == "interval":
        pieces = [*look.intervals()]
    else:
        pieces = [{"day": use.day, "quantity": use.quantity, "state": use.state} for use in look.days()]
        if query.by == "month":
            pieces = [*_months(pieces)]
    return {
        **look.told(),
        "by": query.by,
        "items": [{**piece, "quantity": written(piece["quantity"])} for piece in pieces],
        "total": written(sum(piece["quantity"] for piece in pieces)),
    }


def get_series(read: Read, meter: Any, query: Any) -> dict[str, Any]:
    """The points of a curve, each with the band it could be expected in: `expected.py` says how, and why so."""
    start, end, step = query.start, query.end, query.step
    if start >= end:
        raise NoTimeAtAll()
    points = expected.points(step, start, end)
    if points > expected.MOST:
        fitting = expected.fitting(start, end)
        if fitting is None:
            raise TooLongASeries(points=expected.points("month", start, end), most=expected.MOST)
        raise TooManyPoints(points=points, most=expected.MOST, fitting=fitting)
    if step == "month":
        start, end = expected.whole_months(start, end)
    look = Look(read, meter, query.register, start - expected.LOOK_BACK[step], end)
    zone = look.store.zone
    uses = [*(look.hours() if step == "hour" else look.days())]
    if step == "month":
        uses = [*expected.months(zone, uses)]
    band = expected.bands(step, zone, uses)
    return {
        **look.told(),
        "step": step,
        "expected_by": expected.rule(step),
        "items": [_point(use, band(use)) for use in uses if use.day >= start],
    }


def _point(use: Use, band: expected.Band | None) -> dict[str, Any]:
    return {
        "from": datetime_of(use.start),
        "until": datetime_of(use.until),
        "quantity": written(use.quantity),
        "state": use.state,
        "complete": use.whole,
        "expected": band
        and {
            "lower": written(band.lower),
            "median": written(band.median),
            "upper": written(band.upper),
            "seen": band.seen,
        },
    }


class Look:
    """One look at what a register used in a time: as stored, and judged just now where news are waiting."""

    def __init__(self, read: Read, meter: Any, register: str | None, start: date, end: date) -> None:
        self.read, self.meter, self.start, self.end = read, meter, start, end
        self.register: str = register or meter.register
        self.store = Repository(read.connection)
        due = self.store.due_of([meter.meter])
        self.fresh: Docket | None = judged(self.store, due)[0] if due else None

    def told(self) -> dict[str, Any]:
        return {
            "meter": self.meter.meter,
            "register": self.register,
            "unit": self.meter.unit,
            "validated_until": self.store.validated_until([self.meter.meter])[self.meter.meter],
            "waiting": self.fresh is not None,
        }

    def days(self) -> Iterator[Use]:
        zone = self.store.zone
        found: dict[date, Use] = {}
        same = and_(
            intervals.c.meter == daily.c.meter,
            intervals.c.register == daily.c.register,
            intervals.c.day == daily.c.day,
        )
        wanted = select(daily, intervals.c.begins, intervals.c.ends).join(intervals, same, isouter=True)
        for row in self.read.connection.execute(wanted.where(*self._mine(daily))):
            bounds = (midnight(zone, row.day), midnight(zone, row.day + timedelta(days=1)))
            if row.begins is not None:
                bounds = (moment(row.begins), moment(row.ends))
            found[row.day] = _day(zone, row.day, bounds, int(row.quantity * MILLION), row.state)
        for day in self._fresh(found):
            found[day.day] = _day(zone, day.day, day.bounds, day.quantity, day.state)
        for on in sorted(found):
            yield found[on]

    def hours(self) -> Iterator[Use]:
        for on, bounds, quantities, states in self._by_interval():
            yield from expected.hours(self.store.zone, on, bounds, quantities, states)

    def intervals(self) -> Iterator[dict[str, Any]]:
        for _, bounds, quantities, states in self._by_interval():
            for start, end, quantity, state in zip(bounds, bounds[1:], quantities, states, strict=False):
                yield {
                    "from": datetime_of(start),
                    "until": datetime_of(end),
                    "quantity": quantity,
                    "state": STATES[state],
                }

    def _by_interval(self) -> Iterator[tuple[date, Sequence[int], Sequence[int], str]]:
        """Day, bounds, quantities, states."""
        zone = self.store.zone
        found: dict[date, tuple[Sequence[int], Sequence[int], str]] = {}
        for row in self.read.connection.execute(select(intervals).where(*self._mine(intervals))):
            begins, ends = moment(row.begins), moment(row.ends)
            between = [at for at in marks(zone, row.day, row.interval_s * MILLION) if begins < at < ends]
            found[row.day] = ([begins, *between, ends], row.millionths, row.states)
        for day in self._fresh(found):
            found[day.day] = (day.bounds, day.quantities, day.states)
        for on in sorted(found):
            yield on, *found[on]

    def _mine(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        return (
            table.c.meter == self.meter.meter,
            table.c.register == self.register,
            table.c.day >= self.start,
            table.c.day < self.end,
        )

    def _fresh(self, found: dict[date, Any]) -> list[Day]:
        """Days judged just now; stored ones they reach no further than are as they were."""
        if self.fresh is None or self.register not in self.fresh.outcomes:
            return []
        case, outcome = self.fresh.cases[self.register], self.fresh.outcomes[self.register]
        since = None if case.since is None else datetime_of(case.since).astimezone(self.store.zone).date()
        for on in [on for on in found if since is None or on >= since]:
            del found[on]
        return [day for day in outcome.days if self.start <= day.day < self.end]


def _day(zone: ZoneInfo, on: date, bounds: Sequence[int], quantity: int, state: str) -> Use:
    whole = bounds[0] == midnight(zone, on) and bounds[-1] == midnight(zone, on + timedelta(days=1))
    return Use(on, bounds[0], bounds[-1], quantity, state, whole)


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
    if query.meter is not None:
        wanted = wanted.where(quarantine.c.meter == query.meter)
    found = page(read.connection, wanted, [quarantine.c.at, reading_id], query, descending=True)
    for row in found["items"]:
        row["content"] = bytes(row["content"]).decode("utf-8", "backslashreplace")
    return found
