"""Messages may overtake one another after a retry; whatever their order, the case ends the same."""

from services.contracts import frontdesk, tasks
from tests.integration.frontdesk.conftest import PLACE


def raised(desk, finding_id="f-1"):
    desk.hear(
        frontdesk.WelfareConcernRaised, "meters", finding_id=finding_id, place=PLACE, household="h-1",
        evidence={"hours": 12}, person={"name": "王某"}, raised_at=desk.now,
    )  # fmt: skip


def retracted(desk, finding_id="f-1"):
    desk.hear(frontdesk.FindingRetracted, "meters", finding_id=finding_id, reason="有用水", at=desk.now)


def test_a_retraction_that_overtakes_its_finding_keeps_the_case_from_opening(desk):
    retracted(desk)
    retracted(desk)
    raised(desk)
    assert desk.said("CaseFiled") == desk.said("TaskAssigned") == []
    raised(desk, "another")
    assert len(desk.said("CaseFiled")) == 1


def test_whoever_answers_a_withdrawn_task_is_told_again(desk):
    receipt = desk.complain(topic="property")
    ids = {task["unit"]: task["task_id"] for task in receipt["tasks"]}
    desk.order(frontdesk.WithdrawCase, case_no=receipt["case_no"], reason="不办了")
    before = desk.said("TaskWithdrawn")
    desk.hear(tasks.TaskStoodDown, task_id=ids["community"], officer="rule", at=desk.now, undone=[])
    assert desk.said("TaskWithdrawn") == before, "standing down is no answer that shows ignorance"
    desk.sign(ids["property"])
    desk.finish(ids["property"])
    assert [data["task_id"] for _, _, data in desk.said("TaskWithdrawn")[len(before) :]] == [
        ids["property"]
    ] * 2
    assert desk.case(receipt["case_no"])["status"] == "withdrawn"


def test_what_was_done_counts_as_withdrawn_too(desk):
    receipt = desk.move_in()
    desk.finish(receipt["tasks"][0]["task_id"])
    desk.order(frontdesk.WithdrawCase, case_no=receipt["case_no"], reason="不搬了")
    assert {lane["status"] for lane in desk.case(receipt["case_no"])["lanes"]} == {"withdrawn"}


def test_a_visit_that_was_made_before_the_retraction_was_made(desk):
    raised(desk)
    no = desk.said("CaseFiled")[0][2]["case_no"]
    desk.finish(desk.lane(no, "community")["task_id"], "unanswered")
    retracted(desk)
    assert {lane["unit"]: lane["status"] for lane in desk.case(no)["lanes"]} == {
        "community": "done",
        "street": "withdrawn",
    }


def test_a_signature_that_the_finish_overtook_is_in_the_history_all_the_same(desk):
    receipt = desk.move_in()
    task = receipt["tasks"][0]["task_id"]
    desk.finish(task)
    desk.sign(task)
    assert desk.kinds(receipt["case_no"])[-2:] == ["finished", "signed"]
    (lane,) = [one for one in desk.case(receipt["case_no"])["lanes"] if one["task_id"] == task]
    assert (lane["status"], lane["signed_at"] is not None) == ("done", True)
