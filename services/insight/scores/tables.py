"""Campaigns, and evaluations on their way to publication. What they count is counted anew whenever it is asked."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Identity, Integer, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.insight.metadata import metadata

campaigns = Table(
    "campaigns",
    metadata,
    Column("code", String, primary_key=True),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    Column("place", String, nullable=False),
    Column("matter", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("target", Integer, nullable=False),  # how many cases closed in time
    Column("set_by", String, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("of", String, nullable=False),
    Column("place", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("public_until", DateTime(timezone=True)),
    Column("published_at", DateTime(timezone=True)),
    Column("scores", JSONB, nullable=False),  # as they were when they were put on show
    Column("made_by", String, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

objections = Table(
    "objections",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("evaluation", Integer, nullable=False, index=True),
    Column("subject", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("answer", String),
    Column("answered_by", String),
    Column("answered_at", DateTime(timezone=True)),
)
