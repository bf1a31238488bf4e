"""When silence means something and which alarms need a person: dated by the installation, held in `data/`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import yaml

from services.chassis.settings import settings

HERE = Path(__file__).parent / "data"
LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Watch:
    """The defaults of an installation."""

    interval_s: int
    misses: int
    report_after_min: int
    mass_cameras: int
    cooldown: timedelta


@cache
def watch() -> Watch:
    data = yaml.safe_load((HERE / "watch.yaml").read_text("utf-8"))

    def chosen(name: str) -> int:
        return int(settings().environment.get(f"YIKOU_CAMERA_{name.upper()}", data[name]))

    return Watch(
        interval_s=chosen("interval_s"),
        misses=chosen("misses"),
        report_after_min=chosen("report_after_min"),
        mass_cameras=int(data["mass"]["cameras"]),
        cooldown=timedelta(seconds=data["cooldown_s"]),
    )


class AlarmRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: str
    severity: int
    types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hours: str | None = None
    priority: int | None = None

    def holds(self, type: str, label: str | None, zone: str | None, priority: int, at: datetime) -> bool:
        return (
            (not self.types or type in self.types)
            and (not self.labels or label in self.labels)
            and (not self.zones or zone in self.zones)
            and (self.priority is None or priority <= self.priority)
            and (self.hours is None or within_hours(self.hours, at))
        )


def within_hours(hours: str, at: datetime) -> bool:
    """`22:00-06:00` passes midnight; the first minute belongs to it, the last one no more."""
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    now = at.astimezone(LOCAL).time()
    return begin <= now < end if begin <= end else now >= begin or now < end


def severity_of(
    type: str,
    label: str | None,
    zone: str | None,
    priority: int,
    at: datetime,
    rules: Iterable[AlarmRule] | None = None,
) -> int | None:
    """How urgently a person is needed, 1 to 4; None when nobody is."""
    asked = alarm_rules() if rules is None else rules
    return min((rule.severity for rule in asked if rule.holds(type, label, zone, priority, at)), default=None)


@cache
def alarm_rules() -> tuple[AlarmRule, ...]:
    """A line with a slip of the pen stops the start, not an alarm."""
    return msgspec.convert(
        yaml.safe_load((HERE / "alarm_rules.yaml").read_text("utf-8")), tuple[AlarmRule, ...]
    )
