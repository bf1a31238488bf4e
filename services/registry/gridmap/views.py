"""The map as it is looked at: at a point, beside a grid, in an older version."""

from __future__ import annotations

from typing import Any

from shapely.geometry import Point, shape
from sqlalchemy import select

from services.chassis.database import Read
from services.contracts import gridmap
from services.contracts.roles import may
from services.registry import geometry, reading
from services.registry import model as registry_model
from services.registry.gridmap import model
from services.registry.gridmap.tables import drawn_grids, grid_workers, map_versions
from services.registry.reading import Page
from services.registry.repository import Repository


def grid_at(store: Repository, longitude: float, latitude: float, at: Any = None) -> Any:
    """The grid that holds a point, or None. On a border it is the one of the lower code."""
    point = Point(longitude, latitude)
    return next(
        (row for row in store.drawn_around(longitude, latitude, at) if shape(row.geometry).covers(point)),
        None,
    )


def find_grid_at(read: Read, query: Any) -> dict[str, Any]:
    store = Repository(read.connection)
    found = grid_at(store, query.longitude, query.latitude, query.at)
    if found is None or not read.caller.may(may(gridmap.FindGridAt), found.code):
        raise model.NoGridHere()
    return {
        "code": found.code,
        "name": found.name,
        "version": found.version,
        "valid_from": found.valid_from,
        "valid_until": found.valid_until,
        "workers": [_worker(row) for row in store.workers_of(found.code)] if query.at is None else [],
    }


def _worker(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("account", "name", "part", "since", "until")}


def list_neighbours(read: Read, query: Any) -> dict[str, Any]:
    allowed = may(gridmap.ListNeighbours)
    grid = Repository(read.connection).grid(query.grid)
    if grid is None or not read.caller.may(allowed, query.grid):
        raise registry_model.UnknownGrid(grid=query.grid)
    drawn = shape(grid.geometry)
    margin = 1 / geometry.METRES_PER_DEGREE
    items = [
        {"code": row.code, "name": row.name, "border_m": metres}
        for row in Repository(read.connection).drawn_beside(drawn.bounds, margin)
        if row.code != query.grid
        and read.caller.may(allowed, row.code)
        and (metres := model.shared_border(drawn, shape(row.geometry)))
    ]
    return {"items": items}


def list_map_versions(read: Read, query: Any) -> Page:
    statement = (
        select(
            map_versions.c.version,
            map_versions.c.drawn_at,
            map_versions.c.drawn_by,
            map_versions.c.why,
            map_versions.c.changes,
        )
        .where(
            map_versions.c.community == query.community,
            reading.within(map_versions.c.community, read.caller, gridmap.ListMapVersions),
        )
        .order_by(map_versions.c.version.desc())
        .limit(query.limit + 1)
    )
    if (query.cursor or "").isdecimal():
        statement = statement.where(map_versions.c.version < int(query.cursor))
    return reading.page(read, statement, query.limit, "version")


def get_map_version(read: Read, query: Any) -> dict[str, Any]:
    """What was in force when this version was: its own grids, and those it left as they were."""
    row = read.connection.execute(
        select(map_versions).where(
            map_versions.c.community == query.community, map_versions.c.version == query.version
        )
    ).first()
    if row is None or not read.caller.may(may(gridmap.GetMapVersion), query.community):
        raise model.UnknownMapVersion(community=query.community, version=query.version)
    c = drawn_grids.c
    statement = select(drawn_grids).where(
        c.code.startswith(query.community, autoescape=True),
        c.valid_from <= row.drawn_at,
        (c.valid_until.is_(None)) | (c.valid_until > row.drawn_at),
    )
    features = [
        {
            "type": "Feature",
            "id": grid.code,
            "geometry": grid.geometry,
            "properties": {"code": grid.code, "name": grid.name, "version": grid.version},
        }
        for grid in read.connection.execute(statement.order_by(c.code))
    ]
    about = {name: getattr(row, name) for name in ("version", "drawn_at", "drawn_by", "why", "boundary")}
    return {"type": "FeatureCollection", "features": features, **about}


def list_grid_workers(read: Read, query: Any) -> Page:
    c = grid_workers.c
    statement = (
        select(c.position, c.grid, c.account, c.name, c.part, c.since, c.until)
        .where(reading.within(c.grid, read.caller, gridmap.ListGridWorkers, query.place))
        .order_by(c.position.desc())
        .limit(query.limit + 1)
    )
    if not query.former:
        statement = statement.where(c.until.is_(None))
    if query.account:
        statement = statement.where(c.account == query.account)
    if (query.cursor or "").isdecimal():
        statement = statement.where(c.position < int(query.cursor))
    return reading.page(read, statement, query.limit, "position")


QUERIES = {
    gridmap.FindGridAt: find_grid_at,
    gridmap.ListNeighbours: list_neighbours,
    gridmap.ListMapVersions: list_map_versions,
    gridmap.GetMapVersion: get_map_version,
    gridmap.ListGridWorkers: list_grid_workers,
}
