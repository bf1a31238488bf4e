"""Property management (物业): household files, fees, repairs."""

from services.chassis.entrances import Service
from services.property import handlers, views
from services.property.repository import Repository


class Property(Service):
    name = "property"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
    completes = handlers.COMPLETES
