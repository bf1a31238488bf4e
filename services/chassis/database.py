"""The unit of work: one transaction that holds the rows, the inbox and the outbox.

A handler never commits. `Office.work` opens the transaction, the handler changes rows and says events,
and leaving the block commits both or neither; only then is the relay woken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis import clock, identifiers
from services.chassis.errors import IdempotencyKeyReused, RequestInProgress
from services.chassis.identifiers import SYSTEM, Caller
from services.chassis.mishaps import may_die
from services.chassis.settings import settings
from services.contracts.envelope import TYPE_PREFIX, Envelope
from services.contracts.messages import Event

LOCK_TIMEOUT_MS = 5000
"""Waiting longer for a row than this is a queue of its own: events are tried again, a caller is told 409."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """A service's metadata, with the four tables every service has."""
    metadata = MetaData(naming_convention=NAMING)
    for table in (inbox, outbox, leases, requests):
        table.to_metadata(metadata)
    return metadata


_chassis = MetaData(naming_convention=NAMING)

inbox = Table(
    "inbox",
    _chassis,
    Column("source", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)
outbox = Table(
    "outbox",
    _chassis,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("exchange", String, nullable=False),
    Column("routing_key", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
)
leases = Table(
    "leases",
    _chassis,
    Column("name", String, primary_key=True),
    Column("next_at", DateTime(timezone=True), nullable=False),
)
requests = Table(
    "requests",
    _chassis,
    Column("account", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("answer", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)


_say = text(
    "INSERT INTO outbox (exchange, routing_key, body)"
    " SELECT * FROM unnest(CAST(:exchange AS text[]), CAST(:routing_key AS text[]), CAST(:body AS bytea[]))"
)
"""Many rows, one statement, one round trip: rows as arrays cost a fifth of an executemany."""

_claim_request = insert(requests).on_conflict_do_nothing().returning(requests.c.key)
_this_request = (requests.c.account == bindparam("of")) & (requests.c.key == bindparam("is"))
_first_request = requests.select().where(_this_request)
_answer_request = requests.update().where(_this_request)


class Read:
    """A read-only look at the database, for queries."""

    def __init__(self, connection: Connection, caller: Caller = SYSTEM, now: datetime | None = None) -> None:
        self.connection = connection
        self.caller = caller
        self.now = now or clock.now()


class Work(Read):
    """One unit of work. See `docs/architecture.md` for what a handler may do with it."""

    def __init__(
        self,
        service: str,
        connection: Connection,
        store: Callable[[Connection], Any] | None,
        caller: Caller,
        trace: str,
    ) -> None:
        super().__init__(connection, caller)
        self.service = service
        self.trace = trace
        self.store: Any = store(connection) if store else None
        self._said: list[dict[str, Any]] = []

    def say(self, event: type[Event], *, subject: str, to: str | None = None, **data: Any) -> str:
        """Puts an event into the outbox of this transaction and returns its id.

        `to` names the addressee of an addressed event. A field that is missing or unknown raises here,
        in the speaker, and not in some hearer.
        """
        if self.service not in event.said_by:
            raise PermissionError(f"{self.service} does not say {event.__name__}")
        envelope = Envelope(
            id=identifiers.new_id(),
            source=f"/yikou/{self.service}",
            type=TYPE_PREFIX + event.__name__,
            subject=subject,
            time=self.now,
            traceparent=identifiers.child_traceparent(self.trace),
            data=event.write(data),
        )
        self._said.append(
            {
                "exchange": f"{self.service}.events",
                "routing_key": event.routing_key(to),
                "body": envelope.encode(),
            }
        )
        return envelope.id

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What happens inside happens wholly or not at all, whatever becomes of the rest of this transaction.

        It covers the database and what was said. What the store holds in memory is the store's to forget.
        """
        said = len(self._said)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            del self._said[said:]
            raise

    def flush(self) -> int:
        """Writes what was said as outbox rows, in one statement; returns how many."""
        count = len(self._said)
        if count and "outbox" not in settings().broken:
            columns = ("exchange", "routing_key", "body")
            self.connection.execute(_say, {name: [row[name] for row in self._said] for name in columns})
            self._said.clear()
        return count

    def take_unsent(self) -> list[dict[str, Any]]:
        """Only for the deliberately broken build of the drills: what would be published after the commit."""
        unsent, self._said = self._said, []
        return unsent


class Ledger:
    """A service's database: opened lazily, so that a missing one never kills the process at birth."""

    def __init__(
        self, service: str, store: Callable[[Connection], Any] | None = None, pool: int | None = None
    ) -> None:
        self.service = service
        self.store = store
        self.on_commit: Callable[[], None] = lambda: None
        self.before_commit: Callable[[Work], None] | None = None
        self.publish_unsent: Callable[[list[dict[str, Any]]], None] = lambda rows: None
        self.pool = pool or settings().workers
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = open_engine(settings().database_url(self.service), self.service, self.pool)
        return self._engine

    @contextmanager
    def work(self, caller: Caller = SYSTEM, trace: str = "") -> Iterator[Work]:
        """One transaction. Commits on leaving, rolls back on any exception."""
        with self.engine.connect() as connection, connection.begin():
            work = Work(self.service, connection, self.store, caller, trace)
            yield work
            if self.before_commit:
                self.before_commit(work)
            if hasattr(work.store, "flush"):
                work.store.flush()
            said = work.flush()
        if said:
            may_die("after-commit")
            if "outbox" in settings().broken:
                self.publish_unsent(work.take_unsent())
            self.on_commit()

    @contextmanager
    def read(self, caller: Caller = SYSTEM) -> Iterator[Read]:
        """Each query on its own, without a transaction around it: half the round trips of a `work`."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            yield Read(connection, caller)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def once(work: Work, key: str, fingerprint: str, effect: Callable[[], Any]) -> Any:
    """Runs `effect` once for this caller and key, and answers every repetition with the first answer.

    The key's row is written before the effect, so a second request meets a lock and not a race.
    """
    mine = {"of": work.caller.account, "is": key}
    row = {"account": work.caller.account, "key": key, "fingerprint": fingerprint, "answer": None}
    try:
        claimed = work.connection.execute(_claim_request, row).first()
    except OperationalError as error:
        if sqlstate(error) == "55P03":
            raise RequestInProgress() from error
        raise
    if not claimed:
        first = work.connection.execute(_first_request, mine).one()
        if first.fingerprint != fingerprint:
            raise IdempotencyKeyReused()
        return first.answer
    answer = effect()
    work.connection.execute(_answer_request, mine | {"answer": answer})
    return answer


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-letter code of an error, or ''."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def is_passing(error: BaseException) -> bool:
    """True for database errors that are nobody's fault: lost connection, deadlock, timeout, full disk, shutdown."""
    return is_away(error) or (
        isinstance(error, DBAPIError) and sqlstate(error)[:2] in {"08", "40", "53", "55", "57", "58"}
    )


def is_away(error: BaseException) -> bool:
    """True when nobody can work with the database just now: not there, starting, stopping, full, no connection free.

    An error without a code is psycopg's own. It counts only when no statement was asked, so that it is the connection
    that did not come: about a value it cannot send, or a library used wrongly, waiting changes nothing.
    """
    if isinstance(error, PoolTimeout) or was_dropped(error):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = sqlstate(error)
    if not code:
        return error.statement is None and isinstance(error, OperationalError | InterfaceError)
    return code[:3] in {"080", "530", "531", "532", "533", "57P"}


def was_dropped(error: BaseException) -> bool:
    """True when a connection that stood was lost in the middle."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def open_engine(url: str, name: str, pool: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,  # few warm connections, with their plans prepared, rather than many cold ones
        pool_recycle=1800,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        connect_args={
            "connect_timeout": 5,
            "application_name": f"yikou-{name}",
            "options": f"-c statement_timeout={settings().statement_timeout_ms} -c lock_timeout={LOCK_TIMEOUT_MS}"
            # The third: a query whose asker has gone (its time was up, it died) ends and frees its rows.
            " -c idle_in_transaction_session_timeout=60000 -c client_connection_check_interval=1000 -c timezone=UTC",
        },
    )

    @event.listens_for(engine, "handle_error")
    def _drop_broken(context: Any) -> None:
        # After a server restart every pooled connection is dead: the first one to notice empties the pool.
        # A time limit that fires in the middle of a query costs its own connection only.
        if context.is_disconnect and isinstance(context.original_exception, Exception):
            context.invalidate_pool_on_disconnect = True

    return engine


__all__ = [
    "Ledger",
    "Mapping",
    "Read",
    "Work",
    "inbox",
    "leases",
    "new_metadata",
    "once",
    "outbox",
    "requests",
]
