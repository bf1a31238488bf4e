"""Organisations, members and duties: their states as tables and the rules on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.identifiers import new_id
from services.contracts import citizens
from services.contracts.party import FORMS
from services.contracts.volunteers import APPLICANT
from services.party.figures import Figures

# -- the tree ------------------------------------------------------------------------------------------

LEVELS = {
    "street-committee": 9,
    "community-committee": 12,
    "grid-branch": 15,
    "building-group": 15,
    "unit-branch": 15,  # a company's own branch stands beside the grid branches, under the community
    "joint-branch": 15,  # several small units' one
}
"""Level of an organisation -> digits of its place code."""


class NoGridBranch(NotFound):
    """There is no grid branch for {place}; found it first."""

    zh = "网格“{place}”尚无网格党支部，请先设立。"


@dataclass
class Organisation:
    code: str
    level: str
    parent: str | None
    place: str
    name_zh: str
    name_en: str
    founded_at: datetime
    unit: str | None = None


@dataclass(frozen=True)
class Unit:
    """A company or other employer in which members work."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    place: str
    registered_at: datetime


class UnknownUnit(NotFound):
    """No unit with the code {unit} is registered."""

    zh = "没有登记统一社会信用代码为“{unit}”的单位。"


class UnitRegistered(Conflict):
    """The unit {unit} is registered already."""

    zh = "单位“{unit}”已登记。"


def check_credit_code(code: str) -> None:
    if not citizens.check_credit_code(code):
        raise Invalid.fields(
            {"code": ("统一社会信用代码校验不通过，请核对。", "Not a valid unified social credit code.")}
        )


# -- members -------------------------------------------------------------------------------------------

ADVANCES = {
    "applicant": ("activist",),
    "activist": ("candidate",),
    "candidate": ("probationary",),
    "probationary": ("formal",),
    "formal": (),
}
"""Stage -> stages that may follow. Nobody skips one: each has its own minimum time and its own vote."""

ADULT = 18
COUNTED = "formal"
"""Only formal members count towards a branch; probationary members have no vote."""


class UnknownMember(NotFound):
    """There is no member {member_id} on this roll."""

    zh = "名册中没有该党员。"


class StageSkipped(Conflict):
    """From {stage} a member cannot advance to {wanted}."""

    zh = "不能从“{stage}”直接变更为“{wanted}”。"


class AlreadyEnrolled(Conflict):
    """This person is on the roll of another unit; transfer the relation first."""

    zh = "该党员已在其他单位名册中，请先办理组织关系转接。"


class HasLeft(Conflict):
    """This member's relation was transferred elsewhere."""

    zh = "该党员组织关系已转出。"


@dataclass
class Member:
    id: str
    name: str
    id_number: str
    stage: str
    place: str
    joined_at: datetime
    branch: str | None = None
    unit: str | None = None
    left_at: datetime | None = None
    household: str | None = None

    @classmethod
    def new(cls, person: Person, stage: str, place: str, at: datetime) -> Member:
        return cls(new_id(), person.name, person.id_number, stage, place, joined_at=at)

    def advance(self, stage: str) -> None:
        if self.left_at:
            raise HasLeft()
        if stage not in ADVANCES[self.stage]:
            raise StageSkipped(stage=self.stage, wanted=stage)
        self.stage = stage

    def settle(self, branch: Organisation) -> None:
        self.branch, self.place, self.left_at = branch.code, branch.place, None

    def leave(self, at: datetime) -> None:
        if self.left_at:
            raise HasLeft()
        self.branch = self.unit = None
        self.left_at = at

    @property
    def in_service(self) -> bool:
        """The relation stays with the employer; where he lives he reports, he is not transferred (双报到)."""
        return self.unit is not None and self.left_at is None


