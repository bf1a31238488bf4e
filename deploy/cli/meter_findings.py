"""What the judges find in a file of readings: each finding with its evidence, and what the register showed afterwards."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from services.meters.judging.rehearsal import rehearse, steadiness, used_again_at
from services.meters.model import Finding, Point, Watch
from services.meters.replay import FILE, MADRID, readings
from services.meters.rulebook import Rules, published, rules_at

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
STEADY = 0.4
"""Of a normal household's days 1.4 % are so steady, of a leaking one's more than half (services/meters/data/README.md)."""


def findings(
    file: Annotated[
        Path, typer.Argument(help="读数文件 The file of readings.", exists=True, dir_okay=False)
    ] = FILE,
    rule: Annotated[
        str | None, typer.Option(help="关怀规则 A published welfare rule: " + ", ".join(published()))
    ] = None,
    kind: Annotated[str | None, typer.Option(help="只看一种 Only this kind.")] = None,
) -> None:
    """对读数文件逐条判断，输出每项发现及证据 · Judge a file of readings; findings with evidence as JSON lines.

    Every meter is judged as if somebody who lives alone were watched over by it. The last line sums up.
    """
    if rule is not None and rule not in published():
        raise typer.BadParameter(f"{rule}: {', '.join(published())}", param_hint="--rule")
    meters: dict[str, dict[datetime, Point]] = defaultdict(dict)
    for sent in readings(file):
        meters[sent.meter][sent.at] = Point(sent.at, sent.cubic_metres)
    summary: Counter[str] = Counter()
    days = 0.0
    for meter, by_time in meters.items():
        points = [by_time[at] for at in sorted(by_time)]
        days += (points[-1].at - points[0].at) / DAY
        watch = Watch(meter, rule=rule)
        for finding in sorted(
            rehearse(meter, "water", points, _rules, watch), key=lambda each: each.raised_at
        ):
            if kind in (None, finding.kind):
                line = _line(finding, points)
                summary[finding.kind] += 1
                summary[f"{finding.kind}: {line['afterwards']['verdict']}"] += 1
                _print(line)
    _print(
        {"meters": len(meters), "meter_days": round(days), "rule": rule or _rules_name(), "findings": summary}
    )


def _rules(at: datetime) -> Rules:
    """The default rules, with nights and days where the meters of the file are."""
    return dataclasses.replace(rules_at(at), zone=MADRID)


def _rules_name() -> str:
    return next(iter(published()))


def _line(finding: Finding, points: list[Point]) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "meter": finding.meter,
        "raised_at": finding.raised_at,
        "ended_at": finding.cleared_at,
        "severity": finding.severity,
        "evidence": finding.evidence,
        "afterwards": _afterwards(finding, points),
    }


def _afterwards(finding: Finding, points: list[Point]) -> dict[str, Any]:
    """What became of it, told by the register alone and not by the rule that raised it."""
    raised = finding.raised_at
    if finding.kind == "welfare":
        again = used_again_at(points, raised)
        hours = None if again is None else round((again - raised) / HOUR, 1)
        if hours is None or hours >= 24:
            verdict = "nobody at home: no ten litres for another day"
        else:
            verdict = "false: water within a day"
        return {"verdict": verdict, "water_again_after_h": hours}
    if finding.kind == "leak":
        share = max(steadiness(points, at - DAY, at) for at in (raised, raised + DAY))
        verdict = (
            "confirmed: a steady flow by day and night" if share >= STEADY else "false: uneven as people are"
        )
        return {"verdict": verdict, "steady_share": round(share, 2)}
    return {"verdict": "as the register shows"}


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
