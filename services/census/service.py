"""The census. Its door plate: it hears nothing and says nothing."""

from services.census import handlers, views
from services.census.repository import Repository
from services.chassis.entrances import Service


class Census(Service):
    name = "census"
    store = Repository
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
