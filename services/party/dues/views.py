"""A member's ledger and the notices, as the branch sees them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import citizens, dues
from services.contracts.messages import Query
from services.party.desk import today
from services.party.dues.model import Line, balance, open_months, unpaid_over
from services.party.model import UnknownMember
from services.party.seen import within
from services.party.tables import dues_lines, dues_notices, members


def get_dues_account(read: Read, query: Any) -> dict[str, Any]:
    member = read.connection.execute(
        select(members).where(
            members.c.id == query.member_id,
            within(read, members.c.place, dues.GetDuesAccount, personal=True),
        )
    ).first()
    if member is None:
        raise UnknownMember(member_id=query.member_id)
    rows = read.connection.execute(
        select(dues_lines)
        .where(dues_lines.c.member == member.id)
        .order_by(dues_lines.c.at, dues_lines.c.month, dues_lines.c.id)
    )
    lines = [Line(**row._mapping) for row in rows]
    return {
        "member_id": member.id,
        "name": citizens.mask_name(member.name),
        "balance": f"{balance(lines):.2f}",
        "open": [{"month": f"{month:%Y-%m}", "owed": f"{owed:.2f}"} for month, owed in open_months(lines)],
        "unpaid_months": len(unpaid_over(lines, today(read))),
        "lines": [
            {
                "kind": line.kind, "amount": f"{line.amount:.2f}", "at": line.at,
                "month": f"{line.month:%Y-%m}" if line.month else None, "reference": line.reference,
            }
            for line in lines
        ],
    }  # fmt: skip


def list_dues_notices(read: Read, query: Any) -> dict[str, Any]:
    at = dues_notices.c
    wanted = (
        select(dues_notices, members.c.name, members.c.branch)
        .join(members, members.c.id == at.member)
        .where(at.state == query.state, within(read, members.c.place, dues.ListDuesNotices, personal=True))
    )
    if query.branch:
        wanted = wanted.where(members.c.branch == query.branch)
    found = page(read.connection, wanted, [at.at, at.id], query)
    for row in found["items"]:
        row["notice_id"] = row.pop("id")
        row["member_id"] = row.pop("member")
        row["name"] = citizens.mask_name(row["name"])
        row["since"] = f"{row['since']:%Y-%m}"
    return found


QUERIES: dict[type[Query], Any] = {
    dues.GetDuesAccount: get_dues_account,
    dues.ListDuesNotices: list_dues_notices,
}
