"""Loads and stores the map as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.registry.gridmap.model import DrawnGrid, Plan, Standing
from services.registry.gridmap.tables import drawn_grids, grid_workers, map_versions
from services.registry.tables import buildings, grids, households


class GridMapRepository:
    connection: Connection

    # -- the map in force --

    def map_of(self, community: str) -> dict[str, dict[str, Any]]:
        """Code -> name and geometry. Locks the community's map, as `grids_of` does."""
        self.connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"grids {community}"))))
        statement = select(grids.c.code, grids.c.name, grids.c.geometry).where(
            grids.c.code.startswith(community, autoescape=True)
        )
        return {row.code: dict(row._mapping) for row in self.connection.execute(statement)}

    def standing_in(self, community: str) -> list[Standing]:
        homes = (
            select(func.count())
            .where(households.c.building == buildings.c.code)
            .correlate(buildings)
            .scalar_subquery()
        )
        statement = select(buildings, homes.label("homes")).where(
            buildings.c.grid.startswith(community, autoescape=True)
        )
        return [
            Standing(
                row.code,
                row.grid,
                None if row.longitude is None or row.latitude is None else (row.longitude, row.latitude),
                row.homes,
            )
            for row in self.connection.execute(statement.order_by(buildings.c.code))
        ]

    def homes_of_no_building(self, community: str) -> dict[str, int]:
        statement = (
            select(households.c.place, func.count())
            .where(households.c.building.is_(None), households.c.place.startswith(community, autoescape=True))
            .group_by(households.c.place)
        )
        return {row[0]: row[1] for row in self.connection.execute(statement)}

    # -- another map --

    def redraw(
        self,
        community: str,
        plan: Plan,
        now: datetime,
        by: str,
        boundary: dict[str, Any] | None,
        why: str | None,
    ) -> int:
        """The next version is in force from now on; what it does not draw is no grid any more."""
        statement = select(func.coalesce(func.max(map_versions.c.version), 0)).where(
            map_versions.c.community == community
        )
        version = int(self.connection.execute(statement).scalar_one()) + 1
        drawn = [grid for grid in plan.grids if grid.code in {*plan.new, *plan.redrawn, *plan.renamed}]
        self._put_grids(drawn, now)
        for move in plan.moving:
            self.connection.execute(
                update(buildings).where(buildings.c.code == move["building"]).values(grid=move["to"])
            )
            self.connection.execute(
                update(households)
                .where(households.c.building == move["building"])
                .values(place=move["to"], changed_at=now)
            )
        ended = {grid.code for grid in drawn} | set(plan.retired)
        self.connection.execute(
            update(drawn_grids)
            .where(drawn_grids.c.code.in_(ended), drawn_grids.c.valid_until.is_(None))
            .values(valid_until=now)
        )
        if plan.retired:
            self.connection.execute(delete(grids).where(grids.c.code.in_(plan.retired)))
            self.connection.execute(
                update(grid_workers)
                .where(grid_workers.c.grid.in_(plan.retired), grid_workers.c.until.is_(None))
                .values(until=now)
            )
        self.connection.execute(
            insert(map_versions).values(
                community=community,
                version=version,
                drawn_at=now,
                drawn_by=by,
                why=why,
                boundary=boundary,
                changes=plan.changes,
            )
        )
        self._keep_drawings(drawn, version, now)
        return version

    def _put_grids(self, drawn: Sequence[DrawnGrid], now: datetime) -> None:
        rows = [
            {"code": grid.code, "name": grid.name, "geometry": grid.geometry, "imported_at": now}
            for grid in drawn
        ]
        if rows:
            statement = insert(grids)
            fresh = {name: statement.excluded[name] for name in ("name", "geometry", "imported_at")}
            self.connection.execute(
                statement.on_conflict_do_update(index_elements=[grids.c.code], set_=fresh), rows
            )

    def _keep_drawings(self, drawn: Sequence[DrawnGrid], version: int, now: datetime) -> None:
        rows = [
            dict(zip(("west", "south", "east", "north"), grid.shape.bounds, strict=True))
            | {
                "code": grid.code,
                "version": version,
                "name": grid.name,
                "geometry": grid.geometry,
                "valid_from": now,
            }
            for grid in drawn
        ]
        if rows:
            self.connection.execute(insert(drawn_grids), rows)

    def households_of(self, codes: Iterable[str]) -> list[Row[Any]]:
        statement = select(households).where(households.c.building.in_(list(codes)))
        return list(self.connection.execute(statement.order_by(households.c.household)))

    # -- at a point --

    def drawn_around(
        self, longitude: float, latitude: float, at: datetime | None = None
    ) -> Sequence[Row[Any]]:
        """The grids whose box holds a point, of the map in force (at a moment)."""
        c = drawn_grids.c
        statement = select(drawn_grids).where(
            c.west <= longitude, c.east >= longitude, c.south <= latitude, c.north >= latitude
        )
        if at is None:
            statement = statement.where(c.valid_until.is_(None))
        else:
            statement = statement.where(c.valid_from <= at, func.coalesce(c.valid_until > at, True))
        return self.connection.execute(statement.order_by(c.code)).all()

    def drawn_beside(self, box: tuple[float, float, float, float], margin: float) -> Sequence[Row[Any]]:
        west, south, east, north = box
        c = drawn_grids.c
        statement = select(drawn_grids).where(
            c.valid_until.is_(None),
            c.west <= east + margin,
            c.east >= west - margin,
            c.south <= north + margin,
            c.north >= south - margin,
        )
        return self.connection.execute(statement.order_by(c.code)).all()

    # -- workers --

    def workers_of(self, grid: str) -> Sequence[Row[Any]]:
        statement = select(grid_workers).where(grid_workers.c.grid == grid, grid_workers.c.until.is_(None))
        return self.connection.execute(statement.order_by(grid_workers.c.part.desc())).all()

    def end_duty(self, grid: str, now: datetime, account: str | None = None) -> list[str]:
        """Who no longer walks the grid: this account, or without one its lead."""
        c = grid_workers.c
        which = c.account == account if account else c.part == "lead"
        statement = update(grid_workers).where(c.grid == grid, c.until.is_(None), which).values(until=now)
        return list(self.connection.execute(statement.returning(c.account)).scalars())

    def begin_duty(self, **values: Any) -> None:
        self.connection.execute(insert(grid_workers).values(**values))
