"""The validations: what about a register's readings a person should look at. Each a pure function of what was seen.

None of them changes a reading. A finding says where (`start`, `until`) and why (`evidence`); `at` is the moment it hangs
on, a reading's or a day's begin, by which it is found again when the readings are judged once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from services.meters.vee.amounts import HOUR, MILLION, datetime_of, day_of, midnight, written
from services.meters.vee.days import ESTIMATED, Day, Estimate
from services.meters.vee.series import EDITED, Believed, Register, Row, Series

Limits = Mapping[str, int]
"""A rule's figures for this register: amounts in millionths, spans in microseconds, factors and shares in parts of ONE."""
ONE = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str
    at: int
    start: int
    until: int
    evidence: dict[str, Any]
    daily: bool = False
    """Found day by day: neighbouring days are one finding."""


@dataclass(frozen=True, slots=True)
class PastDay:
    day: date
    quantity: int
    state: str


@dataclass(slots=True)
class Seen:
    """What there is to judge by: one register from a midnight on, and the days before it."""

    register: Register
    rows: Sequence[Row]
    series: Series
    holes: Sequence[tuple[Believed, Believed]]
    days: Sequence[Day]
    past: Sequence[PastDay]
    """Whole days before these, oldest first, without a gap; the register's own first day is not among them."""
    zone: ZoneInfo
    since: int | None = None
    other_units: Sequence[tuple[int, str]] = ()
    """(moment, unit) of readings in a unit that is not the register's."""
    estimates: Sequence[Estimate] = ()
    edited: frozenset[int] = frozenset()
    """Moments at which a person had the last word."""
    whole: list[Day] = field(init=False)
    """Days seen from midnight to midnight; the others prove nothing about a day."""
    used: list[PastDay] = field(init=False)
    """Those and the days before them, in order."""

    def __post_init__(self) -> None:
        self.whole = [day for day in self.days if day.complete]
        self.used = [*self.past, *(PastDay(day.day, day.quantity, day.state) for day in self.whole)]

    def before(self, index: int, days: int) -> list[int]:
        """What was used on each known day among the `days` before the whole day of this index."""
        last = len(self.past) + index
        return [each.quantity for each in self.used[max(0, last - days) : last] if each.state != "estimated"]

    def day_finding(self, rule: str, day: Day, **evidence: Any) -> Finding:
        start = midnight(self.zone, day.day)
        return Finding(rule, start, start, day.bounds[-1], {"day": day.day.isoformat(), **evidence}, True)


Rule = Callable[[Seen, Limits], Iterator[Finding]]


