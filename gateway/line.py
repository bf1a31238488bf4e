"""The one connection to the broker. It mends itself and tells its tenants each time it opens or is lost.

aio-pika's own robust connection declares everything again under the old names; a reply queue must get a new name
instead (the broker may still hold the old one), and every waiting call must fail at once. So the mending is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Protocol

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from services.chassis.journal import journal

log = journal()

CONNECT_TIMEOUT = 10
LONGEST_PAUSE = 5.0
INSPECTION = 5.0


class Tenant(Protocol):
    """Whoever declares queues on the line."""

    async def open(self, connection: AbstractConnection) -> AbstractChannel: ...

    def alive(self) -> bool:
        """False when the broker took the queue away while the connection stayed."""

    def lose(self) -> None: ...


class Line:
    def __init__(self, uri: str, name: str = "gateway"):
        self._uri = uri
        self._name = name
        self._tenants: list[Tenant] = []
        self._keeper: asyncio.Task[None] | None = None
        self.is_open = asyncio.Event()

    def let(self, tenant: Tenant) -> None:
        self._tenants.append(tenant)

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    async def _keep(self) -> None:
        pause = 0.1
        while True:
            try:
                await self._hold_open()
                pause = 0.1
            except Exception as error:  # whatever went wrong, the answer is the same: try again
                log.warning(
                    "broker away", error=f"{type(error).__name__}: {error}", next_try_in=round(pause, 1)
                )
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hold_open(self) -> None:
        connection = await aio_pika.connect(
            self._uri, timeout=CONNECT_TIMEOUT, client_properties={"connection_name": self._name}
        )
        try:
            channels = [await tenant.open(connection) for tenant in self._tenants]
            self.is_open.set()
            log.info("broker connected")
            ends = [
                asyncio.ensure_future(end)
                for end in (connection.closed(), *(one.closed() for one in channels))
            ]
            while not any(end.done() for end in ends) and all(tenant.alive() for tenant in self._tenants):
                await asyncio.wait(ends, timeout=INSPECTION, return_when=asyncio.FIRST_COMPLETED)
            log.warning("broker connection lost")
        finally:
            self.is_open.clear()
            for tenant in self._tenants:
                tenant.lose()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), 5)
