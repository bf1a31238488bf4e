"""What the front desk does besides filing: who may look and act, and everything that can come after."""

import random

import pytest

from deploy import demonstration
from tests.journeys.conftest import PLACE

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
PDF = b"%PDF-1.7\n" + b"\0" * 32


def complaint(topic="other", **form):
    person = {"name": "郑某", "id_number": demonstration.id_number(random.Random(random.random()), 40)}
    person["phone"] = f"139{random.randint(0, 99_999_999):08}"
    asked = {"address": f"{PLACE}003-2-1-302", "topic": topic, "description": "楼道灯不亮", "consent": True}
    return {
        "matter": "complaint",
        "channel": "kiosk",
        "applicant": person,
        "form": asked | form,
        "materials": [],
    }


@pytest.fixture
def clerk(platform):
    return platform.as_account("clerk")


@pytest.fixture
def street(platform):
    return platform.as_account("street")


@pytest.fixture
def receipt(platform):
    return platform.file(complaint())


def holder_of(platform, receipt):
    return platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})


def page(platform, receipt):
    return platform.anybody().get(f"/p/{receipt['tracking_token']}?lang=en").text


def finish(platform, street, case_no, **result):
    task = platform.task("street", case_no, "community")["task_id"]
    street.order(f"/v1/tasks/{task}/finish", **result)
    return task


def closed(platform, street, case_no):
    finish(platform, street, case_no)
    return platform.until_status(case_no, "closed")


# -- who may --


def test_a_terminal_sees_and_does_nothing_with_a_case_but_for_who_holds_the_receipt(platform, receipt):
    terminal, case = platform.as_account("terminal"), f"/v1/cases/{receipt['case_no']}"
    for path in ("/v1/cases", case, f"{case}/history", f"{case}/events"):
        assert terminal.get(path).status_code == 403
    for verb, body in {
        "urge": {"reason": "快"},
        "withdraw": {"reason": "不办了"},
        "rating": {"stars": 1},
        "supplement": {"note": "x"},
    }.items():
        refused = terminal.send_order(f"{case}/{verb}", **body)
        assert refused.status_code == 403 and refused.json()["slug"] == "role-missing", verb
    shown = {"X-Tracking-Token": receipt["tracking_token"]}
    assert terminal.get(case, headers=shown).json()["case_no"] == receipt["case_no"]
    assert terminal.post(f"{case}/urge", json={"reason": "快"}, headers=shown).status_code == 200
    invented = {"X-Tracking-Token": "invented"}
    assert terminal.post(f"{case}/urge", json={"reason": "快"}, headers=invented).status_code == 404


def test_nobody_files_into_another_community(platform, clerk):
    elsewhere = "110105002001001-2-1-302"
    refused = clerk.send_order("/v1/cases", **complaint(address=elsewhere), place=f"{PLACE}003")
    assert refused.status_code == 422
    assert [fault["path"] for fault in refused.json()["errors"]] == ["form.address"]
    refused = clerk.send_order("/v1/cases", **complaint(address=elsewhere))
    assert refused.status_code == 403 and refused.json()["slug"] == "not-yours"


def test_two_holders_may_send_the_same_key(platform):
    answers = []
    for _ in range(2):
        receipt = platform.file(complaint())
        urge = f"/v1/cases/{receipt['case_no']}/urge"
        answers.append(holder_of(platform, receipt).order(urge, "the-same-key", reason="请尽快")["case_no"])
    assert len(set(answers)) == 2


def test_street_staff_see_the_cases_they_handle(platform, street, receipt):
    assert street.ask(f"/v1/cases/{receipt['case_no']}")["case_no"] == receipt["case_no"]
    assert receipt["case_no"] in {row["case_no"] for row in street.ask("/v1/cases", limit=200)["items"]}


def test_a_company_sees_what_it_filed(platform, receipt):
    company = platform.as_account("company")
    mine = company.order("/v1/cases", **complaint() | {"channel": "company"})["case_no"]
    assert company.ask(f"/v1/cases/{mine}")["case_no"] == mine
    assert company.get(f"/v1/cases/{receipt['case_no']}").status_code == 404
    seen = {row["case_no"] for row in company.ask("/v1/cases", limit=200)["items"]}
    assert mine in seen and receipt["case_no"] not in seen


