"""Who judges what: one file a kind of finding, and this table from the kind to its judge.

Everything is judged in the time of the data, so that late and replayed readings give the verdicts of their own time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.meters.judging import gas, leak, reverse, stuck, tamper, welfare
from services.meters.judging.seen import Seen
from services.meters.model import Verdict

if TYPE_CHECKING:
    from services.meters.rulebook import Rules

EVERY_METER = ("water", "electricity", "gas")


@dataclass(frozen=True)
class Judge:
    judge: Callable[[Seen, Rules, datetime], Verdict]
    meters: tuple[str, ...]
    severity: int
    taken_back: str
    """What is told when late or corrected readings refute it."""
    anew: bool = False
    """Whoever was on the way for the last one has to be called again; otherwise, while its case is open, it is the same."""


JUDGES: dict[str, Judge] = {
    "welfare": Judge(
        welfare.judge,
        ("water",),
        1,
        "补到或更正的读数显示这段时间有用水 · a late or corrected reading shows use in that time",
        anew=True,
    ),
    "gas": Judge(
        gas.judge,
        ("gas",),
        1,
        "补到或更正的读数显示没有燃气报警 · a late or corrected reading shows no gas alarm",
        anew=True,
    ),
    "leak": Judge(
        leak.judge,
        ("water",),
        3,
        "补到或更正的读数显示有停水时段 · a late or corrected reading shows an hour without use",
    ),
    "tamper": Judge(
        tamper.judge,
        EVERY_METER,
        2,
        "补到或更正的读数未再报告拆动 · a late or corrected reading does not report it",
    ),
    "reverse": Judge(
        reverse.judge,
        EVERY_METER,
        3,
        "更正的读数显示表未倒转 · a corrected reading shows no fall",
    ),
    "stuck": Judge(
        stuck.judge,
        EVERY_METER,
        4,
        "补到或更正的读数显示表在走 · a late or corrected reading shows that it counts",
    ),
}
"""Kind of finding -> its judge; 1 is most urgent. `offline` has none: silence leaves no readings to judge."""


def kinds_for(meter_kind: str) -> tuple[str, ...]:
    return tuple(kind for kind, judge in JUDGES.items() if meter_kind in judge.meters)
