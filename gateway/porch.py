"""What every request passes on its way in and out: a trace, security headers, a measurement, a line in the journal.
Nobody leaves with a bare exception."""

from __future__ import annotations

import time

from prometheus_client import Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import ServerError, response_to
from services.chassis.identifiers import child_traceparent, trace_id
from services.chassis.journal import journal
from services.chassis.metrics import QUICK

log = journal()

SLOW = 1.0
STREAMS = {"/v1/live", "/v1/cases/{case_no}/events"}

answered = Histogram(
    "yikou_http_seconds", "Time to answer an HTTP request.", ["route", "method", "status"], buckets=QUICK
)

SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
CLOSED_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
# Answers hold people's affairs: no cache on the way keeps one, unless the answer says otherwise.
PRIVATE = (b"cache-control", b"no-store")
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class Porch:
    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        scope["traceparent"] = child_traceparent(_header(scope, b"traceparent"))
        status = 0

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _dressed(scope, message.get("headers") or [])
            await send(message)

        try:
            await self._app(scope, receive, send_dressed)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            log.error("request broke", route=scope.get("template"), trace_id=_trace(scope), exc_info=error)
            if status:
                raise
            await response_to(Request(scope), ServerError())(scope, receive, send_dressed)
        finally:
            _note(scope, status, time.perf_counter() - began)


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def _dressed(scope: Scope, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    names = {name for name, _ in headers}
    dressed = [*headers, *SECURITY]
    for default in (CLOSED_POLICY, PRIVATE):
        if default[0] not in names:
            dressed.append(default)
    if (standing := scope.get("ratelimit")) and b"ratelimit" not in names:
        dressed.append((b"ratelimit-policy", standing[0].encode()))
        dressed.append((b"ratelimit", standing[1].encode()))
    if scope["scheme"] == "https":
        dressed.append(HTTPS_ONLY)
    return dressed


def _trace(scope: Scope) -> str:
    return trace_id(scope["traceparent"])


def _note(scope: Scope, status: int, seconds: float) -> None:
    # The template, never the path: a path may hold a tracking token.
    route = scope.get("template", "(none)")
    if route not in STREAMS:
        answered.labels(route, scope["method"], str(status)).observe(seconds)
    say = log.info if status >= 400 or (seconds > SLOW and route not in STREAMS) else log.debug
    say(
        "answered",
        route=route,
        method=scope["method"],
        status=status,
        slug=scope.get("slug"),
        ms=round(seconds * 1000, 1),
        trace_id=_trace(scope),
    )
