"""Loads and stores what is validated, estimated and edited: a few statements a chunk of meters, never one a meter.

A meter's `vee_due` row is taken off the list only if it is still the very row that was read before the readings were: so
whatever was committed meanwhile is looked at again, and nobody waits for a lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis import identifiers
from services.meters.news import noted
from services.meters.tables import edits, meters, quarantine, readings, registers
from services.meters.vee.amounts import (
    COMMUNITY,
    MILLION,
    amount,
    datetime_of,
    day_of,
    decimal_of,
    midnight,
    moment,
)
from services.meters.vee.book import edition_at
from services.meters.vee.days import ESTIMATED, Estimate
from services.meters.vee.estimation import Measured
from services.meters.vee.judge import Case, Outcome, Weighed, continues, find, judge, weigh
from services.meters.vee.rules import DAILY, Finding, PastDay
from services.meters.vee.series import CONTEXT, LOOK_AHEAD, Carry, Register, Row

PARTS = {"electricity": ("sharp", "peak", "flat", "valley")}
"""Registers that a meter of this kind may have beside its total without anybody having said so."""
MONTH = 31
"""Days that are known of the time before: four weeks, and some more to be sure that the oldest is a whole one."""
LAST_DAYS = 2
"""Yesterday and the day before."""
WHO = "vee"

DUE = text("""
    SELECT due.meter, due.since, due.xmin::text AS seen, meters.kind, meters.unit, meters.digits, meters.register
    FROM vee_due due LEFT JOIN meters ON meters.meter = due.meter
    WHERE due.waiting_since <= :before ORDER BY due.waiting_since LIMIT :limit
""")
DUE_OF = text("""
    SELECT due.meter, due.since, due.xmin::text AS seen, meters.kind, meters.unit, meters.digits, meters.register
    FROM vee_due due LEFT JOIN meters ON meters.meter = due.meter
    WHERE due.meter = ANY(:meters)
""")
# News of the last days, and nobody has looked yet whether they make a day whole. In replayed months nothing is urgent.
OVER = text("""
    SELECT meter FROM vee_due
    WHERE since >= :oldest AND since < :midnight AND (looked_at IS NULL OR looked_at < noted_at)
    ORDER BY since LIMIT :limit
""")
# Whole: from the reading before the oldest news to midnight nothing is missing, as days.py says of a gap.
WHOLE = text("""
    SELECT due.meter, due.since, due.xmin::text AS seen, meters.kind, meters.unit, meters.digits, meters.register,
        due.noted_at,
        coalesce(run.newest_at >= :midnight, false) AND coalesce(
            run.longest <= CAST(:missing_after AS float) * coalesce(own.interval_s, :interval_s) * interval '1 second', true
        ) AS whole
    FROM vee_due due JOIN meters ON meters.meter = due.meter
    LEFT JOIN LATERAL (
        SELECT interval_s FROM registers
        WHERE registers.meter = meters.meter AND registers.register = meters.register ORDER BY number DESC LIMIT 1
    ) own ON true
    CROSS JOIN LATERAL (
        SELECT max(at) AS newest_at, max(at - before) FILTER (WHERE value <> shown AND before < :midnight) AS longest
        FROM (
            SELECT at, value, lag(at) OVER one_by_one AS before, lag(value) OVER one_by_one AS shown
            FROM readings
            WHERE readings.meter = meters.meter AND readings.register = meters.register AND at >= coalesce((
                SELECT at FROM readings
                WHERE readings.meter = meters.meter AND readings.register = meters.register AND at < due.since
                ORDER BY at DESC LIMIT 1
            ), due.since)
            WINDOW one_by_one AS (ORDER BY at, seq)
        ) stretch
    ) run
    WHERE due.meter = ANY(:meters) ORDER BY due.meter
""")
LOOKED = text("""
    WITH free AS (SELECT meter FROM vee_due WHERE meter = ANY(:meters) ORDER BY meter FOR UPDATE SKIP LOCKED)
    UPDATE vee_due SET looked_at = looked.noted_at
    FROM free JOIN unnest(CAST(:meters AS text[]), CAST(:noted_at AS timestamptz[])) AS looked (meter, noted_at)
        ON looked.meter = free.meter
    WHERE vee_due.meter = free.meter
""")
NOTE_DUE = text("""
    INSERT INTO vee_due (meter, since, waiting_since)
    SELECT meter, since, :waiting_since
    FROM unnest(CAST(:meters AS text[]), CAST(:since AS timestamptz[])) AS news (meter, since) ORDER BY meter
    ON CONFLICT (meter) DO UPDATE SET
        since = least(vee_due.since, excluded.since), noted_at = now(),
        waiting_since = least(vee_due.waiting_since, excluded.waiting_since)
