"""Alive, ready, measured, for a process without eventlet: the same three pages as every service, from a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.chassis.settings import settings


class Probe:
    def __init__(self, name: str, alive: Callable[[], bool], parts: Callable[[], dict[str, bool]]) -> None:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    return self._send(200, generate_latest(), CONTENT_TYPE_LATEST)
                if self.path == "/healthz":
                    return self._tell(alive(), {})
                if self.path == "/readyz":
                    found = parts()
                    return self._tell(all(found.values()), found)
                return self._send(404, b"{}", "application/json")

            def _tell(self, ok: bool, facts: dict[str, bool]) -> None:
                body = msgspec.json.encode({"ok": ok, "service": name, **facts})
                self._send(200 if ok else 503, body, "application/json")

            def _send(self, status: int, body: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Probes come every few seconds; they are no news."""

        self.server = ThreadingHTTPServer((settings().http_host, settings().http_port(name)), Page)
        self.port = self.server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, name="probe", daemon=True).start()
