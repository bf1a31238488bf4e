"""Event streams: what was missed, then live, without a gap and without a duplicate."""

import asyncio
import contextlib
import json
import time
import uuid
from datetime import UTC, datetime

import aio_pika
import pytest

from gateway import live
from services.chassis.identifiers import new_id
from services.contracts.envelope import CONTENT_TYPE, Envelope
from tests.integration.gateway.stand_in import CASE, TOKEN

pytestmark = pytest.mark.anyio
PLACE = "110105001001001"


def line(seq, case_no=CASE):
    """A line as the history keeps it."""
    return {
        "case_no": case_no,
        "seq": seq,
        "at": "2026-11-23T01:00:00Z",
        "kind": "signed",
        "unit": "property",
    }


class Desk:
    """Says events as the front desk and insight do, and keeps the history."""

    def __init__(self, channel, offices):
        self._channel = channel
        self._offices = offices

    async def say(self, speaker, event, data):
        envelope = Envelope(new_id(), f"/yikou/{speaker}", f"yikou.{event}", "", datetime.now(UTC), "", data)
        exchange = await self._channel.get_exchange(f"{speaker}.events")
        await exchange.publish(aio_pika.Message(envelope.encode(), content_type=CONTENT_TYPE), event)

    async def note(self, seq, place=PLACE, case_no=CASE, units=(), **more):
        lanes = [{"unit": unit, "status": "handling", "missing": ["身份证复印件"]} for unit in units]
        case = {"case_no": case_no, "place": place, "status": "handling", "lanes": lanes}
        lines = [line(seq, case_no) | more]
        await self.say("frontdesk", "CaseNoted", {"case_no": case_no, "lines": lines, "case": case})

    async def count(self, place, overdue=1):
        await self.say(
            "insight", "OverviewChanged", {"place": place, "numbers": {"overdue": overdue}, "n": 1}
        )

    async def revoke(self, name, kind="session"):
        data = {"name": name, "kind": kind, "until": int(time.time()) + 900}
        await self.say("identity", "CredentialRevoked", data)

    async def keep(self, *seqs):
        await self._offices.ask("frontdesk", "set_history", {"lines": [line(seq) for seq in seqs]})


@pytest.fixture
async def desk(client, app, broker):
    async with await aio_pika.connect(broker) as connection:
        desk = Desk(await connection.channel(), app.state.gate.offices)
        await desk.keep()
        yield desk


class Frames:
    """The frames of a stream, one by one."""

    def __init__(self, answer):
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self):
        async with asyncio.timeout(10):
            frame = {}
            async for text in self._lines:
                if text.startswith(":"):
                    return {"comment": text}
                name, _, value = text.partition(": ")
                if text:
                    frame[name] = value
                elif "data" in frame:
                    frame["data"] = json.loads(frame["data"])
                    return frame
                else:
                    frame = {}
            return None

    async def ids(self, count):
        return [int((await self.next())["id"]) for _ in range(count)]