""")
DONE = text("""
    DELETE FROM vee_due USING unnest(CAST(:meters AS text[]), CAST(:seen AS text[])) AS done (meter, seen)
    WHERE vee_due.meter = done.meter AND vee_due.xmin::text = done.seen
""")

# The reading from which on the news can change anything: so many readings before it (struck out ones do not count).
REACH = text("""
    SELECT reach.at, reach.count, EXISTS (
        SELECT FROM readings
        WHERE meter = wanted.meter AND register = wanted.register AND at >= wanted.since
    ) AS any
    FROM unnest(CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:since AS timestamptz[]))
        WITH ORDINALITY AS wanted (meter, register, since, number)
    CROSS JOIN LATERAL (
        SELECT min(at) AS at, count(*) AS count FROM (
            SELECT DISTINCT at FROM readings
            WHERE meter = wanted.meter AND register = wanted.register AND at < wanted.since
            AND NOT EXISTS (
                SELECT FROM edits
                WHERE edits.meter = wanted.meter AND edits.register = wanted.register AND edits.from_at = readings.at
                AND edits.state = 'active' AND edits.kind = 'manual' AND edits.value IS NULL
            )
            ORDER BY at DESC LIMIT :reach
        ) before
    ) reach
    ORDER BY wanted.number
""")
# Raw readings from a midnight on, and the few before them to which the first may be compared.
READINGS = text("""
    SELECT seen.*
    FROM unnest(
        CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:since AS timestamptz[]), CAST(:units AS text[])
    ) WITH ORDINALITY AS wanted (meter, register, since, unit, number)
    CROSS JOIN LATERAL (
        SELECT min(at) AS at FROM (
            SELECT DISTINCT at FROM readings
            WHERE meter = wanted.meter AND register = wanted.register AND at < wanted.since
            ORDER BY at DESC LIMIT :ahead
        ) before
    ) context
    CROSS JOIN LATERAL (
        SELECT
            array_agg(moment) FILTER (WHERE unit = wanted.unit) AS moments,
            array_agg(seq) FILTER (WHERE unit = wanted.unit) AS numbers,
            array_agg(state) FILTER (WHERE unit = wanted.unit) AS states,
            array_agg(moment) FILTER (WHERE unit <> wanted.unit) AS other_moments,
            array_agg(unit) FILTER (WHERE unit <> wanted.unit) AS other_units
        FROM (
            SELECT (date_part('epoch', at) * 1000000)::bigint AS moment, seq, (value * 1000000)::bigint AS state, unit
            FROM readings
            WHERE meter = wanted.meter AND register = wanted.register AND at >= coalesce(context.at, wanted.since)
            ORDER BY at, seq
        ) found
    ) seen
    ORDER BY wanted.number
""")
# Where the day before left off, and how the month before went.
BEFORE = text("""
    SELECT carry.day, carry.last_at, (carry.high * 1000000)::bigint AS high, newest.day AS newest,
        past.days, past.quantities, past.states
    FROM unnest(CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:days AS date[]))
        WITH ORDINALITY AS wanted (meter, register, day, number)
    LEFT JOIN LATERAL (
        SELECT day, last_at, high FROM intervals
        WHERE meter = wanted.meter AND register = wanted.register AND day < wanted.day ORDER BY day DESC LIMIT 1
    ) carry ON true
    LEFT JOIN LATERAL (
        SELECT day FROM intervals
        WHERE meter = wanted.meter AND register = wanted.register ORDER BY day DESC LIMIT 1
    ) newest ON true
    CROSS JOIN LATERAL (
        SELECT array_agg(day) AS days, array_agg(quantity) AS quantities, array_agg(state) AS states
        FROM (
            SELECT day, (quantity * 1000000)::bigint AS quantity, state FROM daily
            WHERE meter = wanted.meter AND register = wanted.register
            AND day > carry.day - CAST(:month AS int) AND day <= carry.day
            ORDER BY day
        ) found
    ) past
    ORDER BY wanted.number
""")
EXAMPLES = text("""
    SELECT intervals.meter, intervals.register, day, millionths, states
    FROM unnest(CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:first AS date[]), CAST(:last AS date[]))
        AS wanted (meter, register, first, last)
    JOIN intervals ON intervals.meter = wanted.meter AND intervals.register = wanted.register
        AND day >= wanted.first AND day < wanted.last
    ORDER BY intervals.meter, intervals.register, day
""")
MANUAL = text("""
    SELECT meter, register, from_at, (value * 1000000)::bigint AS value
    FROM edits WHERE meter = ANY(:meters) AND state = 'active' AND kind = 'manual'
