from datetime import datetime
from types import SimpleNamespace

import pytest

from deploy.local.stack import borrowed_parts
from services.contracts import census
from tests.offices import PARTS, Office, community, migrate, officer

REFERENCE = datetime.fromisoformat("2020-11-01T00:00:00+08:00")
WEST, SOUTH, STEP = 116.40, 39.90, 0.001


@pytest.fixture(scope="session")
def stack():
    with borrowed_parts(PARTS) as env:
        migrate(env, "census")
        yield env


@pytest.fixture
def office(stack):
    office = Office("census", stack)
    yield office
    office.ledger.close()


@pytest.fixture
def place():
    return community()


def square(side=4):
    ring = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    return {
        "type": "Polygon",
        "coordinates": [[[WEST + x * STEP, SOUTH + y * STEP] for x, y in ring]],
    }


def csv_of(rows):
    lines = ["building,address,longitude,latitude,persons"]
    return "\n".join(lines + [",".join(map(str, row)) for row in rows])


def buildings(count=4, persons=150):
    """Two rows of houses in the square."""
    return [
        (f"B{n + 1}", f"{n + 1}号楼", WEST + (n // 2 + 0.5) * STEP, SOUTH + (n % 2 + 1) * STEP, persons)
        for n in range(count)
    ]


def person(relation="head", sex="male", born="1980-05-01", **more):
    told = {"name": "王某", "relation": relation, "sex": sex, "birth_date": born, "ethnicity": "01",
            "presence": "here", "registration": "here", "education": "senior", **more}  # fmt: skip
    return {code: value for code, value in told.items() if value is not None}


def answers(*persons, deaths=0, births=0):
    home = {"dwelling": "ordinary", "rooms": 2, "area": 60, "births": births, "deaths": deaths}
    return {"household": home, "persons": list(persons) or [person()]}


def long_answers(*persons):
    home = {
        "storeys": 6,
        "built": "1990s",
        "kitchen": "own",
        "water": "yes",
        "toilet": "own",
        "tenure": "bought",
    }
    one = {"birthplace": "here", "five_years_ago": "here", "insurance": "employee", "marriage": "single",
           "worked": "no", "idle_because": "home"}  # fmt: skip
    return {"household": home, "persons": list(persons) or [one]}


@pytest.fixture
def town(office, place):
    """A census of two blocks that is being enumerated: its leader, an enumerator of each block."""
    leader = officer("census", place, "census-leader")
    first, second = (officer("census", place, "enumerator") for _ in range(2))
    planned = office(
        census.PlanCensus, leader, name="试点", place=place, reference_at=REFERENCE.isoformat(), area=square(),
        seed="a seed for the tests",
    )  # fmt: skip
    key = planned["census_id"]
    office(census.ImportBuildings, leader, census_id=key, csv=csv_of(buildings()))
    office(census.DrawBlocks, leader, census_id=key)
    for number, who in enumerate((first, second), 1):
        office(census.AssignBlock, leader, census_id=key, block=number, enumerator=who.account)
    office(census.MoveCensus, leader, census_id=key, to="enumerating")
    blocks = office(census.ListBlocks, leader, census_id=key)["items"]
    inside = {block["number"]: [one["building"] for one in block["buildings"]] for block in blocks}

    def listed(who, block, count=1, start=1):
        homes = [{"building": inside[block][0], "door": str(n)} for n in range(start, start + count)]
        made = office(census.AddHouseholds, who, census_id=key, block=block, households=homes)
        return [one["household_id"] for one in made["households"]]

    def confirmed(who, household, form="short", told=None, **more):
        office(
            census.SaveQuestionnaire,
            who,
            household_id=household,
            form=form,
            answers=told or answers(),
            **more,
        )
        version = office(census.ReadBack, who, household_id=household, form=form)["version"]
        return office(
            census.ConfirmQuestionnaire, who, household_id=household, form=form, version=version, person=1
        )

    return SimpleNamespace(
        key=key, place=place, leader=leader, first=first, second=second, inside=inside, listed=listed,
        confirmed=confirmed,
    )  # fmt: skip
