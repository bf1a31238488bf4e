"""Channels of the desk, and statutory ones beside it. Both are data, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from services.chassis.errors import Forbidden
from services.chassis.identifiers import Caller
from services.frontdesk.matters import Field, Text

DATA = Path(__file__).parents[1] / "data"


class ChannelNotYours(Forbidden):
    """The channel {channel} is not for your account; yours are: {yours}."""

    zh = "您的账号不能以“{channel}”渠道受理；可用渠道：{yours}。"


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channel: str
    zh: str
    en: str
    roles: tuple[str, ...]
    needs: tuple[Field, ...] = ()
    """What is told of the hand-over itself, as `source`."""

    def takes(self, caller: Caller) -> bool:
        return bool(self.roles) and caller.has(*self.roles, "admin")


class Statutory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    value: str
    zh: str
    en: str
    where: Text
    law: Text
    within: Text | None = None


@cache
def channels() -> dict[str, Channel]:
    found = msgspec.convert(_read("channels.yaml"), list[Channel])
    return {one.channel: one for one in found}


def require_channel(caller: Caller, name: str) -> Channel:
    channel = channels()[name]
    if not channel.takes(caller):
        yours = ", ".join(one.channel for one in channels().values() if one.takes(caller))
        raise ChannelNotYours(channel=name, yours=yours or "-")
    return channel


@cache
def _statutory() -> tuple[dict[str, Statutory], dict[str, list[str]]]:
    data = _read("statutory-channels.yaml")
    found = msgspec.convert(data["channels"], list[Statutory])
    return {one.value: one for one in found}, msgspec.convert(data["matters"], dict[str, list[str]])


def statutory(matter: str | None = None) -> list[Statutory]:
    """Those an applicant of the matter may mean, the likeliest first; all of them where the matter says nothing."""
    known, by_matter = _statutory()
    return [known[value] for value in by_matter.get(matter or "", known)]


def told(instead: str | None) -> dict[str, Any] | None:
    """What an applicant is told of a channel that is named by its code or in words; None for words nobody knows."""
    for one in _statutory()[0].values():
        if instead is not None and instead.strip().lower() in (one.value, one.zh, one.en.lower()):
            plain: dict[str, Any] = msgspec.to_builtins(one)
            return plain
    return None


def _read(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
