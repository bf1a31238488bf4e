"""The real water meters of `data/`, as readings: for `yikou replay`, the demonstration and tests.

The file is in litres and in the local time of Alicante; readings leave here in m³ and UTC, in the order and with the
doubles and gaps they came with. `demonstration_readings` moves real stretches of it in time, so that they end now.
"""

from __future__ import annotations

import csv
import gzip
import heapq
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import paho.mqtt.client as mqtt

FILE = Path(__file__).parent / "data" / "water-households-2016-03-05.csv.gz"
MADRID = ZoneInfo("Europe/Madrid")
IN_FLIGHT = 500
TIME_TO_CONFIRM = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One reading as a device sends it. `seq` counts the rows of its meter in the file."""

    meter: str
    at: datetime
    litres: int
    seq: int

    @property
    def cubic_metres(self) -> Decimal:
        return Decimal(self.litres) / 1000

    def wire(self) -> dict[str, Any]:
        return {
            "meter": self.meter,
            "register": "total",
            "at": self.at,
            "value": str(self.cubic_metres),
            "unit": "m3",
            "seq": self.seq,
        }


def readings(file: Path = FILE) -> Iterator[Sent]:
    """Meter by meter, as the file has them; the meters are called W-REAL-01 … in the order of their appearance."""
    names: dict[str, str] = {}
    rows: dict[str, int] = defaultdict(int)
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            meter = names.setdefault(row["user key"], f"W-REAL-{len(names) + 1:02}")
            rows[meter] += 1
            local = datetime.strptime(row["datetime"], "%d/%m/%Y %H:%M:%S").replace(tzinfo=MADRID)
            # The file says 2e+05 where a register stood at 200000.
            yield Sent(meter, local.astimezone(UTC), int(Decimal(row["meter reading"])), rows[meter])


def interleaved(file: Path = FILE) -> Iterator[Sent]:
    """All meters together, as a day goes by; within a meter the order stays as it was sent."""
    meters: dict[str, list[Sent]] = defaultdict(list)
    for sent in readings(file):
        meters[sent.meter].append(sent)
    return heapq.merge(*meters.values(), key=lambda sent: sent.at)


# -- real stretches in which the rules fire ------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """Where in the file; `data/README.md` tells how it was found."""

    meter: str
    first: datetime
    last: datetime


STRETCHES = {
    # A day with use, then one litre in the twelve hours to 19:02: the rule holds at the last reading and at no other.
    "welfare": Stretch(
        "W-REAL-01", datetime(2016, 2, 29, 23, tzinfo=UTC), datetime(2016, 3, 2, 19, 5, tzinfo=UTC)
    ),
    # Two weeks in which no hour was without water; the rule holds at the last of these readings and at no other.
    "leak": Stretch(
        "W-REAL-35", datetime(2016, 4, 3, 18, tzinfo=UTC), datetime(2016, 4, 4, 18, 40, tzinfo=UTC)
    ),
}


def demonstration_readings(
    kind: str, meter: str | None = None, now: datetime | None = None, file: Path = FILE
) -> list[dict[str, Any]]:
    """The readings of a stretch (`welfare` or `leak`), moved so that the last one is of this minute.

    As wire readings of `meter` (the real one's name when none is given): publish them all and the rule fires.
    """
    stretch = STRETCHES[kind]
    found = [
        sent
        for sent in readings(file)
        if sent.meter == stretch.meter and stretch.first <= sent.at <= stretch.last
    ]
    shift = (now or datetime.now(UTC)).replace(microsecond=0) - found[-1].at
    return [
        sent.wire() | {"meter": meter or sent.meter, "at": (sent.at + shift).isoformat()} for sent in found
    ]


def late_reading(stretch: list[dict[str, Any]]) -> dict[str, Any]:
    """The correction that arrives late: the reading three hours before the end of a stretch, 40 litres higher.

    The real file has no such pair (it was written down after everything had arrived), so this one is made up.
    """
    end = datetime.fromisoformat(stretch[-1]["at"])
    wrong = max(
        (reading for reading in stretch if datetime.fromisoformat(reading["at"]) <= end - timedelta(hours=3)),
        key=lambda reading: reading["at"],
    )
    return wrong | {
        "value": str(Decimal(wrong["value"]) + Decimal("0.040")),
        "seq": wrong["seq"] + 1_000_000,
        "quality": "corrected",
    }


# -- on the wire ---------------------------------------------------------------------------------------


class NotConfirmed(Exception):
    """The broker did not confirm everything in time."""


def publish(
    found: Iterable[dict[str, Any]],
    host: str,
    port: int,
    username: str,
    password: str,
    device: str | None = None,
    speed: float | None = None,
    together: int = 1,
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Publishes readings over MQTT with QoS 1 as `device` does; returns how many the broker confirmed.

    `speed` is how many seconds of the data pass in one second of ours (None: as fast as it goes);
    `together` readings make one message; `progress` is told the readings confirmed so far.
    """
    topic = f"yikou/v1/{device or username}/readings"
    room = threading.BoundedSemaphore(IN_FLIGHT)
    ready, refusal = threading.Event(), []
    sent = {"messages": 0, "readings": 0}
    confirmed = 0

    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=f"{device or username}-{time.time_ns():x}"
    )
    client.username_pw_set(username, password)
    client.max_inflight_messages_set(IN_FLIGHT)

    def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refusal.append(str(reason))
        ready.set()

    def on_publish(_client: Any, _data: Any, _mid: int, _reason: Any, _properties: Any) -> None:
        # In paho's own thread, which holds its locks: nothing here may wait for whoever publishes.
        nonlocal confirmed
        confirmed += 1
        room.release()
        progress(min(confirmed * together, sent["readings"]))

    client.on_connect, client.on_publish = on_connect, on_publish
    client.connect(host, port, keepalive=60)
    client.loop_start()
    try:
        if not ready.wait(TIME_TO_CONFIRM) or refusal:
            raise NotConfirmed(f"no MQTT session: {refusal or 'no answer'}")
        for pack in _paced(_packs(found, together), speed):
            if not room.acquire(timeout=TIME_TO_CONFIRM):
                raise NotConfirmed(f"{confirmed} of {sent['messages']} messages confirmed")
            sent["messages"] += 1
            sent["readings"] += len(pack)
            client.publish(topic, msgspec.json.encode(pack[0] if together == 1 else pack), qos=1)
        deadline = time.monotonic() + TIME_TO_CONFIRM
        while confirmed < sent["messages"]:
            if time.monotonic() > deadline:
                raise NotConfirmed(f"{confirmed} of {sent['messages']} messages confirmed")
            time.sleep(0.01)
    finally:
        client.disconnect()
        client.loop_stop()
    return sent["readings"]


def _packs(found: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    pack: list[dict[str, Any]] = []
    for reading in found:
        pack.append(reading)
        if len(pack) == size:
            yield pack
            pack = []
    if pack:
        yield pack


def _paced(packs: Iterable[list[dict[str, Any]]], speed: float | None) -> Iterator[list[dict[str, Any]]]:
    begun: tuple[float, datetime] | None = None
    for pack in packs:
        if speed:
            at = (
                pack[0]["at"]
                if isinstance(pack[0]["at"], datetime)
                else datetime.fromisoformat(pack[0]["at"])
            )
            begun = begun or (time.monotonic(), at)
            ahead = (at - begun[1]).total_seconds() / speed - (time.monotonic() - begun[0])
            if ahead > 0:
                time.sleep(ahead)
        yield pack
