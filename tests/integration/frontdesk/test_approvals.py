"""Access approval (S18.1-2, flow 19): nothing reaches a desk that was not admitted to it."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.contracts import approvals, frontdesk
from services.frontdesk import shipped
from services.frontdesk.approvals.model import (
    AlreadyRevoked,
    MatterNotApproved,
    NotTheCommunitys,
    UnknownApproval,
)
from services.frontdesk.matters import UnknownMatter
from tests.integration.frontdesk.conftest import CLERK, PLACE, SUPERVISOR, complaint, id_number, staff

ADMIN = staff("admin", "")
DISTRICT = "110105"
DISTRICT_CLERK = staff("clerk", DISTRICT)
COMMUNITY = "110105001001"
OTHER_STREET = "110105002001"


@pytest.fixture(autouse=True)
def as_shipped(engine):
    def again():
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE approvals"))
            shipped.bring(connection)

    again()
    yield
    again()


def slugs(desk, place=COMMUNITY):
    return {matter["slug"] for matter in desk.ask(frontdesk.ListMatters, place=place)["items"]}


def take_off(desk, slug="complaint"):
    desk.order(approvals.RevokeApproval, ADMIN, approval_id=f"shipped:{slug}", reason="本区未准入")


def apply(desk, subject="complaint", place=COMMUNITY, **more):
    digest = desk.upload("c" * 64, "application/pdf")
    form = {
        "department": "区民政局", "task_title": "投诉求助", "kind": "task", "subject": subject,
        "policy_basis": "某办发〔2026〕1号", "plan": "方案", "resources": "人员两名", "consent": True,
    } | more  # fmt: skip
    return desk.order(
        frontdesk.FileCase,
        DISTRICT_CLERK,
        matter="access-approval",
        channel="window",
        place=place,
        applicant={"name": "李某", "id_number": id_number(2), "phone": "13500000000"},
        form=form,
        materials=[{"name": "policy-document", "sha256": digest}],
    )["case_no"]


def decide(desk, no, outcome="done"):
    desk.finish(f"{no}.legal")
    desk.finish(f"{no}.government", outcome)


def only_of(desk, subject="complaint"):
    return [
        row
        for row in desk.ask(approvals.ListApprovals, subject=subject)["items"]
        if row["decided_by"][0] == "2"
    ]


def test_the_shipped_catalogue_is_approved_with_its_basis_and_each_upgrade_brings_only_what_is_missing(desk):
    assert len(slugs(desk)) == 33
    rows = desk.ask(approvals.ListApprovals, limit=200)["items"]
    assert len(rows) == 33 and all(row["basis"] and row["decided_by"] for row in rows)
    take_off(desk)
    with desk.engine.begin() as connection:
        shipped.bring(connection)
    assert "complaint" not in slugs(desk), "an upgrade does not undo a revocation"


def test_what_was_taken_off_is_neither_shown_nor_accepted_and_the_refusal_says_how_to_apply(desk):
    take_off(desk)
    assert "complaint" not in slugs(desk)
    for asked in (
        lambda: desk.ask(frontdesk.GetMatter, code="30"),
        lambda: desk.order(frontdesk.FileCase, CLERK, **complaint()),
    ):
        with pytest.raises(MatterNotApproved) as refused:
            asked()
        assert "准入" in refused.value.chinese and "matter 29" in refused.value.en
    assert desk.said() == []
    with pytest.raises(UnknownMatter) as unknown:
        desk.ask(frontdesk.GetMatter, code="99")
    assert "准入" in unknown.value.chinese, "flow 19: the desk blocks the unlisted and says how to list it"


def test_a_positive_decision_of_the_government_admits_by_itself(desk):
    take_off(desk)
    no = apply(desk)
    desk.finish(f"{no}.legal")
    assert "complaint" not in slugs(desk), "the first review alone admits nothing"
    desk.finish(f"{no}.government")
    assert desk.case(no, DISTRICT_CLERK)["status"] == "closed"
    assert desk.kinds(no)[-2:] == ["approved", "closed"]
    (row,) = only_of(desk)
    assert (row["decided_by"], row["place"], row["basis"]) == (no, COMMUNITY, "某办发〔2026〕1号")
    assert desk.complain()["case_no"]
    assert "complaint" not in slugs(desk, OTHER_STREET), "admitted where it was asked for, and nowhere else"


def test_a_place_admits_for_every_place_within(desk):
    take_off(desk)
    decide(desk, apply(desk, place=DISTRICT, listed_place="110105001"))
    assert "complaint" in slugs(desk, COMMUNITY) and "complaint" in slugs(desk, PLACE)
    assert "complaint" not in slugs(desk, OTHER_STREET) and "complaint" not in slugs(desk, DISTRICT)


@pytest.mark.parametrize("refuses", ["legal", "government"])
def test_a_negative_decision_admits_nothing(desk, refuses):
    take_off(desk)
    no = apply(desk)
    if refuses == "government":
        desk.finish(f"{no}.legal")
    desk.finish(f"{no}.{refuses}", "refused")
    assert desk.case(no, DISTRICT_CLERK)["status"] == "refused"
    assert only_of(desk) == [] and "complaint" not in slugs(desk)


def test_the_first_reviews_redo_cannot_stand_in_for_the_governments_yes(desk):
    take_off(desk)
    no = apply(desk)
    decide(desk, no, "refused")
    desk.order(frontdesk.ReopenCase, DISTRICT_CLERK, case_no=no, reason="复核")
    for lane in desk.case(no, DISTRICT_CLERK)["lanes"]:
        if lane["status"] == "assigned":
            desk.finish(lane["task_id"])
    assert desk.case(no, DISTRICT_CLERK)["status"] == "closed"
    assert only_of(desk) == []


def test_what_was_admitted_is_off_the_desk_when_the_case_is_done_again_and_refused(desk):
    take_off(desk)
    no = apply(desk)
    decide(desk, no)
    desk.order(frontdesk.ReopenCase, DISTRICT_CLERK, case_no=no, reason="依据废止")
    for lane in desk.case(no, DISTRICT_CLERK)["lanes"]:
        if lane["status"] == "assigned":
            desk.finish(lane["task_id"], "refused")
    (row,) = only_of(desk)
    assert row["revoked_by"] == no and "complaint" not in slugs(desk)


def test_it_holds_through_its_last_day_and_not_a_day_longer(desk):
    take_off(desk)
    decide(desk, apply(desk, valid_until="2026-11-30"))
    desk.now += timedelta(days=7)  # the 30th
    assert "complaint" in slugs(desk)
    desk.now += timedelta(hours=13, minutes=59)  # one minute to midnight in Beijing
    assert "complaint" in slugs(desk)
    desk.now += timedelta(minutes=1)
    assert "complaint" not in slugs(desk)
    with pytest.raises(MatterNotApproved):
        desk.complain()


def test_a_revocation_is_by_whoever_supervises_the_whole_of_its_place_and_once(desk):
    take_off(desk)
    no = apply(desk)
    decide(desk, no)
    stranger = staff("supervisor", "110105002")
    with pytest.raises(UnknownApproval):
        desk.order(approvals.RevokeApproval, stranger, approval_id=no, reason="x")
    with pytest.raises(UnknownApproval):  # of every place: a street's supervisor has no say in that
        desk.order(approvals.RevokeApproval, SUPERVISOR, approval_id="shipped:repair", reason="x")
    desk.order(approvals.RevokeApproval, SUPERVISOR, approval_id=no, reason="依据废止")
    assert "complaint" not in slugs(desk)
    with pytest.raises(AlreadyRevoked):
        desk.order(approvals.RevokeApproval, SUPERVISOR, approval_id=no, reason="x")


def test_a_case_under_way_is_finished_though_its_matter_was_taken_off(desk):
    no = desk.complain()["case_no"]
    take_off(desk)
    desk.finish(f"{no}.community")
    assert desk.case(no)["status"] == "closed"


@pytest.mark.parametrize("unit", ["community", "grid"])
def test_work_outside_the_communitys_list_is_not_pushed_to_it(desk, unit):
    receipt = desk.move_in()  # no step of it is the community's
    task = receipt["tasks"][0]["task_id"]
    desk.give_back(task)
    given = {"task_id": task, "decision": "upheld", "reason": "请社区代办"}
    with pytest.raises(NotTheCommunitys) as refused:
        desk.order(frontdesk.DecideReturn, unit=unit, **given)
    assert "准入" in refused.value.chinese and "access approval" in refused.value.en
    assert desk.lane(receipt["case_no"], task.split(".")[1])["status"] == "return-pending"
    desk.order(frontdesk.DecideReturn, unit="street", **given)


def test_devices_findings_need_no_approval(desk):
    assert "welfare-check" not in slugs(desk)
    assert desk.ask(frontdesk.GetMatter, code="E1")["internal"]
