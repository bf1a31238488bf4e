"""Whose rows a caller sees."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_

from services.chassis.database import Read


def within(read: Read, place: ColumnElement[str]) -> ColumnElement[bool]:
    """What is outside the caller's areas does not exist for him."""
    return or_(false(), *(place.startswith(scope, autoescape=True) for scope in read.caller.scopes()))
