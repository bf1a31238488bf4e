"""`make bench-meters`: what issue 3 promises, each beside the raw loop of the same run; one JSON object a line.

`LONG=1` is the whole promise (ten minutes, 100 million rows: about half an hour and 18 GB of disk); `SECONDS=` and `ROWS=` set their own.
Standard error tells where the time goes.
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import psycopg

from tests.bench import bills, devices, frames, growth, sweep
from tests.bench.__main__ import ROOT, Figure, own_stack, say
from tests.bench.cases import database
from tests.bench.http import Line, sign_in
from tests.bench.processor import Processor

LONG = bool(os.environ.get("LONG"))
SECONDS = float(os.environ.get("SECONDS", "600" if LONG else "60"))
PLACE = "110105001001001"
FLOOR_ROWS = 300_000
CONNECTIONS = 6


def register_city() -> None:
    with psycopg.connect(database("meters"), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("TRUNCATE readings, touched, strays, quarantine")  # of an earlier run
        connection.execute(
            "INSERT INTO meters (meter, kind, unit, place, registered_at)"
            " SELECT 'B-' || lpad(n::text, 8, '0'), 'water', 'm3', %s, '2026-01-01' FROM generate_series(0, %s) n"
            " ON CONFLICT DO NOTHING",
            (PLACE, devices.METERS - 1),
        )
        connection.execute("ANALYZE meters")


def stored(register: str) -> int:
    with psycopg.connect(database("meters")) as connection:
        connection.execute("SET statement_timeout = 0")
        row = connection.execute("SELECT count(*) FROM readings WHERE register = %s", (register,)).fetchone()
        assert row is not None
        return row[0]


def by_devices(shape: str, seconds: float, register: str) -> tuple[float, float]:
    """(messages, readings) a second from devices over MQTT into rows; whoever was confirmed is there afterwards."""
    with Processor(say, f"MQTT {shape}"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.devices", shape, str(seconds)],
            cwd=ROOT, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
    sent = json.loads(done.stdout)
    lost = sent["readings"] - stored(register)
    assert sent["confirmed"] == sent["messages"] and lost == 0, f"{lost} readings lost"
    say(f"MQTT {shape}: {sent['readings']} readings in {sent['seconds']:.1f} s, none lost; {behind()}")
    return sent["messages"] / sent["seconds"], sent["readings"] / sent["seconds"]


def behind() -> str:
    """How far the rules are behind the readings."""
    with psycopg.connect(database("meters")) as connection:
        row = connection.execute(
            "SELECT count(DISTINCT meter), count(*) FROM touched, unnest(meters) AS each (meter)"
        ).fetchone()
        assert row is not None
        return f"rules still to look at {row[0]} meters (noted {row[1]} times)"


async def by_http(seconds: float) -> float:
    """Readings a second in calls of 500, by one company over six connections, counted when they are rows."""
    headers = await sign_in("company")
    source = devices.batches(register="http")
    before, sent = devices.settled(), 0
    begun = time.monotonic()

    async def concentrator() -> None:
        nonlocal sent
        async with Line(headers) as line:
            while time.monotonic() - begun < seconds:
                _, body = next(source)
                status, answer = await line.send("POST", "/v1/readings", b'{"readings":' + body + b"}")
                if status == 503:
                    await asyncio.sleep(0.1)  # what Retry-After asks for, on the scale of this run
                    continue
                assert status == 202 and msgspec.json.decode(answer)["accepted"] == devices.BATCH, answer
                sent += devices.BATCH

    with Processor(say, "HTTP"):
        await asyncio.gather(*(concentrator() for _ in range(CONNECTIONS)))
        while await asyncio.to_thread(devices.settled) - before < sent:
            assert time.monotonic() - begun < seconds + 300, "readings did not become rows"
            await asyncio.sleep(0.05)
    took = time.monotonic() - begun
    assert await asyncio.to_thread(stored, "http") == sent
    return sent / took


# -- the raw loops ---------------------------------------------------------------------------------------


def raw_copy() -> float:
    """Rows a second: binary COPY of 5,000 to a staging table, INSERT … ON CONFLICT; nothing decoded, no broker, no rule."""
    with psycopg.connect(database("meters")) as connection:
        connection.execute(
            "CREATE TABLE floor_readings (meter text, register text, at timestamptz, value numeric, PRIMARY KEY (meter, register, at))"
        )
        connection.execute(
            "CREATE TEMP TABLE floor_staging (meter text, register text, at timestamptz, value numeric)"
        )
        rows = [
            (devices.meter(n % devices.METERS), "total", devices.START + n // devices.METERS * devices.STEP, n)
            for n in range(FLOOR_ROWS)
        ]  # fmt: skip
        begun = time.monotonic()
        for first in range(0, FLOOR_ROWS, 5000):
            with connection.cursor().copy("COPY floor_staging FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["text", "text", "timestamptz", "numeric"])
                for row in rows[first : first + 5000]:
                    copy.write_row(row)
            connection.execute(
                "INSERT INTO floor_readings SELECT * FROM floor_staging ON CONFLICT DO NOTHING"
            )
            connection.execute("TRUNCATE floor_staging")
            connection.commit()
        rate = FLOOR_ROWS / (time.monotonic() - begun)
        connection.execute("DROP TABLE floor_readings")
        return rate


RAW_CONSUMER = """
import json, os, sys, time
import pika
connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URI"]))
channel = connection.channel()
queue = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(queue, "amq.topic", "floor.#")
channel.basic_qos(prefetch_count=1000)
print("open", flush=True)
taken, ended, begun = 0, time.monotonic() + float(sys.argv[1]), time.monotonic()
for method, _, body in channel.consume(queue, inactivity_timeout=1):
    if method is not None:
        json.loads(body)
        taken += 1
        if taken % 200 == 0:
            channel.basic_ack(method.delivery_tag, multiple=True)
    if time.monotonic() > ended:
        break
