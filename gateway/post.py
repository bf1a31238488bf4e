"""Telemetry out: published to the exchange devices use too, and only done when the broker has confirmed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import cast

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.channel import Channel as RawChannel
from aiormq.exceptions import DeliveryError, PublishError
from pamqp.commands import Basic
from pamqp.common import FieldTable

from gateway.offices import BrokerAway
from services.chassis.errors import Problem, Unavailable
from services.chassis.journal import journal

log = journal()

EXCHANGE = "amq.topic"
TIMEOUT = 10.0
PERSISTENT = 2


class NobodyListens(Unavailable):
    """No office takes these just now; nothing was accepted, please send it again in a moment."""

    zh = "暂时没有部门接收，本次未接收，请稍后重新提交。"


class QueueFull(Unavailable):
    """They arrive faster than they can be kept; nothing of this call was accepted, please send it again in a moment."""

    zh = "数据到达过快，本次未接收，请稍后重新提交。"


class ConfirmTimeout(Problem):
    """The broker did not confirm in time; send the same again: what arrives twice counts once."""

    kind = "timeout"
    status = 504
    zh = "消息中间件未及时确认，请原样重新提交，重复到达的只计一次。"


class Post:
    """A tenant of the line with a channel of its own, so that telemetry never queues before a call."""

    def __init__(self) -> None:
        self._channel: RawChannel | None = None

    async def open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel(on_return_raises=True)
        self._channel = cast(RawChannel, await channel.get_underlay_channel())
        return channel

    def alive(self) -> bool:
        return self._channel is not None

    def lose(self) -> None:
        self._channel = None

    async def deliver(
        self, routing_key: str, body: bytes, traceparent: str = "", areas: Sequence[str] = ("",)
    ) -> None:
        """Returns when the broker keeps the message; raises when it may not. `areas` are those of whoever sends it."""
        if self._channel is None:
            raise BrokerAway(retry_after=2)
        headers: FieldTable = {"traceparent": traceparent}
        if "" not in areas:
            headers["x-areas"] = ",".join(areas)
        properties = Basic.Properties(
            content_type="application/json",
            delivery_mode=PERSISTENT,
            message_id=uuid.uuid4().hex,
            headers=headers,
        )
        try:
            await self._channel.basic_publish(
                body,
                exchange=EXCHANGE,
                routing_key=routing_key,
                mandatory=True,
                properties=properties,
                timeout=TIMEOUT,
                wait=False,
            )
        except PublishError:
            raise NobodyListens(retry_after=5) from None
        except DeliveryError:
            raise QueueFull(retry_after=2) from None
        except TimeoutError:
            raise ConfirmTimeout() from None
        except Exception as error:  # whatever the library says, the line broke before the confirm
            log.warning("post broke", error=repr(error))
            raise BrokerAway(retry_after=2) from None
