import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.chassis.errors import Forbidden, Invalid
from services.contracts import property, registry
from services.registry import model
from tests.integration.registry.conftest import caller

WU = {"name": "吴秀英", "phone": "13500000000"}


def move(office, home, *people, **more):
    return office(registry.MoveIn, household=home, residents=list(people), **more)


def changes(office, home):
    return [data for name, data in office.said(home) if name == "HouseholdChanged"]


def test_an_old_person_who_lives_alone_is_told_with_the_contact_and_without_the_id_number(
    office, estate, number
):
    home = estate.homes[0]
    their = number()
    move(office, home, WU | {"id_number": their, "is_party_member": True})
    office(registry.SetContact, household=home, contact_name="吴敏", contact_phone="13911112222")
    facts = changes(office, home)[-1]
    (resident,) = facts.pop("residents")
    assert facts.pop("at")
    assert facts == {
        "household": home,
        "place": estate.grid,
        "address": "一口社区3号楼1单元0101室",
        "persons": 1,
        "lives_alone": True,
        "elder": True,
        "contact_name": "吴敏",
        "contact_phone": "13911112222",
    }
    assert resident.pop("resident_id")
    assert resident == {"name": "吴秀英", "phone": "13500000000", "is_party_member": True}
    assert their not in str(office.said(home))


def test_who_moves_within_the_community_leaves_the_old_home(office, estate, number):
    old, new = estate.homes
    person = WU | {"id_number": number()}
    (resident,) = move(office, old, person)["residents"]
    assert move(office, new, {"name": "吴秀英", "id_number": person["id_number"]})["residents"] == [resident]
    assert [one["persons"] for one in changes(office, old)] == [1, 0]
    assert [one["persons"] for one in changes(office, new)] == [1]
    assert [data["household"] for name, data in office.said(resident) if name == "ResidentMovedIn"] == [
        old,
        new,
    ]
    # What was not told again is still known.
    assert office(registry.LookAtResident, resident_id=resident, why="核对")["phone"] == WU["phone"]


def test_a_family_that_names_a_member_twice_has_that_member_once(office, estate, number):
    person = WU | {"id_number": number()}
    (resident,) = move(office, estate.homes[0], person, person | {"name": "吴 秀英"})["residents"]
    (data,) = changes(office, estate.homes[0])
    assert [one["resident_id"] for one in data["residents"]] == [resident]


def test_who_comes_back_lives_here_again(office, estate, number):
    person = WU | {"id_number": number()}
    (resident,) = move(office, estate.homes[0], person)["residents"]
    office(registry.MoveOut, resident_id=resident)
    assert move(office, estate.homes[0], person)["residents"] == [resident]
    assert [one["persons"] for one in changes(office, estate.homes[0])] == [1, 0, 1]


def test_every_wrong_number_of_a_family_is_told_at_once_and_nobody_moves_in(office, estate, number):
    home = estate.homes[0]
    wrong = number()[:-1] + "?"
    with pytest.raises(Invalid) as refused:
        move(office, home, WU | {"id_number": wrong}, WU | {"id_number": number()}, WU | {"id_number": wrong})
    assert list(refused.value.field_sentences) == ["residents.0.id_number", "residents.2.id_number"]
    assert office(registry.GetHousehold, household=home)["persons"] == 0


def test_two_windows_that_register_the_same_person_at_once_register_one(office, estate, number):
    person = {"name": "吴秀英", "id_number": number()}

    def attempt(home):
        try:
            return office(registry.RegisterResident, household=home, **person)["household"]
        except model.ResidentKnown:
            return "known"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(attempt, estate.homes))
    assert sorted(answers)[1] == "known" and answers.count("known") == 1


def test_who_moves_out_no_longer_counts(office, estate, number):
    home = estate.homes[0]
    (resident,) = move(office, home, WU | {"id_number": number()})["residents"]
    for _ in range(2):
        answer = office(registry.MoveOut, resident_id=resident, move_out_date="2026-11-01")
    assert answer["move_out_date"] == date(2026, 11, 1)
    assert [one["persons"] for one in changes(office, home)] == [1, 0]
    assert [name for name, _ in office.said(resident)] == ["ResidentMovedIn", "ResidentMovedOut"]


