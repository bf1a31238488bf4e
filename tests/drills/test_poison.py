"""A bad message stops nobody: poison in every queue of the platform; each is set aside, and replay brings it back once."""

import os
import subprocess
import sys

import pytest
from amqp.basic_message import Message
from kombu import Connection

from deploy.cli import dead as desk
from deploy.local import stack, supervise
from deploy.local.processes import PROCESSES, SERVICES
from services.chassis import clock, identifiers
from services.chassis.post import Letter
from services.chassis.topology import RETRY_DELAYS
from services.contracts import catalogue
from services.contracts.envelope import CONTENT_TYPE, Envelope
from tests.drills.conftest import PLATFORM
from tests.integration.chassis.conftest import envelope
from tests.integration.chassis.test_promises import UNREADABLE_PROPERTIES, Raw
from tests.waiting import until

pytestmark = [pytest.mark.drill, pytest.mark.long]


def wrong_event(service):
    """One the service hears, without the fields its contract wants."""
    name = next(
        event.__name__
        for event in catalogue.events().values()
        if service in (*event.heard_by, *event.heard_by_all)
        and any(f.required for f in event.schema().fields.values())
    )
    trace = identifiers.new_traceparent()
    return Envelope(
        identifiers.new_id(), "/yikou/drill", f"yikou.{name}", "x", clock.now(), trace, {}
    ).encode()


def poison(service):
    event = {"content_type": CONTENT_TYPE}
    call = {"content_type": "application/json", "reply_to": "x", "correlation_id": "1"}
    unreadable = UNREADABLE_PROPERTIES.values()
    events = [
        Message(b"\x00\xff", **event),
        Message(b"", **event),
        Message(b"{}", content_type="application/x-unheard-of"),
        Message(rb"\ud800", content_encoding="unicode_escape", **event),
        Message(b"{}", application_headers={"compression": "x"}, **event),
        *(Raw(b"{}", properties) for properties in unreadable),
    ]
    if service in HEARERS:
        events.append(Message(wrong_event(service), **event))
    calls = [Message(b"{}", content_type="application/json"), Message(b"[]", **call), Message(b"{", **call)]
    calls += [Raw(b"{}", properties) for properties in unreadable]
    return {f"{service}.events": events, f"rpc-{service}": calls}


HEARERS = {
    hearer for event in catalogue.events().values() for hearer in (*event.heard_by, *event.heard_by_all)
}
BY_DEVICES = [b"\x00", b'{"type": "a\\u0000b", "at": "2026-03-01T08:00:00Z"}', b"[" * 5000]


def counts(env, queues):
    with Connection(env["AMQP_URI"]) as connection, connection.channel() as channel:
        return {queue: channel.queue_declare(queue, passive=True).message_count for queue in queues}


def test_poison_in_every_queue_stops_nobody_and_can_be_sent_back_once(platform, report):
    env, expected = platform.env, {}
    before = {state.name: state.pid for state in supervise.states(PLATFORM, env)}
    with Connection(env["AMQP_URI"]) as connection, connection.channel() as channel:
        channel.confirm_select()
        for service in SERVICES:
            channel.queue_purge(f"{service}.dead")
            for queue, messages in poison(service).items():
                expected[f"{service}.dead"] = expected.get(f"{service}.dead", 0) + len(messages)
                for message in messages:
                    channel.basic_publish_confirm(message, "", queue)
        for body in BY_DEVICES:
            channel.basic_publish_confirm(Message(body), "amq.topic", "yikou.v1.11010500011320000001.alarms")
            channel.basic_publish_confirm(Message(body), "amq.topic", "yikou.v1.demo-concentrator.readings")
        expected["cameras.dead"] += len(BY_DEVICES)
    until(lambda: counts(env, expected) == expected, 60, "all of it is set aside")
    fed = [queue for service in SERVICES for queue in (f"{service}.events", f"rpc-{service}")] + [
        "cameras.signals"
    ]
    until(lambda: not any(counts(env, fed).values()), 30, "no queue holds any of it")
    # Sent back it is as bad as before: it must come to lie here again, each once.
    for service in SERVICES:
        command = [sys.executable, "-m", "deploy.cli", "dead", "replay", service, "--all"]
        subprocess.run(command, env={**os.environ, **env}, cwd=stack.ROOT, check=True, capture_output=True)
    until(
        lambda: not any(counts(env, fed).values()) and counts(env, expected) == expected,
        60,
        "it is set aside again",
    )
    alive = {state.name: state.pid for state in supervise.states(PLATFORM, env) if state.ready}
    assert alive == before, "nobody died of it"
    receipt = platform.file(platform.family())
    platform.until_status(receipt["case_no"], "closed")
    lost = sum(abs(count - expected[queue]) for queue, count in counts(env, expected).items())
    with Connection(env["AMQP_URI"]) as connection, connection.channel() as channel:
        for queue in expected:
            channel.queue_purge(queue)
    report("poison in every queue, set aside, sent back once", 2 * sum(expected.values()), lost, 0)
    assert lost == 0 and len(before) == len(PROCESSES)


def test_a_letter_sent_back_after_its_cause_was_mended_has_its_effect_once(
    probe, post, effects, parts, monkeypatch
):
    """It fails for the last time, lies in the dead letters, and is replayed with the operator's own tool."""
    body = envelope("mended", "fail:1").encode()  # the next try finds the cause mended
    last = Letter("street.events", "Poked", body, CONTENT_TYPE, {"x-attempts": len(RETRY_DELAYS)})
    post.deliver([last])
    until(lambda: counts(parts, ["probe.dead"])["probe.dead"] == 1, what="it is set aside")
    monkeypatch.setattr(desk, "SERVICES", (*SERVICES, "probe"))
    monkeypatch.setattr(desk, "needed", lambda name: parts[name])
    with desk._channel() as channel:
        assert [desk._send_back(channel, found) for found in desk._look(channel, "probe")] == [True]
    until(lambda: effects("mended") == 1, what="the replayed one has its effect")
    post.deliver([last])  # as a replay would that died before it took the letter away
    until(lambda: probe.metric("yikou_duplicate_events_total") == 1, 20, "the second is known already")
    assert effects("mended") == 1 and counts(parts, ["probe.dead"])["probe.dead"] == 0
