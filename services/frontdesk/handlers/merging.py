"""Several reports of the same thing become one case; the others follow it."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.handlers.ending import end
from services.frontdesk.handlers.followers import follow, hand_on
from services.frontdesk.model import CannotFollowItself


def merge_case(work: Work, command: Any) -> dict[str, Any]:
    """What its own units had done is undone: the thing is done once, by the case it follows."""
    case = for_staff(work, command.case_no, DECIDE)
    into = for_staff(work, command.into, DECIDE)
    actor = work.caller.account
    if case is into or into.ended:
        raise CannotFollowItself()
    end(work, case, "merge", actor, undo=True, into=into.no)
    follow(work, [case], into, actor)
    hand_on(work, case, into, actor)
    return case.face(work.now)
