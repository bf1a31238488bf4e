"""Loads and stores dues; a part of party's Repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows, update_rows
from services.party.dues.model import PAYING, Basis, Line, Notice, UnknownNotice
from services.party.model import Member
from services.party.tables import dues_bases, dues_lines, dues_notices, dues_waivers, members, steps


class DuesStore:
    connection: Connection

    def paying_members(self, after: str, limit: int) -> list[Member]:
        """The next so many with a basis, in the order of their ids."""
        at = members.c
        rows = self.connection.execute(
            select(members)
            .where(
                at.id > after,
                at.stage.in_(PAYING),
                at.left_at.is_(None),
                at.id.in_(select(dues_bases.c.member)),
            )
            .order_by(at.id)
            .limit(limit)
        )
        return [Member(**row._mapping) for row in rows]

    def accepted_on(self, ids: Sequence[str]) -> dict[str, date]:
        """When the branch accepted those whose steps are on file: dues begin in that month."""
        rows = self.connection.execute(
            select(steps.c.member, steps.c.taken_on).where(
                steps.c.member.in_(ids), steps.c.step == "branch-vote", steps.c.replaced_at.is_(None)
            )
        )
        return {row.member: row.taken_on for row in rows}

    def bases_of(self, ids: Sequence[str]) -> dict[str, list[Basis]]:
        return self._by_member(dues_bases, Basis, ids, dues_bases.c.since)

    def waivers_of(self, ids: Sequence[str]) -> dict[str, list[Any]]:
        rows = self.connection.execute(select(dues_waivers).where(dues_waivers.c.member.in_(ids)))
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            found[row.member].append(row)
        return found

    def lines_of(self, ids: Sequence[str]) -> dict[str, list[Line]]:
        return self._by_member(dues_lines, Line, ids, dues_lines.c.at)

    def add_basis(self, basis: Basis) -> None:
        statement = insert(dues_bases).values(vars(basis))
        self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["member", "since"],
                set_={
                    name: statement.excluded[name] for name in vars(basis) if name not in ("member", "since")
                },
            )
        )

    def add_waiver(self, **row: Any) -> None:
        self.connection.execute(insert(dues_waivers), row)

    def add_lines(self, lines: Sequence[Line]) -> int:
        """How many were new: a month charged already stays as it was."""
        return insert_rows(self.connection, dues_lines, [vars(line) for line in lines], known_too=True)

    def add_notices(self, new: Sequence[Notice]) -> int:
        return insert_rows(self.connection, dues_notices, [vars(one) for one in new], known_too=True)

    def notice(self, notice_id: str) -> Notice:
        row = self.connection.execute(
            select(dues_notices).where(dues_notices.c.id == notice_id).with_for_update()
        ).first()
        if row is None:
            raise UnknownNotice(notice_id=notice_id)
        return Notice(**row._mapping)

    def save_notice(self, notice: Notice) -> None:
        update_rows(self.connection, dues_notices, "id", [vars(notice)])

    def settle_paid(self, member: str, since: date, at: datetime) -> None:
        """Arrears that began before `since` are paid: what is open of them needs nobody any more."""
        held = dues_notices.c
        self.connection.execute(
            dues_notices.update()
            .where(held.member == member, held.state == "open", held.since < since)
            .values(state="settled", result="已补缴 · paid", settled_by="system", settled_at=at)
        )

    def _by_member(self, table: Any, kind: Any, ids: Sequence[str], order: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in self.connection.execute(select(table).where(table.c.member.in_(ids)).order_by(order)):
            found[row.member].append(kind(**row._mapping))
        return found
