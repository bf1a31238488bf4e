"""Raw readings into believed ones: corrections, people's edits, rollover, registers running backwards, exchanged meters.

A register counts up. What it says less than it said before is, near its maximum, a rollover; otherwise a fault, and no
consumption ever. What then becomes of the readings, `believe` decides from a few neighbours only (LOOK_AHEAD), so that a
late reading changes nothing further back than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from services.meters.vee.amounts import MILLION

LOOK_AHEAD = 3
"""A false state is believed to last so many readings at most; one that lasts longer is what the register shows now."""
CONTEXT = 2 * LOOK_AHEAD + 1
"""So many readings before a new one it cannot change anything: three are taken back by one that looks three ahead."""

RAW, EDITED, INSTALLED = 0, 1, 2
"""Where a state comes from: the meter; a person; the installer's note at an exchange."""


class Row(NamedTuple):
    """A raw reading. Of several for one moment the highest sequence number counts."""

    at: int
    seq: int
    value: int


@dataclass(frozen=True, slots=True)
class Register:
    """One register for as long as one meter had it; an exchange begins the next."""

    meter: str
    register: str = "total"
    kind: str = "water"
    unit: str = "m3"
    digits: int = 6
    multiplier: Decimal = Decimal(1)
    interval: int = 3600 * MILLION
    limits: dict[str, Any] = field(default_factory=dict)
    opened_at: int | None = None
    opening: int | None = None
    closed_at: int | None = None
    closing: int | None = None

    @property
    def full(self) -> int:
        """One more than the register can show, in millionths of what it stands for."""
        return self.delivered(10**self.digits * MILLION)

    def delivered(self, value: int) -> int:
        """What a state stands for: behind a current transformer the register shows a part."""
        if self.multiplier == 1:
            return value
        return int((value * self.multiplier).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Carry:
    """Where the day before left off: the last believed reading, and the state it is held to show."""

    at: int
    high: int


class Believed(NamedTuple):
    at: int
    total: int
    """Counts on through rollover and exchange: differences are consumption."""
    value: int
    """What the register is held to show: its highest state, where it ran backwards a little."""
    source: int
    anew: bool
    """The register started anew here; between this reading and the one before nothing is known to be consumed."""


class Backwards(NamedTuple):
    """The register said less than before, and not by rolling over."""

    before_at: int
    before: int
    at: int
    after: int
    became: str


@dataclass(slots=True)
class Series:
    believed: list[Believed]
    backwards: list[Backwards]
    inactive: list[tuple[int, int]]
    """(moment, state) of readings while there was no meter to read."""
    rollovers: list[int]


def current(rows: Sequence[Row], edits: dict[int, int | None]) -> list[tuple[int, int, int]]:
    """(moment, state, source) in order: corrections before what they correct, a person's word before the meter's.

    `rows` are in the order of moment and sequence number; an edit to None strikes the reading out.
    """
    states = {at: value for at, _, value in rows}
    if not edits:
        return [(at, value, RAW) for at, value in states.items()]
    found = [(at, value, RAW) for at, value in states.items() if at not in edits]
    found += [(at, value, EDITED) for at, value in edits.items() if value is not None]
    found.sort()
    return found


def believe(
    points: Sequence[tuple[int, int, int]],
    registers: Sequence[Register],
    hold: int,
    carry: Carry | None = None,
    said: tuple[int, int] | None = None,
) -> Series:
    """The readings that count, from `carry` on. `hold` is how far a register may slip back and still be the same.

    `said` is what the register said last before these readings, believed or not.
    """
    chain: list[Believed] = []
    if carry is not None:
        chain.append(Believed(carry.at, carry.high, carry.high, RAW, False))
    series = Series(chain, [], [], [])
    rest = list(points)
    for register in registers:
        opened, closed = register.opened_at, register.closed_at
        if opened is not None:
            series.inactive += [point[:2] for point in rest if point[0] < opened]
            rest = [
                point
                for point in rest
                if point[0] > opened or (point[0] == opened and register.opening is None)
            ]
            if register.opening is not None and (carry is None or carry.at < opened):
                said = None
                value = register.delivered(register.opening)
                chain.append(Believed(opened, chain[-1].total if chain else value, value, INSTALLED, False))
        mine = rest
        if closed is not None:
            mine = [point for point in rest if point[0] < closed]
            rest = rest[len(mine) :]
            if register.closing is not None and (carry is None or carry.at < closed):
                mine.append((closed, register.closing, INSTALLED))
        if register.multiplier != 1:
            mine = [(at, register.delivered(value), source) for at, value, source in mine]
        _follow(mine, register, series, hold, said)
        if closed is None:
            return series
    series.inactive += [point[:2] for point in rest]
    return series


def _follow(
    points: Sequence[tuple[int, int, int]],
    register: Register,
    series: Series,
    hold: int,
    before: tuple[int, int] | None,
) -> None:
    chain, full = series.believed, register.full
    first = max(0, len(chain) - 1)
    """What was believed before this register is settled."""
    for index, (at, value, source) in enumerate(points):
        if not chain:
            chain.append(Believed(at, value, value, source, False))
            continue
        last = chain[-1]
        step = value - last.value
        if step >= 0:
            chain.append(Believed(at, last.total + step, value, source, False))
            continue
        if last.value * 10 >= full * 9 and value * 10 <= full:
            series.rollovers.append(at)
            chain.append(Believed(at, last.total + step + full, value, source, False))
            continue
        if index:
            said_at, said, _ = points[index - 1]
        elif before is not None:
            said_at, said = before[0], register.delivered(before[1])
        else:
            said_at, said = last.at, last.value
        recovers = any(later[1] >= last.value for later in points[index + 1 : index + 1 + LOOK_AHEAD])
        if -step <= hold:
            became = "held"
            chain.append(Believed(at, last.total, last.value, source, False))
        elif recovers and source == RAW:
            became = "disbelieved"
        elif false := _false_states(chain, first, value):
            became = "disbelieved-before"
            del chain[-false:]
            chain.append(Believed(at, chain[-1].total + value - chain[-1].value, value, source, False))
        else:
            became = "started-anew"
            chain.append(Believed(at, last.total, value, source, True))
        if value < said:
            series.backwards.append(Backwards(said_at, said, at, value, became))


def _false_states(chain: Sequence[Believed], first: int, value: int) -> int:
    """How many of the last states were too high, when without them the register just counts on. 0: no such thing."""
    for count in range(1, LOOK_AHEAD + 1):
        before = len(chain) - 1 - count
        if before < first:
            return 0
        if chain[before + 1].source != RAW or chain[before + 1].anew:
            return 0
        if chain[before].value <= value:
            return count
    return 0
