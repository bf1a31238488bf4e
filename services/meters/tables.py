"""The tables of meters. Readings are only ever added: a correction is a row of a higher sequence number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.backoffice import tray
from services.chassis.database import new_metadata

metadata = new_metadata()
items = tray.add_table(metadata)

AMOUNT = Numeric(18, 6)


def moment(name: str, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


meters = Table(
    "meters",
    metadata,
    Column("meter", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("register", String, nullable=False, server_default="total"),
    Column("digits", Integer, nullable=False, server_default="6"),
    Column("place", String, nullable=False),
    Column("household", String, index=True),
    moment("registered_at", index=True),
    # By the wall clock, for silence; what the readings mean goes by their own time.
    moment("heard_at", nullable=True),
    Column("offline", Boolean, nullable=False, server_default="false"),
)
Index(
    "ix_meters_heard",
    meters.c.heard_at,
    postgresql_where=text("NOT offline AND heard_at IS NOT NULL"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("household", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("meter", String, nullable=False),
    Column("place", String, nullable=False),
    Column("holder", String),
    moment("opened_at"),
    Column("opening_reading", AMOUNT, nullable=False),
    Column("opened_by", String, index=True),  # task
    moment("closed_at", nullable=True),
    Column("closing_reading", AMOUNT),
    Column("closed_by", String, index=True),  # task
)
Index(
    "uq_accounts_open",
    accounts.c.household,
    accounts.c.kind,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
)

households = Table(
    "households",
    metadata,
    Column("household", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("address", String, nullable=False),
    Column("lives_alone", Boolean, nullable=False),
    Column("elder", Boolean, nullable=False),
    Column("contact_name", String),
    Column("contact_phone", String),
    Column("residents", JSONB, nullable=False),
    moment("changed_at"),
)

watches = Table(
    "watches",
    metadata,
    Column("household", String, primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("rule", String),
    Column("threshold", AMOUNT),
    Column("hours", Integer),
    moment("away_from", nullable=True),
    moment("away_until", nullable=True),
    moment("away_told_at", nullable=True),
    moment("away_ended_at", nullable=True),
)


def readings_like(name: str) -> Table:
    """Raw readings, kept for ever as they were sent (converted to the unit of the kind)."""
    return Table(
        name,
        metadata,
        Column("meter", String, primary_key=True),
        Column("register", String, primary_key=True),
        moment("at", primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("value", AMOUNT, nullable=False),
        Column("unit", String, nullable=False),
        Column("quality", String),
    )


readings = readings_like("readings")
strays = readings_like("strays")
strays.append_column(moment("received_at", server_default=func.now(), index=True))

touched = Table(
    "touched",
    metadata,
    # Appended by the ingest with the readings, taken by the sweep: inserts only, so neither waits for the other.
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("meter", String, nullable=False),
    moment("since"),
)

quarantine = Table(
    "quarantine",
    metadata,
    # SHA-256 of reason, sender and content: a redelivered message is not quarantined twice.
    Column("digest", LargeBinary, primary_key=True),
    moment("at", server_default=func.now(), index=True),
    Column("sender", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("meter", String, nullable=False),
    Column("household", String, index=True),
    Column("place", String, nullable=False),
    moment("window_start"),
    moment("window_end"),
    moment("judged_until"),
    Column("evidence", JSONB, nullable=False),
    moment("raised_at"),
    moment("said_at"),
    Column("severity", Integer, nullable=False, server_default="3"),
    Column("state", String, nullable=False),
    Column("cleared_how", String),
    moment("cleared_at", nullable=True),
    moment("acknowledged_at", nullable=True),
    Column("acknowledged_by", String),
    Column("case_no", String),
)
Index(
    "uq_findings_active",
    findings.c.meter,
    findings.c.kind,
    unique=True,
    postgresql_where=text("state = 'active'"),
)
Index("ix_findings_latest", findings.c.meter, findings.c.kind, findings.c.raised_at)

# What the sweep remembers of a meter between two looks; see judging/pulse.py.
pulses = Table(
    "pulses",
    metadata,
    Column("meter", String, primary_key=True),
    Column("summed_by", String, nullable=False),
    moment("first_at"),
    moment("newest_at"),
    Column("newest_value", AMOUNT, nullable=False),
    moment("flat_since"),
    moment("used_at", nullable=True),
    moment("zero_at", nullable=True),
    moment("due_at", nullable=True),
    moment("was_at", nullable=True),
    Column("was_value", AMOUNT),
    moment("was_flat_since", nullable=True),
    moment("was_used_at", nullable=True),
    moment("was_zero_at", nullable=True),
    # Written at each look: half a page free, so that the new row finds room beside the old one.
    postgresql_with={"fillfactor": "50"},
)
Index("ix_pulses_due", pulses.c.due_at, postgresql_where=text("due_at IS NOT NULL"))
Index("ix_meters_offline", meters.c.place, postgresql_where=text("offline"))

# Which meters have news for validation (vee/), and since when; the sweep passes on what it takes from `touched`.
vee_due = Table(
    "vee_due",
    metadata,
    Column("meter", String, primary_key=True),
    moment("since"),
    moment("noted_at"),
)