@dataclass(frozen=True)
class Person:
    """Somebody named in a form or an order, whose number holds."""

    name: str
    id_number: str
    position: int | None = None

    @classmethod
    def named(cls, name: str, id_number: str) -> Person:
        """Raises Invalid at the field when the number cannot be a resident's."""
        number = id_number.strip().upper()
        if not citizens.check_id_number(number):
            raise Invalid.fields(
                {"id_number": ("身份证号码校验不通过，请核对。", "Not a valid resident ID number.")}
            )
        return cls(name.strip(), number)


def members_in(form: Mapping[str, Any], on: datetime) -> list[Person] | None:
    """Those of a moving-in form who ticked membership; None when one of them needs a person to look."""
    found = []
    for position, entry in enumerate(form.get("members") or []):
        if not entry.get("is_party_member"):
            continue
        name, number = str(entry.get("name") or "").strip(), str(entry.get("id_number") or "").upper()
        if not name or not citizens.check_id_number(number) or _age(number, on) < ADULT:
            return None
        found.append(Person(name, number, position))
    return found


def reporter_in(applicant: Mapping[str, Any], on: datetime) -> Person | None:
    """The applicant of a reporting case; None when a person needs to look."""
    name, number = str(applicant.get("name") or "").strip(), str(applicant.get("id_number") or "").upper()
    if not name or not citizens.check_id_number(number) or _age(number, on) < ADULT:
        return None
    return Person(name, number, APPLICANT)


def _age(id_number: str, on: datetime) -> int:
    born = citizens.birth_date(id_number)
    assert born is not None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


# -- transfers -----------------------------------------------------------------------------------------

TRANSFERS = {
    ("received", "undo"): "undone",
    ("sent", "undo"): "undone",
}


@dataclass
class Transfer:
    """One move of a member's relation, into or out of a branch of ours. Kept for ever, undone or not."""

    id: str
    member: str
    state: str
    origin: str
    destination: str
    at: datetime
    former_branch: str | None = None
    former_unit: str | None = None
    case_no: str | None = None

    def undo(self) -> None:
        self.state = TRANSFERS[self.state, "undo"]


# -- duties --------------------------------------------------------------------------------------------

DUTIES = {
    ("due", "take"): "in-hand",
    ("due", "meet"): "met",  # done in one breath, as when the branch was founded before anybody noted it
    ("in-hand", "meet"): "met",
    ("due", "lift"): "lifted",  # the numbers changed and nothing, or something larger, is asked now
    ("in-hand", "lift"): "lifted",
}
OPEN = ("due", "in-hand")


class UnknownDuty(NotFound):
    """There is no duty {duty_id}."""

    zh = "没有该项设置党组织的任务。"


class DutyClosed(Conflict):
    """A duty that is {state} cannot be changed this way ({verb})."""

    zh = "该任务处于“{state}”状态，不能执行该操作（{verb}）。"


@dataclass
class Duty:
    """What a unit owes by its number of members."""

    id: str
    unit: str
    kind: str
    state: str
    members: int
    opened_at: datetime
    due_at: datetime
    taken_by: str | None = None
    closed_at: datetime | None = None
    note: str | None = None

    def move(self, verb: str, at: datetime) -> None:
        try:
            self.state = DUTIES[self.state, verb]
        except KeyError:
            raise DutyClosed(state=self.state, verb=verb) from None
        if self.state not in OPEN:
            self.closed_at = at

    @property
    def needs_form(self) -> bool:
        return self.kind in FORMS


def weigh(
    unit: str, members: int, standing: Iterable[Duty], figures: Figures, at: datetime
) -> tuple[list[Duty], list[Duty]]:
    """What a unit's new number changes: (duties opened, duties lifted).

    `standing` are the unit's duties that are open or met; one that was met is not asked a second time.
    """
    asked = figures.asked_of(members)
    standing = list(standing)
    held = {duty.kind for duty in standing}
    opened = [
        Duty(new_id(), unit, kind, "due", members, at, at + timedelta(days=threshold.days))
        for kind, threshold in asked.items()
        if kind not in held
    ]
    lifted = [duty for duty in standing if duty.state in OPEN and duty.kind not in asked]
    for duty in lifted:
        duty.move("lift", at)
    return opened, lifted
