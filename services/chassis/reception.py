"""Taking in what cannot be read: whatever a stranger wrote into a message, the message arrives and can be set aside.

py-amqp reads a message's properties and routing key while it takes frames from the socket, and raises there: no
consumer ever sees the message, the connection ends, the broker delivers it again, for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amqp import method_framing, spec
from amqp.basic_message import Message
from amqp.serialization import decode_properties_basic

UNREADABLE = "x-unreadable"
"""Header of a message whose own properties could not be read: says why; `x-raw-properties` are they, in hex."""

METHOD, HEADER = 1, 2
BEFORE_PROPERTIES = 12
LARGEST_HEADERS = 64 * 1024  # a frame holds 128 KiB, and the properties must fit into one


def tolerant_frame_handler(connection: Any, callback: Callable[..., Any]) -> Callable[[Any], bool]:
    """For `amqp.Connection(frame_handler=…)`."""
    take = method_framing.frame_handler(connection, callback)

    def on_frame(frame: tuple[int, int, Any]) -> bool:
        kind, channel, payload = frame
        if kind == METHOD and payload[:4] == _DELIVER:
            payload = _with_readable_key(payload)
        elif kind == HEADER:
            payload = _with_readable_properties(payload)
        return bool(take((kind, channel, payload)))

    return on_frame


def fits_a_header(headers: dict[str, Any]) -> bool:
    """Can be written, and the broker would take it."""
    try:
        return len(Message(application_headers=headers)._serialize_properties()) <= LARGEST_HEADERS
    except Exception:  # py-amqp reads more than it can write
        return False


_DELIVER = b"".join(number.to_bytes(2, "big") for number in spec.Basic.Deliver)


def _with_readable_key(payload: Any) -> Any:
    """The routing key comes last: consumer tag, delivery tag, redelivered, exchange, routing key."""
    at = 4 + 1 + payload[4] + 8 + 1
    at += 1 + payload[at]
    key = bytes(payload[at + 1 :])
    try:
        key.decode()
    except UnicodeDecodeError:
        key = key.decode("ascii", "backslashreplace").encode()[:255]
        return bytes(payload[:at]) + bytes([len(key)]) + key
    return payload


def _with_readable_properties(payload: Any) -> Any:
    try:
        decode_properties_basic(payload, BEFORE_PROPERTIES)
    except Exception as error:
        raw = bytes(payload[BEFORE_PROPERTIES:])
        headers = {UNREADABLE: repr(error)[:200], "x-raw-properties": raw[: LARGEST_HEADERS // 4].hex()}
        return (
            bytes(payload[:BEFORE_PROPERTIES]) + Message(application_headers=headers)._serialize_properties()
        )
    return payload
