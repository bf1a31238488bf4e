"""Flows 14, 16 and 17 of the rules, a petition, a pledge and who held a case, as users see them."""

import random
from datetime import datetime

import pytest

from deploy import demonstration
from tests.journeys.conftest import PLACE

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
HOME = f"{PLACE}003-2-1-302"


def number():
    return demonstration.id_number(random.Random(random.random()), 40)


def application(matter, channel="kiosk", materials=(), **form):
    person = {"name": "郑某", "id_number": number(), "phone": f"139{random.randint(0, 99_999_999):08}"}
    asked = {"address": HOME, "description": "楼道灯不亮", "consent": True} | form
    return {
        "matter": matter, "channel": channel, "applicant": person, "form": asked, "materials": list(materials)
    }  # fmt: skip


@pytest.fixture
def clerk(platform):
    return platform.as_account("clerk")


@pytest.fixture
def street(platform):
    return platform.as_account("street")


def holder_of(platform, receipt):
    return platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})


def finish(platform, account, case_no, unit, **result):
    task = platform.task(account, case_no, unit)["task_id"]
    platform.as_account(account).order(f"/v1/tasks/{task}/finish", **result)
    return task


def owed(account, case_no):
    """The call that is owed about a case, from the list."""
    cursor = None
    while True:
        page = account.ask("/v1/callbacks", limit=200, **({"cursor": cursor} if cursor else {}))
        for row in page["items"]:
            if row["case_no"] == case_no:
                return row
        cursor = page["next"]
        if cursor is None:
            return None


def counted(platform, number, case_no):
    """Whether insight counts the case among those of a number."""
    wall, cursor = platform.as_account("supervisor"), None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = wall.ask("/v1/overview/behind", number=number, limit=200, matter="complaint", **more)
        if any(row["case_no"] == case_no for row in page["items"]):
            return True
        cursor = page["next"]
        if cursor is None:
            return False


def satisfaction(platform):
    return platform.as_account("supervisor").ask("/v1/overview")["rates"]["satisfaction"]


def test_flow_14_a_bad_rating_is_contacted_done_again_called_back_and_seen_in_the_numbers(
    platform, clerk, street
):
    receipt = platform.file(application("complaint", topic="other"))
    no, holder = receipt["case_no"], holder_of(platform, receipt)
    finish(platform, "street", no, "community", note="已登记")
    platform.until_status(no, "closed")
    assert owed(clerk, no)["about"] == "answer"
    holder.order(f"/v1/cases/{no}/rating", stars=1, comment="灯还是不亮")
    assert platform.case(no)["status"] == "handling"
    platform.until(lambda: counted(platform, "asked", no), "insight counts the rating")
    assert not counted(platform, "satisfied", no)
    before = satisfaction(platform)

    call = owed(street, no)
    assert (call["about"], call["whose"], call["stars"]) == ("contact", "community", 1)
    assert call["applicant"]["name"] == "郑*"
    assert datetime.fromisoformat(call["due_at"]) > datetime.fromisoformat(platform.case(no)["filed_at"])
    street.order(f"/v1/cases/{no}/contact", reached=True, note="约定明天上门")
    assert owed(street, no) is None
    again = street.send_order(f"/v1/cases/{no}/contact", reached=True)
    assert again.status_code == 409 and again.json()["slug"] == "no-contact-owed"

    finish(platform, "street", no, "community", note="灯已更换")
    platform.until_status(no, "closed")
    assert owed(clerk, no)["about"] == "recheck"
    clerk.order(f"/v1/cases/{no}/callback", reached=True, resolved=True, satisfied=True)
    assert owed(clerk, no) is None
    platform.until(lambda: counted(platform, "satisfied", no), "insight counts what he said of the redo")
    after = satisfaction(platform)
    assert after["numerator"] > before["numerator"] and after["denominator"] >= before["denominator"]
    kinds = [line["kind"] for line in platform.history(no)]
    assert [kind for kind in kinds if kind in ("rated", "redo", "contacted", "called-back")] == [
        "rated", "redo", "contacted", "called-back",
    ]  # fmt: skip


def test_flow_16_somebody_died_the_grid_confirms_and_everybody_rechecks(platform, street):
    form = {
        "change": "died", "happened_on": "2026-01-05", "person_name": "李某", "person_id_number": number(),
        "holds_meters": True, "is_party_member": True, "receives_benefits": True,
    }  # fmt: skip
    del (given := application("household-change", **form))["form"]["description"]
    no = platform.file(given)["case_no"]
    assert [lane["unit"] for lane in platform.case(no)["lanes"]] == ["grid"]
    finish(platform, "street", no, "grid", note="已核实")
    then = {
        "property": "property", "meters": "meters", "party": "party", "civil-affairs": "street", "insurance": "street",
    }  # fmt: skip
    for unit, account in then.items():
        finish(platform, account, no, unit)
    case = platform.until_status(no, "closed")
    assert {lane["unit"] for lane in case["lanes"]} == {"grid", *then}


