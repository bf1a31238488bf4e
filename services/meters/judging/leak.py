"""A leak, found in one of several ways; one finding a meter, whichever of them noticed it first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from services.meters.judging import never_zero, night_flow, sudden_flow
from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, Verdict

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

WAYS = {
    "never-zero": never_zero.judge,
    "night-flow": night_flow.judge,
    "sudden-flow": sudden_flow.judge,
}


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    """Holds when one way says so. Refuted is only what the way that raised it refutes, while no other holds."""
    asked = dict.fromkeys(([seen.raised_by] if seen.raised_by in WAYS else []) + list(rules.leak_ways))
    verdicts = {way: WAYS[way](seen, rules, end) for way in asked}
    holding = [way for way, verdict in verdicts.items() if verdict.outcome == HOLDS]
    if not holding:
        return next(iter(verdicts.values()))
    first = verdicts[holding[0]]
    others = [{"by": way, "rule": verdicts[way].evidence["rule"]} for way in holding[1:]]
    return Verdict(HOLDS, first.start, end, first.evidence | ({"also": others} if others else {}))
