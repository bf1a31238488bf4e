"""Rules of a census: its states as a table, what a household still owes, and who may see whose block."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.census import figures, sampling
from services.census.forms import CHINA
from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import Caller, within

LEADER = "census-leader"
ENUMERATOR = "enumerator"

STATES = {
    ("planned", "import"): "planned",
    ("blocks-drawn", "import"): "planned",
    ("planned", "draw"): "blocks-drawn",
    ("blocks-drawn", "draw"): "blocks-drawn",
    ("blocks-drawn", "enumerating"): "enumerating",
    ("enumerating", "checking"): "checking",
    ("checking", "enumerating"): "enumerating",
    ("checking", "closed"): "closed",
    ("closed", "published"): "published",
}
"""(state, verb) -> state. Once a household is listed the blocks stay as they are."""

LISTING = ("blocks-drawn", "enumerating")
OPEN = ("enumerating",)
DONE = ("confirmed", "absent", "refused", "vacant")
"""States of a household that nobody has to visit any more."""


class UnknownCensus(NotFound):
    """There is no such census."""

    zh = "没有这次普查。"


class UnknownBlock(NotFound):
    """There is no block {block}."""

    zh = "没有第 {block} 号普查小区。"


class UnknownHousehold(NotFound):
    """There is no such household on the lists."""

    zh = "户名册中没有这一户。"


class UnknownQuestionnaire(NotFound):
    """This household has no such form, or not yet."""

    zh = "这一户没有这张表，或尚未填写。"


class UnknownKeying(NotFound):
    """There is no such second keying."""

    zh = "没有这项复录任务。"


class UnknownDifference(NotFound):
    """No item at {path} was keyed differently."""

    zh = "“{path}”没有录入差异。"


class UnknownCertificate(NotFound):
    """Nothing was deleted yet: names and ID numbers are kept until {until}."""

    zh = "尚未删除，姓名与身份号码保留至 {until}。"


class UnknownPublication(NotFound):
    """Nothing of this census is published."""

    zh = "本次普查尚未公布。"


class OutsideYourArea(Forbidden):
    """You are no census leader of {place}."""

    zh = "您不是“{place}”的普查指导员。"


class OnlyForAdministrators(Forbidden):
    """Demonstration data are loaded by an administrator."""

    zh = "演示数据只能由管理员载入。"


class NotNow(Conflict):
    """A census that is {state} cannot do this."""

    zh = "普查处于“{state}”状态，不能这样做。"


class NotReady(Conflict):
    """Something has to be done before: {open} ({count})."""

    zh = "还有未完成的事项：{open}（{count}）。"


class BeforeReferenceTime(Conflict):
    """Nobody is enumerated before the reference time, {reference_at}."""

    zh = "普查时点（{reference_at}）之前不能登记。"


class AlreadyListed(Conflict):
    """This door is on the list already: {door}."""

    zh = "该户已列入户名册：{door}。"


class FormNotDue(Conflict):
    """This form is not asked of the household, or not yet: the short form is confirmed first."""

    zh = "这一户不填此表，或应先确认短表。"


class FaultsStand(Invalid):
    """Something is missing, wrong or unexplained; each is named."""

    zh = "还有缺项、错误或未说明的疑点，请逐项处理。"


class NotReadBack(Conflict):
    """Only what was just read back can be confirmed: version {version} is not."""

    zh = "只能确认刚刚复述过的内容，第 {version} 版不是。"


class ConfirmedAlready(Conflict):
    """This form is confirmed; look at the questionnaire, which is noted in the access log."""

    zh = "该表已确认；查看请调取普查表（留痕）。"


class ReasonNeeded(Invalid):
    """What a person has confirmed is changed only with a reason."""

    zh = "已确认的内容，修改时须说明原因。"


class SamePerson(Conflict):
    """Who keyed a questionnaire first cannot key it again."""

    zh = "复录须由另一人完成。"


class KeyedAlready(Conflict):
    """This questionnaire has been keyed a second time."""

    zh = "该表已复录。"


@dataclass
class Census:
    id: str
    name: str
    place: str
    reference_at: datetime
    area: dict[str, Any]
    seed: str
    state: str
    planned_at: datetime
    planned_by: str
    closed_at: datetime | None = None
    erase_at: datetime | None = None
    erased_at: datetime | None = None

    def move(self, verb: str) -> None:
        following = STATES.get((self.state, verb))
        if following is None:
            raise NotNow(state=self.state)
        self.state = following

    def must_be(self, *states: str) -> None:
        if self.state not in states:
            raise NotNow(state=self.state)

    @property
    def figures(self) -> figures.Figures:
        return figures.figures_for(self.reference_at.astimezone(CHINA).date(), self.place)

    @property
    def book(self) -> dict[str, Any]:
        return figures.forms_for(self.reference_at.astimezone(CHINA).date(), self.place)

    def has_long_form(self, block: int, serial: int) -> bool:
        return sampling.has_long_form(self.seed, self.id, block, serial, self.figures.interval)

    def face(self) -> dict[str, Any]:
        """The seed only when nothing can be influenced by it any more."""
        low, high = self.figures.bounds
        return {
            "census_id": self.id,
            "name": self.name,
            "place": self.place,
            "reference_at": self.reference_at,
            "state": self.state,
            "closed_at": self.closed_at,
            "erase_at": self.erase_at,
            "erased_at": self.erased_at,
            "seed_fingerprint": sampling.fingerprint(self.seed),
            "seed": self.seed if self.closed_at else None,
            "figures": {
                "block_persons": self.figures.target, "least": low, "most": high,
                "long_form_every": self.figures.interval, "keyed_twice_percent": self.figures.keyed_twice,
                "visits_until_absent": self.figures.visits_until_absent, "smallest_published": self.figures.smallest,
            },
        }  # fmt: skip


def new_seed() -> str:
    return secrets.token_hex(32)


# -- who may ---------------------------------------------------------------------------------------------


def holds(caller: Caller, role: str, place: str) -> bool:
    """By a role that is really held: whoever calls from inside the system, or administers it, is nobody here."""
    return any(held["role"] == role and within(place, held["scope"]) for held in caller.roles)


def leads(caller: Caller, place: str) -> bool:
    return holds(caller, LEADER, place)


def works_in(caller: Caller, place: str, enumerator: str | None) -> bool:
    """In this block: its own enumerator, or the leader."""
    return leads(caller, place) or (enumerator == caller.account and holds(caller, ENUMERATOR, place))


# -- households ------------------------------------------------------------------------------------------


def state_of(
    last_visit: str | None, visits: int, until_absent: int, forms: Mapping[str, str], due: Iterable[str]
) -> str:
    """From its forms (form -> state) when they are all there; otherwise from what came of the visits.

    Nobody at home gives a household up only after the visits the figures ask for.
    """
    states = [forms.get(form) for form in due]
    if all(state == "confirmed" for state in states):
        return "confirmed"
    if all(state in ("confirmed", "read-back") for state in states):
        return "complete"
    if last_visit in ("refused", "vacant") or (last_visit == "absent" and visits >= until_absent):
        return str(last_visit)
    return "started" if forms or visits else "listed"


def forms_due(census: Census, block: int, serial: int, confirmed_once: bool, deaths: int) -> list[str]:
    """What is asked of a household as far as it may be known: the short form alone until that was confirmed."""
    if not confirmed_once:
        return ["short"]
    long = ["long"] if census.has_long_form(block, serial) else []
    return ["short", *long, *(["death"] if deaths else [])]


# -- erasure ---------------------------------------------------------------------------------------------


def digest(certificate: Mapping[str, Any]) -> str:
    """Of what a certificate says, so that a copy can be compared."""
    plain = json.dumps(certificate, sort_keys=True, ensure_ascii=False, default=str, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
