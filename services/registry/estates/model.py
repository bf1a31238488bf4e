"""What an estate is, who owns a home, and how assets change hands: the states as a table."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.contracts import citizens

FLOOR_AND_DOOR = re.compile(r"(\d{1,3})(\d\d)[A-Z]?")


class UnknownEstate(NotFound):
    """There is no estate {estate} in your area."""

    zh = "在您的辖区内没有小区“{estate}”。"


class BuildingTaken(Conflict):
    """These buildings belong to another estate or community: {buildings}."""

    zh = "以下楼栋属于其他小区或社区：{buildings}。"


class OwnersOutOfOrder(Conflict):
    """The owners of {household} are known since {since}; a change comes after that day and not after today."""

    zh = "住户“{household}”的业主自 {since} 起已登记；变更日期应晚于该日且不晚于今天。"


class UnknownHandover(NotFound):
    """There is no handing over {handover_id} in your area."""

    zh = "在您的辖区内没有移交单“{handover_id}”。"


class HandoverUnderWay(Conflict):
    """The estate {estate} is being handed over already; end that first."""

    zh = "小区“{estate}”已有进行中的移交，请先办结。"


class HandoverNotNow(Conflict):
    """A handing over that is {state} cannot be dealt with this way ({verb})."""

    zh = "移交单处于“{state}”状态，不能执行该操作（{verb}）。"


class ListIncomplete(Invalid):
    """The list lacks: {lacking}. Add them, or say why they are missing."""

    zh = "清单缺少：{missing}。请补充，或说明缺少原因。"


class AnotherList(Conflict):
    """The list is not the one you saw; read it again before you sign."""

    zh = "清单已变更，请重新阅读后再签字。"


class BothSidesByOne(Forbidden):
    """The two sides of a handing over are signed by two accounts."""

    zh = "移交双方须由不同账户分别签字。"


# -- estates -------------------------------------------------------------------------------------------

RECORDED = ("name", "gated", "built", "company", "company_code", "contract_id", "facilities")


def estate_code(community: str, number: int) -> str:
    return f"{community}-E{number:02}"


def check_company(company: str | None, code: str | None, contract: str | None) -> None:
    """A company has its credit code and its contract; a contract without a company is nobody's."""
    faults = {}
    if code and not citizens.check_credit_code(code):
        zh, en = "统一社会信用代码不正确。", "Not a valid unified social credit code."
        faults["company_code"] = (zh, en)
    if (code or contract) and not company:
        faults["company"] = ("请填写物业公司。", "Name the company.")
    if faults:
        raise Invalid.fields(faults)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"from": before.get(name), "to": value}
        for name, value in after.items()
        if before.get(name) != value
    }


def cross_section(building: Any, homes: Sequence[Any]) -> dict[str, Any]:
    """Floors from the top, each with the doors of every unit. `homes` tell door, unit, collective and persons.

    A door that other floors have and this one lacks is shown as not registered; one whose name tells no floor stands apart.
    """
    placed: dict[tuple[int, int, str], Any] = {}
    elsewhere = []
    for home in homes:
        found = FLOOR_AND_DOOR.fullmatch(home.door or "")
        if found and home.unit:
            placed[int(found[1]), home.unit, home.door[len(found[1]) :]] = home
        else:
            elsewhere.append(_cell(home))
    columns = sorted({(unit, door) for _, unit, door in placed})
    floors = max([building.floors, *(floor for floor, _, _ in placed)])
    return {
        "building": building.code,
        "address": building.address,
        "columns": [{"unit": unit, "door": door} for unit, door in columns],
        "floors": [
            {
                "floor": floor,
                "homes": [
                    _cell(placed[floor, unit, door])
                    if (floor, unit, door) in placed
                    else {
                        "household": None,
                        "unit": unit,
                        "door": None,
                        "state": "not-registered",
                        "area": None,
                    }
                    for unit, door in columns
                ],
            }
            for floor in range(floors, 0, -1)
        ],
        "elsewhere": elsewhere,
    }


def _cell(home: Any) -> dict[str, Any]:
    state = "collective" if home.collective else "lived-in" if home.persons else "empty"
    return {
        "household": home.household,
        "unit": home.unit,
        "door": home.door,
        "state": state,
        "area": home.area,
    }


# -- owners --------------------------------------------------------------------------------------------


