"""The sweep over a city: 100,000 meters of elders living alone, each with one new hourly reading, in one look.

A database of its own, so that no running service sweeps it first; what is timed is `judge_touched` as the timer calls
it, until nothing is touched any more, findings and events written. The floor is one bare SQL read of the same new rows.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.bench.__main__ import ROOT, Figure, say

METERS = 100_000
HOURS = 76
"""Of readings before the one that is swept: three nights."""
CURVES = 200
PLACE = "310105001001001"
DATABASE = "bench_sweep"
NOW = datetime.now(UTC).replace(microsecond=0)

SEED = """
    INSERT INTO meters (meter, kind, unit, place, household, registered_at)
    SELECT 'W-' || lpad(n::text, 6, '0'), 'water', 'm3', %(place)s, 'H-' || n, now()
    FROM generate_series(1, %(meters)s) n;
    INSERT INTO households (household, place, address, lives_alone, elder, residents, changed_at)
    SELECT 'H-' || n, %(place)s, '', true, true, '[{"name": "某某"}]', now() FROM generate_series(1, %(meters)s) n;
    INSERT INTO watches (household, active) SELECT 'H-' || n, true FROM generate_series(1, %(meters)s) n;
"""
HOUR_OF_READINGS = """
    INSERT INTO readings (meter, register, at, seq, value, unit)
    SELECT 'W-' || lpad(n::text, 6, '0'), 'total',
           %(start)s + hour * interval '1 hour' - (n %% 60) * interval '1 minute' - (n %% 7) * interval '1 second',
           hour, n + litres, 'm3'
    FROM curve JOIN generate_series(1, %(meters)s) n ON n %% %(curves)s = curve.number
    WHERE hour >= %(first)s AND hour < %(last)s
    ORDER BY hour, n
"""
BARE_READ = """
    SELECT count(value), max(at) FROM meters CROSS JOIN LATERAL (
        SELECT at, value FROM readings WHERE meter = meters.meter AND register = 'total' AND at > %s - interval '2 hours'
        ORDER BY at DESC LIMIT 1
    ) newest
"""


def measure_sweep(say: Callable[..., None] = say, meters: int = METERS) -> list[Figure]:
    url = _own_database()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        begun = time.monotonic()
        _seed(connection, meters)
        say(f"seeded {meters * HOURS:,} readings in {time.monotonic() - begun:.0f} s")
        first = _sweep(url)
        say(f"the first look at {meters:,} unknown meters, all of their readings: {first:.1f} s")
        _new_hour(connection, meters, HOURS)
        connection.execute("UPDATE meters SET heard_at = heard_at - interval '1 hour'")
        connection.execute("VACUUM ANALYZE")
        begun = time.monotonic()
        read = connection.execute(BARE_READ, (NOW,)).fetchone()
        floor = time.monotonic() - begun
        assert read is not None and read[0] == meters
        before = _findings(connection)
        seconds = _sweep(url)
        raised = _findings(connection)
        say(f"swept {meters:,} meters in {seconds:.2f} s; bare read of the same rows {floor:.2f} s")
        say(f"findings before {before}, after {raised}")
        assert connection.execute("SELECT count(*) FROM touched").fetchone() == (0,)
    return [Figure("welfare_sweep_s", seconds, "s", floor, "< 10", seconds < 10)]


def _own_database() -> str:
    parts = urlsplit(os.environ["POSTGRES_ADMIN_URL"])
    with psycopg.connect(os.environ["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {DATABASE}")
    url = urlunsplit(parts._replace(scheme="postgresql+psycopg", path=f"/{DATABASE}"))
    env = {**os.environ, "DATABASE_URL_METERS": url}
    command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "meters"]
    subprocess.run(command, cwd=ROOT, env=env, check=True)
    return url


def _seed(connection: psycopg.Connection, meters: int) -> None:
    connection.execute("SET synchronous_commit = off")
    for statement in SEED.split(";")[:-1]:
        connection.execute(statement, {"place": PLACE, "meters": meters})
    connection.execute("CREATE TABLE curve (number int, hour int, litres numeric(18,6))")
    with connection.cursor().copy("COPY curve FROM STDIN") as copy:
        for number in range(CURVES):
            for hour, litres in enumerate(_curve(number)):
                copy.write_row((number, hour, Decimal(litres) / 1000))
    connection.execute("ALTER TABLE readings DROP CONSTRAINT pk_readings")
    _hours(connection, meters, 0, HOURS)
    connection.execute(
        "ALTER TABLE readings ADD CONSTRAINT pk_readings"
        " PRIMARY KEY (meter, at, register, seq) INCLUDE (value, unit, quality)"
    )
    connection.execute(
        "INSERT INTO touched (meters, since)"
        " SELECT array_agg(meter), array_agg(CAST(%s AS timestamptz)) FROM meters",
        (NOW - timedelta(days=30),),
    )
    connection.execute("VACUUM ANALYZE")


def _new_hour(connection: psycopg.Connection, meters: int, hour: int) -> None:
    _hours(connection, meters, hour, hour + 1)
    connection.execute(
        "INSERT INTO touched (meters, since)"
        " SELECT array_agg(meter), array_agg(at) FROM ("
        "  SELECT meter, max(at) AS at FROM readings WHERE at > %s - interval '61 minutes 7 seconds' GROUP BY meter) new",
        (NOW,),
    )


def _hours(connection: psycopg.Connection, meters: int, first: int, last: int) -> None:
    facts = {
        "start": NOW - timedelta(hours=HOURS),
        "meters": meters,
        "curves": CURVES,
        "first": first,
        "last": last,
    }
    connection.execute(HOUR_OF_READINGS, facts)


def _curve(number: int) -> list[int]:
    """Litres at each full hour of a small household. Of two hundred one is quiet for the last twelve hours and one leaks."""
    dice = random.Random(number)
    litres, standing = [], 0
    for hour in range(HOURS + 1):
        local = (NOW - timedelta(hours=HOURS - hour) + timedelta(hours=8)).hour
        if number == 0 and hour > HOURS - 12:
            used = 0
        elif number == 1:
            used = 3 + dice.randrange(20)
        elif 0 < local <= 6:
            used = 0 if dice.random() < 0.8 else 6
        else:
            used = dice.choice((0, 0, 2, 5, 12, 30, 60))
        # Whoever lives there: never twelve hours without.
        if (number != 0 and hour % 6 == 0) or hour == HOURS - 12:
            used += 15
        standing += used
        litres.append(standing)
    return litres


def _sweep(url: str) -> float:
    from services.chassis.database import Ledger, open_engine
    from services.meters.handlers import judge_touched
    from services.meters.repository import Repository

    ledger = Ledger("meters", Repository)
    ledger._engine = open_engine(url, "bench-sweep", 2)
    begun = time.monotonic()
    try:
        while True:
            with ledger.work() as work:
                judge_touched(work)
                left = work.connection.exec_driver_sql("SELECT EXISTS (SELECT FROM touched)").scalar()
            if not left:
                return time.monotonic() - begun
    finally:
        ledger.close()


def _findings(connection: psycopg.Connection) -> dict[str, int]:
    return dict(
        connection.execute(
            "SELECT kind, count(*) FROM findings WHERE state = 'active' GROUP BY kind"
        ).fetchall()
    )


if __name__ == "__main__":
    from deploy.local.stack import borrowed_parts

    with borrowed_parts(ROOT / ".run" / "bench-sweep") as env:
        os.environ.update(env)
        for figure in measure_sweep(meters=int(sys.argv[1]) if len(sys.argv) > 1 else METERS):
            figure.print()
