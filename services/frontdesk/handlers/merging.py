"""Several reports of the same thing become one case; the others follow it."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk.handlers.access import DECIDE, for_staff
from services.frontdesk.handlers.ending import end
from services.frontdesk.model import CannotFollowItself


def merge_case(work: Work, command: Any) -> dict[str, Any]:
    case = for_staff(work, command.case_no, DECIDE)
    into = for_staff(work, command.into, DECIDE)
    if case is into or into.ended:
        raise CannotFollowItself()
    case.merged_into = into.no
    end(work, case, "merge", work.caller.account, into=into.no)
    into.followers.append(case.no)
    into.note("follower-joined", work.now, work.caller.account, None, follower=case.no)
    return case.face(work.now)
