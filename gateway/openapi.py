"""OpenAPI 3.1 from the route table and the contracts' own schemas.

`python -m gateway.openapi > docs/openapi.json`
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import Any

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from gateway.schemas import answers
from gateway.table import ANYONE, Row

DESCRIPTION = """\
一口（Yikou）：前台一口受理，后台分工协同。除另有说明外，一律 JSON；错误一律为 RFC 9457 `application/problem+json`，
按 `Accept-Language` 给出中文（默认）或英文，`slug` 不变。创建类 POST 需带 `Idempotency-Key`。

One desk, every back office. JSON throughout; every error is RFC 9457 problem+json, Chinese by default, English by
`Accept-Language`; decide by `slug`. POSTs that create need an `Idempotency-Key`; lists come in pages `{items, next}`.
"""

TAGS = {
    "tokens": ("登录", "Signing in"),
    "matters": ("事项", "Matters"),
    "approvals": ("准入", "Access approval"),
    "cases": ("办件", "Cases"),
    "intake": ("接入与联合办理", "Intake and joint handling"),
    "care": ("回访、信访与异常件", "Calls, petitions and stuck cases"),
    "certificates": ("证明与用印", "Certificates and seals"),
    "tasks": ("部门任务", "Tasks"),
    "materials": ("材料", "Materials"),
    "live": ("实时", "Live"),
    "insight": ("态势", "Insight"),
    "registry": ("人房底册", "Registry"),
    "grid-events": ("部件与事件", "Parts and events of the grids"),
    "estates": ("小区与业主", "Estates and owners"),
    "property": ("物业", "Property management"),
    "owners": ("业主共同决定", "Owners together"),
    "webhooks": ("推送", "Webhooks"),
    "cameras": ("安防监控", "Security cameras"),
    "party": ("党建", "Party building"),
    "volunteers": ("志愿服务", "Volunteers"),
    "meters": ("水电气表", "Utility meters"),
    "census": ("人口普查", "Census"),
    "identity": ("账号与设备", "Accounts and devices"),
}

SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "POST /v1/tokens"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "companies"},
    "device": {"type": "http", "scheme": "basic", "description": "a device's id and secret"},
    "trackingToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Tracking-Token",
        "description": "the holder of one case's receipt, for that case",
    },
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 8, "maxLength": 128},
    "description": "new for each new request; a repeat with the same key gets the first answer",
}
LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "schema": {"type": "string"},
    "description": "the last id received; what came after it is sent first",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "the ETag of the answer you have",
}


def build(rows: tuple[Row, ...]) -> dict[str, Any]:
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="Yikou 一口",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": f"{zh} · {en}"} for name, (zh, en) in TAGS.items()],
    )
    spec.components.schema("Problem", schema=answers.Problem)
    spec.components.response(
        "Problem",
        {
            "description": "出错 · an error",
            "content": {"application/problem+json": {"schema": {"$ref": _ref("Problem")}}},
        },
    )
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    assert plugin.converter is not None
    for row in rows:
        if row.in_document:
            path = row.path.replace(":path}", "}")
            spec.path(path=path, operations={row.method.lower(): _operation(row, plugin.converter)})
    return spec.to_dict()


def _operation(row: Row, converter: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(row),
        "summary": f"{row.zh} · {row.en}",
        "tags": [row.tag],
        "parameters": _path_parameters(row),
        "responses": {str(row.status): _answer(row), "default": {"$ref": "#/components/responses/Problem"}},
        "security": _security(row),
        "x-zh": row.zh,
        "x-en": row.en,
    }
    if row.asks and row.asks.__doc__:
        operation["description"] = " ".join(row.asks.__doc__.split())
    if row.who:
        operation["x-roles"] = sorted(row.who)
    if row.method == "GET":
        operation["parameters"] += _query_parameters(row, converter)
        if row.tagged:
            operation["parameters"].append(IF_NONE_MATCH)
            operation["responses"]["304"] = {"description": "You have it already (ETag)."}
        if row.media_type == "text/event-stream":
            operation["parameters"].append(LAST_EVENT_ID)
    else:
        if body := _body(row, converter):
            operation["requestBody"] = body
        if row.key != "none":
            operation["parameters"].append(IDEMPOTENCY_KEY | {"required": row.key == "required"})
    return operation


def _operation_id(row: Row) -> str:
    if row.name:
        return row.name
    if row.asks:
        return f"{row.asks.office()}_{row.asks.method()}"
    words = re.sub(r"[{}]", "", row.path).strip("/").replace("/", "_").replace(".", "_").replace("-", "_")
    return f"{row.method.lower()}_{words}"


def _path_parameters(row: Row) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)(?::path)?}", row.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(row: Row, converter: Any) -> list[dict[str, Any]]:
    if row.asks is None:
        return []
    path = set(re.findall(r"{(\w+)(?::path)?}", row.path))
    asked = {n: f for n, f in row.asks.schema().fields.items() if n not in path | row.hidden}
    parameters = [
        converter._field2parameter(field, name=name, location="query") for name, field in asked.items()
    ]
    for parameter in parameters:
        if parameter["name"] == "limit":
            parameter["schema"] |= {"minimum": 1, "maximum": 200}
    return parameters


def _body(row: Row, converter: Any) -> dict[str, Any] | None:
    """The contract without what the path and the headers already say."""
    if row.body:
        media = "multipart/form-data" if row.body.__name__ == "Upload" else "application/json"
        return {"required": True, "content": {media: {"schema": row.body}}}
    if row.asks is None:
        return None
    path = set(re.findall(r"{(\w+)(?::path)?}", row.path))
    asked = {n: f for n, f in row.asks.schema().fields.items() if n not in path | row.hidden}
    if not asked:
        return None
    properties = {name: converter.field2property(field) for name, field in asked.items()}
    needed = sorted(name for name, field in asked.items() if field.required)
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if needed:
        schema["required"] = needed
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


def _answer(row: Row) -> dict[str, Any]:
    if row.media_type == "text/event-stream":
        schema: Any = {"type": "string"}
    elif row.answers:
        schema = row.answers
    else:
        schema = {"type": "object"} if row.media_type == "application/json" else {"type": "string"}
    answer: dict[str, Any] = {"description": row.en, "content": {row.media_type: {"schema": schema}}}
    if row.location:
        answer["headers"] = {
            "Location": {"schema": {"type": "string"}, "description": "where it can be read"}
        }
    return answer


def _security(row: Row) -> list[dict[str, list[str]]]:
    if row.who is ANYONE:
        return []
    schemes = ["bearer", "apiKey"] + (["device"] if row.who == () or "device" in row.who else [])
    if row.holder:
        schemes.append("trackingToken")
    return [{name: []} for name in schemes]


def _name(schema: type[Schema] | Schema | str) -> str:
    return (
        schema if isinstance(schema, str) else (schema if isinstance(schema, type) else type(schema)).__name__
    )


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"


@cache
def document_bytes() -> bytes:
    from gateway.routes import TABLE  # the table's own rows include the page that shows this document

    return msgspec.json.format(msgspec.json.encode(build(TABLE)), indent=1)


if __name__ == "__main__":
    sys.stdout.buffer.write(document_bytes() + b"\n")
