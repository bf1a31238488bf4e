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
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

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
from services.meters.news import CHANGED, NOT_ITS_SENDER, noted
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


HEARD_FROM = """
    INSERT INTO bindings AS known (meter, heard_from, heard_at)
    SELECT meter, sender, %(now)s FROM unnest(%(meters)s::text[], %(senders)s::text[]) AS heard (meter, sender) ORDER BY meter
    ON CONFLICT (meter) DO UPDATE SET heard_from = excluded.heard_from, heard_at = excluded.heard_at
    WHERE known.heard_from IS NULL
"""
LEARN = """
    SELECT meters.meter, kind, bound_to, place, heard_from IS NOT NULL
    FROM meters LEFT JOIN bindings ON bindings.meter = meters.meter
    WHERE meters.meter = ANY(%s)
"""


@dataclass(slots=True)
class Message:
    queue: str
    tag: int
    sender: str
    """The address it was sent under."""
    body: bytes
    areas: tuple[str, ...] | None = None
    """Of an account that may speak for the meters of its areas only; the gateway says so."""


class Known(NamedTuple):
    """What the ingest must know of a meter; shared by all that are alike, for there are a million of them."""

    unit: str
    bound_to: str | None
    place: str

    def hears(self, sender: str, areas: tuple[str, ...] | None) -> bool:
        if self.bound_to is not None:
            return self.bound_to == sender
        return areas is None or self.place.startswith(areas)


# -- the table's side ----------------------------------------------------------------------------------


class Store:
    """One database connection, and what it knows about which meters there are."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._known: dict[str, Known] = {}
        self._alike: dict[Known, Known] = {}
        self._unheard: set[str] = set()
        """Known meters of which nobody is noted yet to have reported them."""
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
                batch = [replace(one, body=body) for body in wire.apart(one.body)]
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
        sent: list[tuple[Message, list[wire.Row]]] = []
        for message in batch:
            rows: list[wire.Row] = []
            read = reading.read if message.sender.endswith(".frames") else wire.read
            for found in read(message.body, now):
                if isinstance(found, wire.Row):
                    rows.append(found)
                else:
                    refused.append((message.sender, found))
            sent.append((message, rows))
        with self._transaction(now) as cursor:
            spoken_of = {row.meter for _, rows in sent for row in rows}
            self._learn(cursor, spoken_of)
            unheard, heard = spoken_of & self._unheard, dict[str, str]()
            staged, stored, strays = self._insert(cursor, sent, refused, unheard, heard)
            _quarantine(cursor, refused)
            if heard:
                senders = {"meters": list(heard), "senders": list(heard.values()), "now": now}
                cursor.execute(HEARD_FROM, senders)
            may_die("before-commit")
        may_die("after-commit")
        self._unheard.difference_update(heard)
        commits.observe(time.perf_counter() - begun)
        batch_sizes.observe(staged)
        readings.labels("stored").inc(stored)
        readings.labels("stray").inc(strays)
        readings.labels("quarantined").inc(len(refused))
        readings.labels("duplicate").inc(max(0, staged - stored - strays))

    def _insert(
        self,
        cursor: Any,
        sent: list[tuple[Message, list[wire.Row]]],
        refused: list[tuple[str, wire.Refused]],
        unheard: set[str],
        heard: dict[str, str],
    ) -> tuple[int, int, int]:
        """How many were staged, stored and put among the strays; `heard` gets the first senders of who is unheard."""
        known_of, strays, staged = self._known, 0, 0
        with cursor.copy(COPY) as copy:
            copy.set_types(COPY_TYPES)
            for message, rows in sent:
                sender, last, welcome = _name_of(message.sender), None, True
                for row in rows:
                    known = known_of.get(row.meter)
                    if known is None:
                        strays += 1
                    else:
                        if known is not last:  # a concentrator's meters are alike
                            last, welcome = known, known.hears(sender, message.areas)
                        if not welcome or known.unit != row.unit:
                            reason = "unit-of-another-kind" if welcome else NOT_ITS_SENDER
                            content = msgspec.json.encode(row._asdict())
                            refused.append((message.sender, wire.Refused(reason, content)))
                            continue
                        if unheard and message.areas is None and row.meter in unheard:
                            heard.setdefault(row.meter, sender)
                    copy.write_row((*row, known is not None))
                    staged += 1
        stored = 0
        if staged > strays:
            stored = cursor.execute(STORE).fetchone()[0]
        if strays:
            cursor.execute(STORE_STRAYS)
        return staged, stored, strays

    def _learn(self, cursor: Any, meters: set[str]) -> None:
        """Asks for meters not seen before only; what changes of the others is told, see `_forget`."""
        unknown = meters - self._known.keys()
        if unknown:
            cursor.execute(LEARN, (list(unknown),))
            for meter, kind, bound_to, place, heard in cursor:
                known = Known(CANONICAL[kind], bound_to, place)
                self._known[meter] = self._alike.setdefault(known, known)
                if not heard:
                    self._unheard.add(meter)

    def _forget(self, told: psycopg.Notify) -> None:
        """Comes with the answer to the BEGIN after the change was committed, so before anything is looked up."""
        if told.payload:
            self._known.pop(told.payload, None)
            return
        self._known.clear()
        self._alike.clear()
        self._unheard.clear()

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
            self._connection.add_notify_handler(self._forget)
            self._connection.execute(f"LISTEN {CHANGED}")
            self._forget(psycopg.Notify(CHANGED, "", 0))  # what was told meanwhile nobody heard
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


@lru_cache(maxsize=10_000)
def _name_of(address: str) -> str:
    """`yikou.v1.{name}.readings`."""
    words = address.split(".")
    return words[2] if len(words) == 4 else address


def _areas_of(properties: Any) -> tuple[str, ...] | None:
    areas = properties.headers and properties.headers.get("x-areas")
    return tuple(areas.split(",")) if areas else None


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
        def take(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            areas = _areas_of(properties)
            self.waiting.append(Message(queue, method.delivery_tag, method.routing_key, body, areas))

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
