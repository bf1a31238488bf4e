"""How psycopg waits for PostgreSQL in a process of greenthreads.

psycopg calls one function with a generator that says "readable" or "writable" and wants to be told when. Its own
`wait_selector` is right under eventlet but makes and registers a selector for every wait, which for short queries costs
more than the query; here the hub is asked directly. Several greenthreads' queries are on their way together.
"""

from __future__ import annotations

import select
from collections.abc import Generator
from typing import Any

import eventlet
import psycopg
from eventlet.hubs import trampoline
from psycopg.waiting import Ready, Wait

_poll = eventlet.patcher.original("select").poll
_WRITABLE = select.POLLOUT


def wait(
    gen: Generator[Any, Any, Any], fileno: int, interval: float = 0.0, timeout: float | None = None
) -> Any:
    """Runs one of psycopg's generators to its end; other greenthreads run meanwhile.

    `interval` is for processes that wait for Ctrl-C, and is not needed under a hub. Raises TimeoutError after `timeout` s.
    """
    try:
        wanted = next(gen)
        while True:
            if wanted & Wait.W and _writable_now(fileno):
                ready = Ready.W
            elif wanted & Wait.R:
                trampoline(fileno, read=True, timeout=timeout, timeout_exc=TimeoutError)
                ready = Ready.R
            else:
                trampoline(fileno, write=True, timeout=timeout, timeout_exc=TimeoutError)
                ready = Ready.W
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


def _writable_now(fileno: int) -> bool:
    """A query is small and its socket nearly always has room: no need to go round the hub to learn it."""
    poller = _poll()
    poller.register(fileno, _WRITABLE)
    return bool(poller.poll(0))


def install() -> None:
    """Before the first connection of the process."""
    psycopg.waiting.wait = wait


def installed() -> bool:
    return psycopg.waiting.wait is wait
