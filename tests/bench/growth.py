"""Does it stay fast? The same readings stored into an empty table and into one of `ROWS`, in turns; and a month read.

Two databases of their own on the bench's server. The full one has a month with every hour of every meter but the last
two days, written in the order of time as a city writes it, so that a meter's rows lie scattered; the rest lies in the
month before. What is stored and timed are the hours that follow: a concentrator's daily load, as `ingest_batched…` has
it; and, said on standard error, each reading of another meter, the worst there is for an index by meter. A year of 100,000 meters is 876 million rows and would not fit; the month that is
read is as dense as that year's months are, and months do not know of each other.
"""

import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from services.chassis.database import Read
from services.chassis.identifiers import SYSTEM
from services.contracts.meters import ListReadings
from services.meters import months
from services.meters.ingest import Message, Store
from services.meters.views import list_readings
from tests.bench import devices
from tests.bench.__main__ import ROOT, Figure, say

LONG = bool(os.environ.get("LONG"))
ROWS = int(os.environ.get("ROWS", "100_000_000" if LONG else "10_000_000"))
METERS = ROWS // 1000
HOURS = 528
"""Of the dense month that are there before; 22 days."""
EACH = 50 * METERS
"""Readings stored into each of the two: so many that what a checkpoint costs is in it as often as it is in life."""
TOGETHER = 10_000
READ = 200
MONTH = months.preceding(months.month_of(datetime.now(UTC)))
MONTH = months.preceding(MONTH) if MONTH.month == 2 else MONTH  # February has no room for what is stored
BEFORE = months.preceding(MONTH)
FULL, EMPTY = "bench_full", "bench_empty"


def measure_growth(say: Callable[..., None] = say) -> list[Figure]:
    urls = {name: own_database(name) for name in (FULL, EMPTY)}
    try:
        begun = time.monotonic()
        for name, url in urls.items():
            with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
                seed_meters(connection)
                if name == FULL:
                    seed(connection)
                    size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
                    assert size is not None
                    say(
                        f"seeded {ROWS:,} readings in {time.monotonic() - begun:.0f} s, {size[0] / 1e9:.1f} GB"
                    )
        month, bare = read_months(urls[FULL], say)
        start = MONTH + timedelta(hours=HOURS)
        ratio = grow(urls, 20, start, say)
        grow(urls, devices.BATCH, start + timedelta(hours=75), say)
    finally:
        for name in urls:
            drop(name)
    return [
        Figure("cost_growth_ratio", ratio, "ratio", goal=f"<= 1.2 at {ROWS:,} rows", met=ratio <= 1.2),
        Figure("meter_month_query_ms", month, "ms", bare, "< 20", month < 20),
    ]


# -- two databases ---------------------------------------------------------------------------------------


