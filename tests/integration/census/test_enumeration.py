"""Article by article how a household is enumerated: listed, visited, asked, read back, confirmed (rules §6, S15.1–S15.5)."""

from datetime import timedelta

import pytest

from services.census import model, sampling
from services.chassis.errors import Invalid
from services.contracts import census
from tests.integration.census.conftest import (
    REFERENCE,
    SOUTH,
    STEP,
    WEST,
    answers,
    buildings,
    csv_of,
    long_answers,
    person,
    square,
)
from tests.offices import officer


def test_nobody_is_enumerated_before_the_reference_time(office, place):
    """S15.1: at 0:00 of 1 November it begins; a second before it is refused."""
    leader = officer("census", place, "census-leader")
    key = office(
        census.PlanCensus, leader, name="x", place=place, reference_at=REFERENCE.isoformat(), area=square()
    )["census_id"]
    office(census.ImportBuildings, leader, census_id=key, csv=csv_of(buildings(2)))
    office(census.DrawBlocks, leader, census_id=key)
    office(census.AssignBlock, leader, census_id=key, block=1, enumerator="somebody")
    with office.ledger.work(leader) as work:
        for at, fine in ((REFERENCE - timedelta(seconds=1), False), (REFERENCE, True)):
            work.now = at
            command = census.MoveCensus.read({"census_id": key, "to": "enumerating"})
            if fine:
                assert office.handlers.COMMANDS[census.MoveCensus](work, command)["state"] == "enumerating"
            else:
                with pytest.raises(model.BeforeReferenceTime):
                    office.handlers.COMMANDS[census.MoveCensus](work, command)


@pytest.mark.parametrize(
    "at", ["2020-10-31T23:59:59+08:00", "2020-11-01T00:00:01+08:00", "2020-11-01T00:00:00Z"]
)
def test_a_plan_for_another_moment_than_the_reference_time_is_refused(office, place, at):
    """S15.1: 1 November 0:00, Beijing time."""
    leader = officer("census", place, "census-leader")
    with pytest.raises(Invalid) as told:
        office(census.PlanCensus, leader, name="x", place=place, reference_at=at, area=square())
    assert set(told.value.field_sentences) == {"reference_at"}


def test_a_block_without_an_enumerator_stops_the_beginning(office, place):
    leader = officer("census", place, "census-leader")
    key = office(
        census.PlanCensus, leader, name="x", place=place, reference_at=REFERENCE.isoformat(), area=square()
    )["census_id"]
    office(census.ImportBuildings, leader, census_id=key, csv=csv_of(buildings()))
    office(census.DrawBlocks, leader, census_id=key)
    office(census.AssignBlock, leader, census_id=key, block=1, enumerator="somebody")
    with pytest.raises(model.NotReady) as told:
        office(census.MoveCensus, leader, census_id=key, to="enumerating")
    assert told.value.facts["count"] == 1


def test_every_bad_row_of_the_list_is_told_and_none_is_kept(office, place):
    leader = officer("census", place, "census-leader")
    key = office(
        census.PlanCensus, leader, name="x", place=place, reference_at=REFERENCE.isoformat(), area=square()
    )["census_id"]
    rows = [
        *buildings(2),
        ("B1", "x", 116.401, 39.901, 5),
        ("B9", "x", 200, 39.9, 1.5),
        ("B8", "x", 10, 10, 5),
    ]
    with pytest.raises(Invalid) as told:
        office(census.ImportBuildings, leader, census_id=key, csv=csv_of(rows))
    assert set(told.value.field_sentences) == {
        "rows.3.building", "rows.4.longitude", "rows.4.persons", "buildings.B8",
    }  # fmt: skip
    dry = office(census.ImportBuildings, leader, census_id=key, csv=csv_of(buildings(2)), dry_run=True)
    assert dry == {"buildings": 2, "persons": 300, "kept": False}
    with pytest.raises(model.NotReady):
        office(census.DrawBlocks, leader, census_id=key)


def test_geojson_points_are_read_as_the_same_list(office, place):
    leader = officer("census", place, "census-leader")
    key = office(
        census.PlanCensus, leader, name="x", place=place, reference_at=REFERENCE.isoformat(), area=square()
    )["census_id"]
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]},
         "properties": {"building": code, "address": address, "persons": persons}}
        for code, address, x, y, persons in buildings()
    ]  # fmt: skip
    office(
        census.ImportBuildings,
        leader,
        census_id=key,
        geojson={"type": "FeatureCollection", "features": features},
    )
    drawn = office(census.DrawBlocks, leader, census_id=key)
    assert (drawn["blocks"], drawn["persons"], drawn["out_of_bounds"]) == (2, 600, [])


