"""Loads and stores routes, rounds and findings; a part of property's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.property.rounds.model import Finding, UnknownFinding, UnknownRoute
from services.property.tables import findings, patrol_routes, patrol_scans, patrols


class RoundStore:
    connection: Connection

    def add_route(self, row: Mapping[str, Any]) -> None:
        self.connection.execute(insert(patrol_routes).values(**row))

    def route(self, route: str) -> Row[Any]:
        """Raises UnknownRoute."""
        row = self.connection.execute(select(patrol_routes).where(patrol_routes.c.route == route)).first()
        if row is None:
            raise UnknownRoute(route=route)
        return row

    def has_route(self, place: str) -> bool:
        wanted = select(patrol_routes.c.route).where(patrol_routes.c.place.startswith(place)).limit(1)
        return self.connection.scalar(wanted) is not None

    def routes_to_plan(self, until: datetime, limit: int) -> Sequence[Row[Any]]:
        return self.connection.execute(
            select(patrol_routes)
            .where(patrol_routes.c.planned_until < until)
            .order_by(patrol_routes.c.planned_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def plan_rounds(self, route: str, rows: Sequence[Mapping[str, Any]], until: datetime) -> None:
        if rows:
            self.connection.execute(insert(patrols).on_conflict_do_nothing(), list(rows))
        self.connection.execute(
            update(patrol_routes).where(patrol_routes.c.route == route).values(planned_until=until)
        )

    def open_round(self, route: str, at: datetime) -> Row[Any] | None:
        """The round that is walked at a moment; locked, so that it is not closed under a scan."""
        return self.connection.execute(
            select(patrols)
            .where(patrols.c.route == route, patrols.c.state == "open")
            .where(patrols.c.opens_at <= at, patrols.c.closes_at >= at)
            .order_by(patrols.c.closes_at)
            .limit(1)
            .with_for_update()
        ).first()

    def scan(self, row: Mapping[str, Any]) -> bool:
        added = insert(patrol_scans).values(**row).on_conflict_do_nothing().returning(patrol_scans.c.point)
        return self.connection.execute(added).first() is not None

    def scanned(self, patrol: str) -> int:
        mine = patrol_scans.c.patrol == patrol
        return self.connection.scalar(select(func.count()).select_from(patrol_scans).where(mine)) or 0

    def rounds_over(self, now: datetime, limit: int) -> Sequence[Row[Any]]:
        return self.connection.execute(
            select(patrols)
            .where(patrols.c.state == "open", patrols.c.closes_at < now)
            .order_by(patrols.c.closes_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def close_round(self, patrol: str, missed: int) -> None:
        self.connection.execute(
            update(patrols).where(patrols.c.patrol == patrol).values(state="closed", missed=missed)
        )

    def add_finding(self, finding: Finding) -> None:
        self.connection.execute(insert(findings).values(**vars(finding)))

    def finding(self, finding: str) -> Finding:
        """Raises UnknownFinding."""
        row = self.connection.execute(
            select(findings).where(findings.c.finding == finding).with_for_update()
        ).first()
        if row is None:
            raise UnknownFinding(finding=finding)
        return Finding(**row._mapping)

    def save_finding(self, finding: Finding) -> None:
        self.connection.execute(
            update(findings).where(findings.c.finding == finding.finding).values(**vars(finding))
        )
