"""Row by row what stock nameko does not promise (docs/decisions/0002), and that we do. One test a row, the row's number in its name."""

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from amqp.basic_message import Message
from kombu import Connection, Queue
from nameko.standalone.rpc import ClusterRpcProxy
from sqlalchemy import text

from deploy.local import stack
from services.chassis import topology
from services.chassis.calls import Calls, RemoteProblem
from services.chassis.post import Post
from services.chassis.topology import RETRY_DELAYS
from services.contracts.envelope import CONTENT_TYPE
from tests.integration.chassis.conftest import ROOT, purge
from tests.waiting import until

EVENT = {"content_type": CONTENT_TYPE}


def test_row_01_a_failing_event_is_tried_again_later_and_its_effect_happens_once(probe, poke, effects):
    poke("shaky", "fail:1")
    until(lambda: effects("shaky") == 1, what="the second try succeeds")
    assert probe.metric("yikou_event_retries_total") == 1


def test_row_01_a_hopeless_event_is_set_aside_with_reason_time_and_attempts(probe, poke, effects, dead):
    poke("hopeless", "permanent")
    poke("good")
    (letter,) = until(dead, what="the dead letter")
    assert letter.headers["x-dead-reason"] == "Permanent: it can never work"
    assert letter.headers["x-attempts"] == 1
    assert letter.headers["x-origin"] == "probe.events"
    assert letter.headers["x-dead-at"].endswith("Z")
    until(lambda: effects("good") == 1, what="the good one is done")
    assert effects("hopeless") == 0


def test_row_01_the_service_is_told_of_what_was_set_aside_and_if_it_fails_then_the_letter_is_kept(
    probe, poke, effects, dead, mishaps
):
    poke("hopeless", "permanent")
    poke("unlucky", "permanent")
    poke("good")
    until(lambda: effects("good") == 1, what="the good one is done")
    found = []
    until(lambda: len(found.extend(dead()) or found) == 2, what="both are set aside")
    assert mishaps() == ["mishap-hopeless-Permanent: it can never work"]


def test_row_01_a_bad_event_does_not_take_its_batch_with_it(probe, post, poke, effects, dead):
    for n in range(40):
        poke(f"k{n}", "permanent" if n % 10 == 0 else "calm")
    until(lambda: len(effects()) == 36, what="all good ones are done")
    assert set(effects().values()) == {1}
    found = []
    until(lambda: len(found.extend(dead()) or found) == 4, what="all bad ones are set aside")


@pytest.mark.parametrize("mood", ["nul", "programming", "cuts"])
def test_row_01_a_value_the_database_cannot_take_is_an_attempt_and_holds_nobody(probe, poke, effects, mood):
    poke("bad", mood)
    poke("good")
    until(lambda: effects("good") == 1, 30, what="the good one is done")
    until(lambda: probe.metric("yikou_event_retries_total") >= 1, what="the bad one waits for its next try")
    assert effects("bad") == 0


def test_row_01_after_the_last_try_it_is_set_aside_with_the_count(probe, post, poke, dead):
    letter = poke("never", "fail:99")
    post.deliver([replace(letter, headers={"x-attempts": len(RETRY_DELAYS)})])
    (found,) = until(dead, what="the dead letter")
    assert found.headers["x-attempts"] == len(RETRY_DELAYS) + 1
    assert found.headers["x-dead-reason"].startswith("RuntimeError: try")
    assert found.headers["x-routing-key"] == "Poked"


def test_row_01_each_try_waits_longer_than_the_one_before(probe, parts, poke):
    letter = poke("slower", "fail:99")
    waits = Post(parts["AMQP_URI"], "test")
    for attempts in range(1, 3):
        waits.deliver([replace(letter, headers={"x-attempts": attempts})])

    def waiting():
        with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
            return [
                channel.queue_declare(f"retry.{delay}s", passive=True).message_count
                for delay in RETRY_DELAYS[1:3]
            ]

    until(lambda: all(count >= 1 for count in waiting()), what="each waits in the queue of its attempt")
    assert list(RETRY_DELAYS) == sorted(set(RETRY_DELAYS))


