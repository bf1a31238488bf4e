"""Exchange with other systems: files in with a dry run, files out, the feed of changes, one number one source."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from functools import partial
from typing import Any
from urllib.parse import quote

from marshmallow import Schema, fields, validate
from starlette.responses import Response

from gateway import sheets
from gateway.hygiene import read_object
from gateway.routes.materials import _one_file
from gateway.routes.registry import RESIDENT
from gateway.schemas import bodies
from gateway.table import Row, Visit, check, creation, order, question
from services.contracts import exchange
from services.contracts.roles import MAY

TAG = "registry"
IMPORT = "/v1/registry/imports/{import_id}"

_ask = partial(question, tag=TAG)
_do = partial(order, tag=TAG)
_make = partial(creation, tag=TAG)


async def take_file(visit: Visit) -> Response:
    """The file travels on in pieces: no message of a whole file, and no disk that two services share."""
    name, _, content = await _one_file(visit.request)
    query = visit.request.query_params
    told: dict[str, Any] = {key: query[key] for key in ("kind", "place", "source") if key in query}
    told |= {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    check(exchange.OpenImport.schema(), told)
    answer = await visit.ask(exchange.OpenImport, told)
    visit.key = None  # it stands for the opening; a part is told apart by its number
    for number, start in enumerate(range(0, len(content), exchange.PART)):
        piece = base64.b64encode(content[start : start + exchange.PART]).decode()
        if answer["state"] == "receiving":
            part = {"import_id": answer["import_id"], "number": number, "content": piece}
            answer = await visit.ask(exchange.AddImportPart, part)
    body = await visit.call(exchange.GetImport, {"import_id": answer["import_id"]})
    where = {"Location": IMPORT.format_map(answer)}
    return Response(body, 201, headers=where, media_type="application/json")


class Export(Schema):
    """What to export, and how."""

    kind = fields.String(required=True, validate=validate.OneOf(exchange.KINDS))
    place = fields.String(required=True)
    format = fields.String(load_default="csv", validate=validate.OneOf(exchange.FORMATS))
    whole = fields.Boolean(load_default=False)
    why = fields.String(load_default=None)


async def give_file(visit: Visit) -> Response:
    body = await read_object(visit.request)
    check(Export(), body)
    form = body.pop("format", "csv")
    rows: list[list[Any]] = []
    while True:
        page = await visit.ask(exchange.ExportRegistry, body)
        rows += page["rows"]
        if page["next"] is None:
            break
        body["cursor"] = page["next"]
    titles = [column["zh"] for column in page["columns"]]
    content = await asyncio.to_thread(sheets.write, form, titles, rows)
    name = quote(f"{body['kind']}-{body['place']}.{form}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, headers=headers, media_type=sheets.MEDIA_TYPES[form])


ROWS = (
    Row(
        method="POST",
        path="/v1/registry/imports",
        serve=take_file,
        body=bodies.Upload,
        who=MAY[exchange.OpenImport],
        status=201,
        tag=TAG,
        zh="导入楼栋、住户或居民（CSV、XLSX；?kind=&place=；先试运行）",
        en="Import buildings, households or residents (CSV or XLSX; ?kind=&place=); begins with a dry run",
    ),
    _ask("/v1/registry/imports", exchange.ListImports, "导入批次", "Imports"),
    _ask(IMPORT, exchange.GetImport, "一次导入的进度与结果", "How far an import is, and what it found"),
    _ask(f"{IMPORT}/rows", exchange.ListImportRows, "逐行报告", "The report, row by row"),
    _do(f"{IMPORT}/apply", exchange.ApplyImport, "正式导入", "Store what the dry run found sound"),
    _do(f"{IMPORT}/drop", exchange.DropImport, "放弃导入", "Do not store it"),
    Row(
        method="POST",
        path="/v1/registry/exports",
        serve=give_file,
        body=Export,
        who=MAY[exchange.ExportRegistry],
        key="none",
        media_type="application/octet-stream",
        tag=TAG,
        zh="导出（CSV、XLSX；默认脱敏，完整信息留痕）",
        en="Export as CSV or XLSX; masked, or whole with a noted look",
    ),
    _ask("/v1/registry/changes", exchange.ListChanges, "变更流", "What changed after a number, in order"),
    _ask(
        "/v1/registry/sources", exchange.ListSources, "一数一源", "Which register is the source of each field"
    ),
    _ask("/v1/registry/proposals", exchange.ListProposals, "变更建议", "What other registers say otherwise"),
    _make(f"{RESIDENT}/proposals", exchange.ProposeChange, "提出变更建议", "Say otherwise about a field"),
    _do(
        "/v1/registry/proposals/{proposal_id}/decide",
        exchange.DecideProposal,
        "处理建议",
        "Take it over or leave it",
    ),
)
