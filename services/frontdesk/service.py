"""The front desk: one intake, and the watch over everything behind it. Its door plate."""

from services.chassis.entrances import Service
from services.frontdesk import handlers, views
from services.frontdesk.certificates import document
from services.frontdesk.intake import views as intake
from services.frontdesk.repository import Repository


class FrontDesk(Service):
    name = "frontdesk"
    store = Repository
    events = handlers.EVENTS
    commands = handlers.COMMANDS
    queries = views.QUERIES | intake.QUERIES
    timers = handlers.TIMERS
    completes = handlers.COMPLETES
    before_commit = handlers.publish_changes
    needs = (document.font,)
    mishap = handlers.note_mishap
