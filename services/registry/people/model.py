"""How a person's life here is written down, and how a day of it is read back.

A line says what took effect on a day. A later line with `corrects` stands in the place of the one it names; `struck`
takes it out without a substitute. Reading a day means: leave out what was corrected by then, sort by the day of effect,
and follow the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound

RESIDENCE = frozenset(
    {"registered", "imported", "moved-in", "moved-within", "moved-out", "born", "died", "married", "divorced", "split", "undone"}
)  # fmt: skip
"""Kinds of line that say where somebody lives from then on (`lives_in`; nowhere here, when there is none)."""
STRUCK = "struck"
RELATION = "relation"

PROVES: Mapping[str, frozenset[str]] = {
    "born": frozenset({"birth-certificate", "household-register"}),
    "died": frozenset({"death-certificate", "household-register", "court-decision"}),
    "married": frozenset({"marriage-certificate", "household-register"}),
    "divorced": frozenset({"divorce-certificate", "court-decision", "household-register"}),
    "name": frozenset({"id-card", "household-register"}),
}
"""What a change has to be seen in, one of these; any evidence will do for the others."""

RECHECKED = frozenset(
    {"moved-in", "moved-within", "moved-out", "born", "died", "married", "divorced", "split"}
)
"""After these, benefits and the rest are looked at again (flow 16)."""


class EvidenceMissing(Invalid):
    """This change has to be seen in one of: {papers}."""

    zh = "此项变更须核验下列材料之一：{papers_zh}。"


class NotYet(Invalid):
    """A change is written down when it has happened; {day} is in the future."""

    zh = "变更发生后才能登记；{day} 尚未到。"


class BeforeTheLast(Conflict):
    """On {last} another change took effect already. To put that right, correct its line in the history."""

    zh = "该居民已有 {last} 生效的变更；如需更正，请更正历史中的那一条。"


class AlreadyDead(Conflict):
    """This resident has died; only a correction of the history is possible."""

    zh = "该居民已登记死亡，只能通过更正历史记录处理。"


class NotLivingHere(Conflict):
    """This resident does not live here at present."""

    zh = "该居民目前不在册居住。"


class NothingChanges(Invalid):
    """Say what changes: a relation, a telephone number or a name."""

    zh = "请填写变更内容：与户主关系、电话或姓名。"


class UnknownChange(NotFound):
    """There is no such line in the history of your area."""

    zh = "在您辖区的历史记录中没有这一条。"


class AlreadyCorrected(Conflict):
    """This line was corrected before; correct the line that took its place ({by})."""

    zh = "该记录已被更正；请更正取代它的那一条（{by}）。"


class NotCorrectable(Conflict):
    """A line of the kind {kind} cannot be corrected; only where and how somebody lived can."""

    zh = "“{kind}”类记录不能更正；只能更正居住与关系记录。"


@dataclass(frozen=True)
class Stay:
    """Where a person was on a day."""

    household: str | None = None
    relation: str | None = None
    since: date | None = None
    died_on: date | None = None
    last: str | None = None
    """The last household, when he lives nowhere here any more."""


def valid(lines: Iterable[Any], known_at: datetime | None = None) -> list[Any]:
    """The lines that counted at a moment, in the order in which they took effect."""
    known = [line for line in lines if known_at is None or line.at <= known_at]
    replaced = {line.corrects for line in known if line.corrects}
    standing = [line for line in known if line.change_id not in replaced and line.kind != STRUCK]
    return sorted(standing, key=lambda line: (line.effective_on, line.no))


def follow(lines: Iterable[Any], on: date | None = None, known_at: datetime | None = None) -> Stay:
    """Where the person of these lines lived on a day (its end), as known at a moment."""
    household = relation = since = died = last = None
    for line in valid(lines, known_at):
        if on is not None and line.effective_on > on:
            break
        if line.kind == RELATION:
            relation = line.relation
        elif line.kind in RESIDENCE:
            if line.lives_in != household:
                since = line.effective_on
            household, last = line.lives_in, line.lives_in or line.household or last
            relation = line.relation if line.relation is not None else relation
            died = line.effective_on if line.kind == "died" else None
    return Stay(household, relation, since, died, last)


def last_day(lines: Iterable[Any]) -> date | None:
    """When the last change of where he lives took effect; nothing may be put before it except by a correction."""
    return max((line.effective_on for line in valid(lines) if line.kind in RESIDENCE), default=None)


def check_evidence(
    kind: str, evidence: Sequence[Mapping[str, Any]], names: Mapping[str, tuple[str, str]]
) -> None:
    wanted = PROVES.get(kind)
    if wanted and not any(paper["kind"] in wanted for paper in evidence):
        zh, en = (" / ".join(names[paper][language] for paper in sorted(wanted)) for language in (0, 1))
        sentence = (EvidenceMissing.zh.format(papers_zh=zh), f"One of these is needed: {en}.")
        raise EvidenceMissing.fields({"evidence": sentence}, papers=en, papers_zh=zh)


def check_day(day: date, today: date) -> None:
    if day > today:
        raise NotYet.fields({"effective_on": ("日期不能晚于今天。", "Not later than today.")}, day=day)
