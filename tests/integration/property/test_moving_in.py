from datetime import UTC, datetime, timedelta

import pytest

from services.contracts import tasks
from services.contracts.property import (
    ChargeFees,
    GetFeeAccount,
    GetHousehold,
    HouseholdFileOpened,
    MovingInUndone,
)
from services.contracts.registry import HouseholdChanged
from services.property.model import NotYourEstate
from tests.offices import id_number, officer


def form(**more):
    return {
        "address": "3号楼1单元101",
        "property_right_no": "京2026不动产权第1号",
        "move_in_date": "2026-03-05",
        "members": [{"name": "袁芳", "id_number": id_number(), "relation": "spouse"}],
        "vehicles": [{"plate": "京A12345", "owner": "袁明"}],
        **more,
    }


def applicant():
    return {"name": "袁明", "id_number": id_number(), "phone": "13500000000"}


def result_of(office, task_id):
    return office(tasks.GetTask, task_id=task_id)


def test_moving_in_opens_file_and_account_and_tells_the_registry(office, grid):
    task_id = office.assign("moving-in", grid, form(), applicant=applicant())
    task = result_of(office, task_id)
    household = task["result"]["household"]
    assert task["status"] == "done"
    assert task["result"] == {"household": household, "fee_account": f"household:{household}"}
    account = office(GetFeeAccount, household=household)
    assert (account["balance"], account["entries"]) == (0, [])
    (said,) = office.said(HouseholdFileOpened, household=household)
    assert (
        said["case_no"] == task["case_no"] and said["place"] == grid and said["move_in_date"] == "2026-03-05"
    )
    assert [member["relation"] for member in said["members"]] == ["self", "spouse"]
    assert (
        len(office.said(tasks.TaskSigned, task_id=task_id))
        == len(office.said(tasks.TaskFinished, task_id=task_id))
        == 1
    )


def test_a_household_of_the_registry_keeps_its_code(office, grid):
    code = f"{grid}-12-1-301"
    task = result_of(office, office.assign("moving-in", grid[:12], form(address=code), applicant=applicant()))
    assert task["result"]["household"] == code
    assert office(GetHousehold, household=code)["place"] == grid


def test_who_follows_under_the_same_right_joins_and_leaves_alone(office, grid):
    first = result_of(office, office.assign("moving-in", grid, form(), applicant=applicant()))
    second_id = office.assign("moving-in", grid, form(), applicant=applicant())
    household = first["result"]["household"]
    assert result_of(office, second_id)["result"]["household"] == household
    assert len(office(GetHousehold, household=household)["members"]) == 4
    office.withdraw(second_id)
    file = office(GetHousehold, household=household)
    assert (file["state"], len(file["members"])) == ("open", 2)


def test_another_property_right_at_the_same_door_waits_for_a_person(office, grid):
    office.assign("moving-in", grid, form(), applicant=applicant())
    disputed = office.assign("moving-in", grid, form(property_right_no="另一本"), applicant=applicant())
    assert result_of(office, disputed)["status"] == "assigned"


def test_an_impossible_date_or_no_address_waits_for_a_person(office, grid):
    for wrong in ({"move_in_date": "2026-02-30"}, {"address": ""}):
        task_id = office.assign("moving-in", grid, form(**wrong), applicant=applicant())
        assert result_of(office, task_id)["status"] == "assigned"


def test_a_withdrawal_closes_what_was_opened_and_the_address_is_free_again(office, grid):
    task_id = office.assign("moving-in", grid, form(), applicant=applicant())
    household = result_of(office, task_id)["result"]["household"]
    office.withdraw(task_id)
    (stood_down,) = office.said(tasks.TaskStoodDown, task_id=task_id)
    assert stood_down["undone"] == [f"household file {household} closed", "fee account closed"]
    (undone,) = office.said(MovingInUndone, household=household)
    assert undone["case_no"] == task_id.split(".")[0]
    assert office(GetFeeAccount, household=household)["state"] == "closed"
    again = result_of(office, office.assign("moving-in", grid, form(), applicant=applicant()))
    assert again["status"] == "done" and again["result"]["household"] != household


