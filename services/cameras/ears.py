"""The door for signals of devices: `cameras.signals`, from the telemetry exchange."""

from __future__ import annotations

from typing import Any

import eventlet
from kombu import Queue

from services.cameras import handlers
from services.cameras.signals import Malformed, Signal, read
from services.chassis import topology
from services.chassis.database import is_passing
from services.chassis.entrances import ASIDE, Hears
from services.chassis.errors import TimedOut


class Told:
    """One message and what it says."""

    __slots__ = ("message", "signals")

    def __init__(self, message: Any, signals: list[Signal]) -> None:
        self.message, self.signals = message, signals


class HearsDevices(Hears):
    """As for events: what waits is done together. What is refused is set aside at once, for a device says it again;
    what could not be written because the database is away waits unacked."""

    def queue(self) -> Queue:
        return topology.camera_signals()

    def _settle(self, channel: Any, batch: list[Any]) -> None:
        told: list[Any] = []
        for message in batch:
            try:
                body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
                told.append(Told(message, read(_routing_key(message), body)))
            except Malformed as error:
                self._refuse(message, f"malformed: {error}")
        refused = self._perform(told)
        for one in told:
            if id(one) in refused:
                self._refuse(one.message, refused[id(one)][1])
        with self._writing:
            channel.basic_ack(batch[-1].delivery_tag, multiple=True)

    def _together(self, items: list[Any]) -> dict[int, tuple[str, str]]:
        """What was refused, and why; all else is done."""
        try:
            with (
                eventlet.Timeout(60, TimedOut("a batch of signals took over 60 s")),
                self.ledger.work() as work,
            ):
                refused = handlers.hear_signals(work, [signal for one in items for signal in one.signals])
        except Exception as error:
            # Nobody's fault: `perform` waits for the database, or the door opens again and the messages with it.
            if is_passing(error):
                raise
            if len(items) == 1:
                return {id(items[0]): (ASIDE, f"{type(error).__name__}: {error}")}
            verdicts: dict[int, tuple[str, str]] = {}
            for one in items:
                verdicts |= self._together([one])
            return verdicts
        return {
            id(one): (ASIDE, refused[id(signal)])
            for one in items
            for signal in one.signals
            if id(signal) in refused
        }

    def _refuse(self, message: Any, reason: str) -> None:
        # The dead letters' own routing key says nothing: who spoke must be kept beside the message.
        message.headers = {**(message.headers or {}), "x-routing-key": _routing_key(message)}
        self._set_aside(message, reason, 1)


def _routing_key(message: Any) -> str:
    """Of a message replayed from the dead letters, the first one. Devices cannot reach our queue by its name."""
    key = str(message.delivery_info.get("routing_key"))
    if key == topology.camera_signals().name:
        return str((message.headers or {}).get("x-routing-key", key))
    return key


hears_devices = HearsDevices.decorator
