"""After the answer: rated, called back, done again, reopened; and what the desk settles itself."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.contracts import frontdesk
from services.frontdesk.handlers import deadlines
from services.frontdesk.model import AlreadyCalledBack, CaseNotOpenToThis, UnknownCase
from tests.integration.frontdesk.conftest import CLERK, SUPERVISOR, staff


def closed(desk, outcome="done", **more):
    receipt = desk.complain(**more)
    desk.finish(receipt["tasks"][0]["task_id"], outcome)
    return receipt["case_no"]


def called_back(desk, no, **answers):
    return desk.order(frontdesk.RecordCallback, case_no=no, **answers)


# -- done again --


def test_the_unit_that_was_ruled_not_responsible_is_not_the_one_that_does_it_again(desk):
    receipt = desk.move_in()
    first = receipt["tasks"][0]["task_id"]
    desk.give_back(first)
    desk.order(frontdesk.DecideReturn, task_id=first, decision="upheld", unit="street", reason="同意")
    for lane in desk.case(receipt["case_no"])["lanes"]:
        if lane["status"] == "assigned":
            desk.finish(lane["task_id"])
    desk.order(frontdesk.ReopenCase, case_no=receipt["case_no"], reason="情况反复")
    again = desk.said("TaskAssigned")[-1][2]
    assert (again["unit"], again["round"], again["lead"]) == ("street", 2, True)


def test_a_case_done_again_is_invited_to_be_rated_again(desk):
    no = closed(desk)
    desk.order(frontdesk.RateCase, case_no=no, stars=1)
    assert desk.case(no)["rated"] is False, "the new round has no rating yet"
    desk.finish(desk.lane(no, "community")["task_id"])
    desk.tick(days=4)
    assert desk.kinds(no).count("rating-invited") == 1
    desk.order(frontdesk.RateCase, case_no=no, stars=5)
    assert (desk.case(no)["rated"], desk.case(no)["rating"]) == (True, 5)


# -- call-back --


def test_a_call_back_falls_due_unless_the_applicant_has_spoken(desk):
    quiet, rated, reached, away = (closed(desk, channel="online") for _ in range(4))
    desk.order(frontdesk.RateCase, case_no=rated, stars=5)
    called_back(desk, reached, reached=True, resolved=True, satisfied=True)
    called_back(desk, away, reached=False)
    desk.tick(days=3, hours=6, minutes=59)  # the third working day closes at five in the evening
    assert "callback-due" not in desk.kinds(quiet)
    desk.tick(minutes=1)
    due = {no: desk.kinds(no).count("callback-due") for no in (quiet, rated, reached, away)}
    assert due == {quiet: 1, rated: 0, reached: 0, away: 1}


def test_a_call_back_is_about_an_answer_and_is_made_once(desk):
    receipt = desk.complain()
    no = receipt["case_no"]
    with pytest.raises(CaseNotOpenToThis):
        called_back(desk, no, reached=True, resolved=False)
    desk.finish(receipt["tasks"][0]["task_id"])
    called_back(desk, no, reached=False)
    called_back(desk, no, reached=True, resolved=True, satisfied=True)
    with pytest.raises(AlreadyCalledBack):
        called_back(desk, no, reached=True, resolved=False)


def test_who_is_not_satisfied_with_a_refusal_gets_it_looked_at_again(desk):
    no = closed(desk, "refused")
    assert desk.case(no)["status"] == "refused"
    assert called_back(desk, no, reached=True, resolved=True, satisfied=False)["round"] == 2
    desk.finish(desk.lane(no, "community")["task_id"])
    called_back(desk, no, reached=True, resolved=True, satisfied=True)
    assert desk.case(no)["status"] == "closed"


def test_what_has_ended_is_neither_urged_nor_supervised(desk):
    no = closed(desk)
    before = desk.kinds(no)
    with pytest.raises(CaseNotOpenToThis):
        desk.order(frontdesk.UrgeCase, case_no=no, reason="请尽快")
    with pytest.raises(CaseNotOpenToThis):
        desk.order(frontdesk.SuperviseCase, SUPERVISOR, case_no=no, level=3, reason="督办")
    assert desk.kinds(no) == before and desk.case(no)["level"] == 0


# -- settled at the desk --


@pytest.mark.parametrize(
    "order, given, status, detail",
    [
        (frontdesk.AnswerCase, {"answer": "明日停水检修"}, "answered", {"answer": "明日停水检修"}),
        (
            frontdesk.DeclineCase,
            {"reason": "已在诉讼中", "instead": "诉讼"},
            "not-accepted",
            {"reason": "已在诉讼中", "instead": "诉讼"},
        ),
        (
            frontdesk.HandToEmergency,
            {"service": "119", "reason": "有烟"},
            "transferred-emergency",
            {"service": "119", "reason": "有烟"},
        ),
    ],
)
def test_the_desk_settles_a_case_and_the_units_stand_down(desk, order, given, status, detail):
    receipt = desk.complain(topic="property")
    with pytest.raises(UnknownCase):
        desk.order(order, staff("officer", department="community"), case_no=receipt["case_no"], **given)
    assert desk.order(order, CLERK, case_no=receipt["case_no"], **given)["status"] == status
    assert {to for _, to, _ in desk.said("TaskWithdrawn")} == {"street", "property"}
    assert desk.said("CaseClosed")[-1][2]["status"] == status
    line = desk.ask(frontdesk.ListHistory, case_no=receipt["case_no"])["items"][-1]
    assert (line["kind"], line["detail"]) == (status, detail)
    with pytest.raises(CaseNotOpenToThis):
        desk.order(order, case_no=receipt["case_no"], **given)


def test_what_a_unit_has_signed_is_accepted_and_can_no_longer_be_declined(desk):
    receipt = desk.complain()
    desk.sign(receipt["tasks"][0]["task_id"])
    with pytest.raises(CaseNotOpenToThis):
        desk.order(frontdesk.DeclineCase, case_no=receipt["case_no"], reason="不属受理范围")
    desk.order(frontdesk.HandToEmergency, case_no=receipt["case_no"], service="120", reason="有人晕倒")


def test_an_answer_at_the_desk_is_rated_like_any_other_and_may_be_done_again(desk):
    no = desk.complain()["case_no"]
    desk.order(frontdesk.AnswerCase, case_no=no, answer="按规定不需要办理")
    desk.order(frontdesk.RateCase, case_no=no, stars=1, comment="不是这个意思")
    again = desk.said("TaskAssigned")[-1][2]
    assert (desk.case(no)["status"], again["unit"], again["manual"]) == ("handling", "community", True)


def test_an_answer_at_the_desk_is_archived_like_any_other(desk):
    no = desk.complain()["case_no"]
    desk.order(frontdesk.AnswerCase, case_no=no, answer="已告知")
    desk.tick(days=31)
    assert desk.case(no)["status"] == "archived"


# -- the history --


def test_the_history_only_grows(desk):
    desk.complain()
    for change in ("UPDATE history SET actor = 'x'", "DELETE FROM history"):
        with desk.engine.begin() as connection, pytest.raises(ProgrammingError, match="only grows"):
            connection.execute(text(change))


# -- deadlines --


def test_a_case_whose_deadlines_fail_holds_up_no_other_and_is_listed(desk):
    bad, good = desk.complain()["case_no"], desk.complain()["case_no"]
    with desk.engine.begin() as connection:
        connection.execute(
            text("UPDATE cases SET body = jsonb_set(body, '{place}', '7') WHERE no = :no"), {"no": bad}
        )
    desk.tick(days=1)
    assert "sign-late" in desk.kinds(good)
    assert [data["task_id"] for _, _, data in desk.said("TaskUrged")] == [f"{good}.community"]

    def trouble(no):
        with desk.engine.connect() as connection:
            sought = text("SELECT trouble, next_deadline_at FROM cases WHERE no = :no")
            return connection.execute(sought, {"no": no}).one()

    assert "ValidationError" in trouble(bad).trouble
    assert trouble(bad).next_deadline_at == desk.now + timedelta(minutes=10), (
        "it does not come first again at once"
    )
    with desk.engine.begin() as connection:
        mended = text("UPDATE cases SET body = jsonb_set(body, '{place}', to_jsonb(place)) WHERE no = :no")
        connection.execute(mended, {"no": bad})
    assert [row["case_no"] for row in desk.ask(frontdesk.ListCases, trouble=True)["items"]] == [bad]
    desk.tick(minutes=10)
    assert "sign-late" in desk.kinds(bad) and trouble(bad).trouble is None


def test_half_of_what_a_failing_deadline_did_is_not_said(desk, monkeypatch):
    bad, good = desk.complain()["case_no"], desk.complain()["case_no"]
    fire = deadlines._fire

    def fails_afterwards(work, case, kind, key):
        fire(work, case, kind, key)
        if case.no == bad:
            raise KeyError("a rule nobody wrote")

    monkeypatch.setattr(deadlines, "_fire", fails_afterwards)
    desk.tick(days=1)
    assert {data["task_id"] for _, _, data in desk.said("TaskUrged")} == {f"{good}.community"}
    assert desk.kinds(bad) == ["filed", "assigned"]


def test_a_stored_deadline_that_is_out_of_date_is_put_right(desk):
    no = desk.complain()["case_no"]
    with desk.engine.begin() as connection:
        connection.execute(
            text("UPDATE cases SET next_deadline_at = :at"), {"at": desk.now - timedelta(days=1)}
        )
    desk.tick()
    with desk.engine.connect() as connection:
        (at,) = connection.execute(text("SELECT next_deadline_at FROM cases")).one()
    assert at > desk.now and desk.kinds(no) == ["filed", "assigned"]
