"""Raw meter frames over HTTP, like readings: judged one by one, published as one message, 202 after the broker's confirm.

The door only looks whether each is one whole frame, so that a broken line is told at once; what a frame says is read by
the meters office, and what cannot be read there is in its quarantine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from gateway import hygiene
from gateway.hygiene import InvalidJson, expect, read_bytes
from gateway.routes.readings import (
    BODY_LIMIT,
    FUTURE,
    MOMENT,
    OLDEST,
    READINGS_LIMIT,
    SENDERS,
    Rejected,
    TooManyReadings,
    publish,
    rejection,
)
from gateway.schemas import answers, bodies
from gateway.table import Row, Visit
from services.chassis.errors import Invalid

PREAMBLE = 4
"""FE that may stand before a frame."""


class Frame(msgspec.Struct, forbid_unknown_fields=True):
    hex: Annotated[str, Meta(min_length=1, max_length=1024)]
    at: MOMENT
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)] | UnsetType = UNSET


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Each frame still unread: one bad frame must not spoil the others."""

    frames: list[msgspec.Raw]


_read_batch = msgspec.json.Decoder(Batch).decode
_read_one = msgspec.json.Decoder(Frame).decode


async def post_frames(visit: Visit) -> Response:
    expect(visit.request, "application/json")
    body = await read_bytes(visit.request, BODY_LIMIT)
    good, rejected = judge(body, datetime.now(UTC))
    return await publish(visit, "frames", good, rejected)


def judge(body: bytes, now: datetime) -> tuple[list[Frame], Rejected]:
    if body.startswith(b"\xef\xbb\xbf"):
        raise InvalidJson(reason="byte order mark")
    try:
        raws = _read_batch(body).frames
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        hygiene.parse(body)  # names what is wrong with the whole, if it is the whole
        why = str(error)
        raise Invalid.fields(
            {"frames": (f"应为报文列表：{why}", f"A list of frames is expected: {why}")}
        ) from None
    if len(raws) > READINGS_LIMIT:
        raise TooManyReadings(limit=READINGS_LIMIT)
    good: list[Frame] = []
    rejected: Rejected = []
    for index, raw in enumerate(raws):
        try:
            one = _read_one(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            rejected.append(rejection(index, "unreadable", why=str(error)))
            continue
        slug = fault(one, now)
        if slug:
            rejected.append(rejection(index, slug))
        else:
            good.append(one)
    if rejected or _suspicious(body, len(raws), sum(one.seq is not UNSET for one in good)):
        hygiene.parse(body)  # a key twice is refused as a whole, as everywhere
    return good, rejected


def fault(one: Frame, now: datetime) -> str | None:
    if one.at > now + FUTURE:
        return "future"
    if one.at < OLDEST:
        return "too-old"
    try:
        data = bytes.fromhex(one.hex)
    except ValueError:
        return "not-hex"
    body = data.lstrip(b"\xfe")
    if len(data) - len(body) > PREAMBLE or len(body) < 12 or body[0] != 0x68 or body[-1] != 0x16:
        return "not-a-frame"
    return None if sum(body[:-2]) & 0xFF == body[-2] else "checksum"


def _suspicious(body: bytes, frames: int, numbered: int) -> bool:
    """Could an object hold a key twice? Each key appears exactly once a frame, or we look closely."""
    return (
        b"\\" in body
        or any(body.count(key) != frames for key in (b'"hex"', b'"at"'))
        or body.count(b'"seq"') != numbered
        or body.count(b'"frames"') != 1
    )


ROWS = (
    Row(
        method="POST",
        path="/v1/frames",
        serve=post_frames,
        body=bodies.Frames,
        answers=answers.Accepted,
        who=SENDERS,
        status=202,
        key="none",  # meter, register, time and sequence number are the key of a reading
        tag="meters",
        zh="成批上报表计报文",
        en="Meter frames in a batch",
    ),
)
