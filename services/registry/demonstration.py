"""A community that does not exist: six grids, thirty buildings, households with plausible people.

The same seed makes the same community. ID numbers are valid in form but belong to nobody: no county has
the code 110199. The telephone numbers all begin with 1990000.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from services.contracts import citizens
from services.registry import geometry
from services.registry.model import Resident, building_code, household_code

NOBODYS_COUNTY = 110199
"""Each community of the street takes the next lower code, so that no two make up the same person's number."""
COMMUNITIES = ("一口", "二桥", "三里", "四方", "五塔", "六合", "七星", "八达", "九曲", "十里")
WEST, SOUTH, WIDTH, HEIGHT, A_ROW = 116.4430, 39.9210, 0.0126, 0.0066, 4
"""Where the first community lies and how large each is, in degrees; the others follow in rows."""
YEAR_ZERO = date(2026, 1, 1)
"""Ages are as of this day, so that the same seed makes the same people whenever it is loaded."""
COLUMNS, ROWS = 3, 2
BUILDINGS_A_GRID = 5
UNITS, DOORS_A_FLOOR = 2, 2
SPOTS = ((0.25, 0.3), (0.5, 0.3), (0.75, 0.3), (0.35, 0.7), (0.65, 0.7))
"""Where the buildings of a grid stand, as shares of its width and height."""

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = (
    "伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超",
    "秀兰", "霞", "平", "刚", "桂英", "建国", "建华", "玉兰", "志强", "晓东", "海燕", "文博", "思远", "雨桐", "子涵",
    "梓萱", "浩然", "欣怡", "嘉宁", "一诺", "宇轩", "若曦",
)  # fmt: skip

Household = list[tuple[str, int, int]]
"""Who lives together: relation, least and greatest age."""
HOUSEHOLDS: tuple[tuple[float, Household], ...] = (
    (0.10, [("self", 66, 91)]),
    (0.12, [("self", 23, 55)]),
    (0.16, [("self", 61, 82), ("spouse", 60, 80)]),
    (0.14, [("self", 26, 48), ("spouse", 25, 46)]),
    (0.26, [("self", 30, 48), ("spouse", 29, 46), ("child", 0, 17)]),
    (0.12, [("self", 33, 46), ("spouse", 32, 45), ("child", 6, 16), ("child", 0, 10)]),
    (0.07, [("self", 34, 50), ("spouse", 33, 48), ("child", 2, 18), ("parent", 62, 84)]),
    (0.03, [("self", 36, 50), ("spouse", 35, 48), ("child", 3, 18), ("parent", 63, 84), ("parent", 62, 82)]),
)


@dataclass
class Community:
    grids: list[dict[str, Any]] = field(default_factory=list)
    buildings: list[dict[str, Any]] = field(default_factory=list)
    households: list[dict[str, Any]] = field(default_factory=list)
    residents: list[Resident] = field(default_factory=list)


def build(community: str, seed: int, households: int, now: datetime) -> Community:
    chance = Random(seed)
    made = Community()
    ordinal = (int(community[-3:]) - 1) % len(COMMUNITIES)
    _draw_grids(made, community, ordinal, chance)
    people = _People(seed, chance, ordinal)
    _put_buildings(made, COMMUNITIES[ordinal], households)
    for number in range(households):
        _fill_home(made, made.buildings[number % len(made.buildings)], number, people, chance, now)
    return made


def _draw_grids(made: Community, community: str, ordinal: int, chance: Random) -> None:
    # A street's width lies between two communities, so that bent corners never meet.
    west = WEST + ordinal % A_ROW * (WIDTH + 0.0008)
    south = SOUTH - ordinal // A_ROW * (HEIGHT + 0.0008)
    cells = geometry.lattice(
        west, south, WIDTH, HEIGHT, COLUMNS, ROWS, lambda: chance.uniform(-0.0003, 0.0003)
    )
    for number, cell in enumerate(cells, 1):
        made.grids.append(
            {
                "code": f"{community}{number:03}",
                "name": f"第{number}网格",
                "geometry": cell,
            }
        )


