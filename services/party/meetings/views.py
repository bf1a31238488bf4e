"""Meetings, elections and the cadence of branches as screens see them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from services.chassis import calendar
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import branches, citizens
from services.contracts.messages import Query
from services.party import figures, tables
from services.party.desk import today
from services.party.meetings.model import UnknownMeeting, asked_kinds, cadence
from services.party.model import COUNTED
from services.party.seen import within

BRANCHES = ("grid-branch", "unit-branch", "joint-branch")
LOOK_BACK = timedelta(days=2 * 366)
"""Longer than any period that is still shown."""


def list_meetings(read: Read, query: Any) -> dict[str, Any]:
    at, of = tables.meetings.c, tables.organisations.c
    shown = (at.id, at.branch, of.name_zh, of.name_en, at.kind, at.title, at.at, at.venue, at.state)
    wanted = (
        select(*shown)
        .join(tables.organisations, of.code == at.branch)
        .where(within(read, of.place, branches.ListBranchMeetings))
    )
    for column, value in ((at.branch, query.branch), (at.kind, query.kind), (at.state, query.state)):
        if value:
            wanted = wanted.where(column == value)
    found = page(read.connection, wanted, [at.at, at.id], query, descending=True)
    for row in found["items"]:
        row["meeting_id"] = row.pop("id")
    return found


def get_meeting(read: Read, query: Any) -> dict[str, Any]:
    at, of, came, who = (
        tables.meetings.c, tables.organisations.c, tables.attendance.c, tables.members.c,
    )  # fmt: skip
    row = read.connection.execute(
        select(tables.meetings)
        .join(tables.organisations, of.code == at.branch)
        .where(at.id == query.meeting_id, within(read, of.place, branches.GetBranchMeeting, personal=True))
    ).first()
    if row is None:
        raise UnknownMeeting(meeting_id=query.meeting_id)
    attended = read.connection.execute(
        select(who.id.label("member_id"), who.name, who.stage, came.state, came.reason)
        .join(tables.members, who.id == came.member)
        .where(came.meeting == row.id)
        .order_by(who.id)
    )
    resolved = read.connection.execute(
        select(tables.resolutions)
        .where(tables.resolutions.c.meeting == row.id)
        .order_by(tables.resolutions.c.at, tables.resolutions.c.id)
    )
    face = dict(row._mapping)
    face["meeting_id"] = face.pop("id")
    face["attendance"] = [{**one._mapping, "name": citizens.mask_name(one.name)} for one in attended]
    face["resolutions"] = [dict(one._mapping) for one in resolved]
    for one in face["resolutions"]:
        one["resolution_id"] = one.pop("id")
    return face


def list_cadence(read: Read, query: Any) -> dict[str, Any]:
    of = tables.organisations.c
    wanted = select(tables.organisations).where(
        of.level.in_(BRANCHES), within(read, of.place, branches.ListCadence)
    )
    if query.branch:
        wanted = wanted.where(of.code == query.branch)
    found = page(read.connection, wanted, [of.code], query)
    faces = cadence_of(read, found["items"])
    if query.overdue:
        faces = [face for face in faces if face["overdue"]]
    return {"items": faces, "next": found["next"]}


def cadence_of(read: Read, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each branch owes of meetings and elections; a fixed number of statements however many branches."""
    codes = [branch["code"] for branch in rows]
    at, of, held = tables.members.c, tables.organisations.c, tables.meetings.c
    formal: dict[str, int] = dict(
        read.connection.execute(
            select(at.branch, func.count())
            .where(at.branch.in_(codes), at.stage == COUNTED, at.left_at.is_(None))
            .group_by(at.branch)
        ).all()
    )
    grouped = set(
        read.connection.execute(
            select(of.parent).where(of.parent.in_(codes), of.level == "building-group")
        ).scalars()
    )
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    for row in read.connection.execute(
        select(held.branch, held.kind, held.at).where(
            held.branch.in_(codes), held.state == "held", held.at > read.now - LOOK_BACK
        )
    ):
        days[row.branch, row.kind].append(local(row.at))
    terms = {
        row.branch: row
        for row in read.connection.execute(select(tables.terms).where(tables.terms.c.branch.in_(codes)))
    }
    faces = []
    for branch in rows:
        code, now = branch["code"], today(read)
        rule = figures.rule("meetings", now, branch["place"])
        kinds = [
            cadence(kind, local(branch["founded_at"]), now, days[code, kind["kind"]])
            for kind in asked_kinds(rule, formal.get(code, 0), code in grouped)
        ]
        term = terms.get(code)
        over = (term.delayed_until or term.ends_on) if term else None
        faces.append(
            {
                "branch": code, "name_zh": branch["name_zh"], "name_en": branch["name_en"],
                "members": formal.get(code, 0), "kinds": kinds,
                "term_ends_on": term.ends_on if term else None,
                "delayed_until": term.delayed_until if term else None,
                "election_overdue": bool(over and now > over),
                "overdue": any(kind["overdue"] for kind in kinds) or bool(over and now > over),
            }
        )  # fmt: skip
    return faces


def list_elections(read: Read, query: Any) -> dict[str, Any]:
    at, of = tables.elections.c, tables.organisations.c
    wanted = (
        select(tables.elections, of.name_zh, of.name_en)
        .join(tables.organisations, of.code == at.branch)
        .where(within(read, of.place, branches.ListElections, personal=True))
    )
    for column, value in ((at.branch, query.branch), (at.state, query.state)):
        if value:
            wanted = wanted.where(column == value)
    found = page(read.connection, wanted, [at.id], query)
    for row in found["items"]:
        row["election_id"] = row.pop("id")
    return found


def local(moment: datetime) -> date:
    return moment.astimezone(calendar.ZONE).date()


QUERIES: dict[type[Query], Any] = {
    branches.ListBranchMeetings: list_meetings,
    branches.GetBranchMeeting: get_meeting,
    branches.ListCadence: list_cadence,
    branches.ListElections: list_elections,
}