# -- what is missing --


def test_only_what_was_asked_is_added_and_only_what_was_uploaded(platform, street, receipt):
    task = platform.task("street", receipt["case_no"], "community")["task_id"]
    street.order(f"/v1/tasks/{task}/sign")
    street.order(f"/v1/tasks/{task}/supplement", items=["现场照片"], materials=["evidence"])
    lane = platform.until_status(receipt["case_no"], "suspended")["lanes"][0]
    assert lane["asked"] == {"form": [], "materials": ["evidence"]} and lane["supply_by"]
    holder, path = holder_of(platform, receipt), f"/v1/cases/{receipt['case_no']}/supplement"

    def faults(**given):
        refused = holder.send_order(path, **given)
        assert refused.status_code == 422
        return {fault["path"] for fault in refused.json()["errors"]}

    assert faults(form={"description": "另一件事"}) == {"form.description", "materials.evidence"}
    assert "materials.0" in faults(materials=[{"name": "evidence", "sha256": "0" * 64}])
    sent = holder.post("/v1/materials", files={"file": ("a.png", PNG, "image/png")})
    assert sent.status_code == 201, sent.text
    holder.order(path, materials=[{"name": "evidence", "sha256": sent.json()["sha256"]}], note="见照片")
    twice = street_asks_again(platform, street, task)
    assert twice.status_code == 409 and twice.json()["slug"] == "supplement-only-once"
    closed(platform, street, receipt["case_no"])


def street_asks_again(platform, street, task):
    platform.until(
        lambda: street.ask(f"/v1/tasks/{task}")["status"] == "handling", "the officer has what was missing"
    )
    return street.send_order(f"/v1/tasks/{task}/supplement", items=["再来一张"])


def test_a_file_is_what_it_is_and_not_what_the_application_calls_it(platform):
    photo = platform.as_account("terminal").post(
        "/v1/materials", files={"file": ("a.pdf", PDF, "application/pdf")}
    )
    application = platform.repair()
    application["materials"] = [
        {"name": "photo", "sha256": photo.json()["sha256"], "media_type": "image/png"}
    ]
    refused = platform.as_account("terminal").send_order("/v1/cases", **application)
    assert refused.status_code == 422
    assert [fault["path"] for fault in refused.json()["errors"]] == ["materials.0"]


# -- afterwards --


def test_a_closed_case_is_reopened_and_done_again(platform, clerk, street, receipt):
    case_no = receipt["case_no"]
    first = finish(platform, street, case_no)
    platform.until_status(case_no, "closed")
    reopened = clerk.order(f"/v1/cases/{case_no}/reopen", reason="情况反复")
    assert (reopened["status"], reopened["round"]) == ("handling", 2)
    assert finish(platform, street, case_no) == f"{first}.2"
    platform.until_status(case_no, "closed")
    kinds = [line["kind"] for line in platform.history(case_no)]
    assert kinds[-5:] == ["reopened", "assigned", "signed", "finished", "closed"]


def test_a_call_back_finds_it_unsolved_and_the_next_finds_it_solved(platform, clerk, street, receipt):
    case_no, path = receipt["case_no"], f"/v1/cases/{receipt['case_no']}/callback"
    early = clerk.send_order(path, reached=True, resolved=True, satisfied=True)
    assert early.status_code == 409
    closed(platform, street, case_no)
    assert clerk.order(path, reached=False)["status"] == "closed"
    assert clerk.order(path, reached=True, resolved=False, satisfied=False, note="灯还不亮")["round"] == 2
    closed(platform, street, case_no)
    assert clerk.order(path, reached=True, resolved=True, satisfied=True)["status"] == "closed"
    twice = clerk.send_order(path, reached=True, resolved=True, satisfied=True)
    assert twice.status_code == 409 and twice.json()["slug"] == "already-called-back"


def test_a_supervised_case_carries_its_level_into_the_tray(platform, clerk, street, receipt):
    case_no = receipt["case_no"]
    task = platform.task("street", case_no, "community")["task_id"]
    supervise = f"/v1/cases/{case_no}/supervise"
    assert clerk.send_order(supervise, level=2, reason="督办").status_code == 403
    assert platform.as_account("supervisor").order(supervise, level=2, reason="督办")["level"] == 2
    platform.until(lambda: street.ask(f"/v1/tasks/{task}")["level"] == 2, "the officer sees the level")
    closed(platform, street, case_no)
    late = platform.as_account("supervisor").send_order(supervise, level=3, reason="督办")
    assert late.status_code == 409


