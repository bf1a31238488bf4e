"""A cable between the gateway and the broker that a test can cut, without hurting anybody else's connection."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit


class Wire:
    def __init__(self, uri: str):
        self._to = urlsplit(uri)
        self._pairs: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def uri(self) -> str:
        credentials, _, _ = self._to.netloc.rpartition("@")
        return self._to._replace(netloc=f"{credentials}@127.0.0.1:{self._port}").geturl()

    async def join(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Every connection ends, and none can be made until `join`."""
        if self._server:
            self._server.close()
        for writer in tuple(self._pairs):
            writer.transport.abort()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, on = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._pairs |= {back, on}
        await asyncio.gather(self._pump(near, on), self._pump(far, back))
        self._pairs -= {back, on}

    @staticmethod
    async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        sink.close()