def test_row_01_what_ends_every_process_that_takes_it_is_set_aside_by_the_broker(
    parts, engine, post, poke, dead
):
    """Neither lost, as RabbitMQ 4 would after twenty deliveries, nor delivered for ever."""
    with Connection(parts["AMQP_URI"]) as connection:
        topology.declare(connection, ["probe"])
        connection.channel().queue_bind("probe.events", "street.events", "Poked")
    purge(parts)
    poke("deadly")
    with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
        deliveries = 0
        while (message := channel.basic_get("probe.events")) is not None:
            deliveries += 1
            channel.basic_reject(message.delivery_tag, requeue=True)
    (letter,) = until(dead, what="the dead letter")
    assert deliveries == topology.DELIVERIES + 1
    (death,) = letter.headers["x-death"]
    assert (death["reason"], death["queue"]) == ("delivery_limit", "probe.events")
    assert json.loads(letter.body)["data"]["key"] == "deadly"


@pytest.mark.parametrize(
    ("body", "properties"),
    [
        (b"not json", EVENT),
        (b"", EVENT),
        (b'{"specversion":"1.0"}', EVENT),
        (b"{}", {"content_type": "application/x-unheard-of"}),
        (b'{"a":' * 5000, EVENT),
        (b"{}", {**EVENT, "application_headers": {"compression": "x"}}),
        (rb"\ud800", {**EVENT, "content_encoding": "unicode_escape"}),
        (b"{}", {**EVENT, "content_encoding": "zlib"}),
        (b"{}", {**EVENT, "application_headers": {"much": "x" * 120_000}}),
        (b"{}", {**EVENT, "application_headers": {"x-attempts": "many"}}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_row_02_an_undecodable_body_is_kept_in_the_dead_letters(
    probe, parts, poke, effects, dead, body, properties
):
    publish(parts, "street.events", "Poked", Message(body, **properties))
    (letter,) = until(dead, what="the dead letter")
    assert (letter.body or b"") == body
    assert letter.headers["x-dead-reason"].startswith("undecodable")
    poke("alive")
    until(lambda: effects("alive") == 1, what="the door is open")


UNREADABLE_PROPERTIES = {
    "a time beyond the calendar": b"\x20\x00\x00\x00\x00\x0b\x01kT" + (2**60).to_bytes(8, "big"),
    "a content type that is not UTF-8": b"\x80\x00\x02\xff\xfe",
}
"""As bytes on the wire: RabbitMQ takes them, py-amqp can neither write nor read them."""


@pytest.mark.parametrize("properties", UNREADABLE_PROPERTIES.values(), ids=UNREADABLE_PROPERTIES.keys())
def test_row_03_properties_that_cannot_be_read_are_kept_too(probe, parts, poke, effects, dead, properties):
    found = []
    publish(parts, "street.events", "Poked", Raw(b"{}", properties))
    publish(parts, "nameko-rpc", "probe.note", Raw(b"{}", properties))
    until(lambda: len(found.extend(dead()) or found) == 2, what="both are set aside")
    assert {bytes.fromhex(letter.headers["x-raw-properties"]) for letter in found} == {properties}
    assert {letter.headers["x-dead-reason"].split(":")[0] for letter in found} == {
        "undecodable",
        "malformed-call",
    }
    poke("alive")
    until(lambda: effects("alive") == 1, what="the door is open")


def test_row_03_no_poisonous_message_kills_the_container(probe, parts, poke, effects, dead):
    good = json.dumps({"args": [], "kwargs": {"key": "x"}})
    asked = {"reply_to": "a", "correlation_id": "1", "content_type": "application/json"}
    poisons = [
        (good, {"content_type": "application/json", "application_headers": {"nameko.call_id_stack": [1, 2]}}),
        (good, {"content_type": "application/json", "correlation_id": "1"}),
        (good, {"reply_to": "a", "correlation_id": "1"}),
        (good, {**asked, "content_type": "application/unregistered"}),
        ("[]", asked),
        ("", asked),
        (good, {**asked, "application_headers": {"nameko.caller": {"roles": 7}}}),
    ]
    for body, properties in poisons:
        publish(parts, "nameko-rpc", "probe.note", Message(body, **properties))
    publish(parts, "nameko-rpc", b"probe.\xff", Message("[]", **asked))
    found = []
    until(lambda: len(found.extend(dead()) or found) == len(poisons) + 1, what="all are set aside")
    assert {letter.headers["x-dead-reason"].split(":")[0] for letter in found} == {"malformed-call"}
    poke("alive")
    until(lambda: effects("alive") == 1, what="the container lives")


def test_row_04_an_event_committed_but_not_sent_is_sent_by_the_next_process(replicas, poke, effects, engine):
    first = replicas().ready()
    poke("heard", "echo")
    until(lambda: effects("echo-heard") == 1, what="the echo")
    first.stop(signal.SIGKILL)
    with engine.begin() as connection:  # a crash between commit and publish leaves exactly this
        connection.execute(text("DELETE FROM inbox"))
        connection.execute(
            text("INSERT INTO outbox (exchange, routing_key, body) VALUES ('probe.events', 'Echoed', :body)"),
            {"body": _echo("left-behind")},
        )
    replicas().ready()
    until(lambda: effects("left-behind") == 1, what="the row left behind is delivered")


def test_row_04_two_relays_deliver_every_row(replicas, effects, engine):
    two = [replicas().ready(), replicas().ready()]
    with engine.begin() as connection:
        for n in range(600):
            connection.execute(
                text(
                    "INSERT INTO outbox (exchange, routing_key, body) VALUES ('probe.events', 'Echoed', :body)"
                ),
                {"body": _echo(f"e{n}")},
            )
    until(lambda: len(effects()) == 600, what="all 600 are delivered")
    assert set(effects().values()) == {1}
    assert sum(replica.metric("yikou_events_delivered_total") for replica in two) >= 600


def test_row_04_a_row_that_commits_late_is_delivered_though_higher_ones_are_gone(replicas, effects, engine):
    """Positions are handed out at the INSERT and not at the commit: "greater than the last" would pass it over."""
    replicas().ready()
    say = text(
        "INSERT INTO outbox (exchange, routing_key, body) VALUES ('probe.events', 'Echoed', :body) RETURNING position"
    )
    with engine.connect() as slow, slow.begin():
        lower = slow.execute(say, {"body": _echo("slow")}).scalar_one()
        with engine.begin() as quick:
            higher = quick.execute(say, {"body": _echo("quick")}).scalar_one()
        until(lambda: effects("quick") == 1, what="the higher one is delivered")
        assert lower < higher and effects("slow") == 0
    until(lambda: effects("slow") == 1, what="the lower one is delivered too")


def test_row_05_an_unroutable_event_is_noticed_and_stays_in_its_row(probe, call, engine):
    call.shout(key="into the void")
    until(lambda: probe.metric("yikou_events_unroutable_total") >= 1, what="the return is noticed")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM outbox")).scalar_one() == 1


def test_row_06_stopping_finishes_what_is_in_hand_and_repeats_nothing(replicas, poke, effects):
    first = replicas(YIKOU_BATCH="4").ready()
    for n in range(40):
        poke(f"s{n}", "slow:0.05")
    until(lambda: len(effects()) >= 4, what="some are done")
    assert first.stop() == 0
    done_by_first = effects()
    assert 4 <= len(done_by_first) < 40
    second = replicas().ready()
    until(lambda: len(effects()) == 40, what="the rest is done by the next")
    assert set(effects().values()) == {1}
    assert second.metric("yikou_duplicate_events_total") == 0, "every ack of the first one arrived"


def test_row_07_a_missing_database_leaves_the_container_alive_and_not_ready(replicas, parts):
    broken = parts["DATABASE_URL_PROBE"].replace("127.0.0.1:", "127.0.0.1:1")
    replica = replicas(DATABASE_URL_PROBE=broken)
    until(lambda: replica.page("/healthz"), 30, "it is alive")
    page = until(lambda: replica.page("/readyz"), 10, "it answers")
    assert page.status_code == 503
    assert page.json()["database"] is False
    assert replica.process.poll() is None


def test_row_08_a_base_exception_becomes_a_retry_and_not_a_lost_worker(probe, poke, effects):
    poke("late", "timeout")
    until(lambda: effects("late") == 1, what="the second try")
    poke("after")
    until(lambda: effects("after") == 1, what="the door still opens")


def test_row_08_a_time_limit_that_fires_in_a_query_is_an_attempt_and_holds_nobody(
    replicas, parts, poke, effects
):
    replica = replicas(YIKOU_WORK_DEADLINE="1").ready()
    purge(parts)
    poke("endless", "sleepy:14")
    poke("quick")
    until(lambda: effects("quick") == 1, what="the others are done")
    until(
        lambda: replica.metric("yikou_event_retries_total") >= 1,
        what="the endless one waits for its next try",
    )
    assert effects("endless") == 0


def test_row_08_a_timer_goes_on_after_a_base_exception_and_after_its_time_limit(replicas, engine):
    replica = replicas(YIKOU_WORK_DEADLINE="0.5", PROBE_TICKS="timeout sleepy").ready()
    until(
        lambda: replica.metric('yikou_timer_ticks_total{outcome="ran",timer="count_ticks"}') >= 2,
        30,
        "it ticks on",
    )
    assert replica.metric('yikou_timer_ticks_total{outcome="failed",timer="count_ticks"}') == 2


def test_row_09_a_timer_runs_once_for_all_replicas_and_missed_ticks_are_skipped(replicas, engine):
    two = [replicas().ready(), replicas().ready()]

    def ticks():
        with engine.connect() as connection:
            return (
                connection.execute(text("SELECT at FROM effects WHERE key LIKE 'tick-%' ORDER BY at"))
                .scalars()
                .all()
            )

    until(lambda: len(ticks()) >= 6, 20, "six ticks")
    for replica in two:
        replica.process.send_signal(signal.SIGSTOP)
    frozen = len(ticks())
    time.sleep(2.5)  # the span under test itself: five ticks are missed
    for replica in two:
        replica.process.send_signal(signal.SIGCONT)
    until(lambda: len(ticks()) >= frozen + 3, 20, "it ticks on")
    gaps = [(b - a).total_seconds() for a, b in zip(ticks(), ticks()[1:], strict=False)]
    assert min(gaps) > 0.3, "never two ticks at once, neither of two replicas nor in a burst"


def test_row_10_a_call_nobody_waits_for_any_longer_is_not_done(probe, parts, effects):
    with Calls(parts["AMQP_URI"], "test") as calls:
        late = {"x-deadline": int(time.time() * 1000) - 1}
        with pytest.raises(RemoteProblem) as told:
            calls.ask("probe", "note", {"key": "too late"}, late, timeout=10)
        assert told.value.slug == "unavailable"
        soon = {"x-deadline": int(time.time() * 1000) + 1500}
        with pytest.raises(RemoteProblem) as told:
            calls.ask("probe", "note", {"key": "in the middle", "seconds": 12}, soon, timeout=10)
        assert told.value.slug == "unavailable"
        calls.ask("probe", "note", {"key": "in time"}, {}, timeout=10)
    assert effects() == {"in time": 1}


def test_row_11_a_paused_broker_delays_and_loses_nothing(replicas, parts, effects, engine):
    """Without a time limit on confirms the relay would hang in its first round for ever: here it gives up and says so."""
    probe = replicas(YIKOU_CONFIRM_DEADLINE="1").ready()
    say = text("INSERT INTO outbox (exchange, routing_key, body) VALUES ('probe.events', 'Echoed', :body)")
    with engine.begin() as connection:
        connection.execute(say, {"body": _echo("before")})
    until(lambda: effects("before") == 1, what="the relay works")
    directory = ROOT / ".run" / "test"
    stack.pause_broker(directory)
    try:
        with engine.begin() as connection:
            connection.execute(say, {"body": _echo("during")})
        until(lambda: probe.metric("yikou_relay_failures_total") >= 1, 30, "the relay gave up a round")
        assert probe.page("/healthz").status_code == 200, "the loop lives"
    finally:
        stack.resume_broker(directory)
    until(lambda: effects("during") == 1, 40, "it is delivered after all")


def test_row_12_a_message_delivered_five_times_by_two_replicas_has_one_effect(replicas, poke, effects):
    replicas().ready()
    replicas().ready()
    for n in range(60):
        poke(f"d{n}", times=5)
    until(lambda: len(effects()) == 60, what="all are done")
    poke("last")
    until(lambda: effects("last") == 1, what="everything before is settled")
    assert set(effects().values()) == {1}


def test_row_13_a_queue_with_other_arguments_ends_the_start_with_an_error(replicas, parts):
    with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
        channel.queue_delete("probe.dead")
        Queue("probe.dead", durable=True, queue_arguments={"x-queue-type": "classic", "x-max-length": 1})(
            channel
        ).declare()
        try:
            assert replicas(YIKOU_START_DEADLINE="15").process.wait(40) == 1
        finally:
            channel.connection.collect()
            with Connection(parts["AMQP_URI"]) as other, other.channel() as fresh:
                fresh.queue_delete("probe.dead")


def test_row_13_a_broker_that_nobody_reaches_ends_the_start_with_an_error(replicas):
    nowhere = "amqp://yikou:x@127.0.0.1:1/%2F"
    assert replicas(AMQP_URI=nowhere, YIKOU_START_DEADLINE="3").process.wait(30) == 1


def test_row_14_ten_sleeping_queries_take_hardly_longer_than_one(probe, parts):
    def nap(_):
        with ClusterRpcProxy({"AMQP_URI": parts["AMQP_URI"]}, timeout=20) as cluster:
            return cluster.probe.nap(seconds=1.0)

    with ThreadPoolExecutor(10) as pool:
        begun = time.monotonic()
        assert len(list(pool.map(nap, range(10)))) == 10
        took = time.monotonic() - begun
    assert took < 5, f"{took:.1f} s: they waited for each other"


def test_row_14_a_start_without_cooperative_waits_is_refused(parts):
    code = "from services.chassis import launch\nlaunch.assert_sane(launch.find('street'))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env={**parts, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "CannotStart" in done.stderr


def test_row_14_a_start_with_fewer_connections_than_workers_is_refused(parts):
    code = (
        "from services.chassis import greenwait, launch\n"
        "greenwait.install(); service = launch.find('street'); service.ledger.pool = service.hands()\n"
        "launch.assert_sane(service)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env={**parts, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "CannotStart" in done.stderr and "database connections" in done.stderr


def test_row_14_workers_timers_relay_and_health_never_wait_for_each_others_connections(
    replicas, parts, poke, effects
):
    """More calls than workers sleep in the database, and everything else goes on beside them."""
    replica = replicas(YIKOU_WORKERS="2").ready()
    purge(parts)

    def nap(_):
        with ClusterRpcProxy({"AMQP_URI": parts["AMQP_URI"]}, timeout=30) as cluster:
            return cluster.probe.nap(seconds=2.0)

    with ThreadPoolExecutor(6) as pool:
        naps = [pool.submit(nap, n) for n in range(6)]
        poke("meanwhile", "echo")
        until(lambda: effects("echo-meanwhile") == 1, what="events and relay go on")
        assert not all(one.done() for one in naps)
        assert replica.page("/readyz").status_code == 200
        assert [one.result()["slept"] for one in naps] == [2.0] * 6


def test_row_15_a_blocked_loop_is_seen_from_outside(probe, call):
    assert probe.page("/healthz").status_code == 200
    call.block(seconds=6)
    page = until(lambda: probe.page("/healthz"), what="it answers again")
    assert page.status_code == 503
    assert page.json()["hub_lag_seconds"] > 4
    until(lambda: probe.page("/healthz").status_code == 200, 30, "it recovers")


class Raw(Message):
    """A message with properties no library would write."""

    def __init__(self, body, properties):
        super().__init__(body)
        self._raw = properties

    def _serialize_properties(self):
        return self._raw


def test_row_15_a_loop_blocked_for_more_than_two_heartbeats_repeats_the_message_and_not_its_effect(
    replicas, parts, poke, effects
):
    replica = replicas(YIKOU_HEARTBEAT="2").ready()
    purge(parts)
    poke("blocked", "block:9")
    until(lambda: effects("blocked") == 1, 40, "it is done")
    until(
        lambda: replica.metric("yikou_duplicate_events_total") == 1,
        40,
        "the broker had given up and sends it again",
    )
    assert effects("blocked") == 1
    assert replica.page("/healthz").status_code == 503


def test_row_15_a_loop_blocked_for_good_is_ended_from_outside(replicas, parts, poke):
    replica = replicas(YIKOU_BLOCKED_DEADLINE="2").ready()
    purge(parts)
    poke("hangs", "block:60")
    try:
        assert replica.process.wait(30) == 1
    finally:
        purge(parts)  # whoever took it next would hang as well


def publish(parts, exchange, key, message):
    with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
        channel.confirm_select()
        channel.basic_publish_confirm(message, exchange, key)


def _echo(key):
    from services.chassis import clock, identifiers
    from services.contracts.envelope import Envelope

    trace = identifiers.new_traceparent()
    return Envelope(
        identifiers.new_id(), "/yikou/probe", "yikou.Echoed", key, clock.now(), trace, {"key": key}
    ).encode()
