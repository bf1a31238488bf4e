"""An application is taken in, and what is uploaded for one."""

from __future__ import annotations

from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.settings import settings
from services.frontdesk import forms, matters
from services.frontdesk.certificates.blocklist import refuse_blocked
from services.frontdesk.channels.model import require_channel
from services.frontdesk.handlers import one_window
from services.frontdesk.handlers.access import TAKE_IN, tracking_token
from services.frontdesk.handlers.approving import require_approved
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.handlers.drafts import drop_draft
from services.frontdesk.model import NotYours


class MatterNotOpen(Forbidden):
    """The matter {code} is not taken in through this channel; it is through: {channels}."""

    zh = "事项“{code}”不在本渠道受理；可办理的渠道：{channels}。"


def file_case(work: Work, command: Any) -> dict[str, Any]:
    """Checks everything at once, registers, plans, and gives the receipt: one transaction.

    The receipt gets its tracking token only on its way out (`complete_receipt`): the answer is kept for repeats.
    """
    asked_at, today = command.place or _first_place(work), calendar.local_day(work.now)
    refuse_blocked(asked_at, today, command.matter)
    matter = matters.catalogue().get(command.matter)
    if matter.internal or command.channel not in matter.channels:
        raise MatterNotOpen(code=command.matter, channels=", ".join(matter.channels))
    both = {**command.applicant, **command.form}
    place = command.place or forms.place_of(matter, both) or _first_place(work)
    if not work.caller.may(TAKE_IN, place):
        raise NotYours()
    channel = require_channel(work.caller, command.channel)
    refuse_blocked(place, today, matter.slug, matter.result.value)
    require_approved(work, matter, place)
    known = one_window.reuse(work, matter, both, place, command.channel, command.materials)
    handed = one_window.with_known(command.materials, known)
    uploads = work.store.uploads(forms.digests(handed))
    faults = forms.problems(matter, both, handed, uploads) + forms.outside(matter, both, place)
    faults += one_window.refuse_pledges(work, both, handed)
    source, unsaid = forms.told(channel.needs, command.source, "source")
    faults += unsaid
    if faults:
        raise forms.IncompleteForm.fields({fault.path: (fault.zh, fault.en) for fault in faults})
    clean = forms.cleaned(matter, both)
    own = {field.name for group in matter.groups if group.key == forms.APPLICANT for field in group.fields}
    applicant = {name: value for name, value in clean.items() if name in own}
    form = {name: value for name, value in clean.items() if name not in own}
    materials = forms.kept(handed, uploads)
    case = register(work, matter, place, command.channel, applicant, form, materials, source=source)
    if command.draft:  # intake: what was filed is no draft any more
        drop_draft(work, command.draft)
    if known:
        reused = [entry["name"] for entry in known]
        case.note("materials-reused", work.now, work.caller.account, None, materials=reused)
    return {
        "case_no": case.no,
        "status": case.status,
        "due_at": case.due_at,
        "tasks": [task.lane(work.now) for task in case.tasks],
        "follows": case.merged_into,  # intake: the incident it reports, when that is known already
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
