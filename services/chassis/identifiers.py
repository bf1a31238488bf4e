"""Names of things: ids, traces, callers and places."""

from __future__ import annotations

import os
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def new_id() -> str:
    """A UUIDv7 (RFC 9562): random, and in the order of its making, which keeps indexes dense."""
    ms = time.time_ns() // 1_000_000
    value = (ms << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def new_token() -> str:
    """128 random bits for a link that is its own key."""
    return secrets.token_urlsafe(16)


def luhn_digit(digits: str) -> int:
    """The check digit that catches every single wrong digit and most swaps of neighbours (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


def new_traceparent() -> str:
    """A W3C trace context with fresh ids."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_traceparent(parent: str | None) -> str:
    """The same trace, a new span; a new trace when the parent is missing or malformed."""
    found = _TRACEPARENT.match(parent or "")
    if not found:
        return new_traceparent()
    return f"00-{found[1]}-{secrets.token_hex(8)}-{found[3]}"


def trace_id(traceparent: str | None) -> str:
    found = _TRACEPARENT.match(traceparent or "")
    return found[1] if found else ""


def within(place: str, scope: str) -> bool:
    """A place is a code from the large to the small, so an area holds every code it begins."""
    return place.startswith(scope)


@dataclass(frozen=True)
class Caller:
    """On whose behalf a piece of work is done."""

    account: str = "system"
    kind: str = "system"
    department: str | None = None
    roles: tuple[Mapping[str, str], ...] = field(default_factory=tuple)

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Caller:
        if not data:
            return cls(account="public", kind="public")
        return cls(
            account=str(data.get("account", "public")),
            kind=str(data.get("kind", "public")),
            department=data.get("department"),
            roles=tuple(data.get("roles") or ()),
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "kind": self.kind,
            "department": self.department,
            "roles": [dict(role) for role in self.roles],
        }

    def has(self, *roles: str) -> bool:
        return self.kind == "system" or any(held["role"] in roles for held in self.roles)

    def may(self, role: str | tuple[str, ...], place: str) -> bool:
        """True when one of the roles is held for an area that includes `place`."""
        wanted = (role,) if isinstance(role, str) else role
        return self.kind == "system" or any(
            held["role"] in wanted and within(place, held["scope"]) for held in self.roles
        )

    def scopes(self, *roles: str) -> list[str]:
        """The areas for which any of `roles` (all roles when none is named) is held; "" is everywhere."""
        if self.kind == "system":
            return [""]
        return [held["scope"] for held in self.roles if not roles or held["role"] in roles]


SYSTEM = Caller()
