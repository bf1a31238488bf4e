"""Telemetry and files: 202 only when the broker keeps it, and a file is what its content is."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest

from gateway.limits import Limits
from services.chassis.settings import settings
from tests.integration.gateway.stand_in import TOKEN

pytestmark = pytest.mark.anyio

DEVICE = ("meter-7", "s3cret")


def reading(seq, **changed):
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    return {"meter": "W1", "register": "total", "at": at, "value": 1.5, "unit": "m3", "seq": seq} | changed


@pytest.fixture
async def queue(broker):
    """Whoever listens to this device; bound to nothing before `listen`."""
    async with await aio_pika.connect(broker) as connection:
        channel = await connection.channel()
        yield await channel.declare_queue(
            exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
        )


async def test_accepted_readings_are_one_message_and_the_others_are_told(client, queue):
    await queue.bind("amq.topic", "yikou.v1.meter-7.readings")
    batch = {"readings": [reading(1), reading(2, value=-1), reading(3)]}
    answer = await client.post("/v1/readings", json=batch, auth=DEVICE)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [one["index"] for one in answer.json()["rejected"]] == [1]
    message = await queue.get()
    await message.ack()
    assert [one["seq"] for one in json.loads(message.body)] == [1, 3]
    assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_an_accounts_areas_go_with_its_readings_and_a_device_has_none(client, queue):
    """The meters office holds a company to the meters of its areas; a device is bound to its meters one by one."""
    await queue.bind("amq.topic", "yikou.v1.meter-7.readings")
    await queue.bind("amq.topic", "yikou.v1.acme.readings")
    batch = {"readings": [reading(1)]}
    for proof in ({"headers": {"X-API-Key": "company-key"}}, {"auth": DEVICE}):
        assert (await client.post("/v1/readings", json=batch, **proof)).status_code == 202
        message = await queue.get()
        await message.ack()
        areas = message.headers.get("x-areas")
        assert areas == ("110105001001" if "headers" in proof else None)


async def test_row_16_a_body_that_comes_in_chunks_arrives_whole(client, queue):
    """nameko's own HTTP door finds it empty (docs/decisions/0002)."""
    await queue.bind("amq.topic", "yikou.v1.meter-7.readings")
    whole = json.dumps({"readings": [reading(1), reading(2)]}).encode()

    async def chunks():
        for start in range(0, len(whole), 7):
            yield whole[start : start + 7]

    answer = await client.post(
        "/v1/readings", content=chunks(), auth=DEVICE, headers={"Content-Type": "application/json"}
    )
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    message = await queue.get()
    await message.ack()
    assert [one["seq"] for one in json.loads(message.body)] == [1, 2]


async def test_nothing_is_published_when_nothing_is_good(client):
    answer = await client.post("/v1/readings", json={"readings": [reading(1, value=-1)]}, auth=DEVICE)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)


async def test_readings_nobody_would_keep_are_not_accepted(client):
    answer = await client.post("/v1/readings", json={"readings": [reading(1)]}, auth=DEVICE)
    assert (answer.status_code, answer.json()["slug"]) == (503, "nobody-listens")
    assert answer.headers["retry-after"]


async def test_readings_a_full_queue_refuses_are_not_accepted(client, queue):
    await queue.bind("amq.topic", "yikou.v1.meter-7.readings")
    slugs = set()
    for seq in range(5):
        answer = await client.post("/v1/readings", json={"readings": [reading(seq)]}, auth=DEVICE)
        slugs.add(answer.json().get("slug"))
    assert slugs == {None, "queue-full"}


async def test_a_clerk_is_no_meter(client, sign):
    headers = {"Authorization": f"Bearer {sign()}"}
    answer = await client.post("/v1/readings", json={"readings": [reading(1)]}, headers=headers)
    assert answer.json()["slug"] == "role-missing"


async def test_a_device_with_a_wrong_secret_is_refused(client):
    answer = await client.post("/v1/readings", json={"readings": [reading(1)]}, auth=("meter-7", "guess"))
    assert (answer.status_code, answer.json()["slug"]) == (401, "device-credential-invalid")


async def test_readings_over_the_size_are_refused(client):
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/v1/readings", content=b" " * 2_100_000, headers=headers, auth=DEVICE)
    assert answer.status_code == 413


async def test_alarms_go_the_same_way(client, queue):
    await queue.bind("amq.topic", "yikou.v1.meter-7.alarms")
    alarm = {"device": "11010500001320000001", "type": "fire", "at": "2026-11-23T01:00:00Z", "zone": "roof"}
    answer = await client.post("/v1/alarms", json={"alarms": [alarm, {"device": "x"}]}, auth=DEVICE)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert [one["index"] for one in answer.json()["rejected"]] == [1]
    message = await queue.get()
    await message.ack()
    assert json.loads(message.body) == [alarm]


