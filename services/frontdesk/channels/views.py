"""What a counter shows of the channels before anything is filed or declined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from services.chassis.database import Read
from services.contracts import channels as contract
from services.contracts.messages import Query
from services.frontdesk import matters
from services.frontdesk.channels.model import channels, statutory


def list_channels(read: Read, query: Any) -> dict[str, Any]:
    items = [msgspec.json.decode(msgspec.json.encode(one, enc_hook=str)) for one in channels().values()]
    return {"items": items, "next": None}


def list_statutory_channels(read: Read, query: Any) -> dict[str, Any]:
    slug = matters.catalogue().get(query.matter).slug if query.matter else None
    return {"items": [msgspec.to_builtins(one) for one in statutory(slug)], "next": None}


QUERIES: dict[type[Query], Callable[..., Any]] = {
    contract.ListChannels: list_channels,
    contract.ListStatutoryChannels: list_statutory_channels,
}
