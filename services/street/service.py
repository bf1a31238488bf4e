"""Street: the office of everybody who has no system of his own. Its door plate."""

from services.chassis.entrances import Service
from services.street import handlers, views
from services.street.repository import Repository


class Street(Service):
    name = "street"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