def consecutive_interval(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """An interval begins where the one before ended; here readings are missing."""
    for before, after in seen.holes:
        missing = max(1, round((after.at - before.at) / seen.register.interval) - 1)
        used = written(after.total - before.total)
        yield Finding(
            "consecutive_interval", after.at, before.at, after.at, {"missing": missing, "used": used}
        )


def duplicate(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """The same state of the same moment, sent more than once under different numbers."""
    rows, index = seen.rows, 1
    while index < len(rows):
        first, times = rows[index - 1], 1
        while index < len(rows) and rows[index].at == first.at:
            times += rows[index].value == rows[index - 1].value
            index += 1
        if times > 1:
            yield Finding("duplicate", first.at, first.at, first.at, {"times": times})
        index += 1


def final_replacement(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A state that counted already was replaced by another one for the same moment."""
    rows = seen.rows
    for before, after in pairwise(rows):
        if before.at == after.at and abs(after.value - before.value) > limits["tolerance"]:
            evidence = {"was": written(before.value), "is": written(after.value), "seq": after.seq}
            yield Finding("final_replacement", after.at, after.at, after.at, evidence)


def dynamic_comparison(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Far more than on the same weekday of the weeks before."""
    for index, day in enumerate(seen.whole):
        if day.state == "estimated":
            continue
        last = len(seen.past) + index
        like = [
            seen.used[back].quantity
            for back in range(last - 7, last - 29, -7)
            if back >= 0 and seen.used[back].state != "estimated"
        ]
        if len(like) < 3:
            continue
        most = max(like)
        if day.quantity * ONE > most * limits["factor"] and day.quantity - most > limits["at_least"]:
            yield seen.day_finding(
                "dynamic_comparison",
                day,
                used=written(day.quantity),
                same_weekdays=[written(each) for each in like],
            )


def high_low(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A day's use against the average day of the four weeks before; or more than the pipe or fuse lets through."""
    for index, day in enumerate(seen.whole):
        if day.state == "estimated":
            continue
        known = seen.before(index, 28)
        if len(known) < limits["days"]:
            continue
        average = sum(known) // len(known)
        high = (
            day.quantity * ONE > average * limits["high"] and day.quantity - average > limits["high_at_least"]
        )
        low = day.quantity * ONE < average * limits["low"] and average - day.quantity > limits["low_at_least"]
        if high or low:
            yield seen.day_finding(
                "high_low",
                day,
                which="high" if high else "low",
                used=written(day.quantity),
                average_day=written(average),
            )
    capacity = limits["capacity"]
    if capacity:
        chain = seen.series.believed
        for before, after in pairwise(chain):
            used, length = after.total - before.total, max(after.at - before.at, seen.register.interval)
            if used * HOUR > capacity * length:
                evidence = {
                    "which": "capacity",
                    "used": written(used),
                    "hours": round(length / HOUR, 2),
                    "most_an_hour": written(capacity),
                }
                yield Finding("high_low", after.at, before.at, after.at, evidence)


def inactive_measurement(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Readings while there was no such meter: before it was installed, after it was taken out."""
    for day, readings in groupby(seen.series.inactive, lambda reading: day_of(seen.zone, reading[0])):
        found = list(readings)
        start = midnight(seen.zone, day)
        evidence = {"day": day.isoformat(), "readings": len(found), "value": written(found[0][1])}
        end = midnight(seen.zone, day + timedelta(days=1))
        yield Finding("inactive_measurement", start, start, end, evidence, True)


def interval_size(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Readings closer together than this register's interval, and not just once."""
    shortest = seen.register.interval * limits["share"] // ONE
    rows = seen.rows
    short = [
        (after.at, after.at - before.at)
        for before, after in pairwise(rows)
        if 0 < after.at - before.at < shortest
    ]
    for day in seen.days if len(short) >= limits["times"] else ():
        lengths = [length for at, length in short if day.bounds[0] < at <= day.bounds[-1]]
        if len(lengths) >= limits["times"]:
            yield seen.day_finding(
                "interval_size",
                day,
                times=len(lengths),
                shortest_s=min(lengths) // MILLION,
                interval_s=seen.register.interval // MILLION,
            )


def spike(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """The highest interval of 24 hours against the third highest."""
    for day in seen.whole:
        measured = [
            quantity for quantity, state in zip(day.quantities, day.states, strict=True) if state != ESTIMATED
        ]
        if len(measured) < 3:
            continue
        highest, _, third = sorted(measured, reverse=True)[:3]
        if highest - third > limits["at_least"] and highest * ONE > third * limits["factor"]:
            ends = datetime_of(day.bounds[day.quantities.index(highest) + 1]).astimezone(seen.zone)
            yield seen.day_finding(
                "spike", day, highest=written(highest), third=written(third), ends=ends.isoformat()
            )


def multiplier(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """From one reading to the next the state is tenfold, a hundredfold or a thousandfold, or such a part: somebody's
    multiplier or unit is wrong, and not somebody's use."""
    rows = seen.rows
    for before, after in pairwise(rows):
        less, more = sorted((before.value, after.value))
        if less < limits["at_least"] or more < 9 * less or after.at - before.at > limits["within_hours"]:
            continue
        for power in (10, 100, 1000):
            if abs(more - power * less) * ONE <= power * less * limits["tolerance"]:
                evidence = {"was": written(before.value), "is": written(after.value), "times": power}
                yield Finding("multiplier", after.at, before.at, after.at, evidence)


def negative(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """The register ran backwards, and not by rolling over: a fault, and no consumption."""
    for each in seen.series.backwards:
        evidence = {
            "was": written(each.before),
            "is": written(each.after),
            "back": written(each.before - each.after),
            "became": each.became,
        }
        yield Finding("negative", each.at, each.before_at, each.at, evidence)


def prolonged_estimation(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Day after day nothing but one estimate; `open` when no reading ends it yet."""
    for each in seen.estimates:
        if each.until - each.start >= limits["days"] * 24 * HOUR:
            evidence = {
                "method": each.method,
                "hours": (each.until - each.start) // HOUR,
                "total": written(each.total),
                "open": each.open,
            }
            at = each.start if each.open else each.until
            yield Finding("prolonged_estimation", at, each.start, each.until, evidence)


def missing_quantity(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """Too many of a day's intervals were not measured."""
    for day in seen.whole:
        missing = day.states.count(ESTIMATED)
        if missing * ONE > len(day.states) * limits["share"]:
            yield seen.day_finding("missing_quantity", day, missing=missing, of=len(day.states))


def unit(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A reading in another unit than the register's."""
    for at, name in seen.other_units:
        yield Finding("unit", at, at, at, {"unit": name, "expected": seen.register.unit})


def zero(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """A register that turned before has not moved for days and days."""
    run = 0
    for past in reversed(seen.past):
        if past.quantity:
            break
        run += 1
    for day in seen.whole:
        run = run + 1 if day.quantity == 0 else 0
        if run >= limits["days"]:
            yield seen.day_finding("zero", day, days_without_use=run)


def frozen(seen: Seen, limits: Limits) -> Iterator[Finding]:
    """The same step, and not of nothing, again and again: an electronic register that no longer counts but repeats."""
    chain = seen.series.believed
    if len(chain) <= limits["times"]:
        return
    days = iter(seen.days)
    day = next(days, None)
    step = times = longest = repeated = 0
    for before, after in pairwise(chain):
        while day is not None and after.at > day.bounds[-1]:
            if longest >= limits["times"]:
                yield seen.day_finding("frozen", day, step=written(repeated), times=longest)
            day = next(days, None)
            step = times = longest = 0
        if day is None:
            return
        if after.at <= day.bounds[0]:
            continue
        used = after.total - before.total
        if used < limits["at_least"] or EDITED in (before.source, after.source):
            step = times = 0
            continue
        times = times + 1 if used == step else 1
        step = used
        if times > longest:
            longest, repeated = times, used
    if day is not None and longest >= limits["times"]:
        yield seen.day_finding("frozen", day, step=written(repeated), times=longest)


# -- of several registers of one meter -----------------------------------------------------------------

Family = Mapping[str, Seen]
FamilyRule = Callable[[Family, Limits], Iterator[tuple[str, Finding]]]
PARTS = ("sharp", "peak", "flat", "valley")


def sibling_exists(family: Family, limits: Limits) -> Iterator[tuple[str, Finding]]:
    """A day on which one register of a meter was read and another, known before, was not."""
    if len(family) < 2:
        return
    read: dict[date, dict[str, int]] = {}
    whole: dict[date, tuple[Seen, Day]] = {}
    for register, seen in family.items():
        moments = [row.at for row in seen.rows]
        for day in seen.whole:
            start, end = day.bounds[0], day.bounds[-1]
            read.setdefault(day.day, {})[register] = sum(start < at <= end for at in moments)
            whole.setdefault(day.day, (seen, day))
    for on, counts in sorted(read.items()):
        most = max(counts.values())
        for register, other in family.items():
            known = other.past or (other.days and other.days[0].day < on)
            mine = counts.get(register, 0)
            if known and mine * ONE < most * limits["share"]:
                seen, day = whole[on]
                yield register, seen.day_finding("sibling_exists", day, readings=mine, siblings=most)


def sums(family: Family, limits: Limits) -> Iterator[tuple[str, Finding]]:
    """Sharp, peak, flat and valley make the total, day by day."""
    parts = [family[name] for name in PARTS if name in family]
    if "total" not in family or len(parts) < 2:
        return
    by_day = [{day.day: day.quantity for day in seen.whole} for seen in parts]
    for day in family["total"].whole:
        found = [quantities[day.day] for quantities in by_day if day.day in quantities]
        if len(found) < len(parts):
            continue
        off = abs(sum(found) - day.quantity)
        if off > max(limits["at_least"], day.quantity * limits["share"] // ONE):
            yield (
                "total",
                family["total"].day_finding(
                    "sum", day, total=written(day.quantity), parts=written(sum(found))
                ),
            )


RULES: dict[str, Rule] = {
    "consecutive_interval": consecutive_interval,
    "duplicate": duplicate,
    "dynamic_comparison": dynamic_comparison,
    "final_replacement": final_replacement,
    "high_low": high_low,
    "inactive_measurement": inactive_measurement,
    "interval_size": interval_size,
    "spike": spike,
    "multiplier": multiplier,
    "negative": negative,
    "prolonged_estimation": prolonged_estimation,
    "missing_quantity": missing_quantity,
    "unit": unit,
    "zero": zero,
    "frozen": frozen,
}
FAMILY_RULES: dict[str, FamilyRule] = {"sibling_exists": sibling_exists, "sum": sums}
DAILY = frozenset(
    {
        "dynamic_comparison", "frozen", "high_low", "inactive_measurement", "interval_size", "missing_quantity",
        "sibling_exists", "spike", "sum", "zero",
    }
)  # fmt: skip
"""Rules that speak of days; their findings may be longer than what is judged at once."""
