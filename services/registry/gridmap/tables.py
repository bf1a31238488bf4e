"""Versions of the map, and grid workers. The map in force is `grids`; what is here only grows or ends."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.metadata import metadata

map_versions = Table(
    "map_versions",
    metadata,
    Column("community", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("drawn_at", DateTime(timezone=True), nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("why", String),
    Column("boundary", JSONB),
    Column("changes", JSONB, nullable=False),
)
drawn_grids = Table(
    "drawn_grids",
    metadata,
    Column("code", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("geometry", JSONB, nullable=False),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    Index("ix_drawn_grids_box", "west", "east", "south", "north"),
)
"""A grid as one version drew it, with the box around it: the few grids whose box holds a point are looked at closely."""

grid_workers = Table(
    "grid_workers",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("grid", String, nullable=False, index=True),
    Column("account", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("part", String, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True)),
    Column("assigned_by", String, nullable=False),
)
Index(
    "uq_grid_workers_on_duty",
    grid_workers.c.grid,
    grid_workers.c.account,
    unique=True,
    postgresql_where=text("until IS NULL"),
)
Index(
    "uq_grid_workers_lead",
    grid_workers.c.grid,
    unique=True,
    postgresql_where=text("until IS NULL AND part = 'lead'"),
)
