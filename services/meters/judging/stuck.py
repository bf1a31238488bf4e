"""A register that has stopped counting, though another meter of the home shows that somebody lives there.

A register that does not move is no fault by itself: flats stand empty and families travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, REFUTED, UNKNOWN, Verdict

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stuck:
    days: dict[str, int]
    alive: timedelta
    sign_of_life: dict[str, Decimal]


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    since = seen.flat_since or end
    days = rules.stuck.days[seen.kind]
    alive = [each for each in seen.siblings if each.used_at and each.used_at > end - rules.stuck.alive]
    evidence = {
        "rule": f"nothing counted in {days} days while another meter of the home shows use",
        "register": str(seen.points[-1].value) if seen.points else None,
        "days": (end - since).days,
        "others": [
            {"meter": each.meter, "kind": each.kind, "used_at": each.used_at.isoformat()}
            for each in alive
            if each.used_at
        ],
        "from": since.isoformat(),
        "until": end.isoformat(),
    }
    if end - since < days * DAY:
        return Verdict(REFUTED, since, end, evidence)
    return Verdict(HOLDS if alive else UNKNOWN, since, end, evidence)
