"""People who do not exist, counted in a community that does not exist. The same seed makes the same census.

ID numbers are valid in form and nobody's: no county has the code 110199.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from random import Random
from typing import Any

from services.contracts import citizens

NOBODYS_COUNTY = "110199"
REFERENCE = datetime.fromisoformat("2020-11-01T00:00:00+08:00")
"""The reference time of the seventh national census."""
NAME = "第七次人口普查（演示） The seventh census (demonstration)"
ENUMERATORS = ("enumerator", "enumerator-2", "enumerator-3")
FLOORS, UNITS, DOORS = 10, 2, 2
PERSONS_A_BUILDING = (92, 116)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("某", "小某", "大某", "一某", "晓某")
HOUSEHOLDS: tuple[tuple[float, tuple[tuple[str, int, int], ...]], ...] = (
    (0.22, (("head", 25, 88),)),
    (0.32, (("head", 28, 84), ("spouse", 27, 82))),
    (0.30, (("head", 30, 48), ("spouse", 29, 47), ("child", 1, 13))),
    (0.10, (("head", 33, 46), ("spouse", 32, 45), ("child", 7, 16), ("child", 1, 6))),
    (0.06, (("head", 36, 48), ("spouse", 35, 47), ("child", 3, 16), ("parent", 65, 86))),
)


def persons_of(seed: int, building: str) -> int:
    return Random(f"{seed}:{building}").randint(*PERSONS_A_BUILDING)


def doors() -> Iterator[str]:
    for unit in range(1, UNITS + 1):
        for floor in range(1, FLOORS + 1):
            for door in range(1, DOORS + 1):
                yield f"{unit}-{floor:02}{door:02}"


def outcome(seed: int, block: int, household: str) -> str:
    """How far a household is: every fourth block is not begun, the others are nearly done."""
    share = Random(f"{seed}:{household}:outcome").random()
    if block % 4 == 0:
        return "listed"
    for limit, state in (
        (0.78, "confirmed"),
        (0.84, "read-back"),
        (0.89, "open"),
        (0.94, "absent"),
        (0.97, "refused"),
    ):
        if share < limit:
            return state
    return "vacant"


def short(seed: int, household: str) -> dict[str, Any]:
    chance = Random(f"{seed}:{household}")
    (_, members), *_ = chance.choices(HOUSEHOLDS, weights=[share for share, _ in HOUSEHOLDS])
    surname = chance.choice(SURNAMES)
    migrant = chance.random() < 0.3
    persons = [_person(chance, surname, migrant, *member) for member in members]
    if len(persons) > 1:
        persons[1]["sex"] = "female" if persons[0]["sex"] == "male" else "male"
    for person in persons:
        person["id_number"] = _id_number(chance, person["birth_date"], person["sex"])
    deaths = int(chance.random() < 0.01)
    household_answers = {"dwelling": "ordinary", "rooms": chance.randint(1, 4), "area": chance.randint(40, 140),
                         "births": 0, "deaths": deaths}  # fmt: skip
    return {"household": household_answers, "persons": persons}


def _person(
    chance: Random, surname: str, migrant: bool, relation: str, least: int, greatest: int
) -> dict[str, Any]:
    age = chance.randint(least, greatest)
    born = date(REFERENCE.year - age, chance.randint(1, 10), chance.randint(1, 28))
    own = surname if relation in ("head", "child") else chance.choice(SURNAMES)
    person = {
        "name": own + chance.choice(GIVEN),
        "relation": relation,
        "sex": chance.choice(("male", "female")),
        "birth_date": born.isoformat(),
        "ethnicity": chance.choices(("01", "11", "02"), weights=(93, 4, 3))[0],
        "presence": "here",
        "registration": "away" if migrant else "here",
    }
    if migrant:
        person |= {"left": chance.choice(("half-to-one", "one-to-five", "over-five")), "why_left": "work"}
    if age >= 3:
        person["education"] = _education(chance, age)
        if age >= 15 and person["education"] == "none":
            person["literate"] = "no"
    return person


def _education(chance: Random, age: int) -> str:
    if age < 7:
        return "preschool"
    if age < 16:
        return "primary" if age < 13 else "junior"
    if age > 70:
        return chance.choice(("none", "primary", "junior"))
    return chance.choice(("junior", "senior", "college", "bachelor", "bachelor", "master"))


def _id_number(chance: Random, born: str, sex: str) -> str:
    serial = chance.randrange(1 if sex == "male" else 0, 1000, 2)
    first = f"{NOBODYS_COUNTY}{born.replace('-', '')}{serial:03}"
    return first + citizens.id_check_digit(first)


def long(seed: int, household: str, told: dict[str, Any]) -> dict[str, Any]:
    chance = Random(f"{seed}:{household}:long")
    rented = chance.random() < 0.3
    home = {"storeys": FLOORS, "built": "1990s", "kitchen": "own", "water": "yes", "toilet": "own",
            "tenure": "rented" if rented else "bought", **({"rent": chance.randint(20, 70) * 100} if rented else {})}  # fmt: skip
    married = any(one["relation"] == "spouse" for one in told["persons"])
    return {"household": home, "persons": [_more(chance, one, married) for one in told["persons"]]}


def _more(chance: Random, one: dict[str, Any], married: bool) -> dict[str, Any]:
    born = date.fromisoformat(one["birth_date"])
    age = REFERENCE.year - born.year  # everybody was born before November
    more: dict[str, Any] = {"birthplace": chance.choice(("here", "province", "other"))}
    if age >= 5:
        more["five_years_ago"] = chance.choice(("here", "other"))
    if age >= 16:
        more["insurance"] = chance.choice(("employee", "resident"))
    if age >= 15:
        with_spouse = married and one["relation"] in ("head", "spouse")
        more["marriage"] = "married" if with_spouse else "widowed" if age > 60 else "single"
        if more["marriage"] != "single":
            more["first_married"] = f"{born.year + 24}-06" if age > 24 else f"{born.year + 20}-06"
        working = 16 <= age < 60 and chance.random() < 0.85
        more["worked"] = "yes" if working else "no"
        if working:
            more |= {"industry": chance.choice("CFGIJOPQ"), "occupation": chance.choice("123456")}
        else:
            more["idle_because"] = "retired" if age >= 60 else "study" if age < 23 else "home"
    if one["sex"] == "female" and 15 <= age <= 64:
        children = chance.randint(0, 2) if married and age > 22 else 0
        more |= {"sons": children // 2, "daughters": children - children // 2, "living_children": children}
        if age <= 50:
            more["births"] = 0
    if age >= 60:
        more["health"] = chance.choice(("healthy", "fair", "weak"))
    return more


def death(seed: int, household: str) -> dict[str, Any]:
    chance = Random(f"{seed}:{household}:death")
    sex = chance.choice(("male", "female"))
    born = f"{REFERENCE.year - chance.randint(72, 95)}-04-{chance.randint(1, 28):02}"
    return {
        "household": {},
        "persons": [
            {"name": chance.choice(SURNAMES) + "某", "id_number": _id_number(chance, born, sex), "sex": sex,
             "birth_date": born, "death_date": f"{REFERENCE.year}-0{chance.randint(1, 9)}-15", "ethnicity": "01",
             "education": "primary", "marriage": "widowed", "registered_here": "yes"}
        ],
    }  # fmt: skip
