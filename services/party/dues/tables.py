"""Bases, waivers, the ledger and the notices of dues."""

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)


def add_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    bases = Table(
        "dues_bases",
        metadata,
        Column("member", ForeignKey("members.id"), primary_key=True),
        Column("since", Date, primary_key=True),
        Column("category", String, nullable=False),
        Column("monthly_pay", Numeric(12, 2)),
        Column("agreed", Numeric(12, 2)),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("by", String, nullable=False),
    )
    waivers = Table(
        "dues_waivers",
        metadata,
        Column("id", String, primary_key=True),
        Column("member", ForeignKey("members.id"), nullable=False, index=True),
        Column("since", Date, nullable=False),
        Column("until", Date, nullable=False),
        Column("percent", Integer, nullable=False),
        Column("reason", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("by", String, nullable=False),
    )
    lines = Table(
        "dues_lines",
        metadata,
        Column("id", String, primary_key=True),
        Column("member", ForeignKey("members.id"), nullable=False, index=True),
        Column("kind", String, nullable=False),
        Column("amount", Numeric(12, 2), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("by", String, nullable=False),
        Column("month", Date),
        Column("reference", String),
    )
    # A month is charged once and waived once, a receipt entered once, however many replicas try.
    Index(
        "uq_dues_lines_month",
        lines.c.member,
        lines.c.kind,
        lines.c.month,
        unique=True,
        postgresql_where=text("month IS NOT NULL"),
    )
    Index(
        "uq_dues_lines_receipt",
        lines.c.member,
        lines.c.reference,
        unique=True,
        postgresql_where=text("kind = 'payment'"),
    )
    notices = Table(
        "dues_notices",
        metadata,
        Column("id", String, primary_key=True),
        Column("member", ForeignKey("members.id"), nullable=False),
        Column("kind", String, nullable=False),
        Column("since", Date, nullable=False),
        Column("state", String, nullable=False, index=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("settled_by", String),
        Column("settled_at", DateTime(timezone=True)),
        Column("result", String),
        UniqueConstraint("member", "kind", "since"),
    )
    return bases, waivers, lines, notices
