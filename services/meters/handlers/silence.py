"""Meters that are not heard any more, and heard again. Silence is a matter of the meter, not of the person behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.meters.handlers.findings import say_raised, stand_down
from services.meters.judging.repository import Look
from services.meters.model import Finding
from services.meters.rulebook import rules_at

HEARD_AGAIN = "表计已恢复上报 · the meter is heard again"
IN_EVIDENCE = 50
SEVERITY = 4
SEVERITY_WHEN_WATCHED = 2
"""Nobody watches over an elder through a meter that is not heard."""


def note_silent_meters(work: Work) -> None:
    """Who falls silent is offline; many of one grid at once are one trouble, not many."""
    rule = rules_at(work.now).offline
    by_grid = defaultdict(list)
    for row in work.store.note_silent(work.now - rule.silence):
        by_grid[row.place].append(row)
    for place, silent in sorted(by_grid.items()):
        if len(silent) >= rule.mass:
            _raise(work, place, silent)
        else:
            for row in silent:
                _raise(work, row.meter, [row])


def _raise(work: Work, device: str, silent: Sequence[Any]) -> None:
    since = min(row.heard_at for row in silent)
    alone = silent[0] if len(silent) == 1 else None
    home = work.store.household(alone.household) if alone and alone.household else None
    watched = bool(home and home.lives_alone)
    evidence: dict[str, Any] = {
        "kind": "offline",
        "rule": f"unheard for {int(rules_at(work.now).offline.silence.total_seconds() // 3600)} h",
        "count": len(silent),
        "from": since.isoformat(),
        "until": work.now.isoformat(),
    }
    if alone is None:
        evidence["meters"] = sorted(row.meter for row in silent)[:IN_EVIDENCE]
    finding = Finding(
        finding_id=identifiers.new_id(),
        kind="offline",
        meter=device,
        household=alone.household if alone else None,
        place=silent[0].place,
        window_start=since,
        window_end=work.now,
        judged_until=work.now,
        evidence=evidence,
        raised_at=work.now,
        said_at=work.now,
        severity=SEVERITY_WHEN_WATCHED if watched else SEVERITY,
    )
    if work.store.add_finding(finding):
        say_raised(work, finding, home)


def hear_again(work: Work, back: Sequence[Look], active: Mapping[str, Sequence[Finding]]) -> None:
    """Takes back what was said of them, and of their grid with the last of it."""
    if not back:
        return
    for look in back:
        for finding in active.get(look.meter, ()):
            if finding.kind == "offline":
                stand_down(work, finding, HEARD_AGAIN)
    work.store.note_heard([look.meter for look in back], work.now)
    of_grids = work.store.active_of(sorted({look.place for look in back}))
    for place, found in of_grids.items():
        if not work.store.any_offline(place):
            for finding in found:
                stand_down(work, finding, HEARD_AGAIN)
