"""A repair in the hands of property's officer, and what the clerk decides about it."""

import json
from datetime import datetime, timedelta

import pytest


@pytest.fixture
def repair(platform):
    """(receipt, task id) of a repair that lies in property's tray."""
    receipt = platform.file(platform.repair())
    return receipt, platform.task("property", receipt["case_no"], "property")["task_id"]


@pytest.fixture
def officer(platform):
    return platform.as_account("property")


@pytest.fixture
def clerk(platform):
    return platform.as_account("clerk")


def lane(platform, case_no, task_id):
    return next(lane for lane in platform.case(case_no)["lanes"] if lane["task_id"] == task_id)


def holder_of(platform, receipt):
    return platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})


def finished(platform, officer, receipt, task):
    officer.order(f"/v1/tasks/{task}/finish", note="已修好")
    return platform.until_status(receipt["case_no"], "closed")


def test_the_officer_signs_starts_and_finishes(platform, officer, repair):
    receipt, task = repair
    officer.order(f"/v1/tasks/{task}/sign")
    officer.order(f"/v1/tasks/{task}/start")
    assert finished(platform, officer, receipt, task)["lanes"][0]["outcome"] == "done"
    kinds = [line["kind"] for line in platform.history(receipt["case_no"])]
    assert kinds == ["filed", "assigned", "signed", "started", "finished", "closed"]
    again = officer.send_order(f"/v1/tasks/{task}/sign")
    assert again.status_code == 409 and again.json()["detail_zh"] and again.json()["detail_en"]


def test_a_return_is_upheld_and_another_unit_takes_it(platform, officer, clerk, repair):
    receipt, task = repair
    officer.order(f"/v1/tasks/{task}/return", reason="属于公共水务")
    platform.until_noted(receipt["case_no"], "return-asked")
    decided = clerk.order(
        f"/v1/tasks/{task}/decide-return", decision="upheld", unit="street", reason="由街道协调"
    )
    assert {one["unit"]: one["status"] for one in decided["lanes"]} == {
        "property": "returned",
        "street": "assigned",
    }
    other = platform.task("street", receipt["case_no"], "street")["task_id"]
    platform.as_account("street").order(f"/v1/tasks/{other}/finish", note="已协调水务修复")
    platform.until_status(receipt["case_no"], "closed")


def test_a_designated_unit_may_not_return_again(platform, officer, clerk, repair):
    receipt, task = repair
    officer.order(f"/v1/tasks/{task}/return", reason="不归我们管")
    platform.until_noted(receipt["case_no"], "return-asked")
    clerk.order(f"/v1/tasks/{task}/decide-return", decision="designated", reason="职责清单载明由物业承办")
    platform.until(
        lambda: officer.ask(f"/v1/tasks/{task}")["status"] == "assigned", "the task is back in the tray"
    )
    refused = officer.send_order(f"/v1/tasks/{task}/return", reason="还是不归我们管")
    assert refused.status_code == 409 and refused.json()["slug"] == "designated-may-not-return"
    finished(platform, officer, receipt, task)


def test_a_supplement_stops_the_clock_until_the_applicant_adds_it(platform, officer, repair):
    receipt, task = repair
    officer.order(f"/v1/tasks/{task}/sign")
    officer.order(f"/v1/tasks/{task}/supplement", items=["漏水部位照片"], message="请补照片")
    case = platform.until_status(receipt["case_no"], "suspended")
    assert case["lanes"][0]["missing"] == ["漏水部位照片"]
    page = platform.anybody().get(f"/p/{receipt['tracking_token']}?lang=en").text
    assert "漏水部位照片" in page
    holder_of(platform, receipt).order(
        f"/v1/cases/{receipt['case_no']}/supplement", form={"description": "厨房水槽下方，照片见附件"}
    )
    assert platform.case(receipt["case_no"])["status"] == "handling"
    platform.until(
        lambda: officer.ask(f"/v1/tasks/{task}")["status"] == "handling", "the officer has what was missing"
    )
    assert officer.ask(f"/v1/tasks/{task}")["form"]["description"] == "厨房水槽下方，照片见附件"
    finished(platform, officer, receipt, task)


@pytest.mark.parametrize("granted", [True, False])
def test_the_clerk_rules_on_more_time(platform, officer, clerk, repair, granted):
    receipt, task = repair
    officer.order(f"/v1/tasks/{task}/sign")
    due = datetime.fromisoformat(officer.ask(f"/v1/tasks/{task}")["due_at"])
    until = due + timedelta(days=2)
    officer.order(f"/v1/tasks/{task}/extend", until=until.isoformat(), reason="等配件")
    platform.until_noted(receipt["case_no"], "extension-asked")
    twice = officer.send_order(f"/v1/tasks/{task}/extend", until=until.isoformat(), reason="再等")
    assert twice.status_code == 409 and twice.json()["slug"] == "extension-only-once"
    clerk.order(f"/v1/tasks/{task}/decide-extension", granted=granted, reason="已核实")
    wanted = until if granted else due
    assert datetime.fromisoformat(lane(platform, receipt["case_no"], task)["due_at"]) == wanted
    platform.until(
        lambda: datetime.fromisoformat(officer.ask(f"/v1/tasks/{task}")["due_at"]) == wanted,
        "the tray knows the due time",
    )
    finished(platform, officer, receipt, task)


def test_a_bad_rating_is_done_again_and_rated_again(platform, officer, repair):
    receipt, task = repair
    finished(platform, officer, receipt, task)
    holder, rating = holder_of(platform, receipt), f"/v1/cases/{receipt['case_no']}/rating"
    holder.order(rating, stars=1, comment="还在漏")
    case = platform.case(receipt["case_no"])
    assert (case["status"], case["round"]) == ("handling", 2)
    second = platform.task("property", receipt["case_no"], "property")["task_id"]
    assert second != task
    finished(platform, officer, receipt, second)
    holder.order(rating, stars=5)
    twice = holder.send_order(rating, stars=4)
    assert twice.status_code == 409 and twice.json()["slug"] == "already-rated"
    assert platform.case(receipt["case_no"])["rating"] == 5


def test_an_officer_of_another_department_may_not_touch_it(platform, repair):
    _, task = repair
    refused = platform.as_account("party").send_order(f"/v1/tasks/{task}/sign")
    assert refused.status_code in (403, 404) and refused.json()["detail_zh"]


def test_an_urge_reaches_whoever_holds_it(platform, officer, repair):
    receipt, task = repair
    holder_of(platform, receipt).order(f"/v1/cases/{receipt['case_no']}/urge", reason="水越漏越大")
    platform.until(lambda: officer.ask(f"/v1/tasks/{task}")["urged"] == 1, "the officer is reminded")


def test_the_phone_number_is_masked_for_who_does_not_need_it(platform, repair):
    receipt, _ = repair
    whole = platform.case(receipt["case_no"])["applicant"]
    seen = json.dumps(platform.case(receipt["case_no"], "supervisor"), ensure_ascii=False)
    assert whole["id_number"] not in seen and whole["phone"] not in seen


def test_a_second_report_of_the_same_thing_follows_the_first(platform, officer, repair):
    receipt, task = repair
    second = platform.file(platform.repair())
    platform.as_account("supervisor").order(f"/v1/cases/{second['case_no']}/merge", into=receipt["case_no"])
    assert platform.case(second["case_no"])["status"] == "merged"
    finished(platform, officer, receipt, task)
    answered = platform.until_noted(second["case_no"], "answered-with")
    assert answered["detail"] == {"case": receipt["case_no"], "status": "closed"}
