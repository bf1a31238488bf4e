"""Dead letters on a real broker: listed, shown, sent back exactly once."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kombu import Connection
from typer.testing import CliRunner

from deploy.cli import app, surroundings
from deploy.local.stack import borrowed_parts
from services.chassis import topology
from services.chassis.identifiers import new_id
from services.chassis.post import Letter, Post
from services.chassis.settings import settings
from services.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def broker():
    with borrowed_parts(ROOT / ".run" / "test-cli") as env, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMQP_URI", env["AMQP_URI"])
        settings.cache_clear()
        surroundings.surroundings.cache_clear()
        yield env["AMQP_URI"]
    settings.cache_clear()
    surroundings.surroundings.cache_clear()


@pytest.fixture
def queues(broker):
    with Connection(broker) as connection:
        topology.declare(connection)
        channel = connection.default_channel
        for name in ("party.dead", "party.events"):
            channel.queue_purge(name)
        yield channel


def yikou(*words):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def set_aside(broker, count, origin="party.events"):
    letters = []
    for number in range(count):
        envelope = Envelope(
            new_id(),
            "/yikou/frontdesk",
            f"{TYPE_PREFIX}TaskAssigned",
            "c",
            datetime.now(UTC),
            "",
            {"n": number},
        )
        headers = {"x-dead-reason": f"KeyError: {number}", "x-dead-at": "2026-03-02T04:00:00Z", "x-attempts": 6,
                   "x-origin": origin, "traceparent": "kept"}  # fmt: skip
        letters.append(Letter("", "party.dead", envelope.encode(), CONTENT_TYPE, headers))
    assert set(Post(broker, "test").deliver(letters)) == {"confirmed"}


def depth(channel, name):
    return channel.queue_declare(name, passive=True).message_count


def becomes(channel, name, count, seconds=10):
    """What was given back is counted again a moment after the tool has ended."""
    end = time.monotonic() + seconds
    while (found := depth(channel, name)) != count and time.monotonic() < end:
        time.sleep(0.02)
    return found == count


def test_without_dead_letters_it_says_so(queues):
    assert "没有死信 No dead letters" in yikou("dead", "list", "party").output


def test_a_list_tells_reason_time_and_attempts_and_takes_nothing(broker, queues):
    set_aside(broker, 2)
    for _ in range(2):
        assert becomes(queues, "party.dead", 2)
        output = yikou("dead", "list").output
        assert "KeyError: 0" in output and "2026-03-02T04:00:00" in output and "party 2" in output
    assert becomes(queues, "party.dead", 2)


def test_one_letter_is_shown_whole(broker, queues):
    set_aside(broker, 2)
    output = yikou("dead", "show", "party", "2").output
    assert "KeyError: 1" in output and '"n": 1' in output
    assert yikou("dead", "show", "party", "3").exit_code == 2


def test_all_are_sent_back_exactly_once_and_begin_anew(broker, queues):
    set_aside(broker, 3)
    result = yikou("dead", "replay", "party", "--all")
    assert (result.exit_code, "3/3" in result.output) == (0, True)
    assert becomes(queues, "party.dead", 0) and becomes(queues, "party.events", 3)
    message = queues.basic_get("party.events", no_ack=True)
    headers = message.properties["application_headers"]
    assert (headers["traceparent"], [name for name in headers if name.startswith("x-dead")]) == ("kept", [])
    assert "x-attempts" not in headers
    assert message.properties["content_type"] == CONTENT_TYPE


def test_one_is_sent_back_and_the_others_stay(broker, queues):
    set_aside(broker, 3)
    assert yikou("dead", "replay", "party", "2").exit_code == 0
    assert becomes(queues, "party.dead", 2) and becomes(queues, "party.events", 1)
    assert b'"n":1' in queues.basic_get("party.events", no_ack=True).body
    output = yikou("dead", "list", "party").output
    assert "KeyError: 0" in output and "KeyError: 2" in output and "KeyError: 1" not in output


def test_what_the_broker_gave_up_says_so_and_goes_back_as_well(broker, queues):
    """It was never ours to set aside: each process that took it died."""
    headers = {"x-first-death-reason": "delivery_limit", "x-first-death-queue": "party.events"}
    letter = Letter("", "party.dead", b'{"type":"yikou.TaskAssigned"}', CONTENT_TYPE, headers)
    assert Post(broker, "test").deliver([letter]) == ["confirmed"]
    assert "delivery_limit" in yikou("dead", "list", "party").output
    assert yikou("dead", "replay", "party", "1").exit_code == 0
    assert becomes(queues, "party.dead", 0) and becomes(queues, "party.events", 1)
    headers = queues.basic_get("party.events", no_ack=True).properties.get("application_headers", {})
    assert not [name for name in headers if "death" in name]


def test_a_letter_that_cannot_go_back_stays(broker, queues):
    set_aside(broker, 1, origin="no.such.queue")
    assert yikou("dead", "replay", "party", "1").exit_code == 1
    assert becomes(queues, "party.dead", 1)


def test_a_number_or_all_must_be_given(queues):
    assert yikou("dead", "replay", "party").exit_code == 2
    assert yikou("dead", "replay", "party", "1", "--all").exit_code == 2
    assert yikou("dead", "list", "nobody").exit_code == 2
