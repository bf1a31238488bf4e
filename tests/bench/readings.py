"""(c) Readings in: HTTP batches of 500 and single MQTT QoS 1 messages, counted when they are rows."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import paho.mqtt.client as mqtt
import psycopg

from tests.bench.__main__ import Figure
from tests.bench.cases import database
from tests.bench.http import Line, sign_in

BATCH = 500
HTTP_BATCHES = 200
CONNECTIONS = 6
MQTT_MESSAGES = 12_000
FLOOR_ROWS = 200_000
START = datetime(2026, 1, 1, tzinfo=UTC)


async def measure(say: Callable[..., None]) -> list[Figure]:
    meters = await asyncio.to_thread(known_meters)
    floor = await asyncio.to_thread(raw_copy, meters)
    say(f"floor: {floor:.0f} rows/s by COPY to a staging table and INSERT … ON CONFLICT")
    http = await over_http(meters)
    singles = await asyncio.to_thread(over_mqtt, meters)
    return [
        Figure("http_readings_per_s", http, "1/s", floor, ">= 60000 in depth (issue 3)", http >= 60_000),
        Figure("mqtt_messages_per_s", singles, "1/s", floor, ">= 5000 in depth (issue 3)", singles >= 5_000),
    ]


def known_meters() -> list[str]:
    with psycopg.connect(database("meters")) as connection:
        return [
            row[0]
            for row in connection.execute(
                "SELECT meter FROM meters WHERE kind = 'water' ORDER BY meter LIMIT 1000"
            )
        ]


def reading(meters: list[str], n: int, minutes: int = 15) -> dict:
    meter = meters[n % len(meters)]
    turn = n // len(meters)
    return {
        "meter": meter, "register": "total", "at": START + timedelta(minutes=minutes * turn),
        "value": str(10 + turn / 100), "unit": "m3", "seq": turn,
    }  # fmt: skip


def stored() -> int:
    with psycopg.connect(database("meters")) as connection:
        row = connection.execute("SELECT count(*) FROM readings").fetchone()
        assert row is not None
        return row[0]


def wait_stored(target: int, deadline: float = 180) -> float:
    """When the last row was there; the wait itself costs a count every 50 ms."""
    end = time.monotonic() + deadline
    while stored() < target:
        if time.monotonic() > end:
            raise SystemExit(f"{target - stored()} readings did not arrive within {deadline} s")
        time.sleep(0.05)
    return time.monotonic()


async def over_http(meters: list[str]) -> float:
    headers = await sign_in("company")
    bodies = [[reading(meters, batch * BATCH + n) for n in range(BATCH)] for batch in range(HTTP_BATCHES)]
    encoded = [msgspec.to_builtins({"readings": body}) for body in bodies]
    before = await asyncio.to_thread(stored)
    begun = time.monotonic()

    async def concentrator() -> None:
        async with Line(headers) as line:
            while encoded:
                status, answer = await line.ask(
                    "POST", "/v1/readings", encoded.pop(), idempotency_key=str(time.monotonic_ns())
                )
                assert status == 202 and msgspec.json.decode(answer)["accepted"] == BATCH, answer

    await asyncio.gather(*(concentrator() for _ in range(CONNECTIONS)))
    done = await asyncio.to_thread(wait_stored, before + HTTP_BATCHES * BATCH)
    return HTTP_BATCHES * BATCH / (done - begun)


def over_mqtt(meters: list[str]) -> float:
    """One reading a message, 500 in flight, by the demonstration's device."""
    device = "demo-concentrator"
    confirmed = threading.Semaphore(500)
    left = MQTT_MESSAGES
    finished = threading.Event()

    def on_publish(*_: object) -> None:
        nonlocal left
        left -= 1
        confirmed.release()
        if left == 0:
            finished.set()

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="bench", protocol=mqtt.MQTTv311)
    client.username_pw_set(device, os.environ["YIKOU_DEVICE_SECRET"])
    client.max_inflight_messages_set(500)
    client.on_publish = on_publish
    connected = threading.Event()
    client.on_connect = lambda _client, _data, _flags, reason, _properties: (
        reason.is_failure or connected.set()
    )
    client.connect(os.environ["MQTT_HOST"], int(os.environ["MQTT_PORT"]))
    client.loop_start()
    assert connected.wait(20)
    payloads = [
        msgspec.json.encode(reading(meters, n, minutes=17) | {"register": "bench"})
        for n in range(MQTT_MESSAGES)
    ]
    before = stored()
    begun = time.monotonic()
    for payload in payloads:
        confirmed.acquire()
        client.publish(f"yikou/v1/{device}/readings", payload, qos=1)
    assert finished.wait(180)
    done = wait_stored(before + MQTT_MESSAGES)
    client.disconnect()
    client.loop_stop()
    return MQTT_MESSAGES / (done - begun)


def raw_copy(meters: list[str]) -> float:
    """The floor: no broker, no decoding, no rules."""
    with psycopg.connect(database("meters")) as connection:
        connection.execute(
            "CREATE TEMP TABLE floor_readings (meter text, register text, at timestamptz, value numeric, PRIMARY KEY (meter, register, at))"
        )
        connection.execute(
            "CREATE TEMP TABLE floor_staging (meter text, register text, at timestamptz, value numeric)"
        )
        rows = [
            (meters[n % len(meters)], "total", START + timedelta(minutes=n // len(meters)), n)
            for n in range(FLOOR_ROWS)
        ]
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
        return FLOOR_ROWS / (time.monotonic() - begun)
