"""Flow 20: neighbours settle the same day, and have thirty days to make their agreement as good as a judgment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.intake.model import AlreadyConfirmed, NoAgreement, TooLateToConfirm


def record_confirmation(work: Work, command: Any) -> dict[str, Any]:
    """Art. 33 of the People's Mediation Law: both parties, within 30 days of the agreement."""
    case = for_staff(work, command.case_no, DECIDE)
    agreed = [
        (task, reminder)
        for reminder in planning.matter_of(case).reminders
        for task in case.present_tasks()
        if task.part == reminder.unit and task.outcome == reminder.outcome and task.finished_at
    ]
    if not agreed:
        raise NoAgreement()
    if case.confirmation is not None:
        raise AlreadyConfirmed()
    task, reminder = agreed[-1]
    assert task.finished_at is not None
    begins = task.finished_at.astimezone(calendar.ZONE).date()
    until = begins + timedelta(days=round(reminder.until.roughly / timedelta(days=1)))
    if not begins <= command.confirmed_on <= until:
        raise TooLateToConfirm(until=until.isoformat())
    on = command.confirmed_on.isoformat()
    case.confirmation = {"on": on, "reference": command.reference}
    case.note("court-confirmed", work.now, work.caller.account, task, on=on, reference=command.reference)
    return case.face(work.now)
