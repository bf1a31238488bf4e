"""Several units, several cases: who is needed, who stands down, who follows whom."""

from datetime import timedelta

import msgspec
import pytest

from services.contracts import frontdesk, tasks
from services.frontdesk import matters
from services.frontdesk.handlers.extensions import ExtensionNotLater, ExtensionTooLong
from services.frontdesk.handlers.returns import AlreadyReturnedIt
from services.frontdesk.matters import Catalogue
from services.frontdesk.model import CannotFollowItself, NothingToDecide
from tests.integration.frontdesk.conftest import CLERK

FIVE = {"property", "meters", "cameras", "party", "volunteers"}


# -- roll-ups --


@pytest.fixture
def rolled_up(monkeypatch):
    """Moving in, closing by another rule than the data's."""

    def by(rule):
        changed = msgspec.structs.replace(matters.catalogue().get("moving-in"), roll_up=rule)
        catalogue = Catalogue([changed])
        monkeypatch.setattr(matters, "catalogue", lambda: catalogue)

    return by


def test_with_any_the_first_answer_closes_and_the_others_stand_down(desk, rolled_up):
    rolled_up("any")
    receipt = desk.move_in()
    ids = {task["unit"]: task["task_id"] for task in receipt["tasks"]}
    desk.finish(ids["party"], "refused")
    assert desk.case(receipt["case_no"])["status"] == "handling", "a refusal is no answer yet"
    desk.ask_supplement(ids["meters"])
    desk.finish(ids["cameras"])
    case = desk.case(receipt["case_no"])
    assert case["status"] == "closed"
    assert {to for _, to, _ in desk.said("TaskWithdrawn")} == FIVE - {"party", "cameras"}
    assert {lane["unit"]: lane["status"] for lane in case["lanes"]} == {
        "party": "refused", "cameras": "done",
        "property": "withdrawn", "meters": "withdrawn", "volunteers": "withdrawn",
    }  # fmt: skip


def test_with_any_a_case_is_refused_when_the_last_has_refused(desk, rolled_up):
    rolled_up("any")
    receipt = desk.move_in()
    for task in receipt["tasks"]:
        desk.finish(task["task_id"], "refused")
    assert desk.case(receipt["case_no"])["status"] == "refused"


def test_with_a_quorum_so_many_are_enough_and_the_rest_stands_down(desk, rolled_up):
    rolled_up("quorum(3)")
    receipt = desk.move_in()
    *three, fourth, fifth = [task["task_id"] for task in receipt["tasks"]]
    for task_id in three[:2]:
        desk.finish(task_id)
    assert desk.case(receipt["case_no"])["status"] == "handling"
    desk.finish(three[2])
    assert desk.case(receipt["case_no"])["status"] == "closed"
    assert {data["task_id"] for _, _, data in desk.said("TaskWithdrawn")} == {fourth, fifth}
    desk.finish(fourth)
    assert desk.lane(receipt["case_no"], fourth.split(".")[1])["status"] == "withdrawn", "it came too late"


# -- returns --


def upheld(desk, task_id, unit):
    return desk.order(frontdesk.DecideReturn, task_id=task_id, decision="upheld", unit=unit, reason="同意")


def test_a_return_is_not_upheld_back_to_a_unit_that_returned_it(desk):
    receipt = desk.complain()
    first = receipt["tasks"][0]["task_id"]
    desk.give_back(first)
    with pytest.raises(AlreadyReturnedIt):
        upheld(desk, first, "community")
    upheld(desk, first, "grid")
    second = desk.lane(receipt["case_no"], "grid")["task_id"]
    desk.give_back(second)
    with pytest.raises(AlreadyReturnedIt):
        upheld(desk, second, "community")
    upheld(desk, second, "police")


def test_the_desk_has_a_deadline_for_its_ruling(desk):
    receipt = desk.complain()
    no, task_id = receipt["case_no"], receipt["tasks"][0]["task_id"]
    desk.give_back(task_id)
    desk.tick(days=1)
    assert "adjudicate-by" not in desk.kinds(no)
    desk.tick(hours=8)
    assert desk.kinds(no).count("adjudicate-by") == 1
    assert desk.case(no)["level"] == 1, "the supervisor sees it"


def test_what_is_ruled_in_time_is_not_late(desk):
    receipt = desk.complain()
    desk.give_back(receipt["tasks"][0]["task_id"])
    upheld(desk, receipt["tasks"][0]["task_id"], "grid")
    desk.tick(days=2)
    assert "adjudicate-by" not in desk.kinds(receipt["case_no"])


def test_a_unit_that_takes_over_anothers_part_keeps_its_own_result(desk):
    receipt = desk.move_in()
    ids = {task["unit"]: task["task_id"] for task in receipt["tasks"]}
    desk.finish(ids["meters"], opened="water")
    desk.give_back(ids["property"])
    upheld(desk, ids["property"], "meters")
    second = desk.lane(receipt["case_no"], "meters")["task_id"]
    assert second != ids["meters"]
    desk.finish(second, file="h-1")
    results = {lane["task_id"]: lane["result"] for lane in desk.case(receipt["case_no"])["lanes"]}
    assert (results[ids["meters"]], results[second]) == ({"opened": "water"}, {"file": "h-1"})
    with desk.ledger.work() as work:
        by_part = work.store.case(receipt["case_no"]).results()
    assert by_part == {"meters": {"opened": "water"}, "property": {"file": "h-1"}}


# -- extensions --


