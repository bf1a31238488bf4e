"""Process entry: `python -m services.chassis.launch SERVICE`. Patching comes before everything else."""

import eventlet

eventlet.monkey_patch()

import os
import signal
import sys
from typing import Any

from kombu import Connection
from nameko.runners import ServiceRunner

from services.chassis import greenwait, topology
from services.chassis.entrances import Service, find
from services.chassis.journal import journal, open_journal
from services.chassis.settings import settings

BESIDES = 2
"""Who wants a database connection and is no worker: the relay and the health door."""


class CannotStart(Exception):
    """A condition without which the service would misbehave quietly is not met."""


def assert_sane(service: type[Service]) -> None:
    """What must hold before the first message: cooperative sockets, threads and database waits, and a connection for
    whoever may want one at the same time."""
    for module in ("socket", "select", "thread", "time"):
        if not eventlet.patcher.is_monkey_patched(module):
            raise CannotStart(f"{module} is not cooperative; start services through services.chassis.launch")
    if not greenwait.installed():
        raise CannotStart(
            "psycopg waits in C and would stop the event loop; services.chassis.greenwait is not installed"
        )
    for need in service.needs:
        need()
    if service.ledger.pool < service.hands() + BESIDES:
        raise CannotStart(
            f"{service.hands()} workers, the relay and the health door share {service.ledger.pool} database connections"
        )


def declare_topology() -> None:
    """Before the first message: a broker that refuses our queues (PRECONDITION_FAILED) ends the start, not the patience."""
    with Connection(settings().amqp_uri, connect_timeout=5) as connection:
        connection.ensure_connection(timeout=settings().start_deadline)
        topology.declare(connection)


def main(name: str) -> int:
    open_journal(name)
    log = journal(part="launch")
    greenwait.install()
    service = find(name)
    service.ledger.pool = service.hands() + BESIDES
    assert_sane(service)
    try:
        with eventlet.Timeout(settings().start_deadline):
            declare_topology()
    except (Exception, eventlet.Timeout) as error:
        log.error("cannot-start", error=repr(error))
        return 1
    runner = ServiceRunner({"AMQP_URI": settings().amqp_uri, "max_workers": service.hands()})
    runner.add_service(service)

    def stop(_signal: int, _frame: Any) -> None:
        log.info("stopping")
        eventlet.spawn_n(_stop_or_die, runner)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        with eventlet.Timeout(settings().start_deadline):
            runner.start()
    except (Exception, eventlet.Timeout) as error:
        log.error("cannot-start", error=repr(error))
        os._exit(1)
    log.info("started")
    runner.wait()
    log.info("stopped")
    return 0


def _stop_or_die(runner: ServiceRunner) -> None:
    """Drains; a drain that hangs is ended, its unacked messages go to a sibling."""
    with eventlet.Timeout(settings().drain_deadline + 3, False):
        runner.stop()
        return
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
