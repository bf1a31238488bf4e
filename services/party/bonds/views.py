"""Drive, posts, committees, talks, appraisals and the yearly assessment as screens see them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import bonds, citizens
from services.contracts.messages import Query
from services.party import figures, tables
from services.party.bonds.model import UnknownAppraisal, UnknownTalk, share
from services.party.desk import midnight, today
from services.party.dues.model import Line, open_months
from services.party.meetings.model import UnknownBranch, asked_kinds, cadence
from services.party.meetings.views import local
from services.party.model import COUNTED
from services.party.seen import within


def get_drive(read: Read, query: Any) -> dict[str, Any]:
    """A unit is surveyed when it is on the roll, established with a branch or joint branch, assigned with an instructor,
    and up to standard when no duty of its numbers is open."""
    of, owed = tables.units.c, tables.duties.c
    rows = read.connection.execute(
        select(
            of.code, of.name_zh, of.name_en,
            func.count(owed.id).filter(owed.state.in_(("due", "in-hand"))).label("open"),
            _exists(tables.organisations, tables.organisations.c.unit).label("own"),
            _exists(tables.joint_units, tables.joint_units.c.unit).label("joint"),
            _exists(tables.instructors, tables.instructors.c.unit).label("instructor"),
        )
        .outerjoin(tables.duties, owed.unit == of.code)
        .where(within(read, of.place, bonds.GetDrive), of.place.startswith(query.place))
        .group_by(of.code)
        .order_by(of.code)
    )  # fmt: skip
    stages: dict[str, list[dict[str, Any]]] = {
        "surveyed": [], "established": [], "assigned": [], "standard": []
    }  # fmt: skip
    for row in rows:
        unit = {"unit": row.code, "name_zh": row.name_zh, "name_en": row.name_en, "open_duties": row.open}
        stages["surveyed"].append(unit)
        if row.own or row.joint:
            stages["established"].append(unit)
        if row.instructor:
            stages["assigned"].append(unit)
        if not row.open:
            stages["standard"].append(unit)
    return {
        "place": query.place,
        "stages": {name: {"count": len(units), "units": units} for name, units in stages.items()},
    }


def _exists(table: Any, column: Any) -> Any:
    return select(column).where(column == tables.units.c.code).correlate(tables.units).exists()


def list_posts(read: Read, query: Any) -> dict[str, Any]:
    at, who = tables.posts.c, tables.members.c
    wanted = (
        select(tables.posts, who.name, who.branch)
        .join(tables.members, who.id == at.member)
        .where(
            at.ended_on.is_not(None) if query.ended else at.ended_on.is_(None),
            within(read, who.place, bonds.ListPosts, personal=True),
        )
    )
    if query.kind:
        wanted = wanted.where(at.kind == query.kind)
    found = page(read.connection, wanted, [at.id], query)
    for row in found["items"]:
        row["post_id"] = row.pop("id")
        row["member_id"] = row.pop("member")
        row["name"] = citizens.mask_name(row["name"])
    return found


def list_committees(read: Read, query: Any) -> dict[str, Any]:
    """Counted now and not when the roster came: a member who leaves the party's roll counts no longer."""
    of, seat, who = tables.committees.c, tables.seats.c, tables.members.c
    wanted = select(tables.committees).where(within(read, of.place, bonds.ListCommittees))
    found = page(read.connection, wanted, [of.committee], query)
    names = [row["committee"] for row in found["items"]]
    counted = {
        row.committee: row
        for row in read.connection.execute(
            select(
                seat.committee,
                func.count().label("seats"),
                func.count(who.id).label("members"),
                func.coalesce(func.bool_or(and_(seat.chair, who.id.is_not(None))), False).label("chair"),
            )
            .outerjoin(tables.members, and_(who.id == seat.member, who.left_at.is_(None)))
            .where(seat.committee.in_(names))
            .group_by(seat.committee)
        )
    }
    items = []
    for row in found["items"]:
        held = counted.get(row["committee"])
        rule = figures.rule("bonds", today(read), row["place"])
        face = share(held.members, held.seats, held.chair, rule) if held else share(0, 0, False, rule)
        if not (query.short and face["enough"]):
            items.append({**row, **face})
    return {"items": items, "next": found["next"]}


