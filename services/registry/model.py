"""Who lives where: rules about numbers, ages, consent, and what may be shown to whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import Caller, new_id
from services.contracts import citizens
from services.contracts.roles import Contract, may

CHINA = timezone(timedelta(hours=8))
ELDER = 60
OF_AGE_TO_CONSENT = 14


class UnknownHousehold(NotFound):
    """There is no household {household} in your area."""

    zh = "在您的辖区内没有住户“{household}”。"


class UnknownResident(NotFound):
    """There is no such resident in your area."""

    zh = "在您的辖区内没有这位居民。"


class UnknownBuilding(NotFound):
    """There is no building {building} in your area."""

    zh = "在您的辖区内没有楼栋“{building}”。"


class UnknownGrid(NotFound):
    """There is no grid {grid} in your area."""

    zh = "在您的辖区内没有网格“{grid}”。"


class ResidentKnown(Conflict):
    """A resident with this ID number is already registered; use MoveIn when the person has moved."""

    zh = "该身份证号的居民已登记；如已搬迁，请办理迁入。"


class AlreadyRegistered(Conflict):
    """{code} is already registered."""

    zh = "“{code}”已登记。"


class GuardianNeeded(Invalid):
    """For a child under 14 a guardian decides; please name the guardian."""

    zh = "未满十四周岁须由监护人决定，请填写监护人。"


class GridsOverlapOrGap(Invalid):
    """The grids do not cover the community exactly: {faults}. Nothing was stored."""

    zh = "网格未能无缝覆盖社区：{faults}。本次导入未保存任何内容。"


class GridsInUse(Conflict):
    """These grids belong to another community than {community}: {grids}."""

    zh = "以下网格不属于社区 {community}：{grids}。"


class PrefillNeedsSomething(Invalid):
    """Give an ID number, a household or a place."""

    zh = "请提供身份证号、住户编号或地点。"


@dataclass
class Resident:
    household: str
    name: str
    id_number: str | None = None
    phone: str | None = None
    relation: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    is_party_member: bool = False
    move_in_date: date | None = None
    move_out_date: date | None = None
    died_on: date | None = None
    resident_id: str = field(default_factory=new_id)

    @classmethod
    def of(cls, household: str, person: Mapping[str, Any], path: str = "") -> Resident:
        """A person as told, checked; birth date and sex are read from the ID number when there is one."""
        name = str(person.get("name") or "").strip()
        if not name:
            raise Invalid.fields({f"{path}name": ("请填写姓名。", "Please give the name.")})
        number = person.get("id_number")
        number = number.strip().upper() if number else None
        if number and not citizens.check_id_number(number):
            raise Invalid.fields({f"{path}id_number": ID_SENTENCES})
        return cls(
            household=household,
            name=name,
            id_number=number,
            phone=person.get("phone"),
            relation=person.get("relation"),
            birth_date=citizens.birth_date(number) if number else person.get("birth_date"),
            sex=citizens.sex(number) if number else None,
            is_party_member=bool(person.get("is_party_member")),
        )

    def is_same_person(self, other: Resident) -> bool:
        """By ID number; without one, by name within the household."""
        if self.id_number and other.id_number:
            return self.id_number == other.id_number
        return self.household == other.household and self.name == other.name

    def take_over(self, told: Resident) -> None:
        """What is told now is newer; what is not told stays."""
        self.household, self.name = told.household, told.name
        for name in ("id_number", "phone", "relation", "birth_date", "sex"):
            if getattr(told, name) is not None:
                setattr(self, name, getattr(told, name))
        self.is_party_member = self.is_party_member or told.is_party_member

    def age(self, today: date) -> int | None:
        return None if self.birth_date is None else age(self.birth_date, today)


ID_SENTENCES = (
    "身份证号不正确：请核对 18 位数字、出生日期与末位校验码。",
    "Not a valid ID number: please check the 18 characters, the birth date and the last one.",
)


def today(now: datetime) -> date:
    """The day in the community; China keeps one time and no summer time."""
    return now.astimezone(CHINA).date()


def age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def years_before(day: date, years: int) -> date:
    """Who was born on that day or earlier is so old on this one."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February, in a year that has none
        return day.replace(year=day.year - years, day=28)


def building_code(grid: str, number: int) -> str:
    return f"{grid}-{number:02}"


def household_code(building: str, unit: int, door: str) -> str:
    """Where a home is, is its name: the same door can never be registered twice."""
    return f"{building}-{unit}-{door}"


HOUSEHOLD_CODE = re.compile(r"([0-9]{15}-[0-9]+)-([0-9]{1,3})-([0-9A-Z]+)")


def door_of(household: str) -> tuple[str, int | None, str | None]:
    """Building, unit and door that a household's code names; a code of another make names none."""
    found = HOUSEHOLD_CODE.fullmatch(household)
    return (found[1], int(found[2]), found[3]) if found else ("", None, None)


def facts_of(household: Any, living: Sequence[Resident], today: date) -> dict[str, Any]:
    """A household as its hearers may know it: no ID numbers, no birth dates."""
    return {
        "household": household.household,
        "place": household.place,
        "address": household.address,
        "persons": len(living),
        "lives_alone": len(living) == 1,
        "elder": any((one.age(today) or 0) >= ELDER for one in living),
        "contact_name": household.contact_name,
        "contact_phone": household.contact_phone,
        "residents": [
            {
                "resident_id": one.resident_id,
                "name": one.name,
                "phone": one.phone,
                "is_party_member": one.is_party_member,
            }
            for one in living
        ],
    }


def masked(resident: Resident, today: date) -> dict[str, Any]:
    """A resident as lists show one."""
    return {
        "resident_id": resident.resident_id,
        "household": resident.household,
        "name": citizens.mask_name(resident.name),
        "phone": citizens.mask_phone(resident.phone) if resident.phone else None,
        "id_number": citizens.mask_id(resident.id_number) if resident.id_number else None,
        "sex": resident.sex,
        "age": resident.age(today),
        "relation": resident.relation,
        "move_out_date": resident.move_out_date,
    }


PERSONAL = ("name", "id_number", "phone", "sex", "birth_date", "is_party_member")


def whole(resident: Resident) -> dict[str, Any]:
    return {name: getattr(resident, name) for name in PERSONAL}


def known_of(resident: Resident) -> dict[str, Any]:
    """Prefill values of one person, by the paths the matters' forms name. The family is not told:
    the applicant is the first member of the list, the others speak for themselves."""
    applicant = {name: getattr(resident, name) for name in ("name", "id_number", "phone", "is_party_member")}
    return {f"resident.{name}": value for name, value in whole(resident).items()} | {
        "resident.since": resident.move_in_date,
        "household.members": [applicant | {"relation": "self"}],
    }


HOME = ("household", "place", "address", "building", "unit", "door", "area", "move_in_date")


def known_of_home(household: Any, persons: int) -> dict[str, Any]:
    """Prefill values of a home; nothing about who lives there."""
    return {f"household.{name}": getattr(household, name) for name in HOME} | {
        "household.persons": persons,
        "building.place": household.place,
        "estate.place": household.place[:12],
    }


def check_guardian(resident: Resident, guardian: str | None, today: date) -> None:
    years = resident.age(today)
    if years is not None and years < OF_AGE_TO_CONSENT and not guardian:
        raise GuardianNeeded.fields({"guardian": (GuardianNeeded.zh, "Name the guardian.")})


def check_may(caller: Caller, contract: Contract, place: str) -> None:
    if not caller.may(may(contract), place):
        raise Forbidden()
