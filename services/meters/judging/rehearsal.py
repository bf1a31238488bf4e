"""The judges over readings that are all there: every finding they would have raised, reading by reading, and its end.

For looking at what a rule means on real data before it comes into force; nothing is stored and nobody is told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from services.meters.judging import JUDGES, welfare
from services.meters.judging.pulse import HORIZON, Figures, Pulse, suspicions
from services.meters.judging.seen import Seen, covering
from services.meters.model import Finding, Point, Watch, next_step
from services.meters.rulebook import Rules


def rehearse(
    meter: str,
    kind: str,
    points: Sequence[Point],
    rules_at: Callable[[datetime], Rules],
    watch: Watch | None = None,
    digits: int = 6,
) -> Iterator[Finding]:
    """Findings in the order in which they ended; those that never did come last. `points` in order, corrections applied.

    Times are those of the data; nobody closes a case here, so what comes back is the same finding, with its first
    evidence and how often it recurred.
    """
    figures = Figures.of(kind, digits, rules_at(points[0].at), watch)
    pulse, _ = Pulse.of(meter, points[:1], figures)
    active: dict[str, Finding] = {}
    settled: dict[str, Finding] = {}
    oldest = 0
    for n, point in enumerate(points[1:], 1):
        rules = rules_at(point.at)
        before = pulse.newest_at
        ran = pulse.follow([point], figures)
        kinds = suspicions(kind, watch, (), pulse, ran, rules, before, point.at) | active.keys()
        while points[oldest + 1].at <= point.at - HORIZON:
            oldest += 1
        for each in sorted(kinds):
            found = active.get(each)
            seen = Seen(
                kind, digits, points[oldest : n + 1], watch=watch, flat_since=pulse.flat_since,
                raised_by=found.evidence.get("by") if found else None,
            )  # fmt: skip
            verdict = JUDGES[each].judge(seen, rules, point.at)
            step = next_step(found, None, verdict)
            if step == "raise" and not JUDGES[each].anew and each in settled:
                active[each] = found = settled.pop(each)
                first = found.evidence
                found.recur(verdict, point.at)
                found.evidence = first | {"recurred": found.evidence["recurred"]}
            elif step == "raise" and not (each == "welfare" and watch and watch.away_in(verdict)):
                active[each] = Finding(
                    f"{meter}/{each}/{point.at.isoformat()}", each, meter, None, "", verdict.start, verdict.end,
                    verdict.end, verdict.evidence, raised_at=point.at, said_at=point.at, severity=JUDGES[each].severity,
                )  # fmt: skip
            elif step == "again" and found:
                found.judged_until = verdict.end
            elif step == "settle" and found:
                found.move("settle", point.at)
                if JUDGES[each].anew:
                    yield active.pop(each)
                else:
                    settled[each] = active.pop(each)
    yield from (*settled.values(), *active.values())


def used_again_at(points: Sequence[Point], after: datetime, digits: int = 6) -> datetime | None:
    """When, after a moment, ten litres had gone through: no rule is asked, only the register."""
    seen = covering(points, after, points[-1].at)
    enough = welfare.WelfareRule("", welfare.TEN_LITRES, None)
    return next((point.at for point in seen[1:] if enough.is_life(point.value - seen[0].value)), None)


def steadiness(points: Sequence[Point], after: datetime, before: datetime) -> float:
    """The share of a stretch's steps that are alike (within a litre or a tenth) and not zero.

    People use water unevenly; what leaks runs through at its own rate, by day and by night.
    """
    seen = covering(points, after, before)
    used = [float(b.value - a.value) for a, b in itertools.pairwise(seen)]
    running = [each for each in used if each > 0]
    alike = (
        sum(abs(other - each) <= max(0.001, each * 0.1) + 1e-9 for other in running) for each in set(running)
    )
    return max(alike, default=0) / len(used) if used else 0.0
