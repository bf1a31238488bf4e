"""Meetings and decisions for who works on them; notices for everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import meetings as words
from services.contracts.messages import Query
from services.property.companies.model import local_day
from services.property.companies.views import within_areas
from services.property.meetings import model
from services.property.tables import decisions, joint_meetings, notices


def list_meetings(read: Read, query: Any) -> dict[str, Any]:
    names = ("meeting", "place", "subject", "held_on", "units", "called_at")
    wanted = select(*(joint_meetings.c[name] for name in names)).where(
        within_areas(read, joint_meetings.c.place, words.ListMeetings)
    )
    order = [joint_meetings.c.called_at, joint_meetings.c.meeting]
    return page(read.connection, wanted, order, query, descending=True)


def get_meeting(read: Read, query: Any) -> dict[str, Any]:
    mine = within_areas(read, joint_meetings.c.place, words.GetMeeting)
    row = read.connection.execute(
        select(joint_meetings).where(joint_meetings.c.meeting == query.meeting, mine)
    ).first()
    if row is None:
        raise model.UnknownMeeting(meeting=query.meeting)
    taken = read.connection.execute(
        select(decisions).where(decisions.c.meeting == query.meeting).order_by(decisions.c.due_on)
    )
    today = local_day(read.now)
    return {**row._mapping, "decisions": [_decision(one, today) for one in taken]}


def list_decisions(read: Read, query: Any) -> dict[str, Any]:
    today = local_day(read.now)
    wanted = select(decisions).where(within_areas(read, decisions.c.place, words.ListDecisions))
    if query.state:
        wanted = wanted.where(decisions.c.state == query.state)
    if query.overdue is not None:
        wanted = wanted.where(((decisions.c.state == "open") & (decisions.c.due_on < today)) == query.overdue)
    found = page(read.connection, wanted, [decisions.c.due_on, decisions.c.decision], query)
    for row in found["items"]:
        row["overdue"] = row["state"] == "open" and row["due_on"] < today
    return found


def _decision(row: Any, today: date) -> dict[str, Any]:
    return {**row._mapping, "overdue": row.state == "open" and row.due_on < today}


def list_notices(read: Read, query: Any) -> dict[str, Any]:
    """Public: who posted it is nobody's business out there."""
    names = ("notice", "place", "kind", "subject", "body", "since", "until")
    wanted = select(*(notices.c[name] for name in names)).where(
        notices.c.place == query.place, *_shown(local_day(read.now))
    )
    if query.kind:
        wanted = wanted.where(notices.c.kind == query.kind)
    found = page(read.connection, wanted, [notices.c.since, notices.c.notice], query, descending=True)
    for row in found["items"]:
        rule = model.kinds().get(row["kind"], {})
        row |= {"kind_zh": rule.get("zh"), "kind_en": rule.get("en")}
    return found


def check_publicity(read: Read, query: Any) -> dict[str, Any]:
    within_areas(read, notices.c.place, words.CheckPublicity)
    today = local_day(read.now)
    rows = read.connection.execute(
        select(notices.c.kind, func.max(notices.c.since).label("since"))
        .where(notices.c.place == query.place, *_shown(today))
        .where(within_areas(read, notices.c.place, words.CheckPublicity))
        .group_by(notices.c.kind)
    )
    latest = {row.kind: row.since for row in rows}
    items = []
    for kind, rule in model.kinds().items():
        since = latest.get(kind)
        due = model.stale_from(kind, since) if since else None
        fresh = since is not None and (due is None or today < due)
        shown = {"kind": kind, "zh": rule["zh"], "en": rule["en"], "since": since, "renew_on": due}
        items.append({**shown, "missing": bool(rule["standing"]) and not fresh})
    return {"place": query.place, "items": items}


def _shown(today: date) -> tuple[Any, Any]:
    return notices.c.since <= today, or_(notices.c.until.is_(None), notices.c.until >= today)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    words.ListMeetings: list_meetings,
    words.GetMeeting: get_meeting,
    words.ListDecisions: list_decisions,
    words.ListNotices: list_notices,
    words.CheckPublicity: check_publicity,
}
