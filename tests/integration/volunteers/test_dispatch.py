"""A welfare visit from the offer to the report, on the real database."""

from datetime import timedelta

import pytest

from services.chassis.identifiers import Caller
from services.contracts import tasks, volunteers
from services.volunteers.handlers import NotYourDispatch, pass_on_unanswered
from services.volunteers.model import AnsweredTooLate, UnknownDispatch
from tests.offices import officer
from tests.waiting import until

PUBLIC = Caller(account="public", kind="public")


def expire(office, dispatches, task_id, attempt, later=timedelta(minutes=10)):
    """Ticks until the clock has come to this task: other tests' errands may be waiting, too."""

    def passed_on():
        office.tick(pass_on_unanswered, later)
        return dispatches(task_id)[attempt - 1]["state"] == "expired"

    until(passed_on, what=f"offer {attempt} expires", pause=0)


def test_the_rule_signs_and_asks_the_nearest(office, register, visit, dispatches):
    register(grid=2)
    near = register(grid=1)
    task = visit(grid=1)
    (signed,) = office.said(tasks.TaskSigned, task_id=task)
    assert signed["officer"] == "rule"
    (said,) = office.said(volunteers.VolunteerDispatched, task_id=task)
    assert (said["volunteer"], said["attempt"]) == (near, 1)
    (dispatch,) = dispatches(task)
    assert (dispatch["volunteer"], dispatch["state"]) == (near, "offered")
    assert dispatch["answer_by"] - dispatch["offered_at"] == timedelta(minutes=10)
    assert office.said(tasks.TaskFinished, task_id=task) == []


def test_a_visit_is_accepted_reported_and_its_hours_credited(office, register, visit, dispatches, place):
    number, coordinator = register(), officer("volunteers", place, "coordinator")
    task = visit()
    dispatch_id = dispatches(task)[0]["dispatch_id"]
    assert office(volunteers.AcceptDispatch, coordinator, dispatch_id=dispatch_id)["state"] == "accepted"
    assert office.said(tasks.TaskStarted, task_id=task)[0]["officer"] == number
    office(
        volunteers.ReportVisit, coordinator,
        dispatch_id=dispatch_id, outcome="well", note="老人在家，水表已关闭", minutes=90,
    )  # fmt: skip
    (finished,) = office.said(tasks.TaskFinished, task_id=task)
    assert finished["outcome"] == "safe" and finished["officer"] == coordinator.account
    assert finished["result"] | {"at": None} == {
        "volunteer": number, "outcome": "well", "note": "老人在家，水表已关闭", "minutes": 90, "at": None,
    }  # fmt: skip

    record = office(volunteers.GetVolunteerRecord, PUBLIC, number=number)
    assert (record["hours"], record["hours_pending"], record["stars"]) == ("0.00", "1.50", 0)
    assert office.said(volunteers.HoursCredited, volunteer=number) == []
    office(volunteers.ConfirmHours, coordinator, dispatch_id=dispatch_id)
    (credited,) = office.said(volunteers.HoursCredited, volunteer=number)
    assert credited["hours"] == "1.50" and credited["case_no"] == task.split(".")[0]
    record = office(volunteers.GetVolunteerRecord, PUBLIC, number=number)
    assert (record["hours"], record["hours_pending"]) == ("1.50", "0.00")
    assert "王" not in str(record) and "135" not in str(record) and place not in str(record)


def test_disputed_hours_do_not_count_until_confirmed_at_their_true_length(
    office, register, visit, dispatches
):
    number, task = register(), visit()
    dispatch_id = dispatches(task)[0]["dispatch_id"]
    office(volunteers.AcceptDispatch, dispatch_id=dispatch_id)
    office(volunteers.ReportVisit, dispatch_id=dispatch_id, outcome="helped", minutes=600)
    office(volunteers.ConfirmHours, dispatch_id=dispatch_id)
    office(volunteers.DisputeHours, dispatch_id=dispatch_id, reason="记录有误")
    assert office(volunteers.GetVolunteerRecord, number=number)["hours"] == "0.00"
    office(volunteers.ConfirmHours, dispatch_id=dispatch_id, minutes=60)
    assert office(volunteers.GetVolunteerRecord, number=number)["hours"] == "1.00"
    assert [said["hours"] for said in office.said(volunteers.HoursCredited, volunteer=number)] == [
        "10.00",
        "1.00",
    ]


def test_after_a_decline_the_next_one_is_asked_and_never_the_same_twice(office, register, visit, dispatches):
    first, second = register(grid=1), register(grid=2)
    task = visit(grid=1)
    office(volunteers.DeclineDispatch, dispatch_id=dispatches(task)[0]["dispatch_id"], reason="出差")
    assert [(row["volunteer"], row["state"]) for row in dispatches(task)] == [
        (first, "declined"),
        (second, "offered"),
    ]
    office(volunteers.DeclineDispatch, dispatch_id=dispatches(task)[1]["dispatch_id"])
    assert len(dispatches(task)) == 2
    assert (
        visit_again_finds(office, visit, dispatches) == first
    )  # declining once does not bar from the next errand


def visit_again_finds(office, visit, dispatches):
    return dispatches(visit(grid=1))[0]["volunteer"]


def test_the_clock_passes_an_unanswered_offer_on(office, register, visit, dispatches):
    register(grid=1), register(grid=2)
    task = visit(grid=1)
    expire(office, dispatches, task, 1)
    first, second = dispatches(task)
    assert (first["state"], second["state"]) == ("expired", "offered")
    with pytest.raises(AnsweredTooLate):
        office(volunteers.AcceptDispatch, dispatch_id=first["dispatch_id"])


