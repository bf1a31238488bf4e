"""Cases as documents beside the columns they are sought by; history as rows that are only ever added."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Sequence, String, Table, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.frontdesk.approvals.tables import approvals_table
from services.frontdesk.certificates.tables import certificate_tables
from services.frontdesk.intake import tables as _intake  # noqa: F401
from services.frontdesk.metadata import metadata
from services.frontdesk.model import ENDED

case_numbers = Sequence("case_numbers", metadata=metadata)

cases = Table(
    "cases",
    metadata,
    Column("no", String, primary_key=True),
    Column("matter", String, nullable=False),
    Column("status", String, nullable=False),
    Column("place", String, nullable=False),
    Column("filed_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("units", ARRAY(String), nullable=False),
    Column("next_deadline_at", DateTime(timezone=True)),
    Column("tracking_hash", String, nullable=False, unique=True),
    Column("sought", String, nullable=False, server_default=""),
    Column("company", String),
    Column("trouble", String),
    # care: whose case it is (the hash of his ID number), and when the call he is owed falls due
    Column("person", String),
    Column("call_due_at", DateTime(timezone=True)),
    Column("body", JSONB, nullable=False),
)
Index("ix_cases_newest", cases.c.filed_at, cases.c.no)
Index("ix_cases_place", cases.c.place, cases.c.filed_at, postgresql_ops={"place": "text_pattern_ops"})
Index("ix_cases_deadline", cases.c.next_deadline_at, postgresql_where=text("next_deadline_at IS NOT NULL"))

Index("ix_cases_company", cases.c.company, cases.c.filed_at, postgresql_where=text("company IS NOT NULL"))
# Lists (0005_lists): one index a filter, in the order of the list; `grams` is a function of that migration.
Index("ix_cases_matter", cases.c.matter, cases.c.filed_at, cases.c.no, postgresql_include=["place"])
Index("ix_cases_status", cases.c.status, cases.c.filed_at, cases.c.no, postgresql_include=["place"])
Index("ix_cases_units", cases.c.units, postgresql_using="gin")
Index(
    "ix_cases_open",
    cases.c.filed_at,
    cases.c.no,
    postgresql_include=["due_at", "place"],
    postgresql_where=cases.c.status.not_in((*ENDED, "suspended")),
)
Index("ix_cases_sought", func.grams(cases.c.sought), postgresql_using="gin")
Index("ix_cases_no_begin", cases.c.no, postgresql_ops={"no": "text_pattern_ops"})
Index(
    "ix_cases_no_end",
    func.reverse(cases.c.no).label("reversed"),
    postgresql_ops={"reversed": "text_pattern_ops"},
)

Index("ix_cases_person", cases.c.person, cases.c.filed_at, postgresql_where=text("person IS NOT NULL"))
Index("ix_cases_call", cases.c.call_due_at, cases.c.no, postgresql_where=text("call_due_at IS NOT NULL"))
Index("ix_cases_trouble", cases.c.no, postgresql_where=text("trouble IS NOT NULL"))

history = Table(
    "history",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", String, nullable=False),
    Column("unit", String),
    Column("task_id", String),
    Column("actor", String),
    Column("detail", JSONB, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", String, primary_key=True),
    Column("case_no", String),  # none when it was taken back before it was raised
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

materials = Table(
    "materials",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Rooms: approvals (准入), certificates
approvals = approvals_table(metadata)
certificates, documents, seal_uses = certificate_tables(metadata)
# -- intake (bursts, consultations, drafts, diary, ledgers): their tables are this service's too

# What a case is stuck in: why, with the message that failed, until somebody mended it.
troubles = Table(
    "troubles",
    metadata,
    Column("id", String, primary_key=True),
    Column("case_no", String),
    Column("place", String, nullable=False),
    Column("kind", String, nullable=False),  # deadlines, or the name of the event that failed
    Column("reason", String, nullable=False),
    Column("message", JSONB),
    Column("tries", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("resolved_by", String),
)
Index("ix_troubles_open", troubles.c.opened_at, troubles.c.id, postgresql_where=text("resolved_at IS NULL"))
