"""The register, the dispatches and a volunteer's record as screens see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.backoffice import tray
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import citizens, volunteers
from services.contracts.messages import Query
from services.contracts.roles import ADMIN, WATCHERS, Contract, may
from services.volunteers import figures, tables
from services.volunteers.model import ACTIVE, CHINA, UnknownVolunteer, as_hours

LATEST_SERVICES = 100


def get_volunteer_record(read: Read, query: Any) -> dict[str, Any]:
    """For anyone with the number: what was done and for how long, and nothing of who did it or for whom."""
    who = tables.volunteers.c
    volunteer = read.connection.execute(
        select(who.number, who.registered_at, who.skills, who.withdrawn_at).where(who.number == query.number)
    ).first()
    if volunteer is None:
        raise UnknownVolunteer(number=query.number)
    at = tables.hours.c
    last = (
        select(at.state, at.minutes, at.matter, at.at)
        .where(at.volunteer == query.number)
        .ext(distinct_on(at.dispatch_id))
        .order_by(at.dispatch_id, at.seq.desc())
        .subquery()
    )
    totals = read.connection.execute(
        select(
            last.c.state, func.sum(last.c.minutes).label("minutes"), func.count().label("services")
        ).group_by(last.c.state)
    )
    minutes = {row.state: int(row.minutes) for row in totals}
    services = read.connection.execute(select(last).order_by(last.c.at.desc()).limit(LATEST_SERVICES))
    confirmed = as_hours(minutes.get("confirmed", 0))
    return {
        "number": volunteer.number,
        "registered_on": volunteer.registered_at.astimezone(CHINA).date().isoformat(),
        "active": volunteer.withdrawn_at is None,
        "skills": volunteer.skills,
        "hours": str(confirmed),
        "hours_pending": str(as_hours(minutes.get("pending", 0))),
        "stars": figures.stars_for(float(confirmed), read.now.date()),
        "services": [
            {
                "on": row.at.astimezone(CHINA).date().isoformat(),
                "matter": row.matter,
                "hours": str(as_hours(row.minutes)),
                "state": row.state,
            }
            for row in services
        ],
    }


def list_volunteers(read: Read, query: Any) -> dict[str, Any]:
    at = tables.volunteers.c
    wanted = select(at.number, at.name, at.phone, at.place, at.skills, at.times, at.engaged_in).where(
        at.withdrawn_at.is_(None), _within(read, at.place, volunteers.ListVolunteers)
    )
    if query.place:
        wanted = wanted.where(at.place.startswith(query.place))
    if query.skill:
        wanted = wanted.where(at.skills.contains([query.skill]))
    found = page(read.connection, wanted, [at.number], query)
    for row in found["items"]:
        row["name"] = citizens.mask_name(row["name"])
        row["phone"] = citizens.mask_phone(row["phone"])
        row["engaged"] = row.pop("engaged_in") is not None
    return found


def list_dispatches(read: Read, query: Any) -> dict[str, Any]:
    """With the link of those still open: the coordinator hands it to the volunteer."""
    at = tables.dispatches.c
    wanted = select(tables.dispatches).where(_within(read, at.place, volunteers.ListDispatches))
    if query.status == "active":
        wanted = wanted.where(at.state.in_(ACTIVE))
    elif query.status:
        wanted = wanted.where(at.state == query.status)
    if query.case_no:
        wanted = wanted.where(at.case_no == query.case_no)
    found = page(read.connection, wanted, [at.offered_at, at.id], query, descending=True)
    for row in found["items"]:
        row["dispatch_id"] = row.pop("id")
        if row["state"] not in ACTIVE:
            del row["token"]
    return found


def _within(read: Read, place: ColumnElement[str], contract: Contract) -> ColumnElement[bool]:
    """The caller's areas, for the volunteers' own office and those who oversee it."""
    caller = read.caller
    if not (caller.kind == "system" or caller.department == "volunteers" or caller.has(*WATCHERS, *ADMIN)):
        return false()
    return or_(
        false(), *(place.startswith(scope, autoescape=True) for scope in caller.scopes(*may(contract)))
    )


QUERIES: dict[type[Query], Any] = {
    **tray.queries(tables.items),
    volunteers.GetVolunteerRecord: get_volunteer_record,
    volunteers.ListVolunteers: list_volunteers,
    volunteers.ListDispatches: list_dispatches,
}
