"""Pages by cursor: the next page begins after the last row seen, so nothing shifts while new rows arrive."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, literal, tuple_

from services.chassis import clock
from services.chassis.errors import Invalid


class BadCursor(Invalid):
    """This cursor is not one of ours; begin again without it."""

    zh = "分页标记无效，请从第一页重新开始。"


def page(
    connection: Connection, wanted: Select[Any], order: Sequence[Any], query: Any, descending: bool = False
) -> dict[str, Any]:
    """One page of `wanted`, ordered by `order` (columns that together are unique): `{items, next}`."""
    if query.cursor:
        after = [
            literal(value, column.type)
            for column, value in zip(order, _read(query.cursor, order), strict=True)
        ]
        wanted = wanted.where(
            tuple_(*order) < tuple_(*after) if descending else tuple_(*order) > tuple_(*after)
        )
    wanted = wanted.order_by(*((column.desc() for column in order) if descending else order)).limit(
        query.limit + 1
    )
    rows = [dict(row._mapping) for row in connection.execute(wanted)]
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return {"items": rows, "next": _write([rows[-1][column.name] for column in order]) if more else None}


def _write(values: list[Any]) -> str:
    plain = [clock.iso_exact(value) if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(msgspec.json.encode(plain)).decode().rstrip("=")


def _read(cursor: str, order: Sequence[Any]) -> list[Any]:
    try:
        values = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError(cursor)
        return [
            datetime.fromisoformat(value)
            if column.type.python_type is datetime
            else column.type.python_type(value)
            for column, value in zip(order, values, strict=True)
        ]
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise BadCursor() from error
