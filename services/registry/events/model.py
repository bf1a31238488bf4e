"""An event of a grid and the steps it may take. The table is the rule: what is not in it cannot be done."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import luhn_digit
from services.registry.events.kinds import Kind, Rules
from services.registry.model import today

TRANSITIONS: dict[tuple[str, str], str] = {
    ("found", "file"): "filed",
    ("found", "dismiss"): "dismissed",
    ("found", "merge"): "merged",
    ("filed", "dismiss"): "dismissed",
    ("filed", "merge"): "merged",
    ("filed", "dispatch"): "dispatched",
    ("filed", "hand-over"): "handed-over",
    ("dispatched", "dispatch"): "dispatched",  # to somebody else
    ("dispatched", "give-back"): "filed",
    ("dispatched", "hand-over"): "handed-over",
    ("dispatched", "handle"): "handled",
    ("handled", "fail"): "dispatched",  # not in order: the same handler goes again
    ("handled", "pass"): "checked",
    ("checked", "close"): "closed",
    ("handed-over", "settle"): "closed",  # the departments' case is over, checked by the front desk's rules
    ("handed-over", "take-back"): "filed",  # the grid settles it after all
    ("handed-over", "come-back"): "filed",  # … without being done
}
OPEN = ("found", "filed", "dispatched", "handed-over", "handled", "checked")
ENDED = ("closed", "dismissed", "merged")
SETTLES = ("closed", "answered", "merged", "transferred-emergency")
"""How a case may end so that its event has been dealt with; refused, withdrawn and not-accepted are not."""


class UnknownGridEvent(NotFound):
    """There is no event {event_no} in your area."""

    zh = "在您的辖区内没有网格事件“{event_no}”。"


class UnknownPart(NotFound):
    """There is no part {code} in your area."""

    zh = "在您的辖区内没有部件“{code}”。"


class NoKindList(NotFound):
    """There are no kinds for this place."""

    zh = "该地区没有类别表。"


class GridEventNotNow(Conflict):
    """An event that is {state} cannot be dealt with this way ({verb})."""

    zh = "网格事件处于“{state}”状态，不能执行该操作（{verb}）。"


class OwnWork(Forbidden):
    """Whoever handled an event does not check it; somebody else has to look."""

    zh = "处置人不能核查自己的处置结果，请由他人核查。"


class NotYourEvent(Forbidden):
    """The event {event_no} was given to somebody else."""

    zh = "网格事件“{event_no}”已派给他人处置。"


class NobodyWalksHere(Conflict):
    """The grid {grid} has no lead worker; name a handler."""

    zh = "网格“{grid}”没有负责网格员，请指定处置人。"


class GridEventNeedsPlace(Invalid):
    """Give the point, or the grid where nobody knows the point."""

    zh = "请提供坐标；无坐标时请提供网格。"


class NotTheSame(Invalid):
    """An event cannot go with itself, with one that is over, or with one of another community."""

    zh = "不能并入自身、已结束或其他社区的事件。"


def event_number(day: str, serial: int) -> str:
    digits = f"{serial:06}"[-6:]
    return f"G{day}-{digits}{luhn_digit(day + digits)}"


@dataclass
class GridEvent:
    event_no: str
    about: str
    group: str
    kind: str
    severity: int
    place: str
    source: str
    reported_by: str
    found_at: datetime
    longitude: float | None = None
    latitude: float | None = None
    address: str | None = None
    part: str | None = None
    description: str | None = None
    device: str | None = None
    photos: list[str] = field(default_factory=list)
    seen: int = 1
    state: str = "found"
    due_at: datetime | None = None
    late: bool = False
    ever_late: bool = False
    handler: str | None = None
    handle_by: datetime | None = None
    handled_at: datetime | None = None
    failed: int = 0
    into: str | None = None
    handed_over: int = 0
    case_no: str | None = None
    ended_at: datetime | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)
    """What is not stored yet of its history."""

    @property
    def finding_id(self) -> str:
        """What the front desk knows it by. Handed over a second time it is another finding."""
        return self.event_no if self.handed_over < 2 else f"{self.event_no}.{self.handed_over}"

    def begin(self, rules: Rules, actor: str) -> None:
        self.due_at = rules.due("found", rules.kind(self.kind), self.place, self.found_at)
        self._note("find", self.found_at, actor, {"source": self.source})

    def move(self, verb: str, rules: Rules, at: datetime, actor: str, **detail: Any) -> None:
        after = TRANSITIONS.get((self.state, verb))
        if after is None:
            raise GridEventNotNow(state=self.state, verb=verb)
        if self.state in ("dispatched", "handed-over") and self.due_at and at > self.due_at:
            self.ever_late = True
        if verb in ("come-back", "take-back"):
            self.handle_by = None
        # A second handler does not get the time again that the first one used up.
        kept = self.handle_by if verb == "dispatch" else None
        self.state, self.late = after, False
        self.due_at = kept or rules.due(after, rules.kind(self.kind), self.place, at)
        if after in ("dispatched", "handed-over"):
            self.handle_by = self.due_at
        if verb in ("handle", "settle"):
            self.handled_at = at
        if after in ENDED:
            self.due_at, self.ended_at = None, at
        self._note(verb, at, actor, {name: value for name, value in detail.items() if value is not None})

    def rename(self, kind: Kind) -> None:
        self.about, self.group, self.kind, self.severity = kind.about, kind.group, kind.kind, kind.severity

    def see_again(self, at: datetime, actor: str, photos: list[str], times: int = 1) -> None:
        self.seen += times
        self._note("see-again", at, actor, {"photos": photos} if photos else {})

    def note_overdue(self, at: datetime) -> None:
        self.late = True
        self._note("overdue", at, "system", {"due_at": self.due_at.isoformat() if self.due_at else None})

    def _note(self, verb: str, at: datetime, actor: str, detail: dict[str, Any]) -> None:
        self.steps.append({"at": at, "verb": verb, "state": self.state, "actor": actor, "detail": detail})


def local_day(at: datetime) -> str:
    return f"{today(at):%Y%m%d}"


def box(longitude: float, latitude: float, metres: float) -> tuple[float, float, float, float]:
    """West, south, east, north of a square around a point."""
    up = metres / 111_320
    across = up / max(0.01, math.cos(math.radians(latitude)))
    return longitude - across, latitude - up, longitude + across, latitude + up
