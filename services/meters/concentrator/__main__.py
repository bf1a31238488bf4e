"""The listener for raw meter frames: `python -m services.meters.concentrator`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import sys
import time

from prometheus_client import Gauge

from services.chassis.calls import Calls
from services.chassis.journal import journal, open_journal
from services.chassis.settings import settings
from services.contracts.identity import CheckDevice
from services.meters.concentrator.line import ASKED_AGAIN, CHUNK, IDLE, Line, TurnedAway
from services.meters.concentrator.post import Post
from services.meters.probe import Probe

NAME = "meters-concentrator"
MOST_LINES = 2000
MOST_STRANGERS = 200
"""Lines that have not logged in yet."""
CHECKED_AT_ONCE = 8

lines_open = Gauge("yikou_concentrator_lines", "Devices on the line.")


class Listener:
    def __init__(self) -> None:
        environment = settings().environment
        self.log = journal(part="listener")
        self.post = Post()
        self._calls = Calls(settings().amqp_uri, NAME)
        self._checking = asyncio.Semaphore(CHECKED_AT_ONCE)
        self._idle = float(environment.get("YIKOU_FRAMES_IDLE", IDLE))
        self._asked_again = float(environment.get("YIKOU_FRAMES_ASKED_AGAIN", ASKED_AGAIN))
        self._most = int(environment.get("YIKOU_FRAMES_LINES", MOST_LINES))
        self._lines: dict[Line, asyncio.Task[None]] = {}
        self._strangers = 0
        self._turned_at = time.monotonic()
        self._listening = False

    async def run(self) -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        Probe(NAME, self.turning, self.parts).start()
        keeper = asyncio.create_task(self.post.keep())
        turner = asyncio.create_task(self._turn())
        port = int(settings().environment.get("YIKOU_PORT_FRAMES", "0"))
        server = await asyncio.start_server(
            self._welcome, settings().http_host, port, limit=CHUNK, ssl=_tls()
        )
        self._listening = True
        self.log.info("listens", port=server.sockets[0].getsockname()[1])
        await stop.wait()
        self._listening = False
        server.close()
        for line in self._lines:
            line.stop()
        if self._lines:
            await asyncio.wait(self._lines.values(), timeout=settings().drain_deadline)
        for task in (*self._lines.values(), keeper, turner):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._calls.close()
        self.log.info("stopped")

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._lines) >= self._most or self._strangers >= MOST_STRANGERS:
            writer.close()
            return
        line = Line(reader, writer, self._is_device, self.post, self._idle, self._asked_again)
        task = asyncio.current_task()
        assert task is not None
        self._lines[line] = task
        try:
            self._strangers += 1
            try:
                await line.log_in()
            finally:
                self._strangers -= 1
            lines_open.inc()
            try:
                await line.carry()
            finally:
                lines_open.dec()
        except (TurnedAway, OSError, TimeoutError):
            pass  # the device hung up, or is not ours; whatever was not confirmed it sends again
        finally:
            del self._lines[line]
            writer.close()

    async def _is_device(self, device: str, secret: str) -> bool:
        async with self._checking:
            answer = await asyncio.to_thread(
                self._calls.call, CheckDevice, device=device, secret=secret[:256]
            )
        return bool(answer["allowed"])

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(1)

    def turning(self) -> bool:
        return time.monotonic() - self._turned_at < 30

    def parts(self) -> dict[str, bool]:
        return {"broker": self.post.is_open, "listening": self._listening}


def _tls() -> ssl.SSLContext | None:
    environment = settings().environment
    certificate = environment.get("YIKOU_FRAMES_TLS_CERT")
    if not certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, environment.get("YIKOU_FRAMES_TLS_KEY"))
    return context


def main() -> int:
    open_journal(NAME)
    asyncio.run(Listener().run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
