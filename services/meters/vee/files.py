"""Readings from a CSV file, plain or gzipped: the real data's form, and `meter,register,at,value,unit`.

A line that is none is reported with its number, and the next one is read.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from services.meters.model import CANONICAL, UNITS
from services.meters.vee.amounts import COMMUNITY, MILLION, amount, datetime_of, moment, written
from services.meters.vee.days import Estimate
from services.meters.vee.judge import Case, Outcome, find, judge, weigh
from services.meters.vee.rules import Finding, Seen
from services.meters.vee.series import Register, Row

REAL = ("user key", "datetime", "meter reading", "diff")
PLAIN = ("meter", "register", "at", "value", "unit")
INTERVALS = tuple(minutes * 60 * MILLION for minutes in (5, 10, 15, 30, 60, 120, 240, 360, 720, 1440))
MADRID = ZoneInfo("Europe/Madrid")
"""Where the real data's clocks stand."""
LARGEST = Decimal(10) ** 11
OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


class UnknownForm(ValueError):
    """The first line is not the head of a file of readings."""


@dataclass(frozen=True, slots=True)
class BadLine:
    line: int
    reason: str


@dataclass(slots=True)
class Stream:
    """One register's readings in the order of the file."""

    meter: str
    register: str
    unit: str
    rows: list[Row] = field(default_factory=list)
    other_units: list[tuple[int, str]] = field(default_factory=list)
    out_of_order: int = 0

    @property
    def interval(self) -> int:
        """What this register's interval seems to be: the usual one nearest to the median."""
        moments = sorted({row.at for row in self.rows})
        lengths = [b - a for a, b in itertools.pairwise(moments)]
        if not lengths:
            return INTERVALS[4]
        median = statistics.median(lengths)
        return min(INTERVALS, key=lambda interval: abs(interval - median))


@dataclass(slots=True)
class Content:
    streams: dict[tuple[str, str], Stream]
    bad: list[BadLine]
    zone: ZoneInfo
    lines: int


def read(file: Path, zone: ZoneInfo | None = None) -> Content:
    """Everything in a file. `zone` is whose clock the real data's form means, and whose midnight ends a day."""
    content = Content({}, [], zone or COMMUNITY, 0)
    number = 1
    try:
        with (gzip.open if file.suffix == ".gz" else open)(
            file, "rt", encoding="utf-8-sig", errors="replace"
        ) as text:
            head = _cells(next(iter(text), ""))
            form = next(
                (form for form in (REAL, PLAIN) if tuple(cell.lower() for cell in head) == form), None
            )
            if form is None:
                raise UnknownForm(", ".join(head)[:200])
            if form is REAL and zone is None:
                content.zone = MADRID
            for number, line in enumerate(text, start=2):
                if line.strip():
                    _take(content, form, number, line)
    except (EOFError, OSError) as error:  # a torn gzip file; what came before the tear is good
        if number == 1:
            raise
        content.bad.append(BadLine(number + 1, f"the file ends here: {error}"))
    content.lines = number
    return content


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().split(";" if ";" in line else ",")]


def _take(content: Content, form: tuple[str, ...], number: int, line: str) -> None:
    try:
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter=";" if form is REAL else ","))
        if len(cells) != len(form):
            raise ValueError(f"{len(cells)} fields, not {len(form)}")
        meter, register, at, value, unit = _real(cells, content.zone) if form is REAL else _plain(cells)
        if not meter or not register:
            raise ValueError("no meter or no register")
        if not value.is_finite():
            raise ValueError("value is not a number")
        if not 0 <= value < LARGEST:
            raise ValueError("value is negative or too large")
        if at < OLDEST:
            raise ValueError("before the year 2000")
        if unit not in UNITS:
            raise ValueError(f"unknown unit {unit[:20]!r}")
    except (ValueError, InvalidOperation, csv.Error, OverflowError) as error:
        reason = "value is not a number" if isinstance(error, InvalidOperation) else str(error)
        content.bad.append(BadLine(number, reason))
        return
    kept, factor = UNITS[unit]
    stream = content.streams.setdefault((meter, register), Stream(meter, register, kept))
    if kept != stream.unit:
        stream.other_units.append((moment(at), unit))
        return
    row = Row(moment(at), number, amount(value * factor))
    if stream.rows and row.at < stream.rows[-1].at:
        stream.out_of_order += 1
    stream.rows.append(row)


def _real(cells: list[str], zone: ZoneInfo) -> tuple[str, str, datetime, Decimal, str]:
    meter, local, litres, _ = cells
    at = datetime.strptime(local.strip(), "%d/%m/%Y %H:%M:%S").replace(tzinfo=zone)
    return meter.strip(), "total", at.astimezone(UTC), Decimal(litres.strip()), "L"


def _plain(cells: list[str]) -> tuple[str, str, datetime, Decimal, str]:
    meter, register, at, value, unit = (cell.strip() for cell in cells)
    found = datetime.fromisoformat(at)
    if found.tzinfo is None:
        raise ValueError("the time has no offset")
    return meter, register, found.astimezone(UTC), Decimal(value), unit


# -- judged --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    stream: Stream
    outcome: Outcome


def judged(content: Content, digits: int = 6, interval: int | None = None) -> Iterator[Judged]:
    """Every register of the file, meter by meter."""
    kinds = {unit: kind for kind, unit in reversed(CANONICAL.items())}
    meters: dict[str, list[Stream]] = {}
    for stream in content.streams.values():
        meters.setdefault(stream.meter, []).append(stream)
    for streams in meters.values():
        outcomes: dict[str, tuple[Outcome, Seen]] = {}
        for stream in streams:
            stream.rows.sort()
            register = Register(
                stream.meter, stream.register, kinds[stream.unit], stream.unit, digits,
                interval=interval or stream.interval,
            )  # fmt: skip
            case = Case([register], stream.rows, other_units=stream.other_units, zone=content.zone)
            outcomes[stream.register] = judge(weigh(case))
        find(outcomes)
        yield from (Judged(stream, outcomes[stream.register][0]) for stream in streams)


def told(judged: Judged, zone: ZoneInfo) -> Iterator[dict[str, object]]:
    """The findings of a register, each with the estimate that was made there."""
    estimates = {(each.start, each.until): each for each in judged.outcome.estimates}
    for finding in sorted(judged.outcome.findings, key=lambda each: (each.start, each.rule)):
        estimate = None
        if finding.rule == "consecutive_interval":
            estimate = estimates.get((finding.start, finding.until))
        yield {
            "meter": judged.stream.meter,
            "register": judged.stream.register,
            **_finding(finding, judged.outcome.version, zone),
            "estimate": _estimate(estimate, zone) if estimate else None,
        }


def _finding(finding: Finding, version: int, zone: ZoneInfo) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "version": version,
        "from": _local(finding.start, zone),
        "until": _local(finding.until, zone),
        "evidence": finding.evidence,
    }


def _estimate(estimate: Estimate, zone: ZoneInfo) -> dict[str, object]:
    return {
        "method": estimate.method,
        "total": written(estimate.total),
        "until": [_local(end, zone) for end in estimate.bounds[1:]],
        "quantities": [written(quantity) for quantity in estimate.quantities],
    }


def _local(at: int, zone: ZoneInfo) -> str:
    return datetime_of(at).astimezone(zone).isoformat()
