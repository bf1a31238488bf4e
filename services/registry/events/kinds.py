"""The kinds of parts and events in force at a place, and their times on the working calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.chassis import calendar
from services.chassis.calendar import Promise
from services.chassis.errors import Invalid
from services.registry import rulebook
from services.registry.model import today

BOOK = "grid_events"


@dataclass(frozen=True)
class Kind:
    about: str
    group: str
    kind: str
    handle: Promise
    severity: int
    units: tuple[str, ...]
    names: tuple[str, str]
    """Of the class and the kind together, in Chinese and English."""


@dataclass(frozen=True)
class Rules:
    kinds: dict[str, Kind]
    within: dict[str, Promise]
    urgent_within: dict[str, Promise]
    metres: float
    hours: float
    digits: dict[str, str]
    plain: dict[str, Any]

    def kind(self, kind: str) -> Kind:
        if kind not in self.kinds:
            zh, en = "没有这一类别，请从类别表中选择。", "There is no such kind; choose one of the list."
            raise Invalid.fields({"kind": (zh, en)})
        return self.kinds[kind]

    def due(self, state: str, kind: Kind, place: str, at: datetime) -> datetime | None:
        """Until when an event may stay in a state it enters now; None for one that has no clock."""
        if state in ("dispatched", "handed-over"):
            promise: Promise | None = kind.handle
        else:
            promise = (self.urgent_within if kind.severity == 1 else self.within).get(state)
        return calendar.of(place).due(at, promise) if promise else None

    def since(self, at: datetime) -> datetime:
        return at - timedelta(hours=self.hours)


def rules(place: str, at: datetime) -> Rules:
    return rules_on(place, today(at))


def rules_on(place: str, day: date) -> Rules:
    entry = rulebook.in_force(BOOK, place, day)
    kinds = {}
    for about in ("part", "event"):
        for group, facts in entry[f"{about}s"].items():
            for kind, told in facts["kinds"].items():
                kinds[kind] = Kind(
                    about,
                    group,
                    kind,
                    Promise.parse(told["handle"]),
                    told["severity"],
                    tuple(told["units"]),
                    (f"{facts['zh']}·{told['zh']}", f"{facts['en']}: {told['en']}"),
                )
    return Rules(
        kinds,
        {state: Promise.parse(promise) for state, promise in entry["within"].items()},
        {state: Promise.parse(promise) for state, promise in entry["urgent_within"].items()},
        entry["duplicate"]["metres"],
        entry["duplicate"]["hours"],
        {facts["digits"]: group for group, facts in entry["parts"].items()},
        {name: entry[name] for name in ("since", "source", "parts", "events", "within")},
    )
