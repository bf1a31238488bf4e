"""The family of the demonstration hands in a complete application, whoever it is."""

import pytest

from deploy import demonstration
from services.contracts import citizens
from services.frontdesk import forms, matters


@pytest.mark.parametrize("seed", range(40))
def test_its_application_is_complete(seed):
    application = demonstration.family(seed)
    matter = matters.catalogue().get(application["matter"])
    assert forms.problems(matter, {**application["applicant"], **application["form"]}) == []
    assert application["channel"] in matter.channels
    assert forms.place_of(matter, application["form"]) == application["place"]


def test_all_five_departments_have_a_part():
    application = demonstration.family(1)
    matter = matters.catalogue().get(application["matter"])
    form = {**application["applicant"], **application["form"]}
    assert {step.unit for step in matters.plan(matter, form)} == {
        "property",
        "meters",
        "cameras",
        "party",
        "volunteers",
    }


def test_two_families_never_share_a_home_or_a_number():
    families = [demonstration.family(seed) for seed in range(200)]
    numbers = [member["id_number"] for one in families for member in one["form"]["members"]]
    assert len(set(numbers)) == len(numbers)
    assert len({one["form"]["address"] for one in families}) == len(families)


def test_id_numbers_are_valid_in_form():
    for member in demonstration.family(3)["form"]["members"]:
        assert citizens.check_id_number(member["id_number"])
