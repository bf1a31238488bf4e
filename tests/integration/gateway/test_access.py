"""Who is let in, as whom, and who is not."""

import asyncio
import base64
import json
import time
import uuid
from datetime import UTC, datetime

import aio_pika
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.contracts.envelope import CONTENT_TYPE, Envelope
from tests.integration.gateway.stand_in import CASE, TOKEN

pytestmark = pytest.mark.anyio


async def status(client, **headers):
    answer = await client.get("/v1/cases", headers={k.replace("_", "-"): v for k, v in headers.items()})
    return answer.status_code, answer.json().get("slug")


async def asked(app):
    return await app.state.gate.offices.ask("frontdesk", "what_was_asked", {})


async def test_a_token_of_identity_is_let_in_as_what_it_says(client, app, sign):
    await asked(app)
    token = sign(sub="wang", department="property")
    assert (await status(client, Authorization=f"Bearer {token}"))[0] == 200
    (call,) = await asked(app)
    assert call["context"]["caller"] == {
        "account": "wang",
        "kind": "staff",
        "department": "property",
        "roles": [{"role": "clerk", "scope": "110105001001"}],
    }


def without_signature(token):
    """alg none: the header says nothing needs to be checked."""
    _, claims, _ = token.split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"test"}').rstrip(b"=").decode()
    return f"{header}.{claims}."


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"exp": time.time() - 60}, "token-expired"),
        ({"nbf": time.time() + 600}, "token-invalid"),
        ({"iss": "somebody"}, "token-invalid"),
        ({"aud": "something"}, "token-invalid"),
        ({"exp": None}, "token-invalid"),
        ({"sub": None}, "token-invalid"),
        ({"kid": "other"}, "token-invalid"),
        ({"key": Ed25519PrivateKey.generate()}, "token-invalid"),
    ],
)
async def test_a_token_with_anything_wrong_is_refused(client, sign, changed, slug):
    assert await status(client, Authorization=f"Bearer {sign(**changed)}") == (401, slug)


async def test_a_token_without_a_signature_is_refused(client, sign):
    forged = without_signature(sign())
    assert await status(client, Authorization=f"Bearer {forged}") == (401, "token-invalid")


async def test_a_token_signed_with_our_public_key_as_a_password_is_refused(client, sign, signing_key):
    public = signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    forged = sign(key=public, algorithm="HS256")
    assert await status(client, Authorization=f"Bearer {forged}") == (401, "token-invalid")


async def test_claims_changed_after_signing_are_refused(client, sign):
    head, claims, signature = sign().split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed["roles"] = [{"role": "admin", "scope": ""}]
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    assert await status(client, Authorization=f"Bearer {head}.{forged}.{signature}") == (401, "token-invalid")


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", "Bearer é", "Digest x", "Basic x", "Basic eA=="])
async def test_a_malformed_credential_is_a_401_and_no_more(client, value):
    assert (await status(client, Authorization=value.encode()))[0] == 401


async def test_a_remembered_token_still_expires(client, app, sign, monkeypatch):
    token = f"Bearer {sign(exp=time.time() + 60)}"
    assert (await status(client, Authorization=token))[0] == 200
    late = time.time() + 120
    monkeypatch.setattr("gateway.access.time.time", lambda: late)
    monkeypatch.setattr(jwt.api_jwt, "datetime", Later)
    assert await status(client, Authorization=token) == (401, "token-expired")


