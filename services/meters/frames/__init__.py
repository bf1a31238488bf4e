"""Frames as meters speak them: DL/T 645-2007 (electricity) and CJ/T 188-2004 and -2018 (water, heat, gas).

`decode` reads exactly one frame of either, `tell` puts it into words, `reading.read` makes readings of a message.
"""

from __future__ import annotations

from typing import Any

from services.meters.frames import cjt188, dlt645, profiles
from services.meters.frames.envelope import beginning
from services.meters.frames.faults import Fault, Incomplete
from services.meters.frames.items import Item
from services.meters.frames.profiles import Profile
from services.meters.frames.stream import Found, Frame, Noise, Stream, frame_at


def decode(data: bytes) -> Frame:
    """Exactly one frame of either protocol, and nothing else but its preamble."""
    frame, end = frame_at(data, beginning(data))
    if end != len(data):
        raise Fault("trailing", end, count=len(data) - end)
    return frame


def encode(frame: Frame, preamble: int = 0) -> bytes:
    if isinstance(frame, dlt645.Frame):
        return dlt645.encode(frame, preamble)
    return cjt188.encode(frame, preamble)


def tell(data: bytes, profile: Profile | None = None) -> dict[str, Any]:
    """One frame in words. What can be told is told; `error` says what cannot, and `byte` where."""
    told: dict[str, Any] = {}
    try:
        start = beginning(data)
        frame, end = frame_at(data, start)
        told |= _telling(frame)
        if end != len(data):
            raise Fault("trailing", end, count=len(data) - end)
        told |= _content(frame, start, profile)
        if faults := told.pop("faults", None):
            raise faults[0]
    except Fault as fault:
        if fault.protocol and "protocol" not in told:
            told["protocol"] = fault.protocol
        if fault.meter:
            told["meter"] = fault.meter
        told |= {"error": {"slug": fault.slug, "zh": fault.zh, "en": fault.en}, "byte": fault.at}
    return told


def _telling(frame: Frame) -> dict[str, Any]:
    told: dict[str, Any]
    if isinstance(frame, dlt645.Frame):
        told = {
            "protocol": dlt645.PROTOCOL,
            "meter": frame.address,
            "function": frame.function,
            "kind": frame.kind,
        }
        if frame.identifier:
            told["identifier"] = frame.identifier
        return told | ({"more": True} if frame.more else {})
    told = {
        "protocol": cjt188.edition(frame),
        "meter": frame.address,
        "type": cjt188.TYPES.get(frame.type, (frame.meters or "any", ""))[0],
        "function": frame.function,
        "kind": frame.kind,
    }
    if frame.kind != "error" and len(frame.data) >= 3:
        content = cjt188.content(frame)
        told["identifier"], told["serial"] = content.identifier, content.serial
    return told


def _content(frame: Frame, start: int, profile: Profile | None) -> dict[str, Any]:
    if isinstance(frame, dlt645.Frame):
        if frame.kind == "error":
            return {"refused": [{"slug": slug, "zh": zh} for slug, zh in dlt645.errors(frame)]}
        if frame.kind == "request" and frame.function == "relay":
            name, until = dlt645.relay_command(frame)
            return {"command": name, "until": until}
        if frame.more:  # whole only together with the frames that follow
            return {"items": [], "data": frame.data.hex().upper()}
        return {"items": [_item(item) for item in dlt645.items(frame, start + dlt645.HEAD)]}
    profile = profile or profiles.of_address(frame.address)
    items = cjt188.items(frame, start + cjt188.HEAD, profile)
    told: dict[str, Any] = {"items": [_item(item) for item in items], "profile": profile.name}
    told["faults"] = [item.fault for item in items if item.fault is not None]
    if frame.kind == "request" and frame.function == "write" and len(frame.data) >= 3:
        command = cjt188.valve_command(frame) if cjt188.content(frame).identifier == cjt188.VALVE else None
        told |= {"command": command} if command else {}
    status = cjt188.status(frame, items)
    if status:
        told["status"] = {bits.name: meaning for bits, meaning in profile.told_by(status)}
    return told


def _item(item: Item) -> dict[str, Any]:
    value = None if item.value is None else str(item.value)
    more = {"unit": item.unit, "at": item.when, "register": item.register}
    return {"id": item.id, "name": item.name, "zh": item.zh, "value": value} | {
        name: said for name, said in more.items() if said
    }


__all__ = [
    "Fault",
    "Found",
    "Frame",
    "Incomplete",
    "Item",
    "Noise",
    "Stream",
    "decode",
    "encode",
    "frame_at",
    "tell",
]
