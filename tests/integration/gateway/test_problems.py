"""Whatever goes wrong, the answer is problem+json in the reader's language, with every promised field."""

import asyncio

import pytest

from gateway.limits import Limits
from gateway.routes import TABLE
from gateway.table import question
from services.contracts.frontdesk import GetMatter

pytestmark = pytest.mark.anyio

FIELDS = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "slug",
    "detail_zh",
    "detail_en",
    "errors",
    "trace_id",
}
CASE = "20261123-0000018"
FILING = {"matter": "00", "applicant": {"name": "袁"}, "form": {}, "materials": [], "channel": "kiosk"}


def bearer(sign, **claims):
    return {"Authorization": f"Bearer {sign(**claims)}"}


def is_problem(answer, status, slug):
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body.keys() >= FIELDS
    assert (answer.status_code, body["status"], body["slug"]) == (status, status, slug)
    assert body["type"] == f"urn:yikou:problem:{slug}"
    assert body["detail"] in (body["detail_zh"], body["detail_en"])
    assert body["trace_id"]
    return body


async def test_400_when_a_filing_has_no_idempotency_key(client, sign):
    answer = await client.post("/v1/cases", json=FILING, headers=bearer(sign))
    is_problem(answer, 400, "idempotency-key-missing")


@pytest.mark.parametrize(
    ("body", "slug"),
    [
        (b'{"matter": ', "invalid-json"),
        (b'{"matter": "00", "matter": "01"}', "duplicate-key"),
        (b"[" * 100_000 + b"]" * 100_000, "nested-too-deep"),
    ],
)
async def test_400_when_a_body_cannot_be_read(client, sign, body, slug):
    headers = bearer(sign) | {"Content-Type": "application/json", "Idempotency-Key": "key-00000001"}
    is_problem(await client.post("/v1/cases", content=body, headers=headers), 400, slug)


async def test_401_without_a_credential(client):
    answer = await client.get("/v1/cases")
    is_problem(answer, 401, "sign-in-first")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_403_without_the_role(client, sign):
    body = {"level": 1, "reason": "x"}
    answer = await client.post(f"/v1/cases/{CASE}/supervise", json=body, headers=bearer(sign))
    is_problem(answer, 403, "role-missing")


@pytest.mark.parametrize("path", ["/nothing", "/v1/cases/a/b/c", "/v1/%00", "/k/nothing"])
async def test_404_for_an_address_that_is_not_there(client, path):
    is_problem(await client.get(path), 404, "no-such-page")


async def test_404_from_an_office_is_passed_on_with_its_facts(client):
    body = is_problem(await client.get("/v1/matters/99"), 404, "unknown-matter")
    assert body["code"] == "99"


async def test_405_names_the_methods_there_are(client):
    answer = await client.put("/v1/cases", json={})
    is_problem(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


async def test_409_from_an_office_is_passed_on(client, sign):
    answer = await client.post(f"/v1/cases/{CASE}/withdraw", json={"reason": "x"}, headers=bearer(sign))
    is_problem(answer, 409, "case-closed")


async def test_413_for_ten_megabytes_announced_or_not(client, sign):
    headers = bearer(sign) | {"Content-Type": "application/json", "Idempotency-Key": "key-00000001"}
    big = b'{"matter": "' + b"x" * 10_000_000 + b'"}'

    async def unannounced():
        for start in range(0, len(big), 100_000):
            yield big[start : start + 100_000]

    is_problem(await client.post("/v1/cases", content=big, headers=headers), 413, "content-too-large")
    is_problem(
        await client.post("/v1/cases", content=unannounced(), headers=headers), 413, "content-too-large"
    )


@pytest.mark.parametrize("given", ["text/plain", "application/xml", "application/json; charset=gbk", ""])
async def test_415_for_another_content_type(client, sign, given):
    headers = bearer(sign) | {"Content-Type": given, "Idempotency-Key": "key-00000001"}
    is_problem(
        await client.post("/v1/cases", content=b"{}", headers=headers), 415, "unsupported-content-type"
    )


async def test_422_names_every_field_by_its_path_in_both_languages(client, sign):
    wrong = {"applicant": "袁", "form": {}, "channel": "pigeon", "surprise": 1}
    headers = bearer(sign) | {"Idempotency-Key": "key-00000001"}
    body = is_problem(await client.post("/v1/cases", json=wrong, headers=headers), 422, "invalid")
    assert {fault["path"] for fault in body["errors"]} == {"matter", "applicant", "channel", "surprise"}
    assert all(fault["zh"] and fault["en"] for fault in body["errors"])


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "٣"])
async def test_422_for_a_page_size_out_of_range(client, sign, limit):
    answer = await client.get("/v1/cases", params={"limit": limit}, headers=bearer(sign))
    assert is_problem(answer, 422, "invalid")["errors"][0]["path"] == "limit"


