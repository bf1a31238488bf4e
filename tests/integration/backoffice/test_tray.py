"""The tray on a real database: what overtakes what, what is too late, what counts as late."""

from datetime import timedelta

import pytest

from services.backoffice.handlers import NotTheHead, NotYourTray
from services.backoffice.model import (
    DesignatedMayNotReturn,
    ExtensionTooLate,
    ReturnTooLate,
    SupplementOnlyOnce,
    UnknownTask,
    UntilNotLater,
)
from services.chassis import clock
from services.contracts import property as words
from services.contracts import tasks
from tests.offices import case_number, id_number, officer

HOUR = timedelta(hours=1)


def moving_in():
    case_no = case_number()
    form = {
        "address": "9-1-901", "property_right_no": case_no, "move_in_date": "2026-03-05",
        "members": [{"name": "袁明", "id_number": id_number(), "relation": "self"}],
    }  # fmt: skip
    applicant = {"name": "袁明", "id_number": id_number(), "phone": "13500000000"}
    return {"task_id": f"{case_no}.property", "case_no": case_no, "form": form, "applicant": applicant}


def test_an_assignment_that_comes_after_its_withdrawal_does_nothing(property_, place):
    late = moving_in()
    property_.withdraw(late["task_id"])
    property_.assign("moving-in", f"{place}001", **late)
    assert property_(tasks.GetTask, task_id=late["task_id"])["status"] == "withdrawn"
    assert property_.said(words.HouseholdFileOpened, case_no=late["case_no"]) == []
    assert property_.said(tasks.TaskFinished, task_id=late["task_id"]) == []
    assert len(property_.said(tasks.TaskStoodDown, task_id=late["task_id"])) == 1, "the desk is told at once"
    property_.withdraw(late["task_id"])  # as the front desk says it again
    assert len(property_.said(tasks.TaskStoodDown, task_id=late["task_id"])) == 1


def test_the_same_assignment_in_its_right_order_opens_a_file(property_, place):
    """So that the test before this one cannot pass for a wrong form."""
    task = moving_in()
    property_.assign("moving-in", f"{place}001", **task)
    assert len(property_.said(words.HouseholdFileOpened, case_no=task["case_no"])) == 1


def test_a_repair_withdrawn_before_it_came_makes_no_order(property_, place):
    task = {"task_id": (number := case_number()) + ".property", "case_no": number}
    property_.withdraw(task["task_id"])
    property_.assign("repair", f"{place}001", {"category": "water", "urgency": "urgent"}, **task)
    assert property_.said(words.RepairReported, case_no=number) == []


def test_a_withdrawn_unknown_task_lies_in_nobodys_tray(street, place):
    number = case_number()
    street.withdraw(f"{number}.community")
    clerk = officer(None, place[:6], "clerk")
    assert street(tasks.ListTasks, clerk, unit="community", case_no=number)["items"] == []


def test_a_return_comes_too_late_after_its_time(street, place):
    task_id = street.assign("complaint", place, unit="community")
    with pytest.raises(ReturnTooLate):
        street(tasks.ReturnTask, later=25 * HOUR, task_id=task_id, reason="不归我们管")
    street(tasks.ReturnTask, later=23 * HOUR, task_id=task_id, reason="不归我们管")
    assert len(street.said(tasks.TaskReturned, task_id=task_id)) == 1


def test_a_designated_task_stays(street, place):
    task_id = street.assign("complaint", place, unit="community")
    street(tasks.ReturnTask, task_id=task_id, reason="不归我们管")
    street.hear(tasks.TaskReturnDecided, task_id=task_id, decision="designated", reason="职责清单")
    with pytest.raises(DesignatedMayNotReturn):
        street(tasks.ReturnTask, task_id=task_id, reason="还是不归")


def test_an_extension_is_asked_in_time_and_for_later(street, place):
    task_id = street.assign("complaint", place, unit="community")
    due = street(tasks.GetTask, task_id=task_id)["due_at"]
    ask = {"task_id": task_id, "reason": "等配件"}
    with pytest.raises(ExtensionTooLate):
        street(tasks.ExtendTask, later=timedelta(days=4), until=(due + 48 * HOUR).isoformat(), **ask)
    with pytest.raises(UntilNotLater):
        street(tasks.ExtendTask, until=due.isoformat(), **ask)
    street(tasks.ExtendTask, until=(due + HOUR).isoformat(), **ask)
    assert len(street.said(tasks.TaskExtensionAsked, task_id=task_id)) == 1


