"""Alive, ready, measured: three pages on loopback for whoever watches the process.

A blocked event loop cannot answer its own probe, so two things watch it from outside: the probe's time-out, and a
watchdog in C (faulthandler) that prints where the loop hangs and ends the process for the supervisor to restart.
"""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import eventlet
import eventlet.wsgi
import msgspec
from nameko.extensions import DependencyProvider
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from services.chassis import metrics
from services.chassis.settings import settings

TICK = 0.5
LAG_UNHEALTHY = 5.0


class HubWatch:
    """Measures how late the loop wakes; remembers the worst of the last minute."""

    def __init__(self, process: str) -> None:
        self.process = process
        self.worst, self.worst_at = 0.0, 0.0

    def run(self) -> None:
        while True:
            faulthandler.dump_traceback_later(settings().blocked_deadline, exit=True)
            before = time.monotonic()
            eventlet.sleep(TICK)
            lag = time.monotonic() - before - TICK
            metrics.hub_lag.labels(self.process).set(lag)
            now = time.monotonic()
            if lag >= self.worst or now - self.worst_at > 60:
                self.worst, self.worst_at = lag, now

    def healthy(self) -> bool:
        return self.worst < LAG_UNHEALTHY or time.monotonic() - self.worst_at > 10


class HealthDoor(DependencyProvider):
    """Serves /healthz, /readyz and /metrics of a nameko process."""

    def setup(self) -> None:
        self.service = self.container.service_name
        self.watch = HubWatch(self.service)
        self._checked: tuple[float, dict[str, bool]] = (0.0, {})

    def start(self) -> None:
        port = settings().http_port(self.service)
        self._socket = eventlet.listen((settings().http_host, port), reuse_addr=True)
        self.port = self._socket.getsockname()[1]
        self.container.spawn_managed_thread(self.watch.run, identifier="hub watch")
        self.container.spawn_managed_thread(self._serve, identifier="health door")

    def stop(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._socket.close()

    def kill(self) -> None:
        faulthandler.cancel_dump_traceback_later()

    def get_dependency(self, worker_ctx: Any) -> HealthDoor:
        return self

    def _serve(self) -> None:
        with suppress(OSError):  # closed by stop()
            eventlet.wsgi.server(self._socket, self._page, log_output=False, max_size=8, socket_timeout=10)

    def _page(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest()]
        if path == "/healthz":
            ok = self.watch.healthy()
            facts: dict[str, Any] = {"hub_lag_seconds": round(self.watch.worst, 3)}
        elif path == "/readyz":
            parts = self._parts()
            ok, facts = all(parts.values()), dict(parts)
        else:
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b"{}"]
        start("200 OK" if ok else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [msgspec.json.encode({"ok": ok, "service": self.service, **facts})]

    def _parts(self) -> dict[str, bool]:
        at, parts = self._checked
        if time.monotonic() - at > 1:
            doors = {
                type(door).__name__.lower(): door.connected
                for door in self.container.entrypoints
                if hasattr(door, "connected")
            }
            parts = doors | {"database": self._database_answers()}
            self._checked = (time.monotonic(), parts)
        return parts

    def _database_answers(self) -> bool:
        try:
            with eventlet.Timeout(3), self.container.service_cls.ledger.read() as read:
                read.connection.execute(text("SELECT 1"))
            return True
        except (Exception, eventlet.Timeout):
            return False
