"""Whose meters somebody may touch."""

from __future__ import annotations

from services.chassis.database import Read
from services.chassis.errors import Forbidden


class NotYourMeters(Forbidden):
    """Your role or area does not cover the meters of {place}."""

    zh = "您的角色或辖区不包括“{place}”的表计。"


def demand(work: Read, place: str) -> None:
    caller = work.caller
    holds = (
        caller.kind == "system"
        or caller.department in ("meters", "community", "street")
        or caller.has("admin")
    )
    if not holds or not caller.may(("officer", "manager", "coordinator", "clerk", "admin"), place):
        raise NotYourMeters(place=place)
