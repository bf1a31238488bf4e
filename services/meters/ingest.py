"""Telemetry in: `python -m services.meters.ingest --worker N`.

Takes its share of the `readings.{k}` queues, stores what has gathered in one transaction and acks it after the commit:
a reading is in the broker or in the table, and a second delivery of it changes nothing. No events here; which meters
had news is noted in `touched`, and the service's sweep reads them from there.

Plain psycopg and pika, no eventlet: this process does one thing, as fast as one core can.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import pika
import psycopg
from kombu import Connection as Declaring
from pika.exceptions import AMQPError
from prometheus_client import Counter, Histogram

from services.chassis import clock, topology
from services.chassis.journal import journal, open_journal
from services.chassis.mishaps import may_die
from services.chassis.settings import settings
from services.meters import months, wire
from services.meters.frames import reading
from services.meters.model import CANONICAL
from services.meters.news import noted
from services.meters.probe import Probe

WORKERS = int(os.environ.get("YIKOU_INGEST_WORKERS", "2"))
ENOUGH_READINGS = 10_000
LONGEST_WAIT = 0.05
PREFETCH = 400
"""Messages a queue may hand us unacked: with batches of 5,000 readings this bounds our memory, with singles a commit's size."""
HEARTBEAT = 60

messages = Counter("yikou_telemetry_messages_total", "Telemetry messages taken from the broker.")
readings = Counter("yikou_readings_total", "Readings by what became of them.", ["outcome"])
batch_sizes = Histogram(
    "yikou_readings_batch_size",
    "Readings of one transaction.",
    buckets=(1, 10, 100, 500, 1000, 2500, 5000, 10_000, 20_000),
)
commits = Histogram(
    "yikou_readings_commit_seconds",
    "Time to store one batch.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)

STAGING = """
    CREATE TEMPORARY TABLE IF NOT EXISTS staging (
        meter text, register text, at timestamptz, seq bigint, value numeric(18,6), unit text, quality text, known boolean
    ) ON COMMIT DELETE ROWS
"""
COPY = "COPY staging (meter, register, at, seq, value, unit, quality, known) FROM STDIN (FORMAT binary)"
COPY_TYPES = ("text", "text", "timestamptz", "int8", "numeric", "text", "text", "bool")

# In the order of the key, so that two workers with common readings wait for each other and never in a circle.
STORE = f"""
    WITH added AS (
        INSERT INTO readings (meter, register, at, seq, value, unit, quality)
        SELECT meter, register, at, seq, value, unit, quality FROM staging
        WHERE known ORDER BY meter, at, register, seq
        ON CONFLICT DO NOTHING
        RETURNING meter, at
    ), news AS (
        {noted("added")}
    )
    SELECT count(*) FROM added
"""  # noqa: S608 — our own names
STORE_STRAYS = """
    INSERT INTO strays (meter, register, at, seq, value, unit, quality)
    SELECT meter, register, at, seq, value, unit, quality FROM staging
    WHERE NOT known ORDER BY meter, register, at, seq
    ON CONFLICT DO NOTHING
"""
STORE_QUARANTINE = """
    INSERT INTO quarantine (digest, sender, reason, content, meter) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
QUARANTINED_BYTES = 16_384


@dataclass(slots=True)
class Message:
    queue: str
    tag: int
    sender: str
    body: bytes


# -- the table's side ----------------------------------------------------------------------------------


class Store:
    """One database connection, and what it knows about which meters there are."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._units: dict[str, str] = {}
        self._months_end = wire.OLDEST

    @property
    def connected(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def keep(self, batch: Sequence[Message]) -> None:
        """All of the batch in one transaction. A reading the database cannot hold is found by halving, and quarantined."""
        try:
            self._keep(batch)
        except (psycopg.DataError, psycopg.IntegrityError, ArithmeticError, TypeError, ValueError) as error:
            one = batch[0]
            if len(batch) == 1:
                batch = [Message(one.queue, one.tag, one.sender, body) for body in wire.apart(one.body)]
            if len(batch) > 1:
                half = len(batch) // 2
                self.keep(batch[:half])
                self.keep(batch[half:])
                return
            refused = wire.Refused(f"unstorable: {type(error).__name__}", one.body)
            with self._transaction(clock.now()) as cursor:
                _quarantine(cursor, [(one.sender, refused)])

    def _keep(self, batch: Sequence[Message]) -> None:
        begun = time.perf_counter()
        now = clock.now()
        refused: list[tuple[str, wire.Refused]] = []
        sent: list[tuple[str, list[wire.Row]]] = []
        for message in batch:
            rows: list[wire.Row] = []
            read = reading.read if message.sender.endswith(".frames") else wire.read
            for found in read(message.body, now):
                if isinstance(found, wire.Row):
                    rows.append(found)
                else:
                    refused.append((message.sender, found))
            sent.append((message.sender, rows))
        with self._transaction(now) as cursor:
            self._learn(cursor, {row.meter for _, rows in sent for row in rows})
            staged, stored, strays = self._insert(cursor, sent, refused)
            _quarantine(cursor, refused)
            may_die("before-commit")
        may_die("after-commit")
        commits.observe(time.perf_counter() - begun)
        batch_sizes.observe(staged)
        readings.labels("stored").inc(stored)
        readings.labels("stray").inc(strays)
        readings.labels("quarantined").inc(len(refused))
        readings.labels("duplicate").inc(max(0, staged - stored - strays))

    def _insert(
        self, cursor: Any, sent: list[tuple[str, list[wire.Row]]], refused: list[tuple[str, wire.Refused]]
    ) -> tuple[int, int, int]:
        """How many were staged, stored and put among the strays."""
        units, strays, staged = self._units, 0, 0
        with cursor.copy(COPY) as copy:
            copy.set_types(COPY_TYPES)
            for sender, rows in sent:
                for row in rows:
                    unit = units.get(row.meter)
                    if unit is not None and unit != row.unit:
                        content = msgspec.json.encode(row._asdict())
                        refused.append((sender, wire.Refused("unit-of-another-kind", content)))
                        continue
                    copy.write_row((*row, unit is not None))
                    staged += 1
                    strays += unit is None
        stored = 0
        if staged > strays:
            stored = cursor.execute(STORE).fetchone()[0]
        if strays:
            cursor.execute(STORE_STRAYS)
        return staged, stored, strays

    def _learn(self, cursor: Any, meters: set[str]) -> None:
        """Asks for meters not seen before only; meters are never removed, and their kind never changes."""
        unknown = meters - self._units.keys()
        if unknown:
            cursor.execute("SELECT meter, kind FROM meters WHERE meter = ANY(%s)", (list(unknown),))
            self._units.update((meter, CANONICAL[kind]) for meter, kind in cursor)

    def _transaction(self, now: datetime) -> _Transaction:
        if not self.connected:
            url = self._url or settings().database_url("meters").replace("+psycopg", "")
            options = f"-c statement_timeout={settings().statement_timeout_ms} -c timezone=UTC"
            self._connection = psycopg.connect(
                url,
                connect_timeout=5,
                application_name="yikou-meters-ingest",
                options=options,
                autocommit=True,
            )
            self._connection.execute(STAGING)
        assert self._connection is not None
        if self._months_end <= now + wire.AHEAD:
            with self._connection.transaction():
                self._months_end = months.open_ahead(self._connection.execute, now)
        return _Transaction(self._connection)


class _Transaction:
    """A cursor inside a transaction, as one `with`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._transaction = connection.transaction()
        self._cursor = connection.cursor()

    def __enter__(self) -> Any:
        self._transaction.__enter__()
        return self._cursor

    def __exit__(self, *raised: Any) -> Any:
        self._cursor.close()
        return self._transaction.__exit__(*raised)


def _quarantine(cursor: Any, refused: Iterable[tuple[str, wire.Refused]]) -> None:
    rows = []
    for sender, (reason, content) in refused:
        digest = hashlib.sha256(b"\0".join((reason.encode(), sender.encode(), content))).digest()
        rows.append((digest, sender, reason, content[:QUARANTINED_BYTES], wire.meter_of(content)))
    if rows:
        cursor.executemany(STORE_QUARANTINE, sorted(rows, key=lambda row: row[0]))


# -- the broker's side ---------------------------------------------------------------------------------


@dataclass
class Ingest:
    """Gathers what arrives, stores it, acks it; reconnects to either side for ever until stopped."""

    worker: int
    store: Store = field(default_factory=Store)
    waiting: list[Message] = field(default_factory=list)
    connected: bool = False
    stopping: bool = False
    turned_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.log = journal(part="ingest", worker=self.worker)
        self.queues = [
            topology.reading_queue(number).name
            for number in range(topology.READING_QUEUES)
            if number % WORKERS == self.worker
        ]

    def run(self) -> None:
        pause = 0.2
        while not self.stopping:
            try:
                self._consume()
                pause = 0.2
            except (AMQPError, OSError, psycopg.Error) as error:
                # What was not acked comes again; keeping it here as well would only store it twice for nothing.
                self.waiting.clear()
                self.store.close()
                self.log.warning("ingest-waits", error=repr(error)[:300], pause=pause)
                self._turn()
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            finally:
                self.connected = False
        self.store.close()

    def stop(self, *_: Any) -> None:
        self.stopping = True

    def _consume(self) -> None:
        with Declaring(settings().amqp_uri, connect_timeout=5) as declaring:
            topology.declare(declaring, ["meters"])
        parameters = pika.URLParameters(settings().amqp_uri)
        parameters.heartbeat = HEARTBEAT
        parameters.client_properties = {"connection_name": f"meters-ingest-{self.worker}"}
        connection = pika.BlockingConnection(parameters)
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=PREFETCH)
            tags = [channel.basic_consume(queue, self._take(queue)) for queue in self.queues]
            self.connected = True
            self.log.info("ingest-listens", queues=self.queues)
            while not self.stopping:
                self._turn()
                connection.process_data_events(time_limit=LONGEST_WAIT if self.waiting else 1)
                self._gather(connection)
                self._settle(channel)
            for tag in tags:
                channel.basic_cancel(tag)
            self._settle(channel)  # what had arrived before the cancel
        finally:
            if connection.is_open:
                connection.close()

    def _gather(self, connection: Any) -> None:
        """A little patience makes large transactions of small messages."""
        if not self.waiting:
            return
        deadline = time.monotonic() + LONGEST_WAIT
        size = -1
        while (
            len(self.waiting) > size
            and sum(len(message.body) for message in self.waiting) < ENOUGH_READINGS * 100
        ):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            size = len(self.waiting)
            connection.process_data_events(time_limit=min(left, 0.005))

    def _settle(self, channel: Any) -> None:
        if not self.waiting:
            return
        batch, self.waiting = self.waiting, []
        if "ingest-ack" in settings().broken:  # a drill: what is acked before the commit must be seen as lost
            channel.basic_ack(batch[-1].tag, multiple=True)
            self.store.keep(batch)
            return
        self.store.keep(batch)
        messages.inc(len(batch))
        may_die("before-ack")
        channel.basic_ack(batch[-1].tag, multiple=True)
        may_die("after-ack")

    def _take(self, queue: str) -> Any:
        def take(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
            self.waiting.append(Message(queue, method.delivery_tag, method.routing_key, body))

        return take

    def _turn(self) -> None:
        self.turned_at = time.monotonic()
        faulthandler.dump_traceback_later(120, exit=True)

    def parts(self) -> dict[str, bool]:
        return {"broker": self.connected, "database": self.store.connected or not self.waiting}

    def turning(self) -> bool:
        return time.monotonic() - self.turned_at < 60


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", type=int, required=True, choices=range(WORKERS))
    worker = parser.parse_args(arguments).worker
    name = f"meters-ingest-{worker}"
    open_journal(name)
    ingest = Ingest(worker)
    signal.signal(signal.SIGTERM, ingest.stop)
    signal.signal(signal.SIGINT, ingest.stop)
    Probe(name, ingest.turning, ingest.parts).start()
    ingest.run()
    ingest.log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