@contextlib.asynccontextmanager
async def listening(client, path, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Frames(answer)


def as_clerk(sign, **claims):
    return {"Authorization": f"Bearer {sign(**claims)}"}


def as_officer(sign, department, scope="110105001001", role="officer"):
    return as_clerk(sign, department=department, roles=[{"role": role, "scope": scope}])


EVENTS = f"/v1/cases/{CASE}/events"


async def test_the_history_then_what_happens(client, desk, sign):
    await desk.keep(1, 2, 3)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert await frames.ids(3) == [1, 2, 3]
        await desk.note(4)
        frame = await frames.next()
        assert (frame["id"], frame["event"], frame["data"]["case"]["status"]) == ("4", "noted", "handling")


async def test_after_last_event_id_only_what_was_missed(client, desk, sign):
    await desk.keep(1, 2, 3, 4)
    async with listening(client, EVENTS, Last_Event_ID="2", **as_clerk(sign)) as frames:
        assert await frames.ids(2) == [3, 4]


async def test_an_event_that_is_in_the_history_already_is_not_sent_twice(client, desk, sign):
    await desk.keep(1, 2, 3)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert await frames.ids(3) == [1, 2, 3]
        await desk.note(2)
        await desk.note(3)
        await desk.note(4)
        assert await frames.ids(1) == [4]


async def test_events_out_of_order_are_put_in_order_by_the_history(client, desk, sign):
    await desk.keep(1)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert await frames.ids(1) == [1]
        await desk.keep(1, 2, 3, 4)
        await desk.note(4)
        await desk.note(2)
        await desk.note(3)
        assert await frames.ids(3) == [2, 3, 4]
        await desk.note(5)
        assert await frames.ids(1) == [5]


async def test_reconnecting_again_and_again_while_events_pour_in_loses_and_doubles_nothing(
    client, desk, sign
):
    seen, last, total = [], 0, 60

    async def pour():
        for seq in range(1, total + 1):
            await desk.keep(*range(1, seq + 1))
            await desk.note(seq)

    pouring = asyncio.create_task(pour())
    while last < total:
        async with listening(client, EVENTS, Last_Event_ID=str(last), **as_clerk(sign)) as frames:
            for _ in range(min(7, total - last)):
                last = int((await frames.next())["id"])
                seen.append(last)
    await pouring
    assert seen == list(range(1, total + 1))


async def test_a_long_history_is_read_to_its_end(client, desk, sign, monkeypatch):
    monkeypatch.setattr("gateway.routes.live.A_PAGE", 2)
    await desk.keep(1, 2, 3, 4, 5)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert await frames.ids(5) == [1, 2, 3, 4, 5]


async def test_another_cases_events_do_not_come(client, desk, sign):
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        await desk.note(1, case_no="20261123-0000026")
        await desk.note(1)
        assert (await frames.next())["data"]["case_no"] == CASE


async def test_a_heartbeat_when_nothing_happens(client, desk, sign, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.05)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert (await frames.next())["comment"].startswith(":")
        await desk.note(1)
        while "comment" in (frame := await frames.next()):
            pass
        assert frame["id"] == "1"


async def test_the_holder_of_the_receipt_may_listen(client, desk):
    await desk.keep(1)
    async with listening(client, EVENTS, X_Tracking_Token=TOKEN) as frames:
        assert await frames.ids(1) == [1]


async def test_whoever_may_not_see_the_case_gets_a_problem_and_no_stream(client, sign):
    answer = await client.get("/v1/cases/20261123-0000026/events", headers=as_clerk(sign))
    assert (answer.status_code, answer.json()["slug"]) == (403, "case-not-yours")
    assert (await client.get(EVENTS)).status_code == 401


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 12])
async def test_a_malformed_last_event_id_is_a_400(client, sign, given):
    answer = await client.get(EVENTS, headers=as_clerk(sign) | {"Last-Event-ID": given})
    assert (answer.status_code, answer.json()["slug"]) == (400, "last-event-id-malformed")


async def test_the_stream_ends_when_the_token_does(client, desk, sign):
    async with listening(client, EVENTS, **as_clerk(sign, exp=time.time() - 3.5)) as frames:
        assert await frames.next() is None


@pytest.mark.parametrize("path", [EVENTS, "/v1/live"])
@pytest.mark.parametrize("named", ["sid", "jti", "sub"])
async def test_the_streams_of_a_revoked_credential_end_at_once_and_no_others(client, desk, sign, path, named):
    await desk.keep(1)
    name = uuid.uuid4().hex
    async with (
        listening(client, path, **as_clerk(sign, **{named: name})) as theirs,
        listening(client, path, **as_clerk(sign)) as ours,
    ):
        await theirs.next()
        await ours.next()
        await desk.revoke(name)
        assert await theirs.next() is None
        await desk.note(2)
        assert (await ours.next())["data"]["seq"] == 2


async def test_when_the_broker_is_lost_streams_end_and_resume_afterwards(client, app, desk, sign, wire):
    await desk.keep(1)
    async with listening(client, EVENTS, **as_clerk(sign)) as frames:
        assert await frames.ids(1) == [1]
        await wire.cut()
        assert await frames.next() is None
    await wire.join()
    await asyncio.wait_for(app.state.gate.line.is_open.wait(), 20)
    await desk.keep(1, 2)
    async with listening(client, EVENTS, Last_Event_ID="1", **as_clerk(sign)) as frames:
        assert await frames.ids(1) == [2]


