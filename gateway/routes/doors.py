"""The gateway's own pages: alive, ready, measured, described."""

from __future__ import annotations

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from gateway import docs, openapi
from gateway.table import ANYONE, Row, Visit

TAG = "doors"


async def healthz(visit: Visit) -> Response:
    """This process runs its loop; nothing else is asked."""
    return Response(b'{"ok":true,"service":"gateway"}', media_type="application/json")


async def readyz(visit: Visit) -> Response:
    """Can calls be made: the broker is connected and both our queues are being read."""
    gate = visit.gate
    parts = {"broker": gate.line.is_open.is_set(), "rpc": gate.offices.alive(), "live": gate.live.alive()}
    ok = all(parts.values())
    return Response(
        msgspec.json.encode({"ok": ok, "service": "gateway", **parts}),
        200 if ok else 503,
        {} if ok else {"Retry-After": "2"},
        "application/json",
    )


async def metrics(visit: Visit) -> Response:
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def document(visit: Visit) -> Response:
    return Response(
        openapi.document_bytes(),
        headers={"Cache-Control": "public, max-age=60"},
        media_type="application/json",
    )


async def page(visit: Visit) -> Response:
    return Response(
        docs.PAGE,
        headers={"Content-Security-Policy": docs.POLICY, "Cache-Control": "public, max-age=60"},
        media_type="text/html",
    )


ROWS = tuple(
    Row(
        method="GET",
        path=path,
        serve=serve,
        who=ANYONE,
        limited=False,
        tag=TAG,
        media_type=media_type,
        in_document=False,
        zh=zh,
        en=en,
    )
    for path, serve, media_type, zh, en in (
        ("/healthz", healthz, "application/json", "存活", "Alive"),
        ("/readyz", readyz, "application/json", "就绪", "Ready"),
        ("/metrics", metrics, "text/plain", "指标", "Metrics"),
        ("/openapi.json", document, "application/json", "接口描述", "OpenAPI 3.1"),
        ("/docs", page, "text/html", "接口文档", "The document, readable"),
    )
)
