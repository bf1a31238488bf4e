"""The list of what is admitted, and the catalogue as a place's desk shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, or_, select, true

from services.chassis import calendar
from services.chassis.database import Read
from services.chassis.identifiers import Caller
from services.chassis.paging import page
from services.chassis.settings import settings
from services.contracts import approvals as contract
from services.contracts import frontdesk
from services.contracts.messages import Query
from services.frontdesk import matters
from services.frontdesk.approvals.model import MatterNotApproved
from services.frontdesk.approvals.repository import covers, lasts
from services.frontdesk.certificates.blocklist import blocked, refuse_blocked
from services.frontdesk.tables import approvals


def place_of(caller: Caller, asked: str | None) -> str:
    """The desk that is meant when nobody says: the caller's own, or the community this installation serves."""
    return asked or next((scope for scope in caller.scopes() if scope), settings().place)


def approved_at(read: Read, place: str) -> dict[str, dict[str, Any]]:
    """Slug -> the approval under which it is on this desk today."""
    rows = read.connection.execute(
        select(approvals)
        .where(covers(place), lasts(calendar.local_day(read.now)))
        .order_by(func.length(approvals.c.place))
    )
    return {
        row.subject: {
            "approval_id": row.approval_id,
            "place": row.place,
            "basis": row.basis,
            "decided_by": row.decided_by,
            "valid_until": row.valid_until,
        }
        for row in rows
    }


def list_matters(read: Read, query: Any) -> dict[str, Any]:
    place = place_of(read.caller, query.place)
    known = approved_at(read, place)
    off = {f"{one.item.code}-certificate" for one in blocked(place, calendar.local_day(read.now))}
    listed = [
        matter
        for matter in matters.catalogue().list()
        if matter.slug in known and not off & {matter.slug, matter.result.value}
    ]
    return {
        "items": [{**matter.as_dict(), "approval": known[matter.slug]} for matter in listed],
        "next": None,
    }


def get_matter(read: Read, query: Any) -> Any:
    place, today = place_of(read.caller, query.place), calendar.local_day(read.now)
    refuse_blocked(place, today, query.code)
    matter = matters.catalogue().get(query.code)
    refuse_blocked(place, today, matter.slug, matter.result.value)
    approval = approved_at(read, place).get(matter.slug)
    if approval is None and not matter.internal:
        raise MatterNotApproved(code=query.code, place=place)
    return {**matter.as_dict(), "approval": approval}


def list_approvals(read: Read, query: Any) -> dict[str, Any]:
    day = calendar.local_day(read.now)
    wanted = select(approvals).where(
        approvals.c.subject == query.subject if query.subject else true(),
        or_(covers(query.place), approvals.c.place.startswith(query.place)) if query.place else true(),
    )
    if query.in_force is not None:
        wanted = wanted.where(lasts(day) if query.in_force else ~lasts(day))
    return page(read.connection, wanted, [approvals.c.approval_id], query)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    frontdesk.ListMatters: list_matters,
    frontdesk.GetMatter: get_matter,
    contract.ListApprovals: list_approvals,
}
