"""Utility meters: its door plate. Readings come in through `ingest.py`, a process of its own."""

from services.chassis.entrances import Service
from services.meters import handlers, sensorthings, views
from services.meters.repository import Repository


class Meters(Service):
    name = "meters"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES | sensorthings.QUERIES
    timers = handlers.TIMERS
