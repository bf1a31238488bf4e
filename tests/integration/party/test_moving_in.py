"""What moving in does to the roll, and what taking it back undoes."""

from datetime import UTC, datetime

import pytest

from services.contracts import party, tasks, volunteers
from tests.offices import case_number, credit_code, id_number, officer, volunteer_number

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def household(*members):
    return {"members": [{"relation": "self", "wants_to_volunteer": False, **member} for member in members]}


def member(name="王建国", number=None, ticked=True):
    return {"name": name, "id_number": number or id_number(), "is_party_member": ticked}


def result_of(office, task_id):
    (finished,) = office.said(tasks.TaskFinished, task_id=task_id)
    assert finished["outcome"] == "done"
    return finished["result"]


def roll(office, place):
    found = office(party.ListMembers, officer("party", place), limit=200)
    return {row["member_id"]: row for row in found["items"]}


def test_the_rule_signs_and_receives_those_who_ticked_into_the_grid_branch(office, place):
    task = office.assign(
        "moving-in", f"{place}001", household(member("王建国"), member("李秀英", ticked=False))
    )
    assert office.said(tasks.TaskSigned, task_id=task)
    result = result_of(office, task)
    assert result["branch_code"] == f"{place}001" and result["branch"] == "第1网格党支部"
    (received,) = result["members"]
    assert received["name"] == "王**" and received["how"] == "transfer"
    assert office.said(party.MemberReceived, member_id=received["member_id"])[0]["how"] == "transfer"
    assert roll(office, place)[received["member_id"]]["branch"] == f"{place}001"


def test_a_household_without_members_is_done_at_once(office, place):
    assert result_of(office, office.assign("moving-in", f"{place}001", household()))["members"] == []


def test_moving_within_the_community_moves_the_relation(office, place):
    number = id_number()
    office.assign("moving-in", f"{place}001", household(member(number=number)))
    task = office.assign("moving-in", f"{place}002", household(member(number=number)))
    assert [row["branch"] for row in roll(office, place).values()] == [f"{place}002"]
    office.withdraw(task)
    assert [row["branch"] for row in roll(office, place).values()] == [f"{place}001"]


def test_who_serves_in_a_company_reports_and_is_not_transferred(office, place):
    unit, number = credit_code(), id_number()
    office(party.RegisterUnit, code=unit, name_zh="公司", place=f"{place}002")
    enrolled = office(party.EnrolMember, unit=unit, name="王建国", id_number=number)
    task = office.assign("moving-in", f"{place}001", household(member(number=number)))
    (reported,) = result_of(office, task)["members"]
    assert (reported["member_id"], reported["how"]) == (enrolled["member_id"], "report")
    assert roll(office, place)[enrolled["member_id"]]["unit"] == unit


def test_withdrawing_takes_the_member_off_the_roll_and_says_so(office, place):
    task = office.assign("moving-in", f"{place}001", household(member()))
    office.withdraw(task)
    assert roll(office, place) == {}
    (stood_down,) = office.said(tasks.TaskStoodDown, task_id=task)
    assert len(stood_down["undone"]) == 2


def test_a_grid_without_a_branch_waits_for_a_person(office, place):
    task = office.assign("moving-in", f"{place}009", household(member()))
    assert office.said(tasks.TaskSigned, task_id=task) == []


@pytest.mark.parametrize("volunteer_first", [True, False])
def test_confirmed_hours_reach_the_member_whichever_is_heard_first(office, place, volunteer_first):
    form = household(member(ticked=False), member("李秀英"))
    number = volunteer_number()

    def told_by_volunteers(case_no):
        office.hear(
            volunteers.VolunteerRegistered,
            volunteer=number,
            place=f"{place}001",
            case_no=case_no,
            position=1,
            at=NOW,
        )
        for minutes, hours in enumerate(("1.50", "2.00")):
            office.hear(
                volunteers.HoursCredited,
                dispatch_id=number, volunteer=number, hours=hours, case_no=case_no, at=NOW.replace(minute=minutes),
            )  # fmt: skip

    if volunteer_first:
        case_no = case_number()
        told_by_volunteers(case_no)
        office.assign("moving-in", f"{place}001", form, case_no=case_no, task_id=f"{case_no}.party")
    else:
        told_by_volunteers(office.assign("moving-in", f"{place}001", form).split(".")[0])
    assert [row["service_hours"] for row in roll(office, place).values()] == ["2.00"]


def test_other_departments_and_other_communities_see_no_member(office, place):
    office.assign("moving-in", f"{place}001", household(member()))
    assert office(party.ListMembers, officer("property", place))["items"] == []
    assert office(party.ListMembers, officer("party", "98"))["items"] == []


def test_the_roll_shows_no_whole_name_or_number(office, place):
    number = id_number()
    office.assign("moving-in", f"{place}001", household(member("王建国", number)))
    (row,) = roll(office, place).values()
    assert row["name"] == "王**" and number[6:14] not in str(row)


def test_an_in_service_member_reports_where_he_lives_without_anybody_acting(office, place):
    applicant = {"name": "张华", "id_number": id_number(), "phone": "13500000000"}
    task = office.assign("member-reporting", f"{place}001", {"work_unit": "市一中"}, applicant=applicant)
    result = result_of(office, task)
    assert (result["branch_code"], result["employer"]) == (f"{place}001", "市一中")
    assert office.said(party.MemberReceived, member_id=result["member_id"])[0]["how"] == "report"
    office.hear(
        volunteers.VolunteerRegistered, volunteer=volunteer_number(), place=f"{place}001",
        case_no=task.split(".")[0], position=volunteers.APPLICANT, at=NOW,
    )  # fmt: skip
    doubtful = office.assign("member-reporting", f"{place}001", applicant={"name": "张华"})
    assert office.said(tasks.TaskSigned, task_id=doubtful) == []


def test_the_previous_branch_is_kept_as_the_origin_of_the_transfer(office, place):
    task = office.assign(
        "moving-in", f"{place}001", household(member()) | {"party_branch_previous": "海淀某支部"}
    )
    with office.ledger.work() as work:
        (transfer,) = work.store.transfers_of(task.split(".")[0])
    assert (transfer.origin, transfer.destination, transfer.state) == (
        "海淀某支部",
        f"{place}001",
        "received",
    )
