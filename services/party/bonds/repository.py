"""Loads and stores bonds; a part of party's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert

from services.chassis.rows import insert_rows, update_rows
from services.party.bonds.model import Talk, UnknownPost, UnknownTalk
from services.party.dues.model import PAYING
from services.party.model import Member
from services.party.tables import (
    appraisals,
    committees,
    homes,
    instructors,
    joint_units,
    members,
    posts,
    reports,
    seats,
    talks,
)
from services.party.tables import services as given
from services.party.tables import volunteers as named


class BondStore:
    connection: Connection

    # -- who of ours lives in a household --------------------------------------------------------------

    def note_home(self, case_no: str, household: str) -> None:
        self.connection.execute(
            insert(homes).values(case_no=case_no, household=household).on_conflict_do_nothing()
        )

    def members_in_household(self, household: str) -> list[Member]:
        told = (
            select(reports.c.member)
            .join(homes, homes.c.case_no == reports.c.case_no)
            .where(homes.c.household == household, reports.c.withdrawn_at.is_(None))
        )
        at = members.c
        rows = self.connection.execute(
            select(members)
            .where(
                or_(at.household == household, and_(at.household.is_(None), at.id.in_(told))),
                at.stage.in_(PAYING),
                at.left_at.is_(None),
            )
            .order_by(at.id)
        )
        return [Member(**row._mapping) for row in rows]

    def reported_branch(self, member: str) -> str | None:
        """The grid where somebody whose relation is elsewhere reported."""
        return self.connection.execute(
            select(reports.c.place)
            .where(reports.c.member == member, reports.c.withdrawn_at.is_(None))
            .order_by(reports.c.at.desc())
        ).scalar()

    # -- talks -----------------------------------------------------------------------------------------

    def add_talks(self, new: Sequence[Talk]) -> int:
        return insert_rows(self.connection, talks, [vars(one) for one in new], known_too=True)

    def talk(self, talk_id: str) -> Talk:
        row = self.connection.execute(select(talks).where(talks.c.id == talk_id).with_for_update()).first()
        if row is None:
            raise UnknownTalk(talk_id=talk_id)
        return Talk(**row._mapping)

    def save_talk(self, talk: Talk) -> None:
        update_rows(self.connection, talks, "id", [vars(talk)])

    # -- committees of owners --------------------------------------------------------------------------

    def candidates(self, place: str) -> dict[str, str]:
        """Member -> ID number, of those of a community who may sit on its committees."""
        at = members.c
        rows = self.connection.execute(
            select(at.id, at.id_number).where(
                or_(
                    at.place.startswith(place),
                    at.id.in_(select(reports.c.member).where(reports.c.place.startswith(place))),
                ),
                at.stage.in_(PAYING),
                at.left_at.is_(None),
            )
        )
        return {row.id: row.id_number for row in rows}

    def seat(self, committee: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
        """The newest roster stands; False when this one is older than what is known."""
        statement = insert(committees).values(**committee)
        new = statement.excluded
        newer = self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["committee"],
                set_={"estate": new.estate, "place": new.place, "at": new.at},
                where=committees.c.at < new.at,
            ).returning(committees.c.committee)
        ).first()
        if newer is None:
            return False
        self.connection.execute(delete(seats).where(seats.c.committee == committee["committee"]))
        insert_rows(self.connection, seats, rows)
        return True

    # -- posts -----------------------------------------------------------------------------------------

    def add_post(self, **row: Any) -> bool:
        statement = insert(posts).values(**row).on_conflict_do_nothing().returning(posts.c.id)
        return self.connection.execute(statement).first() is not None

    def post(self, post_id: str) -> Any:
        row = self.connection.execute(select(posts).where(posts.c.id == post_id).with_for_update()).first()
        if row is None:
            raise UnknownPost(post_id=post_id)
        return row

    def end_post(self, post_id: str, on: date) -> bool:
        return bool(
            self.connection.execute(
                update(posts)
                .where(posts.c.id == post_id, posts.c.ended_on.is_(None), posts.c.since <= on)
                .values(ended_on=on)
            ).rowcount
        )

    # -- joint branches and instructors ----------------------------------------------------------------

    def join_units(self, branch: str, units: Sequence[str]) -> None:
        insert_rows(self.connection, joint_units, [{"unit": unit, "branch": branch} for unit in units])

    def leave_joint(self, unit: str) -> None:
        self.connection.execute(delete(joint_units).where(joint_units.c.unit == unit))

    def instruct(self, duty: str, unit: str, member: str, since: date) -> None:
        self.connection.execute(insert(instructors).values(duty=duty, unit=unit, member=member, since=since))

    # -- appraisals ------------------------------------------------------------------------------------

    def reported_service(
        self, employer: str, place: str, since: datetime, until: datetime
    ) -> list[tuple[Member, Decimal]]:
        """Who of an employer had reported at a place, with the confirmed hours of a time."""
        numbers = union(
            select(reports.c.member, reports.c.volunteer.label("volunteer")).where(
                reports.c.volunteer.is_not(None)
            ),
            select(reports.c.member, named.c.number).join(
                named, and_(named.c.case_no == reports.c.case_no, named.c.position == reports.c.position)
            ),
        ).subquery()
        hours = (
            select(numbers.c.member, func.sum(given.c.hours).label("hours"))
            .join(given, given.c.volunteer == numbers.c.volunteer)
            .where(given.c.at >= since, given.c.at < until)
            .group_by(numbers.c.member)
            .subquery()
        )
        told = select(reports.c.member).where(
            reports.c.employer == employer,
            reports.c.place.startswith(place),
            reports.c.at < until,
            or_(reports.c.withdrawn_at.is_(None), reports.c.withdrawn_at > until),
        )
        rows = self.connection.execute(
            select(members, func.coalesce(hours.c.hours, 0).label("hours"))
            .outerjoin(hours, hours.c.member == members.c.id)
            .where(members.c.id.in_(told))
            .order_by(members.c.id)
        )
        found = []
        for row in rows:
            fields = dict(row._mapping)
            confirmed = fields.pop("hours")
            found.append((Member(**fields), Decimal(confirmed)))
        return found

    def issue(self, **row: Any) -> str:
        """The id of the document; a second issue of the same is the first one."""
        statement = insert(appraisals).values(**row)
        return self.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["employer", "place", "period"],
                set_={"employer": statement.excluded.employer},
            ).returning(appraisals.c.id)
        ).scalar_one()
