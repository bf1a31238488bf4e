"""Rules §1 "Petition (Law)": 15 d to register; close 60 d + ≤ 30 d; review request 30 d, answer 30 d."""

from datetime import timedelta

import pytest

from services.chassis import clock
from services.contracts import care, frontdesk, tasks
from services.frontdesk.care.petitions import STAGES, NoReview, ReviewedInstead, ReviewTooLate
from services.frontdesk.handlers.extensions import ExtensionTooLong
from services.frontdesk.model import UnknownCase
from tests.integration.frontdesk.conftest import STRANGER, complaint

DAYS = timedelta(days=1)
INSTANT = timedelta(seconds=1)


def petition(desk):
    form = {"topic": "housing", "wish": "依法补偿"}
    return desk.order(frontdesk.FileCase, **complaint(form=form, matter="petition"))


def registered(desk):
    receipt = petition(desk)
    desk.finish(receipt["tasks"][0]["task_id"])
    return receipt["case_no"]


def answered(desk):
    no = registered(desk)
    desk.finish(f"{no}.housing")
    return no


def stage(desk, no):
    return desk.case(no)["petition"]["stage"]


def ask(desk, no, **more):
    return desk.order(care.AskReview, case_no=no, reason="答复与事实不符", **more)


def test_every_stage_of_the_table_is_left_or_is_an_end():
    left = {stage for stage, _ in STAGES}
    assert set(STAGES.values()) - left == {"informed", "final", "ended"}
    assert left - set(STAGES.values()) == {"received"}


def test_it_is_registered_within_fifteen_days(desk):
    receipt = petition(desk)
    (task,) = receipt["tasks"]
    assert (task["unit"], task["due_at"]) == ("street", desk.now + 15 * DAYS), (
        "calendar days, as the law counts"
    )
    no = receipt["case_no"]
    desk.tick(days=15, seconds=-1)
    assert "overdue" not in desk.kinds(no)
    desk.tick(seconds=1)
    assert "overdue" in desk.kinds(no)


def test_the_sixty_days_begin_with_the_acceptance_and_at_most_thirty_are_added(desk):
    receipt = petition(desk)
    desk.now += 10 * DAYS
    desk.finish(receipt["tasks"][0]["task_id"])
    no = receipt["case_no"]
    task = desk.lane(no, "housing")
    assert stage(desk, no) == "accepted" and task["due_at"] == desk.now + 60 * DAYS
    latest = task["due_at"] + 30 * DAYS
    asked = {"task_id": task["task_id"], "officer": "head", "at": desk.now, "reason": "情况复杂"}
    desk.hear(tasks.TaskExtensionAsked, **asked, until=latest + INSTANT)
    decide = {"task_id": task["task_id"], "granted": True, "reason": "同意"}
    with pytest.raises(ExtensionTooLong):
        desk.order(frontdesk.DecideExtension, **decide)
    desk.order(frontdesk.DecideExtension, **decide, until=latest.isoformat())
    assert desk.lane(no, "housing")["due_at"] == latest


def test_what_has_a_statutory_channel_is_informed_and_not_accepted(desk):
    receipt = petition(desk)
    task_id, no = receipt["tasks"][0]["task_id"], receipt["case_no"]
    desk.sign(task_id)
    desk.hear(
        tasks.TaskFinished, task_id=task_id, officer="o", at=desk.now, outcome="statutory",
        result={"instead": "诉讼"}, note="已由法院受理",
    )  # fmt: skip
    assert (desk.case(no)["status"], stage(desk, no)) == ("not-accepted", "informed")
    lines = {line["kind"]: line["detail"] for line in desk.ask(frontdesk.ListHistory, case_no=no)["items"]}
    assert lines["not-accepted"] == {"reason": "已由法院受理", "instead": "诉讼"}
    assert [to for _, to, _ in desk.said("TaskAssigned")] == ["street"], "nobody else was troubled"
    assert desk.said("CaseClosed")[-1][2]["status"] == "not-accepted"
    with pytest.raises(NoReview):
        ask(desk, no)


def test_the_desk_may_decline_it_before_anybody_signed(desk):
    no = petition(desk)["case_no"]
    desk.order(frontdesk.DeclineCase, case_no=no, reason="已在仲裁", instead="仲裁")
    assert stage(desk, no) == "informed"


def test_a_review_may_be_asked_for_thirty_days_and_is_answered_in_thirty_by_another_unit(desk):
    no = answered(desk)
    assert stage(desk, no) == "answered"
    desk.tick(days=30, seconds=-1)
    face = ask(desk, no)
    task = desk.lane(no, "government")
    assert (face["status"], stage(desk, no)) == ("handling", "in-review")
    assert (task["step"], task["due_at"]) == ("review", desk.now + 30 * DAYS)
    desk.finish(task["task_id"])
    assert (desk.case(no)["status"], stage(desk, no)) == ("closed", "reviewed")
    ask(desk, no)
    again = desk.lane(no, "government")
    assert (again["step"], stage(desk, no)) == ("re-examination", "in-re-examination")
    desk.finish(again["task_id"])
    assert stage(desk, no) == "final"
    with pytest.raises(NoReview):
        ask(desk, no)


def test_after_thirty_days_the_answer_is_final(desk):
    no = answered(desk)
    desk.now += 30 * DAYS + INSTANT
    with pytest.raises(ReviewTooLate):
        ask(desk, no)
    desk.tick()
    assert stage(desk, no) == "final"
    with pytest.raises(NoReview):
        ask(desk, no)
    desk.tick(days=1)
    assert desk.case(no)["status"] == "archived"


def test_it_is_not_archived_while_a_review_may_still_be_asked_for(desk):
    no = registered(desk)
    desk.now = clock.parse("2026-12-01T02:00:00Z")
    desk.finish(f"{no}.housing")
    desk.tick(days=29)
    assert desk.case(no)["status"] == "closed"


def test_nobody_judges_his_own_answer(desk):
    """A bad rating or a reopening would give it back to the unit that answered; a review does not."""
    no = answered(desk)
    desk.order(frontdesk.RateCase, case_no=no, stars=1)
    assert desk.case(no)["status"] == "closed" and desk.case(no)["rating"] == 1
    with pytest.raises(ReviewedInstead):
        desk.order(frontdesk.ReopenCase, case_no=no, reason="重办")


def test_a_review_is_the_petitioners(desk):
    no = answered(desk)
    with pytest.raises(UnknownCase):
        ask(desk, no, caller=STRANGER)
    plain = desk.complain()["case_no"]
    desk.finish(f"{plain}.community")
    with pytest.raises(NoReview):
        ask(desk, plain)


def test_taken_back_it_is_over(desk):
    no = registered(desk)
    desk.order(frontdesk.WithdrawCase, case_no=no, reason="已解决")
    assert (desk.case(no)["status"], stage(desk, no)) == ("withdrawn", "ended")
