"""What a notice must be, what a place must show, and the refusals of meetings."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.errors import Conflict, Invalid, NotFound

FILE = Path(__file__).parents[1] / "data" / "publicity.yaml"


class UnknownMeeting(NotFound):
    """There is no joint meeting {meeting}."""

    zh = "没有联席会议“{meeting}”。"


class UnknownDecision(NotFound):
    """There is no decision {decision}."""

    zh = "没有议定事项“{decision}”。"


class UnknownNoticeKind(NotFound):
    """Nothing of the kind {kind} is posted; choose one of {kinds}."""

    zh = "没有公示类别“{kind}”，可选：{kinds}。"


class MinutedAlready(Conflict):
    """This meeting has its minutes already."""

    zh = "该会议已有纪要。"


class DoneAlready(Conflict):
    """This decision is done already."""

    zh = "该议定事项已办结。"


class NotAsked(Invalid):
    """{units} came without having been asked; call them first."""

    zh = "“{units}”未在通知名单中，请先通知。"


class ShownTooShort(Invalid):
    """This kind is shown for {days} days at least, until {until}."""

    zh = "该类公示不得少于 {days} 日，至少公示到 {until}。"


@cache
def kinds() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in yaml.safe_load(FILE.read_text("utf-8"))}


def check_shown(kind: str, since: date, until: date | None) -> None:
    """Shown for `days` days, the first and the last included."""
    rule = kinds().get(kind)
    if rule is None:
        raise UnknownNoticeKind(kind=kind, kinds="、".join(kinds()))
    least = since + timedelta(max(rule["days"], 1) - 1)
    if until is not None and until < least:
        raise ShownTooShort(days=max(rule["days"], 1), until=least.isoformat())


def stale_from(kind: str, since: date) -> date | None:
    """The day from which a posting no longer counts, because a newer one is due; None: it stays."""
    months = kinds()[kind]["every"]
    if not months:
        return None
    month = since.month - 1 + months
    year, month = since.year + month // 12, month % 12 + 1
    day = since.day
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
