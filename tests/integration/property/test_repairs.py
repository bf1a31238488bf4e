from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.contracts import tasks
from services.contracts.property import (
    AcceptQuote,
    ArriveRepair,
    AssignRepair,
    ConfirmRepair,
    FinishRepair,
    GetRepair,
    GrabRepair,
    GradeRepair,
    ListRepairs,
    QuoteRepair,
    RateRepair,
    RepairFinished,
    RepairReported,
    ReportRepair,
    TransferRepair,
)
from services.property.model import AlreadyTaken, NotYourEstate, NotYourOrder, UnknownRepair
from tests.offices import officer


def report(office, grid, category="door", **more):
    facts = {"place": grid, "address": "3-1-101", "category": category, "description": "门坏了"} | more
    return office(ReportRepair, **facts)["order_no"]


def order_of(office, grid, task_id):
    case_no = task_id.split(".")[0]
    (order,) = [o for o in office(ListRepairs, officer("property", grid))["items"] if o["case_no"] == case_no]
    return order


def test_an_order_goes_its_whole_way(office, grid):
    li, desk = officer("property", grid), officer("street", grid, "clerk")
    order_no = report(office, grid)
    step = {"order_no": order_no}
    assert office(GrabRepair, li, **step)["worker"] == li.account
    assert office(ArriveRepair, li, **step)["on_time"] is True
    office(QuoteRepair, li, amount="80.00", reason="换锁", **step)
    office(AcceptQuote, desk, **step)
    office(FinishRepair, li, note="换好了", cost="80.00", materials=[{"name": "锁"}], **step)
    office(ConfirmRepair, desk, **step)
    office(RateRepair, desk, stars=5, **step)
    order = office(GetRepair, li, **step)
    assert order["state"] == "rated" and str(order["cost"]) == "80.00"
    assert [line["verb"] for line in order["history"]] == [
        "report", "grade", "grab", "arrive", "quote", "accept", "finish", "confirm", "rate",
    ]  # fmt: skip
    assert len(office.said(RepairReported, order_no=order_no)) == 1
    (finished,) = office.said(RepairFinished, order_no=order_no)
    assert finished["on_time"] is True and finished["worker"] == li.account


def test_of_many_grabbers_one_has_it_and_the_others_are_told_whose_it_is(office, grid):
    order_no = report(office, grid)
    crew = [officer("property", grid) for _ in range(8)]

    def grab(worker):
        try:
            return office(GrabRepair, worker, order_no=order_no)["worker"]
        except AlreadyTaken as taken:
            return taken

    with ThreadPoolExecutor(len(crew)) as pool:
        answers = list(pool.map(grab, crew))
    (winner,) = [answer for answer in answers if isinstance(answer, str)]
    assert {answer.facts["worker"] for answer in answers if not isinstance(answer, str)} == {winner}
    assert office(GetRepair, order_no=order_no)["worker"] == winner


def test_finishing_the_order_finishes_the_task_it_came_with(office, grid):
    li = officer("property", grid)
    form = {"address": "3-1-101", "category": "water", "urgency": "urgent", "description": "厨房漏水"}
    task_id = office.assign(
        "repair", grid, form, manual=True, applicant={"name": "袁明", "phone": "13500000000"}
    )
    order = order_of(office, grid, task_id)
    assert (order["urgency"], order["state"]) == ("urgent", "graded")
    step = {"order_no": order["order_no"]}
    office(AssignRepair, officer("property", grid, "manager"), worker=li.account, **step)
    assert office(tasks.GetTask, task_id=task_id)["status"] == "signed"
    office(ArriveRepair, li, **step)
    office(FinishRepair, li, note="换了阀门", **step)
    task = office(tasks.GetTask, task_id=task_id)
    assert (task["status"], task["outcome"], task["result"]["order_no"]) == (
        "done",
        "done",
        order["order_no"],
    )
    # The household is not content: the second visit leaves the finished task alone.
    office(ConfirmRepair, accepted=False, note="还在滴", **step)
    office(ArriveRepair, li, **step)
    office(FinishRepair, li, note="再换一次", **step)
    assert len(office.said(tasks.TaskFinished, task_id=task_id)) == 1


