"""Calls to stock nameko services over a real broker: the protocol, the limits, and what happens when things go away."""

import asyncio
import uuid

import aio_pika
import pytest

from gateway.line import Line
from gateway.offices import Asking, BrokerAway, OfficeClosed, Offices, OfficeTimeout
from gateway.problems import Relayed, ServerError
from services.chassis.identifiers import new_traceparent

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("stock_offices")]


@pytest.fixture
async def line(wire):
    line = Line(wire.uri)
    yield line
    await line.stop()


@pytest.fixture
async def offices(line):
    offices = Offices()
    line.let(offices)
    line.start()
    await asyncio.wait_for(line.is_open.wait(), 10)
    return offices


async def test_an_answer_comes_back(offices):
    said = {"text": "一口受理", "number": 3, "list": [1, {"a": None}]}
    assert await offices.ask("echo", "say", said) == said


async def test_a_service_that_calls_on_with_namekos_own_client_answers_too(offices):
    assert await offices.ask("relay", "say", {"text": "x"}) == {"text": "x"}


async def test_a_hundred_calls_at_once_each_get_their_own_answer(offices):
    answers = await asyncio.gather(*(offices.ask("echo", "say", {"n": n}) for n in range(100)))
    assert answers == [{"n": n} for n in range(100)]


async def test_caller_language_key_and_trace_travel_as_namekos_context(offices):
    caller = {
        "account": "a",
        "kind": "staff",
        "department": None,
        "roles": [{"role": "clerk", "scope": "110105"}],
    }
    asking = Asking(caller, "en", new_traceparent(), "key-12345678")
    context = await offices.ask("echo", "tell_context", {}, asking)
    assert context["caller"] == caller
    assert context["language"] == "en"
    assert context["idempotency_key"] == "key-12345678"
    assert context["call_id_stack"][0].startswith("gateway.echo.tell_context.")


async def test_a_problem_keeps_its_slug_status_and_both_sentences(offices):
    with pytest.raises(Relayed) as refusal:
        await offices.call("echo", "refuse", {"slug": "case-closed", "status": 409})
    problem = refusal.value
    assert (problem.slug, problem.status, problem.chinese, problem.en) == (
        "case-closed",
        409,
        "不行。",
        "No.",
    )


@pytest.mark.parametrize(
    ("method", "fields"), [("break_down", {}), ("no_such_method", {}), ("refuse", {"wrong": 1})]
)
async def test_what_breaks_inside_tells_nothing_of_the_inside(offices, method, fields):
    with pytest.raises(ServerError) as refusal:
        await offices.call("echo", method, fields)
    assert "hunter2" not in str(refusal.value.as_dict())


async def test_an_office_that_is_not_open_is_said_so_at_once(offices):
    with pytest.raises(OfficeClosed) as refusal:
        await offices.call("nobody", "say", {}, timeout=30)
    assert refusal.value.status == 503
    assert refusal.value.facts["retry_after"]


async def test_a_late_answer_is_a_timeout_and_the_line_stays_usable(offices):
    with pytest.raises(OfficeTimeout) as refusal:
        await offices.call("echo", "be_slow", {}, timeout=0.2)
    assert refusal.value.status == 504
    await offices.call("echo", "hurry", {})
    assert await offices.ask("echo", "say", {"still": "here"}) == {"still": "here"}
    assert not offices._waiting


async def test_when_the_line_is_cut_every_waiting_call_fails_at_once_and_later_ones_work_again(
    offices, wire, line
):
    waiting = [asyncio.ensure_future(offices.call("echo", "be_slow", {}, timeout=60)) for _ in range(5)]
    while await offices.ask("echo", "hurry", {}) == 0:  # they have arrived: one was answered
        waiting.append(asyncio.ensure_future(offices.call("echo", "be_slow", {}, timeout=60)))
    hanging = asyncio.ensure_future(offices.call("echo", "be_slow", {}, timeout=60))
    await offices.ask("echo", "say", {})  # after it in the same queue, so it has been sent
    await wire.cut()
    async with asyncio.timeout(10):
        with pytest.raises(BrokerAway):
            await hanging
    with pytest.raises(BrokerAway):
        await offices.call("echo", "say", {})
    await wire.join()
    await asyncio.wait_for(line.is_open.wait(), 20)
    assert await offices.ask("echo", "say", {"a": 1}) == {"a": 1}
    await asyncio.gather(*waiting, return_exceptions=True)
    await offices.call("echo", "hurry", {})


async def test_a_request_nobody_waits_for_any_more_expires_in_the_queue(offices, broker):
    """No service reads this queue; what the broker throws out of it comes to us with its reason."""
    name = f"asleep-{uuid.uuid4().hex[:8]}"
    async with await aio_pika.connect(broker) as connection:
        channel = await connection.channel()
        thrown_out = await channel.declare_queue(exclusive=True)
        to_us = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": thrown_out.name}
        queue = await channel.declare_queue(f"rpc-{name}", exclusive=True, arguments=to_us)
        await queue.bind("nameko-rpc", f"{name}.*")
        with pytest.raises(OfficeTimeout):
            await offices.call(name, "say", {}, timeout=0.1)
        async with thrown_out.iterator(timeout=10, no_ack=True) as messages:
            message = await anext(messages)
        assert message.headers["x-death"][0]["reason"] == "expired"


async def test_a_reply_queue_taken_away_is_noticed_and_replaced(offices, line, broker, monkeypatch):
    monkeypatch.setattr("gateway.line.INSPECTION", 0.05)
    before = offices._address
    channel = offices._channel
    await channel.queue_delete(f"rpc.reply-gateway-{before}")
    async with asyncio.timeout(20):
        while not (line.is_open.is_set() and offices.alive() and offices._address != before):
            await asyncio.sleep(0.01)  # polled: the line's own inspection is what is under test
    assert await offices.ask("echo", "say", {"a": 1}) == {"a": 1}
