"""What devices send over MQTT: heartbeats and alarms, read, checked, and never believed beyond the device's own name.

A login allows to publish under its own name only, so the routing key says who speaks. A heartbeat counts for that device
alone. An alarm may name another device: whoever speaks must then be the platform that device is registered with.
Pictures do not travel: a message that is larger than a few references is set aside.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from services.cameras.model import DeviceId
from services.chassis.errors import Problem

LARGEST = 256 * 1024  # five hundred alarms with their references; no picture of use is that small
CODE = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
"""Words, not control characters: a NUL, say, no database stores."""

MOMENT = Annotated[datetime, Meta(tz=True)]


class Malformed(Exception):
    """Not a signal of a device."""


class _Beat(msgspec.Struct):
    at: MOMENT | None = None
    device: CODE | None = None


class Evidence(msgspec.Struct):
    """Where the picture is and what makes it itself; never the picture."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    url: Annotated[str, Meta(pattern=r"^https?://[^\s\x00-\x1f\x7f-\x9f]+\Z", max_length=500)] | None = None


class _Alarm(msgspec.Struct):
    type: CODE
    at: MOMENT
    device: CODE | None = None
    id: CODE | None = None
    state: Literal["active", "cleared"] = "active"
    priority: Annotated[int, Meta(ge=1, le=4)] = 4
    label: CODE | None = None
    class_: CODE | None = msgspec.field(default=None, name="class")
    zone: CODE | None = None
    evidence: Evidence | None = None


class Heartbeat(msgspec.Struct, frozen=True):
    speaker: str
    device: str
    at: datetime | None


class AlarmSignal(msgspec.Struct, frozen=True):
    speaker: str
    device: str
    id: str
    type: str
    at: datetime
    state: str
    priority: int
    label: str | None
    zone: str | None
    evidence: Evidence | None = None

    def references(self) -> dict[str, Any]:
        found = msgspec.to_builtins(self.evidence) if self.evidence else {}
        return {key: value for key, value in found.items() if value is not None}


Signal = Heartbeat | AlarmSignal

_read_beat = msgspec.json.Decoder(_Beat).decode
_read_alarms = msgspec.json.Decoder(_Alarm | list[_Alarm]).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def read(routing_key: str, body: bytes) -> list[Signal]:
    """One heartbeat, or one or several alarms. Raises Malformed with what is wrong."""
    parts = routing_key.split(".")
    if len(parts) != 4 or parts[:2] != ["yikou", "v1"] or parts[3] not in ("heartbeat", "alarms"):
        raise Malformed(f"routing key {routing_key!r}")
    speaker = parts[2]
    if len(body) > LARGEST:
        raise Malformed(f"{len(body)} bytes: references travel here, not pictures")
    try:
        if parts[3] == "heartbeat":
            beat = _read_beat(body or b"{}")
            if beat.device not in (None, speaker):
                raise Malformed(f"{speaker} speaks for {beat.device}")
            return [Heartbeat(speaker, _device(speaker), beat.at)]
        read = _read_alarms(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    return [_signal(speaker, alarm) for alarm in (read if isinstance(read, list) else [read])]


def _signal(speaker: str, alarm: _Alarm) -> AlarmSignal:
    return AlarmSignal(
        speaker=speaker,
        device=_device(alarm.device or speaker),
        # Without a number of its own a message is known by its content, which has its time in it.
        id=alarm.id or hashlib.sha256(_encode(alarm)).hexdigest(),
        type=alarm.type,
        at=alarm.at,
        state=alarm.state,
        priority=alarm.priority,
        label=alarm.label or alarm.class_,
        zone=alarm.zone,
        evidence=alarm.evidence,
    )


def _device(name: str) -> str:
    try:
        return str(DeviceId.parse(name))
    except Problem as problem:
        raise Malformed(str(problem)) from None