def test_a_finished_moving_in_case_reaches_the_registry(office, estate, number):
    told = {
        "household": f"{estate.building}-2-0901",
        "address": "一口社区9号楼1单元101",
        "place": estate.grid,
        "move_in_date": date(2026, 11, 23),
        "members": [
            WU | {"id_number": number("19900101"), "relation": "self"},
            {"name": "吴小宝", "relation": "child"},
        ],
        "case_no": "20261123-0000012",
    }
    for _ in range(2):  # said twice, e.g. after an addition: nobody is registered twice
        office.hear(property.HouseholdFileOpened, **told)
    household = office(registry.GetHousehold, household=told["household"])
    assert (household["address"], household["persons"]) == (told["address"], 2)
    assert household["move_in_date"] == told["move_in_date"]
    assert (household["building"], household["unit"], household["door"]) == (estate.building, 2, "0901")
    assert changes(office, told["household"])[-1]["persons"] == 2
    moved = [
        data
        for name, data in office.said(household["residents"][0]["resident_id"])
        if name == "ResidentMovedIn"
    ]
    assert [one["case_no"] for one in moved] == [told["case_no"]]


def test_lists_are_masked(office, estate, number):
    their = number()
    move(office, estate.homes[0], WU | {"id_number": their})
    clerk = caller("clerk", estate.community)
    for found in (
        office(registry.FindResidents, clerk, q=their)["items"],
        office(registry.FindResidents, clerk, q="吴秀", place=estate.grid)["items"],
        office(registry.GetHousehold, clerk, household=estate.homes[0])["residents"],
    ):
        (one,) = found
        assert (one["name"], one["phone"]) == ("吴**", "135****0000")
        assert their not in str(one) and one["id_number"].endswith(their[-4:])
    assert office(registry.FindResidents, clerk, q="吴%")["items"] == []
    assert office(registry.FindResidents, caller("clerk", estate.other_grid), q=their)["items"] == []


def test_whole_values_are_shown_for_a_reason_and_the_look_stays(office, estate, number):
    their = number()
    (resident,) = move(office, estate.homes[0], WU | {"id_number": their})["residents"]
    officer = caller("officer", estate.community, account="zhang", department="meters")
    seen = office(
        registry.LookAtResident, officer, resident_id=resident, why="上门探访", case_no="20261123-0000012"
    )
    assert (seen["name"], seen["id_number"]) == ("吴秀英", their)
    (look,) = office(registry.ListLooks, caller("auditor", estate.community), resident_id=resident)["items"]
    assert (look["account"], look["department"], look["why"]) == ("zhang", "meters", "上门探访")
    with pytest.raises(model.UnknownResident):
        office(registry.LookAtResident, caller("officer", estate.other_grid), resident_id=resident, why="x")
    for role in ("terminal", "auditor"):
        with pytest.raises(Forbidden):
            office(registry.LookAtResident, caller(role, estate.community), resident_id=resident, why="x")
    with pytest.raises(ProgrammingError, match="only grows"), office.ledger.engine.begin() as connection:
        connection.execute(text("DELETE FROM looks"))


def test_prefill_gives_the_person_at_the_terminal_his_own_values(office, estate, number):
    their = number()
    (resident, _) = move(
        office,
        estate.homes[0],
        WU | {"id_number": their},
        {"name": "吴小宝", "id_number": number("20200101")},
    )["residents"]
    terminal = caller("terminal", estate.community, kind="terminal")
    values = office(registry.Prefill, terminal, id_number=their.lower())["values"]
    assert values["resident.name"]["value"] == "吴秀英"
    assert values["resident.name"]["source"]["zh"] == "人房底册"
    assert values["household.place"]["value"] == values["grid.code"]["value"] == estate.grid
    assert values["household.persons"]["value"] == 2
    assert "吴小宝" not in str(values)
    assert len(office(registry.ListLooks, resident_id=resident)["items"]) == 1
    # By the home alone nobody is named.
    values = office(registry.Prefill, terminal, household=estate.homes[0])["values"]
    assert values["household.address"]["value"].endswith("0101室") and "吴" not in str(values)
    # Elsewhere the person is unknown, as is somebody who was never registered.
    assert office(registry.Prefill, caller("terminal", "220105"), id_number=their) == {"values": {}}
    assert office(registry.Prefill, terminal, id_number=number()) == {"values": {}}


def test_who_took_back_consent_is_not_prefilled(office, estate, number):
    their = number()
    (resident,) = move(office, estate.homes[0], WU | {"id_number": their})["residents"]
    terminal = caller("terminal", estate.community, kind="terminal")
    for given in (False, True, False):
        office(registry.RecordConsent, terminal, resident_id=resident, purpose="prefill", given=given)
        values = office(registry.Prefill, terminal, id_number=their)["values"]
        assert ("resident.name" in values) == given
    (one,) = office(registry.GetHousehold, household=estate.homes[0])["residents"]
    assert one["consents"] == {"prefill": False}


def test_for_a_child_a_guardian_decides(office, estate, number):
    (child,) = move(office, estate.homes[0], {"name": "吴小宝", "id_number": number("20200101")})["residents"]
    consent = {"resident_id": child, "purpose": "face", "given": True}
    with pytest.raises(model.GuardianNeeded):
        office(registry.RecordConsent, **consent)
    office(registry.RecordConsent, **consent, guardian="吴秀英")


