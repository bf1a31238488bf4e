"""Whoever rated badly is spoken to before it is done again (差评联系)."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.contracts.units import units_of
from services.frontdesk import planning
from services.frontdesk.handlers.access import DECIDE
from services.frontdesk.model import UnknownCase

UNIT = ("officer", "manager", "coordinator")


class NoContactOwed(Conflict):
    """Nobody has to be contacted about this case now: it was not rated badly, or he was spoken to already."""

    zh = "该件目前无需联系：没有差评，或已联系到本人。"


def record_contact(work: Work, command: Any) -> dict[str, Any]:
    """By the unit that is to put it right, or by the desk."""
    case = work.store.case(command.case_no)
    caller, lead = work.caller, case.last_lead()
    of_unit = lead is not None and lead.unit in units_of(caller.department)
    if not caller.may(DECIDE, case.place) and not (of_unit and caller.may(UNIT, case.place)):
        raise UnknownCase(case_no=command.case_no)
    owed = planning.call_owed(case)
    if owed is None or owed.about != "contact":
        raise NoContactOwed()
    case.called("contact", command.reached, work.now)
    case.note("contacted", work.now, caller.account, None, reached=command.reached, note=command.note)
    if not command.reached and planning.call_owed(case) is None:
        case.note("unreachable", work.now, caller.account, None, about="contact", tries=owed.tries + 1)
    return case.face(work.now)
