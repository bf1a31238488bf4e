"""Companies, contracts with their clocks, what was missed, and return visits."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY


def add_tables(metadata: MetaData) -> tuple[Table, ...]:
    companies = Table(
        "companies",
        metadata,
        Column("company", String, primary_key=True),
        Column("name", String, nullable=False),
        Column("phone", String),
        Column("registered_at", DateTime(timezone=True), nullable=False),
    )
    contracts = Table(
        "contracts",
        metadata,
        Column("contract_id", String, primary_key=True),
        Column("company", ForeignKey("companies.company"), nullable=False, index=True),
        Column("place", String, nullable=False),
        Column("estate", String, index=True),
        Column("signed_on", Date, nullable=False),
        Column("since", Date, nullable=False),
        Column("until", Date),
        Column("rules", ARRAY(String), nullable=False),
        Column("late_fee_a_day", Numeric(7, 6)),
        Column("late_after_days", Integer, nullable=False),
        Column("notice_days", Integer),
        Column("state", String, nullable=False),
        Column("filing_no", String),
        Column("filed_on", Date),
        Column("noticed_on", Date),
        Column("ends_on", Date),
        Column("why", String),
    )
    Index("ix_contracts_place", contracts.c.place, contracts.c.contract_id)
    clocks = Table(
        "contract_clocks",
        metadata,
        Column("contract_id", ForeignKey("contracts.contract_id"), primary_key=True),
        Column("clock", String, primary_key=True),
        Column("due_on", Date, nullable=False),
        Column("state", String, nullable=False),
        Column("settled_on", Date),
    )
    Index("ix_contract_clocks_due", clocks.c.due_on, postgresql_where=text("state = 'running'"))
    # One row a miss, and the key is what makes it be told once.
    faults = Table(
        "faults",
        metadata,
        Column("kind", String, primary_key=True),
        Column("reference", String, primary_key=True),
        Column("company", String),
        Column("place", String, nullable=False),
        Column("count", Integer, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_faults_newest", faults.c.at, faults.c.kind, faults.c.reference)
    visits = Table(
        "return_visits",
        metadata,
        Column("order_no", ForeignKey("repairs.order_no"), primary_key=True),
        Column("holds", Boolean, nullable=False),
        Column("note", String),
        Column("actor", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    return companies, contracts, clocks, faults, visits
