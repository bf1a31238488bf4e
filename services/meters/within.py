"""Whose rows a caller sees."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_

from services.chassis.database import Read
from services.contracts.roles import Contract, may

OVERSEERS = ("admin", "clerk", "supervisor", "auditor", "operator")


def within(read: Read, place: ColumnElement[str], asked: Contract) -> ColumnElement[bool]:
    """What is outside the caller's areas, or his office's business, does not exist for him: a home's water tells its life."""
    caller = read.caller
    ours = caller.department in ("meters", "community", "street") or caller.has(*OVERSEERS)
    scopes = caller.scopes(*may(asked)) if ours or caller.kind == "system" else []
    return or_(false(), *(place.startswith(scope, autoescape=True) for scope in scopes))