def test_members_are_masked_for_everybody_but_the_office(office, grid):
    household = result_of(office, office.assign("moving-in", grid, form(), applicant=applicant()))["result"][
        "household"
    ]
    ours = office(GetHousehold, officer("property", grid), household=household)
    theirs = office(GetHousehold, officer(None, grid, "supervisor"), household=household)
    assert ours["members"][0]["phone"] == "13500000000"
    assert theirs["members"][0]["phone"] == "135****0000" and theirs["members"][0]["name"] == "袁*"
    for outsider in (
        officer("party", grid),
        officer("volunteers", grid, "manager"),
        officer(None, grid, "terminal"),
    ):
        with pytest.raises(NotYourEstate):
            office(GetHousehold, outsider, household=household)


def test_late_news_from_the_registry_do_not_overwrite_newer(office, grid):
    code, at = f"{grid}-1-1-1", datetime.now(UTC)
    office.assign("moving-in", grid, form(address=code), applicant=applicant())
    facts = {
        "household": code,
        "place": grid,
        "address": "x",
        "lives_alone": False,
        "elder": False,
        "residents": [],
    }
    office.hear(HouseholdChanged, persons=4, at=at, **facts)
    office.hear(HouseholdChanged, persons=3, at=at - timedelta(days=1), **facts)
    office.hear(HouseholdChanged, persons=9, at=at, **{**facts, "household": "somebody-else"})
    assert office(GetHousehold, household=code)["persons"] == 4


def test_the_next_family_finds_the_same_home_empty(office, grid):
    code = f"{grid}-12-1-301"
    first = office.assign("moving-in", grid, form(address=code), applicant=applicant())
    office.withdraw(first)
    assert office(GetHousehold, household=code)["state"] == "closed"
    next_one = applicant() | {"name": "李四"}
    second = office.assign(
        "moving-in", grid, form(address=code, property_right_no="另一本"), applicant=next_one
    )
    assert result_of(office, second)["status"] == "done"
    file = office(GetHousehold, household=code)
    assert (file["state"], len(file["members"]), file["property_right"]) == ("open", 2, "另一本")
    assert office(GetFeeAccount, household=code)["state"] == "open"


def test_the_debt_of_those_who_left_is_not_the_newcomers(office, grid):
    code = f"{grid}-12-1-301"
    first = office.assign("moving-in", grid, form(address=code, area="100"), applicant=applicant())
    office(ChargeFees, period="2026-04", rule="residential", place=grid)
    office.withdraw(first)
    assert (
        "fee account kept open: it is not even"
        in office.said(tasks.TaskStoodDown, task_id=first)[0]["undone"]
    )
    second = office.assign("moving-in", grid, form(address=code), applicant=applicant())
    assert result_of(office, second)["status"] == "assigned"


def test_a_home_chosen_from_the_registry_tells_everything(office, grid):
    home = {"household": f"{grid}-1-1-9", "address": "1号楼1单元9", "place": grid}
    task = result_of(office, office.assign("moving-in", grid[:12], form(address=home), applicant=applicant()))
    file = office(GetHousehold, household=home["household"])
    assert task["status"] == "done" and (file["address"], file["place"]) == (home["address"], grid)


def test_an_area_that_is_none_is_left_out(office, grid):
    for wrong, door in (("-1", "1"), ("NaN", "2"), ("much", "3"), ("100000.01", "4")):
        office.assign("moving-in", grid, form(address=f"{grid}-{door}", area=wrong), applicant=applicant())
        assert office(GetHousehold, household=f"{grid}-{door}")["area"] is None
    assert office(ChargeFees, period="2026-04", rule="residential", place=grid)["without_area"] == 4
