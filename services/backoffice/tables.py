"""The tray's one table, added to each department's own metadata."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB


def add_table(metadata: MetaData) -> Table:
    items = Table(
        "items",
        metadata,
        Column("task_id", String, primary_key=True),
        Column("case_no", String, nullable=False, index=True),
        Column("unit", String, nullable=False),
        Column("matter", String, nullable=False),
        Column("step", String, nullable=False),
        Column("place", String, nullable=False),
        Column("title_zh", String, nullable=False),
        Column("title_en", String, nullable=False),
        Column("applicant", JSONB, nullable=False),
        Column("form", JSONB, nullable=False),
        Column("materials", JSONB, nullable=False),
        Column("results", JSONB, nullable=False),
        Column("assigned_at", DateTime(timezone=True), nullable=False),
        Column("sign_by", DateTime(timezone=True), nullable=False),
        Column("return_by", DateTime(timezone=True), nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("manual", Boolean, nullable=False),
        Column("lead", Boolean, nullable=False),
        Column("designated", Boolean, nullable=False),
        Column("round", Integer, nullable=False),
        Column("status", String, nullable=False),
        Column("signed_at", DateTime(timezone=True)),
        Column("signed_by", String),
        Column("finished_at", DateTime(timezone=True)),
        Column("outcome", String),
        Column("result", JSONB, nullable=False),
        Column("note", String),
        Column("extension_asked", Boolean, nullable=False),
        Column("supplement_asked", Boolean, nullable=False),
        Column("urged", Integer, nullable=False),
        Column("level", Integer, nullable=False),
    )
    # The tray shows what is open, most urgent first: finished items must not weigh on it.
    Index(
        "ix_items_open",
        items.c.unit,
        items.c.due_at,
        items.c.task_id,
        postgresql_where=text("status NOT IN ('done','refused','withdrawn')"),
    )
    return items
