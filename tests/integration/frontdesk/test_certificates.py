"""Certificates as closed cases give them, and the register of seal uses (S18.6-7)."""

import base64
import hashlib
import io
from datetime import timedelta

import pypdf
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.identifiers import Caller
from services.contracts import certificates, frontdesk
from services.frontdesk import matters
from services.frontdesk.certificates.blocklist import CertificateNotIssued
from services.frontdesk.certificates.model import (
    ApproverIsAnother,
    CertificateRevoked,
    HasCertificate,
    NoCertificate,
    NothingToCertify,
    UnknownCertificate,
    WordsMissing,
)
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.model import NotYours, UnknownCase
from tests.integration.frontdesk.conftest import (
    CLERK,
    PLACE,
    STRANGER,
    SUPERVISOR,
    TERMINAL,
    id_number,
    staff,
)

COMMUNITY = "110105001001"
PUBLIC = Caller.of(None)
OFFICER = staff("officer", department="street", account="li")
DIRECTOR = staff("manager", department="street", account="director")


@pytest.fixture(autouse=True)
def empty(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE certificates, documents, seal_uses RESTART IDENTITY"))


def application(**changes):
    form = {
        "address": f"{PLACE}-3-502", "since": "2019-03-01", "reason": "学校要求", "purpose": "子女入学", "pledge": True,
        "requester": "某小学", "legal_article": "《义务教育法》第十二条", "consent": True,
    } | changes  # fmt: skip
    return {
        "matter": "residence-certificate",
        "channel": "window",
        "applicant": {"name": "张某某", "id_number": id_number(1), "phone": "13500000000"},
        "form": {name: value for name, value in form.items() if value is not None},
        "materials": [{"name": "evidence", "pledge": True}],
    }


def file(desk, **changes):
    return desk.order(frontdesk.FileCase, CLERK, **application(**changes))


def issue(desk, receipt=None, **found):
    receipt = receipt or file(desk)
    no = receipt["case_no"]
    desk.finish(f"{no}.grid", **found)
    desk.finish(f"{no}.community")
    return receipt


def paper(desk, no, caller=CLERK, **more):
    found = desk.ask(certificates.GetCertificateDocument, caller, case_no=no, **more)
    content = base64.b64decode(found["content"])
    assert hashlib.sha256(content).hexdigest() == found["sha256"]
    said = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return found, said.replace("\n", "")


def verify(desk, number, code):
    return desk.ask(certificates.VerifyCertificate, PUBLIC, number=number, code=code)


# -- asking for one --


@pytest.mark.parametrize("missing", ["reason", "purpose", "pledge", "requester", "legal_article"])
def test_reason_purpose_pledge_and_the_cited_article_are_asked(desk, missing):
    with pytest.raises(IncompleteForm) as told:
        file(desk, **{missing: None})
    assert set(told.value.field_sentences) == {f"form.{missing}"}


def test_evidence_is_asked_and_a_refused_pledge_is_none(desk):
    with pytest.raises(IncompleteForm) as told:
        desk.order(frontdesk.FileCase, CLERK, **{**application(pledge=False), "materials": []})
    assert set(told.value.field_sentences) == {"form.pledge", "materials.evidence"}


@pytest.mark.parametrize("matter", ["no-crime-certificate", "kinship", "无犯罪记录证明"])
def test_what_is_on_the_blocklist_is_refused_with_who_does_it_instead(desk, matter):
    with pytest.raises(CertificateNotIssued) as refused:
        desk.order(frontdesk.FileCase, CLERK, **{**application(), "matter": matter})
    assert "替代办法" in refused.value.chinese and "Instead" in refused.value.en
    with pytest.raises(CertificateNotIssued):
        desk.ask(frontdesk.GetMatter, code=matter)


def test_the_blocklist_is_of_the_place_that_is_asked(desk):
    found = desk.ask(certificates.ListBlockedCertificates, PUBLIC, place="420106001001")["items"]
    assert len(found) == 21
    (one,) = desk.ask(certificates.ListBlockedCertificates, PUBLIC, q="犯罪")["items"]
    assert one["code"] == "no-crime"


# -- giving it --


def test_it_is_made_in_the_transaction_that_closes_the_case(desk):
    receipt = issue(desk, address="一口社区3号楼2单元502室")
    no = receipt["case_no"]
    case = desk.case(no)
    assert case["status"] == "closed" and case["certificate"] == f"ZM{no}"
    assert desk.kinds(no)[-2:] == ["certificate-issued", "closed"]
    found, said = paper(desk, no)
    assert f"张某某（公民身份号码{id_number(1)}）自2019年3月1日起在一口社区3号楼2单元502室居住" in said
    assert "示范街道一口社区居民委员会" in said and "《义务教育法》第十二条" in said
    assert f"{found['code'][:5]}-{found['code'][5:]}" in said
    (seal,) = desk.ask(certificates.ListSealUses)["items"]
    assert (seal["use"], seal["number"], seal["case_no"]) == ("certificate", f"ZM{no}", no)
    assert (seal["handled_by"], seal["approved_by"], seal["why"]) == ("clerk", "o", "子女入学")
    assert seal["sha256"] == found["sha256"] and seal["asked_by"] == "张**"


def test_anybody_checks_it_by_number_and_code_and_learns_no_more_than_the_paper_must_prove(desk):
    no = issue(desk)["case_no"]
    found, _ = paper(desk, no)
    checked = verify(desk, found["number"], found["code"])
    assert (
        checked["state"] == "valid" and checked["holder"] == "张**" and checked["sha256"] == found["sha256"]
    )
    assert not {"case_no", "place", "revoked_why", "revoked_by"} & checked.keys()
    assert id_number(1) not in str(checked) and "502" not in str(checked)
    other = issue(desk)["case_no"]
    for number, code in (
        (found["number"], "ABCDEFGHJK"),
        (f"ZM{other}", found["code"]),
        ("ZM20200101-0000001", found["code"]),
    ):
        with pytest.raises(UnknownCertificate):
            verify(desk, number, code)


def test_it_holds_through_its_last_day(desk):
    found, said = paper(desk, issue(desk)["case_no"])
    assert "2027-02-21" in said  # ninety days from the 23rd of November
    desk.now += timedelta(days=90, hours=13, minutes=59)
    assert verify(desk, found["number"], found["code"])["state"] == "valid"
    desk.now += timedelta(minutes=1)
    assert verify(desk, found["number"], found["code"])["state"] == "expired"


def test_the_paper_is_for_the_receipts_holder_and_for_staff_who_see_the_form(desk):
    receipt = issue(desk)
    no = receipt["case_no"]
    assert paper(desk, no, TERMINAL, token=receipt["tracking_token"])
    assert paper(desk, no, OFFICER)
    for caller in (TERMINAL, STRANGER, staff("auditor"), staff("officer", department="party")):
        with pytest.raises(UnknownCase):
            paper(desk, no, caller)
    with pytest.raises(NoCertificate):
        paper(desk, desk.complain()["case_no"])


def test_a_refused_case_gives_none(desk):
    no = file(desk)["case_no"]
    desk.finish(f"{no}.grid", "refused")
    assert desk.case(no)["status"] == "refused" and desk.case(no)["certificate"] is None
    assert desk.ask(certificates.ListSealUses)["items"] == []
    with pytest.raises(NothingToCertify):
        desk.order(certificates.IssueCertificate, OFFICER, case_no=no)


def test_a_case_of_the_first_version_closes_as_it_did(desk, monkeypatch):
    first = matters.catalogue().get("residence-certificate", 1)
    monkeypatch.setattr(matters, "catalogue", lambda: matters.Catalogue([first]))
    given = application()
    for name in ("reason", "pledge"):
        del given["form"][name]
    no = desk.order(frontdesk.FileCase, CLERK, **{**given, "materials": []})["case_no"]
    monkeypatch.undo()
    desk.finish(f"{no}.grid")
    desk.finish(f"{no}.community")
    assert desk.kinds(no)[-1] == "closed" and desk.case(no)["certificate"] is None


# -- by hand, again, and back --


def volunteer(desk):
    given = application()
    form = {name: given["form"][name] for name in ("reason", "purpose", "pledge", "consent")}
    return desk.order(
        frontdesk.FileCase, CLERK, **{**given, "matter": "volunteer-certificate", "form": form, "materials": []},
        place=PLACE,
    )["case_no"]  # fmt: skip


def test_what_cannot_be_worded_is_noted_and_made_by_hand(desk):
    no = volunteer(desk)
    desk.finish(f"{no}.volunteers", hours=12)
    assert desk.kinds(no)[-2:] == ["certificate-not-made", "closed"]
    coordinator = staff("coordinator", department="volunteers", account="zhao")
    with pytest.raises(WordsMissing) as told:
        desk.order(certificates.IssueCertificate, coordinator, case_no=no)
    assert set(told.value.field_sentences) == {"facts.volunteers.content"}
    with pytest.raises(NotYours):
        desk.order(certificates.IssueCertificate, OFFICER, case_no=no)
    facts = {"volunteers.content": "助老", "name": "李某某"}
    made = desk.order(certificates.IssueCertificate, coordinator, case_no=no, facts=facts)
    _, said = paper(desk, no)
    assert "时长为12小时，内容：助老" in said and "第十九条" in said
    assert "张某某" in said and "李某某" not in said, "who applied is not changed by hand"
    assert desk.ask(certificates.ListSealUses)["items"][0]["approved_by"] == "zhao"
    with pytest.raises(HasCertificate):
        desk.order(certificates.IssueCertificate, coordinator, case_no=no, facts=facts)
    assert made["number"] == f"ZM{no}"


def test_a_revoked_one_is_shown_as_revoked_and_another_takes_the_next_number(desk):
    no = issue(desk)["case_no"]
    found, _ = paper(desk, no)
    with pytest.raises(UnknownCertificate):
        desk.order(certificates.RevokeCertificate, STRANGER, number=found["number"], reason="x")
    desk.order(certificates.RevokeCertificate, SUPERVISOR, number=found["number"], reason="地址有误")
    checked = verify(desk, found["number"], found["code"])
    assert checked["state"] == "revoked" and checked["revoked_at"] == desk.now
    with pytest.raises(CertificateRevoked):
        desk.order(certificates.RevokeCertificate, SUPERVISOR, number=found["number"], reason="x")
    with pytest.raises(NoCertificate):
        paper(desk, no)
    desk.order(certificates.IssueCertificate, OFFICER, case_no=no, facts={"grid.address": "某路1号"})
    second, said = paper(desk, no)
    assert second["number"] == f"ZM{no}-2" and "某路1号" in said
    assert verify(desk, second["number"], second["code"])["state"] == "valid"
    assert len(desk.ask(certificates.ListCertificates, case_no=no)["items"]) == 2
    assert [one["number"] for one in desk.ask(certificates.ListCertificates, revoked=True)["items"]] == [
        found["number"]
    ]


def test_done_again_the_new_certificate_replaces_the_first(desk):
    no = issue(desk)["case_no"]
    first, _ = paper(desk, no)
    desk.order(frontdesk.ReopenCase, CLERK, case_no=no, reason="地址写错")
    desk.finish(f"{no}.community.2", address="更正后的地址")
    second, _ = paper(desk, no)
    assert second["number"] == f"ZM{no}-2"
    assert verify(desk, first["number"], first["code"])["state"] == "revoked"


# -- the seal register --


def work_use(**more):
    return {
        "place": COMMUNITY, "document": "关于停水的通知", "why": "告知居民", "asked_by": "物业公司", "handled_by": "li",
        "sha256": "a" * 64, "copies": 3,
    } | more  # fmt: skip


def test_the_second_use_of_the_seal_is_work_approved_by_another_than_who_stamps(desk):
    with pytest.raises(ApproverIsAnother):
        desk.order(certificates.RegisterSealUse, DIRECTOR, **work_use(handled_by="director"))
    with pytest.raises(NotYours):
        desk.order(certificates.RegisterSealUse, DIRECTOR, **work_use(place="110105002001"))
    desk.order(certificates.RegisterSealUse, DIRECTOR, **work_use())
    issue(desk)
    both = desk.ask(certificates.ListSealUses, SUPERVISOR)["items"]
    assert [line["use"] for line in both] == ["work", "certificate"]
    assert (both[0]["handled_by"], both[0]["approved_by"], both[0]["copies"]) == ("li", "director", 3)
    assert [one["seq"] for one in desk.ask(certificates.ListSealUses, use="work")["items"]] == [
        both[0]["seq"]
    ]
    assert desk.ask(certificates.ListSealUses, STRANGER)["items"] == []


@pytest.mark.parametrize("table", ["seal_uses", "documents"])
@pytest.mark.parametrize("change", ["UPDATE {} SET sha256 = 'x'", "DELETE FROM {}"])
def test_the_register_and_the_documents_only_grow(desk, engine, table, change):
    issue(desk)
    with pytest.raises(DBAPIError, match="only grows"), engine.begin() as connection:
        connection.execute(text(change.format(table)))
