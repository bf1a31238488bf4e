"""The three doors of a service: what it hears, what it answers, and what its clock makes it do.

nameko's container hosts the workers; the doors replace its own where `docs/decisions/0002` says why:
an event is acked only after its transaction committed, a failing one is retried later and finally set aside, a malformed
message never reaches a worker, nothing escapes as a BaseException, and stopping waits for what is in hand.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

import eventlet
import msgspec
from amqp.basic_message import Message as AmqpMessage
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection
from kombu.exceptions import KombuError
from marshmallow import ValidationError
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from services.chassis import clock, identifiers, metrics, topology
from services.chassis.database import (
    Ledger,
    Read,
    Work,
    is_away,
    is_passing,
    leases,
    once,
    requests,
    was_dropped,
)
from services.chassis.errors import Invalid, NotFound, Permanent, Problem, TimedOut, Transient, Unavailable
from services.chassis.health import HealthDoor
from services.chassis.inbox import claim, forget_old
from services.chassis.journal import journal, tell
from services.chassis.mishaps import may_die
from services.chassis.outbox import Relay
from services.chassis.post import Letter, Post, one_write, open_line
from services.chassis.reception import UNREADABLE, fits_a_header
from services.chassis.settings import settings
from services.contracts import catalogue
from services.contracts.envelope import CONTENT_TYPE, Envelope, NotAnEnvelope
from services.contracts.messages import Command, Event, Message, Query
from services.contracts.sentences import field_sentences

REPLY_TYPE = "application/json"
REQUEST_TTL = timedelta(days=2)
TIME_TO_REPLY = 10


class UnknownMethod(NotFound):
    """This office does not answer {method}."""

    zh = "该部门没有“{method}”这项业务。"


class Unreadable(Exception):
    """Nobody could act on this message, now or later: it is set aside with this reason."""


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raises TimedOut when the time is up.

    Inside, it is eventlet's own Timeout that flies, which is no Exception: SQLAlchemy then knows that the query was
    abandoned half way and drops its connection. With an Exception it would try to roll back on a connection that still
    waits for an answer, and the error of that would hide what happened.
    """
    limit = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as fired:
        if fired is not limit:
            raise
        raise TimedOut(what) from None
    finally:
        limit.cancel()


# -- the doors' common part ----------------------------------------------------------------------------


class Door(Entrypoint):
    """Consumes one queue over a connection of its own, and reconnects for ever until stopped."""

    def setup(self) -> None:
        self.service = self.container.service_name
        self.ledger: Ledger = self.container.service_cls.ledger
        self.log = journal(part=type(self).__name__.lower())
        self.connected = False
        self._stopping = False
        self._stopped = Signal()
        self._writing = Semaphore()  # frames of two greenthreads must not interleave on one socket
        self._dead_post = Post(settings().amqp_uri, f"{self.service}-{type(self).__name__.lower()}-aside")

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier=type(self).__name__)

    def stop(self) -> None:
        """Takes in nothing new, finishes what is in hand while the connection still stands, within a deadline."""
        self._stopping = True
        with eventlet.Timeout(settings().drain_deadline, False):
            self._stopped.wait()

    def kill(self) -> None:
        self._stopping = True

    def queue(self) -> Any:
        raise NotImplementedError

    def prefetch(self) -> int:
        raise NotImplementedError

    def _run(self) -> None:
        pause = 0.2
        while not self._stopping:
            try:
                with open_line(
                    settings().amqp_uri, f"{self.service}-{type(self).__name__.lower()}"
                ) as connection:
                    topology.declare(connection, [self.service])
                    beat = eventlet.spawn(self._beat, connection)
                    try:
                        self._consume(connection)
                    finally:
                        self.connected = False
                        beat.kill()
                pause = 0.2
            except (OSError, KombuError, eventlet.Timeout, Exception) as error:
                if self._stopping:
                    break
                self.log.warning("door-waits", error=repr(error)[:300], pause=round(pause, 1))
                eventlet.sleep(pause * random.uniform(0.7, 1.3))
                pause = min(pause * 2, 5.0)
        self._dead_post.close()
        if not self._stopped.ready():
            self._stopped.send(None)

    def _beat(self, connection: Connection) -> None:
        while True:
            eventlet.sleep(settings().heartbeat / 4)
            with self._writing:
                try:
                    connection.heartbeat_check()
                except Exception:
                    # The consumer blocks on the same dead socket and must notice now, not at its timeout.
                    connection.collect(socket_timeout=1)
                    return

    def _consume(self, connection: Connection) -> None:
        raise NotImplementedError

    def _listen(self, connection: Connection, take: Callable[[Any], None]) -> tuple[Any, str]:
        """A channel that hands over every message as it came, and the consumer's tag.

        kombu's Consumer would read bodies and headers itself and raise where nobody can set the message aside.
        """
        channel = connection.channel()
        channel.auto_decode = False
        channel.basic_qos(0, self.prefetch(), False)
        tag = channel.basic_consume(self.queue().name, callback=take)
        self.connected = True
        return channel, tag

    def _set_aside(self, message: Any, reason: str, attempts: int) -> None:
        """To the dead letters, confirmed before the original is acked."""
        told = {
            "x-dead-reason": reason[:500],
            "x-dead-at": clock.iso(clock.now()),
            "x-attempts": attempts,
            "x-origin": self.queue().name,
        }
        content_type = str(message.properties.get("content_type") or "application/octet-stream")
        letter = Letter(
            "",
            topology.dead_letters(self.service).name,
            _body(message),
            content_type,
            _headers(message, told),
        )
        if self._dead_post.deliver([letter]) != ["confirmed"]:
            raise Transient("the dead letters did not take the message")
        metrics.dead.labels(self.service, reason.split(":")[0][:40]).inc()
        self.log.error("set-aside", reason=reason, attempts=attempts, routing_key=routing_key(message))


