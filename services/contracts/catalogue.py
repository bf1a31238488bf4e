"""Everything that is said, in one place: found by walking the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import services.contracts as here
from services.contracts.messages import REGISTRY, Event

SERVICES = (
    "frontdesk", "registry", "identity", "street",
    "party", "property", "cameras", "meters", "volunteers", "insight", "census",
)  # fmt: skip


@cache
def events() -> dict[str, type[Event]]:
    """Event name -> schema, over all contracts."""
    for module in pkgutil.iter_modules(here.__path__):
        importlib.import_module(f"{here.__name__}.{module.name}")
    return dict(sorted(REGISTRY.items()))


@cache
def heard_by(service: str) -> frozenset[tuple[str, str]]:
    """(speaker, routing key) of everything a service hears."""
    return frozenset(
        (speaker, key)
        for event in events().values()
        for speaker, key, hearer in event.bindings()
        if hearer == service
    )


__all__ = ["SERVICES", "events", "heard_by"]
