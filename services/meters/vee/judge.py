"""One meter from a moment on: believed readings, intervals and days, estimates, findings. Pure; storing is the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import COMMUNITY
from services.meters.vee.book import Edition, edition_at, editions_within
from services.meters.vee.days import Day, Estimate, holes, spread
from services.meters.vee.estimation import Measured
from services.meters.vee.rules import FAMILY_RULES, RULES, Finding, PastDay, Seen
from services.meters.vee.series import Believed, Carry, Register, Row, Series, believe, current

CONFIRMABLE = {
    "dynamic_comparison",
    "final_replacement",
    "frozen",
    "high_low",
    "multiplier",
    "negative",
    "spike",
    "unit",
}
"""A person who had the last word on a reading has looked at what these say of it."""


@dataclass(slots=True)
class Case:
    """All that is known of one register from `since` (a midnight, or None: from its first reading) on."""

    registers: Sequence[Register]
    """One after the other; an exchange begins the next."""
    rows: Sequence[Row]
    """Raw, in the order of moment and number; a few of them may be older than `since`."""
    edits: Mapping[int, int | None] = field(default_factory=dict)
    since: int | None = None
    carry: Carry | None = None
    past: Sequence[PastDay] = ()
    until: int | None = None
    """Estimate to here when the readings end before."""
    other_units: Sequence[tuple[int, str]] = ()
    zone: ZoneInfo = COMMUNITY


@dataclass(slots=True)
class Outcome:
    series: Series
    days: list[Day]
    estimates: list[Estimate]
    findings: list[Finding] = field(default_factory=list)
    version: int = 0

    @property
    def last_at(self) -> int | None:
        """The newest reading that counts."""
        return self.series.believed[-1].at if self.series.believed else None


@dataclass(slots=True)
class Weighed:
    """A case half way: what is believed, and whether filling its gaps needs to know the days before."""

    case: Case
    series: Series
    holes: list[tuple[Believed, Believed]]
    edition: Edition

    @property
    def needs_examples_before(self) -> int | None:
        """The begin of the first gap that has to be filled by example."""
        for before, after in self.holes:
            if after.total != before.total and after.at - before.at > self.edition.filling.linear_up_to:
                return before.at
        if (
            self.case.until is not None
            and self.series.believed
            and self.series.believed[-1].at < self.case.until
        ):
            return self.series.believed[-1].at
        return None


def weigh(case: Case) -> Weighed:
    register = case.registers[-1]
    rows, edits = case.rows, dict(case.edits)
    points = current(rows, edits)
    said = None
    if case.since is not None and case.carry is not None:
        older = [point for point in points if point[0] < case.since]
        points = points[len(older) :]
        said = older[-1][:2] if older else None
    edition = edition_at(rows[-1].at) if rows else edition_at(case.since or 0)
    series = believe(points, case.registers, edition.hold[register.kind], case.carry, said)
    return Weighed(case, series, holes(series.believed, register.interval, edition.filling), edition)


def judge(weighed: Weighed, examples: Mapping[date, Measured] | None = None) -> tuple[Outcome, Seen]:
    """`examples` are the days before, interval by interval; only asked for where a gap needs them."""
    case, series = weighed.case, weighed.series
    register = case.registers[-1]
    days, estimates = spread(
        series.believed, register.interval, case.zone, weighed.edition.filling, examples or {},
        case.since if case.carry is not None else None, case.until,
    )  # fmt: skip
    outcome = Outcome(series, days, estimates, version=weighed.edition.version)
    seen = Seen(
        register, case.rows, series, weighed.holes, days, case.past, case.zone, case.since, case.other_units, estimates,
        frozenset(at for at, value in case.edits.items() if value is not None),
    )  # fmt: skip
    return outcome, seen


def find(outcomes: Mapping[str, tuple[Outcome, Seen]]) -> None:
    """What all the rules say of one meter's registers, written into their outcomes; nothing older than asked for."""
    moments = [row.at for _, seen in outcomes.values() for row in (*seen.rows[:1], *seen.rows[-1:])]
    if not moments:
        return
    found: dict[str, list[Finding]] = {name: [] for name in outcomes}
    for begin, end, edition in editions_within(min(moments), max(moments)):
        starts = {name: max(begin, seen.since or begin) for name, (_, seen) in outcomes.items()}
        for name, (_, seen) in outcomes.items():
            start = starts[name]
            limits = edition.limits(seen.register.kind, seen.register.limits)
            mine = found[name]
            for rule, figures in limits.items():
                check = RULES.get(rule)
                if check is not None:
                    mine += [each for each in check(seen, figures) if start <= each.at < end]
        if len(outcomes) > 1:
            family = {name: seen for name, (_, seen) in outcomes.items()}
            limits = edition.limits(next(iter(family.values())).register.kind, {})
            for rule, check_family in FAMILY_RULES.items():
                for name, each in check_family(family, limits[rule]):
                    if starts[name] <= each.at < end:
                        found[name].append(each)
    for name, (outcome, seen) in outcomes.items():
        kept = (
            [each for each in found[name] if not _confirmed(each, seen.edited)]
            if seen.edited
            else found[name]
        )
        outcome.findings = coalesced(kept) if kept else kept


def _confirmed(finding: Finding, edited: frozenset[int]) -> bool:
    if finding.rule not in CONFIRMABLE:
        return False
    if finding.daily:
        return any(finding.start < at <= finding.until for at in edited)
    return finding.at in edited


def coalesced(findings: Sequence[Finding]) -> list[Finding]:
    """Neighbouring days of one rule are one finding, with the first day's evidence."""
    found: list[Finding] = []
    for each in sorted(findings, key=lambda finding: (finding.rule, finding.at)):
        last = found[-1] if found else None
        if last is not None and each.daily and continues(last, each):
            found[-1] = Finding(last.rule, last.at, last.start, each.until, last.evidence, True)
        else:
            found.append(each)
    return found


def continues(last: Finding, each: Finding) -> bool:
    return (
        last.rule == each.rule
        and last.until == each.start
        and last.evidence.get("which") == each.evidence.get("which")
    )
