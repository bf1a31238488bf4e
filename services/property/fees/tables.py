"""Bill runs, quantities, discounts, refunds, reminders. Money itself is in `entries` and nowhere else."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
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


def add_tables(metadata: MetaData) -> tuple[Table, ...]:
    runs = Table(
        "fee_runs",
        metadata,
        Column("run", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("rule", String, nullable=False),
        Column("period", String, nullable=False),
        Column("state", String, nullable=False),
        Column("position", String, nullable=False),
        Column("accounts", Integer, nullable=False),
        Column("done", Integer, nullable=False),
        Column("charged", Integer, nullable=False),
        Column("total", Numeric(16, 2), nullable=False),
        Column("unknown", Integer, nullable=False),
        Column("actor", String, nullable=False),
        Column("started_at", DateTime(timezone=True), nullable=False),
        Column("finished_at", DateTime(timezone=True)),
        UniqueConstraint("place", "rule", "period"),
        CheckConstraint("state IN ('running', 'done')", name="state"),
    )
    Index("ix_fee_runs_running", runs.c.started_at, postgresql_where=text("state = 'running'"))
    quantities = Table(
        "fee_quantities",
        metadata,
        Column("household", ForeignKey("households.household"), primary_key=True),
        Column("period", String, primary_key=True),
        Column("quantity", String, primary_key=True),
        Column("value", Numeric(12, 3), nullable=False),
        Column("actor", String, nullable=False),
    )
    discounts = Table(
        "fee_discounts",
        metadata,
        Column("discount", String, primary_key=True),
        Column("household", ForeignKey("households.household"), nullable=False),
        Column("rule", String, nullable=False),
        Column("percent", Numeric(5, 2), nullable=False),
        Column("since", String, nullable=False),
        Column("until", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("actor", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_fee_discounts_of", discounts.c.household, discounts.c.rule)
    refunds = Table(
        "refunds",
        metadata,
        Column("refund", String, primary_key=True),
        Column("household", ForeignKey("households.household"), nullable=False),
        Column("place", String, nullable=False),
        Column("amount", Numeric(12, 2), nullable=False),
        Column("channel", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("state", String, nullable=False),
        Column("asked_by", String, nullable=False),
        Column("asked_at", DateTime(timezone=True), nullable=False),
        Column("decided_by", String),
        Column("decided_at", DateTime(timezone=True)),
        Column("note", String),
        Column("paid_by", String),
        Column("paid_at", DateTime(timezone=True)),
        Column("entry", ForeignKey("entries.no")),
        CheckConstraint("amount > 0", name="amount_positive"),
        # Nobody decides what he asked for: held by the database, too.
        CheckConstraint("decided_by <> asked_by", name="two_people"),
    )
    Index("ix_refunds_newest", refunds.c.asked_at, refunds.c.refund)
    Index("ix_refunds_of", refunds.c.household)
    # The key is what makes each of them once.
    reminders = Table(
        "fee_reminders",
        metadata,
        Column("household", ForeignKey("households.household"), primary_key=True),
        Column("since", String, primary_key=True),
        Column("stage", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_fee_reminders_newest", reminders.c.at, reminders.c.household, reminders.c.stage)
    talks = Table(
        "arrears_talks",
        metadata,
        Column("talk", String, primary_key=True),
        Column("household", ForeignKey("households.household"), nullable=False),
        Column("since", String, nullable=False),
        Column("purpose", String, nullable=False),
        Column("actor", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("household", "since"),
    )
    sweeps = Table(
        "fee_sweeps",
        metadata,
        Column("name", String, primary_key=True),
        Column("position", String, nullable=False),
    )
    return runs, quantities, discounts, refunds, reminders, talks, sweeps
