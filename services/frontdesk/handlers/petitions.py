"""A petitioner asks for a review of the answer, and once more for a re-examination."""

from __future__ import annotations

from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.care import petitions
from services.frontdesk.handlers.access import for_applicant
from services.frontdesk.handlers.dispatch import say_assigned
from services.frontdesk.model import Case

ANSWERS = ("close", "refuse", "answer")
INFORMS = ("inform", "decline")


def ask_review(work: Work, command: Any) -> dict[str, Any]:
    case = for_applicant(work, command)
    matter = planning.matter_of(case)
    if case.petition is None or matter.petition is None:
        raise petitions.NoReview(stage=case.status)
    review = petitions.next_review(case, matter.petition, work.now)
    due_at = calendar.of(case.place).due(work.now, review.promise)
    actor = work.caller.account
    case.begin_again("review-asked", "review", work.now, actor, due_at, reason=command.reason)
    petitions.move(case, "ask", work.now, actor)
    titles = (review.zh, review.en)
    sign_by = planning.sign_by(case, work.now)
    task = case.assign(review.unit, review.unit, review.name, titles, work.now, sign_by, due_at, lead=True)
    say_assigned(work, case, task, manual=True)
    return case.face(work.now)


def follow_end(work: Work, case: Case, verb: str, actor: str) -> None:
    """A case that is a petition has ended: what that makes of the petition."""
    petition = planning.matter_of(case).petition
    if case.petition is None or petition is None:
        return
    if verb in ANSWERS:
        petitions.answered(case, petition, calendar.of(case.place), work.now, actor)
    else:
        petitions.move(case, "inform" if verb in INFORMS else "end", work.now, actor)
