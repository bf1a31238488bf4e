"""CloudEvents 1.0, structured JSON mode: what every event travels in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "yikou."


class NotAnEnvelope(Exception):
    """The body is not a CloudEvents 1.0 envelope of ours."""


class _Wire(msgspec.Struct):
    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    data: dict[str, Any]
    subject: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """`source` is `/yikou/{service}`; (source, id) is unique for ever and is what the inbox remembers."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    traceparent: str
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """The event's class name."""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def speaker(self) -> str:
        return self.source.rsplit("/", 1)[-1]

    def encode(self) -> bytes:
        return _encoder.encode(
            {
                "specversion": "1.0",
                "id": self.id,
                "source": self.source,
                "type": self.type,
                "subject": self.subject,
                "time": self.time,
                "datacontenttype": "application/json",
                "traceparent": self.traceparent,
                "data": self.data,
            }
        )

    @classmethod
    def decode(cls, body: bytes) -> Envelope:
        """Tolerant of attributes we do not know; raises NotAnEnvelope for anything we could not act on."""
        try:
            wire = _decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise NotAnEnvelope(str(error)) from error
        if (
            wire.specversion != "1.0"
            or not wire.type.startswith(TYPE_PREFIX)
            or not wire.id
            or wire.time.tzinfo is None
        ):
            raise NotAnEnvelope(f"specversion {wire.specversion!r}, type {wire.type!r}, id {wire.id!r}")
        return cls(wire.id, wire.source, wire.type, wire.subject, wire.time, wire.traceparent, wire.data)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Wire)
