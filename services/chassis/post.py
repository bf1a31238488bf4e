"""A confirmed publisher: many messages on the way at once, and an answer for each within a deadline.

kombu's own confirms wait one message at a time and, without a timeout, for ever; here a whole batch is
published, then its confirms are gathered. Used by one greenthread at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from amqp.basic_message import Message as AmqpMessage
from kombu import Connection

from services.chassis.errors import TimedOut
from services.chassis.reception import tolerant_frame_handler
from services.chassis.settings import settings


def open_line(uri: str, name: str) -> Connection:
    """A connected line on which publishing only writes.

    py-amqp otherwise reads from the socket before each publish, to learn whether the broker blocks its publishers. That
    read takes away deliveries another greenthread is waiting for, and costs more than the publish; our
    publishes have time-outs, which a blocking broker runs into all the same.
    """
    connection = Connection(
        uri,
        heartbeat=settings().heartbeat,
        connect_timeout=5,
        transport_options={
            "client_properties": {"connection_name": name},
            "frame_handler": tolerant_frame_handler,
        },
    )
    connection.connect()
    connection.connection.client_properties["capabilities"]["connection.blocked"] = False
    return connection


@contextmanager
def one_write(connection: Connection, timeout: float) -> Iterator[None]:
    """What is published inside leaves in one piece: a system call for the whole instead of one a message.

    The broker may block its publishers: raises socket.timeout when it has not taken the piece by then.
    """
    transport = connection.connection.transport
    write, held = transport._write, bytearray()
    transport._write = held.extend
    try:
        yield
    finally:
        transport._write = write
    if held:
        with transport.having_timeout(timeout):
            transport.write(held)


@dataclass(slots=True)
class Letter:
    exchange: str
    routing_key: str
    body: bytes
    content_type: str
    headers: dict[str, Any] = field(default_factory=dict)
    mandatory: bool = True


CONFIRMED, RETURNED, REFUSED = "confirmed", "returned", "refused"


class Post:
    """Opens its connection at the first delivery and again after a loss."""

    def __init__(self, uri: str, name: str, timeout: float | None = None) -> None:
        self._uri, self._name = uri, name
        self._timeout = timeout or settings().confirm_deadline
        self._connection: Connection | None = None
        self._channel: Any = None
        self._next_tag = 0
        self._open: dict[int, int] = {}
        self._outcomes: list[str] = []

    @property
    def connected(self) -> bool:
        return self._connection is not None and bool(self._connection.connected)

    def deliver(self, letters: Sequence[Letter]) -> list[str]:
        """Publishes all and returns each one's outcome. Raises (OSError, AMQP errors, TimedOut) when
        the broker cannot be asked: then nothing is known of any of them, and all must be sent again."""
        if not letters:
            return []
        try:
            return self._deliver(letters)
        except BaseException:
            self.close()
            raise

    def beat(self) -> None:
        """Keeps an idle connection alive; call it every few seconds."""
        if self._connection is None:
            return
        try:
            self._connection.heartbeat_check()
            self._connection.drain_events(timeout=0.001)
        except TimeoutError:
            pass
        except Exception:
            self.close()

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception):  # the connection is gone either way
                connection.collect(socket_timeout=1)

    def _deliver(self, letters: Sequence[Letter]) -> list[str]:
        channel = self._ready_channel()
        assert self._connection is not None
        self._outcomes = [REFUSED] * len(letters)
        self._open = {}
        returned: set[int] = set()
        self._returned = returned
        with one_write(self._connection, self._timeout):
            for index, letter in enumerate(letters):
                self._next_tag += 1
                self._open[self._next_tag] = index
                properties = {
                    "content_type": letter.content_type,
                    "delivery_mode": 2,
                    "message_id": str(index),
                }
                message = AmqpMessage(letter.body, application_headers=letter.headers, **properties)
                channel.basic_publish(
                    message, letter.exchange, letter.routing_key, mandatory=letter.mandatory
                )
        deadline = time.monotonic() + self._timeout
        while self._open:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(f"the broker confirmed nothing for {self._timeout} s")
            try:
                self._connection.drain_events(timeout=left)
            except TimeoutError:
                continue
        return [RETURNED if index in returned else outcome for index, outcome in enumerate(self._outcomes)]

    def _ready_channel(self) -> Any:
        if self._channel is None:
            self._connection = open_line(self._uri, self._name)
            self._channel = self._connection.channel()
            self._channel.confirm_select()
            self._next_tag = 0
            self._channel.events["basic_ack"].add(
                lambda tag, multiple: self._settle(tag, multiple, CONFIRMED)
            )
            self._channel.events["basic_nack"].add(lambda tag, multiple: self._settle(tag, multiple, REFUSED))
            self._channel.events["basic_return"].add(self._note_return)
        return self._channel

    def _settle(self, tag: int, multiple: bool, outcome: str) -> None:
        # Tags settle in order, and a dict keeps insertion order: the first ones are the oldest.
        if multiple:
            for open_tag in [open_tag for open_tag in self._open if open_tag <= tag]:
                self._outcomes[self._open.pop(open_tag)] = outcome
        elif tag in self._open:
            self._outcomes[self._open.pop(tag)] = outcome

    def _note_return(self, _exception: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        # The broker sends the return before the ack of the same message; `message_id` is its index.
        self._returned.add(int(message.properties["message_id"]))