def list_talks(read: Read, query: Any) -> dict[str, Any]:
    at, who = tables.talks.c, tables.members.c
    wanted = (
        select(
            at.id, at.member, at.branch, at.purpose, at.state, at.asked_at, at.due_on, at.held_on, who.name
        )
        .join(tables.members, who.id == at.member)
        .where(within(read, at.place, bonds.ListTalks, personal=True))
    )
    for column, value in ((at.state, query.state), (at.branch, query.branch)):
        if value:
            wanted = wanted.where(column == value)
    found = page(read.connection, wanted, [at.due_on, at.id], query)
    for row in found["items"]:
        row["talk_id"] = row.pop("id")
        row["member_id"] = row.pop("member")
        row["name"] = citizens.mask_name(row["name"])
        row["overdue"] = row["state"] == "asked" and row["due_on"] < today(read)
    return found


def get_talk(read: Read, query: Any) -> dict[str, Any]:
    at, who = tables.talks.c, tables.members.c
    row = read.connection.execute(
        select(tables.talks, who.name)
        .join(tables.members, who.id == at.member)
        .where(at.id == query.talk_id, within(read, at.place, bonds.GetTalk, personal=True))
    ).first()
    if row is None:
        raise UnknownTalk(talk_id=query.talk_id)
    face = dict(row._mapping)
    face["talk_id"], face["member_id"] = face.pop("id"), face.pop("member")
    return face


def get_appraisal(read: Read, query: Any) -> dict[str, Any]:
    at = tables.appraisals.c
    row = read.connection.execute(
        select(tables.appraisals).where(
            at.id == query.appraisal_id, within(read, at.place, bonds.GetAppraisal, personal=True)
        )
    ).first()
    if row is None:
        raise UnknownAppraisal(appraisal_id=query.appraisal_id)
    return {"appraisal_id": row.id, "period": row.period, "issued_at": row.issued_at, **row.document}


# -- the yearly assessment -----------------------------------------------------------------------------


def assess_branch(read: Read, query: Any) -> dict[str, Any]:
    of = tables.organisations.c
    branch = read.connection.execute(
        select(tables.organisations).where(
            of.code == query.branch, within(read, of.place, bonds.AssessBranch, personal=True)
        )
    ).first()
    if branch is None:
        raise UnknownBranch(branch=query.branch)
    until = min(date(query.year + 1, 1, 1), today(read))
    counts = {
        "cadence": _cadence, "attendance": _attendance, "dues": _dues,
        "development": _development, "talks": _talks,
    }  # fmt: skip
    items = []
    for item in figures.rule("assessment", today(read), branch.place)["items"]:
        done, asked, refs = counts[item["item"]](read, branch, date(query.year, 1, 1), until)
        items.append(
            {**item, "done": done, "asked": asked, "refs": refs, "reached": _points(item, done, asked)}
        )
    scored = [item for item in items if item["reached"] is not None]
    possible = sum(item["points"] for item in scored)
    total = sum((Decimal(item["reached"]) for item in scored), Decimal(0))
    return {
        "branch": branch.code, "name_zh": branch.name_zh, "name_en": branch.name_en, "year": query.year,
        "items": items, "points": f"{total:.2f}", "possible": possible,
    }  # fmt: skip


def _points(item: dict[str, Any], done: int, asked: int) -> str | None:
    """None where nothing was asked: such an item is left out, neither won nor lost."""
    if not asked:
        return None
    reached = Decimal(item["points"]) * done / asked
    return str(reached.quantize(Decimal("0.01"), ROUND_HALF_UP))


Counted = tuple[int, int, list[Any]]


