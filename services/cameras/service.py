"""Security cameras (安防): register, silence, alarms, access, and looking at recordings."""

from typing import Any

from services.cameras import handlers, views
from services.cameras.ears import HearsDevices, hears_devices
from services.cameras.repository import Repository
from services.chassis.entrances import Service


class Cameras(Service):
    name = "cameras"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS

    @hears_devices
    def hear_devices(self, door: HearsDevices, told: list[Any]) -> dict[int, tuple[str, str]]:
        return door.perform(told)
