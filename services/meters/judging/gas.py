"""A gas alarm: the meter reports one, or more goes through than any household burns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from services.meters.judging.seen import Seen, covering, hours
from services.meters.judging.tamper import Words, said
from services.meters.model import HOLDS, REFUTED, Verdict, plain

if TYPE_CHECKING:
    from services.meters.rulebook import Rules


@dataclass(frozen=True)
class Gas:
    words: Words
    most: Decimal
    hour: timedelta


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    reported = said(seen, rules.gas.words, end)
    if reported.outcome == HOLDS:
        evidence = reported.evidence | {"by": "reported", "type": "gas"}
        return Verdict(HOLDS, reported.start, reported.end, evidence)
    start = end - rules.gas.words.window - rules.gas.hour
    flows = [
        step
        for step in hours(covering(seen.points, start, end), seen.digits, rules.gas.hour)
        if step.rise > 0
    ]
    highest = max(flows, key=lambda step: step.an_hour, default=None)
    if highest is None or highest.an_hour <= rules.gas.most:
        return Verdict(REFUTED, start, end, {"rule": "no alarm", "type": "gas", "until": end.isoformat()})
    evidence = {
        "by": "flow",
        "type": "gas",
        "rule": f"> {plain(rules.gas.most)} m³/h",
        "flow_m3_h": plain(round(highest.an_hour, 6)),
        "from": highest.start.isoformat(),
        "until": highest.end.isoformat(),
    }
    return Verdict(HOLDS, highest.start, highest.end, evidence)
