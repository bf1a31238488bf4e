"""The door for signals of devices: `cameras.signals`, from the telemetry exchange."""

from __future__ import annotations

from typing import Any

from kombu import Queue

from services.cameras import handlers
from services.cameras.signals import Malformed, Signal, read
from services.chassis import topology
from services.chassis.database import Work
from services.chassis.entrances import ASIDE, Hears, Unreadable, routing_key


class Told:
    """One message and what it says."""

    name = "signal"
    trace_id = ""  # devices have no trace; what they cause begins one

    def __init__(self, id: str, signals: list[Signal]) -> None:
        self.id, self.signals = id, signals


class HearsDevices(Hears):
    """As for events, but without an inbox: a signal knows by itself whether it was heard before."""

    def queue(self) -> Queue:
        return topology.camera_signals()

    def open(self, message: Any, body: bytes) -> Told:
        key = routing_key(message)
        try:
            return Told(key, read(key, body))
        except Malformed as error:
            raise Unreadable(f"malformed: {error}") from error

    def happen(self, work: Work, items: list[Any]) -> dict[int, tuple[str, str]]:
        refused = handlers.hear_signals(work, [signal for one in items for signal in one.signals])
        return {
            id(one): (ASIDE, refused[id(signal)])
            for one in items
            for signal in one.signals
            if id(signal) in refused
        }


hears_devices = HearsDevices.decorator
