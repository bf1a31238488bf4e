"""What screens ask of this room: read only, within the caller's areas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import false, or_, select, true

from services.chassis import calendar
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import care, citizens
from services.contracts.messages import Query
from services.contracts.roles import may
from services.frontdesk import planning
from services.frontdesk.care.holders import holders
from services.frontdesk.model import ENDED, Case
from services.frontdesk.tables import cases, history, troubles

Seen = Callable[[Read, str, str | None], Case]


def queries(seen: Seen, visible: Callable[[Any], Any]) -> dict[type[Query], Callable[..., Any]]:
    """The room's part of the desk's QUERIES; whose cases one may see is the desk's own rule."""

    def list_callbacks(read: Read, query: Any) -> dict[str, Any]:
        wanted = select(cases.c.no, cases.c.call_due_at, cases.c.body).where(
            visible(read.caller),
            cases.c.call_due_at.is_not(None),
            cases.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        )
        if query.about:
            in_hand = cases.c.status.in_(planning.OPEN)
            began = cases.c.body["begun"]["why"].astext.in_(("bad-rating", "unsatisfied"))
            about = {"contact": in_hand, "recheck": ~in_hand & began, "answer": ~in_hand & began.is_not(True)}
            wanted = wanted.where(about[query.about])
        if query.late is not None:
            late = cases.c.call_due_at < read.now
            wanted = wanted.where(late if query.late else ~late)
        found = page(read.connection, wanted, [cases.c.call_due_at, cases.c.no], query)
        found["items"] = [_call(msgspec.convert(row["body"], Case), read) for row in found["items"]]
        return found

    def list_holders(read: Read, query: Any) -> dict[str, Any]:
        case = seen(read, query.case_no, None)
        lines = read.connection.execute(
            select(history).where(history.c.case_no == case.no).order_by(history.c.seq)
        ).all()
        working = calendar.of(case.place).working_time_between
        clock = calendar.of(case.place)
        limit = planning.figures(case).adjudicate
        late = set(case.late_units(read.now))
        found = holders(lines, ENDED, read.now, working, lambda at: clock.due(at, limit))
        return {
            "case_no": case.no,
            "returns": case.returns,
            "items": [
                {
                    "unit": one.unit,
                    "working_minutes": _minutes(one.worked),
                    "waited_minutes": _minutes(one.paused),
                    "returns": one.returns,
                    "holds": one.holds,
                    "late": one.unit in late,
                }
                for one in found
            ],
            "next": None,
        }

    return {
        care.ListCallbacks: list_callbacks,
        care.ListHolders: list_holders,
        care.ListTroubles: list_troubles,
    }


def list_troubles(read: Read, query: Any) -> dict[str, Any]:
    scopes = read.caller.scopes(*may(care.ListTroubles))
    within = or_(false(), *(troubles.c.place.startswith(scope, autoescape=True) for scope in scopes))
    resolved = troubles.c.resolved_at.is_not(None)
    wanted = select(*(troubles.c[name] for name in _TROUBLE)).where(
        within,
        resolved if query.resolved else ~resolved,
        troubles.c.kind == query.kind if query.kind else true(),
        troubles.c.case_no == query.case_no if query.case_no else true(),
        troubles.c.place.startswith(query.place, autoescape=True) if query.place else true(),
    )
    return page(read.connection, wanted, [troubles.c.opened_at, troubles.c.id], query)


_TROUBLE = (
    "id", "case_no", "place", "kind", "reason", "tries", "opened_at", "last_at", "resolved_at", "resolved_by",
)  # fmt: skip
"""Never the message that failed: it may hold whole personal values."""


def _call(case: Case, read: Read) -> dict[str, Any]:
    call = planning.call_owed(case)
    assert call is not None
    return {
        "case_no": case.no,
        "matter": case.matter,
        "title_zh": case.title_zh,
        "title_en": case.title_en,
        "place": case.place,
        "status": case.status,
        "round": case.round,
        "stars": case.rating["stars"] if case.rating else None,
        "applicant": {"name": citizens.mask_name(str(case.applicant.get("name") or ""))},
        "about": call.about,
        "whose": call.whose,
        "due_at": call.due_at,
        "late": call.due_at < read.now,
        "tries": call.tries,
        "tries_left": call.tries_left,
    }


def _minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)
