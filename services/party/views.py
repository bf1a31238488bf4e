"""The tree, the roll and the duties as screens see them. Names and numbers are masked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, and_, case, func, or_, select, union

from services.backoffice import tray
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import citizens, party
from services.contracts.messages import Query
from services.party import tables
from services.party.bonds import views as bonds_seen
from services.party.development import views as development_seen
from services.party.dues import views as dues_seen
from services.party.meetings import views as meetings_seen
from services.party.model import OPEN
from services.party.seen import within


def get_tree(read: Read, query: Any) -> dict[str, Any]:
    """The organisations at or below a place, with those above them for their names; `members` counts formal ones."""
    at, held = tables.organisations.c, tables.members.c
    counted = (
        select(held.branch, func.count().label("members"))
        .where(held.stage == "formal", held.left_at.is_(None))
        .group_by(held.branch)
        .subquery()
    )
    above = [query.place[:digits] for digits in (9, 12, 15) if len(query.place) >= digits]
    rows = read.connection.execute(
        select(
            at.code, at.level, at.parent, at.place, at.name_zh, at.name_en, at.unit,
            func.coalesce(counted.c.members, 0).label("members"),
        )
        .outerjoin(counted, counted.c.branch == at.code)
        .where(or_(at.place.startswith(query.place), and_(at.place.in_(above), at.level != "unit-branch")))
        .order_by(at.code)
    )  # fmt: skip
    nodes = {row.code: {**row._mapping, "children": []} for row in rows}
    roots: list[dict[str, Any]] = []
    for node in nodes.values():
        siblings = nodes[node["parent"]]["children"] if node["parent"] in nodes else roots
        siblings.append(node)
    return {"tree": roots}


def list_members(read: Read, query: Any) -> dict[str, Any]:
    at = tables.members.c
    wanted = select(
        at.id, at.name, at.id_number, at.stage, at.branch, at.unit, at.place, at.joined_at,
        _service_hours().label("service_hours"),
    ).where(at.left_at.is_(None), within(read, at.place, party.ListMembers, personal=True))  # fmt: skip
    for column, value in ((at.branch, query.branch), (at.unit, query.unit), (at.stage, query.stage)):
        if value:
            wanted = wanted.where(column == value)
    found = page(read.connection, wanted, [at.id], query)
    for row in found["items"]:
        row["member_id"] = row.pop("id")
        row["name"] = citizens.mask_name(row["name"])
        row["id_number"] = citizens.mask_id(row["id_number"])
        row["service_hours"] = str(row["service_hours"])
    return found


def _service_hours() -> ScalarSelect[Any]:
    """Confirmed hours of the member in the row at hand, under the number he named or the one his case's form gave him."""
    member, told, named, given = tables.members, tables.reports.c, tables.volunteers.c, tables.services.c
    same_person = and_(named.case_no == told.case_no, named.position == told.position)
    numbers = union(
        select(told.volunteer).where(told.member == member.c.id).correlate(member),
        select(named.number).where(told.member == member.c.id, same_person).correlate(member),
    )
    total = select(func.coalesce(func.sum(given.hours), 0)).where(given.volunteer.in_(numbers))
    return total.correlate(member).scalar_subquery()


def list_duties(read: Read, query: Any) -> dict[str, Any]:
    at, of = tables.duties.c, tables.units.c
    wanted = (
        select(tables.duties, of.name_zh, of.name_en, of.place)
        .join(tables.units, of.code == at.unit)
        .where(within(read, of.place, party.ListDuties))
    )
    if query.state == "open":
        wanted = wanted.where(at.state.in_(OPEN))
    elif query.state:
        wanted = wanted.where(at.state == query.state)
    if query.unit:
        wanted = wanted.where(at.unit == query.unit)
    wanted = wanted.add_columns(
        case((and_(at.state.in_(OPEN), at.due_at < read.now), True), else_=False).label("overdue")
    )
    found = page(read.connection, wanted, [at.due_at, at.id], query)
    for row in found["items"]:
        row["duty_id"] = row.pop("id")
    return found


QUERIES: dict[type[Query], Any] = {
    **tray.queries(tables.items),
    party.GetTree: get_tree,
    party.ListMembers: list_members,
    party.ListDuties: list_duties,
    **development_seen.QUERIES,
    **meetings_seen.QUERIES,
    **dues_seen.QUERIES,
    **bonds_seen.QUERIES,
}
