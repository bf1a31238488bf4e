"""Validation: hourly meters with thirty days behind them and six new readings each, worked off as the timer does.

`python -m tests.bench.vee`, on a private database. The floor is the bare minimum around the same work: the readings from
yesterday's midnight on read as arrays, and a row a meter written.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from deploy.local.stack import borrowed_parts
from tests.bench.__main__ import ROOT, Figure, say

METERS = int(os.environ.get("BENCH_METERS", "5000"))
DAYS, NEW = 30, 6
LOOKS_A_DAY = 24 // NEW

SEED = """
    TRUNCATE readings, meters, intervals, daily, edits, vee_findings, vee_due, registers, touched;
    INSERT INTO meters (meter, kind, unit, place, registered_at)
    SELECT 'B-' || lpad(n::text, 6, '0'), 'water', 'm3', '110105001001', now() FROM generate_series(1, {meters}) n
"""
FEED = """
    INSERT INTO readings (meter, register, at, seq, value, unit)
    SELECT meter, 'total', timestamptz '2026-01-01 00:00:00+08' + make_interval(
        hours => hour, secs => abs(hashtext(meter)) %% 3000
    ), hour, 100 + hour * 0.0123 + abs(hashtext(meter || hour)) %% 20 / 2000.0, 'm3'
    FROM generate_series(%(first)s::int, %(last)s::int - 1) hour, meters ORDER BY hour, meter
"""
NOTE = """
    INSERT INTO vee_due (meter, since, waiting_since)
    SELECT meter, min(at), now() - interval '1 day' FROM readings WHERE seq >= %s GROUP BY meter
"""
BARE_READ = """
    SELECT wanted.meter, seen.* FROM unnest(%s::text[]) wanted (meter) CROSS JOIN LATERAL (
        SELECT array_agg(at), array_agg(value) FROM (
            SELECT at, value FROM readings WHERE meter = wanted.meter AND register = 'total' AND at >= %s ORDER BY at
        ) rows
    ) seen
"""


def measure() -> Iterator[Figure]:
    from services.chassis.database import Ledger
    from services.meters.handlers import validation
    from services.meters.repository import Repository

    validation.TIME_OF_A_TICK = 600.0
    ledger = Ledger("meters", Repository)
    with psycopg.connect(
        os.environ["DATABASE_URL_METERS"].replace("+psycopg", ""), autocommit=True
    ) as database:
        database.execute(SEED.format(meters=METERS))

        def validate(first: int, last: int) -> float:
            database.execute(FEED, {"first": first, "last": last})
            database.execute(NOTE, (first,))
            database.execute("ANALYZE")
            begun = time.perf_counter()
            with ledger.work() as work:
                validation.validate_due(work)
            took = time.perf_counter() - begun
            assert database.execute("SELECT count(*) FROM vee_due").fetchone() == (0,)
            return took

        hours = 24 * DAYS
        say(f"{METERS} meters, {DAYS} days each at first sight: {validate(0, hours):.1f} s")
        took = min(validate(hours, hours + NEW), validate(hours + NEW, hours + 2 * NEW))
        assert database.execute("SELECT count(*) FROM vee_findings").fetchone() == (0,)
        floor = _floor(database)
    ledger.close()
    a_day = took / METERS * 100_000 * LOOKS_A_DAY
    yield Figure("vee_meters_validated_per_s", METERS / took, "1/s", METERS / floor)
    yield Figure("vee_seconds_a_day_for_100000_hourly_meters", a_day, "s", goal="<= 300", met=a_day <= 300)


def _floor(database: psycopg.Connection) -> float:
    meters = [meter for (meter,) in database.execute("SELECT meter FROM meters ORDER BY 1")]
    since = database.execute("SELECT max(at) - interval '36 hours' FROM readings").fetchone()[0]
    database.execute("CREATE TEMPORARY TABLE bare (meter text PRIMARY KEY, value numeric)")
    begun = time.perf_counter()
    for start in range(0, len(meters), 200):
        rows = database.execute(BARE_READ, (meters[start : start + 200], since)).fetchall()
        database.execute(
            "INSERT INTO bare SELECT * FROM unnest(%s::text[], %s::numeric[])",
            ([row[0] for row in rows], [row[2][-1] for row in rows]),
        )
    return time.perf_counter() - begun


def main() -> None:
    with borrowed_parts(Path(ROOT / ".run" / "bench-vee")) as env:
        os.environ.update(env)
        command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "meters"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
        for figure in measure():
            figure.print()


if __name__ == "__main__":
    main()
