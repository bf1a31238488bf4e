"""An application is taken in, and what is uploaded for one."""

from __future__ import annotations

from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.settings import settings
from services.frontdesk import forms, matters
from services.frontdesk.handlers.access import TAKE_IN
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.model import NotYours


class MatterNotOpen(Forbidden):
    """The matter {code} is not approved for the desk, or not for this channel."""

    zh = "事项“{code}”未经准入或不在本渠道受理。"


def file_case(work: Work, command: Any) -> dict[str, Any]:
    """Checks everything at once, registers, plans, and gives the receipt: one transaction."""
    matter = matters.catalogue().get(command.matter)
    if not matter.approved or matter.internal or command.channel not in matter.channels:
        raise MatterNotOpen(code=command.matter)
    applicant, form = _checked(work, matter, command)
    place = command.place or forms.place_of(matter, form) or _first_place(work)
    if not work.caller.may(TAKE_IN, place):
        raise NotYours()
    token = identifiers.new_token()
    case = register(work, matter, place, command.channel, applicant, form, command.materials, token)
    return {
        "case_no": case.no,
        "tracking_token": token,
        "status": case.status,
        "due_at": case.due_at,
        "tasks": [task.lane(work.now) for task in case.tasks],
    }


def _checked(work: Work, matter: Any, command: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(applicant, form), cleaned; everything that is missing or wrong is told at once."""
    both = {**command.applicant, **command.form}
    faults = forms.problems(matter, both, command.materials)
    sentences = {fault.path: (fault.zh, fault.en) for fault in faults}
    digests = {
        str(entry["sha256"]) for entry in command.materials if isinstance(entry, dict) and entry.get("sha256")
    }
    for digest in digests - work.store.known_materials(digests):
        sentences[f"materials.{digest[:12]}"] = (
            "该材料尚未上传，请先上传。",
            "This material has not been uploaded yet.",
        )
    if sentences:
        raise forms.IncompleteForm.fields(sentences)
    clean = forms.cleaned(matter, both)
    own = {field.name for group in matter.groups if group.key == forms.APPLICANT for field in group.fields}
    applicant = {name: value for name, value in clean.items() if name in own}
    return applicant, {name: value for name, value in clean.items() if name not in own}


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
