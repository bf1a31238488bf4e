"""The relay: carries what was said from the outbox to the broker, however long the broker is away.

Several relays may run at once (one in each process of a service): each takes rows that no other holds, publishes
them with confirms, and deletes a row only when the broker has it. A crash in between sends a row again; the
hearer's inbox makes that harmless. Rows are chosen by their presence and not by "id greater than the last",
because identity values are not handed out in the order of commits.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import Any

import eventlet
from eventlet.queue import Empty, LightQueue
from nameko.extensions import DependencyProvider
from sqlalchemy import bindparam, delete, func, select, update

from services.chassis import clock, metrics
from services.chassis.database import Ledger, outbox
from services.chassis.journal import journal
from services.chassis.mishaps import may_die
from services.chassis.post import CONFIRMED, RETURNED, Letter, Post
from services.chassis.settings import settings
from services.contracts import catalogue
from services.contracts.envelope import CONTENT_TYPE

BATCH = 256
POLL = 1.0
UNROUTABLE_PAUSE = 2.0

_take = (
    select(outbox.c.position, outbox.c.at, outbox.c.exchange, outbox.c.routing_key, outbox.c.body)
    .order_by(outbox.c.attempts, outbox.c.position)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
_strike = delete(outbox).where(outbox.c.position.in_(bindparam("positions", expanding=True)))
_count_attempt = (
    update(outbox)
    .where(outbox.c.position.in_(bindparam("positions", expanding=True)))
    .values(attempts=outbox.c.attempts + 1)
)
_waiting = select(func.count(), func.min(outbox.c.at)).select_from(outbox)


class Relay(DependencyProvider):
    """Runs beside the workers of a service; woken by each commit, polls for what dead siblings left."""

    ledger: Ledger

    def setup(self) -> None:
        self.service = self.container.service_name
        self.ledger = self.container.service_cls.ledger
        self.log = journal(part="relay")
        self._wakeups: LightQueue = LightQueue(1)
        self._stopping = False
        self._stopped = eventlet.event.Event()
        self.post = Post(settings().amqp_uri, f"{self.service}-relay")
        self.ledger.on_commit = self.wake
        self.ledger.publish_unsent = self._publish_unsent

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="relay")

    def stop(self) -> None:
        """Delivers what is waiting, then ends; what cannot be delivered in time stays in its rows."""
        self._stopping = True
        self.wake()
        with eventlet.Timeout(settings().drain_deadline, False):
            self._stopped.wait()

    def wake(self) -> None:
        if not self._wakeups.full():
            self._wakeups.put_nowait(None)

    def get_dependency(self, worker_ctx: Any) -> Relay:
        return self

    def _run(self) -> None:
        pause = 0.2
        measured = 0.0
        while True:
            try:
                full_load = self._deliver_waiting()
                pause = 0.2
                if time.monotonic() - measured > 5:
                    self._measure()
                    measured = time.monotonic()
                if full_load:
                    continue
                if self._stopping:
                    break
                self._wait(POLL * random.uniform(0.7, 1.3))
                self.post.beat()
            except Exception as error:  # broker or database away: the rows wait, and so do we
                if self._stopping:
                    break
                metrics.relay_failures.labels(self.service).inc()
                self.log.warning("relay-waits", error=repr(error)[:300], pause=round(pause, 1))
                eventlet.sleep(pause * random.uniform(0.7, 1.3))
                pause = min(pause * 2, 5.0)
        self.post.close()
        self._stopped.send(None)

    def _wait(self, seconds: float) -> None:
        with suppress(Empty):
            self._wakeups.get(timeout=seconds)

    def _deliver_waiting(self) -> bool:
        """One round; True when there may be more."""
        with self.ledger.engine.begin() as connection:
            rows = connection.execute(_take).all()
            if not rows:
                return False
            may_die("before-publish")
            outcomes = self.post.deliver([_letter(row) for row in rows])
            may_die("after-publish")
            done = [row.position for row, outcome in zip(rows, outcomes, strict=True) if outcome == CONFIRMED]
            if done:
                connection.execute(_strike, {"positions": done})
            if len(done) < len(rows):
                left = [
                    row.position for row, outcome in zip(rows, outcomes, strict=True) if outcome != CONFIRMED
                ]
                connection.execute(_count_attempt, {"positions": left})
        may_die("after-mark")
        now = clock.now()
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome == CONFIRMED:
                metrics.relay_lag.labels(self.service).observe(max(0.0, (now - row.at).total_seconds()))
            elif outcome == RETURNED:
                metrics.unroutable.labels(self.service).inc()
                self.log.error("unroutable", exchange=row.exchange, routing_key=row.routing_key)
        metrics.delivered.labels(self.service).inc(len(done))
        if len(done) < len(rows) and not self._stopping:
            eventlet.sleep(UNROUTABLE_PAUSE)
        return len(rows) == BATCH

    def _measure(self) -> None:
        with self.ledger.engine.connect() as connection:
            count, oldest = connection.execute(_waiting).one()
        metrics.outbox_waiting.labels(self.service).set(count)
        metrics.outbox_age.labels(self.service).set((clock.now() - oldest).total_seconds() if oldest else 0)

    def _publish_unsent(self, rows: list[dict[str, Any]]) -> None:
        """The deliberately broken build (`YIKOU_BROKEN=outbox`): publish after the commit, as stock nameko does."""
        self.post.deliver(
            [Letter(row["exchange"], row["routing_key"], row["body"], CONTENT_TYPE) for row in rows]
        )


def _letter(row: Any) -> Letter:
    event = catalogue.events()[row.routing_key.split(".")[0]]
    # An event without a standing hearer is for live screens only: nobody listening is no loss.
    mandatory = bool(event.heard_by or event.heard_by_all)
    return Letter(row.exchange, row.routing_key, bytes(row.body), CONTENT_TYPE, mandatory=mandatory)
