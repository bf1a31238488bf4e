"""Looks in a chain nobody can cut unseen; erasure with its certificate; whom a breach concerns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.chassis import clock
from services.chassis.errors import Conflict, Invalid, NotFound
from services.contracts.privacy import HOLDERS

GENESIS = "0" * 64
CHAINED = ("at", "account", "kind", "department", "resident_id", "fields", "why", "case_no")

ERASED = "（已删除）"

ERASURE: Mapping[tuple[str, str], str] = {("open", "answered"): "open", ("open", "last"): "complete"}
"""(state, answer) -> state; a certificate is complete when everybody who may hold something has answered."""


class IdentityNotChecked(Invalid):
    """Check who is asking first: with the ID card, or the paper by which somebody speaks for him."""

    zh = "请先核验申请人身份（本人证件或授权文件）。"


class AlreadyErased(Conflict):
    """This resident's data were deleted before; the certificate is {certificate}."""

    zh = "该居民的信息已删除，证明编号 {certificate}。"


class ErasureUnderWay(Conflict):
    """An erasure of this resident is under way: {certificate}."""

    zh = "该居民的删除申请正在处理：{certificate}。"


class UnknownErasure(NotFound):
    """There is no such certificate in your area."""

    zh = "在您的辖区内没有这份证明。"


class UnknownBreach(NotFound):
    """There is no such breach, or it does not concern this resident, in your area."""

    zh = "在您的辖区内没有这起事件，或与该居民无关。"


def check_identity(checked: bool) -> None:
    if not checked:
        raise IdentityNotChecked.fields({"identity_checked": (IdentityNotChecked.zh, "Check who is asking.")})


def answered(state: str, offices: Iterable[str]) -> str:
    return ERASURE[state, "last" if set(offices) >= set(HOLDERS) else "answered"]


def link(previous: str, line: Mapping[str, Any]) -> str:
    """The hash of a look, over its content and the hash of the look before."""
    plain = {
        name: clock.iso_exact(line[name]) if isinstance(line[name], datetime) else line[name]
        for name in CHAINED
    }
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def first_broken(lines: Iterable[Mapping[str, Any]]) -> int | None:
    """The first look that was altered, put in, or before which one was taken out; None when the chain holds."""
    previous = GENESIS
    for line in lines:
        if line["previous"] != previous or line["hash"] != link(previous, line):
            return int(line["position"])
        previous = line["hash"]
    return None
