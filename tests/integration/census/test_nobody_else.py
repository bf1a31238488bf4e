"""Article 33: what a census knows is used for nothing else. Each test tries to get at it another way."""

import importlib
import inspect
import pkgutil
import re

import psycopg
import pytest
from sqlalchemy import select

import services.contracts
from services.census import model
from services.chassis.database import outbox
from services.chassis.identifiers import SYSTEM, Caller
from services.contracts import catalogue, census
from services.contracts.catalogue import SERVICES
from services.contracts.identity import ROLES
from services.contracts.messages import Command, Query
from services.contracts.roles import MAY, may
from tests.integration.census.conftest import answers
from tests.offices import officer

OTHERS = [name for name in SERVICES if name != "census"]
OWN_ROLES = {"enumerator", "census-leader"}
CALLS = [
    thing for thing in vars(census).values()
    if isinstance(thing, type) and issubclass(thing, Command | Query) and thing.__module__ == census.__name__
]  # fmt: skip


def url(env, service, database):
    own = env[f"DATABASE_URL_{service.upper()}"].replace("+psycopg", "")
    return own.rpartition("/")[0] + "/" + database


@pytest.mark.parametrize("other", OTHERS)
def test_no_other_services_role_enters_the_census_database(stack, other):
    psycopg.connect(url(stack, other, other)).close()  # the password is right
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url(stack, other, "census"))


@pytest.mark.parametrize("other", OTHERS)
def test_the_censuss_role_enters_no_other_database(stack, other):
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url(stack, "census", other))


@pytest.mark.parametrize("other", OTHERS)
def test_even_inside_the_database_another_role_may_select_nothing(stack, other):
    """Should somebody grant the connection one day."""
    admin = stack["POSTGRES_ADMIN_URL"].rpartition("/")[0] + "/census"
    with psycopg.connect(admin) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        assert {"versions", "households"} <= set(tables)
        asked = "SELECT has_table_privilege(%s, %s, 'SELECT, INSERT, UPDATE, DELETE')"
        allowed = [
            name for name in tables if connection.execute(asked, (other, f"public.{name}")).fetchone()[0]
        ]
    assert allowed == []


def test_no_event_leaves_the_census_and_none_comes_in():
    assert [name for name, event in catalogue.events().items() if "census" in event.said_by] == []
    assert catalogue.heard_by("census") == frozenset()


def test_a_census_that_is_worked_through_leaves_nothing_in_the_outbox(office, town):
    (home,) = town.listed(town.first, 1)
    town.confirmed(town.first, home)
    with office.ledger.read() as read:
        assert read.connection.execute(select(outbox.c.position)).all() == []


def test_a_repeated_orders_memory_holds_no_answer_of_a_person(office, town):
    """What is kept for two days for a repeat is the office's answer: those that hold answers of people are not kept."""
    holding = {
        census.SaveQuestionnaire,
        census.ReadBack,
        census.KeyAgain,
        census.Adjudicate,
    }
    assert {one for one in CALLS if issubclass(one, Command) and not one.remembered} == holding


def test_no_other_contract_speaks_of_it():
    for module in pkgutil.iter_modules(services.contracts.__path__):
        if module.name in ("census", "roles", "catalogue", "identity"):
            continue
        words = inspect.getsource(importlib.import_module(f"services.contracts.{module.name}"))
        assert not re.search(r"\bcensus", words, re.IGNORECASE), module.name


def test_roles_of_the_census_open_nothing_else_and_others_open_no_census():
    for contract, roles in MAY.items():
        if not roles:
            continue
        if contract in CALLS:
            assert set(may(contract)) <= OWN_ROLES, contract
        else:
            assert not OWN_ROLES & set(may(contract)), contract


