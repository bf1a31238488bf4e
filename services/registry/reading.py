"""What every list of the registry does alike: only the caller's areas, and one row more than asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.chassis.identifiers import Caller
from services.contracts.roles import Contract, may

Page = dict[str, Any]


def within(place: Any, caller: Caller, contract: Contract, part: str | None = None) -> ColumnElement[bool]:
    """Rows of the areas in which a role for this is held, and of that part of them."""
    scopes = caller.scopes(*may(contract))
    if not scopes:
        raise Forbidden()
    areas = or_(*(place.startswith(scope, autoescape=True) for scope in scopes))
    return and_(areas, place.startswith(part, autoescape=True)) if part else areas


def page(read: Read, statement: Any, limit: int, key: str) -> Page:
    return cut([dict(row) for row in read.connection.execute(statement).mappings()], limit, key)


def cut(items: list[dict[str, Any]], limit: int, key: str) -> Page:
    """One row more than asked for tells that there is a next page."""
    return {"items": items[:limit], "next": str(items[limit - 1][key]) if len(items) > limit else None}
