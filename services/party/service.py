"""Party building. Its door plate."""

from services.chassis.entrances import Service
from services.party import handlers, views
from services.party.repository import Repository


class Party(Service):
    name = "party"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