def test_a_confirmed_answer_is_the_one_that_was_read_back(office, town):
    """S15.5: fill on the spot, read back, confirm; what was changed after the reading is not confirmed by it."""
    (home,) = town.listed(town.first, 1)
    ask = {"household_id": home, "form": "short"}
    saved = office(census.SaveQuestionnaire, town.first, answers=answers(person(name=None)), **ask)
    assert [(f["path"], f["code"], f["level"]) for f in saved["faults"]] == [
        ("persons.0.name", "missing", "hard")
    ]
    with pytest.raises(model.FaultsStand):
        office(census.ReadBack, town.first, **ask)
    office(census.SaveQuestionnaire, town.first, answers=answers(), **ask)
    with pytest.raises(model.NotReadBack):
        office(census.ConfirmQuestionnaire, town.first, version=1, **ask)
    read = office(census.ReadBack, town.first, **ask)
    assert {"path": "persons.0.name", "zh": "第1人，姓名：王某。", "en": "Person 1, Name: 王某."} in read[
        "lines"
    ]
    office(census.SaveQuestionnaire, town.first, answers=answers(person(sex="female")), **ask)
    with pytest.raises(model.NotReadBack):
        office(census.ConfirmQuestionnaire, town.first, version=1, **ask)
    office(census.ReadBack, town.first, **ask)
    with pytest.raises(Invalid):
        office(census.ConfirmQuestionnaire, town.first, version=1, person=2, **ask)
    assert office(census.ConfirmQuestionnaire, town.first, version=1, person=1, **ask)["version"] == 1


def test_after_the_confirmation_a_change_needs_a_reason_and_makes_a_version(office, town):
    (home,) = town.listed(town.first, 1)
    town.confirmed(town.first, home)
    ask = {"household_id": home, "form": "short"}
    with pytest.raises(model.ReasonNeeded):
        office(census.SaveQuestionnaire, town.first, answers=answers(person(sex="female")), **ask)
    changed = office(
        census.SaveQuestionnaire, town.first, answers=answers(person(sex="female")), reason="听错", **ask
    )
    assert (changed["version"], changed["state"]) == (2, "started")
    seen = office(census.GetQuestionnaire, town.first, **ask)
    assert [(v["version"], v["cause"], v["reason"], v["confirmed_at"] is not None) for v in seen["versions"]] == [
        (1, "first", None, True), (2, "change", "听错", False),
    ]  # fmt: skip


def test_what_is_confirmed_is_not_read_again_without_a_trace(office, town):
    """ReadBack hands out whole values: it notes who read, and ends with the confirmation."""
    (home,) = town.listed(town.first, 1)
    town.confirmed(town.first, home)
    with pytest.raises(model.ConfirmedAlready):
        office(census.ReadBack, town.leader, household_id=home, form="short")
    with office.ledger.work() as work:
        row = work.store.version(home, "short", 1)
    assert row.read_back_by == town.first.account and row.read_back_at <= row.confirmed_at


def test_a_soft_fault_may_stand_with_an_explanation(office, town):
    (home,) = town.listed(town.first, 1)
    told = answers(person(born="2006-01-01", education="junior"))
    ask = {"household_id": home, "form": "short"}
    (fault,) = office(census.SaveQuestionnaire, town.first, answers=told, **ask)["faults"]
    assert (fault["code"], fault["level"]) == ("young-head", "soft")
    with pytest.raises(model.FaultsStand):
        office(census.ReadBack, town.first, **ask)
    why = {"persons.0:young-head": "孤儿，与祖母分户"}
    office(census.SaveQuestionnaire, town.first, answers=told, explanations=why, **ask)
    assert office(census.ReadBack, town.first, **ask)["version"] == 1


def test_the_long_form_is_shown_only_when_the_short_one_is_confirmed(office, town):
    """S15.3: 10 % of the households; until then nothing tells which, so that nobody is shortened for it."""
    homes = town.listed(town.first, 1, count=20)
    drawn = sampling.sample("a seed for the tests", town.key, 1, 20, 10)
    assert len(drawn) == 2
    for serial, home in enumerate(homes, 1):
        ask = {"household_id": home}
        told = office(census.SaveQuestionnaire, town.first, form="short", answers=answers(), **ask)
        assert told["forms_due"] == ["short"]
        with pytest.raises(model.FormNotDue):
            office(census.SaveQuestionnaire, town.first, form="long", answers=long_answers(), **ask)
        after = town.confirmed(town.first, home)
        expected = (["short", "long"], "started") if serial in drawn else (["short"], "confirmed")
        assert (after["forms_due"], after["state"]) == expected
    done = town.confirmed(town.first, homes[drawn[0] - 1], "long", long_answers())
    assert done["state"] == "confirmed"
    face = office(census.GetCensus, town.leader, census_id=town.key)
    assert face["seed"] is None and face["seed_fingerprint"] == sampling.fingerprint("a seed for the tests")


def test_a_death_asks_for_the_death_form_of_the_twelve_months_before(office, town):
    (home,) = town.listed(town.first, 1)
    after = town.confirmed(town.first, home, told=answers(deaths=1))
    assert "death" in after["forms_due"]
    dead = {"name": "王某", "sex": "male", "birth_date": "1940-01-01", "ethnicity": "01", "education": "primary",
            "marriage": "widowed", "registered_here": "yes"}  # fmt: skip
    ask = {"household_id": home, "form": "death"}
    for day, fine in (
        ("2019-10-31", False),
        ("2019-11-01", True),
        ("2020-10-31", True),
        ("2020-11-01", False),
    ):
        told = {"persons": [dead | {"death_date": day}]}
        faults = office(census.SaveQuestionnaire, town.first, answers=told, **ask)["faults"]
        assert ("died-within" not in {f["code"] for f in faults}) == fine, day
    faults = office(census.SaveQuestionnaire, town.first, answers={"persons": []}, **ask)["faults"]
    assert {"deaths-told", "somebody"} == {f["code"] for f in faults}


