"""Telemetry over HTTP: judged one by one, published as one message, 202 only after the broker's confirm.

The one body that does not go through marshmallow: 5,000 readings are decoded by msgspec straight into structs, a
hundred times faster. What is promised of JSON elsewhere (no duplicate keys) holds here too, see `_suspicious`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from gateway import hygiene
from gateway.hygiene import MIB, InvalidJson, expect, read_bytes
from gateway.schemas import answers, bodies
from gateway.table import Row, Visit, check
from services.chassis.errors import Forbidden, Invalid, TooLarge
from services.chassis.identifiers import Caller
from services.contracts.roles import SENDERS

# What the meters office can convert; a test holds this equal to its own table.
UNITS = frozenset(("m3", "m³", "L", "l", "kWh", "Wh", "MWh"))
READINGS_LIMIT = 5000
SPEAKER = re.compile(r"[A-Za-z0-9_-]{1,64}")
BODY_LIMIT = 2 * MIB
FUTURE = timedelta(minutes=10)
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST = Decimal(10) ** 11
ALARM_BODY_LIMIT = 256 * 1024
"""References travel here, never pictures."""

TEXT = Annotated[str, Meta(min_length=1, max_length=64)]
MOMENT = Annotated[datetime, Meta(tz=True)]
# The kinds of GB/T 28181 devices that the cameras office knows; a test holds this equal to its own table.
DEVICE_TYPES = ("111", "118", "131", "132", "134", "200")
DEVICE_ID = re.compile(rf"[1-9][0-9]{{9}}({'|'.join(DEVICE_TYPES)})[0-9]{{7}}")

SENTENCES = {
    "too-large": ("读数过大。", "The value is too large."),
    "too-old": ("时间早于 2000 年。", "The time is before the year 2000."),
    "unprintable": ("名称含有不可显示的字符。", "A name holds characters that cannot be shown."),
    "not-a-device": ("不是国标 28181 设备编码。", "Not a device id of GB/T 28181."),
    "future": ("时间超前十分钟以上。", "The time is more than ten minutes in the future."),
    "negative": ("读数不能为负。", "A register cannot be negative."),
    "not-finite": ("读数须为有限数字。", "The value must be a finite number."),
    "unknown-unit": ("未知的计量单位。", "The unit is not known."),
    "not-hex": ("不是十六进制文本。", "This is not hexadecimal text."),
    "not-a-frame": ("不是一帧完整的报文。", "This is not one whole frame, from 68 to 16."),
    "checksum": ("校验和不符。", "The checksum is wrong."),
    "unreadable": ("字段缺失或类型不对：{why}", "A field is missing or of the wrong type: {why}"),
}


class TooManyReadings(TooLarge):
    """At most {limit} in one call; please split them."""

    zh = "一次最多 {limit} 条，请分批提交。"


Rejected = list[dict[str, Any]]


class NameCannotSpeak(Forbidden):
    """The account {account} cannot send telemetry: its name is part of an address and may hold letters, digits, - and _."""

    zh = "账号 {account} 不能上报：名称会成为地址的一部分，只能含字母、数字、- 和 _。"


class Reading(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    meter: TEXT
    register: Annotated[str, Meta(min_length=1, max_length=32)]
    at: MOMENT
    value: Decimal  # exact: what is confirmed is what will be kept
    unit: TEXT
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    quality: Annotated[str, Meta(max_length=32)] | None = None


KEYS = tuple(f'"{name}"'.encode() for name in Reading.__struct_fields__[:-1])


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    readings: list[Reading]


class LooseBatch(msgspec.Struct, forbid_unknown_fields=True):
    """The same, each reading still unread: one bad reading must not spoil the others."""

    readings: list[msgspec.Raw]


class Evidence(msgspec.Struct, omit_defaults=True):
    """Where the picture is and what makes it itself; never the picture."""

    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z", max_length=500)] | None = None


class Alarm(msgspec.Struct, omit_defaults=True):
    type: TEXT
    at: MOMENT
    device: str | None = None
    id: TEXT | None = None
    state: Literal["active", "cleared"] = "active"
    priority: Annotated[int, Meta(ge=1, le=4)] = 4
    label: TEXT | None = None
    class_: TEXT | None = msgspec.field(default=None, name="class")
    zone: TEXT | None = None
    evidence: Evidence | None = None


_read_batch = msgspec.json.Decoder(Batch).decode
_read_loosely = msgspec.json.Decoder(LooseBatch).decode
_read_one = msgspec.json.Decoder(Reading).decode
_encode = msgspec.json.Encoder().encode


async def post_readings(visit: Visit) -> Response:
    expect(visit.request, "application/json")
    body = await read_bytes(visit.request, BODY_LIMIT)
    good, rejected = judge(body, datetime.now(UTC))
    return await publish(visit, "readings", good, rejected)


async def post_alarms(visit: Visit) -> Response:
    """Alarms are few, so they go the careful way; an alarm names its camera, or is of the device that sends it."""
    given = await hygiene.read_object(visit.request, ALARM_BODY_LIMIT)
    check(_alarms, given)
    good, rejected = judge_alarms(given["alarms"], visit.credential.caller.account, datetime.now(UTC))
    return await publish(visit, "alarms", good, rejected)


async def publish(visit: Visit, word: str, good: Sequence[msgspec.Struct], rejected: Rejected) -> Response:
    account = visit.credential.caller.account
    if not SPEAKER.fullmatch(account):
        raise NameCannotSpeak(account=account)
    if good:
        traceparent = visit.request.scope["traceparent"]
        await visit.gate.post.deliver(
            f"yikou.v1.{account}.{word}", _encode(good), traceparent, _areas(visit.credential.caller)
        )
    answer = {"accepted": len(good), "rejected": rejected}
    return Response(_encode(answer), 202, media_type="application/json")


def _areas(caller: Caller) -> Sequence[str]:
    """Whose meters it may speak for. A device is bound to them one by one, over MQTT as here, and has no areas."""
    return ("",) if caller.kind == "device" else caller.scopes(*SENDERS)


def judge_alarms(alarms: list[Any], speaker: str, now: datetime) -> tuple[list[Alarm], Rejected]:
    """The office reads a message as a whole or not at all, so nothing doubtful may be in it."""
    good: list[Alarm] = []
    rejected: Rejected = []
    for index, raw in enumerate(alarms):
        try:
            alarm = msgspec.convert(raw, Alarm)
        except msgspec.ValidationError as error:
            rejected.append(rejection(index, "unreadable", why=str(error)))
            continue
        if not DEVICE_ID.fullmatch(alarm.device or speaker):
            rejected.append(rejection(index, "not-a-device"))
        elif alarm.at > now + FUTURE:
            rejected.append(rejection(index, "future"))
        else:
            good.append(alarm)
    return good, rejected


def judge(body: bytes, now: datetime) -> tuple[list[Reading], Rejected]:
    latest = now + FUTURE
    if body.startswith(b"\xef\xbb\xbf"):
        raise InvalidJson(reason="byte order mark")
    try:
        readings = _read_batch(body).readings
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _judge_loosely(body, latest)
    _not_too_many(len(readings))
    if _suspicious(body, len(readings)):
        hygiene.parse(body)
    rejected: Rejected = []
    good = [one for index, one in enumerate(readings) if _sound(one, index, latest, rejected)]
    return good, rejected


def _judge_loosely(body: bytes, latest: datetime) -> tuple[list[Reading], Rejected]:
    hygiene.parse(body)  # names what is wrong with the whole, if it is the whole
    try:
        raws = _read_loosely(body).readings
    except msgspec.MsgspecError as error:
        why = str(error)
        raise Invalid.fields(
            {"readings": (f"应为读数列表：{why}", f"A list of readings is expected: {why}")}
        ) from None
    _not_too_many(len(raws))
    good: list[Reading] = []
    rejected: Rejected = []
    for index, raw in enumerate(raws):
        try:
            one = _read_one(raw)
        except msgspec.MsgspecError as error:
            rejected.append(rejection(index, "unreadable", why=str(error)))
            continue
        if _sound(one, index, latest, rejected):
            good.append(one)
    return good, rejected


def _suspicious(body: bytes, readings: int) -> bool:
    """Could an object hold a key twice? Each key appears exactly once a reading, or we look closely."""
    return b"\\" in body or any(body.count(key) != readings for key in KEYS) or body.count(b'"readings"') != 1


def _sound(one: Reading, index: int, latest: datetime, rejected: Rejected) -> bool:
    """Exactly what the meters office will keep: after the 202 nothing may be refused."""
    value = one.value
    if not value.is_finite():
        slug = "not-finite"
    elif value < 0:
        slug = "negative"
    elif value >= LARGEST:
        slug = "too-large"
    elif one.at > latest:
        slug = "future"
    elif one.at < OLDEST:
        slug = "too-old"
    elif one.unit not in UNITS:
        slug = "unknown-unit"
    elif not (one.meter.isprintable() and one.register.isprintable() and (one.quality or "").isprintable()):
        slug = "unprintable"
    else:
        return True
    rejected.append(rejection(index, slug))
    return False


def rejection(index: int, slug: str, **facts: str) -> dict[str, Any]:
    zh, en = SENTENCES[slug]
    return {"index": index, "problem": {"slug": slug, "zh": zh.format(**facts), "en": en.format(**facts)}}


def _not_too_many(count: int) -> None:
    if count > READINGS_LIMIT:
        raise TooManyReadings(limit=READINGS_LIMIT)


_alarms = bodies.AlarmList()

ROWS = (
    Row(
        method="POST",
        path="/v1/readings",
        serve=post_readings,
        body=bodies.Readings,
        answers=answers.Accepted,
        who=SENDERS,
        status=202,
        key="none",  # meter, register, time and sequence number are the key of a reading
        tag="meters",
        zh="成批上报读数",
        en="Readings in a batch",
    ),
    Row(
        method="POST",
        path="/v1/alarms",
        serve=post_alarms,
        body=bodies.Alarms,
        answers=answers.Accepted,
        who=SENDERS,
        status=202,
        key="none",  # the same alarm again is folded into one by its cooldown
        tag="cameras",
        zh="成批上报告警",
        en="Alarms in a batch",
    ),
)