def _put_buildings(made: Community, name: str, households: int) -> None:
    count = len(made.grids) * BUILDINGS_A_GRID
    homes = -(-households // count)
    floors = -(-homes // (UNITS * DOORS_A_FLOOR))
    for number in range(1, count + 1):
        grid = made.grids[(number - 1) // BUILDINGS_A_GRID]
        longitude, latitude = _inside(grid["geometry"], *SPOTS[(number - 1) % BUILDINGS_A_GRID])
        made.buildings.append(
            {
                "code": building_code(grid["code"], number),
                "grid": grid["code"],
                "address": f"北京市朝阳区示范街道{name}社区{number}号楼",
                "units": UNITS,
                "floors": floors,
                "built": 1986 + number % 24,
                "longitude": longitude,
                "latitude": latitude,
            }
        )


def _inside(cell: dict[str, Any], u: float, v: float) -> tuple[float, float]:
    """The point at the shares u, v of a quadrilateral's two sides."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = cell["coordinates"][0][:4]
    x = (1 - v) * ((1 - u) * ax + u * bx) + v * ((1 - u) * dx + u * cx)
    y = (1 - v) * ((1 - u) * ay + u * by) + v * ((1 - u) * dy + u * cy)
    return round(x, 6), round(y, 6)


def _fill_home(
    made: Community, building: dict[str, Any], number: int, people: _People, chance: Random, now: datetime
) -> None:
    floor, door = divmod(number // len(made.buildings) // UNITS, DOORS_A_FLOOR)
    unit = number // len(made.buildings) % UNITS + 1
    name = f"{floor + 1:02}{door + 1:02}"
    code = household_code(building["code"], unit, name)
    (_, members), *_ = chance.choices(HOUSEHOLDS, weights=[share for share, _ in HOUSEHOLDS])
    living = list(people.family(code, members))
    head = living[0]
    # Who lives alone and is old has a child elsewhere who can be rung; everybody else answers himself.
    alone = len(living) == 1 and members[0][1] >= 60
    contact = (people.name(head.name[0]), people.phone()) if alone else (head.name, head.phone)
    made.residents += living
    made.households.append(
        {
            "household": code,
            "place": building["grid"],
            "building": building["code"],
            "unit": unit,
            "door": name,
            "address": f"{building['address']}{unit}单元{name}室",
            "area": chance.choice(("48.60", "56.20", "63.75", "72.40", "88.10", "105.30")),
            "contact_name": contact[0],
            "contact_phone": contact[1],
            "move_in_date": head.move_in_date,
            "changed_at": now,
        }
    )


class _People:
    def __init__(self, seed: int, chance: Random, ordinal: int) -> None:
        self.seed, self.chance, self.ordinal = seed, chance, ordinal
        self.numbers: set[str] = set()
        self.phones = 0

    def family(self, household: str, members: Household) -> Iterator[Resident]:
        moved_in = YEAR_ZERO - timedelta(days=self.chance.randrange(200, 6000))
        surname = self.chance.choice(SURNAMES)
        head_is_male = self.chance.random() < 0.5
        for place, (relation, least, greatest) in enumerate(members):
            age = self.chance.randint(least, greatest)
            born = YEAR_ZERO - timedelta(days=age * 365 + age // 4 + self.chance.randrange(1, 365))
            male = (
                head_is_male != (relation == "spouse")
                if relation in ("self", "spouse")
                else self.chance.random() < 0.5
            )
            own_name = surname if relation in ("self", "child") else self.chance.choice(SURNAMES)
            number = self.id_number(born, male)
            yield Resident(
                household=household,
                name=self.name(own_name),
                id_number=number,
                phone=self.phone() if age >= 12 else None,
                relation=relation,
                birth_date=born,
                sex=citizens.sex(number),
                is_party_member=age >= 20 and self.chance.random() < 0.12,
                move_in_date=max(moved_in, born),
                resident_id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"yikou:{self.seed}:{household}:{place}")),
            )

    def name(self, surname: str) -> str:
        return surname + self.chance.choice(GIVEN)

    def phone(self) -> str:
        self.phones += 1
        return f"1990{self.ordinal:01}{self.phones:06}"

    def id_number(self, born: date, male: bool) -> str:
        while True:
            body = f"{NOBODYS_COUNTY - self.ordinal}{born:%Y%m%d}{self.chance.randrange(1 if male else 0, 1000, 2):03}"
            number = body + citizens.id_check_digit(body)
            if number not in self.numbers:
                self.numbers.add(number)
                return number
