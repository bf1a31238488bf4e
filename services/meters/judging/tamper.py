"""Somebody was at the meter: it says so itself, with a word beside its readings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, REFUTED, Verdict

if TYPE_CHECKING:
    from services.meters.rulebook import Rules


@dataclass(frozen=True)
class Words:
    words: frozenset[str]
    window: timedelta


def judge(seen: Seen, rules: Rules, end: datetime) -> Verdict:
    return said(seen, rules.tamper, end)


def said(seen: Seen, rule: Words, end: datetime) -> Verdict:
    """From the first reading of an unbroken row of such readings to the last one of the window."""
    start = end - rule.window
    words = {
        signal.at: signal.word for signal in seen.signals if signal.word in rule.words and signal.at <= end
    }
    told = sorted(at for at in words if at > start)
    if not told:
        return Verdict(REFUTED, start, end, {"rule": "no such word", "until": end.isoformat()})
    first = told[-1]
    for point in reversed(seen.points):
        if point.at <= first:
            if point.at not in words:
                break
            first = point.at
    evidence = {
        "rule": "the meter reports it",
        "word": words[told[-1]],
        "readings": len(told),
        "from": first.isoformat(),
        "until": told[-1].isoformat(),
    }
    return Verdict(HOLDS, first, told[-1], evidence)