def check_owners(told: Sequence[Mapping[str, Any]]) -> list[Fraction]:
    """Every fault at once; the shares make up one whole, exactly."""
    faults: dict[str, tuple[str, str]] = {}
    shares = []
    numbers = [one["number"].strip().upper() for one in told if one["number"]]
    for place, one in enumerate(told):
        number = (one["number"] or "").strip().upper()
        if number and one["kind"] == "person" and not citizens.check_id_number(number):
            faults[f"owners.{place}.number"] = ("身份证号不正确。", "Not a valid ID number.")
        elif number and one["kind"] != "person" and not citizens.check_credit_code(number):
            faults[f"owners.{place}.number"] = (
                "统一社会信用代码不正确。",
                "Not a valid unified social credit code.",
            )
        elif number and numbers.count(number) > 1:
            faults[f"owners.{place}.number"] = ("同一业主出现多次。", "The same owner twice.")
        share = Fraction(one["share"])
        if share > 1:
            faults[f"owners.{place}.share"] = ("份额不能大于 1。", "A share is not more than the whole.")
        shares.append(share)
    if not faults and (total := sum(shares)) != 1:
        zh, en = f"份额之和为 {total}，应为 1。", f"The shares add up to {total}, not to 1."
        faults["owners"] = (zh, en)
    if faults:
        raise Invalid.fields(faults)
    return shares


def area_of(area: Decimal | None, share: Fraction) -> Decimal | None:
    if area is None:
        return None
    return (area * share.numerator / share.denominator).quantize(Decimal("0.01"))


def roll(homes: Sequence[tuple[str, Decimal | None, frozenset[str]]]) -> dict[str, Any]:
    """Heads and area of homes (household, area, owners): whoever owns several homes is one head, and so are joint owners.

    (Supreme People's Court, interpretation on owners' rights, Art. 9: by exclusive parts, one buyer of several counts once.)
    """
    owned = [(code, area, who) for code, area, who in homes if who]
    return {
        "homes": len(homes),
        "heads": len({who for _, _, who in owned}),
        "area": sum((area for _, area, _ in owned if area is not None), Decimal(0)),
        "without_owner": sorted(code for code, _, who in homes if not who),
        "without_area": sorted(code for code, area, _ in owned if area is None),
    }


# -- handing over --------------------------------------------------------------------------------------

TRANSITIONS: dict[tuple[str, str], str] = {
    ("drafted", "set-items"): "drafted",
    ("drafted", "list"): "listed",
    ("listed", "sign"): "half-signed",
    ("half-signed", "sign"): "handed-over",
    ("listed", "dispute"): "disputed",
    ("half-signed", "dispute"): "disputed",
    ("disputed", "reopen"): "drafted",
    ("drafted", "abandon"): "abandoned",
    ("listed", "abandon"): "abandoned",
    ("disputed", "abandon"): "abandoned",
}
ENDED = ("handed-over", "abandoned")


@dataclass
class Handover:
    handover_id: str
    estate: str
    giver: str
    taker: str
    begun_at: datetime
    due_at: datetime
    items: list[dict[str, Any]] = field(default_factory=list)
    state: str = "drafted"
    signatures: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    ended_at: datetime | None = None

    @property
    def digest(self) -> str:
        """What a signature signs: the list, who gives and who takes, and nothing that may change afterwards."""
        signed = {name: getattr(self, name) for name in ("estate", "giver", "taker", "items")}
        plain = json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()

    def missing(self, asks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        there = {
            item["slug"] for item in self.items if item["slug"] and (item["count"] or item["missing_because"])
        }
        return [asked for asked in asks if asked["slug"] not in there]

    def move(self, verb: str, at: datetime, actor: str, **detail: Any) -> None:
        after = TRANSITIONS.get((self.state, verb))
        if after is None:
            raise HandoverNotNow(state=self.state, verb=verb)
        self.state = after
        if after == "disputed":
            self.signatures = {}
        if after in ENDED:
            self.ended_at = at
        self.history = [
            *self.history,
            {"at": at.isoformat(), "verb": verb, "state": after, "actor": actor, **detail},
        ]

    def complete(self, asks: Sequence[Mapping[str, Any]], at: datetime, actor: str) -> None:
        if self.state != "drafted":
            raise HandoverNotNow(state=self.state, verb="list")
        if lacking := self.missing(asks):
            raise ListIncomplete.fields(
                {
                    f"items.{one['slug']}": (f"缺少：{one['zh']}。", f"Missing: {one['en']}.")
                    for one in lacking
                },
                missing="、".join(one["zh"] for one in lacking),
                lacking=", ".join(one["en"] for one in lacking),
            )
        self.move("list", at, actor)

    def sign(self, side: str, name: str, digest: str, at: datetime, actor: str) -> None:
        if (self.state, "sign") not in TRANSITIONS or side in self.signatures:
            raise HandoverNotNow(state=self.state, verb=f"sign as {side}")
        if digest != self.digest:
            raise AnotherList()
        if any(signed["account"] == actor for signed in self.signatures.values()):
            raise BothSidesByOne()
        signature = {"account": actor, "name": name, "at": at.isoformat(), "digest": digest}
        self.signatures = {**self.signatures, side: signature}
        self.move("sign", at, actor, side=side)
