"""Reads a JSON body and refuses what two readers could understand differently.

Duplicate keys, lone surrogates, NULs, numbers no database holds, nesting meant to exhaust us: each would be somebody
else's puzzle further in, so each is refused here with the reason.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from starlette.requests import Request

from gateway.problems import BadRequest, ContentTooLarge, Problem
from services.chassis.errors import Invalid

MIB = 1024 * 1024
JSON_LIMIT = MIB
DEPTH_LIMIT = 32
LARGEST_INTEGER = 2**63 - 1


class InvalidJson(BadRequest):
    """The body is not valid JSON: {reason}."""

    zh = "提交的内容不是有效的 JSON：{reason}。"


class NestedTooDeep(BadRequest):
    """The body is nested deeper than {limit} levels."""

    zh = "提交的内容嵌套超过 {limit} 层。"


class DuplicateKey(BadRequest):
    """The key "{key}" appears twice in one object; it is unclear which one is meant."""

    zh = "同一对象中“{key}”出现了两次，无法确定以哪个为准。"


class UnreadableText(Invalid):
    """A text holds characters that cannot be stored (NUL or half of a surrogate pair)."""

    zh = "文字中含有无法保存的字符（空字符或不成对的代理字符）。"


class NumberOutOfRange(Invalid):
    """A number is too large to be kept exactly."""

    zh = "数字过大，无法准确保存。"


class UnsupportedContentType(Problem):
    """Send this as {expected}, please."""

    kind = "unsupported-content-type"
    status = 415
    zh = "请以 {expected} 格式提交。"


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body, never more than `limit`, whatever Content-Length claims."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise ContentTooLarge(limit=limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise ContentTooLarge(limit=limit)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def expect(request: Request, media_type: str) -> None:
    """415 unless the body says it is `media_type` (in UTF-8, should it name a charset)."""
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace('"', "").partition("charset=")[2].strip()
    if given.strip().lower() != media_type or charset not in ("", "utf-8", "utf8"):
        raise UnsupportedContentType(expected=media_type)


async def read_json(request: Request, limit: int = JSON_LIMIT) -> Any:
    expect(request, "application/json")
    return parse(await read_bytes(request, limit))


async def read_object(
    request: Request, limit: int = JSON_LIMIT, *, may_be_empty: bool = False
) -> dict[str, Any]:
    """A JSON object; an absent body counts as `{}` where nothing in it is required."""
    if may_be_empty and "content-type" not in request.headers:
        if await read_bytes(request, limit):
            raise UnsupportedContentType(expected="application/json")
        return {}
    body = await read_json(request, limit)
    if not isinstance(body, dict):
        raise InvalidJson(reason="an object {…} is expected / 应为对象 {…}")
    return body


def parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidJson(reason=f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise InvalidJson(reason=f"{error.msg}, line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise NestedTooDeep(limit=DEPTH_LIMIT) from None
    except ValueError:  # an integer of thousands of digits
        raise NumberOutOfRange() from None
    _inspect(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKey(key=key.encode("utf-8", "replace").decode())
            seen.add(key)
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson(reason=f"{name} is not a JSON number")


def _inspect(value: Any) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                _inspect_text(one)
            elif kind is dict:
                for key, inner in one.items():
                    _inspect_text(key)
                    below.append(inner)
            elif kind is list:
                below.extend(one)
            elif kind is int:
                if not -LARGEST_INTEGER <= one <= LARGEST_INTEGER:
                    raise NumberOutOfRange()
            elif kind is float and not math.isfinite(one):
                raise NumberOutOfRange()
        # A scalar adds no level of its own: [[1]] is two levels deep.
        if depth > DEPTH_LIMIT and any(type(one) in (dict, list) for one in level):
            raise NestedTooDeep(limit=DEPTH_LIMIT)
        level = below


def _inspect_text(text: str) -> None:
    if "\0" in text:
        raise UnreadableText()
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise UnreadableText() from None
