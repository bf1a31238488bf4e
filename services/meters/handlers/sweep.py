"""The sweep: new readings are judged once, and the same readings may be a life sign and a leak."""

from __future__ import annotations

import time
from datetime import datetime

from services.chassis import identifiers
from services.chassis.database import Work
from services.contracts import frontdesk
from services.meters.handlers.findings import say_updated, stand_down
from services.meters.model import SEVERITY, Finding, Point, Verdict, judge_leak, judge_welfare, next_step
from services.meters.repository import Watched
from services.meters.rulebook import rules_at

CHUNK = 500
"""Meters judged together."""
TAKEN_AT_ONCE = 50_000
TIME_OF_A_SWEEP = 5.0
"""Seconds after which a sweep leaves the rest to the next one."""
SAID_AS = {"welfare": frontdesk.WelfareConcernRaised, "leak": frontdesk.LeakSuspected}

USE_WAS_SEEN = "补到或更正的读数显示这段时间有用水 · a late or corrected reading shows use in that time"
HOUR_WITHOUT_USE = "补到或更正的读数显示有停水时段 · a late or corrected reading shows an hour without use"
RETRACTED = {"welfare": USE_WAS_SEEN, "leak": HOUR_WITHOUT_USE}


def judge_touched(work: Work) -> None:
    """One look at the meters that had new readings; the same readings are judged for a life sign and for a leak."""
    begun = time.monotonic()
    while time.monotonic() - begun < TIME_OF_A_SWEEP:
        taken = list(work.store.take_touched(TAKEN_AT_ONCE).items())
        if not taken:
            return
        for start in range(0, len(taken), CHUNK):
            _judge(work, work.store.watched(dict(taken[start : start + CHUNK])))


def _judge(work: Work, touched: list[Watched]) -> None:
    if not touched:
        return
    names = [watched.meter for watched in touched]
    work.store.note_heard(names, work.now)
    findings = work.store.last_findings(names)
    points = work.store.points(
        {watched.meter: (watched.register, _needed_since(watched, findings)) for watched in touched}
    )
    for watched in touched:
        for kind in ("welfare", "leak"):
            _judge_meter(work, watched, kind, points[watched.meter], findings.get((watched.meter, kind)))


def _needed_since(watched: Watched, findings: dict[tuple[str, str], Finding]) -> datetime:
    rules = rules_at(watched.newest_at)
    own = watched.watch.rule(rules.welfare).window if watched.watch else rules.welfare.window
    gap = max(rules.welfare.widest_gap, rules.leak.widest_gap)
    since = watched.newest_at - max(own, rules.leak.window) - gap
    for kind in ("welfare", "leak"):
        finding = findings.get((watched.meter, kind))
        if finding and _original_was_touched(finding, watched):
            since = min(since, finding.window_start - gap)
    return since


def _original_was_touched(finding: Finding, watched: Watched) -> bool:
    return finding.state == "active" and watched.touched_since <= finding.window_end


def _judge_meter(work: Work, watched: Watched, kind: str, points: list[Point], last: Finding | None) -> None:
    active = last if last and last.state == "active" else None
    if kind == "welfare" and active is None and not _is_watched(watched):
        return
    fresh = _verdict(watched, kind, points, watched.newest_at)
    original = None
    if active and _original_was_touched(active, watched):
        original = _verdict(watched, kind, points, active.window_end)
    step = next_step(active, original, fresh)
    if active is None:
        if step == "raise":
            _raise(work, watched, kind, fresh, last)
    elif step == "retract":
        stand_down(work, active, RETRACTED[kind])
    elif step == "settle":
        # Whoever is on the way still has somebody to see; the case ends with a person's word.
        active.settle(fresh, work.now)
        say_updated(work, active)
        work.store.save_finding(active)
    elif step == "again":
        if active.see_again(fresh, work.now):
            say_updated(work, active)
        work.store.save_finding(active)


def _is_watched(watched: Watched) -> bool:
    home, watch = watched.household, watched.watch
    return home is not None and home.lives_alone and watch is not None and watch.active


def _verdict(watched: Watched, kind: str, points: list[Point], end: datetime) -> Verdict:
    rules = rules_at(end)
    if kind == "leak":
        return judge_leak(points, end, rules.leak, watched.digits)
    rule = watched.watch.rule(rules.welfare) if watched.watch else rules.welfare
    return judge_welfare(points, end, rule, watched.digits)


def _raise(work: Work, watched: Watched, kind: str, verdict: Verdict, last: Finding | None) -> None:
    if last and last.forbids(verdict):
        return
    if kind == "welfare" and watched.watch and watched.watch.away_in(verdict):
        return
    home = watched.household
    finding = Finding(
        finding_id=identifiers.new_id(),
        kind=kind,
        meter=watched.meter,
        household=home.household if home else None,
        place=home.place if home else watched.place,
        window_start=verdict.start,
        window_end=verdict.end,
        judged_until=verdict.end,
        evidence=verdict.evidence,
        raised_at=work.now,
        said_at=work.now,
    )
    if not work.store.add_finding(finding):
        return
    work.say(
        SAID_AS[kind],
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        place=finding.place,
        household=finding.household,
        address=home.address if home else None,
        device=watched.meter,
        severity=SEVERITY[kind],
        evidence=verdict.evidence,
        person=home.person if home else None,
        raised_at=work.now,
    )