""")
ESTIMATES = text("""
    SELECT edits.edit_id, edits.meter, edits.register, from_at, until_at, method, open, millionths
    FROM unnest(CAST(:meters AS text[]), CAST(:since AS timestamptz[])) AS wanted (meter, since)
    JOIN edits ON edits.meter = wanted.meter AND edits.until_at > wanted.since
    WHERE edits.state = 'active' AND edits.kind = 'estimate'
""")
OPEN_FINDINGS = text("""
    SELECT found.meter, found.register, rule, at, from_at, until_at, evidence
    FROM unnest(CAST(:meters AS text[]), CAST(:since AS timestamptz[])) AS wanted (meter, since)
    JOIN vee_findings found ON found.meter = wanted.meter AND found.until_at >= wanted.since
    WHERE found.state = 'open'
""")

# Yesterday judged again is mostly yesterday as it stands: rows that say the same are left alone, lock and all.
KEEP_INTERVALS = text("""
    INSERT INTO intervals (meter, register, day, begins, ends, interval_s, millionths, states, last_at, high)
    SELECT fresh.meter, fresh.register, fresh.day, fresh.begins, fresh.ends, fresh.interval_s,
        fresh.millionths::bigint[], fresh.states, fresh.last_at, fresh.high::numeric / 1000000
    FROM unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:day AS date[]), CAST(:begins AS timestamptz[]),
        CAST(:ends AS timestamptz[]), CAST(:interval_s AS int[]), CAST(:millionths AS text[]), CAST(:states AS text[]),
        CAST(:last_at AS timestamptz[]), CAST(:high AS bigint[])
    ) AS fresh (meter, register, day, begins, ends, interval_s, millionths, states, last_at, high)
    LEFT JOIN intervals kept
        ON kept.meter = fresh.meter AND kept.register = fresh.register AND kept.day = fresh.day
    WHERE kept.meter IS NULL OR kept.ends <> fresh.ends OR kept.begins <> fresh.begins
        OR kept.millionths <> fresh.millionths::bigint[] OR kept.states <> fresh.states
        OR kept.last_at <> fresh.last_at OR kept.high <> fresh.high::numeric / 1000000
        OR kept.interval_s <> fresh.interval_s
    ON CONFLICT (meter, register, day) DO UPDATE SET
        begins = excluded.begins, ends = excluded.ends, interval_s = excluded.interval_s,
        millionths = excluded.millionths, states = excluded.states, last_at = excluded.last_at, high = excluded.high
""")
KEEP_DAILY = text("""
    INSERT INTO daily AS kept (meter, register, day, quantity, state)
    SELECT fresh.meter, fresh.register, fresh.day, fresh.quantity::numeric / 1000000, fresh.state
    FROM unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:day AS date[]), CAST(:quantity AS bigint[]),
        CAST(:state AS text[])
    ) AS fresh (meter, register, day, quantity, state)
    LEFT JOIN daily old ON old.meter = fresh.meter AND old.register = fresh.register AND old.day = fresh.day
    WHERE old.meter IS NULL OR old.quantity <> fresh.quantity::numeric / 1000000 OR old.state <> fresh.state
    ON CONFLICT (meter, register, day) DO UPDATE SET
        quantity = excluded.quantity, state = excluded.state, version = kept.version + 1
    WHERE (kept.quantity, kept.state) IS DISTINCT FROM (excluded.quantity, excluded.state)
""")
FORGET_INTERVALS = text("""
    DELETE FROM intervals USING unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:first AS date[]), CAST(:last AS date[])
    ) AS known (meter, register, first, last)
    WHERE intervals.meter = known.meter AND intervals.register = known.register
        AND (intervals.day > known.last OR intervals.day < known.first)
""")
FORGET_DAILY = text("""
    DELETE FROM daily USING unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:first AS date[]), CAST(:last AS date[])
    ) AS known (meter, register, first, last)
    WHERE daily.meter = known.meter AND daily.register = known.register
        AND (daily.day > known.last OR daily.day < known.first)
""")
KEEP_FINDINGS = text("""
    INSERT INTO vee_findings AS kept
        (meter, register, rule, at, from_at, until_at, version, evidence, state, found_at)
    SELECT meter, register, rule, at, from_at, until_at, version, evidence::jsonb, 'open', :now
    FROM unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:rule AS text[]), CAST(:at AS timestamptz[]),
        CAST(:from_at AS timestamptz[]), CAST(:until_at AS timestamptz[]), CAST(:version AS int[]),
        CAST(:evidence AS text[])
    ) AS found (meter, register, rule, at, from_at, until_at, version, evidence)
    ON CONFLICT (meter, register, rule, at) DO UPDATE SET
        from_at = excluded.from_at, until_at = excluded.until_at, version = excluded.version,
        evidence = excluded.evidence, state = 'open', cleared_at = NULL
