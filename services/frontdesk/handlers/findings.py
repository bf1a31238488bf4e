"""What devices found: a case opens by itself, learns more, or is taken back."""

from __future__ import annotations

from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.frontdesk import matters
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.handlers.ending import end
from services.frontdesk.model import Case


def open_finding(work: Work, event: Any) -> None:
    """A finding becomes a case by itself; nobody has to notice it first."""
    if work.store.case_of_finding(event.finding_id):
        return
    matter = matters.catalogue().raised_by(event.envelope.name)
    form = {
        key: value
        for key in ("household", "address", "device", "severity", "evidence", "person")
        if (value := getattr(event, key)) is not None
    }
    applicant = {"name": (event.person or {}).get("name") or event.device or event.envelope.speaker}
    case = register(
        work, matter, event.place, "device", applicant, form, [],
        identifiers.new_token(), event.finding_id, event.envelope.speaker,
    )  # fmt: skip
    work.store.note_finding(event.finding_id, case.no)


def update_finding(work: Work, event: Any) -> None:
    case = _case_of(work, event.finding_id)
    if case and not case.ended:
        case.form = {**case.form, "evidence": event.evidence}
        case.note("evidence-added", event.at, event.envelope.speaker, None, evidence=event.evidence)


def retract_finding(work: Work, event: Any) -> None:
    """The reason is gone: whoever was sent stands down."""
    case = _case_of(work, event.finding_id)
    if case and not case.ended:
        end(work, case, "withdraw", event.envelope.speaker, reason=event.reason, retracted=True)


def _case_of(work: Work, finding_id: str) -> Case | None:
    no = work.store.case_of_finding(finding_id)
    return work.store.case(no) if no else None
