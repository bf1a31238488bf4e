"""It was not good enough: a bad rating, an unsatisfied call-back or staff start it again."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk import planning
from services.frontdesk.care.petitions import ReviewedInstead
from services.frontdesk.handlers.access import DECIDE, for_applicant, for_staff
from services.frontdesk.handlers.dispatch import assign_again
from services.frontdesk.model import AlreadyRated, Case


def rate_case(work: Work, command: Any) -> dict[str, Any]:
    """A bad rating starts the redo at once, with its own deadline."""
    case = for_applicant(work, command)
    others = _of_the_same_visit(work, case)
    if any(other.rating and other.rating["round"] == 1 for other in others):
        raise AlreadyRated()
    bad = case.rate(command.stars, command.comment, work.now, work.caller.account)
    for other in others:
        if not other.rated:
            other.rated_with = case.no
            other.note("rated-with", work.now, work.caller.account, None, case=case.no)
    if bad:
        redo(work, case, "redo", "bad-rating", reason=command.comment or "", stars=command.stars)
    return case.face(work.now)


def _of_the_same_visit(work: Work, case: Case) -> list[Case]:
    """On site one visit has one rating: it is about everything this person was answered in the hall on that day.

    What is answered later is not of the visit and is rated by itself, as is everything that came online.
    """
    if not planning.answered_on_site(case):
        return []
    others = work.store.cases(work.store.cases_of_visit(case, *planning.local_day(case.filed_at)))
    return [other for other in others if planning.answered_on_site(other)]


def record_callback(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    actor = work.caller.account
    owed = planning.call_owed(case)
    about = owed.about if owed and owed.about != "contact" else "answer"
    again = case.call_back(about, command.reached, command.resolved, command.satisfied, work.now, actor)
    if owed and not command.reached and planning.call_owed(case) is None:
        case.note("unreachable", work.now, actor, None, about=about, tries=owed.tries + 1)
    if again:
        redo(work, case, "redo", "unsatisfied", reason=command.note or "")
    return case.face(work.now)


def reopen_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    redo(work, case, "reopened", "reopened", reason=command.reason)
    return case.face(work.now)


def redo(work: Work, case: Case, kind: str, why: str, **detail: Any) -> None:
    if case.petition:  # whoever is not content with it asks for a review, and nobody judges his own answer
        if kind == "reopened":
            raise ReviewedInstead()
        return
    sign_by, due_at = planning.redo_times(case, work.now)
    case.begin_again(kind, why, work.now, work.caller.account, due_at, **detail)
    assign_again(work, case, sign_by, due_at)
