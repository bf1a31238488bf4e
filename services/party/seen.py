"""What of the party office's rows a caller sees."""

from __future__ import annotations

from sqlalchemy import ColumnElement, false, or_

from services.chassis.database import Read
from services.contracts.roles import ADMIN, WATCHERS, Contract, may


def within(
    read: Read, place: ColumnElement[str], contract: Contract, personal: bool = False
) -> ColumnElement[bool]:
    """The caller's areas. Membership is sensitive: only the party office and those who oversee it see the roll."""
    caller = read.caller
    entitled = caller.kind == "system" or caller.department == "party" or caller.has(*WATCHERS, *ADMIN)
    if personal and not entitled:
        return false()
    return or_(
        false(), *(place.startswith(scope, autoescape=True) for scope in caller.scopes(*may(contract)))
    )
