"""Whole personal values and materials: shown to whom they are for, and never without a line in the access log."""

import hashlib
import uuid

import pytest

from gateway import looks
from tests.integration.gateway.stand_in import CASE

pytestmark = pytest.mark.anyio
TASK = f"/v1/tasks/{CASE}.property"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def officer(sign, role="officer", **claims):
    roles = [{"role": role, "scope": "110105001001"}]
    return {"Authorization": f"Bearer {sign(department='property', roles=roles, **claims)}"}


@pytest.fixture
async def noted(app, client):
    """What the access log was told since the last look at it."""

    async def noted():
        return await app.state.gate.offices.ask("identity", "what_was_noted", {})

    await noted()
    return noted


@pytest.fixture
def keep(app, tmp_path):
    """A file as an upload leaves it, named by the case."""

    async def keep(content, name="户口本.png"):
        sha256 = hashlib.sha256(content).hexdigest()
        place = tmp_path / "materials" / sha256[:2] / sha256
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
        named = [{"name": name, "sha256": sha256, "media_type": "text/html"}]
        await app.state.gate.offices.ask("frontdesk", "set_materials", {"materials": named})
        return f"/v1/cases/{CASE}/materials/{sha256}"

    return keep


async def test_a_look_at_a_task_is_in_the_log_before_its_answer(client, sign, noted):
    name = f"wang-{uuid.uuid4().hex[:6]}"
    assert (await client.get(TASK, headers=officer(sign, sub=name))).status_code == 200
    (line,) = await noted()
    assert line == {
        "account": name, "what": "tasks.get_task", "target": f"{CASE}.property", "address": "127.0.0.1",
    }  # fmt: skip


async def test_the_same_look_within_a_minute_is_one_line(client, sign, noted, monkeypatch):
    headers = officer(sign, sub=f"wang-{uuid.uuid4().hex[:6]}")
    for _ in range(3):
        assert (await client.get(TASK, headers=headers)).status_code == 200
    assert len(await noted()) == 1
    monkeypatch.setattr(looks, "SAME_LOOK", 0)
    assert (await client.get(TASK, headers=headers)).status_code == 200
    assert len(await noted()) == 1


async def test_what_was_not_shown_is_not_noted(client, sign, noted):
    answer = await client.get("/v1/tasks/20261123-0000026.property", headers=officer(sign))
    assert answer.status_code == 404 and await noted() == []


async def test_whoever_is_shown_masked_values_leaves_no_line(client, sign, noted):
    headers = officer(sign, "auditor")
    assert (await client.get(f"/v1/cases/{CASE}", headers=headers)).status_code == 200
    assert await noted() == []


async def test_without_the_line_there_is_no_answer(client, sign):
    answer = await client.get(TASK, headers=officer(sign, sub="nobody-may-note-me"))
    assert (answer.status_code, answer.json()["slug"]) == (503, "log-full")
    assert "110101" not in answer.text and answer.headers["retry-after"]


@pytest.mark.parametrize(
    "content, kind, how",
    [
        (PNG, "image/png", "inline"),
        (b"%PDF-1.7 " + b"x" * 50, "application/pdf", "inline"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 50, "image/heic", "attachment"),
        (b"<script>alert(1)</script>", "application/octet-stream", "attachment"),
    ],
)
async def test_a_material_is_shown_as_what_it_is_and_runs_nothing(
    client, sign, noted, keep, content, kind, how
):
    answer = await client.get(await keep(content), headers=officer(sign, sub=f"li-{uuid.uuid4().hex[:6]}"))
    assert answer.status_code == 200 and answer.content == content
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"].startswith(f"{how}; filename*=UTF-8''%E6%88%B7")
    assert (
        answer.headers["x-content-type-options"] == "nosniff"
        and answer.headers["cache-control"] == "no-store"
    )
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    (line,) = await noted()
    assert line["what"] == "materials.show" and line["target"].startswith(f"{CASE}/")


async def test_only_what_the_case_names_and_only_to_whom_the_desk_shows_it(client, sign, keep, noted):
    path = await keep(PNG)
    other = path.replace(CASE, "20261123-0000026")
    assert (await client.get(other, headers=officer(sign))).json()["slug"] == "unknown-case"
    unnamed = f"/v1/cases/{CASE}/materials/{'0' * 64}"
    assert (await client.get(unnamed, headers=officer(sign))).json()["slug"] == "unknown-material"
    for climbing in ("..%2f..%2fenv", "%00"):
        answer = await client.get(f"/v1/cases/{CASE}/materials/{climbing}", headers=officer(sign))
        assert answer.status_code in (404, 422)
    for role in ("terminal", "company", "auditor"):
        assert (await client.get(path, headers=officer(sign, role))).status_code == 403
    assert await noted() == []


async def test_a_material_that_was_lost_is_not_an_error_of_ours(client, sign, keep, tmp_path):
    path = await keep(PNG)
    sha256 = path.rsplit("/", 1)[1]
    (tmp_path / "materials" / sha256[:2] / sha256).unlink()
    assert (await client.get(path, headers=officer(sign))).status_code == 404
