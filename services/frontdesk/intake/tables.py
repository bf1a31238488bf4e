"""Reports and the incidents they collapse into, broadcasts, consultations, drafts, the diary and ledgers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.frontdesk.metadata import metadata


def _moment(name: str, nullable: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


# A report is a row of its own and nobody's but its filer's: three hundred filed at once share no row, hence no lock.
reports = Table(
    "reports",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("area", String, nullable=False),
    _moment("at"),
    Column(
        "reporter", String, nullable=False
    ),  # a keyed digest: one person who reports ten times counts once
    Column("weight", Integer, nullable=False),
    Column("joins", Boolean, nullable=False),
    Column("incident_no", String),
    _moment("answered_at", nullable=True),
)
Index("ix_reports_waiting", reports.c.kind, reports.c.at, postgresql_where=text("incident_no IS NULL"))
Index(
    "ix_reports_area",
    reports.c.kind,
    reports.c.area,
    reports.c.at,
    postgresql_where=text("incident_no IS NULL"),
)
Index(
    "ix_reports_incident",
    reports.c.incident_no,
    reports.c.case_no,
    postgresql_where=text("incident_no IS NOT NULL"),
)
Index(
    "ix_reports_unanswered",
    reports.c.incident_no,
    postgresql_where=text("incident_no IS NOT NULL AND answered_at IS NULL"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("area", String, nullable=False),
    Column("then", String, nullable=False),
    _moment("since"),
    _moment("opened_at"),
    _moment("ended_at", nullable=True),
    _moment("settled_at", nullable=True),
    Column("noted", Integer, nullable=False, server_default="0"),
    _moment("noted_at", nullable=True),
)
# Two that collapse the same burst at once meet here, and one of them has nothing to do.
Index(
    "uq_incidents_open",
    incidents.c.kind,
    incidents.c.area,
    unique=True,
    postgresql_where=text("ended_at IS NULL"),
)
Index("ix_incidents_unsettled", incidents.c.case_no, postgresql_where=text("settled_at IS NULL"))
Index("ix_incidents_newest", incidents.c.opened_at, incidents.c.case_no)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("broadcast_id", String, primary_key=True),
    Column("case_no", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("place", String, nullable=False),
    Column("zh", String, nullable=False),
    Column("en", String, nullable=False),
    _moment("made_at"),
    _moment("over_at", nullable=True),
)
Index("ix_broadcasts_newest", broadcasts.c.made_at, broadcasts.c.broadcast_id)

consultations = Table(
    "consultations",
    metadata,
    Column("consultation_id", String, primary_key=True),
    Column("case_no", String, nullable=False, index=True),
    Column("place", String, nullable=False),
    Column("units", ARRAY(String), nullable=False),
    Column("question", String, nullable=False),
    _moment("opened_at"),
    Column("opened_by", String, nullable=False),
    _moment("ruled_at", nullable=True),
    Column("ruled_by", String),
    Column("minutes", String),
    Column("ruling", String),
    Column("lead", String),
    Column("co_units", ARRAY(String)),
)
Index("ix_consultations_newest", consultations.c.opened_at, consultations.c.consultation_id)

# The body is sealed with a key that is made from the secret and stored nowhere.
drafts = Table(
    "drafts",
    metadata,
    Column("code", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    _moment("expires_at"),
)
Index("ix_drafts_expiry", drafts.c.expires_at)

diary = Table(
    "diary",
    metadata,
    Column("entry_id", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("kind", String, nullable=False),
    _moment("happened_at"),
    _moment("written_at"),
    Column("written_by", String, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("text", String, nullable=False),
    Column("follow_up", String),
    Column("case_no", String),
)
Index("ix_diary_newest", diary.c.happened_at, diary.c.entry_id)
Index(
    "ix_diary_pending",
    diary.c.happened_at,
    diary.c.entry_id,
    postgresql_where=text("follow_up IS NOT NULL AND case_no IS NULL"),
)

# A line points at a line of a history or at an entry of the diary and copies neither.
ledger_lines = Table(
    "ledger_lines",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("ledger", String, nullable=False),
    Column("place", String, nullable=False),
    _moment("at"),
    Column("case_no", String),
    Column("seq", Integer),
    Column("entry_id", String),
)
Index("ix_ledger_lines_ledger", ledger_lines.c.ledger, ledger_lines.c.position)
