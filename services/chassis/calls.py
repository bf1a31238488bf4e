"""Calls to services in nameko's protocol, blocking, for plain processes and for work inside a service.

A line carries one call at a time; `Calls` keeps idle lines and opens another when all are busy. So nothing is shared
between callers, and a call whose connection drops learns it at once, because it is the one who listens.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
from amqp.basic_message import Message as AmqpMessage
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import KombuError

from services.chassis import identifiers
from services.chassis.errors import Problem, Unavailable
from services.chassis.identifiers import SYSTEM, Caller
from services.contracts.messages import Command, Query

EXCHANGE = "nameko-rpc"
PROBLEM_PATH = "services.chassis.errors.Problem"
TIMEOUT = 10.0
IDLE_FOR = 20.0
"""A line that rested longer is opened anew: nobody beats its heart meanwhile."""


class RemoteProblem(Problem):
    """What the called service said is wrong, in its own words."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told
        self.kind = str(told.get("kind", "problem"))  # type: ignore[misc]
        self.status = int(told.get("status", 500))  # type: ignore[misc]
        super().__init__(
            {fault["path"]: (fault["zh"], fault["en"]) for fault in told.get("fields") or ()},
            **(told.get("extras") or {}),
        )

    @property
    def slug(self) -> str:
        return str(self.told.get("slug", "problem"))

    @property
    def en(self) -> str:
        return str(self.told.get("en", ""))

    @property
    def chinese(self) -> str:
        return str(self.told.get("zh", ""))


class NoAnswerInTime(Problem):
    """{office}.{method} did not answer in {seconds} s; it may still do the work."""

    kind = "timeout"
    status = 504
    zh = "{office}.{method} 在 {seconds} 秒内没有应答，事情可能仍在办理。"


class NobodyThere(Unavailable):
    """Nobody answers for {office}; is it running?"""

    zh = "没有人替“{office}”应答，请确认它已启动。"


class ConnectionDropped(Unavailable):
    """The connection to the broker dropped during {office}.{method}; it may still do the work."""

    zh = "调用 {office}.{method} 时与消息总线的连接中断，事情可能仍在办理。"


class BrokerAway(Unavailable):
    """The broker does not answer; {office} was not asked."""

    zh = "消息总线没有应答，尚未向“{office}”发出请求。"


class BrokenInside(Problem):
    """{office}.{method} failed inside: {reason}. Its log says why."""

    zh = "{office}.{method} 内部出错：{reason}，原因见其日志。"


class Calls:
    def __init__(self, uri: str, name: str, caller: Caller = SYSTEM) -> None:
        self._uri, self._name, self._caller = uri, name, caller
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_exc: Any) -> None:
        self.close()

    def call(
        self,
        contract: type[Command] | type[Query],
        /,
        *,
        timeout: float = TIMEOUT,
        key: str | None = None,
        caller: Caller | None = None,
        trace: str = "",
        office: str | None = None,
        **given: Any,
    ) -> Any:
        """The answer. Raises `RemoteProblem` when the service refuses, another `Problem` when it cannot be asked.

        `key` makes a command run once however often it is called. `office` is for the tray's commands, which
        every office answers.
        """
        office = office or contract.office()
        headers = {
            "nameko.caller": (caller or self._caller).as_dict(),
            "nameko.call_id_stack": [f"{self._name}.{uuid.uuid4().hex}"],
            "traceparent": identifiers.child_traceparent(trace),
            "x-deadline": int((time.time() + timeout) * 1000),
        }
        if key:
            headers["nameko.idempotency_key"] = key
        return self.ask(office, contract.method(), given, headers, timeout)

    def ask(
        self, office: str, method: str, given: Mapping[str, Any], headers: Mapping[str, Any], timeout: float
    ) -> Any:
        """One request as it stands on the wire."""
        until = time.monotonic() + timeout
        try:
            line = self._rested() or _Line(self._uri, self._name, until)
        except (OSError, AMQPError, KombuError) as error:
            raise BrokerAway(office=office) from error
        try:
            with self._kept(line):
                reply = line.exchange(office, method, given, headers, until)
        except TimeoutError:
            raise NoAnswerInTime(office=office, method=method, seconds=timeout) from None
        except (OSError, AMQPError, KombuError) as error:
            raise ConnectionDropped(office=office, method=method) from error
        if reply is None:
            raise NobodyThere(office=office)
        return _read(office, method, reply)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    @contextmanager
    def _kept(self, line: _Line) -> Iterator[None]:
        """It goes back only after a good exchange: a late answer must find nobody."""
        try:
            yield
        except BaseException:
            line.close()
            raise
        with self._lock:
            self._idle.append(line)

    def _rested(self) -> _Line | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                line = self._idle.pop()
            if line.is_good():
                return line
            line.close()


class _Line:
    """A connection with a reply queue of its own."""

    def __init__(self, uri: str, name: str, until: float) -> None:
        left = max(0.1, until - time.monotonic())
        self._connection = Connection(
            uri,
            connect_timeout=min(5.0, left),
            transport_options={"client_properties": {"connection_name": name}},
        )
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._connection.connect()
        self._channel = self._connection.channel()
        self._address = str(uuid.uuid4())
        queue = f"rpc.reply-{self._address}"
        self._channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
        self._channel.queue_declare(queue, exclusive=True, durable=False, auto_delete=True)
        self._channel.queue_bind(queue, EXCHANGE, self._address)
        self._channel.basic_consume(queue, no_ack=True, callback=self._take)
        self._channel.events["basic_return"].add(self._take_back)
        self._awaited, self._reply, self._returned = "", b"", False
        self._used = time.monotonic()

    def is_good(self) -> bool:
        """Still connected, as far as the socket knows; a broker that went away is noticed here and not in the call."""
        if time.monotonic() - self._used > IDLE_FOR:
            return False
        try:
            self._connection.drain_events(timeout=0.001)
        except TimeoutError:
            return True
        except (OSError, AMQPError):
            return False
        return True

    def exchange(
        self, office: str, method: str, given: Mapping[str, Any], headers: Mapping[str, Any], until: float
    ) -> bytes | None:
        """The reply's body; None when the broker had nowhere to put the request. Raises TimeoutError, OSError, AMQPError."""
        self._awaited, self._reply, self._returned = uuid.uuid4().hex, b"", False
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        request = AmqpMessage(
            msgspec.json.encode({"args": [], "kwargs": given}),
            application_headers=dict(headers),
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=self._awaited,
            reply_to=self._address,
            expiration=str(int(left * 1000)),  # nobody waits for it any longer than that
        )
        self._channel.basic_publish(request, EXCHANGE, f"{office}.{method}", mandatory=True, timeout=left)
        while not self._reply and not self._returned:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.drain_events(timeout=left)
        self._used = time.monotonic()
        return self._reply or None

    def close(self) -> None:
        with suppress(Exception):  # it is gone either way
            self._connection.collect(socket_timeout=1)

    def _take(self, message: Any) -> None:
        if message.properties.get("correlation_id") == self._awaited:
            body = message.body
            self._reply = body if isinstance(body, bytes) else body.encode()

    def _take_back(self, _exception: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        self._returned = message.properties.get("correlation_id") == self._awaited


def _read(office: str, method: str, body: bytes) -> Any:
    reply = msgspec.json.decode(body)
    error = reply.get("error")
    if error is None:
        return reply.get("result")
    told = error.get("exc_args") or [None]
    if error.get("exc_path") == PROBLEM_PATH and isinstance(told[0], dict):
        raise RemoteProblem(told[0])
    raise BrokenInside(office=office, method=method, reason=error.get("value") or error.get("exc_type"))