""")
CLEAR_FINDINGS = text("""
    UPDATE vee_findings SET state = 'cleared', cleared_at = :now
    FROM unnest(
        CAST(:meter AS text[]), CAST(:register AS text[]), CAST(:rule AS text[]), CAST(:at AS timestamptz[])
    ) AS gone (meter, register, rule, at)
    WHERE vee_findings.meter = gone.meter AND vee_findings.register = gone.register
        AND vee_findings.rule = gone.rule AND vee_findings.at = gone.at
""")
VALIDATED = text("""
    SELECT wanted.meter, newest.last_at, newest.ends, due.since,
        meters.kind, meters.unit, meters.digits, meters.register
    FROM unnest(CAST(:meters AS text[])) AS wanted (meter)
    JOIN meters ON meters.meter = wanted.meter
    LEFT JOIN LATERAL (
        SELECT last_at, ends FROM intervals
        WHERE meter = wanted.meter AND register = meters.register ORDER BY day DESC LIMIT 1
    ) newest ON true
    LEFT JOIN vee_due due ON due.meter = wanted.meter
""")


@dataclass(frozen=True, slots=True)
class Due:
    """A meter to validate: from its oldest news on, as it stood on the list (`seen`)."""

    meter: str
    since: datetime
    seen: str
    kind: str
    unit: str
    digits: int
    register: str


@dataclass(slots=True)
class Docket:
    """One meter's registers with all it takes to judge them, and what was said of them last time."""

    due: Due
    since: int | None
    """The midnight from which on everything is judged anew; None: from the very first reading."""
    cases: dict[str, Case]
    newest: dict[str, date | None]
    estimates: dict[str, list[Any]] = field(default_factory=dict)
    findings: dict[str, list[Any]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)


