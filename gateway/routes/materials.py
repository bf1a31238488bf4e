"""Materials: handed in once, kept under the hash of their content, known by what they are and not by what they say."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from gateway.hygiene import MIB, UnsupportedContentType
from gateway.problems import BadRequest, ContentTooLarge, Problem
from gateway.schemas import bodies
from gateway.table import Row, Visit
from services.chassis.errors import NotFound
from services.chassis.settings import settings
from services.contracts import frontdesk
from services.contracts.roles import MAY, WHOLE

LIMIT = 10 * MIB
ENVELOPE = 64 * 1024
"""What the multipart wrapping may add."""

KINDS = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "image/heic": (b"ftypheic", b"ftypheix", b"ftypmif1"),
}

SHOWN = ("application/pdf", "image/jpeg", "image/png", "image/webp")
POLICY = (
    "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""What a browser's own viewers of pictures and PDF need, and nothing that runs."""


class NoFile(BadRequest):
    """Send one file, as multipart/form-data in a part called "file"."""

    zh = "请以 multipart/form-data 提交一个名为 file 的文件。"


class UnknownMaterial(NotFound):
    """The case {case_no} names no material {sha256}…, or it was not kept."""

    zh = "案件 {case_no} 中没有材料 {sha256}…，或该材料未保存。"


class NotWhatItSays(Problem):
    """The file says it is {claimed}, but its content is {found}; accepted are PDF, JPEG, PNG, WebP and HEIC."""

    kind = "unsupported-content-type"
    status = 415
    zh = "文件自称 {claimed}，内容却是 {found}；可接受 PDF、JPEG、PNG、WebP、HEIC。"


def kind_of(head: bytes) -> str | None:
    """The media type by the first bytes."""
    for media_type, beginnings in KINDS.items():
        for beginning in beginnings:
            at = head[4:12] if media_type == "image/heic" else head
            if at.startswith(beginning) and (media_type != "image/webp" or head[8:12] == b"WEBP"):
                return media_type
    return None


async def upload(visit: Visit) -> Response:
    if visit.credential.token is not None:
        await visit.ask(
            frontdesk.GetCaseByToken, {"token": visit.credential.token}
        )  # refuses an invented one
    name, claimed, content = await _one_file(visit.request)
    found = kind_of(content[:16])
    if found is None or claimed not in (found, "application/octet-stream", ""):
        raise NotWhatItSays(claimed=claimed or "?", found=found or "unknown")
    if visit.credential.token is not None:  # anybody with one receipt must not fill the disk
        visit.gate.limits.spend("upload", visit.credential.token, len(content))
    sha256 = await asyncio.to_thread(keep, content, settings().data / "materials")
    body = await visit.call(
        frontdesk.RegisterMaterial,
        {"sha256": sha256, "name": name, "media_type": found, "size": len(content)},
    )
    return Response(body, 201, media_type="application/json")


async def show(visit: Visit) -> Response:
    """A material of a case, to whom the front desk shows the case with its materials; every look is noted."""
    case_no, sha256 = (visit.request.path_params[name] for name in ("case_no", "sha256"))
    case = await visit.ask(frontdesk.GetCase, {"case_no": case_no})
    named = next((one for one in case.get("materials") or [] if one.get("sha256") == sha256), None)
    content = await asyncio.to_thread(find, sha256, settings().data / "materials") if named else None
    if named is None or content is None:
        raise UnknownMaterial(sha256=sha256[:12], case_no=case_no)
    await visit.gate.looks.note(visit, "materials.show")
    kind = kind_of(content[:16]) or "application/octet-stream"
    # Shown only where a browser draws it and runs nothing of it; what it is called is the uploader's word.
    how = "inline" if kind in SHOWN else "attachment"
    name = quote(_plain_name(str(named.get("name") or "")))
    return Response(
        content,
        headers={
            "Content-Disposition": f"{how}; filename*=UTF-8''{name}",
            "Content-Security-Policy": POLICY,
        },
        media_type=kind,
    )


async def _one_file(request: Request) -> tuple[str, str, bytes]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise UnsupportedContentType(expected="multipart/form-data")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LIMIT + ENVELOPE:
        raise ContentTooLarge(limit=LIMIT)
    bounded = Request(request.scope, _bounded(request))
    try:
        parser = MultiPartParser(bounded.headers, bounded.stream(), max_files=1, max_fields=4)
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise NoFile() from None
    try:
        file = form.get("file")
        if file is None or isinstance(file, str):
            raise NoFile()
        content = await file.read()
        if len(content) > LIMIT:
            raise ContentTooLarge(limit=LIMIT)
        if not content:
            raise NoFile()
        return _plain_name(file.filename), (file.content_type or "").lower(), content
    finally:
        await form.close()


def _bounded(request: Request) -> Receive:
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > LIMIT + ENVELOPE:
            raise ContentTooLarge(limit=LIMIT)
        return message

    return receive


def _plain_name(name: str | None) -> str:
    """The last part of the name, without anything a screen or a disk could stumble over."""
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "file"


def find(sha256: str, folder: Path) -> bytes | None:
    try:
        return (folder / sha256[:2] / sha256).read_bytes()
    except FileNotFoundError:
        return None


def keep(content: bytes, folder: Path) -> str:
    """Stored whole or not at all; the same content twice is stored once."""
    sha256 = hashlib.sha256(content).hexdigest()
    place = folder / sha256[:2] / sha256
    if place.exists():
        return sha256
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, place)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return sha256


ROWS = (
    Row(
        method="POST",
        path="/v1/materials",
        serve=upload,
        body=bodies.Upload,
        who=MAY[frontdesk.RegisterMaterial],
        holder=True,
        status=201,
        key="none",  # the content's hash is its own key
        tag="materials",
        zh="上传材料（PDF、JPEG、PNG、WebP、HEIC，最大 10 MiB）",
        en="Upload a material (PDF, JPEG, PNG, WebP, HEIC; 10 MiB at most)",
    ),
    Row(
        method="GET",
        path="/v1/cases/{case_no}/materials/{sha256}",
        serve=show,
        who=WHOLE[frontdesk.GetCase],
        media_type="application/octet-stream",
        tag="materials",
        zh="查看一件的材料（留痕）",
        en="A material of a case, as it was handed in; the look is recorded",
    ),
)