def routing_key(message: Any) -> str:
    """What it was first said under: one that comes back from a retry or the dead letters was sent to us by name,
    and has it in a header. From any other exchange the header is a stranger's and is not believed."""
    here = message.delivery_info
    kept = (message.headers or {}).get("x-routing-key") if here["exchange"] == "" else None
    return str(kept or here["routing_key"])


def _body(message: Any) -> bytes:
    return message.body if isinstance(message.body, bytes) else b""  # py-amqp's empty body is a str


def _headers(message: Any, told: dict[str, Any]) -> dict[str, Any]:
    """The message's own headers and ours; only ours when the broker would not take its own a second time."""
    told = {"x-routing-key": routing_key(message), **told}
    kept = {key: value for key, value in (message.headers or {}).items() if key != "x-death"} | told
    return kept if fits_a_header(kept) else told | {"x-headers": "dropped: too large or not writable"}


# -- events --------------------------------------------------------------------------------------------

DONE, RETRY, ASIDE = "done", "retry", "aside"
DROPS = 4
"""So many times a batch may lose its session before it is suspected of being the reason."""


class Hears(Door):
    """Events: what waits is done together in one transaction; if that fails, each one alone."""

    def queue(self) -> Any:
        return topology.ear(self.service)

    def prefetch(self) -> int:
        return settings().batch * 3

    def _consume(self, connection: Connection) -> None:
        waiting: list[Any] = []
        channel, tag = self._listen(connection, waiting.append)
        while not self._stopping:
            try:
                connection.drain_events(timeout=1 if not waiting else 0.0001)
                if len(waiting) < settings().batch:
                    continue
            except TimeoutError:
                pass
            if waiting:
                batch, waiting[:] = waiting[: settings().batch], waiting[settings().batch :]
                self._settle(channel, batch)
        channel.basic_cancel(tag)

    def _settle(self, channel: Any, batch: list[Any]) -> None:
        heard: list[tuple[Any, Any]] = []
        for message in batch:
            try:
                heard.append((message, self._read(message)))
            except Unreadable as error:
                self._set_aside(message, str(error), 1)
        verdicts = self._perform([item for _, item in heard])
        letters = []
        for message, item in heard:
            verdict, reason = verdicts.get(id(item), (DONE, ""))
            attempts = _attempts(message) + 1
            if verdict == RETRY and attempts <= len(topology.RETRY_DELAYS):
                letters.append(self._letter_for_later(message, attempts, item, reason))
            elif verdict in (RETRY, ASIDE):
                self._tell_mishap(item, reason)
                self._set_aside(message, reason, attempts)
        if letters:
            if set(self._dead_post.deliver(letters)) != {"confirmed"}:
                raise Transient("the retry queue did not take the message")
            may_die("after-retry")
        with self._writing:
            # One door, one consumer, one batch at a time: everything up to the last tag is settled.
            may_die("before-ack")
            channel.basic_ack(batch[-1].delivery_tag, multiple=True)
            may_die("after-ack")

    def _tell_mishap(self, item: Heard, reason: str) -> None:
        """The service may note what it could not do where its users see it. The dead letter is kept either way."""
        note = self.container.service_cls.mishap
        if note is None:
            return
        limit = settings().work_deadline
        try:
            with time_limit(limit, f"noting a mishap took over {limit:g} s"), self.ledger.work() as work:
                note(work, item.envelope, reason)
        except (Exception, eventlet.Timeout) as error:
            self.log.error("mishap-not-noted", id=item.id, error=repr(error)[:300])

    def _read(self, message: Any) -> Any:
        if UNREADABLE in (message.headers or {}):
            raise Unreadable(f"undecodable: {message.headers[UNREADABLE]}")
        try:
            return self.open(message, _body(message))
        except Unreadable:
            raise
        except Exception as error:  # whatever a stranger may think of must not close the door
            raise Unreadable(f"undecodable: {error!r}") from error

    def open(self, message: Any, body: bytes) -> Any:
        """What the message says, ready to `happen`. Raises Unreadable when nobody could ever act on it."""
        if message.properties.get("content_type") != CONTENT_TYPE:
            raise Unreadable("undecodable: not of the content type of an event")
        try:
            envelope = Envelope.decode(body)
        except NotAnEnvelope as error:
            raise Unreadable(f"undecodable: not a CloudEvents envelope: {error}") from error
        contract = catalogue.events().get(envelope.name)
        handler = self.container.service_cls.events.get(contract)
        if contract is None or handler is None:
            raise Unreadable(f"undecodable: {envelope.name[:80]} is not heard here")
        return Heard(envelope, contract, handler)

    def _letter_for_later(self, message: Any, attempts: int, item: Any, reason: str) -> Letter:
        delay = topology.RETRY_DELAYS[attempts - 1]
        metrics.retries.labels(self.service, item.name).inc()
        self.log.warning(
            "tries-later", event_name=item.name, id=item.id, attempts=attempts, delay=delay, reason=reason
        )
        headers = _headers(message, {"x-attempts": attempts, "x-last-reason": reason[:500]})
        content_type = str(message.properties.get("content_type") or "application/octet-stream")
        return Letter(f"retry.{delay}s", self.queue().name, _body(message), content_type, headers)

    def _perform(self, items: list[Any]) -> dict[int, tuple[str, str]]:
        """Hands the batch to a nameko worker and waits for its verdicts."""
        if not items:
            return {}
        answer = Signal()

        def take_result(_context: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            answer.send((result, exc_info[1] if exc_info else None))
            return result, exc_info

        self.container.spawn_worker(self, (self, items), {}, handle_result=take_result)
        verdicts, error = answer.wait()
        if error is not None:
            raise error
        return verdicts

    def perform(self, items: list[Any]) -> dict[int, tuple[str, str]]:
        """Runs in a worker. Holds on while the database is away: the messages stay ours, unacked."""
        pause, dropped = 0.2, 0
        while True:
            try:
                return self._together(items)
            except SQLAlchemyError as error:
                if self._stopping:
                    raise
                # What loses its session each time is perhaps the reason for it, and then an attempt that counts.
                dropped += was_dropped(error)
                if dropped > DROPS:
                    return self._apart(items, error)
                self.log.warning("database-away", error=repr(error)[:200])
                eventlet.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _together(self, items: list[Any]) -> dict[int, tuple[str, str]]:
        """Verdicts of what was not done. Raises only what `is_away`."""
        begun = time.perf_counter()
        limit = settings().work_deadline
        try:
            with (
                time_limit(limit, f"a batch of {len(items)} took over {limit:g} s"),
                self.ledger.work() as work,
            ):
                verdicts = self.happen(work, items)
                may_die("before-commit")
        except (Exception, eventlet.Timeout) as error:  # a Timeout is no Exception, and must not slip through
            if is_away(error):
                raise
            return self._apart(items, error)
        metrics.batches.labels(self.service).observe(len(items))
        each = (time.perf_counter() - begun) / len(items)
        for item in items:
            metrics.handled.labels("event", item.name).observe(each)
        traced = [item for item in items if item.trace_id]
        tell(
            "heard", [{"event_name": item.name, "id": item.id, "trace_id": item.trace_id} for item in traced]
        )
        return verdicts

    def happen(self, work: Work, items: list[Any]) -> dict[int, tuple[str, str]]:
        """All of them in this transaction; returns the verdicts of those that must not be tried again."""
        news = self._not_done_yet(work, items)
        if hasattr(work.store, "expect"):
            work.store.expect([item.message for item in news])
        for item in news:
            item.happen(work)
        return {}

    def _apart(self, items: list[Any], error: BaseException) -> dict[int, tuple[str, str]]:
        """What failed together is done one by one, so that only the culprit has failed."""
        if len(items) == 1:
            return {id(items[0]): self._verdict(items[0], error)}
        verdicts: dict[int, tuple[str, str]] = {}
        for item in items:
            verdicts |= self.perform([item])
        return verdicts

    def _not_done_yet(self, work: Work, items: list[Heard]) -> list[Heard]:
        fresh = claim(work.connection, [item.envelope for item in items])
        news = []
        for item in items:
            key = (item.envelope.source, item.envelope.id)
            if key in fresh or "inbox" in settings().broken:
                fresh.discard(key)
                news.append(item)
            else:
                metrics.duplicates.labels(self.service).inc()
        return news

    def _verdict(self, item: Any, error: BaseException) -> tuple[str, str]:
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, ValidationError | Permanent | Problem):
            return ASIDE, reason
        with bound_contextvars(trace_id=item.trace_id):
            self.log.warning("handler-failed", event_name=item.name, id=item.id, exc_info=error)
        return RETRY, reason


