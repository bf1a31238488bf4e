"""What devices found: a case opens by itself, learns more, or is taken back."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk import matters
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.handlers.ending import end


def open_finding(work: Work, event: Any) -> None:
    """A finding becomes a case by itself; nobody has to notice it first.

    Not when it was heard before: as a case, or as taken back, when the retraction overtook it.
    """
    if work.store.finding(event.finding_id):
        return
    matter = matters.catalogue().raised_by(event.envelope.name)
    form = {
        key: value
        for key in (
            "household",
            "address",
            "device",
            "type",
            "severity",
            "evidence",
            "person",
            "party_member",
        )
        if (value := getattr(event, key, None)) is not None
    }
    if due := getattr(event, "handle_by", None):
        form["handle_by"] = due.isoformat()
    applicant = {"name": (event.person or {}).get("name") or event.device or event.envelope.speaker}
    case = register(
        work, matter, event.place, "device", applicant, form, [], event.finding_id, event.envelope.speaker
    )
    work.store.note_finding(event.finding_id, case.no)


def update_finding(work: Work, event: Any) -> None:
    known = work.store.finding(event.finding_id)
    case = work.store.case(known.case_no) if known and known.case_no else None
    if case and not case.ended:
        case.form = {**case.form, "evidence": event.evidence}
        case.note("evidence-added", event.at, event.envelope.speaker, None, evidence=event.evidence)


def retract_finding(work: Work, event: Any) -> None:
    """The reason is gone: whoever was sent stands down, but a visit that was made was made.

    One that is not known yet is remembered, or it would open its case when it comes.
    """
    known = work.store.finding(event.finding_id)
    if known is None:
        work.store.note_finding(event.finding_id, None)
        return
    case = work.store.case(known.case_no) if known.case_no else None
    if case and not case.ended:
        end(work, case, "withdraw", event.envelope.speaker, reason=event.reason, retracted=True)
