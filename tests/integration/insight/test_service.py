"""Insight as a running service, asked and told over the broker."""

import contextlib
import threading
import time
from datetime import UTC, datetime

import msgspec
import pytest
from kombu import Connection, Exchange, Queue

from deploy.local.stack import restart_broker
from services.chassis.calls import (
    BrokerAway,
    Calls,
    ConnectionDropped,
    NoAnswerInTime,
    NobodyThere,
    RemoteProblem,
)
from services.chassis.identifiers import Caller, new_id
from services.chassis.post import Letter, Post
from services.contracts import frontdesk, insight
from services.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope
from tests.integration.insight.conftest import STACK
from tests.integration.insight.told import PLACE, face, lane

NOW = datetime.now(UTC)


@pytest.fixture
def calls(stack, service, ledger):
    with Calls(stack["AMQP_URI"], "test") as calls:
        yield calls


def noted(case_no, seq, face):
    data = {
        "case_no": case_no,
        "lines": [{"seq": seq, "at": NOW, "kind": "noted", "detail": {}}],
        "case": face,
    }
    envelope = Envelope(
        id=new_id(),
        source="/yikou/frontdesk",
        type=f"{TYPE_PREFIX}CaseNoted",
        subject=case_no,
        time=NOW,
        traceparent="",
        data=frontdesk.CaseNoted.write(data),
    )
    return Letter("frontdesk.events", "CaseNoted", envelope.encode(), CONTENT_TYPE)


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def rebuilt(calls):
    number = calls.call(insight.RebuildReadModels)["id"]

    def done():
        newest = calls.call(insight.GetRebuild)
        return (
            (newest["cases"], newest["lanes"]) if newest["id"] == number and newest["finished_at"] else None
        )

    return until(done)


def test_what_the_desk_says_is_counted_and_screens_are_told(stack, calls):
    screens = Queue("", Exchange("insight.events", "topic"), routing_key="OverviewChanged", exclusive=True)
    told = []
    with (
        Connection(stack["AMQP_URI"]) as connection,
        connection.Consumer(screens, on_message=lambda m: told.append(m.body)),
    ):
        no = "20260302-0000017"
        letters = [noted(no, seq, face(NOW, [lane(no, "party", NOW)])) for seq in (2, 1, 3)]
        letters.append(letters[0])  # a relay may deliver twice
        assert set(Post(stack["AMQP_URI"], "test").deliver(letters)) == {"confirmed"}
        overview = until(lambda: (o := calls.call(insight.GetOverview))["numbers"]["in_hand"] and o)
        assert overview["urgent"][0]["case_no"] == no
        behind = calls.call(insight.ListBehind, number="in_hand", place=PLACE)
        assert (behind["count"], len(behind["items"])) == (1, 1)

        def everywhere():
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=0.1)
            heard = [msgspec.json.decode(body)["data"] for body in told]
            return [one for one in heard if one["place"] == "" and one["numbers"]["in_hand"] == 1]

        assert until(everywhere)[0]["n"] == 1
    assert rebuilt(calls) == (1, 1)
    assert calls.call(insight.GetOverview)["numbers"] == overview["numbers"]


def test_a_refusal_comes_back_in_both_languages_with_its_fields(calls):
    with pytest.raises(RemoteProblem) as refusal:
        calls.call(insight.ListBehind, number="no-such-number")
    problem = refusal.value.as_dict()
    assert (problem["slug"], problem["status"], problem["fields"][0]["path"]) == ("invalid", 422, "number")
    assert problem["zh"].startswith("有些内容")
    with pytest.raises(RemoteProblem) as refusal:
        calls.call(insight.GetOverview, place=PLACE, caller=Caller("li", "staff"))
    assert refusal.value.slug == "outside-your-area"
    clerk = Caller("li", "staff", None, ({"role": "clerk", "scope": ""},))
    with pytest.raises(RemoteProblem) as refusal:
        calls.call(insight.RebuildReadModels, caller=clerk)
    assert refusal.value.slug == "forbidden"


def test_a_call_to_nobody_fails_at_once(stack, service):
    with Calls(stack["AMQP_URI"], "test") as calls:
        begun = time.monotonic()
        with pytest.raises(NobodyThere):
            calls.call(insight.GetOverview, office="nowhere")
        assert time.monotonic() - begun < 5


def test_a_call_nobody_answers_in_time_ends_in_time(stack, service):
    with Connection(stack["AMQP_URI"]) as connection:
        deaf = Queue(
            "rpc-deaf", Exchange("nameko-rpc", "topic", durable=True), routing_key="deaf.*", exclusive=True
        )
        deaf(connection.default_channel).declare()
        with Calls(stack["AMQP_URI"], "test") as calls, pytest.raises(NoAnswerInTime):
            calls.call(insight.GetOverview, office="deaf", timeout=0.3)


def test_without_a_broker_nothing_was_asked():
    with Calls("amqp://nobody:nothing@127.0.0.1:1/", "test") as calls, pytest.raises(BrokerAway):
        calls.call(insight.GetOverview, timeout=2)


def test_a_waiting_call_learns_at_once_that_the_connection_dropped(stack, service):
    with Connection(stack["AMQP_URI"]) as connection:
        deaf = Queue(
            "rpc-deaf", Exchange("nameko-rpc", "topic", durable=True), routing_key="deaf.*", exclusive=True
        )
        deaf(connection.default_channel).declare()
        with Calls(stack["AMQP_URI"], "test") as calls:
            raised = []

            def wait():
                try:
                    calls.call(insight.GetOverview, office="deaf", timeout=60)
                except ConnectionDropped as error:
                    raised.append(error)

            waiting = threading.Thread(target=wait)
            waiting.start()
            until(lambda: deaf(connection.default_channel).queue_declare(passive=True).message_count == 1)
            restart_broker(STACK)
            waiting.join(30)
            assert len(raised) == 1


def test_after_a_broken_connection_the_next_call_opens_another(calls):
    # Follows the restart above in the same session: insight, too, has come back by itself.
    def answer():
        try:
            return calls.call(insight.GetDepartments, timeout=3)
        except (BrokerAway, NobodyThere, NoAnswerInTime, ConnectionDropped):
            return None

    assert until(answer, 30)["items"] == []


def test_a_key_makes_a_command_run_once(stack, calls):
    key, no = new_id(), "20260302-0000017"
    first = calls.call(insight.RebuildReadModels, key=key)
    until(lambda: calls.call(insight.GetRebuild)["finished_at"])
    Post(stack["AMQP_URI"], "test").deliver([noted(no, 1, face(NOW))])
    until(lambda: calls.call(insight.GetOverview)["numbers"]["in_hand"])
    assert calls.call(insight.RebuildReadModels, key=key) == first
    assert calls.call(insight.RebuildReadModels, key=new_id()) != first