async def test_422_when_the_tracking_token_comes_in_the_address(client, sign):
    answer = await client.get(f"/v1/cases/{CASE}", params={"token": "x"}, headers=bearer(sign))
    assert is_problem(answer, 422, "invalid")["errors"][0]["path"] == "token"


class TestWithASmallQuota:
    @pytest.fixture
    def limits(self):
        return Limits(scale=0.01)

    async def test_429_says_when_to_come_back(self, client):
        assert (await client.get("/v1/matters")).status_code == 200
        answer = await client.get("/v1/matters")
        is_problem(answer, 429, "too-many-requests")
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit"].startswith('"public";r=0;t=')

    async def test_guessing_tokens_costs_the_address(self, client):
        wrong = {"Authorization": "Bearer x.y.z"}
        assert (await client.get("/v1/cases", headers=wrong)).status_code == 401
        assert (await client.get("/v1/cases", headers=wrong)).status_code == 429


async def test_500_tells_nothing_of_the_inside(client):
    answer = await client.get("/v1/matters/broken")
    is_problem(answer, 500, "server-error")
    assert "hunter2" not in answer.text and "Runtime" not in answer.text


async def test_500_when_the_gateway_itself_breaks(client, app, monkeypatch):
    monkeypatch.setattr(app.state.gate.offices, "call", None)
    answer = await client.get("/v1/matters")
    is_problem(answer, 500, "server-error")
    assert "NoneType" not in answer.text


async def test_503_when_an_office_is_closed(client, sign):
    task = f"{CASE}.party"  # nobody stands in for party here
    answer = await client.post(
        f"/v1/tasks/{task}/sign", headers=bearer(sign, roles=[{"role": "officer", "scope": ""}])
    )
    is_problem(answer, 503, "office-closed")
    assert answer.headers["retry-after"]


async def test_503_when_the_broker_is_away_and_again_200_when_it_is_back(client, wire, app):
    assert (await client.get("/readyz")).status_code == 200
    await wire.cut()
    async with asyncio.timeout(10):
        while app.state.gate.line.is_open.is_set():
            await asyncio.sleep(0.01)
    answer = await client.get("/v1/matters")
    is_problem(answer, 503, "broker-away")
    assert answer.headers["retry-after"]
    assert (await client.get("/readyz")).status_code == 503
    assert (await client.get("/healthz")).status_code == 200
    await wire.join()
    await asyncio.wait_for(app.state.gate.line.is_open.wait(), 20)
    assert (await client.get("/v1/matters")).status_code == 200


class TestWithAnImpatientRow:
    @pytest.fixture
    def rows(self):
        return (*TABLE, question("/impatient/{code}", GetMatter, "", "", "matters", timeout=0.2))

    async def test_504_when_an_office_does_not_answer_in_time(self, client):
        is_problem(await client.get("/impatient/slow"), 504, "office-timeout")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (None, "zh-CN"),
        ("en", "en"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr", "zh-CN"),
        ("zh-TW,en;q=0.9", "zh-CN"),
        ("en;q=x", "zh-CN"),
    ],
)
async def test_the_sentence_is_in_the_readers_language(client, wanted, given):
    headers = {"Accept-Language": wanted} if wanted else {"Accept-Language": ""}
    answer = await client.get("/v1/cases", headers=headers)
    body = answer.json()
    assert answer.headers["content-language"] == given
    assert body["detail"] == body["detail_en" if given == "en" else "detail_zh"]


async def test_the_trace_of_the_caller_is_kept(client):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await client.get("/v1/cases", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.json()["trace_id"] == trace


async def test_every_answer_carries_the_security_headers(client):
    for path in ("/v1/matters", "/nothing", "/docs", "/openapi.json", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"]