def test_flow_17_both_checks_run_together_and_the_publicity_lasts(platform, street):
    member = {"name": "郑某", "id_number": number(), "relation": "本人", "monthly_income": "600"}
    form = {
        "members": [member], "savings": "0", "second_home": False, "vehicle": False,
        "bank_card": "6222000000000000", "check_authorised": True,
    }  # fmt: skip
    no = platform.file(application("minimum-living", **form))["case_no"]
    assert {lane["unit"] for lane in platform.case(no)["lanes"]} == {"street", "grid"}
    for unit in ("street", "grid", "community"):
        finish(platform, "street", no, unit)
    platform.until(
        lambda: any(
            lane["unit"] == "community" and lane["status"] == "done" for lane in platform.case(no)["lanes"]
        ),
        "the desk knows that it was posted",
    )
    case = platform.case(no)
    assert case["status"] == "handling", "seven days are seven days"
    assert "civil-affairs" not in {lane["unit"] for lane in case["lanes"]}


def test_a_petition_is_informed_or_answered_and_reviewed_by_the_level_above(platform, street):
    form = {"topic": "other", "wish": "依法答复"}
    receipt = platform.file(application("petition", "online", **form))
    no, holder = receipt["case_no"], holder_of(platform, receipt)
    early = holder.send_order(f"/v1/cases/{no}/review", reason="不服")
    assert early.status_code == 409 and early.json()["slug"] == "no-review"
    finish(platform, "street", no, "street", note="予以受理")
    finish(platform, "street", no, "community", note="答复意见书")
    assert platform.until_status(no, "closed")["petition"]["stage"] == "answered"
    assert holder.order(f"/v1/cases/{no}/review", reason="答复与事实不符")["petition"]["stage"] == "in-review"
    finish(platform, "street", no, "government", note="复查意见书")
    assert platform.until_status(no, "closed")["petition"]["stage"] == "reviewed"

    statutory = platform.file(application("petition", "online", **form))["case_no"]
    finish(
        platform,
        "street",
        statutory,
        "street",
        outcome="statutory",
        result={"instead": "诉讼"},
        note="已立案",
    )
    assert platform.until_status(statutory, "not-accepted")["petition"]["stage"] == "informed"


def test_what_was_pledged_is_handed_in_by_the_holder_of_the_receipt(platform, street):
    form = {"beneficiary": "郑某", "requester": "慈善总会", "legal_article": "《慈善法》第六十条"}
    pledged = [{"name": "evidence", "pledge": True}]
    receipt = platform.file(application("hardship-certificate", materials=pledged, **form))
    no, holder = receipt["case_no"], holder_of(platform, receipt)
    sent = platform.as_account("terminal").post("/v1/materials", files={"file": ("e.png", PNG, "image/png")})
    assert sent.status_code < 300, sent.text
    came = {"name": "evidence", "sha256": sent.json()["sha256"]}
    task = platform.task("street", no, "grid")["task_id"]
    holder.order(f"/v1/cases/{no}/follow-up", materials=[came])
    platform.until(
        lambda: any(one.get("sha256") for one in street.ask(f"/v1/tasks/{task}")["materials"]),
        "the unit has what was pledged",
    )


def test_who_held_a_case_and_how_long_is_shown(platform, clerk, street):
    no = platform.file(application("complaint", topic="other"))["case_no"]
    task = platform.task("street", no, "community")["task_id"]
    street.order(f"/v1/tasks/{task}/return", reason="不归社区")
    platform.until_noted(no, "return-asked")
    shown = {one["unit"]: one for one in clerk.ask(f"/v1/cases/{no}/holders")["items"]}
    assert shown["community"]["returns"] == 1 and shown["frontdesk"]["holds"] is True
    clerk.order(f"/v1/tasks/{task}/decide-return", decision="designated", reason="职责清单")
    shown = {one["unit"]: one for one in clerk.ask(f"/v1/cases/{no}/holders")["items"]}
    assert shown["community"]["holds"] is True


def test_troubles_are_listed_and_an_unknown_one_is_told(platform, clerk):
    assert clerk.ask("/v1/troubles", kind="deadlines")["items"] == []
    supervisor = platform.as_account("supervisor")
    unknown = supervisor.send_order("/v1/troubles/none/retry")
    assert unknown.status_code == 404 and unknown.json()["slug"] == "unknown-trouble"
    assert supervisor.order("/v1/troubles/retry", troubles=[])["items"] == []
    assert clerk.send_order("/v1/troubles/none/retry").status_code == 403
