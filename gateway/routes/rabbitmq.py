"""RabbitMQ asks who a device is and what it may (rabbitmq_auth_backend_http): plain `allow` or `deny`.

A device publishes under its own name only and hears its own commands only. Everything but the password is decided
here without a call, because the broker asks at each topic.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, unquote, urlsplit

from starlette.responses import PlainTextResponse, Response

from gateway.hygiene import read_bytes
from gateway.problems import NoSuchPage
from gateway.table import ANYONE, Row, Visit
from services.chassis.errors import Problem
from services.chassis.settings import settings

ALLOW, DENY = "allow", "deny"
FORM_LIMIT = 8 * 1024
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}")
SPEAKS = ("readings", "frames", "heartbeat", "alarms")
HEARS = ("commands",)
EXCHANGE = "amq.topic"

Question = dict[str, str]


async def user(visit: Visit) -> Response:
    asked = await _question(visit)
    device, secret = asked.get("username", ""), asked.get("password", "")
    if not DEVICE.fullmatch(device) or not secret:
        return PlainTextResponse(DENY)
    try:
        known = await visit.gate.access.is_device(device, secret)
    except Problem:
        known = False  # identity is away: the device is refused now and connects again by itself
    return PlainTextResponse(ALLOW if known else DENY)


async def vhost(visit: Visit) -> Response:
    asked = await _question(visit)
    return _verdict(visit, asked, asked.get("vhost") == own_vhost())


async def resource(visit: Visit) -> Response:
    asked = await _question(visit)
    return _verdict(visit, asked, may_use(asked))


async def topic(visit: Visit) -> Response:
    asked = await _question(visit)
    return _verdict(visit, asked, may_topic(asked))


def may_use(asked: Question) -> bool:
    """The telemetry exchange, and the queue that the MQTT plugin makes for a client of the device's own name."""
    name, permission = asked.get("name", ""), asked.get("permission")
    if asked.get("resource") == "exchange":
        return name == EXCHANGE and permission in ("read", "write")
    if asked.get("resource") == "queue":
        # The plugin names a queue by the client id; another device's id would be another device's session.
        own = re.escape(asked.get("username", ""))
        return (
            re.fullmatch(rf"mqtt-(subscription-|will-){own}([^A-Za-z0-9_-].*?)?(qos[01])?", name) is not None
        )
    return False


def may_topic(asked: Question) -> bool:
    if asked.get("name") != EXCHANGE:
        return False
    device, key = asked.get("username", ""), asked.get("routing_key", "")
    words = {"write": SPEAKS, "read": HEARS}.get(asked.get("permission", ""), ())
    return any(key == f"yikou.v1.{device}.{word}" for word in words)


def own_vhost() -> str:
    path = urlsplit(settings().amqp_uri).path
    return unquote(path[1:]) or "/"


def _verdict(visit: Visit, asked: Question, good: bool) -> Response:
    device = asked.get("username", "")
    good = good and DEVICE.fullmatch(device) is not None and not visit.gate.access.is_revoked(device)
    return PlainTextResponse(ALLOW if good else DENY)


async def _question(visit: Visit) -> Question:
    """The form the broker posts; for anybody beyond this machine the address does not exist."""
    client = visit.request.client
    if client is None or not ipaddress.ip_address(client.host).is_loopback:
        raise NoSuchPage()
    body = await read_bytes(visit.request, FORM_LIMIT)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


ROWS = tuple(
    Row(
        method="POST",
        path=f"/internal/rabbitmq/{name}",
        serve=serve,
        who=ANYONE,
        limited=False,
        key="none",
        tag="doors",
        media_type="text/plain",
        in_document=False,
        zh=f"消息中间件询问：{name}",
        en=f"The broker asks: {name}",
    )
    for name, serve in (("user", user), ("vhost", vhost), ("resource", resource), ("topic", topic))
)
