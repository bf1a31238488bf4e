"""(b) A GET through the gateway and RPC, against a bare RPC echo in stock nameko, called over one connection."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import aio_pika

from tests.bench.__main__ import ROOT, Figure
from tests.bench.cases import burst
from tests.bench.http import Line, sign_in

SECONDS = 8
CONNECTIONS = 32

ECHO = """
import eventlet; eventlet.monkey_patch()
import os
from nameko.rpc import rpc
from nameko.containers import ServiceContainer

class Echo:
    name = "bench_echo"
    @rpc
    def echo(self, case_no):
        return {"case_no": case_no}

container = ServiceContainer(Echo, {"AMQP_URI": os.environ["AMQP_URI"], "max_workers": 32})
container.start()
print("open", flush=True)
container.wait()
"""


async def measure(say: Callable[..., None]) -> list[Figure]:
    floor = await bare_echo()
    say(f"floor: {floor:.0f} bare nameko echoes/s, {CONNECTIONS} at a time")
    headers = await sign_in("clerk")
    async with Line(headers) as line:
        await burst(await sign_in("terminal"), 1)
        _, body = await line.ask("GET", "/v1/cases?limit=1")
    rate = await gets(headers, "/v1/cases/" + json.loads(body)["items"][0]["case_no"])
    ratio = rate / floor
    return [
        Figure("gets_per_s", rate, "1/s", floor, "reported"),
        # Its value is the ratio itself; the floor is the echoes a second it was made from.
        Figure("get_rpc_ratio", ratio, "ratio", floor, ">= 0.8", ratio >= 0.8, ratio),
    ]


async def gets(headers: dict[str, str], path: str) -> float:
    done = 0
    end = time.monotonic() + SECONDS

    async def reader() -> None:
        nonlocal done
        async with Line(headers) as line:
            while time.monotonic() < end:
                status, body = await line.ask("GET", path)
                assert status == 200, body
                done += 1

    await asyncio.gather(*(reader() for _ in range(CONNECTIONS)))
    return done / SECONDS


async def bare_echo() -> float:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", ECHO],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "open"
        return await echoes()
    finally:
        process.terminate()
        process.wait(20)


async def echoes() -> float:
    connection = await aio_pika.connect(os.environ["AMQP_URI"])
    async with connection:
        channel = await connection.channel(publisher_confirms=False)
        exchange = await channel.get_exchange("nameko-rpc")
        replies = await channel.declare_queue(exclusive=True)
        await replies.bind(exchange, replies.name)
        waiting: dict[str, asyncio.Future] = {}

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            waiting.pop(message.correlation_id).set_result(message.body)

        await replies.consume(take, no_ack=True)
        done = 0
        end = time.monotonic() + SECONDS

        async def caller() -> None:
            nonlocal done
            body = json.dumps({"args": [], "kwargs": {"case_no": "20261123-0000010"}}).encode()
            while time.monotonic() < end:
                correlation_id = str(uuid.uuid4())
                future = waiting[correlation_id] = asyncio.get_running_loop().create_future()
                await exchange.publish(
                    aio_pika.Message(
                        body,
                        content_type="application/json",
                        reply_to=replies.name,
                        correlation_id=correlation_id,
                    ),
                    "bench_echo.echo",
                )
                await future
                done += 1

        await asyncio.gather(*(caller() for _ in range(CONNECTIONS)))
        return done / SECONDS