def asked(office, town, home):
    """Everything the census answers or does, with fields that are right."""
    ask = {"census_id": town.key}
    of = {"household_id": home, "form": "short"}
    keying = {"keying_id": "none"}
    return {
        census.GetCensus: ask, census.GetForms: ask, census.ListBlocks: ask, census.GetBlockMap: ask,
        census.ListHouseholds: ask, census.ListKeyings: ask, census.GetProgress: ask, census.GetQuality: ask,
        census.ListDifferences: ask, census.ListCleanUp: {**ask, "kind": "usual"}, census.GetErasureCertificate: ask,
        census.GetQuestionnaire: of, census.ImportBuildings: {**ask, "csv": "building"}, census.DrawBlocks: ask,
        census.AssignBlock: {**ask, "block": 1, "enumerator": "me"}, census.MoveCensus: {**ask, "to": "checking"},
        census.AddHouseholds: {**ask, "block": 1, "households": [{"building": "B1", "door": "99"}]},
        census.RecordVisit: {"household_id": home, "outcome": "absent"},
        census.SaveQuestionnaire: {**of, "answers": answers()}, census.ReadBack: of,
        census.ConfirmQuestionnaire: {**of, "version": 1}, census.AssignKeying: {**keying, "keyer": "me"},
        census.KeyAgain: {**keying, "answers": answers()},
        census.Adjudicate: {**keying, "item": "household.rooms", "verdict": "first"},
    }  # fmt: skip


OPEN = {census.GetPublication, census.ListCensuses, census.PlanCensus, census.LoadDemonstration}


def strangers(place):
    for role in ROLES:
        if role not in OWN_ROLES:
            yield role, officer("census", "", role)
    yield "system", SYSTEM
    yield "public", Caller.of(None)
    yield "leader of another place", officer("census", "98", "census-leader")
    yield "enumerator of no block", officer("census", place, "enumerator")


def test_behind_the_door_too_a_stranger_is_told_that_there_is_nothing(office, town, place):
    """The gateway refuses them already; the service does not rely on it, and an inside caller is a stranger."""
    (home,) = town.listed(town.first, 1)
    town.confirmed(town.first, home)
    everything = asked(office, town, home)
    assert everything.keys() | OPEN == set(CALLS)
    for who, caller in strangers(place):
        for contract, fields in everything.items():
            if who == "enumerator of no block" and contract in (
                census.GetCensus, census.GetForms, census.ListBlocks, census.GetBlockMap, census.ListHouseholds,
                census.ListKeyings,
            ):  # fmt: skip
                told = office(contract, caller, **fields)
                assert not told.get("items") and not told.get("features"), contract
                continue
            with pytest.raises(
                (model.UnknownCensus, model.UnknownBlock, model.UnknownHousehold, model.UnknownKeying)
            ):
                office(contract, caller, **fields)
                pytest.fail(f"{who} was let in by {contract.__name__}")
        if who != "enumerator of no block":
            assert office(census.ListCensuses, caller)["items"] == [], who


def test_an_enumerator_sees_no_block_but_his_own(office, town):
    (mine,), (his,) = town.listed(town.first, 1), town.listed(town.second, 2)
    town.confirmed(town.second, his)
    rows = office(census.ListHouseholds, town.first, census_id=town.key)["items"]
    assert [row["household_id"] for row in rows] == [mine]
    assert [one["number"] for one in office(census.ListBlocks, town.first, census_id=town.key)["items"]] == [
        1
    ]
    shown = office(census.GetBlockMap, town.first, census_id=town.key)["features"]
    assert [one["properties"]["number"] for one in shown] == [1]
    with pytest.raises(model.UnknownHousehold):
        office(census.GetQuestionnaire, town.first, household_id=his, form="short")
    with pytest.raises(model.UnknownBlock):
        town.listed(town.first, 2, start=50)


def test_lists_name_no_person(office, town):
    (home,) = town.listed(town.first, 1)
    town.confirmed(town.first, home)
    for contract in (census.ListHouseholds, census.ListBlocks, census.GetProgress, census.ListKeyings):
        assert "王某" not in str(office(contract, town.leader, census_id=town.key)), contract


def test_the_database_looked_into_here_is_the_services_own(stack):
    with psycopg.connect(url(stack, "census", "census")) as connection:
        assert connection.execute("SELECT current_user, count(*) >= 0 FROM households").fetchone() == (
            "census",
            True,
        )
