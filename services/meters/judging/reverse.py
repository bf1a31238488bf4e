"""A register that runs backwards: a fault of the meter or its mounting, never consumption.

One reading out of line, up and down again, is no such thing but a spike, which is for validation to find: a fall counts
from the reading before the one it falls from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, REFUTED, Verdict, plain, rise

if TYPE_CHECKING:
    from services.meters.rulebook import Rules


@dataclass(frozen=True)
class Reverse:
    least: dict[str, Decimal]
    window: timedelta


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    start, least = end - rules.reverse.window, rules.reverse.least[seen.kind]
    falls = []
    points = [point for point in seen.points if point.at <= end]
    for n in range(1, len(points)):
        a, b = points[n - 1], points[n]
        lower = min(a.value, points[n - 2].value) if n > 1 else a.value
        if b.at > start and rise(a.value, b.value, seen.digits) < 0 and lower - b.value >= least:
            falls.append((a, b, lower - b.value))
    if not falls:
        return Verdict(
            REFUTED, start, end, {"rule": "no fall", "from": start.isoformat(), "until": end.isoformat()}
        )
    before, after, fell_by = falls[-1]
    evidence = {
        "rule": "the register ran backwards",
        "fell_by": plain(fell_by),
        "falls": len(falls),
        "register": plain(after.value),
        "from": before.at.isoformat(),
        "until": after.at.isoformat(),
    }
    return Verdict(HOLDS, before.at, after.at, evidence)
