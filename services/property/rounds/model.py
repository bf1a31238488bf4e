"""Rounds of a day, the code of a point, and the way of a finding."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from services.chassis.errors import Conflict, Invalid, NotFound
from services.property.tariffs import LOCAL

CODE = re.compile(r"([0-9a-f-]{36})\.(\d{1,3})\.([0-9a-f]{16})")


class UnknownRoute(NotFound):
    """There is no patrol route {route}."""

    zh = "没有巡查路线“{route}”。"


class UnknownFinding(NotFound):
    """There is no finding {finding}."""

    zh = "没有巡查发现“{finding}”。"


class BadPointCode(Invalid):
    """This is not the code of a patrol point; scan the plate again, or tell your manager that it is worn."""

    zh = "不是有效的巡查点码，请重新扫描；如铭牌损坏请告知主管。"


class NoRoundNow(Conflict):
    """No round of this route is open now."""

    zh = "该路线当前没有进行中的巡查。"


class WindowReversed(Invalid):
    """A round closes after it opens, on the same day."""

    zh = "巡查时段的结束时间应晚于开始时间（同日）。"


class FindingNotNow(Conflict):
    """A finding that is {state} cannot be dealt with this way."""

    zh = "该发现处于“{state}”状态，不能执行该操作。"


def point_code(secret: str, route: str, point: int) -> str:
    """What the QR plate of a point says: nobody without the secret can make one."""
    return f"{route}.{point}.{_seal(secret, route, point)}"


def read_point(secret: str, code: str) -> tuple[str, int]:
    """The route and the point. Raises BadPointCode."""
    found = CODE.fullmatch(code)
    if not found or not hmac.compare_digest(found[3], _seal(secret, found[1], int(found[2]))):
        raise BadPointCode()
    return found[1], int(found[2])


def _seal(secret: str, route: str, point: int) -> str:
    return hmac.new(secret.encode(), f"patrol-point:{route}:{point}".encode(), hashlib.sha256).hexdigest()[
        :16
    ]


def moments(
    windows: Sequence[Mapping[str, str]], after: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """When rounds open and close that begin after one moment and not after another, by the clock of the place."""
    day = after.astimezone(LOCAL).date()
    while day <= until.astimezone(LOCAL).date():
        for window in windows:
            opens, closes = _at(day, window["opens"]), _at(day, window["closes"])
            if after < opens <= until:
                yield opens, closes
        day += timedelta(1)


def check_windows(windows: Sequence[Mapping[str, str]]) -> None:
    if any(window["opens"] >= window["closes"] for window in windows):
        raise WindowReversed()


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), LOCAL)


@dataclass
class Finding:
    finding: str
    place: str
    description: str
    found_by: str
    found_at: datetime
    route: str | None = None
    state: str = "found"
    units: list[str] = field(default_factory=list)
    due_on: date | None = None
    result: str | None = None
    disposed_by: str | None = None
    disposed_at: datetime | None = None

    def call_together(self, units: Sequence[str], due_on: date) -> None:
        if self.state == "disposed":
            raise FindingNotNow(state=self.state)
        self.state, self.units, self.due_on = "joint", sorted(set(units)), due_on

    def dispose(self, result: str, actor: str, at: datetime) -> None:
        """What needed several is disposed of by several: first they are named."""
        if self.state != "joint":
            raise FindingNotNow(state=self.state)
        self.state, self.result, self.disposed_by, self.disposed_at = "disposed", result, actor, at