class VeeRepository:
    connection: Connection
    zone: ClassVar[ZoneInfo] = COMMUNITY
    """Whose midnight ends a day."""

    # -- what is due --

    def due(self, waiting_since: datetime, limit: int) -> list[Due]:
        """Whoever waits longest comes first; what is said of meters nobody knows is dropped."""
        return self._dues(self.connection.execute(DUE, {"before": waiting_since, "limit": limit}))

    def due_of(self, names: Sequence[str]) -> list[Due]:
        return self._dues(self.connection.execute(DUE_OF, {"meters": list(names)}))

    def over(self, now: datetime, limit: int) -> list[str]:
        """Meters with news of a day that ended at the last midnight, if anything came of them since they were looked at."""
        return list(self.connection.scalars(OVER, self._last_days(now) | {"limit": limit}))

    def whole(self, names: Sequence[str], now: datetime) -> list[Due]:
        """Of these meters those of whose readings up to the last midnight none is missing; the others are noted as looked at."""
        edition = edition_at(moment(now))
        asked = {
            "meters": list(names),
            "midnight": self._last_days(now)["midnight"],
            "missing_after": float(edition.filling.missing_after),
            "interval_s": edition.interval // MILLION,
        }
        rows = self.connection.execute(WHOLE, asked).all()
        others = [row for row in rows if not row.whole]
        if others:
            noted = {"meters": [row.meter for row in others], "noted_at": [row.noted_at for row in others]}
            self.connection.execute(LOOKED, noted)
        return [Due(*row[:7]) for row in rows if row.whole]

    def _last_days(self, now: datetime) -> dict[str, Any]:
        today = day_of(self.zone, moment(now))
        return {
            "midnight": datetime_of(midnight(self.zone, today)),
            "oldest": datetime_of(midnight(self.zone, today - timedelta(days=LAST_DAYS))),
        }

    def _dues(self, rows: Iterable[Any]) -> list[Due]:
        found = list(rows)
        unknown = [row for row in found if row.kind is None]
        if unknown:
            self.done((row.meter, row.seen) for row in unknown)
        return [Due(*row) for row in found if row.kind is not None]

    def note_due(self, news: Mapping[str, datetime], waiting_since: datetime) -> None:
        if news:
            asked = {"meters": list(news), "since": list(news.values()), "waiting_since": waiting_since}
            self.connection.execute(NOTE_DUE, asked)

    def done(self, seen: Iterable[tuple[str, str]]) -> None:
        rows = list(seen)
        self.connection.execute(
            DONE, {"meters": [meter for meter, _ in rows], "seen": [seen for _, seen in rows]}
        )

    def unfinished(self, meters: Sequence[str], until: datetime) -> list[Due]:
        """Of these meters those whose readings end before `until`, as if their last reading had just come."""
        return [
            Due(row.meter, row.last_at, "", row.kind, row.unit, row.digits, row.register)
            for row in self.connection.execute(VALIDATED, {"meters": list(meters)})
            if row.last_at is not None and row.last_at < until and row.ends < until
        ]

    def validated_until(self, meters: Sequence[str]) -> dict[str, datetime | None]:
        """Meter -> up to where its consumption is settled; None: not at all."""
        found: dict[str, datetime | None] = dict.fromkeys(meters)
        for row in self.connection.execute(VALIDATED, {"meters": list(meters)}):
            known = [at for at in (row.last_at, row.since) if at is not None]
            found[row.meter] = min(known) if row.last_at is not None else None
        return found

    # -- what it takes --

    def dockets(self, dues: Sequence[Due], until: datetime | None = None) -> list[Docket]:
        """Everything to judge these meters by; `until`: estimate to there where readings end before."""
        names = [due.meter for due in dues]
        own = self._registers(names)
        wanted = [(due, name) for due in dues for name in _names(due, own)]
        pairs = {"meters": [due.meter for due, _ in wanted], "registers": [name for _, name in wanted]}
        reach = self.connection.execute(
            REACH, pairs | {"since": [due.since for due, _ in wanted], "reach": CONTEXT}
        ).all()
        since = _begins(wanted, reach, self.zone)
        manual = self._manual(names)
        before = self.connection.execute(
            BEFORE, pairs | {"days": [_day(since[due.meter], self.zone) for due, _ in wanted], "month": MONTH}
        ).all()
        begins = [
            since[due.meter]
            if _goes_on(since[due.meter], self.zone, row, reached.any or bool(manual.get((due.meter, name))))
            else None
            for (due, name), row, reached in zip(wanted, before, reach, strict=True)
        ]
        rows = self.connection.execute(
            READINGS,
            pairs
            | {
                "since": [_at(begin) for begin in begins],
                "units": [due.unit for due, _ in wanted],
                "ahead": LOOK_AHEAD,
            },
        ).all()
        dockets = {due.meter: Docket(due, since[due.meter], {}, {}) for due in dues}
        for (due, name), row, reached, begin in zip(wanted, before, rows, begins, strict=True):
            if reached.moments is None and row.day is None:
                continue  # no such register
            docket = dockets[due.meter]
            if begin is None:
                docket.since = None
            docket.newest[name] = row.newest
            docket.cases[name] = _case(due, name, own, row, reached, begin, manual)
            docket.cases[name].zone = self.zone
        self._what_was_said(dockets, until)
        return list(dockets.values())

    def _registers(self, meters: Sequence[str]) -> dict[tuple[str, str], list[Any]]:
        found: dict[tuple[str, str], list[Any]] = {}
        mine = select(registers).where(registers.c.meter.in_(meters)).order_by(registers.c.number)
        for row in self.connection.execute(mine):
            found.setdefault((row.meter, row.register), []).append(row)
        return found

    def _manual(self, meters: Sequence[str]) -> dict[tuple[str, str], dict[int, int | None]]:
        found: dict[tuple[str, str], dict[int, int | None]] = {}
        for row in self.connection.execute(MANUAL, {"meters": list(meters)}):
            found.setdefault((row.meter, row.register), {})[moment(row.from_at)] = row.value
        return found

    def _what_was_said(self, dockets: Mapping[str, Docket], until: datetime | None) -> None:
        asked = {
            "meters": list(dockets),
            "since": [_at(docket.since) for docket in dockets.values()],
        }
        for row in self.connection.execute(ESTIMATES, asked):
            dockets[row.meter].estimates.setdefault(row.register, []).append(row)
        for row in self.connection.execute(OPEN_FINDINGS, asked):
            dockets[row.meter].findings.setdefault(row.register, []).append(row)
        for docket in dockets.values():
            for name, case in docket.cases.items():
                # An estimate nothing ends yet is made again to where it was asked for.
                ends = [row.until_at for row in docket.estimates.get(name, ()) if row.open]
                if until is not None:
                    ends.append(until)
                case.until = moment(max(ends)) if ends else None

    def examples(
        self, wanted: Sequence[tuple[str, str, date, date]]
    ) -> dict[tuple[str, str], dict[date, Measured]]:
        """(meter, register, from, to before) -> those days, interval by interval."""
        asked = dict(
            zip(("meters", "registers", "first", "last"), map(list, zip(*wanted, strict=True)), strict=True)
        )
        found: dict[tuple[str, str], dict[date, Measured]] = {}
        for row in self.connection.execute(EXAMPLES, asked):
            days = found.setdefault((row.meter, row.register), {})
            # The oldest may be the register's first day, which is no whole one.
            outage = not days or ESTIMATED in row.states
            days[row.day] = Measured(tuple(row.millionths), outage)
        return found

    # -- what became of it --

    def keep(self, dockets: Sequence[Docket], now: datetime) -> None:
        days: list[tuple[Any, ...]] = []
        known: list[tuple[str, str, date, date]] = []
        for docket in dockets:
            for name, outcome in docket.outcomes.items():
                case, newest = docket.cases[name], docket.newest[name]
                interval_s = case.registers[-1].interval // MILLION
                days += [
                    (
                        docket.due.meter, name, day.day, datetime_of(day.bounds[0]), datetime_of(day.bounds[-1]),
                        interval_s, f"{{{','.join(map(str, day.quantities))}}}", day.states, datetime_of(day.last_at),
                        day.high, day.quantity, day.state,
                    )
                    for day in outcome.days
                ]  # fmt: skip
                first, last = _extent(case, outcome)
                if newest is not None and (first is not None or newest > last):
                    known.append((docket.due.meter, name, first or date.min, last))
        if known:
            asked = _columns(("meter", "register", "first", "last"), known)
            self.connection.execute(FORGET_INTERVALS, asked)
            self.connection.execute(FORGET_DAILY, asked)
        if days:
            days.sort(key=lambda row: row[:3])
            columns = _columns(
                ("meter", "register", "day", "begins", "ends", "interval_s", "millionths", "states", "last_at", "high",
                 "quantity", "state"),
                days,
            )  # fmt: skip
            self.connection.execute(KEEP_INTERVALS, columns)
            self.connection.execute(KEEP_DAILY, columns)
        self._keep_estimates(dockets, now)
        self._keep_findings(dockets, now)

    def _keep_estimates(self, dockets: Sequence[Docket], now: datetime) -> None:
        over: list[str] = []
        new: list[dict[str, Any]] = []
        for docket in dockets:
            for name, outcome in docket.outcomes.items():
                since = docket.cases[name].since or 0
                before = {
                    (
                        moment(row.from_at),
                        moment(row.until_at),
                        row.method,
                        row.open,
                        tuple(row.millionths),
                    ): row
                    for row in docket.estimates.get(name, ())
                    if moment(row.until_at) > since
                }
                for each in outcome.estimates:
                    key = (each.start, each.until, each.method, each.open, each.quantities)
                    if before.pop(key, None) is None:
                        new.append(_estimate(docket.due.meter, name, each, outcome.version, now))
                over += [row.edit_id for row in before.values()]
        if over:
            self.connection.execute(
                update(edits)
                .where(edits.c.edit_id.in_(over))
                .values(state="superseded", ended_at=now, ended_by=WHO, end_reason=BETTER_KNOWN)
            )
        if new:
            self.connection.execute(insert(edits), new)

    def _keep_findings(self, dockets: Sequence[Docket], now: datetime) -> None:
        keep: list[tuple[Any, ...]] = []
        gone: list[tuple[Any, ...]] = []
        for docket in dockets:
            meter = docket.due.meter
            for name, outcome in docket.outcomes.items():
                stored = docket.findings.get(name, ())
                if not stored and not outcome.findings:
                    continue
                fresh, cleared = settled(outcome.findings, stored, docket.cases[name].since)
                keep += [
                    (
                        meter, name, each.rule, datetime_of(each.at), datetime_of(each.start), datetime_of(each.until),
                        outcome.version, msgspec.json.encode(each.evidence).decode(),
                    )
                    for each in fresh
                ]  # fmt: skip
                gone += [(meter, name, row.rule, row.at) for row in cleared]
        if gone:
            asked = _columns(("meter", "register", "rule", "at"), gone)
            self.connection.execute(CLEAR_FINDINGS, asked | {"now": now})
        if keep:
            keep.sort(key=lambda row: row[:4])
            asked = _columns(
                ("meter", "register", "rule", "at", "from_at", "until_at", "version", "evidence"), keep
            )
            self.connection.execute(KEEP_FINDINGS, asked | {"now": now})

    # -- by people --

    def add_edit(self, row: dict[str, Any]) -> None:
        self.connection.execute(insert(edits), row)

    def manual_edit(self, meter: str, register: str, at: datetime) -> Any:
        mine = (edits.c.meter == meter) & (edits.c.register == register) & (edits.c.from_at == at)
        active = (edits.c.state == "active") & (edits.c.kind == "manual")
        return self.connection.execute(select(edits).where(mine & active).with_for_update()).first()

    def edit(self, edit_id: str) -> Any:
        return self.connection.execute(
            select(edits).where(edits.c.edit_id == edit_id).with_for_update()
        ).first()

    def end_edit(self, edit_id: str, state: str, at: datetime, who: str, reason: str) -> None:
        self.connection.execute(
            update(edits)
            .where(edits.c.edit_id == edit_id)
            .values(state=state, ended_at=at, ended_by=who, end_reason=reason)
        )

    def raw_value(self, meter: str, register: str, at: datetime) -> Decimal | None:
        mine = (readings.c.meter == meter) & (readings.c.register == register) & (readings.c.at == at)
        newest = select(readings.c.value).where(mine).order_by(readings.c.seq.desc()).limit(1)
        return self.connection.scalar(newest)

    def registers_of(self, meter: str) -> dict[str, list[Any]]:
        """Register -> its rows, the first one first."""
        found = self._registers([meter])
        return {register: rows for (_, register), rows in found.items()}

    # -- the quarantine --

    def quarantined(self, digest: bytes) -> Any:
        mine = quarantine.c.digest == digest
        return self.connection.execute(select(quarantine).where(mine).with_for_update()).first()

    def decide(
        self, digest: bytes, state: str, who: str, at: datetime, reason: str, reading: dict[str, Any] | None
    ) -> None:
        self.connection.execute(
            update(quarantine)
            .where(quarantine.c.digest == digest)
            .values(state=state, decided_by=who, decided_at=at, decision_reason=reason, released_as=reading)
        )

    def place_and_unit(self, meter: str) -> tuple[str | None, str | None]:
        row = self.connection.execute(
            select(meters.c.place, meters.c.unit).where(meters.c.meter == meter)
        ).first()
        return (row.place, row.unit) if row else (None, None)

    def store_readings(self, rows: Sequence[dict[str, Any]]) -> int:
        """How many are new; not so where there is one of that key already, or nobody knows the meter yet."""
        if not rows:
            return 0
        found = self.connection.scalar(STORE_READINGS, {"readings": msgspec.json.encode(rows).decode()})
        return int(found or 0)

    # -- registers --

    def save_register(self, row: dict[str, Any]) -> None:
        statement = insert(registers).values(row)
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[registers.c.meter, registers.c.register, registers.c.number], set_=row
            )
        )


