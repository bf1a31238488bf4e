"""A certificate from the counter to whoever checks it, and the register of seal uses, through the gateway (S18.6-7)."""

import csv
import hashlib
import io
import random

import pypdf
import pytest

from deploy.demonstration import id_number
from tests.journeys.conftest import PLACE


def application():
    person = {
        "name": "郑某某",
        "id_number": id_number(random.Random(random.random()), 40),
        "phone": f"139{random.randint(0, 99_999_999):08}",
    }
    form = {
        "address": f"{PLACE}003-2-1-302", "since": "2019-03-01", "reason": "学校要求", "purpose": "子女入学", "pledge": True,
        "requester": "某小学", "legal_article": "《义务教育法》第十二条", "consent": True,
    }  # fmt: skip
    return {
        "matter": "residence-certificate", "channel": "kiosk", "applicant": person, "form": form,
        "materials": [{"name": "evidence", "pledge": True}],
    }  # fmt: skip


@pytest.fixture
def closed(platform):
    street = platform.as_account("street")
    given = application()
    receipt = platform.file(given)
    for unit, found in (("grid", {"address": "一口社区2号楼1单元302室"}), ("community", {})):
        task = platform.task("street", receipt["case_no"], unit)["task_id"]
        street.order(f"/v1/tasks/{task}/finish", result=found)
    platform.until_status(receipt["case_no"], "closed")
    return given, receipt


def holder_of(platform, receipt):
    return platform.anybody(**{"X-Tracking-Token": receipt["tracking_token"]})


def test_the_resident_fetches_it_anybody_checks_it_and_a_revocation_shows(platform, closed):
    given, receipt = closed
    answer = holder_of(platform, receipt).get(f"/v1/cases/{receipt['case_no']}/certificate")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert "no-store" in answer.headers["cache-control"]
    pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    said = "".join(page.extract_text() for page in pages).replace("\n", "")
    assert given["applicant"]["id_number"] in said and "一口社区2号楼1单元302室" in said
    number = f"ZM{receipt['case_no']}"
    code = said.partition("查验码 Code ")[2][:11]

    anybody = platform.anybody()
    checked = anybody.ask(f"/v1/certificates/{number}", code=code)
    assert checked["state"] == "valid" and checked["holder"] == "郑**"
    assert checked["sha256"] == hashlib.sha256(answer.content).hexdigest()
    page = anybody.get(f"/c/{number}", params={"code": code, "lang": "en"})
    assert "Valid" in page.text and "郑**" in page.text and given["applicant"]["id_number"] not in page.text
    for wrong in (f"/v1/certificates/{number}?code=ABCDEFGHJK", "/v1/certificates/ZM20200101-0000001?code=x"):
        assert anybody.get(wrong).json()["slug"] == "unknown-certificate"
    assert anybody.get(f"/c/{number}?code=%3Cscript%3E", headers={"Accept": "text/html"}).status_code == 404
    assert anybody.get("/c/anything", headers={"Accept": "text/html"}).status_code == 404

    clerk = platform.as_account("clerk")
    clerk.order(f"/v1/certificates/{number}/revoke", reason="地址有误")
    assert anybody.ask(f"/v1/certificates/{number}", code=code)["state"] == "revoked"
    assert "已撤销" in anybody.get(f"/c/{number}", params={"code": code, "lang": "zh"}).text
    gone = holder_of(platform, receipt).get(f"/v1/cases/{receipt['case_no']}/certificate")
    assert gone.status_code == 404 and gone.json()["slug"] == "no-certificate"
    again = clerk.order(f"/v1/cases/{receipt['case_no']}/certificate")
    assert again["number"] == f"{number}-2"


def test_a_look_at_it_by_staff_is_noted_and_others_do_not_see_it(platform, closed):
    path = f"/v1/cases/{closed[1]['case_no']}/certificate"
    assert platform.as_account("clerk").get(path).status_code == 200
    lines = platform.as_role("auditor", None, "").ask("/v1/accesses", limit=50)["items"]
    assert any(
        line["what"] == "certificates.show" and closed[1]["case_no"] in line["target"] for line in lines
    )
    assert platform.anybody().get(path).status_code == 401
    assert platform.as_account("terminal").get(path).status_code == 403
    assert platform.as_role("clerk", None, "110105002").get(path).status_code == 404


def test_what_is_not_certified_is_said_before_a_form_is_filled(platform):
    anybody = platform.anybody()
    (one,) = anybody.ask("/v1/blocked-certificates", q="犯罪")["items"]
    assert "派出所" in one["instead_zh"] and one["source"]
    refused = anybody.get("/v1/matters/no-crime-certificate")
    assert refused.status_code == 403 and refused.json()["slug"] == "certificate-not-issued"
    filed = platform.as_account("clerk").send_order(
        "/v1/cases", **application() | {"matter": "no-crime-certificate", "channel": "window"}
    )
    assert filed.status_code == 403 and "替代办法" in filed.json()["detail_zh"]


def test_the_register_of_seal_uses_has_both_uses_and_is_exported(platform, closed):
    director = platform.as_role("manager", "street")
    work = {
        "place": PLACE, "document": "=1+1 通知", "why": "告知居民", "asked_by": "某物业", "handled_by": "li", "sha256": "a" * 64,
    }  # fmt: skip
    director.order("/v1/seal-uses", **work)
    itself = director.send_order("/v1/seal-uses", **work | {"handled_by": "manager-street-" + PLACE})
    assert itself.status_code == 403 and itself.json()["slug"] == "approver-is-another"
    seen = platform.as_account("supervisor").ask("/v1/seal-uses", limit=200)["items"]
    assert {line["use"] for line in seen} == {"work", "certificate"}
    assert any(line["number"] == f"ZM{closed[1]['case_no']}" for line in seen)
    sheet = platform.as_account("supervisor").get("/v1/seal-uses.csv", params={"place": PLACE})
    assert sheet.status_code == 200 and sheet.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(sheet.text.lstrip("\ufeff"))))
    assert len(rows) == len(seen) + 1 and "'=1+1 通知" in {row[4] for row in rows}
    assert platform.as_account("terminal").get("/v1/seal-uses.csv").status_code == 403
