"""The demonstration community's volunteers: invented people, the same ones for the same seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from services.contracts import citizens
from services.contracts.volunteers import SKILLS
from services.volunteers.model import Volunteer

ORIGIN = "demonstration"
NOBODYS_AREA = "990105"
"""No area has this code, so none of the numbers made here can be anybody's."""

GRIDS = 6
VOLUNTEERS = 120
FIRST_SERIAL = 500  # the party office's invented members have the numbers below
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("建军", "桂英", "国强", "美玲", "晓燕", "家豪", "子涵", "雨欣", "振华", "春梅", "天佑", "静怡")
EVENINGS = [{"days": [1, 2, 3, 4, 5], "since": "18:00", "until": "22:00"}]
WEEKENDS = [{"days": [6, 7], "since": "08:00", "until": "20:00"}]
WHENEVER: list[dict[str, object]] = []
"""Most of them, so that the demonstration finds somebody at any hour."""


def make(seed: int, place: str, at: datetime) -> list[Volunteer]:
    chance = random.Random(seed)
    return [_volunteer(chance, number, f"{place}{number % GRIDS + 1:03}", at) for number in range(VOLUNTEERS)]


def _volunteer(chance: random.Random, number: int, place: str, at: datetime) -> Volunteer:
    year = at.year - chance.randint(20, 68)
    first = f"{NOBODYS_AREA}{year}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{FIRST_SERIAL + number}"
    others = chance.sample(SKILLS[1:], chance.randint(0, 2))
    return Volunteer(
        number="",
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        id_number=first + citizens.id_check_digit(first),
        phone=f"1990000{number:04}",
        place=place,
        registered_at=at - timedelta(days=chance.randint(10, 900)),
        origin=ORIGIN,
        # Every other one visits; places go round by six, so that each grid has its ten.
        skills=["visit", *others] if number // GRIDS % 2 == 0 else others,
        times=chance.choice((WHENEVER, WHENEVER, WHENEVER, EVENINGS, WEEKENDS)),
    )