def test_more_time_is_granted_for_what_is_open_within_bounds_and_never_backwards(desk):
    receipt = desk.complain()
    task = receipt["tasks"][0]

    def asked(until):
        desk.hear(
            tasks.TaskExtensionAsked,
            task_id=task["task_id"],
            officer="o",
            at=desk.now,
            until=until,
            reason="等配件",
        )

    def granted(**more):
        return desk.order(
            frontdesk.DecideExtension, task_id=task["task_id"], granted=True, reason="同意", **more
        )

    asked(task["due_at"] + timedelta(days=31))
    with pytest.raises(ExtensionTooLong):
        granted()
    with pytest.raises(ExtensionNotLater):
        granted(until=task["due_at"].isoformat())
    until = task["due_at"] + timedelta(days=30)
    assert granted(until=until.isoformat())["lanes"][0]["due_at"] == until
    assert desk.said("TaskDueMoved")[-1][2]["due_at"].startswith(until.date().isoformat())


def test_a_due_time_that_moved_meanwhile_is_not_moved_back(desk):
    receipt = desk.complain()
    task = receipt["tasks"][0]
    until = task["due_at"] + timedelta(hours=1)
    desk.hear(
        tasks.TaskExtensionAsked,
        task_id=task["task_id"],
        officer="o",
        at=desk.now,
        until=until,
        reason="等配件",
    )
    desk.ask_supplement(task["task_id"])
    desk.tick(days=2)
    desk.order(frontdesk.SupplementCase, case_no=receipt["case_no"], note="已说明")
    moved = desk.lane(receipt["case_no"], "community")["due_at"]
    assert moved > until
    desk.order(frontdesk.DecideExtension, task_id=task["task_id"], granted=True, reason="同意")
    assert desk.lane(receipt["case_no"], "community")["due_at"] == moved


def test_what_is_over_gets_no_more_time(desk):
    receipt = desk.complain(topic="property")
    task = receipt["tasks"][0]
    until = task["due_at"] + timedelta(days=1)
    desk.hear(
        tasks.TaskExtensionAsked,
        task_id=task["task_id"],
        officer="o",
        at=desk.now,
        until=until,
        reason="等配件",
    )
    desk.finish(task["task_id"])
    with pytest.raises(NothingToDecide):
        desk.order(frontdesk.DecideExtension, task_id=task["task_id"], granted=True, reason="同意")


# -- followers --


def merged(desk, case, into):
    return desk.order(frontdesk.MergeCase, CLERK, case_no=case["case_no"], into=into["case_no"])


def leading(desk, receipt):
    return desk.ask(frontdesk.GetCaseByToken, token=receipt["tracking_token"])["leading"]


def test_followers_of_a_follower_follow_the_last(desk):
    a, b, c = (desk.complain() for _ in range(3))
    merged(desk, a, b)
    merged(desk, b, c)
    for receipt in (a, b):
        face = desk.case(receipt["case_no"])
        assert (face["status"], face["merged_into"]) == ("merged", c["case_no"])
        assert leading(desk, receipt)["case_no"] == c["case_no"]
    assert (desk.case(b["case_no"])["followers"], desk.case(c["case_no"])["followers"]) == (0, 2)
    with pytest.raises(CannotFollowItself):
        merged(desk, c, a)
    desk.finish(c["tasks"][0]["task_id"])
    for receipt in (a, b):
        assert desk.kinds(receipt["case_no"])[-1] == "answered-with"
        assert leading(desk, receipt)["status"] == "closed"
    assert leading(desk, c) is None


def test_what_a_merged_duplicate_had_done_is_undone(desk):
    first, second = desk.complain(topic="property"), desk.complain(topic="property")
    ids = {task["unit"]: task["task_id"] for task in second["tasks"]}
    desk.finish(ids["property"])
    merged(desk, second, first)
    assert {data["task_id"] for _, _, data in desk.said("TaskWithdrawn")} == set(ids.values())
    assert {lane["status"] for lane in desk.case(first["case_no"])["lanes"]} == {"assigned"}


def test_when_the_leading_case_is_taken_back_the_first_follower_goes_on_and_the_others_follow_it(desk):
    lead, first, other = (desk.complain(topic="property") for _ in range(3))
    desk.finish(first["tasks"][0]["task_id"])
    merged(desk, first, lead)
    merged(desk, other, lead)
    desk.now += timedelta(hours=1)
    desk.order(frontdesk.WithdrawCase, case_no=lead["case_no"], reason="不办了")
    face = desk.case(first["case_no"])
    assert (face["status"], face["merged_into"], face["followers"]) == ("dispatched", None, 1)
    again = [lane for lane in face["lanes"] if lane["status"] == "assigned"]
    assert [lane["task_id"] for lane in again] == [
        f"{first['case_no']}.community.2", f"{first['case_no']}.property.2",
    ]  # fmt: skip
    assert face["due_at"] >= max(lane["due_at"] for lane in again)
    assert leading(desk, other)["case_no"] == first["case_no"]
    for lane in again:
        desk.finish(lane["task_id"])
    assert desk.case(first["case_no"])["status"] == "closed"
    assert desk.kinds(other["case_no"])[-2:] == ["handed-on", "answered-with"]
    assert "answered-with" not in desk.kinds(lead["case_no"])


def test_a_follower_that_was_being_done_again_is_done_again_by_the_same_unit(desk):
    lead, second = desk.complain(), desk.complain()
    desk.finish(second["tasks"][0]["task_id"])
    desk.order(frontdesk.ReopenCase, case_no=second["case_no"], reason="情况反复")
    merged(desk, second, lead)
    desk.order(frontdesk.WithdrawCase, case_no=lead["case_no"], reason="不办了")
    again = desk.said("TaskAssigned")[-1][2]
    assert (again["case_no"], again["unit"], again["round"]) == (second["case_no"], "community", 2)
    desk.finish(again["task_id"])
    assert desk.case(second["case_no"])["status"] == "closed"
