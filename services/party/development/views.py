"""Who is on the way, what is next and what is late."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import citizens, development
from services.contracts.messages import Query
from services.party import figures
from services.party.desk import today
from services.party.development.model import Entry, NotBegun, Way
from services.party.model import UnknownMember
from services.party.seen import within
from services.party.tables import members, steps


def get_development(read: Read, query: Any) -> dict[str, Any]:
    member = read.connection.execute(
        select(members).where(
            members.c.id == query.member_id,
            within(read, members.c.place, development.GetDevelopment, personal=True),
        )
    ).first()
    if member is None:
        raise UnknownMember(member_id=query.member_id)
    entries = _entries(read, [member.id])[member.id]
    if not entries:
        raise NotBegun()
    way = Way(figures.rule("development", today(read), member.place), entries)
    return {
        "member_id": member.id,
        "name": citizens.mask_name(member.name),
        "stage": member.stage,
        "branch": member.branch,
        **way.face(today(read)),
    }


def list_development(read: Read, query: Any) -> dict[str, Any]:
    begun = select(steps.c.member).where(steps.c.member == members.c.id).exists()
    archived = select(steps.c.member).where(
        steps.c.member == members.c.id, steps.c.step == "archived", steps.c.replaced_at.is_(None)
    )
    wanted = select(members).where(
        begun,
        ~archived.exists(),
        members.c.left_at.is_(None),
        within(read, members.c.place, development.ListDevelopment, personal=True),
    )
    if query.branch:
        wanted = wanted.where(members.c.branch == query.branch)
    found = page(read.connection, wanted, [members.c.id], query)
    entries = _entries(read, [row["id"] for row in found["items"]])
    items = []
    for row in found["items"]:
        way = Way(figures.rule("development", today(read), row["place"]), entries[row["id"]])
        face = way.face(today(read))
        if query.overdue and not face["overdue"]:
            continue
        shown = ("next_step", "next_zh", "next_en", "due", "review_due", "overdue", "probation_ends")
        items.append(
            {
                "member_id": row["id"], "name": citizens.mask_name(row["name"]), "stage": row["stage"],
                "branch": row["branch"], "taken": len(way.done), **{name: face[name] for name in shown},
            }
        )  # fmt: skip
    return {"items": items, "next": found["next"]}


def _entries(read: Read, ids: list[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    rows = read.connection.execute(
        select(steps).where(steps.c.member.in_(ids)).order_by(steps.c.taken_on, steps.c.id)
    )
    for row in rows:
        found[row.member].append(Entry(**row._mapping))
    return found


QUERIES: dict[type[Query], Any] = {
    development.GetDevelopment: get_development,
    development.ListDevelopment: list_development,
}
