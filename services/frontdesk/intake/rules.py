"""The dated, place-bound figures of `data/intake/`, as the desk speaks of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

from services.chassis.calendar import ZONE, Promise
from services.chassis.identifiers import within
from services.frontdesk.matters import Text

DATA = Path(__file__).parents[1] / "data" / "intake"
Share = Annotated[int, msgspec.Meta(ge=0, le=100)]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key nobody knows is a slip of the pen and is refused."""


class _Dated(_Part, frozen=True, kw_only=True):
    place: str
    begins: date = msgspec.field(name="from")


class Similar(_Dated, frozen=True, kw_only=True):
    look_back: Promise
    look_back_for: dict[str, Promise] = {}
    candidates: int
    weights: dict[Literal["text", "place", "time"], Share]
    text_at_least: Share
    score_at_least: Share
    shown: int

    def window(self, matter: str) -> timedelta:
        return span(self.look_back_for.get(matter, self.look_back))


class Signal(_Part, frozen=True, kw_only=True):
    """What counts towards a burst: a case of these matters, of these topics or types, or with one of these words."""

    matters: tuple[str, ...]
    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1
    joins: bool = True

    def fits(self, matter: str, form: Mapping[str, Any]) -> bool:
        if matter not in self.matters:
            return False
        if self.topics and topic_of(form) not in self.topics:
            return False
        if self.types and form.get("type") not in self.types:
            return False
        said = str(form.get("description") or "").lower()
        return not self.words or any(word in said for word in self.words)


class Burst(_Dated, frozen=True, kw_only=True):
    kind: str
    then: Literal["incident", "topic"]
    within: Literal[9, 12, 15]
    threshold: Annotated[int, msgspec.Meta(ge=2)]
    window: Promise
    title: Text
    broadcast: Text | None = None
    by_topic: bool = False
    signals: tuple[Signal, ...]

    @property
    def kinds(self) -> list[str]:
        """What it opens cases of: one kind, or one a topic."""
        topics = dict.fromkeys(topic for signal in self.signals for topic in signal.topics)
        return [f"{self.kind}:{topic}" for topic in topics] if self.by_topic else [self.kind]

    def signal(self, matter: str, form: Mapping[str, Any]) -> Signal | None:
        return next((one for one in self.signals if one.fits(matter, form)), None)


class Duty(_Part, frozen=True, kw_only=True):
    category: str
    lead: str
    co: tuple[str, ...]
    zh: str
    en: str
    words: tuple[str, ...]


class Past(_Part, frozen=True, kw_only=True):
    look_back: Promise
    alike_at_least: Share
    candidates: int


class Duties(_Dated, frozen=True, kw_only=True):
    source: Text
    categories: tuple[Duty, ...]
    weights: dict[Literal["word", "topic", "past", "past_at_most"], int]
    past: Past


class Whistle(_Dated, frozen=True, kw_only=True):
    report_within: Promise
    when_late: Promise


class Lines(_Part, frozen=True, kw_only=True):
    kinds: tuple[str, ...]
    matters: tuple[str, ...] = ()

    def take(self, matter: str, kind: str) -> bool:
        return kind in self.kinds and (not self.matters or matter in self.matters)


class LedgerRule(_Part, frozen=True, kw_only=True):
    ledger: str
    zh: str
    en: str
    lines: Lines | None = None
    diary: tuple[str, ...] = ()


def span(promise: Promise) -> timedelta:
    """A look-back in plain time; its legs are hours and days, never working days."""
    if not promise.round_the_clock:
        raise ValueError(f"{promise}: how far to look back is told in min, h or d")
    return promise.roughly


def topic_of(form: Mapping[str, Any]) -> str | None:
    """What a matter lets the applicant choose: a complaint's topic, a repair's category, a dispute's kind."""
    found = next((form[name] for name in ("topic", "category", "kind") if form.get(name)), None)
    return found if isinstance(found, str) else None


def similar(place: str, at: datetime) -> Similar:
    return _in_force("similar", Similar, place, at)


def duties(place: str, at: datetime) -> Duties:
    return _in_force("duties", Duties, place, at)


def whistle(place: str, at: datetime) -> Whistle:
    return _in_force("whistle", Whistle, place, at)


def bursts(place: str, at: datetime) -> list[Burst]:
    """One of each kind: of those in force at a place, the most particular and latest."""
    found: dict[str, Burst] = {}
    for rule in _valid(_read("bursts", Burst), place, at):
        found[rule.kind] = rule
    return list(found.values())


def all_bursts(at: datetime) -> list[Burst]:
    """Every row in force somewhere; for the timer, which looks at each area by its own rule."""
    day = at.astimezone(ZONE).date()
    return [rule for rule in _read("bursts", Burst) if rule.begins <= day]


def ledgers() -> tuple[LedgerRule, ...]:
    return _read("ledgers", LedgerRule)


Rule = TypeVar("Rule", bound=_Dated)


def _in_force(name: str, kind: type[Rule], place: str, at: datetime) -> Rule:
    return _valid(_read(name, kind), place, at)[-1]


def _valid(rules: tuple[Rule, ...], place: str, at: datetime) -> list[Rule]:
    """From the general to the particular and from the old to the new: the last one has the last word."""
    day = at.astimezone(ZONE).date()
    mine = [rule for rule in rules if within(place, rule.place) and rule.begins <= day]
    return sorted(mine, key=lambda rule: (len(rule.place), rule.begins))


@cache
def _read(name: str, kind: Callable[..., Any]) -> tuple[Any, ...]:
    data = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return tuple(msgspec.convert(data, list[kind], dec_hook=_decode))  # type: ignore[valid-type]


def _decode(wanted: type, value: Any) -> Any:
    if wanted is Promise:
        return Promise.parse(value)
    raise NotImplementedError(wanted)