@pytest.mark.parametrize(("matter", "outcome"), [("leak-check", "repaired"), ("alarm", "handled")])
def test_findings_bring_urgent_orders_with_an_outcome_of_their_own(office, grid, matter, outcome):
    li = officer("property", grid)
    task_id = office.assign(matter, grid, {"address": "3-1-101", "household": "h"}, manual=True)
    order = order_of(office, grid, task_id)
    assert order["urgency"] == "urgent"
    for step in (GrabRepair, ArriveRepair):
        office(step, li, order_no=order["order_no"])
    office(FinishRepair, li, order_no=order["order_no"], note="好")
    assert office(tasks.GetTask, task_id=task_id)["outcome"] == outcome


@pytest.mark.parametrize(("outcome", "state"), [("no-leak", "repaired"), ("refused", "cancelled")])
def test_an_order_never_stays_open_behind_a_finished_task(office, grid, outcome, state):
    task_id = office.assign("leak-check", grid, {"address": "3-1-101"}, manual=True)
    order = order_of(office, grid, task_id)
    office(tasks.SignTask, task_id=task_id)
    office(tasks.FinishTask, task_id=task_id, outcome=outcome, note="没有发现")
    assert office(GetRepair, order_no=order["order_no"])["state"] == state


def test_a_withdrawn_case_cancels_the_order(office, grid):
    task_id = office.assign("repair", grid, {"address": "a", "category": "door"}, manual=True)
    order = order_of(office, grid, task_id)
    office.withdraw(task_id)
    assert office(GetRepair, order_no=order["order_no"])["state"] == "cancelled"
    assert office.said(tasks.TaskStoodDown, task_id=task_id)[0]["undone"] == [
        f"repair order {order['order_no']} cancelled"
    ]


def test_what_nobody_grades_counts_as_urgent_until_a_person_does(office, grid):
    order_no = report(office, grid, category="elevator")
    order = office(GetRepair, order_no=order_no)
    assert order["state"] == "reported" and order["arrive_by"] - order["reported_at"] == timedelta(minutes=30)
    office(GradeRepair, order_no=order_no, urgency="ordinary")
    order = office(GetRepair, order_no=order_no)
    assert order["state"] == "graded" and order["arrive_by"] - order["reported_at"] == timedelta(hours=24)


def test_the_list_begins_with_the_most_urgent_and_shows_who_is_late(office, grid):
    boss = officer("property", grid, "manager")
    ordinary, urgent = report(office, grid), report(office, grid, category="lift-trap")
    assert [o["order_no"] for o in office(ListRepairs, boss)["items"]] == [urgent, ordinary]
    first = office(ListRepairs, boss, limit=1)
    second = office(ListRepairs, boss, limit=1, cursor=first["next"])
    assert [o["order_no"] for o in first["items"] + second["items"]] == [urgent, ordinary] and not second[
        "next"
    ]
    late = office(ListRepairs, boss, later=timedelta(minutes=31), late=True, state="open")
    assert [o["order_no"] for o in late["items"]] == [urgent]


def test_only_the_worker_or_his_lead_touches_an_order(office, grid):
    li, wang, boss = (
        officer("property", grid),
        officer("property", grid),
        officer("property", grid, "manager"),
    )
    order_no = report(office, grid)
    office(GrabRepair, li, order_no=order_no)
    with pytest.raises(NotYourOrder):
        office(ArriveRepair, wang, order_no=order_no)
    office(TransferRepair, boss, order_no=order_no, reason="换人")
    assert office(GrabRepair, wang, order_no=order_no)["worker"] == wang.account


def test_outside_ones_area_nothing_exists_and_nothing_can_be_done(office, grid):
    order_no, stranger = report(office, grid), officer("property", "990000")
    with pytest.raises(UnknownRepair):
        office(GetRepair, stranger, order_no=order_no)
    with pytest.raises(NotYourEstate):
        office(GrabRepair, stranger, order_no=order_no)
    assert office(ListRepairs, stranger)["items"] == []


def test_a_terminal_looks_up_an_order_by_its_number_and_lists_none(office, grid):
    kiosk = officer(None, grid, "terminal")
    order_no = report(office, grid, reporter="袁明", phone="13500000000")
    with pytest.raises(NotYourEstate):
        office(ListRepairs, kiosk)
    order = office(GetRepair, kiosk, order_no=order_no)
    assert (order["reporter"], order["phone"]) == ("袁*", "135****0000")


def test_the_repairs_of_a_home_are_no_other_departments_business(office, grid):
    order_no = report(office, grid)
    for outsider in (
        officer("party", grid),
        officer("cameras", grid, "manager"),
        officer(None, grid, "operator"),
    ):
        with pytest.raises(NotYourEstate):
            office(GetRepair, outsider, order_no=order_no)
        with pytest.raises(NotYourEstate):
            office(ListRepairs, outsider)
