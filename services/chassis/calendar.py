"""The working calendar: which days and hours count, when a promise falls due, and how a stopped clock goes on.

Moments come in and go out as aware UTC datetimes; days are those of the local zone. Holidays and make-up
working days (调休) are dated files under `data/calendar`, each bound to a place and a year. For a year nobody
has written down only weekends are free, and `unknown_years` says so.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from services.chassis.identifiers import within

DATA = Path(__file__).parent / "data" / "calendar"
ZONE = ZoneInfo("Asia/Shanghai")
NOTHING = timedelta(0)

log = logging.getLogger(__name__)


# -- promises ------------------------------------------------------------------------------------------

_LEG = re.compile(r"([1-9][0-9]{0,3})(wd|wh|sd|min|h|d)")
_WORDS = {
    "wd": ("个工作日", "working day"),
    "wh": ("个工作小时", "working hour"),
    "sd": ("日内（当日）", "working day, the same"),
    "min": ("分钟", "minute"),
    "h": ("小时", "hour"),
    "d": ("天", "day"),
}
_ELAPSED = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Promise:
    """How long something may take: `3wd`, `4wh`, `30min`, `24h`, `15d`, `1sd` (the same day), or legs in turn: `15wd+7d+5wd`.

    A plain class, for the readers of data files would fill a dataclass by its attributes instead of its text.
    """

    def __init__(self, legs: tuple[tuple[int, str], ...]) -> None:
        self.legs = legs

    @classmethod
    def parse(cls, text: str) -> Promise:
        """Raises ValueError when `text` is no promise."""
        legs = []
        for part in str(text).split("+"):
            found = _LEG.fullmatch(part)
            if not found:
                raise ValueError(f"{text!r} is no promise; write e.g. 3wd, 4wh, 30min, 24h, 15d or 15wd+7d")
            legs.append((int(found[1]), found[2]))
        return cls(tuple(legs))

    def __str__(self) -> str:
        return "+".join(f"{amount}{unit}" for amount, unit in self.legs)

    def __repr__(self) -> str:
        return f"Promise({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Promise) and self.legs == other.legs

    def __hash__(self) -> int:
        return hash(self.legs)

    @property
    def zh(self) -> str:
        return "，另加".join(f"{amount}{_WORDS[unit][0]}" for amount, unit in self.legs)

    @property
    def en(self) -> str:
        return ", then ".join(f"{n} {_WORDS[unit][1]}{'s' if n > 1 else ''}" for n, unit in self.legs)

    @property
    def round_the_clock(self) -> bool:
        """True when nights and holidays count too, as for alarms and calendar days."""
        return all(unit in _ELAPSED for _, unit in self.legs)

    @property
    def roughly(self) -> timedelta:
        """About how long on the wall clock; for comparing promises, never for a deadline."""
        about = {
            **_ELAPSED,
            "wd": timedelta(days=1.4),
            "sd": timedelta(days=1.4),
            "wh": timedelta(days=1.4) / 8,
        }
        return sum((amount * about[unit] for amount, unit in self.legs), NOTHING)


# -- the calendar of a place ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Year:
    """What one data file says about one year at one place."""

    place: str
    year: int
    source: str
    opens: time
    closes: time
    free: Mapping[date, tuple[str, str]]
    worked: frozenset[date]

    @classmethod
    def read(cls, path: Path) -> Year:
        """Raises ValueError when the file contradicts itself."""
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        free = {
            day: (holiday["zh"], holiday["en"])
            for holiday in data.get("holidays", [])
            for day in _days(holiday["from"], holiday["to"])
        }
        worked = frozenset(data.get("workdays", []))
        both = free.keys() & worked
        strangers = [day for day in (*free, *worked) if day.year != data["year"]]
        if both or strangers:
            raise ValueError(
                f"{path.name}: free and worked at once {sorted(both)}, not of the year {strangers}"
            )
        hours = data["hours"]
        opens, closes = time.fromisoformat(hours["opens"]), time.fromisoformat(hours["closes"])
        if opens >= closes:
            raise ValueError(f"{path.name}: opens at {opens}, closes at {closes}")
        source = f"{data['source']['title']}（{data['source']['number']}）"
        return cls(data["place"], data["year"], source, opens, closes, free, worked)


class Calendar:
    """The working days and hours of one place."""

    def __init__(self, years: list[Year]) -> None:
        # From the general to the particular, so that a district's own file has the last word.
        self._years: dict[int, list[Year]] = {}
        for year in sorted(years, key=lambda year: len(year.place)):
            self._years.setdefault(year.year, []).append(year)
        if not self._years:
            raise ValueError("a calendar needs at least one year of data")
        self._warned: set[int] = set()

    # -- days --

    def is_working_day(self, day: date) -> bool:
        for year in reversed(self._known(day.year)):
            if day in year.worked:
                return True
            if day in year.free:
                return False
        return day.weekday() < 5

    def holiday(self, day: date) -> tuple[str, str] | None:
        """The (Chinese, English) name of the holiday on `day`; None on working days and plain weekends."""
        if self.is_working_day(day):
            return None
        return next((year.free[day] for year in reversed(self._known(day.year)) if day in year.free), None)

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Opening and closing of `day`; None when it is free."""
        if not self.is_working_day(day):
            return None
        # A year without data keeps the hours of the nearest one with data.
        nearest = min(self._years, key=lambda year: (abs(year - day.year), year))
        hours = self._years[nearest][-1]
        return _moment(day, hours.opens), _moment(day, hours.closes)

    def is_open(self, at: datetime) -> bool:
        hours = self.hours(local_day(at))
        return hours is not None and hours[0] <= at < hours[1]

    def unknown_years(self, start: datetime, end: datetime) -> tuple[int, ...]:
        """The years between two moments whose holidays nobody has written down: what falls there is a guess."""
        first, last = sorted((local_day(start).year, local_day(end).year))
        return tuple(year for year in range(first, last + 1) if year not in self._years)

    def sources(self, year: int) -> tuple[str, ...]:
        """The documents a year's days are taken from; none for a year without data."""
        return tuple(known.source for known in self._years.get(year, []))

    # -- from a moment to a later one --

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """The close of the `days`-th working day after the day of `start`."""
        if days < 1:
            raise ValueError("a promise has at least one working day")
        day = local_day(start)
        for _ in range(days):
            day += timedelta(days=1)
            while not self.is_working_day(day):
                day += timedelta(days=1)
        hours = self.hours(day)
        assert hours is not None
        return hours[1]

    def add_working_hours(self, start: datetime, hours: float | timedelta) -> datetime:
        """The moment at which that much working time has passed since `start`; a full day ends at its close."""
        left = hours if isinstance(hours, timedelta) else timedelta(hours=hours)
        if left < NOTHING:
            raise ValueError("working time runs forwards")
        if not left:
            return _aware(start)
        for opens, closes in self._open_from(_aware(start)):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise AssertionError("there is always another working day")

    def end_of_same_day(self, start: datetime) -> datetime:
        """The close of the working day it comes in on; what comes after the close, or on a free day, counts as the next."""
        hours = self.hours(local_day(start))
        return hours[1] if hours and _aware(start) < hours[1] else self.add_working_days(start, 1)

    def add_calendar(self, start: datetime, time_passed: timedelta) -> datetime:
        """Plain elapsed time: nights, weekends and holidays count."""
        return _aware(start) + time_passed

    def due(self, start: datetime, promise: Promise) -> datetime:
        """When a promise given at `start` falls due; its legs follow one another."""
        at = _aware(start)
        for amount, unit in promise.legs:
            if unit == "wd":
                at = self.add_working_days(at, amount)
            elif unit == "sd":
                at = self.end_of_same_day(at)
            elif unit == "wh":
                at = self.add_working_hours(at, amount)
            else:
                at = self.add_calendar(at, amount * _ELAPSED[unit])
        return at

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; negative when `end` comes first."""
        start, end = _aware(start), _aware(end)
        if end < start:
            return -self.working_time_between(end, start)
        total = NOTHING
        for opens, closes in self._open_from(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    # -- the pausable clock --

    def remaining(self, due: datetime, paused_at: datetime, promise: Promise | None = None) -> timedelta:
        """The time left when the clock stops: working time, or plain time for a round-the-clock promise.

        Negative when it was already late.
        """
        if promise is not None and promise.round_the_clock:
            return _aware(due) - _aware(paused_at)
        return self.working_time_between(paused_at, due)

    def resume(
        self, due: datetime, paused_at: datetime, resumed_at: datetime, promise: Promise | None = None
    ) -> datetime:
        """The new deadline: the old one moved by the working time the clock stood still.

        A round-the-clock promise moves by plain time, else an alarm supplemented at night would lose its minutes.
        """
        if resumed_at < paused_at:
            raise ValueError("the clock cannot run again before it stopped")
        if promise is not None and promise.round_the_clock:
            return _aware(due) + (resumed_at - paused_at)
        return self.add_working_hours(due, self.working_time_between(paused_at, resumed_at))

    # -- inside --

    def _known(self, year: int) -> list[Year]:
        if year not in self._years and year not in self._warned:
            self._warned.add(year)
            log.warning("calendar: no holidays are known for %s; only weekends count as free", year)
        return self._years.get(year, [])

    def _open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time after `start`, the first one cut at it, without end."""
        day = local_day(start)
        while True:
            hours = self.hours(day)
            if hours is not None and start < hours[1]:
                yield max(start, hours[0]), hours[1]
            day += timedelta(days=1)


def of(place: str = "") -> Calendar:
    """The calendar of a place: every file whose place code begins the place's own."""
    return _calendar(frozenset(year.place for year in _all_years() if within(place, year.place)))


@cache
def _calendar(places: frozenset[str]) -> Calendar:
    return Calendar([year for year in _all_years() if year.place in places])


@cache
def _all_years() -> tuple[Year, ...]:
    return tuple(Year.read(path) for path in sorted(DATA.glob("*.yaml")))


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC)


def local_day(at: datetime) -> date:
    return _aware(at).astimezone(ZONE).date()


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=ZONE).astimezone(UTC)


def _days(first: date, last: date) -> Iterator[date]:
    if last < first:
        raise ValueError(f"a holiday from {first} to {last}")
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
