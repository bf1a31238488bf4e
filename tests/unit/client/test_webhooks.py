"""What the platform signs, the client verifies; what anybody else sends, it refuses."""

import json
import time

import pytest
from yikou_client import NotFromYikou, Webhook

from services.property.webhooks import model

KEY = model.secret("master", "hook", 1)
NEXT = model.secret("master", "hook", 2)
BODY = json.dumps(
    {"type": "fee.paid", "timestamp": "2026-11-25T08:00:00Z", "data": {"amount": "12.50"}}
).encode()


def headers(keys=(KEY,), stamp=None, message_id="m-1", body=BODY):
    stamp = int(time.time()) if stamp is None else stamp
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(stamp),
        "Webhook-Signature": model.signatures(list(keys), message_id, stamp, body),
    }


def test_a_signed_message_is_read():
    message = Webhook([model.written(KEY)]).verify(headers(), BODY)
    assert (message.id, message.kind, message.data) == ("m-1", "fee.paid", {"amount": "12.50"})
    assert message.at.isoformat() == "2026-11-25T08:00:00+00:00"


def test_the_published_example_of_standard_webhooks_verifies():
    """The specification's own vector: its secret, id, time and body give its signature."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    told = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(NotFromYikou, match="not a message"):  # signed well, but no message of ours
        Webhook([secret]).verify(told, b'{"test": 2432232314}', now=1614265330)


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Signature": "v1,AAAA"},
        {"Webhook-Signature": ""},
        {"Webhook-Id": "m-2"},
        {"Webhook-Timestamp": "nine"},
        {"Webhook-Timestamp": "1"},
    ],
)
def test_anything_else_is_refused(change):
    with pytest.raises(NotFromYikou):
        Webhook([model.written(KEY)]).verify(headers() | change, BODY)


def test_a_changed_body_is_refused():
    with pytest.raises(NotFromYikou):
        Webhook([model.written(KEY)]).verify(headers(), BODY.replace(b"12.50", b"12.51"))


@pytest.mark.parametrize(("age", "taken"), [(0, True), (300, True), (301, False), (-301, False)])
def test_a_message_may_be_five_minutes_old(age, taken):
    now = 1_800_000_000
    given = headers(stamp=now - age)
    verify = Webhook([model.written(KEY)]).verify
    if taken:
        verify(given, BODY, now=now)
    else:
        with pytest.raises(NotFromYikou):
            verify(given, BODY, now=now)


def test_while_a_secret_is_replaced_both_sides_may_use_either():
    both = headers(keys=(NEXT, KEY))
    for known in (KEY, NEXT):
        Webhook([model.written(known)]).verify(both, BODY)
    Webhook([model.written(KEY), model.written(NEXT)]).verify(headers(keys=(NEXT,)), BODY)


def test_what_is_no_secret_is_told_at_once():
    with pytest.raises(ValueError):
        Webhook(["whsec_not base64"])
    with pytest.raises(ValueError):
        Webhook([])
