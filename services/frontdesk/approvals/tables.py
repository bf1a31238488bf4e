"""Who admitted what to which desk. A row is never removed: a revoked one says when, by whom and why."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Index, MetaData, String, Table


def approvals_table(metadata: MetaData) -> Table:
    approvals = Table(
        "approvals",
        metadata,
        Column("approval_id", String, primary_key=True),
        Column("subject", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("place", String, nullable=False),
        Column("department", String, nullable=False),
        Column("basis", String, nullable=False),
        Column("decided_by", String, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_until", Date),
        Column("revoked_at", DateTime(timezone=True)),
        Column("revoked_by", String),
        Column("revoked_why", String),
    )
    Index("ix_approvals_subject", approvals.c.subject)
    return approvals