def test_a_changed_short_form_opens_the_long_one_that_no_longer_goes_with_it(office, town):
    homes = town.listed(town.first, 1, count=10)
    home = homes[sampling.sample("a seed for the tests", town.key, 1, 10, 10)[0] - 1]
    town.confirmed(town.first, home)
    assert town.confirmed(town.first, home, "long", long_answers())["state"] == "confirmed"
    two = answers(person(), person("spouse", "female", "1981-01-01"))
    after = town.confirmed(town.first, home, told=two, reason="漏登一人")
    assert after["state"] == "started"
    assert office(census.GetQuestionnaire, town.first, household_id=home, form="long")["state"] == "open"


def test_a_household_is_given_up_as_absent_after_the_third_visit(office, town):
    (home,) = town.listed(town.first, 1)
    states = [
        office(census.RecordVisit, town.first, household_id=home, outcome="absent")["state"] for _ in range(3)
    ]
    assert states == ["started", "started", "absent"]
    assert office(census.RecordVisit, town.first, household_id=home, outcome="refused")["state"] == "refused"
    assert town.confirmed(town.first, home)["state"] in ("confirmed", "started")


def test_a_door_is_listed_once_and_only_in_its_own_block(office, town):
    town.listed(town.first, 1)
    with pytest.raises(model.AlreadyListed):
        town.listed(town.first, 1)
    strange = [{"building": town.inside[2][0], "door": "1"}]
    with pytest.raises(Invalid):
        office(census.AddHouseholds, town.first, census_id=town.key, block=1, households=strange)
    (later,) = town.listed(town.first, 1, start=2)
    rows = office(census.ListHouseholds, town.first, census_id=town.key)["items"]
    assert [(row["household_id"], row["serial"]) for row in rows][-1] == (later, 2)


def test_blocks_stay_as_they_are_once_a_household_is_listed(office, town):
    town.listed(town.first, 1)
    with pytest.raises(model.NotReady):
        office(census.DrawBlocks, town.leader, census_id=town.key)


def test_progress_counts_by_enumerator_and_block(office, town):
    one, other, third = town.listed(town.first, 1, count=3)
    town.listed(town.second, 2, count=2)
    town.confirmed(town.first, one)
    office(census.SaveQuestionnaire, town.first, household_id=other, form="short", answers=answers())
    office(census.RecordVisit, town.first, household_id=third, outcome="refused")
    told = office(census.GetProgress, town.leader, census_id=town.key)
    mine = next(row for row in told["by_enumerator"] if row["enumerator"] == town.first.account)
    assert (mine["households"], mine["visited"], mine["refused"], mine["blocks"]) == (3, 3, 1, 1)
    assert told["total"]["households"] == 5
    assert [row["visited"] for row in told["by_block"]] == [3, 0]


def test_the_demonstration_is_loaded_once_and_is_the_same_for_the_same_seed(office, place):
    """A census of invented people, by the administrator's hand; he sees nothing of it."""
    admin, leader = officer("frontdesk", "", "admin"), officer("census", place, "census-leader")
    rows = [{"code": code, "address": address, "longitude": x, "latitude": y}
            for code, address, x, y, _ in buildings(6)]  # fmt: skip
    halves = [
        {"type": "Polygon", "coordinates": [[[WEST + x * STEP, SOUTH + y * STEP] for x, y in ring]]}
        for ring in (
            ((0, 0), (2, 0), (2, 4), (0, 4), (0, 0)),
            ((2, 0), (4, 0), (4, 4), (2, 4), (2, 0)),
        )
    ]
    given = {"place": place, "buildings": rows, "areas": halves, "seed": 7}
    with pytest.raises(model.OnlyForAdministrators):
        office(census.LoadDemonstration, leader, **given)
    loaded = office(census.LoadDemonstration, admin, **given)
    assert (loaded["loaded"], loaded["blocks"], loaded["households"]) == (True, 2, 240)
    assert office(census.LoadDemonstration, admin, **given) == {"loaded": False}
    assert office(census.ListCensuses, admin)["items"] == []
    total = office(census.GetProgress, leader, census_id=loaded["census_id"])["total"]
    assert total["confirmed"] > 120 and total["refused"] > 0 and total["absent"] > 0
    (home, *_) = office(census.ListHouseholds, leader, census_id=loaded["census_id"], state="confirmed")[
        "items"
    ]
    seen = office(census.GetQuestionnaire, leader, household_id=home["household_id"], form="short")
    assert [fault for fault in seen["faults"] if fault["level"] == "hard"] == []
    assert all(one["id_number"].startswith("110199") for one in seen["answers"]["persons"])
