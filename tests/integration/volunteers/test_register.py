"""Who is a volunteer, how he became one, and what others see of him."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.contracts import tasks, volunteers
from services.volunteers.handlers import NotYourVolunteers, OnlyForAdministrators
from services.volunteers.model import UnknownVolunteer
from tests.offices import community, id_number, officer

APPLICANT = {"name": "李秀英", "phone": "13500000000"}


def household(*numbers, ticked=True):
    return {"members": [{"name": "王建军", "id_number": n, "wants_to_volunteer": ticked} for n in numbers]}


def result_of(office, task_id):
    (finished,) = office.said(tasks.TaskFinished, task_id=task_id)
    return finished["result"]["volunteers"]


def test_moving_in_registers_those_who_ticked_and_tells_who_of_the_form_they_are(office, place):
    task = office.assign("moving-in", f"{place}001", household(id_number(), id_number()), applicant=APPLICANT)
    numbers = result_of(office, task)
    case_no = task.split(".")[0]
    said = office.said(volunteers.VolunteerRegistered, case_no=case_no)
    assert [(each["volunteer"], each["position"]) for each in said] == list(zip(numbers, (0, 1), strict=True))


def test_a_household_without_volunteers_is_done_at_once(office, place):
    task = office.assign(
        "moving-in", f"{place}001", household(id_number(), ticked=False), applicant=APPLICANT
    )
    assert result_of(office, task) == []


def test_one_doubtful_person_leaves_the_whole_household_to_a_person(office, place):
    task = office.assign("moving-in", f"{place}001", household(id_number(), "1234"), applicant=APPLICANT)
    assert office.said(tasks.TaskSigned, task_id=task) == []
    assert office(volunteers.ListVolunteers, place=place)["items"] == []


def test_the_same_person_keeps_one_number_for_life(office, place, register):
    person = id_number()
    number = register(id_number=person)
    assert register(id_number=person) == number
    task = office.assign("moving-in", f"{place}002", household(person), applicant=APPLICANT)
    assert result_of(office, task) == [number]
    office.withdraw(task)  # he was a volunteer before this case, so he stays one
    assert office(volunteers.GetVolunteerRecord, number=number)["active"]


def test_withdrawing_the_case_ends_the_registration_and_the_number_waits_for_him(office, place, register):
    person = id_number()
    task = office.assign("moving-in", f"{place}001", household(person), applicant=APPLICANT)
    (number,) = result_of(office, task)
    office.withdraw(task)
    assert number in office.said(tasks.TaskStoodDown, task_id=task)[0]["undone"][0]
    assert not office(volunteers.GetVolunteerRecord, number=number)["active"]
    assert register(id_number=person) == number
    assert office(volunteers.GetVolunteerRecord, number=number)["active"]


def test_two_who_register_one_person_at_the_same_moment_give_one_number(register):
    person = id_number()
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(lambda _: register(id_number=person), range(6)))) == 1


def test_the_list_shows_no_whole_name_or_phone_and_only_to_the_office(office, place, register):
    number = register()
    (row,) = office(volunteers.ListVolunteers, officer("volunteers", place))["items"]
    assert (row["number"], row["name"], row["phone"]) == (number, "王**", "135****0000")
    assert office(volunteers.ListVolunteers, officer("property", place))["items"] == []
    assert office(volunteers.ListVolunteers, officer("volunteers", "98"))["items"] == []
    with pytest.raises(UnknownVolunteer):
        office(volunteers.GetVolunteerRecord, number="V" + "0" * 15)


def test_another_place_has_its_own_register(office, place):
    with pytest.raises(NotYourVolunteers):
        office(
            volunteers.RegisterVolunteer, officer("volunteers", "98"),
            name="王", id_number=id_number(), phone="13500000000", place=f"{place}001",
        )  # fmt: skip


def test_the_demonstration_is_loaded_once_and_every_grid_has_somebody_to_visit(office, stack):
    place = "110105001001"
    with pytest.raises(OnlyForAdministrators):
        office(volunteers.LoadDemonstration, officer("volunteers", place))
    office(volunteers.LoadDemonstration, seed=1)
    assert office(volunteers.LoadDemonstration, seed=1) == {"loaded": False}
    assert office(volunteers.LoadDemonstration, seed=1, place=community())["volunteers"] == 0
    found = office(volunteers.ListVolunteers, place=place, skill="visit", limit=200)["items"]
    for grid in range(1, 7):
        assert sum(row["place"] == f"{place}{grid:03}" for row in found) == 10


def test_a_reporting_member_registers_himself(office, place):
    applicant = {"name": "张华", "id_number": id_number(), "phone": "13500000000"}
    task = office.assign("member-reporting", f"{place}001", applicant=applicant)
    (number,) = result_of(office, task)
    (said,) = office.said(volunteers.VolunteerRegistered, volunteer=number)
    assert said["position"] == volunteers.APPLICANT
    nameless = office.assign("member-reporting", f"{place}001", applicant={"name": "张华"})
    assert office.said(tasks.TaskSigned, task_id=nameless) == []


def test_the_front_desks_clerk_takes_in_whoever_comes_to_the_window(office, place):
    clerk = officer("frontdesk", place, "clerk")
    person = {"name": "王", "id_number": id_number(), "phone": "13500000000"}
    assert office(volunteers.RegisterVolunteer, clerk, place=f"{place}001", **person)["registered"]
