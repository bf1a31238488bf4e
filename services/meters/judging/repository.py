"""What the sweep reads and writes, always in sets: a query a chunk, never one a meter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from services.meters.judging.pulse import Pulse
from services.meters.judging.seen import Sibling, Signal
from services.meters.model import Point, Watch

# One sweep at a time, however many replicas: two would follow the same pulse from the same place.
ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('meters.sweep'))")

TAKE = text("""
    WITH taken AS (
        DELETE FROM touched WHERE position IN (SELECT position FROM touched ORDER BY position LIMIT :limit)
        RETURNING meters, since
    ), news AS (
        SELECT meter, min(each.since) AS since
        FROM taken CROSS JOIN LATERAL unnest(taken.meters, taken.since) AS each (meter, since)
        GROUP BY meter ORDER BY meter
    ), passed_on AS (
        INSERT INTO vee_due (meter, since, noted_at) SELECT meter, since, :now FROM news
        ON CONFLICT (meter) DO UPDATE
        SET since = least(vee_due.since, excluded.since), noted_at = excluded.noted_at
    )
    SELECT meter, since FROM news
""")

TOUCH_AGAIN = text("""
    INSERT INTO touched (meters, since) VALUES (CAST(:meters AS text[]), CAST(:since AS timestamptz[]))
""")

TAKE_DUE = text("SELECT meter FROM pulses WHERE due_at <= :now ORDER BY due_at LIMIT :limit")

# Of several rows for one moment the highest sequence number is the correction. A meter is one row, its news arrays:
# a look brings a hundred thousand of them.
LOOK = text("""
    SELECT meters.meter, kind, register, digits, meters.place, meters.household, offline,
           (lives_alone AND active) AS watched, rule, threshold, hours,
           away_from, away_until, away_told_at, away_ended_at,
           summed_by, first_at, newest_at, newest_value, flat_since, used_at, zero_at, fast_at,
           due_at, was_at, was_value, was_flat_since, was_used_at, was_zero_at, was_fast_at,
           news.moments, news.states, news.words
    FROM unnest(CAST(:meters AS text[]), CAST(:since AS timestamptz[])) AS taken (meter, since)
    JOIN meters ON meters.meter = taken.meter
    LEFT JOIN pulses ON pulses.meter = meters.meter
    LEFT JOIN households ON households.household = meters.household
    LEFT JOIN watches ON watches.household = meters.household
    LEFT JOIN LATERAL (
        SELECT array_agg(at) AS moments, array_agg(value) AS states, array_agg(quality) AS words FROM (
            SELECT DISTINCT ON (at) at, value, quality FROM readings
            WHERE readings.meter = meters.meter AND readings.register = meters.register AND at >
                CASE WHEN taken.since <= pulses.newest_at AND taken.since > pulses.was_at
                     THEN pulses.was_at ELSE pulses.newest_at END
            ORDER BY at, seq DESC
        ) corrected
    ) news ON pulses.newest_at IS NOT NULL
""")

# From the moment asked for or so far back from the newest reading, and with the last reading before: a register tells
# what went through since then.
POINTS = text("""
    SELECT wanted.meter, seen.moments, seen.states, seen.words
    FROM unnest(CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:since AS timestamptz[]))
        AS asked (meter, register, since)
    CROSS JOIN LATERAL (
        SELECT asked.meter, asked.register, least(asked.since, (
            SELECT at FROM readings WHERE meter = asked.meter AND register = asked.register ORDER BY at DESC LIMIT 1
        ) - CAST(:horizon AS interval)) AS since
    ) wanted
    CROSS JOIN LATERAL (
        SELECT array_agg(at) AS moments, array_agg(value) AS states, array_agg(quality) AS words FROM (
            SELECT DISTINCT ON (at) at, value, quality FROM readings
            WHERE meter = wanted.meter AND register = wanted.register AND at >= coalesce((
                SELECT at FROM readings before
                WHERE before.meter = wanted.meter AND before.register = wanted.register AND before.at <= wanted.since
                ORDER BY at DESC LIMIT 1
            ), wanted.since)
            ORDER BY at, seq DESC
        ) corrected
    ) seen
