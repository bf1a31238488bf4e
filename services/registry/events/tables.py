"""Parts, events, and every step of an event."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Sequence,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.metadata import metadata

event_serials = Sequence("grid_event_serials", metadata=metadata)


def _moment(name: str, nullable: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


parts = Table(
    "parts",
    metadata,
    Column("code", String, primary_key=True),
    Column("class", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("grid", String, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("latitude", Float, nullable=False),
    _moment("registered_at", nullable=False),
    _moment("retired_at"),
    Column("retired_why", String),
    Index("ix_parts_grid", "grid", postgresql_ops={"grid": "text_pattern_ops"}),
)
grid_events = Table(
    "grid_events",
    metadata,
    Column("event_no", String, primary_key=True),
    Column("about", String, nullable=False),
    Column("class", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("place", String, nullable=False),
    Column("longitude", Float),
    Column("latitude", Float),
    Column("address", String),
    Column("part", ForeignKey("parts.code")),
    Column("description", String),
    Column("source", String, nullable=False),
    Column("device", String),
    Column("photos", JSONB, nullable=False),
    Column("reported_by", String, nullable=False),
    Column("seen", Integer, nullable=False, server_default="1"),
    Column("state", String, nullable=False),
    _moment("due_at"),
    Column("late", Boolean, nullable=False, server_default=text("false")),
    Column("ever_late", Boolean, nullable=False, server_default=text("false")),
    Column("handler", String),
    _moment("handle_by"),
    _moment("handled_at"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("into", ForeignKey("grid_events.event_no")),
    Column("handed_over", Integer, nullable=False, server_default="0"),
    Column("case_no", String),
    _moment("found_at", nullable=False),
    _moment("ended_at"),
    Index("ix_grid_events_place", "place", "event_no", postgresql_ops={"place": "text_pattern_ops"}),
    Index("ix_grid_events_state", "state", "place", postgresql_ops={"place": "text_pattern_ops"}),
    Index("ix_grid_events_found", "found_at"),
    Index("ix_grid_events_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_grid_events_part", "part", postgresql_where=text("part IS NOT NULL")),
)
"""`late`: the step that is due now was told as overdue. `ever_late`: handling was not done in time, once."""

grid_event_steps = Table(
    "grid_event_steps",
    metadata,
    Column("event_no", ForeignKey("grid_events.event_no"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    _moment("at", nullable=False),
    Column("verb", String, nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("detail", JSONB, nullable=False),
)
