"""Registry: who lives where, and who looked."""

from services.chassis.entrances import Service
from services.registry import handlers, views
from services.registry.repository import Repository


class Registry(Service):
    name = "registry"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
