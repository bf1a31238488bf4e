"""The sweep: meters that had news, or for which time has run out, are looked at once and together.

A look follows each meter's pulse and asks it whether anything could be wrong. Only where it could, the judges see the
readings. What the sweep costs is decided by the new readings; nothing is ever scanned.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.journal import journal
from services.meters.handlers.findings import say_raised, say_updated, stand_down
from services.meters.handlers.silence import hear_again
from services.meters.judging import JUDGES, welfare
from services.meters.judging.pulse import (
    HORIZON,
    Figures,
    Pulse,
    judged_until,
    quiet_due,
    suspicions,
)
from services.meters.judging.repository import Look
from services.meters.judging.seen import Seen, Sibling, Signal, covering
from services.meters.model import Finding, Household, Point, Verdict, Watch, next_step
from services.meters.rulebook import Rules, rules_at

CHUNK = 2000
"""Meters looked at together."""
NOTES_AT_ONCE = 1000
"""All there are, but after a long standstill: a meter that is in many of them is looked at once, so the further behind
the sweep is, the less a note costs."""
DUE_AT_ONCE = 500_000
TIME_OF_A_SWEEP = 5.0
"""Seconds after which a sweep takes no more …"""
LONGEST_SWEEP = 30.0
"""… and after which it leaves to the next one what it has taken."""
PLAY = timedelta(hours=5)
"""Before a window: the reading it begins with."""


@dataclass
class Suspect:
    """A meter whose readings the judges have to see, and what is asked of them."""

    look: Look
    pulse: Pulse
    rules: Rules
    kinds: set[str]
    active: dict[str, Finding]
    touched_since: datetime | None
    points: list[Point] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    siblings: Sequence[Sibling] = ()

    def needed_since(self) -> datetime:
        """From when on the judges want to see readings."""
        end = self.pulse.newest_at
        since = end - HORIZON
        if self.kinds == {"welfare"}:
            rule = welfare.rule_of(self.look.watch, self.rules)
            since = end - (rule.window or 2 * welfare.DAY) - PLAY
        return min(since, _originals(self.active, self.touched_since) or since)


def judge_touched(work: Work) -> None:
    """One look at the meters that had news, and at those whose time has come."""
    if not work.store.sweep_alone():
        return
    begun = time.monotonic()
    due = dict.fromkeys(work.store.take_due(DUE_AT_ONCE, work.now))
    while time.monotonic() - begun < TIME_OF_A_SWEEP:
        taken: dict[str, datetime | None] = {**due, **work.store.take_touched(NOTES_AT_ONCE, work.now)}
        if not taken:
            return
        meters = sorted(taken)
        for start in range(0, len(meters), CHUNK):
            if time.monotonic() - begun > LONGEST_SWEEP:
                work.store.touch_again({meter: taken[meter] or work.now for meter in meters[start:]})
                return
            _look_at(work, {meter: taken[meter] for meter in meters[start : start + CHUNK]})
            time.sleep(0)  # yields: a hundred thousand meters must not keep the heartbeats waiting
        due = {}


def _look_at(work: Work, taken: Mapping[str, datetime | None]) -> None:
    active = work.store.active_of(list(taken))
    looks = work.store.look(taken)
    pulses: list[Pulse] = []
    suspects: list[Suspect] = []
    anew: list[Anew] = []
    heard: list[str] = []
    figures_of: dict[tuple[object, ...], Figures] = {}
    for look in looks:
        since, pulse = taken[look.meter], look.pulse
        newest = look.news[-1].at if look.news else pulse.newest_at if pulse else work.now
        rules = rules_at(newest, look.place)
        watch = look.watch
        key = (look.kind, look.digits, id(rules), watch and (watch.rule, watch.threshold))
        figures = figures_of.get(key)
        if figures is None:
            figures = figures_of[key] = Figures.of(look.kind, look.digits, rules, watch)
        found = {finding.kind: finding for finding in active.get(look.meter, ()) if finding.kind in JUDGES}
        late = pulse is not None and since is not None and since <= pulse.newest_at
        if look.news or late or (pulse is None and since is not None):
            heard.append(look.meter)
        if pulse and late and since and pulse.reaches_back_to(since):
            pulse.step_back()
            late = False
        if pulse is None or late or pulse.summed_by != figures.mark:
            anew.append(Anew(look, rules, figures, found, since))
            continue
        before = pulse.newest_at
        ran = pulse.follow(look.news, figures)
        _note_return(work, watch, pulse)
        kinds = (
            suspicions(look.kind, look.watch, look.signals, pulse, ran, rules, before, work.now)
            | found.keys()
        )
        if kinds:
            suspects.append(Suspect(look, pulse, rules, kinds, found, since))
        else:
            _wind(pulse, rules, look, work.now)
        pulses.append(pulse)
    for suspect in _sum_up(work, anew):
        pulses.append(suspect.pulse)
        if suspect.kinds:
            suspects.append(suspect)
        else:
            _wind(suspect.pulse, suspect.rules, suspect.look, work.now)
    _judge_all(work, suspects)
    work.store.save_pulses(pulses)
    spoke = set(heard)
    hear_again(work, [look for look in looks if look.offline and look.meter in spoke], active)
    work.store.note_heard(heard, work.now)


def _note_return(work: Work, watch: Watch | None, pulse: Pulse) -> None:
    """Water runs though nobody was expected: the absence is over, and from now on its silence counts again."""
    if watch and watch.away_until and pulse.used_at and watch.come_back(pulse.used_at):
        work.store.end_absence(watch)
        journal().info("home-again", household=watch.household, at=watch.away_ended_at)


def _wind(pulse: Pulse, rules: Rules, look: Look, now: datetime) -> None:
    """Sets the alarm clock of somebody who is watched over. It may go off too early, so it is seldom moved."""
    if look.watch is None or look.kind != "water":
        pulse.due_at = None
        return
    due = quiet_due(pulse, rules, look.watch)
    if pulse.due_at is None or pulse.due_at <= now or due < pulse.due_at:
        # What is over already is for the next reading to say.
        pulse.due_at = due if due > now else None


# -- summing up anew: meters nobody knew, late and corrected readings, other figures --------------------


@dataclass
class Anew:
    look: Look
    rules: Rules
    figures: Figures
    active: dict[str, Finding]
    touched_since: datetime | None


def _sum_up(work: Work, anew: Sequence[Anew]) -> list[Suspect]:
    if not anew:
        return []
    needed = {
        each.look.meter: (each.look.register, _originals(each.active, each.touched_since)) for each in anew
    }
    points = work.store.points(needed, from_horizon=HORIZON)
    suspects = []
    standing = {}
    for each in anew:
        found, signals = points.get(each.look.meter, ([], []))
        if not found:
            continue  # registered, and not heard yet
        end = found[-1].at
        pulse, ran = Pulse.of(each.look.meter, covering(found, end - HORIZON, end), each.figures)
        pulse.due_at = each.look.pulse.due_at if each.look.pulse else None
        _note_return(work, each.look.watch, pulse)
        if pulse.stands():
            standing[each.look.meter] = (each.look.register, pulse.newest_value)
        kinds = (
            suspicions(each.look.kind, each.look.watch, signals, pulse, ran, each.rules, None, work.now)
            | each.active.keys()
        )
        suspects.append(
            Suspect(each.look, pulse, each.rules, kinds, each.active, each.touched_since, found, signals)
        )
    since = work.store.standing_since(standing) if standing else {}
    for suspect in suspects:
        suspect.pulse.flat_since = since.get(suspect.look.meter, suspect.pulse.flat_since)
    return suspects


def _originals(active: Mapping[str, Finding], touched_since: datetime | None) -> datetime | None:
    """From when on the windows of findings have to be seen again: a late reading may refute what was said then."""
    return min(
        (
            finding.window_start - PLAY
            for kind, finding in active.items()
            # How long a register has stood is asked of the pulse, whatever the readings before.
            if kind != "stuck" and touched_since is not None and touched_since <= finding.window_end
        ),
        default=None,
    )


# -- judging -------------------------------------------------------------------------------------------


def _judge_all(work: Work, suspects: Sequence[Suspect]) -> None:
    if not suspects:
        return
    unread = {
        suspect.look.meter: (suspect.look.register, suspect.needed_since())
        for suspect in suspects
        if not suspect.points
    }
    points = work.store.points(unread) if unread else {}
    last = work.store.last_findings([suspect.look.meter for suspect in suspects])
    siblings = work.store.siblings(
        suspect.look.meter for suspect in suspects if "stuck" in suspect.kinds and _stands_long(suspect)
    )
    raised: list[tuple[Suspect, str, Verdict]] = []
    for suspect in suspects:
        if not suspect.points:
            suspect.points, suspect.signals = points[suspect.look.meter]
        suspect.siblings = siblings.get(suspect.look.meter, ())
        for kind in sorted(suspect.kinds):
            verdict = _judge(work, suspect, kind)
            before = last.get((suspect.look.meter, kind))
            if verdict is None or _forbidden(suspect, kind, verdict, before):
                continue
            if before and before.awaits_its_case and not JUDGES[kind].anew:
                before.recur(verdict, work.now)
                work.store.save_finding(before)
                say_updated(work, before)
            else:
                raised.append((suspect, kind, verdict))
        _wind_exactly(suspect, work.now)
    homes = work.store.homes({suspect.look.household for suspect, _, _ in raised if suspect.look.household})
    for suspect, kind, verdict in raised:
        _raise(work, suspect, kind, verdict, homes.get(suspect.look.household or ""))


def _stands_long(suspect: Suspect) -> bool:
    return suspect.pulse.newest_at - suspect.pulse.flat_since >= timedelta(
        days=suspect.rules.stuck.days[suspect.look.kind]
    )


def _judge(work: Work, suspect: Suspect, kind: str) -> Verdict | None:
    """A verdict that gives a new finding; what becomes of an active one is done here."""
    active = suspect.active.get(kind)
    watch = suspect.look.watch
    if kind == "welfare" and active is None and watch is None:
        return None
    end = suspect.pulse.newest_at
    if kind == "welfare":
        rule = welfare.rule_of(watch, suspect.rules)
        end = judged_until(suspect.pulse, rule, work.now)
    fresh = _verdict(suspect, kind, end, suspect.rules)
    if active is None:
        return fresh if next_step(None, None, fresh) == "raise" else None
    original = None
    if suspect.touched_since is not None and suspect.touched_since <= active.window_end:
        original = _verdict(suspect, kind, active.window_end, rules_at(active.window_end, suspect.look.place))
    step = next_step(active, original, fresh)
    if step == "retract":
        stand_down(work, active, JUDGES[kind].taken_back)
    elif step == "settle":
        # Whoever is on the way still has somebody to see; the case ends with a person's word.
        active.settle(fresh, work.now)
        say_updated(work, active)
        work.store.save_finding(active)
    elif step == "again":
        if active.see_again(fresh, work.now):
            say_updated(work, active)
        work.store.save_finding(active)
    return None


def _verdict(suspect: Suspect, kind: str, end: datetime, rules: Rules) -> Verdict:
    active = suspect.active.get(kind)
    seen = Seen(
        kind=suspect.look.kind,
        digits=suspect.look.digits,
        points=suspect.points,
        signals=suspect.signals,
        watch=suspect.look.watch,
        flat_since=suspect.pulse.flat_since,
        siblings=suspect.siblings,
        raised_by=active.evidence.get("by") if active else None,
    )
    return JUDGES[kind].judge(seen, rules, end)


def _wind_exactly(suspect: Suspect, now: datetime) -> None:
    """For whom the pulse could not rule it out, the readings tell when the clock may."""
    pulse, watch = suspect.pulse, suspect.look.watch
    pulse.due_at = None
    if watch is None or suspect.look.kind != "water" or "welfare" in suspect.active:
        return
    due = welfare.closes_at(Seen("water", suspect.look.digits, suspect.points, watch=watch), suspect.rules)
    if due and watch.away_until:
        rule = welfare.rule_of(watch, suspect.rules)
        due = max(due, watch.away_until + (rule.window or timedelta(0)))
    pulse.due_at = due if due and due > now else None


def _forbidden(suspect: Suspect, kind: str, verdict: Verdict, last: Finding | None) -> bool:
    if last and last.forbids(verdict):
        return True
    watch = suspect.look.watch
    # A journey explains a quiet register, and one that stands still.
    return kind in ("welfare", "stuck") and watch is not None and watch.away_in(verdict)


def _raise(work: Work, suspect: Suspect, kind: str, verdict: Verdict, home: Household | None) -> None:
    look = suspect.look
    evidence = {"kind": kind, **verdict.evidence}
    finding = Finding(
        finding_id=identifiers.new_id(),
        kind=kind,
        meter=look.meter,
        household=look.household,
        place=look.place,
        window_start=verdict.start,
        window_end=verdict.end,
        judged_until=verdict.end,
        evidence=evidence,
        raised_at=work.now,
        said_at=work.now,
        severity=JUDGES[kind].severity,
    )
    if work.store.add_finding(finding):
        say_raised(work, finding, home)