def test_an_extension_is_asked_by_the_head_of_the_unit(street, place):
    task_id = street.assign("complaint", place, unit="community")
    until = (street(tasks.GetTask, task_id=task_id)["due_at"] + HOUR).isoformat()
    with pytest.raises(NotTheHead):
        street(tasks.ExtendTask, officer("street", place), task_id=task_id, until=until, reason="等配件")
    head = officer("street", place, "coordinator")
    street(tasks.ExtendTask, head, task_id=task_id, until=until, reason="等配件")
    assert [said["officer"] for said in street.said(tasks.TaskExtensionAsked, task_id=task_id)] == [
        head.account
    ]


@pytest.mark.parametrize(
    "after, fine", [(timedelta(hours=24), True), (timedelta(hours=24, seconds=1), False)]
)
def test_a_return_is_asked_within_twenty_four_hours(street, place, after, fine):
    given = clock.now() - after + timedelta(seconds=0 if not fine else 30)
    task_id = street.assign("complaint", place, unit="community", assigned_at=given)
    if fine:
        street(tasks.ReturnTask, task_id=task_id, reason="不归我们管")
    else:
        with pytest.raises(ReturnTooLate):
            street(tasks.ReturnTask, task_id=task_id, reason="不归我们管")


def test_what_was_pledged_to_follow_comes_to_the_unit_while_it_works(street, place):
    task_id = street.assign("complaint", place, unit="community")
    street(tasks.SignTask, task_id=task_id)
    came = [{"name": "evidence", "sha256": "a" * 64}]
    due = street(tasks.GetTask, task_id=task_id)["due_at"]
    street.hear(tasks.TaskSupplied, task_id=task_id, form={}, materials=came, due_at=due)
    task = street(tasks.GetTask, task_id=task_id)
    assert (task["status"], task["materials"]) == ("signed", came)


def test_a_supplement_is_asked_once_and_names_what_is_missing(street, place):
    task_id = street.assign("complaint", place, unit="community")
    street(tasks.SignTask, task_id=task_id)
    street(tasks.AskSupplement, task_id=task_id, items=["照片"], materials=["evidence"], form=["description"])
    (said,) = street.said(tasks.TaskSupplementAsked, task_id=task_id)
    assert (said["items"], said["materials"], said["form"]) == (["照片"], ["evidence"], ["description"])
    street.hear(tasks.TaskSupplied, task_id=task_id, form={"wish": "尽快"}, due_at=clock.now() + 90 * HOUR)
    assert street(tasks.GetTask, task_id=task_id)["form"] == {"wish": "尽快"}
    with pytest.raises(SupplementOnlyOnce):
        street(tasks.AskSupplement, task_id=task_id, items=["还要一张"])


def test_a_supplement_that_lapsed_leaves_the_decision_to_the_unit(street, place):
    task_id = street.assign("complaint", place, unit="community")
    street(tasks.SignTask, task_id=task_id)
    street(tasks.AskSupplement, task_id=task_id, items=["照片"])
    due = clock.now() + 200 * HOUR
    street.hear(tasks.TaskSupplementLapsed, task_id=task_id, due_at=due)
    task = street(tasks.GetTask, task_id=task_id)
    assert (task["status"], task["due_at"]) == ("handling", due)
    assert street(tasks.FinishTask, task_id=task_id, outcome="refused")["status"] == "refused"


def test_a_task_that_waits_for_the_applicant_is_not_late(street, place):
    waiting, late = (street.assign("complaint", place, unit="community") for _ in range(2))
    street(tasks.SignTask, task_id=waiting)
    street(tasks.AskSupplement, task_id=waiting, items=["照片"])
    afterwards = {"later": timedelta(days=30), "caller": officer("community", place)}
    found = street(tasks.ListTasks, unit="community", overdue=True, **afterwards)["items"]
    assert [task["task_id"] for task in found] == [late]
    assert {task["task_id"]: task["overdue"] for task in street(tasks.ListTasks, **afterwards)["items"]} == {
        waiting: False,
        late: True,
    }
    assert street(tasks.GetTask, task_id=waiting, **afterwards)["overdue"] is False


def test_street_staff_hold_the_tasks_of_every_unit_of_their_office_and_of_no_other(street, property_, place):
    task_id = street.assign("complaint", place, unit="police")
    other = property_.assign("elsewhere", place)
    clerk = officer("street", place)
    assert street(tasks.GetTask, clerk, task_id=task_id)["unit"] == "police"
    assert street(tasks.SignTask, clerk, task_id=task_id)["status"] == "signed"
    with pytest.raises(UnknownTask):
        property_(tasks.GetTask, clerk, task_id=other)
    with pytest.raises(NotYourTray):
        property_(tasks.SignTask, clerk, task_id=other)
