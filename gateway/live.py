"""Events in, server-sent events out.

In: one exclusive queue on the events screens are built from. Out: bounded queues, one a listener. A listener that
cannot keep up, and every listener when the broker connection was lost, is hung up on: it comes back with
`Last-Event-ID` and is told what it missed from the history, so nothing is ever skipped in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from aio_pika.abc import AbstractChannel, AbstractConnection, ExchangeType
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel as RawChannel
from prometheus_client import Counter, Gauge
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.chassis.identifiers import Caller
from services.chassis.journal import journal
from services.contracts.envelope import Envelope, NotAnEnvelope
from services.contracts.roles import DEPARTMENT, DESK
from services.contracts.units import units_of

log = journal()

LAST_EVENT_ID = "last_event_id"
"""The query parameter beside the header of that name."""
HEARTBEAT = 15.0
LISTENER_HOLDS = 256
REPLAY_HOLDS = 1000
SETTLES_IN = 5.0
"""Seconds after which insight's snapshot surely knows what the gateway has heard; younger deltas are sent again."""
RECONNECT_MS = 2000
FAREWELL = 1.0

Heard = Callable[[Envelope], None]

listeners_now = Gauge("yikou_live_listeners", "Open event streams.", ["stream"])
hung_up = Counter("yikou_live_hung_up_total", "Streams ended by us.", ["reason"])


class HungUp(Exception):
    """This stream has ended; its listener comes back and resumes."""


@dataclass(frozen=True, slots=True)
class View:
    """What somebody may see on the wall, as the front desk would let him: every case of the areas he is responsible
    for; of the areas of his department, those in which one of its units has a part."""

    areas: tuple[str, ...]
    own: tuple[str, ...]
    units: frozenset[str]
    place: str
    """The part he looks at."""

    @classmethod
    def of(cls, caller: Caller, place: str | None) -> View:
        return cls(
            tuple(caller.scopes(*DESK, "auditor", "admin")),
            tuple(caller.scopes(*DEPARTMENT)),
            units_of(caller.department),
            place or "",
        )

    def shows(self, told: Told) -> bool:
        if not told.place.startswith(self.place):
            return False
        if told.place.startswith(self.areas):
            return True
        return told.place.startswith(self.own) and (told.units is None or bool(told.units & self.units))


@dataclass(frozen=True, slots=True)
class Told:
    """One delta of the wall: of a case with a part for these units, or of an area's numbers."""

    number: int
    at: float
    place: str
    units: frozenset[str] | None
    frame: bytes


class Listener:
    """One open stream's queue, what it may see, and the names by which its credential may be revoked."""

    def __init__(self, names: frozenset[str], view: View | None = None):
        self.names = names
        self.view = view
        self._held: asyncio.Queue[Any] = asyncio.Queue(LISTENER_HOLDS)
        self.ended = asyncio.Event()

    def put(self, item: Any) -> None:
        if self.ended.is_set():
            return
        try:
            self._held.put_nowait(item)
        except asyncio.QueueFull:
            hung_up.labels("slow").inc()
            self.end()

    def end(self) -> None:
        """What it still holds is dropped: the listener comes back and reads it from the history."""
        self.ended.set()
        while not self._held.empty():
            self._held.get_nowait()
        self._held.put_nowait(None)

    async def next(self, timeout: float) -> Any:
        """The next item; TimeoutError when none came in time."""
        if self.ended.is_set():
            raise HungUp()
        async with asyncio.timeout(timeout):
            item = await self._held.get()
        if item is None or self.ended.is_set():
            raise HungUp()
        return item


