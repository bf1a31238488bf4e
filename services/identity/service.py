"""Identity: who somebody is and what he may."""

from services.chassis.entrances import Service
from services.identity import handlers, views
from services.identity.repository import Repository


class Identity(Service):
    name = "identity"
    store = Repository
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
