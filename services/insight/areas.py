"""Where somebody may look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, literal, or_

from services.chassis.database import Read
from services.chassis.errors import Forbidden
from services.chassis.identifiers import within
from services.contracts.insight import GetOverview
from services.contracts.roles import Contract, may

LONGEST = 15
"""Digits of a grid's code."""


class OutsideYourArea(Forbidden):
    """The area {place} is not within yours."""

    zh = "“{place}”不在您的辖区内。"


def areas(read: Read, place: str | None, contract: Contract = GetOverview) -> list[str]:
    """Where the caller may ask this, or the area asked for, which must lie within; none of them within another."""
    scopes = read.caller.scopes(*may(contract))
    if place is not None:
        if not any(within(place, scope) for scope in scopes):
            raise OutsideYourArea(place=place)
        scopes = [place]
    if not scopes:
        raise Forbidden()
    return sorted({one for one in scopes if not any(one != other and within(one, other) for other in scopes)})


def inside(column: Any, scopes: Iterable[str]) -> ColumnElement[bool]:
    return or_(*(_inside_one(column, scope) for scope in scopes))


def _inside_one(column: Any, scope: str) -> ColumnElement[bool]:
    if len(scope) == LONGEST:  # nothing is within a grid
        return column == scope
    return column.startswith(scope, autoescape=True) if scope else literal(True)
