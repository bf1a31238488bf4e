"""Endpoints of companies' software, and what is or was sent to them."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def add_tables(metadata: MetaData) -> tuple[Table, Table]:
    webhooks = Table(
        "webhooks",
        metadata,
        Column("webhook", String, primary_key=True),
        Column("account", String, nullable=False, index=True),
        Column("url", String, nullable=False),
        Column("kinds", ARRAY(String), nullable=False),
        Column("scopes", ARRAY(String), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("description", String),
        Column("state", String, nullable=False),
        Column("why_off", String),
        Column("secret_no", Integer, nullable=False),
        Column("old_secret_until", DateTime(timezone=True)),
        Column("failing_since", DateTime(timezone=True)),
    )
    deliveries = Table(
        "deliveries",
        metadata,
        Column("delivery", String, primary_key=True),
        Column("webhook", ForeignKey("webhooks.webhook"), nullable=False),
        Column("kind", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("data", JSONB, nullable=False),
        Column("state", String, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_at", DateTime(timezone=True)),
        Column("status", Integer),
        Column("error", String),
        Column("delivered_at", DateTime(timezone=True)),
    )
    Index("ix_deliveries_newest", deliveries.c.webhook, deliveries.c.at, deliveries.c.delivery)
    Index("ix_deliveries_due", deliveries.c.next_at, postgresql_where=text("state = 'pending'"))
    return webhooks, deliveries