print(taken / (time.monotonic() - begun))
"""


def raw_mqtt(seconds: float) -> float:
    """Messages a second: three QoS 1 publishers, 500 in flight each, and one pika consumer; no database."""
    consumer = subprocess.Popen(
        [sys.executable, "-c", RAW_CONSUMER, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert consumer.stdout is not None and consumer.stdout.readline().strip() == "open"
    subprocess.run(
        [sys.executable, "-m", "tests.bench.devices", "floor", str(seconds)],
        cwd=ROOT, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    rate = float(consumer.stdout.readline())
    assert consumer.wait(30) == 0
    return rate


# -- all of it -------------------------------------------------------------------------------------------


def ingest_figures() -> Iterator[Figure]:
    register_city()
    rows = raw_copy()
    say(f"floor: {rows:.0f} rows/s by COPY to a staging table and INSERT … ON CONFLICT")
    _, batched = by_devices("batches:20", SECONDS, "by20")
    _, at_once = by_devices("batches:500", min(SECONDS, 60), "by500")
    say(f"  of which every reading of another meter: {at_once:.0f}/s")
    http = asyncio.run(by_http(min(SECONDS, 30)))
    messages = raw_mqtt(min(SECONDS, 10))
    say(f"floor: {messages:.0f} messages/s from three MQTT publishers to one consumer")
    singles, _ = by_devices("singles", min(SECONDS, 60), "single")
    yield Figure("ingest_batched_readings_per_s", batched, "1/s", rows, ">= 60000", batched >= 60_000)
    yield Figure("ingest_http_readings_per_s", http, "1/s", rows, ">= 60000", http >= 60_000)
    yield Figure("ingest_mqtt_messages_per_s", singles, "1/s", messages, ">= 5000", singles >= 5_000)


def other_figures() -> Iterator[Figure]:
    """What has a file of its own."""
    yield from growth.measure_growth(say)
    yield frames.measure_frames()
    yield from sweep.measure_sweep(say)
    yield from bills.measure_bills(say)


def main() -> None:
    with own_stack():
        for figure in itertools.chain(ingest_figures(), other_figures()):
            figure.print()


if __name__ == "__main__":
    main()
