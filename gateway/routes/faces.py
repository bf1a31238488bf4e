"""The faces: built pages of gateway/web, served as they lie, from nowhere else and under a policy that lets nothing else in.

Assets carry a hash of their content in their names, so whoever has one has it for ever; pages are asked for again each
time. Everything is read once: a build is replaced with the process.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import RedirectResponse, Response

from gateway.problems import NoSuchPage
from gateway.routes.cases import TOKEN
from gateway.table import ANYONE, Row, Visit, question
from services.chassis.errors import Problem
from services.contracts import frontdesk

DIST = Path(__file__).parents[1] / "web" / "dist"
FACES = {"/k": "k.html", "/b": "b.html"}
"""Path -> page. A new face is a line here and one in web/vite.config.ts."""
FIRST = "/k"

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class NotBuilt(Problem):
    """The faces are not built: run `deploy/local/prepare.sh` (or `make run`) and start the gateway again."""

    kind = "not-built"
    status = 503
    zh = "界面尚未构建：请运行 make run 后重启网关。"


@dataclass(frozen=True, slots=True)
class Kept:
    plain: bytes
    packed: bytes | None
    kind: str


@functools.cache
def built(folder: Path = DIST) -> dict[str, Kept]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in KINDS:
            packed = path.with_name(path.name + ".gz")
            there = packed.read_bytes() if packed.exists() else None
            found[str(path.relative_to(folder))] = Kept(path.read_bytes(), there, KINDS[path.suffix])
    return found


def answer(visit: Visit, name: str, caching: str) -> Response:
    kept = built().get(name)
    if kept is None:
        raise NoSuchPage() if built() else NotBuilt()
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    content = kept.plain
    if kept.packed and "gzip" in visit.request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = kept.packed, "gzip"
    return Response(content, headers=headers | {"Content-Type": kept.kind})


async def face(visit: Visit) -> Response:
    return answer(visit, FACES[visit.request.scope["template"]], ASK_AGAIN)


async def asset(visit: Visit) -> Response:
    return answer(visit, f"assets/{visit.request.path_params['name']}", FOR_EVER)


async def front(visit: Visit) -> Response:
    return RedirectResponse(FIRST, 307)


ROWS = (
    question(
        "/v1/tracking",
        frontdesk.GetCaseByToken,
        "凭回执查一件（令牌在 X-Tracking-Token 中）",
        "The case of a receipt, by the token in X-Tracking-Token",
        "cases",
        holder=True,
        hidden=TOKEN,
    ),
    *(
        Row(
            method="GET",
            path=path,
            serve=serve,
            who=ANYONE,
            limited=False,
            tag="faces",
            media_type="text/html",
            in_document=False,
            zh=zh,
            en=en,
        )
        for path, serve, zh, en in (
            ("/", front, "首页", "To the terminal"),
            ("/assets/{name}", asset, "界面文件", "Scripts and styles of the faces"),
            *((path, face, "界面", "A face") for path in FACES),
        )
    ),
)
