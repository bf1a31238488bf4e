"""Who may do what to a case."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from services.chassis.database import Work
from services.chassis.settings import settings
from services.frontdesk.model import Case, NotYours, UnknownCase

TAKE_IN = ("clerk", "terminal", "company", "admin")
DECIDE = ("clerk", "supervisor", "admin")
SECRET = "YIKOU_TRACKING_SECRET"


def for_applicant(work: Work, command: Any) -> Case:
    """The holder of the tracking token, or staff of the area. A terminal in the hall is anybody's: it needs the token."""
    case: Case = work.store.case(command.case_no)
    if command.token and hmac.compare_digest(digest(command.token), case.tracking_hash):
        return case
    if work.caller.may(DECIDE, case.place):
        return case
    # Whoever may not see a case is told the same as for one that does not exist.
    raise UnknownCase(case_no=command.case_no)


def for_staff(work: Work, case_no: str, roles: tuple[str, ...]) -> Case:
    case: Case = work.store.case(case_no)
    if not work.caller.may((*roles, *DECIDE), case.place):
        raise UnknownCase(case_no=case_no)
    if not work.caller.may(roles, case.place):
        raise NotYours()
    return case


def tracking_token(case_no: str) -> str:
    """128 bits nobody can guess without the secret; the same each time, so that it need not be stored."""
    secret = settings().required(SECRET).encode()
    made = hmac.digest(secret, f"tracking {case_no}".encode(), "sha256")
    return base64.urlsafe_b64encode(made[:16]).rstrip(b"=").decode()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