async def test_a_listener_that_leaves_is_forgotten(client, app, desk, sign):
    async with listening(client, EVENTS, **as_clerk(sign)):
        assert CASE in app.state.gate.live._cases
    async with asyncio.timeout(10):
        while app.state.gate.live._cases:
            await asyncio.sleep(0.01)


async def test_a_client_that_does_not_read_is_hung_up_on(client, app, desk, sign):
    """A socket that asks and never reads: its queue is bounded, the others do not notice."""
    _reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port, limit=1)
    writer.write(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sign()}\r\n\r\n".encode())
    hub = app.state.gate.live
    async with asyncio.timeout(20):
        while not hub._cases.get(CASE):
            await asyncio.sleep(0.01)
        (listener,) = hub._cases[CASE]
        seq = 0
        while not listener.ended.is_set():
            seq += 1
            listener.put({**line(seq), "detail": {"text": "x" * 50_000}})
            await asyncio.sleep(0)
        while hub._cases:
            await asyncio.sleep(0.01)
    assert listener._held.qsize() <= 1
    writer.transport.abort()


class TestTheWall:
    async def test_a_snapshot_then_numbered_deltas(self, client, desk, sign):
        async with listening(client, "/v1/live?place=110105001001", **as_clerk(sign)) as frames:
            first = await frames.next()
            assert (first["event"], first["data"]["place"]) == ("snapshot", "110105001001")
            await desk.count("110105001001")
            await desk.note(1)
            boot, number = first["id"].split("-")
            second, third = await frames.next(), await frames.next()
            assert {second["event"], third["event"]} == {"overview", "case"}
            assert [second["id"], third["id"]] == [f"{boot}-{int(number) + 1}", f"{boot}-{int(number) + 2}"]

    async def test_after_a_short_break_only_what_was_missed(self, client, desk, sign):
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            await frames.next()
            await desk.note(1)
            last = (await frames.next())["id"]
            await desk.note(2)
            await frames.next()
        async with listening(client, "/v1/live", Last_Event_ID=last, **as_clerk(sign)) as frames:
            frame = await frames.next()
            assert (frame["event"], frame["data"]["seq"]) == ("case", 2)

    @pytest.mark.parametrize("last", ["old-5", "nonsense", "1", ""])
    async def test_after_a_long_break_a_new_snapshot(self, client, sign, last):
        async with listening(client, "/v1/live", Last_Event_ID=last, **as_clerk(sign)) as frames:
            assert (await frames.next())["event"] == "snapshot"

    async def test_only_what_happens_within_ones_areas(self, client, desk, sign):
        elsewhere = as_clerk(sign, roles=[{"role": "clerk", "scope": "310101"}])
        async with (
            listening(client, "/v1/live", **as_clerk(sign)) as here,
            listening(client, "/v1/live", **elsewhere) as there,
        ):
            await here.next()
            await there.next()
            await desk.note(1)
            await desk.note(1, place="310101001001001", case_no="20261123-0000026")
            assert (await here.next())["data"]["case_no"] == CASE
            assert (await there.next())["data"]["case_no"] == "20261123-0000026"

    async def test_an_officer_sees_the_cases_of_his_department_and_no_other(self, client, desk, sign):
        async with (
            listening(client, "/v1/live", **as_officer(sign, "property")) as property_,
            listening(client, "/v1/live", **as_officer(sign, "street")) as street,
            listening(client, "/v1/live", **as_officer(sign, None)) as nobodys,
            listening(client, "/v1/live", **as_clerk(sign)) as desks,
        ):
            for frames in (property_, street, nobodys, desks):
                await frames.next()
            await desk.note(1, units=["party", "meters"])
            await desk.note(2, units=["police"])  # its tray is the street office's
            await desk.note(3, units=["meters", "property"])
            await desk.count("110105001001")
            assert [(await desks.next())["data"].get("seq") for _ in range(4)] == [1, 2, 3, None]
            assert [(await property_.next())["data"].get("seq") for _ in range(2)] == [3, None]
            assert [(await street.next())["data"].get("seq") for _ in range(2)] == [2, None]
            assert (await nobodys.next())["event"] == "overview"

    async def test_a_resumed_wall_shows_no_more_than_a_new_one(self, client, desk, sign):
        officer = as_officer(sign, "property")
        async with listening(client, "/v1/live", **officer) as frames:
            await frames.next()
            await desk.note(1, units=["property"])
            last = (await frames.next())["id"]
            await desk.note(2, units=["party"])
            await desk.note(3, units=["property"])
            await frames.next()
        async with listening(client, "/v1/live", Last_Event_ID=last, **officer) as frames:
            assert (await frames.next())["data"]["seq"] == 3

    @pytest.mark.parametrize("role", ["company", "terminal", "operator"])
    async def test_the_wall_is_for_staff(self, client, sign, role):
        answer = await client.get("/v1/live", headers=as_officer(sign, "property", role=role))
        assert (answer.status_code, answer.json()["slug"]) == (403, "role-missing")

    async def test_what_somebody_wrote_is_not_on_the_wall(self, client, desk, sign):
        written = {"reason": "邻居王某吵闹"}
        async with (
            listening(client, "/v1/live", **as_clerk(sign)) as wall,
            listening(client, EVENTS, **as_clerk(sign)) as case,
        ):
            await wall.next()
            await desk.note(1, units=["property"], detail=written)
            shown, whole = await wall.next(), await case.next()
            assert whole["data"]["detail"] == written and whole["data"]["case"]["lanes"][0]["missing"]
            assert "detail" not in shown["data"] and "missing" not in shown["data"]["case"]["lanes"][0]

    async def test_the_part_asked_for_and_nothing_beside_it(self, client, desk, sign):
        async with listening(client, f"/v1/live?place={PLACE}", **as_clerk(sign)) as frames:
            await frames.next()
            await desk.note(1, place="110105001001002")
            await desk.count("110105001001")
            await desk.note(2)
            last = await frames.next()
            assert last["data"]["seq"] == 2
            await desk.note(3, place="110105001001002")
            await desk.note(4)
            await frames.next()
        async with listening(
            client, f"/v1/live?place={PLACE}", Last_Event_ID=last["id"], **as_clerk(sign)
        ) as frames:
            assert (await frames.next())["data"]["seq"] == 4

    @pytest.mark.parametrize("query", ["place=here", "place=110105%00", "colour=red"])
    async def test_a_place_that_is_none(self, client, sign, query):
        answer = await client.get(f"/v1/live?{query}", headers=as_clerk(sign))
        assert answer.status_code == 422

    async def test_what_was_heard_just_before_the_snapshot_is_told_again(self, client, app, desk, sign):
        """Insight may not have heard it yet; the snapshot's own number stands before it."""
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            await frames.next()
            await desk.note(1)
            first = await frames.next()
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            snapshot, again = await frames.next(), await frames.next()
            assert snapshot["event"] == "snapshot" and again == first
            assert int(snapshot["id"].split("-")[1]) < int(again["id"].split("-")[1])

    async def test_what_is_old_is_in_the_snapshot(self, client, desk, sign, monkeypatch):
        monkeypatch.setattr(live, "SETTLES_IN", 0)
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            await frames.next()
            await desk.note(1)
            await frames.next()
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            await frames.next()
            await desk.note(2)
            assert (await frames.next())["data"]["seq"] == 2

    async def test_an_unreadable_event_stops_nobody(self, client, desk, sign):
        async with listening(client, "/v1/live", **as_clerk(sign)) as frames:
            await frames.next()
            exchange = await desk._channel.get_exchange("frontdesk.events")
            for body in (b"", b"{}", b"\xff", b'{"specversion":"1.0"}'):
                await exchange.publish(aio_pika.Message(body), "CaseNoted")
            await desk.say("frontdesk", "CaseNoted", {"unexpected": True})
            await desk.note(7)
            assert (await frames.next())["data"]["seq"] == 7
