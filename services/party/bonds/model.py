"""Rules of what ties branches to units, estates and employers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound
from services.party.model import Member, Unit

JOINT_UNITS = range(2, 6)
OWN_BRANCH = 3
AMOUNT = re.compile(
    r"[¥￥]|[\d零一二三四五六七八九十百千万两][\d.,，]*\s*(元|块|yuan|rmb|cny)", re.IGNORECASE
)


class UnknownTalk(NotFound):
    """There is no talk {talk_id}."""

    zh = "没有该项谈话。"


class UnknownPost(NotFound):
    """There is no post {post_id}."""

    zh = "没有该项任职。"


class UnknownAppraisal(NotFound):
    """There is no appraisal {appraisal_id}."""

    zh = "没有该份评价。"


class TalkFiled(Conflict):
    """This talk is filed already."""

    zh = "该项谈话已归档。"


class PostHeld(Conflict):
    """The member holds this post already, or it has ended."""

    zh = "该任职已登记，或已结束。"


class NotJoint(Conflict):
    """A joint branch has two to five units, each with fewer than three formal members and no branch, and three formal members together."""

    zh = "联合党支部由2至5个单位组成，各单位正式党员均不足3名且尚无党支部，合计不少于3名。"


class NoInstructor(Conflict):
    """An instructor is a formal member from outside the unit, and only an instructor duty asks for one."""

    zh = "党建指导员须为该单位以外的正式党员，且仅用于“选派指导员”任务。"


class NobodyReported(Conflict):
    """Nobody of {employer} reported here in {period}."""

    zh = "{period}内没有“{employer}”的党员在此报到。"


class PeriodRuns(Conflict):
    """{period} is not over yet; the appraisal is of the whole of it."""

    zh = "{period}尚未结束，评价须覆盖完整期间。"


@dataclass
class Talk:
    """What a branch has to talk about with a member: *that* fees are owed, for what purpose it may know, never how much."""

    id: str
    ask: str
    member: str
    branch: str | None
    place: str
    purpose: str
    state: str
    asked_at: datetime
    due_on: date
    held_on: date | None = None
    result: str | None = None
    filed_by: str | None = None
    filed_at: datetime | None = None

    def file(self, held_on: date, result: str, by: str, at: datetime) -> None:
        if self.state != "asked":
            raise TalkFiled()
        if AMOUNT.search(result):
            raise Invalid.fields(
                {
                    "result": (
                        "谈话记录不得写明欠费金额。",
                        "An amount does not belong in the record of a talk.",
                    )
                }
            )
        self.state, self.held_on, self.result = "filed", held_on, result
        self.filed_by, self.filed_at = by, at


def check_joint(units: Sequence[Unit], formal: Mapping[str, int], branched: Sequence[str]) -> None:
    """Where each is too small and together they are enough."""
    if (
        len(units) not in JOINT_UNITS
        or any(formal[unit.code] >= OWN_BRANCH for unit in units)
        or sum(formal.values()) < OWN_BRANCH
        or branched
    ):
        raise NotJoint()


def check_instructor(member: Member, unit: Unit, kind: str) -> None:
    if kind != "instructor" or member.stage != "formal" or member.unit == unit.code or member.left_at:
        raise NoInstructor()


def share(members: int, seats: int, chair: bool, rule: Mapping[str, Any]) -> dict[str, Any]:
    """How a committee of owners stands: reached at three tenths, not above it."""
    wanted = Fraction(rule["committee_share"])
    return {
        "members": members,
        "seats": seats,
        "share": f"{members}/{seats}",
        "asked_share": f"{wanted.numerator}/{wanted.denominator}",
        "enough": bool(seats) and members >= seats * wanted,
        "chair_is_member": chair,
    }


def span_of(period: str) -> tuple[date, date]:
    """First day of a year or half-year, and the first day after it."""
    year, _, half = period.partition("-H")
    number = int(year)
    if half == "1":
        return date(number, 1, 1), date(number, 7, 1)
    if half == "2":
        return date(number, 7, 1), date(number + 1, 1, 1)
    return date(number, 1, 1), date(number + 1, 1, 1)
