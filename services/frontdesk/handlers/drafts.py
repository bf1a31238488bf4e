"""A half-filled form is kept for seven days under a code and a secret, and is gone when it is filed."""

from __future__ import annotations

from typing import Any

import msgspec

from services.chassis.database import Work
from services.frontdesk import matters
from services.frontdesk.intake.model import (
    KEPT_FOR,
    DraftTooLarge,
    UnknownDraft,
    new_draft_name,
    read_draft_name,
    written,
)
from services.frontdesk.intake.sealing import seal, unseal

LARGEST = 64 * 1024
SWEEP = 1000


def save_draft(work: Work, command: Any) -> dict[str, Any]:
    """Saved again it keeps its name, and begins its seven days anew."""
    body = {
        "matter": matters.catalogue().get(command.matter).slug,
        "applicant": command.applicant,
        "form": command.form,
        "materials": command.materials,
        "channel": command.channel,
    }
    if len(msgspec.json.encode(body)) > LARGEST:
        raise DraftTooLarge()
    if command.draft:
        code, secret = _own(work, command.draft)
    else:
        code, secret = new_draft_name()
    expires_at = work.now + KEPT_FOR
    work.store.keep_draft(code, seal(code, secret, body), expires_at)
    return {"draft": written(code, secret), "expires_at": expires_at}


def drop_draft(work: Work, draft: str) -> None:
    """With the filing, in one transaction. One that is over already stops nobody from filing."""
    try:
        code, _ = _own(work, draft)
    except UnknownDraft:
        return
    work.store.drop_draft(code)


def expire_drafts(work: Work) -> None:
    work.store.drop_expired_drafts(work.now, SWEEP)


def _own(work: Work, draft: str) -> tuple[str, str]:
    """Only who can open it may replace or delete it. Raises UnknownDraft."""
    code, secret = read_draft_name(draft)
    sealed = work.store.draft(code, work.now)
    if sealed is None:
        raise UnknownDraft()
    unseal(code, secret, sealed)
    return code, secret
