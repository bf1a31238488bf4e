"""Household files, the fee ledger, repair orders."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.backoffice import tray
from services.chassis.database import new_metadata
from services.property.companies.tables import add_tables as add_companies
from services.property.fees.tables import add_tables as add_fees
from services.property.meetings.tables import add_tables as add_meetings
from services.property.owners.tables import add_tables as add_owners_tables  # owners
from services.property.rounds.tables import add_tables as add_rounds
from services.property.webhooks.tables import add_tables

metadata = new_metadata()
items = tray.add_table(metadata)
webhooks, deliveries = add_tables(metadata)
add_owners_tables(metadata)  # owners: the room reads them from `metadata`

households = Table(
    "households",
    metadata,
    Column("household", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("place", String, nullable=False),
    Column("area", Numeric(9, 2)),
    Column("property_right", String),
    Column("move_in_date", Date),
    Column("members", JSONB, nullable=False),
    Column("vehicles", JSONB, nullable=False),
    Column("persons", Integer),
    Column("told_at", DateTime(timezone=True)),
    Column("case_no", String, index=True),
    Column("state", String, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
)
Index(
    "uq_households_open_address",
    households.c.place,
    households.c.address,
    unique=True,
    postgresql_where=text("state = 'open'"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("code", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("household", String, ForeignKey("households.household"), unique=True),
    Column("place", String),
    Column("state", String, nullable=False),
    # Kept for households only, in the transaction of the entry: the arrears list needs an index. What is earned and
    # taken is summed when asked, so that a payment never waits for a row that all payments share.
    Column("balance", Numeric(14, 2), nullable=False, server_default="0"),
    CheckConstraint("kind IN ('household', 'income', 'cash')", name="kind"),
)
Index("ix_accounts_arrears", accounts.c.balance, accounts.c.code, postgresql_where=text("balance > 0"))

# Double entry in its plainest form: each line names the account debited and the one credited, so the books balance
# by their very shape. Lines are only ever added; a mistake is put right by a line the other way round.
entries = Table(
    "entries",
    metadata,
    Column("no", BigInteger, Identity(), primary_key=True),
    Column("kind", String, nullable=False),
    Column("debit", String, ForeignKey("accounts.code"), nullable=False, index=True),
    Column("credit", String, ForeignKey("accounts.code"), nullable=False, index=True),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("rule", String),
    Column("period", String),
    Column("reference", String, unique=True),
    Column("actor", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("debit", "rule", "period"),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("debit <> credit", name="two_accounts"),
)

repairs = Table(
    "repairs",
    metadata,
    Column("order_no", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("address", String, nullable=False),
    Column("category", String, nullable=False),
    Column("description", String, nullable=False),
    Column("urgency", String),
    Column("state", String, nullable=False),
    Column("household", String),
    Column("reporter", String),
    Column("phone", String),
    Column("task_id", String, unique=True),
    Column("case_no", String),
    Column("worker", String),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    Column("arrive_by", DateTime(timezone=True), nullable=False),
    Column("arrived_at", DateTime(timezone=True)),
    Column("quote", Numeric(12, 2)),
    Column("cost", Numeric(12, 2)),
    Column("materials", JSONB, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("stars", Integer),
)
Index("ix_repairs_by_clock", repairs.c.arrive_by, repairs.c.order_no)
Index(
    "ix_repairs_open",
    repairs.c.arrive_by,
    repairs.c.order_no,
    postgresql_where=text("state IN ('reported','graded','assigned','arrived','quoted','agreed')"),
)

repair_history = Table(
    "repair_history",
    metadata,
    Column("no", BigInteger, Identity(), primary_key=True),
    Column("order_no", String, ForeignKey("repairs.order_no"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("verb", String, nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("detail", JSONB, nullable=False),
)

# rooms of the estate: fees, companies, rounds, meetings
fee_runs, fee_quantities, fee_discounts, refunds, fee_reminders, arrears_talks, fee_sweeps = add_fees(
    metadata
)
companies, contracts, contract_clocks, faults, return_visits = add_companies(metadata)
patrol_routes, patrols, patrol_scans, findings = add_rounds(metadata)
joint_meetings, decisions, notices = add_meetings(metadata)
