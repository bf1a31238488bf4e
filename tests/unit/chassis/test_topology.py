"""What each queue is told, so that RabbitMQ 3.10 and 4 do the same with it."""

import pytest

from services.chassis import topology
from services.chassis.settings import settings
from services.contracts.catalogue import SERVICES

QUORUM_ONLY = {"x-delivery-limit", "x-dead-letter-strategy"}


@pytest.fixture(params=["quorum", "classic"])
def kind(request, monkeypatch):
    monkeypatch.setenv("YIKOU_QUEUE_TYPE", request.param)
    monkeypatch.setenv("YIKOU_TELEMETRY_QUEUE_TYPE", request.param)
    settings.cache_clear()
    yield request.param
    settings.cache_clear()


def kept():
    """Queues whose messages must not be lost. RPC is not among them: its callers are told, or ask again."""
    yield from (topology.ear(service) for service in SERVICES)
    yield from (topology.reading_queue(number) for number in range(topology.READING_QUEUES))
    yield topology.camera_signals()


def test_every_kept_queue_says_its_kind_its_limit_and_where_a_message_goes_then(kind):
    for queue in kept():
        told = queue.queue_arguments
        assert told["x-queue-type"] == kind
        assert told["x-dead-letter-routing-key"] in {f"{service}.dead" for service in SERVICES}
        if kind == "quorum":
            assert told["x-delivery-limit"] == topology.DELIVERIES
            assert (
                told["x-dead-letter-strategy"] == "at-least-once" and told["x-overflow"] == "reject-publish"
            )
        else:
            assert not QUORUM_ONLY & told.keys()


def test_dead_letters_and_retries_have_no_limit_of_deliveries(kind):
    """An operator who looks at the dead letters delivers them to himself each time."""
    for queue in (topology.dead_letters("party"), *map(topology.retry_queue, topology.RETRY_DELAYS)):
        assert queue.queue_arguments.get("x-delivery-limit") == (
            topology.NO_LIMIT if kind == "quorum" else None
        )
