"""Rules.md §7 flow 16 inside the registry: what changed, on which day, what was known when, and who is told."""

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.chassis.errors import Conflict
from services.contracts import frontdesk, people, registry
from services.registry import model
from services.registry.people import model as history
from tests.integration.registry.conftest import caller

PAPER = {"reason": "持证办理", "evidence": [{"kind": "household-register", "number": "1"}]}
WU = {"name": "吴秀英", "phone": "13500000000", "relation": "self"}


@pytest.fixture
def wu(office, estate, number):
    """Lives in the first home since New Year's Day."""
    return office(
        registry.MoveIn, household=estate.homes[0], residents=[WU | {"id_number": number()}],
        move_in_date="2026-01-01",
    )["residents"][0]  # fmt: skip


def on(office, home, day, **more):
    return office(people.HouseholdOn, household=home, on=day, **more)


def lines(office, who):
    return [
        (one["kind"], one["effective_on"])
        for one in office(people.ListResidentChanges, resident_id=who)["items"]
    ]


def move(office, home, who, day, **more):
    return office(
        people.MoveResidents, household=home, residents=[{"resident_id": who, "relation": "self"}],
        effective_on=day, **PAPER, **more,
    )  # fmt: skip


def test_a_household_of_a_past_day_is_still_known(office, estate, wu):
    old, new = estate.homes
    move(office, new, wu, "2026-06-01")
    assert [one["resident_id"] for one in on(office, old, "2026-05-31")["residents"]] == [wu]
    assert on(office, old, "2026-06-01")["persons"] == 0
    assert on(office, new, "2026-06-01")["lives_alone"]
    assert on(office, old, "2025-12-31")["persons"] == 0
    (shown,) = on(office, new, "2026-06-01")["residents"]
    assert shown["name"] == "吴**" and shown["age"] == 76


def test_a_death_is_a_line_an_event_without_a_name_and_a_recheck(office, estate, wu):
    home = estate.homes[0]
    answer = office(people.RecordDeath, resident_id=wu, died_on="2026-11-01", **PAPER)
    said = dict(office.said(wu))["ResidentDied"]
    assert said == {
        "resident_id": wu, "household": home, "place": estate.grid, "persons": 0, "died_on": "2026-11-01",
    }  # fmt: skip
    facts = [data for name, data in office.said(home) if name == "HouseholdChanged"][-1]
    assert facts["persons"] == 0 and not facts["lives_alone"]
    (due,) = office(people.ListRechecks, place=estate.grid)["items"]
    (letter,) = [data for name, data in office.said(due["finding_id"]) if name == "HouseholdRecheckDue"]
    assert letter["type"] == "died" and letter["household"] == home and not letter["party_member"]
    assert "吴" not in str(letter)
    assert due["change_id"] == answer["change_id"] and due["state"] == "open"
    with pytest.raises(history.AlreadyDead):
        office(people.RecordDeath, resident_id=wu, died_on="2026-11-02", **PAPER)
    with pytest.raises(history.AlreadyDead):
        move(office, estate.homes[1], wu, "2026-11-02")


def test_the_closed_case_closes_the_recheck(office, estate, wu, number):
    office(people.RecordDeath, resident_id=wu, died_on="2026-11-01", **PAPER)
    (due,) = office(people.ListRechecks, place=estate.grid)["items"]
    office.hear(
        frontdesk.CaseClosed, case_no="20261125-0000001", matter="household-recheck", place=estate.grid,
        status="closed", finding_id=due["finding_id"], finder="registry", closed_at=due["at"],
    )  # fmt: skip
    (due,) = office(people.ListRechecks, place=estate.grid)["items"]
    assert (due["state"], due["case_no"]) == ("done", "20261125-0000001")
    assert office(people.ListRechecks, place=estate.grid, open=True)["items"] == []


def test_a_birth_needs_its_paper_and_the_child_lives_here_from_its_first_day(office, estate, wu):
    home = estate.homes[0]
    with pytest.raises(history.EvidenceMissing):
        office(
            people.RecordBirth, household=home, birth_date="2026-10-10", reason="出生",
            evidence=[{"kind": "statement"}],
        )  # fmt: skip
    born = office(people.RecordBirth, household=home, birth_date="2026-10-10", sex="female", **PAPER)
    assert on(office, home, "2026-10-09")["persons"] == 1 and on(office, home, "2026-10-10")["persons"] == 2
    said = dict(office.said(born["resident_id"]))["ResidentBorn"]
    assert said["persons"] == 2 and "2026-10-10" not in str(said)


def test_a_birth_date_that_is_not_the_numbers_is_refused(office, estate, number):
    with pytest.raises(model.Invalid) as error:
        office(
            people.RecordBirth, household=estate.homes[0], birth_date="2026-10-10", id_number=number("20261011"),
            **PAPER,
        )  # fmt: skip
    assert "birth_date" in error.value.field_sentences


def test_divorced_with_the_paper_one_lives_elsewhere_from_then_on(office, estate, wu):
    new = estate.homes[1]
    with pytest.raises(history.EvidenceMissing):
        office(
            people.MoveResidents, household=new, residents=[{"resident_id": wu}], why="divorced",
            effective_on="2026-03-01", reason="离婚", evidence=[{"kind": "statement"}],
        )  # fmt: skip
    move(office, new, wu, "2026-03-01", why="divorced")
    assert lines(office, wu)[0] == ("divorced", date(2026, 3, 1))


