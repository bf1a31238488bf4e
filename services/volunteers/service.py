"""Volunteers. Its door plate."""

from services.chassis.entrances import Service
from services.volunteers import handlers, views
from services.volunteers.repository import Repository


class Volunteers(Service):
    name = "volunteers"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES
    timers = handlers.TIMERS
