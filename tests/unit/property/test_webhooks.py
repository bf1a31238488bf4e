"""The schedule of attempts, giving up, rotation, and addresses that are refused."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.settings import settings
from services.property.webhooks import model, sender
from services.property.webhooks.model import SCHEDULE, Answer, Delivery, Webhook

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
GOOD, BAD, GONE = Answer(200), Answer(500, "oops"), Answer(410)


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    """No network is given but by the test that gives one."""
    monkeypatch.delenv(sender.NETWORKS, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def hook(**more):
    return Webhook("w", "company", "https://a.example/", ["fee.paid"], ["110105001001"], NOW, **more)


def message():
    return Delivery("d", "w", "fee.paid", NOW, {}, next_at=NOW)


def test_attempts_are_made_over_three_days_and_then_it_has_failed():
    one, at = message(), NOW
    for pause in SCHEDULE:
        one.settle(BAD, at, random.Random(1))
        assert one.state == "pending"
        assert pause * 0.8 <= one.next_at - at <= pause * 1.2
        at = one.next_at
    one.settle(BAD, at, random.Random(1))
    assert (one.state, one.next_at, one.attempts) == ("failed", None, len(SCHEDULE) + 1)
    assert timedelta(days=2.4) < at - NOW < timedelta(days=4)


def test_a_later_attempt_may_be_asked_for_but_not_for_ever():
    one = message()
    one.settle(Answer(503, later=timedelta(hours=1)), NOW, random.Random(1))
    assert one.next_at == NOW + timedelta(hours=1)
    one.settle(Answer(503, later=timedelta(days=30)), NOW, random.Random(1))
    assert one.next_at == NOW + timedelta(hours=24)


def test_410_disables_at_once():
    webhook, one = hook(), message()
    one.settle(GONE, NOW, random.Random(1))
    model.judge(webhook, GONE, NOW)
    assert one.state == "failed" and (webhook.state, webhook.why_off) == ("off", "gone")


def test_five_days_without_one_good_answer_disable():
    webhook = hook()
    model.judge(webhook, BAD, NOW)
    model.judge(webhook, BAD, NOW + timedelta(days=5) - timedelta(seconds=1))
    assert webhook.state == "on"
    model.judge(webhook, GOOD, NOW + timedelta(days=5))
    model.judge(webhook, BAD, NOW + timedelta(days=6))
    assert webhook.state == "on", "one good answer begins the count again"
    model.judge(webhook, BAD, NOW + timedelta(days=11))
    assert (webhook.state, webhook.why_off) == ("off", "failing")


def test_after_a_rotation_both_secrets_sign_until_the_overlap_ends():
    webhook = hook()
    before = webhook.secrets("master", NOW)
    webhook.rotate(timedelta(hours=24), NOW)
    meanwhile = webhook.secrets("master", NOW + timedelta(hours=24) - timedelta(seconds=1))
    assert len(meanwhile) == 2 and meanwhile[1:] == before
    assert webhook.secrets("master", NOW + timedelta(hours=24)) == meanwhile[:1]


def test_only_what_was_asked_for_and_only_of_ones_own_areas():
    webhook = hook()
    assert webhook.wants("fee.paid", "110105001001003")
    assert not webhook.wants("fee.paid", "110105001002003")
    assert not webhook.wants("repair.reported", "110105001001003")
    webhook.switch_off("asked")
    assert not webhook.wants("fee.paid", "110105001001003")


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/", "https://127.0.0.1/", "https://10.1.2.3/x", "https://192.168.0.1/", "https://169.254.169.254/",
        "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://localhost/", "https://db.internal/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_at_registration(url):
    with pytest.raises(model.AddressRefused):
        sender.refuse_private(url)


def test_public_ones_are_not():
    sender.refuse_private("https://company.example/yikou")
    sender.refuse_private("https://1.1.1.1/")


def test_a_name_that_leads_to_a_private_address_is_never_sent_to(monkeypatch):
    """As with DNS rebinding: the name looked public, the connection is not. Nothing is sent over it."""
    import socket
    import threading

    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def listen():
            line, _ = server.accept()
            with line:
                line.settimeout(10)
                heard.append(line.recv(100))

        thread = threading.Thread(target=listen)
        thread.start()
        answer = sender.post(f"http://localhost:{server.getsockname()[1]}/", {}, b"{}")
        thread.join(15)
    assert answer.status is None and "PrivateAddress" in answer.error
    assert heard == [b""]


def test_a_given_network_may_be_sent_to(monkeypatch):
    monkeypatch.setenv(sender.NETWORKS, "127.0.0.0/8")
    settings.cache_clear()
    try:
        sender.refuse_private("http://127.0.0.1:9/")
        with pytest.raises(model.AddressRefused):
            sender.refuse_private("http://10.0.0.1/")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
