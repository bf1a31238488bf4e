"""Insight: read models for screens and reports, made from events."""

from __future__ import annotations

from services.chassis.entrances import Service
from services.insight import handlers, views
from services.insight.repository import Repository
from services.insight.scores import views as scores


class Insight(Service):
    name = "insight"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = {**views.QUERIES, **scores.QUERIES}
    timers = handlers.TIMERS