def _cadence(read: Read, branch: Any, since: date, until: date) -> Counted:
    """Periods of the year that are over and had their meeting; refs are those that had none."""
    at, held = tables.members.c, tables.meetings.c
    formal = read.connection.execute(
        select(func.count()).where(at.branch == branch.code, at.stage == COUNTED, at.left_at.is_(None))
    ).scalar_one()
    groups = read.connection.execute(
        select(tables.organisations.c.code).where(
            tables.organisations.c.parent == branch.code, tables.organisations.c.level == "building-group"
        )
    ).first()
    days: dict[str, list[date]] = {}
    for row in read.connection.execute(
        select(held.kind, held.at).where(held.branch == branch.code, held.state == "held")
    ):
        days.setdefault(row.kind, []).append(local(row.at))
    rule = figures.rule("meetings", until, branch.place)
    begins = max(since, local(branch.founded_at))
    done, asked, missed = 0, 0, []
    for kind in asked_kinds(rule, formal, groups is not None):
        face = cadence(kind, begins, until, days.get(kind["kind"], []))
        lost = [day for day in face["missed"] if day >= since]
        done, asked = done + face["held"], asked + face["held"] + len(lost)
        missed += [{"kind": kind["kind"], "period": day} for day in lost]
    return done, asked, missed


def _attendance(read: Read, branch: Any, since: date, until: date) -> Counted:
    """Who came, of whom was asked; who took leave is not counted against the branch."""
    came, held = tables.attendance.c, tables.meetings.c
    rows = read.connection.execute(
        select(held.id, came.state, func.count().label("number"))
        .join(tables.meetings, held.id == came.meeting)
        .where(
            held.branch == branch.code,
            held.state == "held",
            held.at >= midnight(since),
            held.at < midnight(until),
            came.state != "leave",
        )
        .group_by(held.id, came.state)
        .order_by(held.id)
    ).all()
    count: Counter[str] = Counter()
    for row in rows:
        count[row.state] += row.number
    return count["present"], count.total(), sorted({row.id for row in rows if row.state == "absent"})


def _dues(read: Read, branch: Any, since: date, until: date) -> Counted:
    """Months of dues of the year that are fully paid or waived; refs are (member, month) that are open."""
    at, line = tables.members.c, tables.dues_lines.c
    rows = read.connection.execute(
        select(tables.dues_lines)
        .join(tables.members, at.id == line.member)
        .where(at.branch == branch.code, or_(line.month.is_(None), line.month < until))
        .order_by(line.member, line.at)
    )
    lines: dict[str, list[Line]] = {}
    for row in rows:
        lines.setdefault(row.member, []).append(Line(**row._mapping))
    asked, still = 0, []
    for member, own in lines.items():
        asked += sum(one.kind == "charge" and one.month is not None and one.month >= since for one in own)
        still += [{"member_id": member, "month": month} for month, _ in open_months(own) if month >= since]
    return asked - len(still), asked, still


def _development(read: Read, branch: Any, since: date, until: date) -> Counted:
    """Steps taken in the year, and how many of them in time."""
    at, step = tables.members.c, tables.steps.c
    rows = read.connection.execute(
        select(step.member, step.step, step.late)
        .join(tables.members, at.id == step.member)
        .where(at.branch == branch.code, step.taken_on >= since, step.taken_on < until)
        .order_by(step.id)
    ).all()
    late = [{"member_id": row.member, "step": row.step} for row in rows if row.late]
    return len(rows) - len(late), len(rows), late


def _talks(read: Read, branch: Any, since: date, until: date) -> Counted:
    """Talks that fell due in the year, and how many were held by then."""
    at = tables.talks.c
    rows = read.connection.execute(
        select(at.id, at.held_on, at.due_on).where(
            at.branch == branch.code, at.due_on >= since, at.due_on < until
        )
    ).all()
    missed = [row.id for row in rows if row.held_on is None or row.held_on > row.due_on]
    return len(rows) - len(missed), len(rows), missed


QUERIES: dict[type[Query], Any] = {
    bonds.GetDrive: get_drive,
    bonds.ListPosts: list_posts,
    bonds.ListCommittees: list_committees,
    bonds.ListTalks: list_talks,
    bonds.GetTalk: get_talk,
    bonds.GetAppraisal: get_appraisal,
    bonds.AssessBranch: assess_branch,
}
