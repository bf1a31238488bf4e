"""A case ends: whoever still holds a task stands down, and those who follow it are told or set free."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk.handlers.access import for_applicant
from services.frontdesk.handlers.dispatch import say_closed, say_withdrawn
from services.frontdesk.handlers.followers import answer_followers, release_followers
from services.frontdesk.handlers.petitions import follow_end
from services.frontdesk.model import Case


def withdraw_case(work: Work, command: Any) -> dict[str, Any]:
    """The applicant takes it back: what is open stands down, and what was done is undone."""
    case = for_applicant(work, command)
    end(work, case, "withdraw", work.caller.account, undo=True, reason=command.reason)
    return case.face(work.now)


def end(work: Work, case: Case, verb: str, actor: str, undo: bool = False, **detail: Any) -> None:
    for task in case.end(verb, work.now, actor, undo, **detail):
        say_withdrawn(work, case, task, str(detail.get("reason") or case.status))
    say_closed(work, case)
    if case.petition:
        follow_end(work, case, verb, actor)
    if verb == "withdraw":
        release_followers(work, case, actor)
    elif verb != "merge":
        answer_followers(work, case, actor)
