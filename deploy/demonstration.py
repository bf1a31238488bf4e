"""The demonstration community, loaded by asking each service for its part, and the synthetic family that moves in.

Nothing here is anybody: names are a surname and 某, ID numbers are valid in form and made up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from services.chassis.calls import Calls
from services.contracts import (
    cameras,
    census,
    citizens,
    fees,
    frontdesk,
    identity,
    meters,
    party,
    property,
    registry,
    volunteers,
)

SEED = 20260301
HOUSEHOLDS = 1200
PASSWORD, DEVICE_SECRET = "YIKOU_PASSWORD_", "YIKOU_DEVICE_SECRET"
CONCENTRATOR, PLATFORM = "demo-concentrator", "demo-video-platform"
PATIENCE = 60.0
"""Seconds for one part; sealing thirteen passwords with argon2id on a busy machine is the slowest."""

Loaded = Callable[[str, str, Mapping[str, Any]], None]


# -- the community -------------------------------------------------------------------------------------


def load(calls: Calls, env: Mapping[str, str], loaded: Loaded) -> None:
    """Every part, in the order in which one stands on another; may be repeated. `loaded` is told of each."""
    place = env.get("YIKOU_PLACE", "110105001001")

    def part(zh: str, en: str, contract: Any, **given: Any) -> None:
        loaded(zh, en, calls.call(contract, timeout=PATIENCE, **given) or {})

    part("账号与设备", "Accounts and devices", identity.LoadDemonstration, **_accounts(env, place))
    part("网格、楼栋、户、居民", "Grids, buildings, homes, residents", registry.LoadDemonstration,
         seed=SEED, households=HOUSEHOLDS)  # fmt: skip
    homes = list(_homes(calls, place))
    part("物业住户档案与费用", "Property files and fees", property.LoadDemonstration,
         seed=SEED, households=[_file(home) for home in homes])  # fmt: skip
    part("物业企业、合同、计费、巡查、联席会、公示", "Company, contract, fees, rounds, meeting, notices",
         fees.LoadEstateDemonstration, place=place)  # fmt: skip
    part("水电气表", "Meters", meters.LoadDemonstration,
         seed=SEED, households=[home["household"] for home in homes],
         elders=[home["household"] for home in homes if home.get("elder") and home.get("lives_alone")])  # fmt: skip
    part("党组织与党员", "Party branches and members", party.LoadDemonstration, seed=SEED, place=place)
    part("摄像机与传感器", "Cameras and sensors", cameras.LoadDemonstration, seed=SEED)
    part("志愿者", "Volunteers", volunteers.LoadDemonstration, seed=SEED, place=place)
    part("人口普查", "Census", census.LoadDemonstration, seed=SEED, place=place, **_frame(calls, place))


# -- the street ----------------------------------------------------------------------------------------

COMMUNITIES = 10
STREET_HOUSEHOLDS = 1400
"""In each community: a street of 14,000 households."""
CASES_A_DAY = 6.0
"""In each community on a working day: some 18,000 cases a year."""
MONTHS = 12

Step = tuple[str, str, Callable[[], Any]]


def street(calls: Calls, place: str, today: date) -> list[Step]:
    """What makes the community a street with a year behind it, as (zh, en, do it): each step may be repeated."""
    communities = [f"{place[:9]}{number:03}" for number in range(1, COMMUNITIES + 1)]
    steps: list[Step] = []
    for number, community in enumerate(communities):
        steps += _community(calls, community, SEED + number)
    for month in _months(today):
        for number, community in enumerate(communities):
            steps.append(
                (f"{month} 办件", f"cases of {month}", _cases(calls, community, month, SEED + number))
            )
    return steps


def _community(calls: Calls, place: str, seed: int) -> list[Step]:
    def ask(contract: Any, **given: Any) -> Callable[[], Any]:
        return lambda: calls.call(contract, timeout=PATIENCE, **given)

    def files() -> Any:
        homes = [_file(home) for home in _homes(calls, place)]
        return calls.call(property.LoadDemonstration, timeout=PATIENCE, seed=seed, households=homes)

    registered = ask(registry.LoadDemonstration, seed=seed, community=place, households=STREET_HOUSEHOLDS)
    return [
        ("人房", "homes and people", registered),
        ("物业档案", "property files", files),
        ("党组织", "party branches", ask(party.LoadDemonstration, seed=seed, place=place)),
        ("志愿者", "volunteers", ask(volunteers.LoadDemonstration, seed=seed, place=place)),
    ]


def _months(today: date) -> list[str]:
    """The last twelve and the present one, the oldest first."""
    count = today.year * 12 + today.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(count - MONTHS, count + 1)]


def _cases(calls: Calls, community: str, month: str, seed: int) -> Callable[[], Any]:
    grids = [f"{community}{number:03}" for number in range(1, 7)]
    return lambda: calls.call(
        frontdesk.LoadDemonstration, timeout=PATIENCE, seed=seed, grids=grids, month=month, a_day=CASES_A_DAY
    )


def _accounts(env: Mapping[str, str], place: str) -> dict[str, Any]:
    passwords = {
        name.removeprefix(PASSWORD).lower().replace("_", "-"): secret
        for name, secret in env.items()
        if name.startswith(PASSWORD)
    }
    devices = [
        {"id": CONCENTRATOR, "kind": "concentrator", "place": place},
        {"id": PLATFORM, "kind": "video-platform", "place": place},
    ]
    return {"passwords": passwords, "device_secret": env.get(DEVICE_SECRET), "devices": devices}


def _homes(calls: Calls, place: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = calls.call(registry.ListHouseholds, timeout=PATIENCE, place=place, limit=200, cursor=cursor)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def _frame(calls: Calls, place: str) -> dict[str, Any]:
    """What the census is given once: where buildings stand and where the community ends. No household, no person."""
    buildings = calls.call(registry.ListBuildings, timeout=PATIENCE, place=place, limit=200)["items"]
    grids = calls.call(registry.GridMap, timeout=PATIENCE, place=place)["features"]
    names = ("code", "address", "longitude", "latitude")
    return {
        "buildings": [
            {name: one[name] for name in names} for one in buildings if one["longitude"] is not None
        ],
        "areas": [grid["geometry"] for grid in grids],
    }


def _file(home: Mapping[str, Any]) -> dict[str, Any]:
    """A home as property knows it. The registry may not know every area; fees need one."""
    return {
        "household": home["household"],
        "address": home["address"],
        "place": home["place"],
        "area": str(home.get("area") or "75.00"),
    }


# -- a family ------------------------------------------------------------------------------------------

SURNAMES = "张王李赵刘陈杨黄周吴徐孙马朱胡郭何林"


def family(seed: int | None = None, place: str = "110105001001") -> dict[str, Any]:
    """The application of one that moves in, another with each seed: a couple, a child and a grandmother, a car, one party member, two who would volunteer."""
    dice = random.Random(seed)
    grid = f"{place}{dice.randint(1, 6):03}"
    # Above the sixth floor: the homes of the community that is loaded are all below.
    home = f"{grid}-{dice.randint(1, 5)}-{dice.randint(1, 2)}-{dice.randint(7, 9999)}{dice.randint(1, 4):02}"
    husband, wife = dice.sample(SURNAMES, 2)
    members = [
        _person(dice, f"{husband}某", "self", 36, party=True, volunteers=True),
        _person(dice, f"{wife}某", "spouse", 34, volunteers=True),
        _person(dice, f"{husband}小某", "child", 8, phone=False),
        _person(dice, f"{husband}某母", "parent", 66),
    ]
    today = date.today()
    form = {
        "address": home,
        "property_right_no": f"京（{today.year}）朝不动产权第{dice.randint(0, 9_999_999):07}号",
        "move_in_date": today.isoformat(),
        "members": members,
        "vehicles": [{"plate": f"京A{dice.randint(0, 99_999):05}", "owner": members[0]["name"]}],
        "door_access": "card",
        "water_reading": 3.2,
        "electricity_reading": 118,
        "gas_reading": 5.6,
        "party_branch_previous": "丰台区某街道某社区第二党支部",
        "consent": True,
    }
    applicant = {key: members[0][key] for key in ("name", "id_number", "phone")}
    return {
        "matter": "moving-in", "channel": "kiosk", "place": grid,
        "applicant": applicant, "form": form, "materials": [],
    }  # fmt: skip


def _person(
    dice: random.Random,
    name: str,
    relation: str,
    age: int,
    party: bool = False,
    volunteers: bool = False,
    phone: bool = True,
) -> dict[str, Any]:
    person = {
        "name": name,
        "id_number": id_number(dice, age),
        "relation": relation,
        "is_party_member": party,
        "wants_to_volunteer": volunteers,
        "lives_alone": False,
    }
    return person | ({"phone": f"138{dice.randint(0, 99_999_999):08}"} if phone else {})


def id_number(dice: random.Random, age: int) -> str:
    """Right in form, birth date and check digit; the district 110105 and nobody's."""
    born = date.today() - timedelta(days=age * 365 + 30 + dice.randint(0, 300))
    first = f"110105{born:%Y%m%d}{dice.randint(0, 999):03}"
    return first + citizens.id_check_digit(first)
