"""A property company's own software works with a key of its own, through the client of the repo, and is told by webhook."""

import threading
from decimal import Decimal

import pytest
from yikou_client import Refused, Yikou

from tests.company_server import company_server
from tests.journeys.conftest import PLACE


@pytest.fixture(scope="module")
def key(platform):
    answer = platform.as_account("admin").order("/v1/accounts/company/keys", label="journey")
    yield answer["key"]
    platform.as_account("admin").order(f"/v1/keys/{answer['prefix']}/revoke")


@pytest.fixture
def yikou(platform, key):
    with Yikou(platform.url, key) as yikou:
        yield yikou


@pytest.fixture
def server():
    with company_server() as server:
        yield server


def test_an_order_from_the_hall_is_heard_taken_and_done(platform, yikou, server):
    hook = yikou.register_webhook(server.url, ["repair.reported", "repair.changed", "repair.finished"])
    server.secrets = [hook.secret]
    case_no = platform.file(platform.repair("urgent"))["case_no"]
    platform.until(lambda: "repair.reported" in server.kinds(), "the company's server is told")
    (told,) = [one for one in server.messages if one.data.get("case_no") == case_no]
    order = told.data["order_no"]
    assert order in [repair.order_no for repair in yikou.repairs()]

    assert yikou.grab_repair(order) == "assigned"
    assert yikou.arrive_repair(order) == "arrived"
    assert yikou.quote_repair(order, Decimal("120.00"), "换水龙头") == "quoted"
    platform.as_account("clerk").order(f"/v1/repairs/{order}/agree")
    yikou.finish_repair(order, "已修好")
    platform.until(
        lambda: "repair.finished" in server.kinds(), "the company's server is told that it is done"
    )
    states = [one.data["state"] for one in server.messages if one.kind == "repair.changed"]
    assert states[:3] == ["assigned", "arrived", "quoted"]
    assert len(server.ids()) == len(set(server.ids())) and server.refused == 0
    yikou.disable_webhook(hook.webhook)


def test_of_two_who_grab_at_once_one_is_told_why_not(platform, yikou, key):
    order = yikou.report_repair(place=f"{PLACE}003", address="2-1-302", category="water", description="漏水")
    platform.as_account("property").order(f"/v1/repairs/{order}/grade", urgency="ordinary")
    outcomes = []

    def grab():
        with Yikou(platform.url, key) as mine:
            try:
                outcomes.append(mine.grab_repair(order))
            except Refused as refused:
                outcomes.append(refused.slug)

    threads = [threading.Thread(target=grab) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes)[0] != sorted(outcomes)[1] and "assigned" in outcomes


def test_a_payment_with_the_same_reference_is_booked_once(platform, yikou):
    home = platform.home()["household"]
    before = yikou.fee_account(home).balance
    receipts = {yikou.pay_fee(home, Decimal("10.00"), "wechat", f"J-{home}") for _ in range(2)}
    assert len(receipts) == 1
    assert yikou.fee_account(home).balance == before - Decimal("10.00")


def test_it_files_a_case_for_a_resident_and_sees_it(platform, yikou):
    application = platform.repair()
    del application["channel"]
    case = yikou.file_case(application)
    assert yikou.case(case.case_no).case_no == case.case_no


def test_what_it_may_not_do_is_refused_in_words(yikou):
    with pytest.raises(Refused) as refused:
        yikou.fee_account("110199001001001-1-1-0101")
    assert refused.value.status == 404 and refused.value.zh and refused.value.en and refused.value.trace_id
    with pytest.raises(Refused) as fields:
        yikou.register_webhook("https://10.0.0.1/", ["fee.paid"])
    assert fields.value.slug == "address-refused"
