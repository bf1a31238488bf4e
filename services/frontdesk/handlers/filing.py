"""An application is taken in, and what is uploaded for one."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.settings import settings
from services.frontdesk import forms, matters
from services.frontdesk.handlers import one_window
from services.frontdesk.handlers.access import TAKE_IN, tracking_token
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.model import NotYours


class MatterNotOpen(Forbidden):
    """The matter {code} is not approved for the desk, or not for this channel."""

    zh = "事项“{code}”未经准入或不在本渠道受理。"


def file_case(work: Work, command: Any) -> dict[str, Any]:
    """Checks everything at once, registers, plans, and gives the receipt: one transaction.

    The receipt gets its tracking token only on its way out (`complete_receipt`): the answer is kept for repeats.
    """
    matter = matters.catalogue().get(command.matter)
    if not matter.approved or matter.internal or command.channel not in matter.channels:
        raise MatterNotOpen(code=command.matter)
    both = {**command.applicant, **command.form}
    place = command.place or forms.place_of(matter, both) or _first_place(work)
    if not work.caller.may(TAKE_IN, place):
        raise NotYours()
    known = one_window.reuse(work, matter, both, place, command.channel, command.materials)
    handed = one_window.with_known(command.materials, known)
    uploads = work.store.uploads(forms.digests(handed))
    faults = forms.problems(matter, both, handed, uploads) + forms.outside(matter, both, place)
    faults += one_window.refuse_pledges(work, both, handed)
    if faults:
        raise forms.IncompleteForm.fields({fault.path: (fault.zh, fault.en) for fault in faults})
    clean = forms.cleaned(matter, both)
    own = {field.name for group in matter.groups if group.key == forms.APPLICANT for field in group.fields}
    applicant = {name: value for name, value in clean.items() if name in own}
    form = {name: value for name, value in clean.items() if name not in own}
    materials = forms.kept(handed, uploads)
    case = register(work, matter, place, command.channel, applicant, form, materials)
    if known:
        reused = [entry["name"] for entry in known]
        case.note("materials-reused", work.now, work.caller.account, None, materials=reused)
    return {
        "case_no": case.no,
        "status": case.status,
        "due_at": case.due_at,
        "tasks": [task.lane(work.now) for task in case.tasks],
    }


def complete_receipt(receipt: dict[str, Any]) -> dict[str, Any]:
    """The token opens the case to whoever holds it, so it lies nowhere in the clear: it is made again each time."""
    return {**receipt, "tracking_token": tracking_token(receipt["case_no"])}


def _first_place(work: Work) -> str:
    scopes = [scope for scope in work.caller.scopes(*TAKE_IN) if scope]
    return scopes[0] if scopes else settings().place


def register_material(work: Work, command: Any) -> dict[str, Any]:
    work.store.add_material(
        {
            "sha256": command.sha256,
            "name": command.name,
            "media_type": command.media_type,
            "size": command.size,
            "by": work.caller.account,
        }
    )
    return {"sha256": command.sha256, "media_type": command.media_type, "size": command.size}
