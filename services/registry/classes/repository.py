"""The figures of a community, and how it was judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shapely.geometry import shape
from sqlalchemy import Connection, Row, and_, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from services.registry import geometry
from services.registry.classes.model import PERSONS_A_KM2, Figure
from services.registry.classes.tables import judged, judgements, unemployment_counts
from services.registry.estates.tables import estate_buildings, estates
from services.registry.tables import grids, households, residents

OVERLAP = timedelta(minutes=10)
"""What a transaction changed carries the moment it began, and is seen when it ends: the look back is a little longer."""
STALE = timedelta(days=1)
"""People grow old without anything being written."""


class ClassRepository:
    connection: Connection

    def figures_of(self, community: str, day: date) -> dict[str, Figure]:
        persons, aged, unborn, homes, in_gated, managed, unplaced, unplaced_homes = self._people(
            community, day
        )
        counted = self._unemployment(community)
        area = self._square_kilometres(community)
        figures = [
            Figure("aged_65", Decimal(aged), Decimal(persons), unborn, note="birth date not known"),
            Figure("gated", Decimal(in_gated), Decimal(persons), unplaced, note="in no estate"),
            Figure("managed", Decimal(managed), Decimal(homes), unplaced_homes, note="homes in no estate"),
            Figure("density", Decimal(persons), area, unit=PERSONS_A_KM2),
            Figure(
                "unemployment",
                Decimal(counted.unemployed) if counted else None,
                Decimal(counted.labour_force) if counted else None,
                note=f"{counted.source}, {counted.counted_on}" if counted else "not entered",
            ),
        ]
        return {figure.name: figure for figure in figures}

    def _people(self, community: str, day: date) -> Sequence[int]:
        before = day.replace(year=day.year - 65, day=min(day.day, 28) if day.month == 2 else day.day)
        living = and_(residents.c.household == households.c.household, residents.c.move_out_date.is_(None))
        person, home = residents.c.resident_id, households.c.household.distinct()
        statement = (
            select(
                func.count(person),
                func.count(person).filter(residents.c.birth_date <= before),
                func.count(person).filter(residents.c.birth_date.is_(None)),
                func.count(home),
                func.count(person).filter(estates.c.gated),
                func.count(home).filter(estates.c.company.is_not(None)),
                func.count(person).filter(estates.c.estate.is_(None)),
                func.count(home).filter(estates.c.estate.is_(None)),
            )
            .select_from(households)
            .outerjoin(residents, living)
            .outerjoin(estate_buildings, estate_buildings.c.building == households.c.building)
            .outerjoin(estates, estates.c.estate == estate_buildings.c.estate)
            .where(households.c.place.startswith(community, autoescape=True))
        )
        return tuple(self.connection.execute(statement).one())

    def _square_kilometres(self, community: str) -> Decimal | None:
        rows = self.connection.execute(
            select(grids.c.geometry).where(grids.c.code.startswith(community, autoescape=True))
        ).scalars()
        drawn = [shape(row) for row in rows]
        if not drawn:
            return None
        metres = sum(one.area for one in drawn) * geometry.square_metres_per_square_degree(drawn)
        return Decimal(round(metres)) / 1_000_000

    def _unemployment(self, community: str) -> Row[Any] | None:
        c = unemployment_counts.c
        statement = select(unemployment_counts).where(c.community == community)
        return self.connection.execute(
            statement.order_by(c.counted_on.desc(), c.position.desc()).limit(1)
        ).first()

    def add_unemployment(self, **values: Any) -> None:
        self.connection.execute(insert(unemployment_counts).values(**values))

    # -- judgements --

    def last_judgement(self, community: str) -> Row[Any] | None:
        c = judgements.c
        statement = select(judgements).where(c.community == community).order_by(c.position.desc()).limit(1)
        return self.connection.execute(statement).first()

    def add_judgement(self, **values: Any) -> None:
        self.connection.execute(insert(judgements).values(**values))

    def lock_judged(self, community: str, now: datetime) -> None:
        """Of two who judge at once the second sees the first's judgement."""
        statement = insert(judged).values(community=community, looked_at=now)
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=[judged.c.community], set_={"looked_at": now})
        )

    def has_grids(self, community: str) -> bool:
        statement = select(grids.c.code).where(grids.c.code.startswith(community, autoescape=True)).limit(1)
        return self.connection.execute(statement).first() is not None

    def to_be_judged(self, now: datetime, limit: int) -> list[str]:
        """Communities in which something has changed since they were looked at, or that nobody looked at for a day."""
        communities = (
            select(func.left(grids.c.code, 12).label("community")).distinct().subquery("communities")
        )
        since = now - STALE - OVERLAP
        community_of = func.left(households.c.place, 12)
        homes = select(community_of.label("community"), households.c.changed_at).where(
            households.c.changed_at > since
        )
        people = (
            select(community_of, residents.c.changed_at)
            .join(households, households.c.household == residents.c.household)
            .where(residents.c.changed_at > since)
        )
        changes = union_all(homes, people).subquery("changes")
        latest = (
            select(changes.c.community, func.max(changes.c.changed_at).label("changed_at"))
            .group_by(changes.c.community)
            .subquery("latest")
        )
        community, looked_at = communities.c.community, judged.c.looked_at
        statement = (
            select(community)
            .outerjoin(judged, judged.c.community == community)
            .outerjoin(latest, latest.c.community == community)
            .where(
                or_(
                    looked_at.is_(None),
                    looked_at < now - STALE,
                    latest.c.changed_at > looked_at - OVERLAP,
                )
            )
            .order_by(looked_at.asc().nulls_first())
            .limit(limit)
        )
        return list(self.connection.execute(statement).scalars())
