"""To the broker: a message is delivered when the broker has confirmed it, however long that takes."""

from __future__ import annotations

import asyncio
import contextlib

import aio_pika
from aio_pika.abc import AbstractExchange
from kombu import Connection as Declaring

from services.chassis import topology
from services.chassis.journal import journal
from services.chassis.settings import settings

CONNECT_TIMEOUT = 10
CONFIRM_TIMEOUT = 30
LONGEST_PAUSE = 5.0

log = journal(part="post")


class Post:
    """One channel with confirms for all lines; it is opened again for ever."""

    def __init__(self) -> None:
        self._exchange: AbstractExchange | None = None
        self._open = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    async def keep(self) -> None:
        pause = 0.1
        while True:
            try:
                await asyncio.to_thread(_declare)
                await self._hold_open()
                pause = 0.1
            except Exception as error:  # whatever went wrong, the answer is the same: try again
                log.warning("broker-away", error=repr(error)[:300], pause=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hold_open(self) -> None:
        connection = await aio_pika.connect(
            settings().amqp_uri,
            timeout=CONNECT_TIMEOUT,
            client_properties={"connection_name": "meters-concentrator"},
        )
        try:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await channel.get_exchange(topology.SIGNALS.name, ensure=False)
            self._open.set()
            ends = [asyncio.ensure_future(end) for end in (connection.closed(), channel.closed())]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.clear()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), 5)

    async def deliver(self, routing_key: str, body: bytes) -> None:
        """Returns when the broker keeps it. Full queues and a broker that is away are waited for: whoever sent it waits too."""
        message = aio_pika.Message(
            body, content_type="application/json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        pause = 0.1
        while True:
            await self._open.wait()
            assert self._exchange is not None
            try:
                await self._exchange.publish(message, routing_key, mandatory=True, timeout=CONFIRM_TIMEOUT)
                return
            except Exception as error:  # not confirmed: it may be there or not, and twice does no harm
                log.info("not-confirmed", error=repr(error)[:200], pause=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _declare() -> None:
    """A message to queues that do not exist yet would be confirmed by nobody."""
    with Declaring(settings().amqp_uri, connect_timeout=5) as declaring:
        topology.declare(declaring, ["meters"])
