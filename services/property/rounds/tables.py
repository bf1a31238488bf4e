"""Routes with their points, rounds with their scans, findings."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def add_tables(metadata: MetaData) -> tuple[Table, ...]:
    routes = Table(
        "patrol_routes",
        metadata,
        Column("route", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("name", String, nullable=False),
        Column("points", ARRAY(String), nullable=False),
        Column("windows", JSONB, nullable=False),
        Column("planned_until", DateTime(timezone=True), nullable=False),
    )
    Index("ix_patrol_routes_next", routes.c.planned_until)
    patrols = Table(
        "patrols",
        metadata,
        Column("patrol", String, primary_key=True),
        Column("route", ForeignKey("patrol_routes.route"), nullable=False),
        Column("place", String, nullable=False),
        Column("points", Integer, nullable=False),
        Column("opens_at", DateTime(timezone=True), nullable=False),
        Column("closes_at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False),
        Column("missed", Integer),
    )
    Index("ix_patrols_newest", patrols.c.opens_at, patrols.c.patrol)
    Index("uq_patrols_of_route", patrols.c.route, patrols.c.opens_at, unique=True)
    Index("ix_patrols_open", patrols.c.closes_at, postgresql_where=text("state = 'open'"))
    scans = Table(
        "patrol_scans",
        metadata,
        Column("patrol", ForeignKey("patrols.patrol"), primary_key=True),
        Column("point", Integer, primary_key=True),
        Column("actor", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    findings = Table(
        "findings",
        metadata,
        Column("finding", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("route", ForeignKey("patrol_routes.route")),
        Column("description", String, nullable=False),
        Column("state", String, nullable=False),
        Column("found_by", String, nullable=False),
        Column("found_at", DateTime(timezone=True), nullable=False),
        Column("units", ARRAY(String), nullable=False),
        Column("due_on", Date),
        Column("result", String),
        Column("disposed_by", String),
        Column("disposed_at", DateTime(timezone=True)),
    )
    Index("ix_findings_newest", findings.c.found_at, findings.c.finding)
    return routes, patrols, scans, findings
