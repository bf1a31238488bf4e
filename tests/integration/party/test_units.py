"""What a unit owes as its members become more, on the real database."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.chassis.errors import Invalid
from services.contracts import party, tasks
from services.party.desk import NotYourRoll
from services.party.handlers import OnlyForAdministrators
from services.party.model import AlreadyEnrolled, UnitRegistered, UnknownDuty, UnknownUnit
from tests.offices import community, credit_code, id_number, officer


@pytest.fixture
def unit(office, place):
    code = credit_code()
    office(party.RegisterUnit, code=code, name_zh="晨光公司", place=f"{place}001")
    return code


def enrol(office, unit, stage="formal"):
    return office(party.EnrolMember, unit=unit, name="王建国", id_number=id_number(), stage=stage)


def duties(office, unit, state=None):
    return {row["kind"]: row for row in office(party.ListDuties, unit=unit, state=state)["items"]}


def test_the_third_formal_member_makes_a_branch_due_once(office, unit, place):
    assert enrol(office, unit)["duties"] == ["instructor"]
    assert enrol(office, unit)["duties"] == []
    assert enrol(office, unit, "probationary")["duties"] == []  # no vote, not counted
    assert enrol(office, unit)["duties"] == ["branch"]
    enrol(office, unit)
    (said,) = office.said(party.BranchDue, unit=unit)
    assert said["members"] == 3 and said["place"] == f"{place}001"
    assert duties(office, unit)["instructor"]["state"] == "lifted"


def test_becoming_a_formal_member_counts_from_that_moment(office, unit):
    enrol(office, unit), enrol(office, unit)
    third = enrol(office, unit, "probationary")["member_id"]
    assert office(party.AdvanceMember, member_id=third, stage="formal")["duties"] == ["branch"]


def test_the_seventh_makes_a_committee_due(office, unit):
    for _ in range(6):
        enrol(office, unit)
    assert office.said(party.CommitteeDue, unit=unit) == []
    enrol(office, unit)
    assert [said["form"] for said in office.said(party.CommitteeDue, unit=unit)] == ["committee"]


def test_two_who_enter_members_at_the_same_moment_make_one_branch_due(office, unit):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: enrol(office, unit), range(8)))
    assert len(office.said(party.BranchDue, unit=unit)) == 1
    assert len(office.said(party.CommitteeDue, unit=unit)) == 1
    assert office.said(party.BranchDue, unit=unit)[0]["members"] == 3


def test_a_duty_is_taken_and_met_and_the_branch_stands_in_the_tree_with_its_members(office, unit, place):
    for _ in range(3):
        enrol(office, unit)
    clerk = officer("party", place)
    duty = duties(office, unit, "open")["branch"]["duty_id"]
    assert office(party.TakeDuty, clerk, duty_id=duty)["state"] == "in-hand"
    assert office(party.MeetDuty, clerk, duty_id=duty, note="支部大会已召开")["state"] == "met"
    assert duties(office, unit, "open") == {}
    (street,) = office(party.GetTree, place=place)["tree"]
    (community,) = street["children"]
    branch = next(child for child in community["children"] if child["unit"] == unit)
    assert (branch["level"], branch["members"]) == ("unit-branch", 3)
    assert enrol(office, unit)["members"] == 4
    assert {row["branch"] for row in office(party.ListMembers, unit=unit)["items"]} == {branch["code"]}


def test_a_member_transferred_away_counts_no_longer(office, unit):
    gone, *_ = [enrol(office, unit)["member_id"] for _ in range(3)]
    office(party.TransferMember, member_id=gone, destination="外地党支部")
    assert {kind: row["state"] for kind, row in duties(office, unit).items() if row["state"] != "lifted"} == {
        "instructor": "due"
    }


def test_a_person_finishes_transfer_and_reporting_with_the_task_in_hand(office, place):
    clerk = officer("party", place)
    moved = office.assign("party-transfer", f"{place}001")
    office(
        party.ReceiveMember,
        clerk,
        name="李明",
        id_number=id_number(),
        place=f"{place}001",
        origin="外地支部",
        task_id=moved,
    )
    (finished,) = office.said(tasks.TaskFinished, task_id=moved)
    assert finished["officer"] == clerk.account
    member_id = finished["result"]["members"][0]["member_id"]

    reporting = office.assign("member-reporting", f"{place}002")
    office(
        party.ReportMember, clerk, name="张华", id_number=id_number(), place=f"{place}002", employer="市一中",
        task_id=reporting,
    )  # fmt: skip
    assert office.said(tasks.TaskFinished, task_id=reporting)

    away = office.assign("party-transfer", f"{place}001")
    office(party.TransferMember, clerk, member_id=member_id, destination="外地支部", task_id=away)
    assert member_id not in {row["member_id"] for row in office(party.ListMembers, clerk)["items"]}
    office.withdraw(away)
    assert member_id in {row["member_id"] for row in office(party.ListMembers, clerk)["items"]}


def test_nobody_keeps_the_roll_of_another_place_or_department(office, unit, place):
    for caller in (officer("property", place), officer("party", "98")):
        with pytest.raises(NotYourRoll):
            office(party.EnrolMember, caller, unit=unit, name="王", id_number=id_number())


def test_what_cannot_be_is_refused_with_its_reason(office, unit, place):
    with pytest.raises(UnknownUnit):
        office(party.EnrolMember, unit="none", name="王", id_number=id_number())
    with pytest.raises(UnitRegistered):
        office(party.RegisterUnit, code=unit, name_zh="晨光公司", place=f"{place}001")
    with pytest.raises(Invalid):
        office(party.RegisterUnit, code="91990105000000000X", name_zh="晨光公司", place=f"{place}001")
    with pytest.raises(UnknownDuty):
        office(party.TakeDuty, duty_id="none")
    other, number = credit_code(), id_number()
    office(party.RegisterUnit, code=other, name_zh="和顺公司", place=f"{place}001")
    office(party.EnrolMember, unit=unit, name="王", id_number=number)
    with pytest.raises(AlreadyEnrolled):
        office(party.EnrolMember, unit=other, name="王", id_number=number)


def test_the_demonstration_is_loaded_once(office):
    place = community()
    with pytest.raises(OnlyForAdministrators):
        office(party.LoadDemonstration, officer("party", place), place=place)
    office(party.LoadDemonstration, seed=7, place=place)
    assert office(party.LoadDemonstration, seed=7, place=place) == {"loaded": False}
    (street,) = office(party.GetTree, place=place)["tree"]
    (committee,) = street["children"]
    assert [child["level"] for child in committee["children"]] == ["grid-branch"] * 6
    assert all(len(branch["children"]) == 2 for branch in committee["children"])