def drop(name: str) -> None:
    with psycopg.connect(os.environ["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def own_database(name: str) -> str:
    drop(name)
    with psycopg.connect(os.environ["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = urlunsplit(urlsplit(os.environ["POSTGRES_ADMIN_URL"])._replace(path=f"/{name}"))
    env = {**os.environ, "DATABASE_URL_METERS": url.replace("postgresql:", "postgresql+psycopg:")}
    command = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "meters"]
    subprocess.run(command, cwd=ROOT, env=env, check=True)
    return url


def seed_meters(connection: psycopg.Connection) -> None:
    connection.execute(
        "INSERT INTO meters (meter, kind, unit, place, registered_at)"
        " SELECT 'B-' || lpad(n::text, 8, '0'), 'water', 'm3', '110105001001001', '2026-01-01'"
        " FROM generate_series(0, %s) n",
        (METERS - 1,),
    )


def seed(connection: psycopg.Connection) -> None:
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET synchronous_commit = off")
    for month, hours in ((BEFORE, ROWS // METERS - HOURS), (MONTH, HOURS)):
        table = months.name_of(month)
        connection.execute(f"ALTER TABLE readings DETACH PARTITION {table}")
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table.removeprefix('months.')}_pkey")
        connection.execute(
            f"INSERT INTO {table} (meter, register, at, seq, value, unit)"
            " SELECT 'B-' || lpad(n::text, 8, '0'), 'total', %s + h * interval '1 hour', h, 100 + h / 100.0, 'm3'"
            " FROM generate_series(0, %s) h, generate_series(0, %s) n",
            (month, hours - 1, METERS - 1),
        )
        # As full as pages are that were filled in disorder: packed to the brim, the next reading would split each.
        connection.execute(
            f"ALTER TABLE {table} ADD PRIMARY KEY (meter, at, register, seq) INCLUDE (value, unit, quality)"
            " WITH (fillfactor = 70)"
        )
        connection.execute(
            f"ALTER TABLE readings ATTACH PARTITION {table} FOR VALUES FROM ('{month}') TO ('{months.following(month)}')"
        )
        connection.execute(f"VACUUM ANALYZE {table}")


# -- storing ---------------------------------------------------------------------------------------------


def grow(urls: dict[str, str], together: int, start: datetime, say: Callable[..., None]) -> float:
    """Seconds for the same readings, full to empty; both see the same disturbances, for they take turns."""
    stores = {name: Store(url) for name, url in urls.items()}
    with psycopg.connect(urls[FULL], autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # what was seeded is on the disk; it is not ours to pay
    wall = dict.fromkeys(stores, 0.0)
    cores = dict.fromkeys(stores, 0.0)
    source = devices.batches(together=together, start=start, meters=METERS)

    def batches(readings: int) -> Iterator[list[Message]]:
        for _ in range(max(1, readings // TOGETHER)):  # also of few meters
            packs = itertools.islice(source, TOGETHER // devices.BATCH)
            yield [Message("", 0, "bench", body) for _, body in packs]

    warm = list(batches(METERS * devices.BATCH // together))
    try:
        for name, store in stores.items():
            # Every meter's once untimed: what is paid once a checkpoint, a page's image, is not paid each time.
            for batch in warm:
                store.keep(batch)
        backends = {name: backend(url) for name, url in urls.items()}
        for turn, batch in enumerate(batches(EACH)):
            for name in list(stores)[:: 1 if turn % 2 else -1]:
                busy, begun = busy_seconds(backends[name]), time.perf_counter()
                stores[name].keep(batch)
                wall[name] += time.perf_counter() - begun
                cores[name] += busy_seconds(backends[name]) - busy
    finally:
        for store in stores.values():
            store.close()
    for name in stores:
        say(
            f"{name}: {1e6 * wall[name] / EACH:.2f} µs a reading, of which processor {1e6 * cores[name] / EACH:.2f} µs"
        )
    say(
        f"growth, {together} meters a message: wall {wall[FULL] / wall[EMPTY]:.3f}, processor {cores[FULL] / cores[EMPTY]:.3f}"
    )
    return wall[FULL] / wall[EMPTY]


def backend(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE application_name = 'yikou-meters-ingest' AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return row[0]


def busy_seconds(backend: int) -> float:
    """Processor time of ours and of the database's process that serves us."""
    return time.process_time() + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e9


# -- reading ---------------------------------------------------------------------------------------------


def read_months(url: str, say: Callable[..., None]) -> tuple[float, float]:
    """Milliseconds (95 of 100 are faster) for one meter's month in pages as screens get it; the floor is the bare rows."""
    from sqlalchemy import create_engine

    dice = random.Random(3)
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    took, bare = [], []
    with engine.connect() as connection, psycopg.connect(url, autocommit=True) as plain:
        plain.execute("CREATE TABLE lone (LIKE readings INCLUDING ALL)")
        plain.execute(
            "INSERT INTO lone SELECT * FROM readings WHERE meter = %s AND at >= %s", (devices.meter(0), MONTH)
        )
        read = Read(connection.execution_options(isolation_level="AUTOCOMMIT"), SYSTEM)
        for turn in range(READ):
            meter = devices.meter(dice.randrange(METERS))
            begun = time.perf_counter()
            found, cursor = 0, None
            while True:
                asked = {
                    "meter": meter,
                    "start": MONTH.isoformat(),
                    "end": months.following(MONTH).isoformat(),
                }
                page = list_readings(read, ListReadings.read(asked | {"limit": 200, "cursor": cursor}))
                found += len(page["items"])
                cursor = page["next"]
                if cursor is None:
                    break
            took.append(1000 * (time.perf_counter() - begun))
            assert found == HOURS
            begun = time.perf_counter()
            rows = plain.execute("SELECT at, value FROM lone ORDER BY at, seq").fetchall()
            bare.append(1000 * (time.perf_counter() - begun))
            assert len(rows) == HOURS
            if turn == 0:
                say(f"the first of them, from a cold cache: {took[0]:.1f} ms")
        begun = time.perf_counter()
        for _ in range(READ):
            plain.execute(
                "SELECT at, value FROM readings WHERE meter = %s AND register = 'total' AND at >= %s AND at < %s ORDER BY at, seq",
                (devices.meter(dice.randrange(METERS)), MONTH, months.following(MONTH)),
            ).fetchall()
        say(f"in one statement: {1000 * (time.perf_counter() - begun) / READ:.2f} ms")
    engine.dispose()
    say(
        f"a meter's month in pages of 200: median {sorted(took)[READ // 2]:.2f} ms, bare {sorted(bare)[READ // 2]:.2f} ms"
    )
    return sorted(took)[READ * 95 // 100], sorted(bare)[READ // 2]
