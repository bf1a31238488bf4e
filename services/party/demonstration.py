"""The demonstration community's tree, roll and companies: invented people, the same ones for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.contracts import citizens
from services.party.model import Member, Organisation, Person, Unit

NOBODYS_AREA = "990105"
"""No area has this code, so none of the numbers made here can be anybody's."""

FOUNDED = timedelta(days=430)
"""Ago: a year of meetings is asked of every branch."""
GRIDS = 6
MEMBERS_A_GRID = 10
COMPANIES = (
    ("晨光科技有限公司", "Chenguang Technology", 2),
    ("和顺餐饮有限公司", "Heshun Catering", 3),
    ("安居物业服务有限公司", "Anju Property Services", 4),
    ("百草堂药房有限公司", "Baicaotang Pharmacy", 5),
    ("新程教育咨询有限公司", "Xincheng Education", 6),
)
NUMERALS = "一二三四五六"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("建国", "秀英", "志强", "丽华", "晓东", "淑珍", "文博", "雅琴", "海涛", "玉兰", "思远", "明月")


@dataclass
class Roll:
    organisations: list[Organisation] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)


def make(seed: int, place: str, at: datetime) -> Roll:
    chance = random.Random(seed)
    roll = Roll(organisations=_tree(place, at - FOUNDED))
    for grid in range(1, GRIDS + 1):
        for _ in range(MEMBERS_A_GRID):
            member = _member(chance, len(roll.members), f"{place}{grid:03}", at)
            member.branch = f"{place}{grid:03}"
            roll.members.append(member)
    for number, (zh, en, size) in enumerate(COMPANIES, 1):
        unit = Unit(_credit_code(number), "company", zh, en, f"{place}{number:03}", at)
        roll.units.append(unit)
        for _ in range(size):
            member = _member(chance, len(roll.members), unit.place, at)
            member.unit = unit.code
            roll.members.append(member)
    return roll


def _tree(place: str, at: datetime) -> list[Organisation]:
    """Parents before children, as the table wants them."""
    street, community = place[:9], place
    tree = [
        Organisation(
            street, "street-committee", None, street, "街道党工委", "Street party working committee", at
        ),
        Organisation(
            community, "community-committee", street, community, "社区大党委", "Community party committee", at
        ),
    ]
    for grid in range(1, GRIDS + 1):
        code, name = f"{place}{grid:03}", f"第{NUMERALS[grid - 1]}网格"
        tree.append(
            Organisation(
                code, "grid-branch", community, code, f"{name}党支部", f"Grid {grid} party branch", at
            )
        )
        tree += [
            Organisation(
                f"{code}-{group:02}", "building-group", code, code,
                f"{name}第{NUMERALS[group - 1]}楼栋党小组", f"Grid {grid} building group {group}", at,
            )
            for group in (1, 2)
        ]  # fmt: skip
    return tree


def _member(chance: random.Random, number: int, place: str, at: datetime) -> Member:
    year = at.year - chance.randint(22, 78)
    first = f"{NOBODYS_AREA}{year}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{number:03}"
    person = Person(
        chance.choice(SURNAMES) + chance.choice(GIVEN), first + citizens.id_check_digit(first), None
    )
    return Member.new(person, "formal", place, at)


def _credit_code(number: int) -> str:
    first = f"91{NOBODYS_AREA}{number:09}"
    return first + citizens.credit_check_character(first)
