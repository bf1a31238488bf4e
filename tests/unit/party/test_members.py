"""Stages of development, and who of a form is received without anybody looking."""

from datetime import UTC, datetime

import pytest

from services.chassis.errors import Invalid
from services.contracts.party import STAGES
from services.party.model import HasLeft, Member, Person, StageSkipped, members_in
from tests.offices import id_number

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def member(stage="applicant"):
    return Member.new(Person("王建国", id_number()), stage, "110105001001001", NOW)


def test_a_member_passes_through_every_stage_in_order():
    person = member()
    for stage in STAGES[1:]:
        person.advance(stage)
    assert person.stage == "formal"


@pytest.mark.parametrize(
    ("before", "after"), [("applicant", "candidate"), ("activist", "formal"), ("formal", "probationary")]
)
def test_no_stage_is_skipped_and_none_taken_back(before, after):
    with pytest.raises(StageSkipped):
        member(before).advance(after)


def test_who_left_neither_advances_nor_leaves_again():
    person = member("probationary")
    person.leave(NOW)
    with pytest.raises(HasLeft):
        person.advance("formal")
    with pytest.raises(HasLeft):
        person.leave(NOW)


def test_only_those_who_ticked_are_members_and_they_keep_their_place_in_the_form():
    form = {
        "members": [
            {"name": "甲", "id_number": id_number(), "is_party_member": False},
            {"name": "乙", "id_number": id_number(), "is_party_member": True},
        ]
    }
    assert [(person.name, person.position) for person in members_in(form, NOW)] == [("乙", 1)]
    assert members_in({}, NOW) == []


@pytest.mark.parametrize(
    "doubtful",
    [
        {"name": "", "id_number": id_number()},
        {"name": "丙"},
        {"name": "丙", "id_number": "110101199003070000"},
        {"name": "丙", "id_number": id_number("20080602")},  # eighteen tomorrow
    ],
)
def test_a_doubtful_member_is_left_to_a_person(doubtful):
    assert members_in({"members": [{**doubtful, "is_party_member": True}]}, NOW) is None


def test_eighteen_today_is_old_enough():
    form = {"members": [{"name": "丁", "id_number": id_number("20080601"), "is_party_member": True}]}
    assert len(members_in(form, NOW)) == 1


def test_a_wrong_number_is_told_at_its_field():
    with pytest.raises(Invalid) as raised:
        Person.named("王", "123")
    assert list(raised.value.field_sentences) == ["id_number"]