def test_somebody_who_becomes_free_is_found_at_the_next_look(office, register, visit, dispatches):
    task = visit()
    assert dispatches(task) == []
    number = register()

    def asked():
        office.tick(pass_on_unanswered, timedelta(minutes=2))
        return dispatches(task)

    assert until(asked, pause=0)[0]["volunteer"] == number


def test_when_nobody_can_be_found_the_task_stays_open_with_a_person(office, register, visit, dispatches):
    register()
    task = visit()
    office(volunteers.DeclineDispatch, dispatch_id=dispatches(task)[0]["dispatch_id"])

    def given_up():
        office.tick(pass_on_unanswered, timedelta(minutes=40))
        return office(tasks.GetTask, task_id=task)["note"]

    assert "No volunteer" in until(given_up, pause=0)
    left = office(tasks.GetTask, task_id=task)
    assert (left["status"], left["result"]) == ("signed", {"outcome": "nobody", "asked": 1})


def test_a_door_that_nobody_opened_is_no_evidence_and_ends_nothing(office, register, visit, dispatches):
    number, task = register(), visit()
    dispatch_id = dispatches(task)[0]["dispatch_id"]
    office(volunteers.AcceptDispatch, dispatch_id=dispatch_id)
    office(volunteers.ReportVisit, dispatch_id=dispatch_id, outcome="unanswered", minutes=20)
    assert office.said(tasks.TaskFinished, task_id=task) == []
    assert office(tasks.GetTask, task_id=task)["result"]["outcome"] == "unanswered"
    assert office(volunteers.GetVolunteerRecord, number=number)["hours_pending"] == "0.33"


@pytest.mark.parametrize("answered", [False, True])
def test_when_the_reason_is_gone_the_volunteer_stands_down_and_is_free(
    office, register, visit, dispatches, answered
):
    number, task = register(), visit()
    dispatch_id = dispatches(task)[0]["dispatch_id"]
    if answered:
        office(volunteers.AcceptDispatch, dispatch_id=dispatch_id)
    office.withdraw(task)
    assert dispatches(task)[0]["state"] == "stood-down"
    assert office.said(volunteers.VolunteerStoodDown, task_id=task)[0]["volunteer"] == number
    assert number in office.said(tasks.TaskStoodDown, task_id=task)[0]["undone"][0]
    assert dispatches(visit())[0]["volunteer"] == number


def test_where_to_go_is_told_to_who_goes_and_to_nobody_else(office, register, visit, dispatches):
    register()
    elder = {"name": "周淑珍", "address": "3号楼2单元501", "contact_phone": "13800000000"}
    task = visit(form={**elder, "household": "H1"})
    (dispatch,) = dispatches(task)
    assert "周淑珍" not in str(dispatch)
    assert "周淑珍" not in str(office.said(volunteers.VolunteerDispatched, task_id=task))
    assert office(volunteers.AcceptDispatch, dispatch_id=dispatch["dispatch_id"])["visit"] == elder


def test_who_accepted_and_cannot_come_after_all_is_replaced(office, register, visit, dispatches):
    register(grid=1), register(grid=2)
    task = visit(grid=1)
    for verb in (volunteers.AcceptDispatch, volunteers.DeclineDispatch):
        office(verb, dispatch_id=dispatches(task)[0]["dispatch_id"])
    office(volunteers.AcceptDispatch, dispatch_id=dispatches(task)[1]["dispatch_id"])
    assert [row["state"] for row in dispatches(task)] == ["declined", "accepted"]
    assert len(office.said(tasks.TaskStarted, task_id=task)) == 1


def test_a_person_who_ends_the_task_at_the_tray_sends_the_volunteer_home(office, register, visit, dispatches):
    number, task = register(), visit()
    office(tasks.FinishTask, task_id=task, outcome="done")
    assert office.said(volunteers.VolunteerStoodDown, task_id=task)[0]["volunteer"] == number
    assert len(office.said(tasks.TaskFinished, task_id=task)) == 1


def test_only_the_links_holder_or_a_coordinator_of_the_place_answers(
    office, register, visit, dispatches, place
):
    register()
    task = visit()
    dispatch = dispatches(task)[0]
    strangers = (
        PUBLIC,
        officer("property", place, "coordinator"),
        officer("volunteers", "98", "coordinator"),
    )
    for stranger in strangers:
        with pytest.raises(NotYourDispatch):
            office(volunteers.AcceptDispatch, stranger, dispatch_id=dispatch["dispatch_id"])
    with pytest.raises(NotYourDispatch):
        office(volunteers.AcceptDispatch, PUBLIC, dispatch_id=dispatch["dispatch_id"], token="错")
    with pytest.raises(UnknownDispatch):
        office(volunteers.AcceptDispatch, dispatch_id="none")
    held = {"dispatch_id": dispatch["dispatch_id"], "token": dispatch["token"]}
    assert office(volunteers.AcceptDispatch, PUBLIC, **held)["state"] == "accepted"
    office(volunteers.ReportVisit, PUBLIC, outcome="helped", minutes=20, **held)
    (finished,) = office.said(tasks.TaskFinished, task_id=task)
    assert finished["officer"] == dispatch["volunteer"]
    assert finished["outcome"] == "needs-help"


def test_a_manual_task_waits_for_a_person(office, register, visit, dispatches):
    register()
    task = visit(manual=True)
    assert dispatches(task) == [] and office.said(tasks.TaskSigned, task_id=task) == []