""")

# Corrections aside: whether a register that stands stood a little longer is no matter of one moment.
STANDING_SINCE = text("""
    SELECT wanted.meter, coalesce(
        (SELECT at FROM readings WHERE meter = wanted.meter AND register = wanted.register AND at > (
            SELECT at FROM readings
            WHERE meter = wanted.meter AND register = wanted.register AND value <> wanted.value
            ORDER BY at DESC LIMIT 1
         ) ORDER BY at LIMIT 1),
        (SELECT at FROM readings WHERE meter = wanted.meter AND register = wanted.register ORDER BY at LIMIT 1)
    ) AS since
    FROM unnest(CAST(:meters AS text[]), CAST(:registers AS text[]), CAST(:values AS numeric[]))
        AS wanted (meter, register, value)
""")

# A hundred thousand rows as one document: arrays of each column would cost their sender more than all the rest.
SAVE = text("""
    INSERT INTO pulses
        (meter, summed_by, first_at, newest_at, newest_value, flat_since, used_at, zero_at, fast_at, due_at,
         was_at, was_value, was_flat_since, was_used_at, was_zero_at, was_fast_at)
    SELECT * FROM json_to_recordset(CAST(:pulses AS json)) AS pulse (
        meter text, summed_by text, first_at timestamptz, newest_at timestamptz, newest_value numeric,
        flat_since timestamptz, used_at timestamptz, zero_at timestamptz, fast_at timestamptz, due_at timestamptz,
        was_at timestamptz, was_value numeric, was_flat_since timestamptz, was_used_at timestamptz,
        was_zero_at timestamptz, was_fast_at timestamptz
    )
    ON CONFLICT (meter) DO UPDATE SET
        summed_by = excluded.summed_by, first_at = excluded.first_at, newest_at = excluded.newest_at,
        newest_value = excluded.newest_value, flat_since = excluded.flat_since, used_at = excluded.used_at,
        zero_at = excluded.zero_at, fast_at = excluded.fast_at, due_at = excluded.due_at, was_at = excluded.was_at,
        was_value = excluded.was_value, was_flat_since = excluded.was_flat_since,
        was_used_at = excluded.was_used_at, was_zero_at = excluded.was_zero_at, was_fast_at = excluded.was_fast_at
""")

SIBLINGS = text("""
    SELECT mine.meter AS of, other.meter, other.kind, pulses.used_at
    FROM meters mine JOIN meters other ON other.household = mine.household AND other.meter <> mine.meter
    JOIN pulses ON pulses.meter = other.meter
    WHERE mine.meter = ANY(:meters)
""")

# Silence is counted in days, so being heard is noted in quarters of an hour.
HEARD = text("""
    UPDATE meters SET heard_at = :now, offline = false
    WHERE meter = ANY(:meters) AND (offline OR heard_at IS NULL OR heard_at < :stale)
""")
HEARD_EVERY = timedelta(minutes=15)

ANY_OFFLINE = text("SELECT EXISTS (SELECT FROM meters WHERE place = :place AND offline)")

SILENT = text("""
    UPDATE meters SET offline = true
    WHERE NOT offline AND heard_at < :before
    RETURNING meter, kind, place, household, heard_at