def judged(store: VeeRepository, due: Sequence[Due], until: datetime | None = None) -> list[Docket]:
    """These meters with what is to be said of them now; nothing is stored."""
    dockets = store.dockets(due, until)
    weighed = {
        (docket.due.meter, name): weigh(case) for docket in dockets for name, case in docket.cases.items()
    }
    examples = _examples(store, weighed)
    for docket in dockets:
        outcomes = {
            name: judge(weighed[docket.due.meter, name], examples.get((docket.due.meter, name)))
            for name in docket.cases
        }
        find(outcomes)
        docket.outcomes = {name: outcome for name, (outcome, _) in outcomes.items()}
    return dockets


def _examples(
    store: VeeRepository, weighed: dict[tuple[str, str], Weighed]
) -> dict[tuple[str, str], dict[date, Measured]]:
    """The month before the first long gap, for those who have one: most have none."""
    wanted = []
    for (meter, name), each in weighed.items():
        before, since = each.needs_examples_before, each.case.since
        if before is not None and since is not None:
            zone = each.case.zone
            first = day_of(zone, before) - timedelta(days=MONTH)
            wanted.append((meter, name, first, day_of(zone, since)))
    found: dict[tuple[str, str], dict[date, Measured]] = store.examples(wanted) if wanted else {}
    return found


