"""One device on the line: its login, and its frames into the broker in the order they came.

No more is read from the socket while the broker has not confirmed what was read before; so the device waits, and a line
holds one chunk, the frames in it, and at most one that is unfinished.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
from prometheus_client import Counter

from services.chassis import clock
from services.chassis.journal import journal
from services.meters.concentrator.post import Post
from services.meters.frames import Found, Noise, Stream, dlt645

CHUNK = 8 * 1024
LONGEST_LOGIN = 1024
LOGIN_TIMEOUT = 10.0
SLOWED_BY = 1.0
"""Seconds a wrong secret costs, so that guessing is slow."""
PAUSE = 5.0
"""After such a silence what was begun will not be finished."""
IDLE = 600.0
WRITE_TIMEOUT = 30.0
ASKED_AGAIN = 900.0
"""A device whose credential was withdrawn is off the line after this time at the latest."""
MOST_PARTS = 64
"""Frames kept back until an answer of several frames is whole."""
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}")

logins = Counter("yikou_concentrator_logins_total", "Logins of devices by outcome.", ["outcome"])
heard = Counter("yikou_concentrator_frames_total", "Frames heard on lines.")
noise = Counter("yikou_concentrator_noise_bytes_total", "Bytes on lines that belong to no frame.")

Check = Callable[[str, str], Awaitable[bool]]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    device: str
    secret: str
    quiet: bool = False


_login = msgspec.json.Decoder(Login)


class TurnedAway(Exception):
    """The line is closed before a single frame is read."""


class Line:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        check: Check,
        post: Post,
        idle: float = IDLE,
        asked_again: float = ASKED_AGAIN,
    ) -> None:
        self._reader, self._writer, self._check, self._post = reader, writer, check, post
        self._idle, self._asked_again = idle, asked_again
        self._stopped = asyncio.Event()
        self._stream = Stream()
        self._frames: list[dict[str, Any]] = []
        self._begun = False
        self._heard_at = clock.now()
        self._taken = 0
        self._confirmed = 0
        self.device = ""
        self.quiet = False
        self._secret = ""

    def stop(self) -> None:
        """What was read is delivered; what was not read is not confirmed, and the device sends it again."""
        self._stopped.set()

    async def log_in(self) -> None:
        try:
            async with asyncio.timeout(LOGIN_TIMEOUT):
                line = await self._reader.readuntil(b"\n")
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise await self._turn_away("no-login") from None
        try:
            login = _login.decode(line if len(line) <= LONGEST_LOGIN else b"")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise await self._turn_away("no-login") from None
        if not DEVICE.fullmatch(login.device) or not login.secret:
            raise await self._turn_away("refused", SLOWED_BY)
        if not self._post.is_open:
            raise await self._turn_away("try-later")
        try:
            known = await self._check(login.device, login.secret)
        except Exception as error:  # identity does not answer; the device calls again
            journal(part="line").warning("cannot-check", error=repr(error)[:200])
            raise await self._turn_away("try-later") from None
        if not known:
            raise await self._turn_away("refused", SLOWED_BY)
        self.device, self.quiet, self._secret = login.device, login.quiet, login.secret
        logins.labels("ok").inc()
        await self._say({"ok": True})

    async def _turn_away(self, problem: str, after: float = 0.0) -> TurnedAway:
        logins.labels(problem).inc()
        await asyncio.sleep(after)
        await self._say({"ok": False, "problem": problem})
        return TurnedAway(problem)

    async def carry(self) -> None:
        """Until the device hangs up, is silent for too long, or we stop."""
        stopped = asyncio.ensure_future(self._stopped.wait())
        read = asyncio.ensure_future(self._reader.read(CHUNK))
        last = asked = time.monotonic()
        try:
            while not self._stopped.is_set():
                if time.monotonic() - asked > self._asked_again:
                    asked = time.monotonic()
                    if not await self._still_known():
                        return
                await asyncio.wait({read, stopped}, timeout=PAUSE, return_when=asyncio.FIRST_COMPLETED)
                if read.done():
                    data = read.result()
                    if not data:
                        break
                    last = time.monotonic()
                    self._taken += len(data)
                    self._take(self._stream.feed(data))
                    await self._deliver()
                    read = asyncio.ensure_future(self._reader.read(CHUNK))
                elif not self._stopped.is_set():
                    self._take(self._stream.finish())
                    await self._deliver(all_of_it=True)
                    if time.monotonic() - last > self._idle:
                        return
            if not self._stopped.is_set():
                self._take(self._stream.finish())
                await self._deliver(all_of_it=True)
        finally:
            for task in (read, stopped):
                task.cancel()

    async def _still_known(self) -> bool:
        try:
            known = await self._check(self.device, self._secret)
        except Exception:  # identity does not answer: it will be asked again
            return True
        if not known:
            logins.labels("withdrawn").inc()
        return known

    def _take(self, found: list[Found | Noise]) -> None:
        """The one place where the time of arrival is noted; no two frames of a line have the same."""
        for each in found:
            if isinstance(each, Found):
                heard.inc()
                self._begun = isinstance(each.frame, dlt645.Frame) and each.frame.more
            else:
                noise.inc(len(each.raw))
                if (
                    each.fault.slug == "no-start"
                ):  # a device's own sign of life, or a bad line: no frame was in it
                    continue
            self._heard_at = max(clock.now(), self._heard_at + timedelta(microseconds=1))
            self._frames.append({"hex": each.raw.hex(), "heard_at": self._heard_at})

    async def _deliver(self, all_of_it: bool = False) -> None:
        if self._begun and not all_of_it and len(self._frames) < MOST_PARTS:
            return  # the other parts of this answer belong into the same message
        if self._frames:
            body = msgspec.json.encode({"frames": self._frames})
            await self._post.deliver(f"yikou.v1.{self.device}.frames", body)
            self._frames.clear()
        self._begun = False
        safe = self._taken - self._stream.held
        if safe > self._confirmed:
            self._confirmed = safe
            if not self.quiet:
                await self._say({"confirmed": safe})

    async def _say(self, told: dict[str, Any]) -> None:
        self._writer.write(msgspec.json.encode(told) + b"\n")
        async with asyncio.timeout(WRITE_TIMEOUT):
            await self._writer.drain()
