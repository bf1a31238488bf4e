"""Estates and which buildings they hold, owners and what they own, and handings over."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.metadata import metadata


def _moment(name: str, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


estates = Table(
    "estates",
    metadata,
    Column("estate", String, primary_key=True),
    Column("community", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("gated", Boolean, nullable=False),
    Column("built", Integer),
    Column("company", String),
    Column("company_code", String),
    Column("contract_id", String),
    Column("facilities", JSONB, nullable=False),
    _moment("recorded_at"),
)
estate_buildings = Table(
    "estate_buildings",
    metadata,
    Column("building", ForeignKey("buildings.code"), primary_key=True),
    Column("estate", ForeignKey("estates.estate"), nullable=False, index=True),
)
estate_changes = Table(
    "estate_changes",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("estate", ForeignKey("estates.estate"), nullable=False, index=True),
    _moment("at"),
    Column("by", String, nullable=False),
    Column("changes", JSONB, nullable=False),
)

owners = Table(
    "owners",
    metadata,
    Column("owner_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("number", String, unique=True),
    Column("phone", String),
)
ownerships = Table(
    "ownerships",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("household", ForeignKey("households.household"), nullable=False, index=True),
    Column("owner_id", ForeignKey("owners.owner_id"), nullable=False, index=True),
    Column("numerator", Integer, nullable=False),
    Column("denominator", Integer, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("basis", String, nullable=False),
    Column("recorded_by", String, nullable=False),
    _moment("recorded_at"),
    CheckConstraint("numerator BETWEEN 1 AND denominator", name="share_of_a_whole"),
    CheckConstraint("until > since", name="ends_after_it_began"),
)
"""`until` is the first day on which it is somebody else's. Rows are never deleted."""
Index(
    "uq_ownerships_now",
    ownerships.c.household,
    ownerships.c.owner_id,
    unique=True,
    postgresql_where=text("until IS NULL"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("handover_id", String, primary_key=True),
    Column("estate", ForeignKey("estates.estate"), nullable=False, index=True),
    Column("giver", String, nullable=False),
    Column("taker", String, nullable=False),
    Column("items", JSONB, nullable=False),
    Column("state", String, nullable=False),
    Column("signatures", JSONB, nullable=False),
    Column("history", JSONB, nullable=False),
    _moment("begun_at"),
    _moment("due_at"),
    _moment("ended_at", nullable=True),
)
Index(
    "uq_handovers_open",
    handovers.c.estate,
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
)
