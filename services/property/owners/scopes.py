"""Who may see and do what of owners' business: by role and place, as everywhere in property."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_

from services.chassis.database import Read, Work
from services.chassis.identifiers import Caller
from services.contracts.roles import Contract, may
from services.property.model import NotYourEstate, is_ours
from services.property.owners.model import UnknownEstate
from services.property.owners.repository import OwnersStore


def require(caller: Caller, place: str, contract: Contract) -> None:
    if not (is_ours(caller) and caller.may(may(contract), place)):
        raise NotYourEstate(place=place)


def place_of(work: Work | Read, estate: str, contract: Contract) -> str:
    """The community of an estate, for whoever may do this there; to others it does not exist."""
    store = work.store if isinstance(work, Work) else _Look(work.connection)
    place = store.place_of_estate(estate)
    if place is None or not any(place.startswith(scope) for scope in work.caller.scopes(*may(contract))):
        raise UnknownEstate(estate=estate)
    require(work.caller, place, contract)
    return str(place)


class _Look(OwnersStore):
    def __init__(self, connection: Any) -> None:
        self.connection = connection


def look(read: Read) -> OwnersStore:
    return _Look(read.connection)


def within(read: Read, place: Any, contract: Contract) -> Any:
    scopes = read.caller.scopes(*may(contract))
    if not (is_ours(read.caller) and scopes):
        raise NotYourEstate(place="、".join(read.caller.scopes()))
    return or_(*(place.startswith(scope, autoescape=True) for scope in scopes))
