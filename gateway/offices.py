"""RPC to the offices, in nameko's wire protocol, over the one connection to the broker.

Request: exchange `nameko-rpc`, routing key `{office}.{method}`, body {"args": [], "kwargs": {}}, mandatory.
Reply: same exchange, routing key = our reply queue's uuid, {"result": …, "error": …}. The result is handed on as the
bytes it came in: most answers go to HTTP as they are, and nobody parses what nobody reads.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection, ExchangeType
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as RawChannel
from pamqp.commands import Basic

from gateway.problems import Relayed, ServerError
from services.chassis import metrics
from services.chassis.errors import Problem, Unavailable
from services.chassis.identifiers import Caller
from services.chassis.journal import journal

log = journal()

EXCHANGE = "nameko-rpc"
TIMEOUT = 10.0
PUBLIC = Caller(account="public", kind="public")
PROBLEM_PATH = "services.chassis.errors.Problem"


class OfficeClosed(Unavailable):
    """The office "{office}" is not open just now; please try again in a moment."""

    zh = "后台“{office}”暂未开放，请稍后再试。"


class BrokerAway(Unavailable):
    """The exchange between the desk and the offices is away for a moment; please try again."""

    zh = "前后台之间的通道暂时中断，请稍后再试。"


class OfficeTimeout(Problem):
    """The office "{office}" did not answer in time. It may still do the work: ask again with the same key."""

    kind = "timeout"
    status = 504
    zh = "后台“{office}”未能及时应答，事情可能仍在办理，请用相同的幂等键再查一次。"


@dataclass(frozen=True, slots=True)
class Asking:
    """On whose behalf, in which language and trace a call is made."""

    caller: Mapping[str, Any] = field(default_factory=PUBLIC.as_dict)
    language: str = "zh-CN"
    traceparent: str = ""
    key: str | None = None


GATEWAY = Asking(Caller(account="gateway").as_dict())


class Reply(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


_decode_reply = msgspec.json.Decoder(Reply).decode
_encode = msgspec.json.Encoder().encode


class Offices:
    def __init__(self) -> None:
        self._channel: RawChannel | None = None
        self._consumer = ""
        self._address = ""
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    # --- a tenant of the line ---

    async def open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel()
        await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
        address = str(uuid.uuid4())
        queue = await channel.declare_queue(f"rpc.reply-gateway-{address}", exclusive=True, durable=False)
        await queue.bind(EXCHANGE, address)
        raw = cast(RawChannel, await channel.get_underlay_channel())
        raw.on_return_callbacks.add(self._returned)
        self._consumer = (await raw.basic_consume(queue.name, self._replied, no_ack=True)).consumer_tag or ""
        self._address = address
        self._channel = raw
        return channel

    def alive(self) -> bool:
        return self._channel is not None and self._consumer in self._channel.consumers

    def lose(self) -> None:
        """Whoever waits is told at once: the answer could no longer find us."""
        self._channel = None
        waiting, self._waiting = self._waiting, {}
        for reply in waiting.values():
            if not reply.done():
                reply.set_exception(BrokerAway(retry_after=2))

    async def _replied(self, message: DeliveredMessage) -> None:
        reply = self._waiting.pop(message.header.properties.correlation_id or "", None)
        if reply and not reply.done():
            reply.set_result(message.body)

    def _returned(self, message: DeliveredMessage) -> None:
        reply = self._waiting.pop(message.header.properties.correlation_id or "", None)
        if reply and not reply.done():
            office = (getattr(message.delivery, "routing_key", None) or "").split(".")[0]
            reply.set_exception(OfficeClosed(office=office, retry_after=5))

    # --- calls ---

    async def call(
        self,
        office: str,
        method: str,
        fields: dict[str, Any],
        asking: Asking = GATEWAY,
        timeout: float = TIMEOUT,
    ) -> bytes:
        """The office's answer as JSON bytes; a `Problem` when it refuses or cannot be reached."""
        began = time.perf_counter()
        outcome = "answered"
        try:
            return await self._call(office, method, fields, asking, timeout)
        except Problem as problem:
            outcome = "refused" if problem.status < 500 else "failed"
            raise
        finally:
            metrics.calls.labels(office, method, outcome).observe(time.perf_counter() - began)

    async def ask(
        self,
        office: str,
        method: str,
        fields: dict[str, Any],
        asking: Asking = GATEWAY,
        timeout: float = TIMEOUT,
    ) -> Any:
        """The same, read."""
        return msgspec.json.decode(await self.call(office, method, fields, asking, timeout))

    async def _call(
        self, office: str, method: str, fields: dict[str, Any], asking: Asking, timeout: float
    ) -> bytes:
        channel = self._channel
        if channel is None:
            raise BrokerAway(retry_after=2)
        name = uuid.uuid4().hex
        reply = asyncio.get_running_loop().create_future()
        self._waiting[name] = reply
        try:
            async with asyncio.timeout(timeout):
                await channel.basic_publish(
                    _encode({"args": (), "kwargs": fields}),
                    exchange=EXCHANGE,
                    routing_key=f"{office}.{method}",
                    mandatory=True,
                    properties=self._properties(office, method, name, asking, timeout),
                    wait=False,
                )
                body = await reply
        except TimeoutError:
            raise OfficeTimeout(office=office) from None
        except Problem:
            raise
        except Exception as error:  # whatever the library says, the line broke under this call
            log.warning("call broke", office=office, method=method, error=repr(error))
            raise BrokerAway(retry_after=2) from None
        finally:
            self._waiting.pop(name, None)
            if reply.done() and not reply.cancelled():
                reply.exception()  # seen: a reply that lost against the time limit is nobody's unhandled error
        answer = _decode_reply(body)
        if answer.error is not None:
            _raise(office, method, answer.error)
        return bytes(answer.result)

    def _properties(
        self, office: str, method: str, name: str, asking: Asking, timeout: float
    ) -> Basic.Properties:
        headers: dict[str, Any] = {
            "nameko.caller": dict(asking.caller),
            "nameko.language": asking.language,
            "nameko.call_id_stack": [f"gateway.{office}.{method}.{name}"],
            "traceparent": asking.traceparent,
            "x-deadline": int((time.time() + timeout) * 1000),
        }
        if asking.key:
            headers["nameko.idempotency_key"] = asking.key
        return Basic.Properties(
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=name,
            message_id=name,
            reply_to=self._address,
            expiration=str(int(timeout * 1000)),
            # A request nobody waits for any more is worth nothing: it expires, so it need not reach the disk.
            delivery_mode=1,
            headers=headers,
        )


def _raise(office: str, method: str, error: dict[str, Any]) -> NoReturn:
    arguments = error.get("exc_args") or []
    if error.get("exc_path") == PROBLEM_PATH and arguments and isinstance(arguments[0], dict):
        raise Relayed(arguments[0])
    # What broke inside is for our journal, never for whoever asked.
    log.error(
        "office broke", office=office, method=method, exc=error.get("exc_type"), value=error.get("value")
    )
    raise ServerError()
