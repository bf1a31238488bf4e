"""What a device may do at the broker: publish under its own name, hear its own commands, nothing else."""

import pytest

from gateway.routes.rabbitmq import may_topic, may_use


def topic(key, permission="write", device="meter-7", name="amq.topic"):
    return may_topic({"username": device, "name": name, "permission": permission, "routing_key": key})


@pytest.mark.parametrize("word", ["readings", "frames", "heartbeat", "alarms"])
def test_a_device_publishes_under_its_own_name(word):
    assert topic(f"yikou.v1.meter-7.{word}")


@pytest.mark.parametrize(
    "key",
    [
        "yikou.v1.meter-8.readings",
        "yikou.v1.meter-7.commands",
        "yikou.v1.meter-7.readings.more",
        "yikou.v1.*.readings",
        "yikou.v1.meter-7",
        "CaseNoted",
        "",
    ],
)
def test_a_device_publishes_nothing_else(key):
    assert not topic(key)


def test_a_device_hears_its_own_commands_only():
    assert topic("yikou.v1.meter-7.commands", "read")
    for key in (
        "yikou.v1.meter-8.commands",
        "yikou.v1.#",
        "#",
        "yikou.v1.meter-7.readings",
        "yikou.v1.*.commands",
    ):
        assert not topic(key, "read")


def test_no_other_exchange():
    assert not topic("yikou.v1.meter-7.readings", name="frontdesk.events")
    assert not may_use(
        {"username": "meter-7", "resource": "exchange", "name": "nameko-rpc", "permission": "write"}
    )
    assert not may_use(
        {"username": "meter-7", "resource": "exchange", "name": "amq.topic", "permission": "configure"}
    )
    assert may_use(
        {"username": "meter-7", "resource": "exchange", "name": "amq.topic", "permission": "write"}
    )


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("mqtt-subscription-meter-7qos1", True),
        ("mqtt-subscription-meter-7:a1qos0", True),
        ("mqtt-will-meter-7", True),
        ("mqtt-subscription-meter-70qos1", False),
        ("mqtt-subscription-meter-8qos1", False),
        ("mqtt-subscription-meter-7", True),
        ("rpc-frontdesk", False),
        ("readings.0", False),
    ],
)
def test_only_the_queue_of_its_own_session(name, allowed):
    assert (
        may_use({"username": "meter-7", "resource": "queue", "name": name, "permission": "configure"})
        is allowed
    )


def test_nothing_else_at_all():
    assert not may_use(
        {"username": "meter-7", "resource": "topic", "name": "amq.topic", "permission": "write"}
    )
    assert not may_topic({})
    assert not may_use({})
