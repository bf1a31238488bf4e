"""What was done on somebody's way into the party: a line a step, never edited."""

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKey, Index, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB


def add_table(metadata: MetaData) -> Table:
    steps = Table(
        "steps",
        metadata,
        Column("id", String, primary_key=True),
        Column("member", ForeignKey("members.id"), nullable=False, index=True),
        Column("step", String, nullable=False),
        Column("taken_on", Date, nullable=False),
        Column("evidence", String, nullable=False),
        Column("figures", JSONB, nullable=False),
        Column("noted_at", DateTime(timezone=True), nullable=False),
        Column("noted_by", String, nullable=False),
        Column("resolution", String),
        Column("reason", String),
        Column("late", Boolean, nullable=False),
        Column("replaced_at", DateTime(timezone=True)),
    )
    # A step stands once; reviews are many.
    Index(
        "uq_steps_member_step",
        steps.c.member,
        steps.c.step,
        unique=True,
        postgresql_where=text("replaced_at IS NULL AND step <> 'review'"),
    )
    return steps
