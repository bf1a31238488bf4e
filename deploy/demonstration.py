"""The demonstration community, loaded by asking each service for its part, and the synthetic family that moves in.

Nothing here is anybody: names are a surname and 某, ID numbers are valid in form and made up.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.chassis.calls import Calls
from services.chassis.errors import Problem
from services.contracts import (
    cameras,
    census,
    citizens,
    estates,
    fees,
    frontdesk,
    identity,
    meters,
    owners,
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
    loaded("小区、业主、表决与维修资金", "An estate, its owners, a vote and the repair fund",
           _owners_together(calls, place, [_file(home) for home in homes]))  # fmt: skip
    part("物业企业、合同、计费、巡查、联席会、公示", "Company, contract, fees, rounds, meeting, notices",
         fees.LoadEstateDemonstration, place=place)  # fmt: skip
    part("水电气表", "Meters", meters.LoadDemonstration,
         seed=SEED, households=[home["household"] for home in homes],
         elders=[home["household"] for home in homes if home.get("elder") and home.get("lives_alone")])  # fmt: skip
    part("党组织与党员", "Party branches and members", party.LoadDemonstration, seed=SEED, place=place)
    part("摄像机与传感器", "Cameras and sensors", cameras.LoadDemonstration, seed=SEED)
    part("志愿者", "Volunteers", volunteers.LoadDemonstration, seed=SEED, place=place)
    part("人口普查", "Census", census.LoadDemonstration, seed=SEED, place=place, **_frame(calls, place))


# -- owners --------------------------------------------------------------------------------------------

OWNED = 24
"""Homes of the demonstration's estate that have an owner on the register."""


def _owners_together(calls: Calls, place: str, files: list[dict[str, Any]]) -> dict[str, Any]:
    """An estate over the first building, its owners, a committee, a fund and a vote that is running; once."""

    def ask(contract: Any, **given: Any) -> Any:
        return calls.call(contract, timeout=PATIENCE, **given)

    known = ask(estates.ListEstates, place=place)["items"]
    named = next((one["estate"] for one in known if one["name"] == "育新家园"), None)
    if named is not None and ask(owners.ListAssemblies, estate=named)["items"]:
        return {"estate": named}
    dice, building = random.Random(SEED), files[0]["household"].rsplit("-", 2)[0]
    homes = [one for one in files if one["household"].startswith(f"{building}-")][:OWNED]
    estate = (
        named
        or ask(
            estates.RecordEstate, community=place, number=1, name="育新家园", gated=True, buildings=[building]
        )["estate"]
    )
    since = "2020-01-01"
    for number, home in enumerate(homes):
        if not ask(estates.ListOwners, household=home["household"])["items"]:
            who = {"name": f"{SURNAMES[number % len(SURNAMES)]}某", "number": id_number(dice, 45)}
            ask(estates.RecordOwners, household=home["household"], owners=[who], since=since, basis="示例产权证",
                area=home["area"])  # fmt: skip
    _until_heard(ask, estate, len(homes))
    deposits = [
        {"household": one["household"], "amount": "5000.00", "reference": f"demo-fund-{one['household']}"}
        for one in homes
    ]
    ask(owners.PayIntoFund, estate=estate, deposits=deposits)
    ask(owners.BookCommonIncome, estate=estate, source="电梯广告", amount="12000.00", costs="2000.00",
        reference=f"demo-income-{estate}")  # fmt: skip
    if not ask(owners.ListCommittees, estate=estate)["items"]:
        today = date.today()
        seats = [
            {"household": one["household"], "name": f"{SURNAMES[n]}某", "id_number": id_number(dice, 50),
             "post": "主任" if n == 0 else "委员", "chair": n == 0}
            for n, one in enumerate(homes[:5])
        ]  # fmt: skip
        ask(owners.ElectCommittee, estate=estate, elected_on=(today - timedelta(days=20)).isoformat(),
            term_until=(today + timedelta(days=1000)).isoformat(), seats=seats)  # fmt: skip
    now = datetime.now(UTC)
    called = ask(
        owners.CallAssembly, estate=estate, noticed_at=(now - timedelta(days=20)).isoformat(),
        opens_at=(now + timedelta(seconds=PATIENCE)).isoformat(), closes_at=(now + timedelta(days=7)).isoformat(),
        agenda=[{"subject": "choose-company", "title": "续聘物业服务企业"},
                {"subject": "trade", "title": "利用共有部分设置充电桩", "secret": False}],
    )  # fmt: skip
    return {"estate": estate, "assembly": called["assembly"], "heads": called["heads"]}


def _until_heard(ask: Callable[..., Any], estate: str, heads: int) -> None:
    """The registry's word reaches property by an event, a moment later."""
    ends = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(Problem):
            if ask(owners.GetElectorate, estate=estate)["heads"] >= heads:
                return
        if time.monotonic() > ends:
            raise TimeoutError(f"property has not heard of the owners of {estate}")
        time.sleep(0.1)


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