""")


@dataclass(slots=True)
class Look:
    """A meter with what is remembered of it and what is new."""

    meter: str
    kind: str
    register: str
    digits: int
    place: str
    household: str | None
    offline: bool
    watch: Watch | None
    """Only of a home that is watched over."""
    pulse: Pulse | None
    news: list[Point]
    signals: list[Signal] = field(default_factory=list)


class PulseStore:
    connection: Connection

    def sweep_alone(self) -> bool:
        """True for one at a time, until the unit of work ends."""
        return bool(self.connection.execute(ALONE).scalar_one())

    def take_touched(self, limit: int, now: datetime) -> dict[str, datetime]:
        """Meter -> the oldest reading that came in since the last look; taken off the list, and noted for validation.

        All in the sweep's transaction: should it die, the notes are there again. `limit` is of notes, each of many meters.
        """
        return {row.meter: row.since for row in self.connection.execute(TAKE, {"limit": limit, "now": now})}

    def take_due(self, limit: int, now: datetime) -> list[str]:
        """Meters for which time alone may have changed something."""
        return list(self.connection.scalars(TAKE_DUE, {"limit": limit, "now": now}))

    def look(self, taken: Mapping[str, datetime | None]) -> list[Look]:
        """Meters with their news: readings newer than the pulse, or than where it stood when they come a little late."""
        rows = self.connection.execute(LOOK, {"meters": list(taken), "since": list(taken.values())})
        return [_look(row) for row in rows]

    def touch_again(self, left: Mapping[str, datetime]) -> None:
        """For the next sweep: this one has taken long enough."""
        if left:
            self.connection.execute(TOUCH_AGAIN, {"meters": list(left), "since": list(left.values())})

    def points(
        self, since: Mapping[str, tuple[str, datetime | None]], from_horizon: timedelta | None = None
    ) -> dict[str, tuple[list[Point], list[Signal]]]:
        """Meter -> its readings from just before a moment on; `since` names register and moment.

        With a horizon from so far before its newest reading, if that is earlier.
        """
        rows = self.connection.execute(
            POINTS,
            {
                "meters": list(since),
                "registers": [register for register, _ in since.values()],
                "since": [moment for _, moment in since.values()],
                "horizon": from_horizon,
            },
        )
        return {meter: _points(*arrays) for meter, *arrays in rows}

    def standing_since(self, states: Mapping[str, tuple[str, Decimal]]) -> dict[str, datetime]:
        """Meter -> since when its register has stood at that value."""
        rows = self.connection.execute(
            STANDING_SINCE,
            {
                "meters": list(states),
                "registers": [register for register, _ in states.values()],
                "values": [value for _, value in states.values()],
            },
        )
        return {row.meter: row.since for row in rows}

    def save_pulses(self, pulses: Sequence[Pulse]) -> None:
        if pulses:
            ordered = sorted(pulses, key=lambda pulse: pulse.meter)
            self.connection.execute(SAVE, {"pulses": msgspec.json.encode(ordered).decode()})

    def siblings(self, meters: Iterable[str]) -> dict[str, list[Sibling]]:
        found: dict[str, list[Sibling]] = {}
        for of, meter, kind, used_at in self.connection.execute(SIBLINGS, {"meters": list(meters)}):
            found.setdefault(of, []).append(Sibling(meter, kind, used_at))
        return found

    def note_heard(self, heard: Sequence[str], at: datetime) -> None:
        if heard:
            self.connection.execute(HEARD, {"meters": heard, "now": at, "stale": at - HEARD_EVERY})

    def any_offline(self, place: str) -> bool:
        return bool(self.connection.execute(ANY_OFFLINE, {"place": place}).scalar_one())

    def note_silent(self, before: datetime) -> list[Any]:
        """The meters that have just become silent."""
        return list(self.connection.execute(SILENT, {"before": before}))


def _look(row: Any) -> Look:
    (
        meter, kind, register, digits, place, household, offline, watched, rule, threshold, hours,
        away_from, away_until, away_told_at, away_ended_at, *remembered, moments, states, words,
    ) = row  # fmt: skip
    watch = None
    if watched and household:
        watch = Watch(
            household, True, rule, threshold, hours, away_from, away_until, away_told_at, away_ended_at
        )
    pulse = Pulse(meter, *remembered) if remembered[0] is not None else None
    news, signals = _points(moments, states, words)
    return Look(meter, kind, register, digits, place, household, offline, watch, pulse, news, signals)


def _points(moments: Any, states: Any, words: Any) -> tuple[list[Point], list[Signal]]:
    if moments is None:
        return [], []
    points = [Point(at, value) for at, value in zip(moments, states, strict=True)]
    return points, [Signal(at, word) for at, word in zip(moments, words, strict=True) if word]
