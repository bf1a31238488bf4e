"""An estate's record, who owns its homes, its handing over, and the class of its community."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from services.chassis.errors import Forbidden, Invalid
from services.contracts import citizens, classes, estates, gridmap, registry
from services.registry import model as registry_model
from services.registry.classes import handlers as class_handlers
from services.registry.classes import model as class_model
from services.registry.estates import model
from services.registry.estates.tables import handovers
from tests.integration.registry.conftest import caller
from tests.integration.registry.test_grid_map import drawing


def credit_code():
    first = f"91110105{random.randint(0, 999_999_999):09}"
    return first + citizens.credit_check_character(first)


@pytest.fixture
def clerk(estate):
    return caller("clerk", estate.community, "clerk")


@pytest.fixture
def recorded(office, estate, clerk):
    given = {"community": estate.community, "number": 1, "name": "一口家园", "gated": True, "built": 2004}
    return office(estates.RecordEstate, clerk, **given, buildings=[estate.building])["estate"]


# -- the record ----------------------------------------------------------------------------------------


def test_a_record_counts_what_lives_there_and_says_who_changed_what(office, estate, clerk, recorded, number):
    office(registry.MoveIn, clerk, household=estate.homes[0], residents=[
        {"name": "周某", "id_number": number("19500101"), "is_party_member": True},
        {"name": "吴某", "id_number": number("19990101")},
    ])  # fmt: skip
    code = credit_code()
    company = {"company": "某物业", "company_code": code, "contract_id": "HT-1"}
    office(estates.ChangeEstate, clerk, estate=recorded, facilities=[{"kind": "电梯", "count": 2}], **company)
    seen = office(estates.GetEstate, clerk, estate=recorded)
    assert seen["counts"] == {"homes": 2, "lived_in": 1, "persons": 2, "aged_65": 1, "party_members": 1}
    assert (seen["buildings"], seen["company"], seen["contract_id"]) == ([estate.building], "某物业", "HT-1")
    changed = seen["history"][0]
    assert changed["by"] == "clerk" and changed["changes"]["company"] == {"from": None, "to": "某物业"}
    office(estates.DismissCompany, clerk, estate=recorded, reason="合同到期")
    seen = office(estates.GetEstate, clerk, estate=recorded)
    assert (seen["company"], seen["contract_id"]) == (None, None)
    assert office.said(recorded)[-1][0] == "EstateChanged" and "company" not in office.said(recorded)[-1][1]


def test_a_building_is_in_one_estate_of_its_own_community(office, estate, clerk, recorded):
    given = {"community": estate.community, "name": "又一家园", "gated": False}
    with pytest.raises(model.BuildingTaken):
        office(estates.RecordEstate, clerk, number=2, buildings=[estate.building], **given)
    with pytest.raises(model.BuildingTaken):
        office(estates.RecordEstate, clerk, number=2, buildings=["110105001001001-01"], **given)
    with pytest.raises(registry_model.AlreadyRegistered):
        office(estates.RecordEstate, clerk, number=1, **given)
    assert office(estates.ListEstates, clerk, place=estate.community)["items"][0]["buildings"] == 1


def test_a_contract_without_a_company_and_a_wrong_code_are_told_together(office, estate, clerk, recorded):
    with pytest.raises(Invalid) as refused:
        office(estates.ChangeEstate, clerk, estate=recorded, company_code="9" * 18, contract_id="HT-1")
    assert set(refused.value.field_sentences) == {"company", "company_code"}


def test_estates_of_other_areas_do_not_exist(office, estate, recorded):
    stranger = caller("clerk", "220105")
    for contract in (estates.GetEstate, estates.GetOwnersRoll, estates.ChangeEstate):
        with pytest.raises(model.UnknownEstate):
            office(contract, stranger, estate=recorded)
    with pytest.raises(registry_model.UnknownBuilding):
        office(estates.GetCrossSection, stranger, building=estate.building)
    with pytest.raises(Forbidden):
        office(estates.ChangeEstate, caller("auditor", estate.community), estate=recorded)


def test_the_cross_section_of_a_building(office, estate, clerk, number):
    office(
        registry.MoveIn, clerk, household=estate.homes[0], residents=[{"name": "周某", "id_number": number()}]
    )
    office(registry.AddHousehold, clerk, building=estate.building, unit=2, door="0301", collective=True)
    seen = office(estates.GetCrossSection, clerk, building=estate.building)
    assert len(seen["floors"]) == 6
    states = {cell["household"]: cell["state"] for floor in seen["floors"] for cell in floor["homes"]}
    assert states[estate.homes[0]] == "lived-in" and states[estate.homes[1]] == "empty"
    assert states[f"{estate.building}-2-0301"] == "collective"
    assert "周" not in str(seen)


# -- owners --------------------------------------------------------------------------------------------


def own(office, clerk, household, *owners, since="2020-01-01", **more):
    given = {"household": household, "owners": list(owners), "since": since, "basis": "京房权证1号", **more}
    return office(estates.RecordOwners, clerk, **given)["owners"]


def test_owners_of_a_home_change_and_who_owned_it_before_is_kept(office, estate, clerk, recorded, number):
    home, seller, wife = estate.homes[0], number(), number()
    own(office, clerk, home, {"name": "周某某", "number": seller, "phone": "13500000000"}, area="90.00")
    own(
        office, clerk, home,
        {"name": "吴某", "number": wife, "share": "1/3"}, {"name": "郑某", "share": "2/3"}, since="2025-06-01",
    )  # fmt: skip
    now = office(estates.ListOwners, clerk, household=home)["items"]
    assert [(one["share"], str(one["share_area"])) for one in now] == [("1/3", "30.00"), ("2/3", "60.00")]
    (before,) = office(estates.ListOwners, clerk, household=home, on="2025-05-31")["items"]
    assert (before["name"], before["phone"]) == ("周**", "135****0000") and seller not in str(before)
    assert len(office(estates.ListOwners, clerk, estate=recorded, on="2025-06-01")["items"]) == 2
    _, told = [one for one in office.said(home) if one[0] == "OwnersChanged"][-1]
    assert (told["estate"], told["area"], told["since"]) == (recorded, "90.00", "2025-06-01")
    assert [(one["share"], one["area"]) for one in told["owners"]] == [("1/3", "30.00"), ("2/3", "60.00")]
    assert wife not in str(told) and "吴" not in str(told)


@pytest.mark.parametrize("since", ["2020-01-01", "2019-12-31", "2999-01-01"])
def test_ownership_is_not_rewritten_backwards_or_ahead(office, estate, clerk, since):
    own(office, clerk, estate.homes[0], {"name": "周某"})
    with pytest.raises(model.OwnersOutOfOrder):
        own(office, clerk, estate.homes[0], {"name": "吴某"}, since=since)


def test_the_same_owner_of_several_homes_is_one_head(office, estate, clerk, recorded, number):
    somebody = {"name": "周某", "number": number()}
    own(office, clerk, estate.homes[0], somebody, area="80.00")
    seen = office(estates.GetOwnersRoll, clerk, estate=recorded)
    assert (seen["heads"], seen["without_owner"]) == (1, [estate.homes[1]])
    own(office, clerk, estate.homes[1], somebody, area="20.00")
    seen = office(estates.GetOwnersRoll, clerk, estate=recorded)
    assert (seen["heads"], str(seen["area"]), seen["without_owner"]) == (1, "100.00", [])
    assert office(estates.GetOwnersRoll, clerk, estate=recorded, on="2019-12-31")["heads"] == 0
    own(office, clerk, estate.homes[1], {"name": "吴某"}, since="2025-06-01")
    day_before, day = (
        office(estates.GetOwnersRoll, clerk, estate=recorded, on=on) for on in ("2025-05-31", "2025-06-01")
    )
    assert (day_before["heads"], day["heads"]) == (1, 2)
    assert (day_before["without_owner"], day["without_owner"]) == ([], [])


def test_an_owner_without_a_number_stays_the_same_one_in_the_same_home(office, estate, clerk):
    (first,) = own(office, clerk, estate.homes[0], {"name": "周某"})
    (again, _) = own(
        office, clerk, estate.homes[0], {"name": "周某", "share": "1/2"}, {"name": "吴某", "share": "1/2"},
        since="2024-01-01",
    )  # fmt: skip
    (elsewhere,) = own(office, clerk, estate.homes[1], {"name": "周某"})
    assert again["owner_id"] == first["owner_id"] != elsewhere["owner_id"]


# -- handing over --------------------------------------------------------------------------------------


ASKED = ("as-built", "equipment", "warranty", "owners-roll", "rooms")


def items(*slugs):
    return [{"kind": "document", "slug": slug, "name": slug} for slug in slugs]


def test_assets_are_handed_over_by_two_signatures(office, estate, clerk, recorded):
    begun = office(estates.BeginHandover, clerk, estate=recorded, giver="甲物业", taker="乙物业")
    which = {"handover_id": begun["handover_id"]}
    days = begun["due_at"] - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < days <= timedelta(days=30)
    with pytest.raises(model.HandoverUnderWay):
        office(estates.BeginHandover, clerk, estate=recorded, giver="x", taker="y")
    office(estates.SetHandoverItems, clerk, **which, items=items(*ASKED[:-1]))
    with pytest.raises(model.ListIncomplete) as refused:
        office(estates.ListHandover, clerk, **which)
    assert list(refused.value.field_sentences) == ["items.rooms"]
    assert [one["slug"] for one in office(estates.GetHandover, clerk, **which)["missing"]] == ["rooms"]
    office(estates.SetHandoverItems, clerk, **which, items=items(*ASKED))
    digest = office(estates.ListHandover, clerk, **which)["digest"]
    with pytest.raises(model.HandoverNotNow):
        office(estates.SetHandoverItems, clerk, **which, items=[])
    giver, taker = (caller("company", estate.community, name, kind="company") for name in ("甲", "乙"))
    office(estates.SignHandover, giver, **which, side="giver", name="甲代表", digest=digest)
    done = office(estates.SignHandover, taker, **which, side="taker", name="乙代表", digest=digest)
    assert (done["state"], done["signed"]) == ("handed-over", ["giver", "taker"])
    said = [data for name, data in office.said(recorded) if name == "EstateHandedOver"]
    assert [one["digest"] for one in said] == [digest]
    office(estates.BeginHandover, clerk, estate=recorded, giver="乙物业", taker="丙物业")  # another time


def test_a_handing_over_that_takes_too_long_is_in_the_list(office, estate, clerk, recorded):
    begun = office(estates.BeginHandover, clerk, estate=recorded, giver="甲", taker="乙")
    ask = {"place": estate.community, "overdue": True}
    assert office(estates.ListHandovers, clerk, **ask)["items"] == []
    with office.ledger.work() as work:
        late = datetime.now(UTC) - timedelta(seconds=1)
        which = handovers.c.handover_id == begun["handover_id"]
        work.connection.execute(update(handovers).where(which).values(due_at=late))
    (seen,) = office(estates.ListHandovers, clerk, **ask)["items"]
    assert seen["handover_id"] == begun["handover_id"]
    with pytest.raises(model.UnknownHandover):
        office(estates.GetHandover, caller("clerk", "220105"), handover_id=begun["handover_id"])


# -- the class of the community ------------------------------------------------------------------------


@pytest.fixture
def old_community(office, community):
    """A square kilometre, one building without a firm, five persons of whom two are 65 or older."""
    corner = 75 + random.randrange(500_000) / 10_000, 5 + random.randrange(400_000) / 10_000
    office(gridmap.DrawGridMap, community=community, map=drawing(community, corner, 0, 9), dry_run=False)
    building = office(registry.AddBuilding, grid=f"{community}001", number=1, address="1号楼")["building"]
    home = office(registry.AddHousehold, building=building, unit=1, door="0101")["household"]
    office(
        estates.RecordEstate, community=community, number=1, name="老街", gated=False, buildings=[building]
    )
    return home


def seen(office, community):
    return office(classes.GetCommunityClass, caller("officer", community), community=community)


def test_a_community_is_judged_by_the_registrys_own_figures(office, community, old_community, number):
    today = date.today()
    ages = ("19400101", f"{today.year - 65}{today:%m%d}", "19900101", "20000101", "20100101")
    people = [{"name": f"周{n}", "id_number": number(born)} for n, born in enumerate(ages)]
    office(registry.MoveIn, household=old_community, residents=people)
    found = seen(office, community)
    assert (found["class"], found["state"]) == ("open-old", "classified")
    by_name = {figure["name"]: figure for figure in found["figures"]}
    aged = by_name["aged_65"]  # whoever turns 65 today is
    assert (aged["numerator"], aged["denominator"], aged["value"]) == ("2", "5", "0.4000")
    assert float(by_name["density"]["denominator"]) == pytest.approx(1.0, abs=0.35)
    assert by_name["unemployment"]["note"] == "not entered"
    assert len(found["measures"]) == 3


def test_people_who_move_in_change_the_class_and_the_history_says_when(
    office, community, old_community, number
):
    def turn():
        with office.ledger.work() as work:
            class_handlers.recompute(work, community)

    def history():
        return office(classes.ListClassHistory, community=community)["items"]

    office(
        registry.MoveIn,
        household=old_community,
        residents=[{"name": "周某", "id_number": number("19400101")}],
    )
    with office.ledger.work() as work:
        assert community in work.store.to_be_judged(work.now, 10_000)
        class_handlers.recompute(work, community)
    assert history()[0]["class"] == "open-old"
    young = [{"name": f"吴{n}", "id_number": number("19900101")} for n in range(4)]
    office(registry.MoveIn, household=old_community, residents=young)
    with office.ledger.work() as work:
        class_handlers.recompute(work, community)
    before = history()
    assert [one["class"] for one in before[:2]] == [None, "open-old"]  # 20 % is not more than 20 %
    said = [data for name, data in office.said(community) if name == "CommunityClassified"]
    assert [(one.get("former"), one.get("now")) for one in said] == [(None, "open-old"), ("open-old", None)]
    with ThreadPoolExecutor(4) as pool:  # looked at again and again, nothing new is written
        list(pool.map(lambda _: turn(), range(4)))
    assert len(history()) == len(before)


def test_the_unemployed_are_entered_with_their_source(office, community, old_community):
    clerk = caller("clerk", community)
    given = {"community": community, "labour_force": 100, "source": "社保", "counted_on": "2026-01-31"}
    with pytest.raises(Invalid) as refused:
        office(classes.EnterUnemployment, clerk, **given | {"counted_on": "2999-01-01"}, unemployed=101)
    assert set(refused.value.field_sentences) == {"unemployed", "counted_on"}
    office(classes.EnterUnemployment, clerk, **given, unemployed=5)
    figure = next(one for one in seen(office, community)["figures"] if one["name"] == "unemployment")
    assert (figure["value"], figure["note"]) == ("0.0500", "社保, 2026-01-31")
    with pytest.raises(class_model.UnknownCommunity):
        office(classes.EnterUnemployment, **given | {"community": "990000000000"}, unemployed=5)
    with pytest.raises(class_model.UnknownCommunity):
        office(classes.GetCommunityClass, caller("officer", "220105"), community=community)
    listed = office(classes.ListCommunityClasses, clerk, place=community)["items"]
    assert [one["community"] for one in listed] == [community]
