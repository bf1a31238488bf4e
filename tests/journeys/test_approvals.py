"""Flow 19 of the rules: new task or certificate → access approval; the desk blocks the unlisted."""

import random

import pytest

from deploy.demonstration import id_number
from tests.journeys.conftest import PLACE

PDF = b"%PDF-1.7\n" + b"\0" * 32
SUBJECT = "employment-registration"


def person():
    return {
        "name": "郑某",
        "id_number": id_number(random.Random(random.random()), 40),
        "phone": f"139{random.randint(0, 99_999_999):08}",
    }


def listed(platform, place=PLACE):
    return {one["slug"] for one in platform.anybody().ask("/v1/matters", place=place)["items"]}


@pytest.fixture
def taken_off(platform):
    """Every place's approval that came with the product is revoked, as a government would that has not admitted it."""
    admin = platform.as_role("admin", None, "")
    for row in admin.ask("/v1/approvals", subject=SUBJECT, in_force="true", limit=100)["items"]:
        admin.order(f"/v1/approvals/{row['approval_id']}/revoke", reason="本区尚未准入")


def test_flow_19_the_desk_blocks_the_unlisted_until_the_government_has_admitted_it(platform, taken_off):
    clerk, street = platform.as_account("clerk"), platform.as_account("street")
    application = {"matter": SUBJECT, "channel": "window", "applicant": person(), "form": {}, "materials": []}

    # A department pushes what is not on the list: neither shown nor accepted, and told how to get it there.
    assert SUBJECT not in listed(platform)
    for refused in (
        clerk.get(f"/v1/matters/{SUBJECT}"),
        clerk.send_order("/v1/cases", **application, place=PLACE),
    ):
        assert refused.status_code == 403 and refused.json()["slug"] == "matter-not-approved"
        assert "准入" in refused.json()["detail_zh"] and "matter 29" in refused.json()["detail_en"]

    # It applies, with policy basis, plan and means.
    sent = clerk.post("/v1/materials", files={"file": ("a.pdf", PDF, "application/pdf")})
    case_no = clerk.order(
        "/v1/cases",
        matter="access-approval",
        channel="window",
        place=PLACE,
        applicant=person(),
        form={
            "department": "区人社局", "task_title": "就业登记", "kind": "task", "subject": SUBJECT,
            "policy_basis": "某政发〔2026〕1号", "plan": "社区初核，街道办理", "resources": "协管员一名", "consent": True,
        },
        materials=[{"name": "policy-document", "sha256": sent.json()["sha256"]}],
    )["case_no"]  # fmt: skip
    review = platform.task("street", case_no, "legal")["task_id"]
    street.order(f"/v1/tasks/{review}/finish", note="依据齐备")
    decision = platform.task("street", case_no, "government")["task_id"]
    assert SUBJECT not in listed(platform), "reviewed is not yet decided"
    street.order(f"/v1/tasks/{decision}/finish", note="同意准入")
    platform.until_status(case_no, "closed")

    # The decision itself put it on the desks of that place, and on no other's.
    assert SUBJECT in listed(platform) and SUBJECT not in listed(platform, "110105002001")
    shown = clerk.ask(f"/v1/matters/{SUBJECT}")["approval"]
    assert (shown["decided_by"], shown["place"]) == (case_no, PLACE)
    assert platform.history(case_no)[-2]["kind"] == "approved"
    incomplete = clerk.send_order("/v1/cases", **application, place=PLACE)
    assert incomplete.status_code == 422, "the desk speaks of the form now, not of the list"


def test_work_outside_its_list_is_not_pushed_to_the_community(platform):
    clerk, property_ = platform.as_account("clerk"), platform.as_account("property")
    case_no = platform.file(platform.repair())["case_no"]
    task = platform.task("property", case_no, "property")["task_id"]
    property_.order(f"/v1/tasks/{task}/return", reason="请社区代办")
    platform.until_noted(case_no, "return-asked")
    pushed = clerk.send_order(
        f"/v1/tasks/{task}/decide-return", decision="upheld", unit="grid", reason="同意"
    )
    assert pushed.status_code == 403 and pushed.json()["slug"] == "not-the-communitys"
    assert "access approval" in pushed.json()["detail_en"]


def test_a_matter_is_checked_and_tried_before_it_is_in_force(platform):
    admin = platform.as_role("admin", None, "")
    checked = admin.order("/v1/matters/check", text="code: '1'\nslug: x\nversion: none\n")
    faults = {(fault["line"], fault["where"]) for fault in checked["findings"]}
    assert not checked["sound"] and (3, "version") in faults
    tried = admin.order(
        "/v1/matters/repair/trial",
        **{name: platform.repair("urgent")[name] for name in ("applicant", "form", "materials")},
    )
    assert tried["acceptable"] and [task["unit"] for task in tried["tasks"]] == ["property"]
    refused = platform.as_account("clerk").send_order("/v1/matters/repair/trial")
    assert refused.status_code == 403