class Heard:
    """One event, ready to happen."""

    def __init__(
        self, envelope: Envelope, contract: type[Event], handler: Callable[[Work, Any], None]
    ) -> None:
        self.envelope, self.contract, self.handler = envelope, contract, handler
        self.name, self.id = envelope.name, envelope.id

    @cached_property
    def trace_id(self) -> str:
        return identifiers.trace_id(self.envelope.traceparent)

    @cached_property
    def message(self) -> Message:
        """Raises ValidationError when it is not what its contract says."""
        message = self.contract.read(self.envelope.data)
        message.envelope = self.envelope
        return message

    def happen(self, work: Work) -> None:
        work.trace = self.envelope.traceparent
        with bound_contextvars(trace_id=self.trace_id):
            self.handler(work, self.message)


def _attempts(message: Any) -> int:
    try:
        return max(0, int((message.headers or {}).get("x-attempts", 0)))
    except (TypeError, ValueError, OverflowError):
        return 0


# -- calls ---------------------------------------------------------------------------------------------


class Answers(Door):
    """RPC in nameko's protocol: stock proxies can call us, and we them."""

    def setup(self) -> None:
        super().setup()
        self._in_hand = 0
        service = self.container.service_cls
        self.methods: dict[str, tuple[type[Command] | type[Query], Callable[..., Any]]] = {
            contract.method(): (contract, function)
            for contract, function in {**service.commands, **service.queries}.items()
        }
        self.completes = service.completes

    def queue(self) -> Any:
        return topology.rpc_queue(self.service)

    def prefetch(self) -> int:
        return settings().workers

    def _consume(self, connection: Connection) -> None:
        arrived: list[Any] = []
        channel, tag = self._listen(connection, arrived.append)
        while not self._stopping:
            with suppress(TimeoutError):
                connection.drain_events(timeout=1)
            while arrived:
                self._take(connection, channel, arrived.pop(0))
        with self._writing:
            channel.basic_cancel(tag)
        while self._in_hand:
            eventlet.sleep(0.01)

    def _take(self, connection: Connection, channel: Any, message: Any) -> None:
        try:
            call = Call.read(message)
        except Unreadable as error:
            self._set_aside(message, str(error), 1)
            with self._writing:
                channel.basic_ack(message.delivery_tag)
            return

        def reply(_context: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            body = result if exc_info is None else _reply(None, _as_error(exc_info[1]))
            properties = {
                "content_type": REPLY_TYPE,
                "content_encoding": "utf-8",
                "correlation_id": call.correlation_id,
            }
            try:
                may_die("before-reply")
                with self._writing, one_write(connection, TIME_TO_REPLY):
                    channel.basic_publish(AmqpMessage(body, **properties), topology.RPC.name, call.reply_to)
                    channel.basic_ack(message.delivery_tag)
                may_die("after-reply")
            except (
                Exception
            ) as error:  # the connection went: the caller's time runs out, its retry is idempotent
                self.log.warning("reply-lost", method=call.method, error=repr(error)[:200])
            finally:
                self._in_hand -= 1
            return None, None

        self._in_hand += 1
        try:
            self.container.spawn_worker(self, (self, call), {}, handle_result=reply)
        except ContainerBeingKilled:
            self._in_hand -= 1

    def perform(self, call: Call) -> bytes:
        """Runs in a worker; every outcome is a reply body, nothing is raised."""
        begun = time.perf_counter()
        left = call.seconds_left()
        try:
            if left <= 0:
                raise TimedOut("the caller has stopped waiting")
            with (
                bound_contextvars(trace_id=identifiers.trace_id(call.trace), method=call.method),
                time_limit(min(left, settings().work_deadline), "the time allowed for this call ran out"),
            ):
                body = _reply(self._answer(call), None)
        except (Exception, eventlet.Timeout) as error:  # a Timeout is no Exception, and must not slip through
            if not isinstance(error, Problem):
                self.log.error("call-failed", method=call.method, exc_info=error)
            body = _reply(None, _as_error(error))
        method = call.method if call.method in self.methods else "unknown"
        metrics.handled.labels("call", method).observe(time.perf_counter() - begun)
        tell("answered", [{"method": method, "trace_id": identifiers.trace_id(call.trace)}])
        return body

    def _answer(self, call: Call) -> Any:
        try:
            contract, function = self.methods[call.method]
        except KeyError:
            raise UnknownMethod(method=call.method) from None
        try:
            message = contract.read(call.kwargs)
        except ValidationError as error:
            raise Invalid.fields(field_sentences(error)) from error
        if issubclass(contract, Query):
            with self.ledger.read(call.caller) as read:
                return function(read, message)
        with self.ledger.work(call.caller, call.trace) as work:
            if call.idempotency_key and contract.remembered:
                answer = once(work, call.idempotency_key, call.fingerprint(), lambda: function(work, message))
            else:
                answer = function(work, message)
        complete = self.completes.get(contract)
        return complete(answer) if complete else answer


@dataclass(slots=True)
class Call:
    """One request, checked before any worker starts."""

    method: str
    kwargs: dict[str, Any]
    reply_to: str
    correlation_id: str
    caller: identifiers.Caller
    trace: str
    language: str = "zh-CN"
    idempotency_key: str | None = None
    deadline: int | None = None
    """Epoch milliseconds after which nobody waits for the answer."""

    @classmethod
    def read(cls, message: Any) -> Call:
        """Raises Unreadable for what no worker could answer."""
        try:
            return cls._read(message.properties, message.headers or {}, routing_key(message), _body(message))
        except Exception as error:  # whatever a stranger may think of must not close the door
            raise Unreadable(f"malformed-call: {error!r}") from error

    @classmethod
    def _read(cls, properties: Mapping[str, Any], headers: Mapping[str, Any], key: str, body: bytes) -> Call:
        if UNREADABLE in headers:
            raise ValueError(headers[UNREADABLE])
        if not properties.get("reply_to") or not properties.get("correlation_id"):
            raise ValueError("no reply_to or correlation_id")
        if properties.get("content_type") != REPLY_TYPE:
            raise ValueError(f"content type {properties.get('content_type')!r}")
        asked = msgspec.json.decode(body)
        if not isinstance(asked, dict) or not isinstance(asked.get("kwargs"), dict) or asked.get("args"):
            raise ValueError("the body is not {args: [], kwargs: {…}}")
        caller, once_key = headers.get("nameko.caller"), headers.get("nameko.idempotency_key")
        deadline = headers.get("x-deadline")
        return cls(
            method=key.split(".")[-1],
            kwargs=asked["kwargs"],
            reply_to=properties["reply_to"],
            correlation_id=properties["correlation_id"],
            caller=identifiers.Caller.of(caller if isinstance(caller, Mapping) else None),
            trace=identifiers.child_traceparent(str(headers.get("traceparent") or "")),
            language=str(headers.get("nameko.language") or "zh-CN"),
            idempotency_key=once_key if isinstance(once_key, str) else None,
            deadline=int(deadline) if isinstance(deadline, int | float) else None,
        )

    def seconds_left(self) -> float:
        return 30.0 if self.deadline is None else (self.deadline - time.time() * 1000) / 1000

    def fingerprint(self) -> str:
        return hashlib.sha256(
            self.method.encode() + msgspec.json.encode(self.kwargs, order="sorted")
        ).hexdigest()


def _reply(result: Any, error: dict[str, Any] | None) -> bytes:
    return msgspec.json.encode({"result": result, "error": error})


def _as_error(error: BaseException) -> dict[str, Any]:
    """nameko's error form; a Problem carries both languages, anything else tells nothing of its inside."""
    if isinstance(error, TimedOut | Transient) or is_passing(error):
        error = Unavailable()
    if isinstance(error, Problem):
        facts = error.as_dict()
        return {
            "exc_type": "Problem",
            "exc_path": "services.chassis.errors.Problem",
            "exc_args": [facts],
            "value": facts["en"],
        }
    return {"exc_type": "InternalError", "exc_path": "", "exc_args": [], "value": "internal error"}


# -- timers --------------------------------------------------------------------------------------------


class Ticks(Entrypoint):
    """Timers under a lease: the lease is a row lock held by the very transaction of the tick, so a holder that
    was frozen and lost its connection cannot commit; a missed tick is skipped, never caught up in a burst."""

    def setup(self) -> None:
        self.service = self.container.service_name
        self.ledger: Ledger = self.container.service_cls.ledger
        self.log = journal(part="ticks")
        self._stopping = Signal()

    def start(self) -> None:
        timers = {**self.container.service_cls.timers, **TIMERS}
        for function, interval in timers.items():
            self.container.spawn_managed_thread(
                self._runner(function, interval), identifier=function.__name__
            )

    def stop(self) -> None:
        if not self._stopping.ready():
            self._stopping.send(None)

    def _runner(self, function: Callable[[Work], None], interval: timedelta) -> Callable[[], None]:
        def run() -> None:
            wait = random.uniform(0, min(1.0, interval.total_seconds()))
            while not self._stopping.ready():
                with eventlet.Timeout(wait, False):
                    self._stopping.wait()
                if self._stopping.ready():
                    return
                answer = Signal()

                def take_result(
                    _context: Any, result: Any, exc_info: Any, answer: Signal = answer
                ) -> tuple[Any, Any]:
                    answer.send(result)
                    return None, None

                try:
                    self.container.spawn_worker(
                        self, (self, function, interval), {}, handle_result=take_result
                    )
                except ContainerBeingKilled:
                    return
                wait = answer.wait() or interval.total_seconds()

        return run

    def perform(self, function: Callable[[Work], None], interval: timedelta) -> float:
        """One attempt; returns the seconds until the next is worth making."""
        name = function.__name__
        try:
            # A timer goes through all that is due, so it gets twice the time.
            with (
                time_limit(2 * settings().work_deadline, f"timer {name} took too long"),
                self.ledger.work() as work,
            ):
                return self._tick(work, name, function, interval)
        except (Exception, eventlet.Timeout) as error:  # a Timeout is no Exception, and must not slip through
            metrics.ticks.labels(name, "failed").inc()
            self.log.warning("tick-failed", timer=name, exc_info=error)
            return min(interval.total_seconds(), 5.0)

    def _tick(self, work: Work, name: str, function: Callable[[Work], None], interval: timedelta) -> float:
        mine = leases.c.name == name
        row = work.connection.execute(select(leases).where(mine).with_for_update(skip_locked=True)).first()
        if row is None:
            work.connection.execute(
                insert(leases).values(name=name, next_at=work.now).on_conflict_do_nothing()
            )
            return min(interval.total_seconds(), 0.5)
        if row.next_at > work.now:
            return min(max(0.05, (row.next_at - work.now).total_seconds()), interval.total_seconds())
        work.connection.execute(update(leases).where(mine).values(next_at=work.now + interval))
        begun = time.perf_counter()
        function(work)
        metrics.handled.labels("timer", name).observe(time.perf_counter() - begun)
        metrics.ticks.labels(name, "ran").inc()
        return interval.total_seconds()


def forget_requests(work: Work) -> None:
    """Idempotency keys are remembered for two days."""
    work.connection.execute(requests.delete().where(requests.c.at < work.now - REQUEST_TTL))


TIMERS = {forget_old: timedelta(hours=1), forget_requests: timedelta(hours=1)}
"""Those that every service has."""


# -- the door plate ------------------------------------------------------------------------------------

hears, answers, ticks = Hears.decorator, Answers.decorator, Ticks.decorator


class Service:
    """What every service is: a name, a store, and its tables of what it hears, answers and does by the clock."""

    name: ClassVar[str]
    store: ClassVar[Callable[..., Any] | None] = None
    events: ClassVar[Mapping[type[Event], Callable[..., None]]] = {}
    commands: ClassVar[Mapping[type[Command], Callable[..., Any]]] = {}
    queries: ClassVar[Mapping[type[Query], Callable[..., Any]]] = {}
    timers: ClassVar[Mapping[Callable[[Work], None], timedelta]] = {}
    completes: ClassVar[Mapping[type[Command], Callable[[Any], Any]]] = {}
    """What an answer gets on its way out, the first time and each repeat, because it must not be stored with it."""
    before_commit: ClassVar[Callable[[Work], None] | None] = None
    needs: ClassVar[tuple[Callable[[], object], ...]] = ()
    """What must be at hand before the first message; each raises when it is not."""
    """Runs once at the end of each unit of work, before the store's `flush`."""
    mishap: ClassVar[Callable[[Work, Envelope, str], None] | None] = None
    """Told of each event that is set aside, with the reason, in a transaction of its own."""
    ledger: ClassVar[Ledger]

    relay = Relay()
    health = HealthDoor()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.ledger = Ledger(cls.name, cls.store)
        cls.ledger.before_commit = cls.__dict__.get("before_commit")

    @classmethod
    def hands(cls) -> int:
        """How many workers may be busy at once: for calls as many as we like, for events one a door, one a timer."""
        methods = (method for _, method in inspect.getmembers(cls, inspect.isfunction))
        doors = [door for method in methods for door in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ())]
        ears = sum(isinstance(door, Hears) for door in doors)
        return settings().workers + ears + len(cls.timers) + len(TIMERS)

    @hears
    def hear(self, door: Hears, items: list[Heard]) -> dict[int, tuple[str, str]]:
        return door.perform(items)

    @answers
    def answer(self, door: Answers, call: Call) -> bytes:
        return door.perform(call)

    @ticks
    def tick(self, door: Ticks, function: Callable[[Work], None], interval: timedelta) -> float:
        return door.perform(function, interval)


def find(name: str) -> type[Service]:
    """The service class of `services/{name}/service.py`."""
    module = importlib.import_module(f"services.{name}.service")
    return next(
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Service)
        and thing is not Service
        and thing.name == name
    )


__all__ = ["Read", "Service", "Work", "find"]