# As the ingest stores: the first of a key stays, what is new is told to the sweep, a stranger's waits for its meter.
STORE_READINGS = text(f"""
    WITH reading AS (
        SELECT * FROM json_to_recordset(CAST(:readings AS json)) AS reading (
            meter text, register text, at timestamptz, seq bigint, value numeric(18, 6), unit text, quality text
        ) ORDER BY meter, at, register, seq
    ), added AS (
        INSERT INTO readings (meter, register, at, seq, value, unit, quality)
        SELECT * FROM reading WHERE EXISTS (SELECT FROM meters WHERE meters.meter = reading.meter)
        ON CONFLICT DO NOTHING RETURNING meter, at
    ), news AS (
        {noted("added")}
    ), stray AS (
        INSERT INTO strays (meter, register, at, seq, value, unit, quality)
        SELECT * FROM reading WHERE NOT EXISTS (SELECT FROM meters WHERE meters.meter = reading.meter)
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM added
""")  # noqa: S608 — our own names


BETTER_KNOWN = "有了新的读数 · newer readings came"
MISSING = "缺读数 · readings are missing"
NOT_YET = "读数未到 · no reading yet"


def settled(
    found: Sequence[Finding], stored: Sequence[Any], since: int | None
) -> tuple[list[Finding], list[Any]]:
    """(new or changed findings, stored ones that no longer hold). What began before `since` holds, as far as that."""
    fresh = {(each.rule, each.at): each for each in found}
    changed: list[Finding] = []
    gone: list[Any] = []
    for row in sorted(stored, key=lambda row: row.at):
        at, until = moment(row.at), moment(row.until_at)
        if since is not None and at < since:
            if row.rule not in DAILY or until < since:
                continue
            old = Finding(row.rule, at, moment(row.from_at), since, row.evidence, True)
            more = fresh.get((row.rule, since))
            if more is not None and continues(old, more):
                del fresh[row.rule, since]
                old = Finding(row.rule, at, old.start, more.until, row.evidence, True)
            if old.until != until:
                changed.append(old)
            continue
        same = fresh.get((row.rule, at))
        if same is None:
            gone.append(row)
        elif same.until == until and same.start == moment(row.from_at) and same.evidence == row.evidence:
            del fresh[row.rule, at]
    return [*changed, *fresh.values()], gone


