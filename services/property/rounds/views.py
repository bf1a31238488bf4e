"""Rounds, routes and findings as screens see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import rounds as words
from services.contracts.messages import Query
from services.property.companies.views import within_areas
from services.property.rounds.handlers import codes
from services.property.rounds.model import UnknownRoute
from services.property.tables import findings, patrol_routes, patrol_scans, patrols


def get_route(read: Read, query: Any) -> dict[str, Any]:
    mine = within_areas(read, patrol_routes.c.place, words.GetRoute)
    row = read.connection.execute(
        select(patrol_routes).where(patrol_routes.c.route == query.route, mine)
    ).first()
    if row is None:
        raise UnknownRoute(route=query.route)
    return {**row._mapping, "points": codes(row.route, row.points)}


def list_patrols(read: Read, query: Any) -> dict[str, Any]:
    reached = (
        select(func.count())
        .where(patrol_scans.c.patrol == patrols.c.patrol)
        .scalar_subquery()
        .label("reached")
    )
    wanted = select(patrols, reached).where(
        within_areas(read, patrols.c.place, words.ListPatrols), patrols.c.opens_at <= read.now
    )
    if query.missed is not None:
        wanted = wanted.where((func.coalesce(patrols.c.missed, 0) > 0) == query.missed)
    return page(read.connection, wanted, [patrols.c.opens_at, patrols.c.patrol], query, descending=True)


def list_findings(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(findings).where(within_areas(read, findings.c.place, words.ListFindings))
    if query.state:
        wanted = wanted.where(findings.c.state == query.state)
    return page(read.connection, wanted, [findings.c.found_at, findings.c.finding], query, descending=True)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    words.GetRoute: get_route,
    words.ListPatrols: list_patrols,
    words.ListFindings: list_findings,
}