@pytest.mark.parametrize(
    "verb, body, status, words",
    [
        ("answer", {"answer": "明日停水检修"}, "answered", "Answered at the desk"),
        ("decline", {"reason": "已在诉讼中", "instead": "诉讼"}, "not-accepted", "Not accepted"),
        (
            "emergency",
            {"service": "119", "reason": "有烟"},
            "transferred-emergency",
            "Handed to emergency services",
        ),
    ],
)
def test_the_desk_settles_it_and_the_unit_stands_down(
    platform, clerk, street, receipt, verb, body, status, words
):
    case_no = receipt["case_no"]
    task = platform.task("street", case_no, "community")["task_id"]
    assert clerk.order(f"/v1/cases/{case_no}/{verb}", **body)["status"] == status
    platform.until(lambda: street.ask(f"/v1/tasks/{task}")["status"] == "withdrawn", "the unit stands down")
    assert words in page(platform, receipt)
    assert (
        platform.as_account("terminal").send_order(f"/v1/cases/{case_no}/{verb}", **body).status_code == 403
    )


def test_whoever_is_not_accepted_reads_where_the_law_sends_him(platform, clerk, receipt):
    anybody = platform.anybody()
    ways = anybody.ask("/v1/statutory-channels", matter="complaint")["items"]
    way = next(one for one in ways if one["value"] == "litigation")
    declined = clerk.order(
        f"/v1/cases/{receipt['case_no']}/decline", reason="已在诉讼中", instead="litigation"
    )
    assert declined["told"] == way
    assert "the court that has jurisdiction" in page(platform, receipt)


def test_a_call_to_the_hotline_becomes_a_case_with_the_callers_number(platform, clerk):
    needs = {
        one["channel"]: [field["name"] for field in one["needs"]]
        for one in clerk.ask("/v1/channels")["items"]
    }
    assert needs["hotline"] == ["caller_number", "recording"]
    call = complaint() | {"channel": "hotline"}
    refused = clerk.send_order("/v1/cases", **call)
    assert [fault["path"] for fault in refused.json()["errors"]] == ["source.caller_number"]
    case_no = clerk.order("/v1/cases", **call, source={"caller_number": "13812345678"})["case_no"]
    assert clerk.ask(f"/v1/cases/{case_no}")["source"] == {"caller_number": "13812345678"}
    kiosk = platform.as_account("terminal").send_order(
        "/v1/cases", **call, source={"caller_number": "13812345678"}
    )
    assert kiosk.status_code == 403 and kiosk.json()["slug"] == "channel-not-yours"


def test_a_wrong_emergency_number_is_refused(clerk, receipt):
    refused = clerk.send_order(f"/v1/cases/{receipt['case_no']}/emergency", service="911", reason="x")
    assert refused.status_code == 422


# -- followers --


def test_a_followers_page_shows_where_the_leading_case_stands(platform, street, receipt):
    second, third = platform.file(complaint()), platform.file(complaint())
    supervisor = platform.as_account("supervisor")
    supervisor.order(f"/v1/cases/{third['case_no']}/merge", into=second["case_no"])
    supervisor.order(f"/v1/cases/{second['case_no']}/merge", into=receipt["case_no"])
    for follower in (second, third):
        shown = page(platform, follower)
        assert receipt["case_no"] in shown and "With the departments" in shown
    closed(platform, street, receipt["case_no"])
    for follower in (second, third):
        platform.until_noted(follower["case_no"], "answered-with")
        assert "Closed" in page(platform, follower)


def test_when_the_leading_case_is_taken_back_its_follower_is_handled(platform, street, receipt):
    second = platform.file(complaint())
    platform.as_account("supervisor").order(f"/v1/cases/{second['case_no']}/merge", into=receipt["case_no"])
    holder_of(platform, receipt).order(f"/v1/cases/{receipt['case_no']}/withdraw", reason="不办了")
    assert platform.case(second["case_no"])["status"] == "dispatched"
    closed(platform, street, second["case_no"])
