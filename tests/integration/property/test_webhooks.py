"""What happens is told to a real HTTP server: signed, at least once, and not to whoever should not hear it."""

import threading
from datetime import timedelta

import pytest

from services.chassis import clock
from services.chassis.errors import Problem
from services.chassis.identifiers import Caller
from services.chassis.settings import settings
from services.contracts import identity, webhooks
from services.contracts.property import GrabRepair, GradeRepair, ReportRepair
from services.property.webhooks import sender
from services.property.webhooks.handlers import SECRET, send_waiting, with_secret
from services.property.webhooks.model import SCHEDULE
from tests.company_server import company_server


@pytest.fixture(autouse=True)
def master(monkeypatch, stack):
    monkeypatch.setenv(SECRET, "a master secret of the tests")
    monkeypatch.setenv(sender.NETWORKS, "127.0.0.0/8")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def server():
    with company_server() as server:
        yield server


@pytest.fixture
def company(grid):
    roles = ({"role": "company", "scope": grid[:12]},)
    return Caller(f"company-{grid}", "company", "property", roles)


@pytest.fixture
def hook(office, server, company):
    """An endpoint that hears everything of its area."""
    answer = with_secret(
        office(webhooks.RegisterWebhook, company, url=server.url, kinds=sorted(webhooks.KINDS))
    )
    server.secrets = [answer["secret"]]
    return answer["webhook"]


def report(office, company, place):
    return office(
        ReportRepair,
        company,
        place=place,
        address="3-502",
        category="water",
        description="漏水",
    )["order_no"]


def deliveries(office, company, hook, **which):
    return office(webhooks.ListDeliveries, company, webhook=hook, **which)["items"]


def test_an_order_is_told_of_step_by_step(office, server, company, hook, grid):
    order = report(office, company, grid)
    office(GradeRepair, company, order_no=order, urgency="urgent")
    office.tick(send_waiting)
    assert server.kinds() == ["repair.reported", "repair.changed"]
    assert server.messages[0].data["order_no"] == order
    assert server.messages[1].data["state"] == "graded"
    assert "3-502" not in str([message.data for message in server.messages]), "no address, no name"
    assert [one["state"] for one in deliveries(office, company, hook)] == ["delivered"] * 2


def test_another_area_and_an_effect_that_failed_are_not_told(office, server, company, hook, grid):
    stranger = Caller("other", "company", "property", ({"role": "company", "scope": "110106001001"},))
    report(office, stranger, "110106001001001")
    with pytest.raises(Problem):
        office(GrabRepair, company, order_no="R-none")
    office.tick(send_waiting)
    assert server.messages == []


def test_what_fails_is_tried_again_with_the_same_id(office, server, company, hook, grid):
    server.answers = [500, 503]
    report(office, company, grid)
    office.tick(send_waiting)
    office.tick(send_waiting)  # not yet
    assert len(server.messages) == 1
    for pause in SCHEDULE[:2]:
        office.tick(send_waiting, later=pause * 1.3 + timedelta(hours=1))
    assert len(server.messages) == 3 and len(set(server.ids())) == 1
    assert deliveries(office, company, hook)[0]["state"] == "delivered"


def test_410_switches_the_endpoint_off_and_what_waits_is_kept(office, server, company, hook, grid):
    report(office, company, grid)
    server.answers = [410]
    office.tick(send_waiting)
    report(office, company, grid)  # nobody is told of this one
    office.tick(send_waiting)
    (endpoint,) = office(webhooks.ListWebhooks, company)["items"]
    assert (endpoint["state"], endpoint["why_off"]) == ("off", "gone")
    assert len(server.messages) == 1
    with pytest.raises(Problem) as off:
        office(webhooks.ReplayWebhook, company, webhook=hook, since=endpoint["created_at"].isoformat())
    assert off.value.slug == "webhook-off"
    office(webhooks.EnableWebhook, company, webhook=hook)
    again = office(webhooks.ReplayWebhook, company, webhook=hook, since=endpoint["created_at"].isoformat())
    assert again == {"replayed": 1}
    office.tick(send_waiting)
    assert len(server.messages) == 2 and len(set(server.ids())) == 1


def test_disabled_holds_what_waits(office, server, company, hook, grid):
    report(office, company, grid)
    office(webhooks.DisableWebhook, company, webhook=hook)
    office.tick(send_waiting)
    assert server.messages == []
    assert [one["state"] for one in deliveries(office, company, hook)] == ["held"]


def test_a_new_secret_beside_the_old_one(office, server, company, hook):
    old = server.secrets
    new = with_secret(office(webhooks.RotateWebhookSecret, company, webhook=hook, overlap_hours=1))["secret"]
    assert [new] != old
    for known in (old, [new]):  # the server may change over at any time
        server.secrets = known
        office(webhooks.TestWebhook, company, webhook=hook)
        office.tick(send_waiting)
    assert server.kinds() == ["webhook.test"] * 2 and server.refused == 0


def test_two_replicas_send_nothing_twice(office, server, company, hook, grid):
    for _ in range(8):
        report(office, company, grid)
    threads = [threading.Thread(target=office.tick, args=(send_waiting,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    office.tick(send_waiting)
    assert len(server.messages) == 8 == len(set(server.ids()))


def test_an_endpoint_that_does_not_answer_holds_up_nobody(office, server, company, hook, grid):
    other = Caller(f"deaf-{grid}", "company", "property", company.roles)
    deaf = office(webhooks.RegisterWebhook, other, url="http://127.0.0.1:9/", kinds=["repair.reported"])[
        "webhook"
    ]
    report(office, company, grid)
    office.tick(send_waiting)
    assert server.kinds() == ["repair.reported"]
    (failed,) = deliveries(office, other, deaf)
    assert failed["state"] == "pending" and failed["status"] is None and failed["error"]
    office(webhooks.DisableWebhook, other, webhook=deaf)


def test_an_endpoint_is_its_owners_and_ends_with_his_account(office, server, company, hook, grid):
    stranger = Caller("other", "company", "property", company.roles)
    assert office(webhooks.ListWebhooks, stranger)["items"] == []
    for contract in (webhooks.DisableWebhook, webhooks.TestWebhook, webhooks.RotateWebhookSecret):
        with pytest.raises(Problem) as unknown:
            office(contract, stranger, webhook=hook)
        assert unknown.value.status == 404
    office.hear(identity.CredentialRevoked, name=company.account, kind="account", until=1)
    report(office, stranger, grid)
    office.tick(send_waiting)
    assert server.messages == []
    assert office(webhooks.ListWebhooks, company)["items"][0]["why_off"] == "account-revoked"


def test_no_secret_lies_in_a_table(office, server, company, hook):
    with office.ledger.read() as read:
        rows = read.connection.exec_driver_sql("SELECT webhooks::text FROM webhooks").scalars().all()
    assert not any(server.secrets[0].removeprefix("whsec_") in row or "whsec" in row for row in rows)


def test_messages_carry_the_time_of_what_happened(office, server, company, hook, grid):
    before = clock.now()
    report(office, company, grid)
    office.tick(send_waiting, later=timedelta(hours=2))
    assert before - timedelta(seconds=1) <= server.messages[0].at <= clock.now()