@pytest.mark.parametrize(
    "body", [{}, {"alarms": []}, {"alarms": {}}, {"alarms": [1] * 501}, {"alarms": [1], "x": 1}]
)
async def test_what_is_no_list_of_alarms_is_refused_as_a_whole(client, body):
    assert (await client.post("/v1/alarms", json=body, auth=DEVICE)).status_code == 422


async def test_an_account_whose_name_cannot_be_an_address_is_told_so(client, sign):
    headers = {"Authorization": f"Bearer {sign(sub='acme.corp', roles=[{'role': 'company', 'scope': ''}])}"}
    answer = await client.post("/v1/readings", json={"readings": [reading(1)]}, headers=headers)
    assert (answer.status_code, answer.json()["slug"]) == (403, "name-cannot-speak")


PDF = b"%PDF-1.7\n" + b"x" * 500
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 500


def as_clerk(sign):
    return {"Authorization": f"Bearer {sign()}"}


async def test_a_material_is_kept_once_under_the_hash_of_its_content(client, sign):
    digest = hashlib.sha256(PDF).hexdigest()
    for name in ("房产证.pdf", r"C:\temp\again.pdf"):
        files = {"file": (name, PDF, "application/pdf")}
        answer = await client.post("/v1/materials", files=files, headers=as_clerk(sign))
        assert answer.status_code == 201, answer.text
        assert answer.json() == {
            "sha256": digest,
            "name": name.rsplit("\\", 1)[-1],
            "media_type": "application/pdf",
            "size": len(PDF),
        }
    kept = [path for path in settings().data.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [digest]
    assert kept[0].read_bytes() == PDF


@pytest.mark.parametrize(
    ("content", "claimed", "accepted"),
    [
        (PNG, "image/png", True),
        (PNG, "application/octet-stream", True),
        (b"\xff\xd8\xff" + b"x" * 50, "image/jpeg", True),
        (b"RIFF\0\0\0\0WEBP" + b"x" * 50, "image/webp", True),
        (b"\0\0\0\x18ftypheic" + b"x" * 50, "image/heic", True),
        (PNG, "application/pdf", False),
        (b"MZ" + b"x" * 50, "application/pdf", False),
        (b"<html>", "image/png", False),
        (b"RIFF\0\0\0\0WAVE", "image/webp", False),
        (b"GIF89a", "image/gif", False),
    ],
)
async def test_a_file_is_what_its_content_is(client, sign, content, claimed, accepted):
    answer = await client.post(
        "/v1/materials", files={"file": ("x", content, claimed)}, headers=as_clerk(sign)
    )
    assert answer.status_code == (201 if accepted else 415)
    if not accepted:
        assert answer.json()["slug"] == "not-what-it-says"


async def test_a_file_over_ten_mebibytes_is_refused_and_nothing_is_kept(client, sign):
    big = PDF + b"x" * (10 * 1024 * 1024)
    answer = await client.post(
        "/v1/materials", files={"file": ("x", big, "application/pdf")}, headers=as_clerk(sign)
    )
    assert (answer.status_code, answer.json()["slug"]) == (413, "content-too-large")
    assert not list(settings().data.rglob("*"))


async def test_an_upload_of_unannounced_length_is_stopped_at_the_limit(client, sign):
    async def much():
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n%PDF-'
        for _ in range(150):
            yield b"x" * 100_000

    headers = as_clerk(sign) | {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await client.post("/v1/materials", content=much(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content", "given", "status"),
    [
        (b"{}", "application/json", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=b", 400),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            400,
        ),
    ],
)
async def test_what_is_no_upload_is_said_so(client, sign, content, given, status):
    answer = await client.post(
        "/v1/materials", content=content, headers=as_clerk(sign) | {"Content-Type": given}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_whoever_holds_a_receipt_may_hand_in_what_is_missing(client):
    files = {"file": ("x.png", PNG, "image/png")}
    answer = await client.post("/v1/materials", files=files, headers={"X-Tracking-Token": TOKEN})
    assert answer.status_code == 201
    answer = await client.post("/v1/materials", files=files, headers={"X-Tracking-Token": "invented"})
    assert answer.status_code == 404


class TestWithTheLimitsOfEveryDay:
    @pytest.fixture
    def limits(self):
        return Limits(scale=1)

    async def test_one_receipt_does_not_fill_the_disk(self, client):
        held = {"X-Tracking-Token": TOKEN}
        for number in range(6):
            files = {"file": ("x.pdf", PDF + bytes([number]) * (9 * 1024 * 1024), "application/pdf")}
            assert (await client.post("/v1/materials", files=files, headers=held)).status_code == 201
        before = sum(1 for path in settings().data.rglob("*") if path.is_file())
        files = {"file": ("x.pdf", PDF + b"x" * (9 * 1024 * 1024), "application/pdf")}
        answer = await client.post("/v1/materials", files=files, headers=held)
        assert (answer.status_code, answer.json()["slug"]) == (429, "too-many-requests")
        assert int(answer.headers["retry-after"]) > 60
        assert sum(1 for path in settings().data.rglob("*") if path.is_file()) == before
