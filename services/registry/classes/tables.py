"""What somebody counted, and how each community was judged; both only grow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Integer, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.metadata import metadata

unemployment_counts = Table(
    "unemployment_counts",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("community", String, nullable=False, index=True),
    Column("unemployed", Integer, nullable=False),
    Column("labour_force", Integer, nullable=False),
    Column("counted_on", Date, nullable=False),
    Column("source", String, nullable=False),
    Column("entered_by", String, nullable=False),
    Column("entered_at", DateTime(timezone=True), nullable=False),
)
judgements = Table(
    "judgements",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("community", String, nullable=False, index=True),
    Column("judged_at", DateTime(timezone=True), nullable=False),
    Column("class", String),
    Column("state", String, nullable=False),
    Column("figures", JSONB, nullable=False),
    Column("classes", JSONB, nullable=False),
)
judged = Table(
    "judged",
    metadata,
    Column("community", String, primary_key=True),
    Column("looked_at", DateTime(timezone=True), nullable=False),
)
"""When each community was last looked at; a look that finds nothing new leaves no judgement."""
