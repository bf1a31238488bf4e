"""What people read: the progress page and the document, and what machines read of the latter."""

import base64
import hashlib
import re

import jsonschema
import pytest

from gateway.routes import TABLE
from tests.integration.gateway.stand_in import CASE, TOKEN

pytestmark = pytest.mark.anyio

FIXED = [
    ("POST", "/v1/tokens"),
    ("GET", "/v1/matters"),
    ("GET", "/v1/matters/{}"),
    ("POST", "/v1/cases"),
    ("GET", "/v1/cases"),
    ("GET", "/v1/cases/{}"),
    ("GET", "/v1/cases/{}/history"),
    ("GET", "/v1/cases/{}/events"),
    *(("POST", f"/v1/cases/{{}}/{verb}") for verb in ("supplement", "urge", "withdraw", "rating", "reopen")),
    ("GET", "/v1/tasks"),
    *(
        ("POST", f"/v1/tasks/{{}}/{verb}")
        for verb in ("sign", "start", "finish", "return", "extend", "supplement")
    ),
    ("POST", "/v1/readings"),
    ("GET", "/v1/meters/{}/readings"),
    ("POST", "/v1/alarms"),
    ("GET", "/v1/overview"),
    ("GET", "/v1/live"),
    ("GET", "/p/{}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
]


@pytest.mark.parametrize(("method", "path"), FIXED)
def test_the_fixed_interface_is_there(method, path):
    assert (method, path) in [(row.method, re.sub(r"{\w+}", "{}", row.path)) for row in TABLE]


def test_no_operation_is_there_twice():
    named = [(row.method, row.path) for row in TABLE]
    assert len(named) == len(set(named))


async def test_the_document_holds_every_public_operation_and_only_what_it_defines(client):
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(row.method, row.path.replace(":path", "")) for row in TABLE if row.in_document}
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'"\$ref": ?"#/([^"]+)"', (await client.get("/openapi.json")).text):
        node = document
        for step in reference.split("/"):
            node = node[step]
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["x-zh"] and operation["x-en"]
            assert operation["tags"][0] in {tag["name"] for tag in document["tags"]}


async def test_a_problem_is_as_the_document_says(client):
    document = (await client.get("/openapi.json")).json()
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    jsonschema.validate((await client.get("/v1/cases")).json(), schema)


async def test_a_filing_as_the_document_describes_it(client, sign):
    filing = {"matter": "00", "applicant": {"name": "袁"}, "form": {}, "materials": [], "channel": "kiosk"}
    headers = {"Authorization": f"Bearer {sign()}", "Idempotency-Key": "key-00000001"}
    answer = await client.post("/v1/cases", json=filing, headers=headers)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/cases/{CASE}"
    assert answer.json().keys() == {"case_no", "tracking_token", "status", "due_at", "tasks"}


async def test_head_answers_as_get_without_a_body(client):
    answer = await client.head("/v1/matters")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_tasks_are_asked_of_ones_own_department_or_the_one_named(client, sign):
    officer = [{"role": "officer", "scope": "110105"}]
    mine = {"Authorization": f"Bearer {sign(department='property', roles=officer)}"}
    assert (await client.get("/v1/tasks", headers=mine)).json()["asked"] == {"unit": "property"}
    lost = {"Authorization": f"Bearer {sign(roles=officer)}"}
    assert (await client.get("/v1/tasks", headers=lost)).json()["errors"][0]["path"] == "unit"
    answer = await client.get(
        "/v1/tasks", params={"unit": "property", "limit": "5", "overdue": "true"}, headers=lost
    )
    assert answer.json()["asked"] == {"unit": "property", "limit": 5, "overdue": "true"}


@pytest.mark.parametrize("task", ["nonsense", f"{CASE}.nobody", "..."])
async def test_a_task_of_no_unit_is_not_found(client, sign, task):
    officer = {"Authorization": f"Bearer {sign(roles=[{'role': 'officer', 'scope': ''}])}"}
    assert (await client.post(f"/v1/tasks/{task}/sign", headers=officer)).status_code == 404


async def test_the_docs_page_loads_nothing_from_outside(client):
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert "http" not in re.sub(r"https?-equiv", "", answer.text)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy and "connect-src 'self'" in policy


class TestTheProgressPage:
    async def test_it_is_chinese_first_and_needs_no_script(self, client):
        answer = await client.get(f"/p/{TOKEN}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        for words in (
            "入住一件事",
            CASE,
            "已办结",
            "建立房屋档案",
            "物业",
            "已完成",
            "需要您补充",
            "2026-11-26 09:00",
        ):
            assert words in answer.text
        assert '<html lang="zh-CN">' in answer.text
        assert "<script" not in answer.text

    async def test_english_by_choice_or_by_the_browser(self, client):
        by_choice = await client.get(f"/p/{TOKEN}?lang=en")
        by_browser = await client.get(f"/p/{TOKEN}", headers={"Accept-Language": "en-GB"})
        for answer in (by_choice, by_browser):
            assert "Moving in" in answer.text and "Closed" in answer.text

    async def test_what_others_wrote_is_text_and_never_markup(self, client):
        text = (await client.get(f"/p/{TOKEN}")).text
        assert "<b>" not in text and "<i>" not in text
        assert "开户&lt;b&gt;" in text

    async def test_nothing_keeps_it_frames_it_or_learns_its_address(self, client):
        headers = (await client.get(f"/p/{TOKEN}")).headers
        assert "no-store" in headers["cache-control"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        policy = headers["content-security-policy"]
        assert (
            "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        )

    async def test_the_styles_hash_in_the_policy_is_the_styles(self, client):
        answer = await client.get(f"/p/{TOKEN}")
        style = re.search(r"<style>(.*)</style>", answer.text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
        docs = await client.get("/docs")
        for tag in ("style", "script"):
            text = re.search(rf"<{tag}>(.*)</{tag}>", docs.text, re.DOTALL)[1]
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in docs.headers["content-security-policy"]

    async def test_an_unknown_token_is_a_page_for_people_and_a_problem_for_programs(self, client):
        page = await client.get("/p/unknown", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "没有找到该回执" in page.text
        problem = await client.get("/p/unknown")
        assert (problem.status_code, problem.json()["slug"]) == (404, "unknown-token")

    async def test_a_rating_is_passed_on_and_leads_back(self, client, app):
        offices = app.state.gate.offices
        await offices.ask("frontdesk", "what_was_asked", {})
        answer = await client.post(f"/p/{TOKEN}/rating?lang=en", data={"stars": "5", "comment": "谢谢"})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/p/{TOKEN}?lang=en"
        (call,) = await offices.ask("frontdesk", "what_was_asked", {})
        assert call["fields"] == {"case_no": CASE, "token": TOKEN, "stars": 5, "comment": "谢谢"}

    async def test_a_rating_that_is_no_form_is_refused(self, client):
        assert (await client.post(f"/p/{TOKEN}/rating", json={"stars": 5})).status_code == 415
        assert (await client.post("/p/wrong/rating", data={"stars": "5"})).status_code == 404