def test_prefill_needs_something_to_go_by_and_a_role(office, estate):
    with pytest.raises(model.PrefillNeedsSomething):
        office(registry.Prefill)
    with pytest.raises(Invalid):
        office(registry.Prefill, id_number="123")
    with pytest.raises(Forbidden):
        office(registry.Prefill, caller("company", estate.community), place=estate.grid)


def test_households_are_listed_page_by_page_within_the_area(office, estate, number):
    move(office, estate.homes[0], WU | {"id_number": number()})
    clerk = caller("clerk", estate.community)
    first = office(registry.ListHouseholds, clerk, limit=1)
    second = office(registry.ListHouseholds, clerk, limit=1, cursor=first["next"])
    assert [one["household"] for one in first["items"] + second["items"]] == estate.homes
    assert second["next"] is None
    (alone,) = office(registry.ListHouseholds, clerk, lives_alone=True, elder=True)["items"]
    assert alone["household"] == estate.homes[0]
    assert office(registry.ListHouseholds, caller("clerk", estate.other_grid))["items"] == []
    with pytest.raises(model.UnknownHousehold):
        office(registry.GetHousehold, caller("clerk", estate.other_grid), household=estate.homes[0])
    with pytest.raises(model.UnknownHousehold):
        office(registry.MoveIn, caller("clerk", estate.other_grid), household=estate.homes[0], residents=[WU])


# -- a moving-in that is taken back --------------------------------------------------------------------


def moving_in(office, home, grid, case_no, *members):
    office.hear(
        property.HouseholdFileOpened, household=home, address="9号楼", place=grid, members=list(members),
        move_in_date=date(2026, 11, 23), case_no=case_no,
    )  # fmt: skip


def undo(office, home, grid, case_no):
    at = datetime.now(UTC)
    office.hear(property.MovingInUndone, case_no=case_no, household=home, place=grid, at=at)


def living(office, home):
    return {one["resident_id"] for one in office(registry.GetHousehold, household=home)["residents"]}


@pytest.fixture
def case_no():
    return f"20261123-{random.randrange(10**7):07}"


def test_who_withdraws_lives_where_he_lived_before(office, estate, number, case_no):
    old, new = estate.homes
    mover, stays = WU | {"id_number": number(), "relation": "self"}, WU | {"id_number": number()}
    moved, _ = move(office, old, mover, stays)["residents"]
    before = living(office, old)
    newcomer = {"name": "吴小宝", "id_number": number("20200101"), "relation": "child"}
    moving_in(office, new, estate.grid, case_no, mover | {"relation": "spouse"}, newcomer)
    assert len(living(office, new)) == 2 and moved not in living(office, old)
    for _ in range(2):  # heard twice: taken back once
        undo(office, new, estate.grid, case_no)
    assert living(office, new) == set() and living(office, old) == before
    names = [name for name, _ in office.said(moved)]
    assert names == ["ResidentMovedIn", "ResidentMovedIn", "ResidentMovedOut", "ResidentMovedIn"]
    assert changes(office, new)[-1]["persons"] == 0 and changes(office, old)[-1]["persons"] == 2
    (back,) = (
        one
        for one in office(registry.GetHousehold, household=old)["residents"]
        if one["resident_id"] == moved
    )
    assert back["relation"] == "self"


def test_who_has_moved_on_since_stays_there(office, estate, number, case_no):
    old, new = estate.homes
    third = office(registry.AddHousehold, building=estate.building, unit=2, door="0201")["household"]
    person = WU | {"id_number": number()}
    (moved,) = move(office, old, person)["residents"]
    moving_in(office, new, estate.grid, case_no, person)
    move(office, third, person)
    undo(office, new, estate.grid, case_no)
    assert living(office, third) == {moved} and living(office, old) == living(office, new) == set()


def test_a_withdrawal_that_is_heard_before_the_moving_in_lets_nobody_in(office, estate, number, case_no):
    undo(office, estate.homes[0], estate.grid, case_no)
    moving_in(office, estate.homes[0], estate.grid, case_no, WU | {"id_number": number()})
    assert living(office, estate.homes[0]) == set()


def test_other_cases_of_the_same_home_are_not_touched(office, estate, number, case_no):
    home = estate.homes[0]
    moving_in(office, home, estate.grid, case_no, WU | {"id_number": number()})
    before = living(office, home)
    other = f"20261124-{random.randrange(10**7):07}"
    moving_in(office, home, estate.grid, other, {"name": "吴小宝", "id_number": number("20200101")})
    undo(office, home, estate.grid, other)
    assert living(office, home) == before