def test_what_is_not_yet_or_before_the_last_change_is_refused(office, estate, wu):
    tomorrow = (date.today() + timedelta(days=3)).isoformat()
    with pytest.raises(history.NotYet):
        move(office, estate.homes[1], wu, tomorrow)
    with pytest.raises(history.BeforeTheLast):
        move(office, estate.homes[1], wu, "2025-12-31")
    assert move(office, estate.homes[1], wu, "2026-01-01")["changes"]


def test_a_correction_is_a_new_line_and_what_was_known_before_can_still_be_asked(office, estate, wu):
    old, new = estate.homes
    (wrong,) = move(office, new, wu, "2026-06-01")["changes"]
    (line,) = [
        one
        for one in office(people.ListResidentChanges, resident_id=wu)["items"]
        if one["change_id"] == wrong
    ]
    before = line["at"]
    right = office(people.CorrectChange, change_id=wrong, effective_on="2026-08-01", **PAPER)["change_id"]
    assert on(office, old, "2026-07-01")["persons"] == 1
    assert on(office, old, "2026-07-01", known_at=before.isoformat())["persons"] == 0
    history_ = office(people.ListResidentChanges, resident_id=wu)["items"]
    assert [(one["change_id"], one["corrected_by"]) for one in history_[:2]] == [
        (right, None),
        (wrong, right),
    ]
    with pytest.raises(history.AlreadyCorrected):
        office(people.CorrectChange, change_id=wrong, strike=True, **PAPER)


def test_a_death_entered_for_the_wrong_person_is_struck_out_and_the_recheck_taken_back(office, estate, wu):
    home = estate.homes[0]
    wrong = office(people.RecordDeath, resident_id=wu, died_on="2026-11-01", **PAPER)["change_id"]
    office(people.CorrectChange, change_id=wrong, strike=True, **PAPER)
    assert [data["persons"] for name, data in office.said(home) if name == "HouseholdChanged"][-1] == 1
    (due,) = office(people.ListRechecks, place=estate.grid)["items"]
    assert due["state"] == "retracted"
    assert [name for name, _ in office.said(due["finding_id"])] == ["HouseholdRecheckDue", "FindingRetracted"]
    assert move(office, estate.homes[1], wu, "2026-11-02")["changes"]


def test_old_values_are_kept_apart_from_the_history(office, estate, wu):
    office(people.ChangeResident, resident_id=wu, effective_on="2026-02-01", phone="13900000000", **PAPER)
    (line, *_) = office(people.ListResidentChanges, resident_id=wu)["items"]
    assert (line["kind"], line["fields"]) == ("details", ["phone"])
    assert "135" not in str(line)
    with office.ledger.engine.connect() as connection:
        kept = connection.execute(
            text("SELECT before FROM former_values WHERE resident_id = :who"), {"who": wu}
        )
        assert kept.scalar() == {"phone": "13500000000"}


def test_a_name_changes_by_the_register_only(office, estate, wu):
    with pytest.raises(history.EvidenceMissing):
        office(
            people.ChangeResident, resident_id=wu, effective_on="2026-02-01", name="吴英", reason="改名",
            evidence=[{"kind": "statement"}],
        )  # fmt: skip
    with pytest.raises(history.NothingChanges):
        office(people.ChangeResident, resident_id=wu, effective_on="2026-02-01", **PAPER)


def test_the_history_is_never_edited(office, wu):
    with office.ledger.engine.begin() as connection, pytest.raises(ProgrammingError, match="only grows"):
        connection.execute(text("UPDATE changes SET who = 'x' WHERE resident_id = :who"), {"who": wu})


def test_another_areas_history_does_not_exist(office, estate, wu):
    stranger = caller("clerk", "880000000000")
    with pytest.raises(model.UnknownResident):
        office(people.ListResidentChanges, stranger, resident_id=wu)
    with pytest.raises(model.UnknownResident):
        office(people.RecordDeath, stranger, resident_id=wu, died_on="2026-11-01", **PAPER)
    change = office(people.ListResidentChanges, resident_id=wu)["items"][0]["change_id"]
    with pytest.raises(history.UnknownChange):
        office(people.CorrectChange, stranger, change_id=change, strike=True, **PAPER)


def test_two_clerks_who_enter_the_same_death_enter_it_once(office, estate, wu):
    outcomes = []

    def enter():
        try:
            office(people.RecordDeath, resident_id=wu, died_on="2026-11-01", **PAPER)
            outcomes.append("entered")
        except Conflict as error:
            outcomes.append(type(error).__name__)

    clerks = [threading.Thread(target=enter) for _ in range(4)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert sorted(outcomes) == ["AlreadyDead"] * 3 + ["entered"]


def test_figures_of_the_households_with_their_denominators(office, estate, number):
    alone, family = estate.homes
    office(registry.MoveIn, household=alone, residents=[WU | {"id_number": number("19500101")}])
    office(
        registry.MoveIn, household=family,
        residents=[WU | {"name": name, "id_number": number(born)} for name, born in (("甲", "19900101"), ("乙", "19630101"))],
    )  # fmt: skip
    figures = office(people.GetHouseholdFigures, place=estate.community)
    assert figures["by_size"] == {"1": 1, "2": 1, "3": 0, "4": 0, "5+": 0}
    assert figures["one_person"] == {"count": 1, "of": 2, "share": 0.5}
    assert figures["elder_alone"] == {"count": 1, "of": 2, "share": 0.5}
    assert figures["aged_60"] == {"count": 2, "of": 3, "share": 0.6667}
    assert figures["aged_65"] == {"count": 1, "of": 3, "share": 0.3333}