def _names(due: Due, own: Mapping[tuple[str, str], Any]) -> list[str]:
    named = [register for meter, register in own if meter == due.meter] if own else []
    return list(dict.fromkeys([due.register, *PARTS.get(due.kind, ()), *named]))


def _begins(wanted: Sequence[tuple[Due, str]], reach: Sequence[Any], zone: ZoneInfo) -> dict[str, int | None]:
    """Meter -> the midnight from which on its registers are judged anew. One that has no news does not decide."""
    per_meter: dict[str, list[Any]] = {}
    for (due, _), row in zip(wanted, reach, strict=True):
        per_meter.setdefault(due.meter, []).append(row)
    begins: dict[str, int | None] = {}
    for meter, rows in per_meter.items():
        deciding = [row for row in rows if row.any] or rows
        deciding = [row for row in deciding if row.any or row.count]
        if not deciding or any(row.count < CONTEXT for row in deciding):
            begins[meter] = None
        else:
            first = min(row.at for row in deciding)
            begins[meter] = midnight(zone, day_of(zone, moment(first)))
    return begins


def _goes_on(since: int | None, zone: ZoneInfo, row: Any, news: bool) -> bool:
    """Whether a register can be judged from `since` on: the day before it was, or nothing has come since."""
    if since is None or row.day is None:
        return False
    return not news or row.day == day_of(zone, since) - timedelta(days=1)


def _case(
    due: Due,
    name: str,
    own: Mapping[tuple[str, str], Sequence[Any]],
    before: Any,
    found: Any,
    since: int | None,
    manual: Mapping[tuple[str, str], dict[int, int | None]],
) -> Case:
    rows = [*map(Row, found.moments or (), found.numbers or (), found.states or ())]
    case = Case(_chain(due, name, own.get((due.meter, name), ())), rows, since=since)
    edited = manual.get((due.meter, name))
    if found.other_moments:
        case.other_units = [*zip(found.other_moments, found.other_units, strict=True)]
    if since is None:
        case.edits = edited or {}
        return case
    if edited:
        oldest = min(rows[0].at, since) if rows else since
        case.edits = {at: value for at, value in edited.items() if at >= oldest}
    case.carry = Carry(moment(before.last_at), before.high)
    case.past = [*map(PastDay, before.days or (), before.quantities or (), before.states or ())][1:]
    return case


def _chain(due: Due, name: str, rows: Sequence[Any]) -> list[Register]:
    usual = edition_at(moment(due.since)).interval
    if not rows:
        return [Register(due.meter, name, due.kind, due.unit, due.digits, interval=usual)]
    return [
        Register(
            due.meter,
            name,
            due.kind,
            due.unit,
            row.digits,
            row.multiplier,
            row.interval_s * MILLION if row.interval_s else usual,
            row.limits,
            moment(row.opened_at) if row.opened_at else None,
            None if row.opening_value is None else amount(row.opening_value),
            moment(row.closed_at) if row.closed_at else None,
            None if row.closing_value is None else amount(row.closing_value),
        )
        for row in rows
    ]


def _extent(case: Case, outcome: Outcome) -> tuple[date | None, date]:
    """(the first day there may be, None when earlier ones stay; the last one)."""
    if case.since is None or case.carry is None:
        first = outcome.days[0].day if outcome.days else date.max
        return first, outcome.days[-1].day if outcome.days else date.min
    if outcome.days:
        return None, outcome.days[-1].day
    return None, day_of(case.zone, case.since) - timedelta(days=1)


def _estimate(meter: str, register: str, each: Estimate, version: int, now: datetime) -> dict[str, Any]:
    return {
        "edit_id": identifiers.new_id(),
        "meter": meter,
        "register": register,
        "kind": "estimate",
        "from_at": datetime_of(each.start),
        "until_at": datetime_of(each.until),
        "method": each.method,
        "total": decimal_of(each.total),
        "millionths": list(each.quantities),
        "open": each.open,
        "rule": "consecutive_interval",
        "version": version,
        "reason": NOT_YET if each.open else MISSING,
        "who": WHO,
        "made_at": now,
    }


def _day(since: int | None, zone: ZoneInfo) -> date:
    return date(1, 1, 1) if since is None else day_of(zone, since)


def _at(since: int | None) -> datetime:
    return datetime_of(since or 0)


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [row[number] for row in rows] for number, name in enumerate(names)}
