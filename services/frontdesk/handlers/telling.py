"""What a unit of work did to cases is written, and said."""

from __future__ import annotations

from services.chassis.database import Work
from services.contracts import frontdesk
from services.frontdesk import planning
from services.frontdesk.handlers.ledgers import enter_in_ledgers


def publish_changes(work: Work) -> None:
    """At the end of each unit of work: cases are written once, and what is new in a history is said once a case."""
    changed = work.store.write_changed(planning.deadlines, planning.call_owed)
    enter_in_ledgers(work, changed)  # intake
    for case in changed:
        work.say(
            frontdesk.CaseNoted,
            subject=case.no,
            case_no=case.no,
            lines=[vars(line) for line in case.lines],
            case=case.face(work.now),
        )
        case.lines.clear()
