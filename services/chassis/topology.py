"""Exchanges, queues and bindings, all declared from the contracts before anyone speaks.

An unroutable publish is acked by the broker, so a queue that is declared late is an event lost:
`python -m services.chassis.topology declare` runs before the first process and again at each start.
Correct on RabbitMQ 3.10 and 4.x: explicit arguments, quorum queues, no transient shared queues. A quorum queue of 4.x
drops what was delivered twenty times unless it is told otherwise, so each of ours is told: `DELIVERIES` where the
message then goes to the dead letters, `NO_LIMIT` where it is already there or only waits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from kombu import Connection, Exchange, Queue, binding

from services.chassis.settings import settings
from services.contracts import catalogue

RETRY_DELAYS = (1, 5, 30, 120, 600)
"""Seconds an event waits before its 2nd, 3rd … attempt; after the last it is set aside."""

RPC = Exchange("nameko-rpc", type="topic", durable=True)
SIGNALS = Exchange("amq.topic", type="topic", durable=True)
READINGS = Exchange("readings", type="x-consistent-hash", durable=True)
READING_QUEUES = 4
TELEMETRY_LIMIT_BYTES = 256 * 1024 * 1024
RPC_TTL_MS = 30_000
DELIVERIES = 50
"""Each process that dies with a message in hand is one. A failure that our doors see is an attempt, not a delivery."""
NO_LIMIT = 1_000_000_000


def speech(service: str) -> Exchange:
    """Where a service says its events."""
    return Exchange(f"{service}.events", type="topic", durable=True)


def ear(service: str) -> Queue:
    """The one queue in which a service hears, bound to every speaker its contracts name."""
    bindings = [binding(speech(speaker), key) for speaker, key in sorted(catalogue.heard_by(service))]
    return Queue(
        f"{service}.events",
        bindings=bindings or None,
        durable=True,
        queue_arguments=_then_dead(service, settings().queue_type),
    )


def dead_letters(service: str) -> Queue:
    return Queue(f"{service}.dead", durable=True, queue_arguments=_kind(NO_LIMIT, settings().queue_type))


def rpc_queue(service: str) -> Queue:
    return Queue(
        f"rpc-{service}",
        RPC,
        routing_key=f"{service}.*",
        durable=True,
        queue_arguments={"x-message-ttl": RPC_TTL_MS},
    )


def retry_exchange(delay: int) -> Exchange:
    return Exchange(f"retry.{delay}s", type="topic", durable=True)


def retry_queue(delay: int) -> Queue:
    """Waits `delay` seconds, then hands each message back to the queue its routing key names."""
    kind = settings().queue_type
    arguments = _kind(NO_LIMIT, kind) | {"x-message-ttl": delay * 1000, **_dead_lettering(kind)}
    return Queue(
        f"retry.{delay}s", retry_exchange(delay), routing_key="#", durable=True, queue_arguments=arguments
    )


def reading_queue(number: int) -> Queue:
    """One share of the telemetry. Full means refused to the publisher, never dropped."""
    arguments = _then_dead("meters", settings().telemetry_queue_type) | {
        "x-overflow": "reject-publish",
        "x-max-length-bytes": TELEMETRY_LIMIT_BYTES,
    }
    return Queue(f"readings.{number}", READINGS, routing_key="1", durable=True, queue_arguments=arguments)


def camera_signals() -> Queue:
    bindings = [binding(SIGNALS, f"yikou.v1.*.{kind}") for kind in ("heartbeat", "alarms")]
    arguments = _then_dead("cameras", settings().telemetry_queue_type) | {
        "x-overflow": "reject-publish",
        "x-max-length": 500_000,
    }
    return Queue("cameras.signals", bindings=bindings, durable=True, queue_arguments=arguments)


def declare(connection: Connection, services: Iterable[str] | None = None) -> list[str]:
    """Declares everything (idempotent) and returns the names of the queues."""
    services = list(services or catalogue.SERVICES)
    with connection.channel() as channel:
        for exchange in (RPC, *(speech(service) for service in catalogue.SERVICES)):
            exchange(channel).declare()
        READINGS(channel).declare()
        for kind in ("readings", "frames"):
            READINGS(channel).bind_to(SIGNALS, routing_key=f"yikou.v1.*.{kind}")
        queues = [retry_queue(delay) for delay in RETRY_DELAYS]
        for service in services:
            queues += [dead_letters(service), ear(service), rpc_queue(service)]
        queues += [reading_queue(number) for number in range(READING_QUEUES)]
        queues.append(camera_signals())
        for queue in queues:
            queue(channel).declare()
    return [queue.name for queue in queues]


def _kind(deliveries: int, kind: str) -> dict[str, object]:
    """Only quorum queues count deliveries; a classic queue delivers for ever."""
    return {"x-queue-type": kind} | ({"x-delivery-limit": deliveries} if kind == "quorum" else {})


def _dead_lettering(kind: str) -> dict[str, object]:
    """Through the default exchange, whose routing keys are queues' names. At least once needs all three."""
    if kind != "quorum":
        return {"x-dead-letter-exchange": ""}
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _then_dead(service: str, kind: str) -> dict[str, object]:
    """A message that ends every process that takes it is set aside by the broker, since we cannot."""
    return (
        _kind(DELIVERIES, kind)
        | _dead_lettering(kind)
        | {"x-dead-letter-routing-key": dead_letters(service).name}
    )


def main(arguments: list[str]) -> int:
    if arguments != ["declare"]:
        print("usage: python -m services.chassis.topology declare", file=sys.stderr)
        return 2
    with Connection(settings().amqp_uri, connect_timeout=10) as connection:
        names = declare(connection)
    print(f"declared {len(names)} queues")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