class Later(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(time.time(), tz or UTC)


async def test_a_token_that_identity_revokes_is_refused_from_the_event_on(client, app, sign, broker):
    session = uuid.uuid4().hex
    token = f"Bearer {sign(sid=session)}"
    assert (await status(client, Authorization=token))[0] == 200
    data = {"name": session, "kind": "session", "until": int(time.time()) + 900}
    envelope = Envelope(
        "1", "/yikou/identity", "yikou.CredentialRevoked", session, datetime.now(UTC), "", data
    )
    async with await aio_pika.connect(broker) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange("identity.events")
        await exchange.publish(
            aio_pika.Message(envelope.encode(), content_type=CONTENT_TYPE), "CredentialRevoked"
        )
    async with asyncio.timeout(10):
        while session not in app.state.gate.access._revoked:
            await asyncio.sleep(0.01)
    assert await status(client, Authorization=token) == (401, "token-revoked")


async def test_what_was_revoked_while_we_were_away_is_read_from_the_list(client, app, sign):
    session = uuid.uuid4().hex
    items = [{"name": session, "kind": "session", "until": int(time.time()) + 900}]
    await app.state.gate.offices.ask("identity", "set_revoked", {"items": items})
    await app.state.gate.access.read_revocations()
    assert await status(client, Authorization=f"Bearer {sign(sid=session)}") == (401, "token-revoked")


async def test_an_api_key_is_its_company(client, app):
    await asked(app)
    answer = await client.post(
        "/v1/cases",
        json={"matter": "x", "applicant": {}, "form": {}},
        headers={"X-API-Key": "company-key", "Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status_code == 202
    (call,) = await asked(app)
    assert call["context"]["caller"]["account"] == "acme"
    assert await status(client, X_API_Key="another") == (401, "api-key-invalid")


async def test_a_tracking_token_opens_its_own_case_and_nothing_else(client, app):
    await asked(app)
    held = {"X-Tracking-Token": TOKEN}
    assert (await client.get(f"/v1/cases/{CASE}", headers=held)).status_code == 200
    (call,) = await asked(app)
    assert call["fields"] == {"case_no": CASE, "token": TOKEN}
    assert call["context"]["caller"]["kind"] == "public"
    assert TOKEN not in str(call["context"])
    assert (await client.get("/v1/cases", headers=held)).status_code == 401
    answer = await client.post(f"/v1/cases/{CASE}/reopen", json={"reason": "x"}, headers=held)
    assert answer.status_code == 401


async def test_a_company_that_holds_the_receipt_is_both(client, app):
    """Who files by key follows his case by its token; the token alone says which case, the key who asks."""
    await asked(app)
    both = {"X-API-Key": "company-key", "X-Tracking-Token": TOKEN}
    assert (await client.get(f"/v1/cases/{CASE}", headers=both)).status_code == 200
    (call,) = await asked(app)
    assert call["fields"]["token"] == TOKEN and call["context"]["caller"]["account"] == "acme"
    assert (
        await client.post(f"/v1/cases/{CASE}/withdraw", json={"reason": "x"}, headers=both)
    ).status_code == 409
    alone = {"X-API-Key": "company-key"}
    answer = await client.post(f"/v1/cases/{CASE}/withdraw", json={"reason": "x"}, headers=alone)
    assert answer.status_code == 403
    wrong = {"X-API-Key": "another", "X-Tracking-Token": TOKEN}
    assert (await client.get(f"/v1/cases/{CASE}", headers=wrong)).status_code == 401


async def test_every_holder_of_a_token_is_an_account_of_his_own(client, app):
    await asked(app)
    for token in ("one", "one", "another"):
        await client.get(f"/v1/cases/{CASE}", headers={"X-Tracking-Token": token})
    one, again, another = [call["context"]["caller"]["account"] for call in await asked(app)]
    assert one == again != another and "public" not in (one, another)


async def test_who_stands_at_a_terminal_shows_the_receipt_to_it(client, app, sign):
    await asked(app)
    shown = {"Authorization": f"Bearer {sign(kind='terminal')}", "X-Tracking-Token": TOKEN}
    assert (await client.get(f"/v1/cases/{CASE}", headers=shown)).status_code == 200
    (call,) = await asked(app)
    assert (call["fields"]["token"], call["context"]["caller"]["kind"]) == (TOKEN, "terminal")


async def test_signing_in_and_going_on(client):
    answer = await client.post("/v1/tokens", json={"grant": "password", "account": "li", "password": "right"})
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 900
    answer = await client.post("/v1/tokens", json={"grant": "refresh", "refresh_token": "r"})
    assert answer.json()["access_token"] == "b"
    assert (await client.post("/v1/tokens/revoke", json={"refresh_token": "r"})).status_code == 204


@pytest.mark.parametrize(
    ("body", "expected", "path"),
    [
        ({"grant": "password", "account": "li", "password": "wrong"}, 401, None),
        ({"grant": "password", "account": "li"}, 422, "password"),
        ({"grant": "refresh"}, 422, "refresh_token"),
        ({"grant": "magic"}, 422, "grant"),
        ({"grant": "password", "account": "li", "password": "x", "admin": True}, 422, "admin"),
    ],
)
async def test_signing_in_wrongly(client, body, expected, path):
    answer = await client.post("/v1/tokens", json=body)
    assert answer.status_code == expected
    if path:
        assert [fault["path"] for fault in answer.json()["errors"]] == [path]


async def test_admin_may_what_any_role_may(client, sign):
    headers = {"Authorization": f"Bearer {sign(roles=[{'role': 'admin', 'scope': ''}])}"}
    answer = await client.post(f"/v1/tasks/{CASE}.property/sign", headers=headers)
    assert answer.json() == {"task_id": f"{CASE}.property", "status": "signed"}


class TestRabbitMqAsks:
    async def ask(self, client, what, **question):
        answer = await client.post(f"/internal/rabbitmq/{what}", data=question)
        assert answer.headers["content-type"].startswith("text/plain")
        return answer.text

    @pytest.mark.parametrize(
        ("device", "secret", "verdict"),
        [
            ("meter-7", "s3cret", "allow"),
            ("meter-7", "wrong", "deny"),
            ("meter-7", "", "deny"),
            ("meter.7", "s3cret", "deny"),
            ("#", "s3cret", "deny"),
        ],
    )
    async def test_whether_a_device_is_who_it_says(self, client, device, secret, verdict):
        assert await self.ask(client, "user", username=device, password=secret) == verdict

    async def test_the_virtual_host_is_ours(self, client):
        assert await self.ask(client, "vhost", username="meter-7", vhost="/", ip="127.0.0.1") == "allow"
        assert await self.ask(client, "vhost", username="meter-7", vhost="other", ip="127.0.0.1") == "deny"

    async def test_a_topic_under_its_own_name(self, client):
        question = {
            "username": "meter-7",
            "vhost": "/",
            "resource": "topic",
            "name": "amq.topic",
            "permission": "write",
        }
        assert await self.ask(client, "topic", **question, routing_key="yikou.v1.meter-7.readings") == "allow"
        assert await self.ask(client, "topic", **question, routing_key="yikou.v1.meter-8.readings") == "deny"

    @pytest.mark.parametrize("what", ["vhost", "resource", "topic"])
    async def test_a_revoked_device_may_nothing_any_more(self, client, app, what):
        question = {
            "username": "meter-7", "vhost": "/", "resource": "exchange", "name": "amq.topic",
            "permission": "write", "routing_key": "yikou.v1.meter-7.readings",
        }  # fmt: skip
        assert await self.ask(client, what, **question) == "allow"
        app.state.gate.access.revoke([{"name": "meter-7", "kind": "device", "until": time.time() + 900}])
        assert await self.ask(client, what, **question) == "deny"
        assert (
            await self.ask(
                client, what, **question | {"username": "meter-8", "routing_key": "yikou.v1.meter-8.readings"}
            )
            == "allow"
        )

    async def test_nobody_from_another_machine_finds_it(self, client):
        forwarded = {"X-Forwarded-For": "203.0.113.5"}
        answer = await client.post("/internal/rabbitmq/user", data={"username": "x"}, headers=forwarded)
        assert answer.status_code == 404