class Live:
    """A tenant of the line. `hear` adds an event to listen to; the gateway's own ears are wired in app.py."""

    def __init__(self) -> None:
        self._ears: dict[tuple[str, str], Heard] = {}
        self._cases: dict[str, set[Listener]] = {}
        self._walls: set[Listener] = set()
        self._channel: RawChannel | None = None
        self._consumer = ""
        # Numbers of the wall's stream start afresh with each process and each connection, so they carry its name.
        self._boot = uuid.uuid4().hex[:8]
        self._number = 0
        self._recent: deque[Told] = deque(maxlen=REPLAY_HOLDS)

    def hear(self, speaker: str, event: str, heard: Heard) -> None:
        self._ears[speaker, event] = heard

    # --- a tenant of the line ---

    async def open(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"gateway.live-{uuid.uuid4()}", exclusive=True, durable=False)
        for speaker, event in self._ears:
            await channel.declare_exchange(f"{speaker}.events", ExchangeType.TOPIC, durable=True)
            await queue.bind(f"{speaker}.events", event)
        raw = cast(RawChannel, await channel.get_underlay_channel())
        self._consumer = (await raw.basic_consume(queue.name, self._take, no_ack=True)).consumer_tag or ""
        self._channel = raw
        return channel

    def alive(self) -> bool:
        return self._channel is not None and self._consumer in self._channel.consumers

    def lose(self) -> None:
        self._channel = None
        self._boot, self._number = uuid.uuid4().hex[:8], 0
        self._recent.clear()
        self.end_all("broker-lost")

    def end_all(self, reason: str) -> None:
        self._end(reason, lambda listener: True)

    def end_of(self, name: str) -> None:
        """The streams of a credential that was revoked: a session, an account, a key."""
        self._end("revoked", lambda listener: name in listener.names)

    def _end(self, reason: str, which: Callable[[Listener], bool]) -> None:
        for listener in [*self._walls, *(one for some in self._cases.values() for one in some)]:
            if which(listener):
                hung_up.labels(reason).inc()
                listener.end()

    async def _take(self, message: DeliveredMessage) -> None:
        try:
            envelope = Envelope.decode(message.body)
        except NotAnEnvelope as error:
            log.warning("live event unreadable", error=str(error)[:200])
            return
        if heard := self._ears.get((envelope.speaker, envelope.name)):
            try:
                heard(envelope)
            except (
                KeyError,
                TypeError,
                ValueError,
            ) as error:  # a field is missing: this event only, not the stream
                log.warning("live event incomplete", name=envelope.name, id=envelope.id, error=repr(error))

    # --- what is heard ---

    def case_noted(self, envelope: Envelope) -> None:
        """Several lines may have come of one transaction; a screen is told them one by one, as the history has them."""
        case_no, case = envelope.data["case_no"], envelope.data["case"]
        place, lanes = case.get("place") or "", case.get("lanes") or []
        units = frozenset(lane["unit"] for lane in lanes)
        face = case | {"lanes": [_without(lane, "missing") for lane in lanes]}
        for line in envelope.data["lines"]:
            for listener in tuple(self._cases.get(case_no, ())):
                listener.put({"case_no": case_no, **line, "case": case})
            # What somebody wrote is for those who open the case, not for a wall.
            shown = {"case_no": case_no, **_without(line, "detail"), "case": face}
            self._tell_walls("case", place, units, shown)

    def overview_changed(self, envelope: Envelope) -> None:
        self._tell_walls("overview", envelope.data["place"], None, envelope.data)

    def _tell_walls(self, kind: str, place: str, units: frozenset[str] | None, data: dict[str, Any]) -> None:
        self._number += 1
        frame = sse(data, kind, f"{self._boot}-{self._number}")
        told = Told(self._number, time.monotonic(), place, units, frame)
        self._recent.append(told)
        for listener in tuple(self._walls):
            if listener.view is not None and listener.view.shows(told):
                listener.put(frame)

    # --- who listens ---

    @contextlib.contextmanager
    def listening_to_case(self, case_no: str, names: frozenset[str]) -> Any:
        listener = Listener(names)
        self._cases.setdefault(case_no, set()).add(listener)
        try:
            yield listener
        finally:
            group = self._cases[case_no]
            group.discard(listener)
            if not group:
                del self._cases[case_no]

    @contextlib.contextmanager
    def listening_to_all(self, view: View, names: frozenset[str]) -> Any:
        listener = Listener(names, view)
        self._walls.add(listener)
        try:
            yield listener
        finally:
            self._walls.discard(listener)

    def settled(self, view: View) -> tuple[str, list[bytes]]:
        """Where a snapshot made from now on stands for certain, and the frames since: an event may have reached us
        before insight, and would be in neither the snapshot nor the deltas."""
        young = [told for told in self._recent if told.at > time.monotonic() - SETTLES_IN]
        number = young[0].number - 1 if young else self._number
        return f"{self._boot}-{number}", [told.frame for told in young if view.shows(told)]

    def since(self, last_id: str | None, view: View) -> list[bytes] | None:
        """The frames after `last_id`; None when they are not all held any more."""
        boot, _, number = (last_id or "").partition("-")
        if boot != self._boot or not (number.isascii() and number.isdigit()):
            return None
        after = int(number)
        oldest = self._recent[0].number if self._recent else self._number + 1
        if after > self._number or after + 1 < oldest:
            return None
        return [told.frame for told in self._recent if told.number > after and view.shows(told)]


def _without(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}


def sse(data: Any, event: str, id: str | int) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(id).encode(), event.encode(), msgspec.json.encode(data))


ReadHistory = Callable[[int], Awaitable[list[dict[str, Any]]]]


async def case_stream(
    listener: Listener, last: int, missed: list[dict[str, Any]], read: ReadHistory
) -> AsyncIterator[bytes]:
    """A case's history from `last` on, then live: no gap, no duplicate.

    The listener was subscribed before `missed` was read, so an event is in one of the two at least. Relays may deliver
    out of order: a number that jumps ahead is not sent but makes us read the history again.
    """
    while True:
        for line in missed:
            if line["seq"] > last:
                last = line["seq"]
                yield sse(line, "noted", last)
        try:
            line = await listener.next(HEARTBEAT)
        except TimeoutError:
            yield b": still here\n\n"
            missed = []
            continue
        missed = [line] if line["seq"] <= last + 1 else await read(last)


async def wall_stream(listener: Listener, first: list[bytes]) -> AsyncIterator[bytes]:
    for frame in first:
        yield frame
    while True:
        try:
            yield await listener.next(HEARTBEAT)
        except TimeoutError:
            yield b": still here\n\n"


class EventStream:
    """The response: sends frames until the client leaves, the listener is hung up on, or the credential expires."""

    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
    ]

    def __init__(
        self,
        name: str,
        listener: Listener,
        frames: AsyncIterator[bytes],
        valid_until: float,
        leave: Callable[[], None],
    ):
        self._name = name
        self._listener = listener
        self._frames = frames
        self._valid_until = valid_until
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        ends = {
            sending,
            asyncio.create_task(_left(receive)),
            asyncio.create_task(self._listener.ended.wait()),
        }
        left = self._valid_until - time.time()
        try:
            with listeners_now.labels(self._name).track_inprogress():
                timeout = None if left == float("inf") else max(0.0, left)
                await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                # A client that stopped reading would block its own farewell.
                await asyncio.wait({sending}, timeout=FAREWELL if self._listener.ended.is_set() else 0)
            if sending.done():
                sending.result()
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            self._leave()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"retry: %d\n\n" % RECONNECT_MS, "more_body": True})
        with contextlib.suppress(HungUp):
            async for frame in self._frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def last_event_id(request: Request) -> str | None:
    """From the header a browser sends when it reconnects, or the query for a first connection that knows where it was."""
    return request.headers.get("last-event-id") or request.query_params.get(LAST_EVENT_ID)
