"""The log of what was heard, and the two tables that are made from it and from nothing else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, Index, Integer, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.database import new_metadata

metadata = new_metadata()


def _moment(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


event_log = Table(
    "event_log",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    _moment("at", nullable=False),
    Column("kind", String, nullable=False),
    Column("unit", String),
    Column("task_id", String),
    Column("actor", String),
    Column("detail", JSONB, nullable=False),
    Column(
        "face", JSONB(none_as_null=True)
    ),  # the whole case as it looked after this line, where it was the last of its event
)
Index(
    "ix_event_log_opinions",
    event_log.c.case_no,
    event_log.c.seq,
    postgresql_where=event_log.c.kind.in_(("called-back", "rated")),
)

facts = Table(
    "facts",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("speaker", String, nullable=False),
    Column("subject", String, nullable=False),
    _moment("at", nullable=False),
    Column("data", JSONB, nullable=False),
)
Index("ix_facts_name_at", facts.c.name, facts.c.at)

cases = Table(
    "cases",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("seq", Integer, nullable=False),  # of the line this row was made from
    Column("status", String, nullable=False),
    Column("matter", String, nullable=False),
    Column("title_zh", String),
    Column("title_en", String),
    Column("place", String, nullable=False),
    Column("channel", String),
    _moment("filed_at", nullable=False),
    _moment("due_at", nullable=False),
    _moment(
        "next_due_at"
    ),  # the case's own or an open task's, whichever is sooner; none while all clocks stand still
    _moment("closed_at"),
)
Index("ix_cases_in_hand", cases.c.next_due_at, postgresql_where=cases.c.closed_at.is_(None))
Index("ix_cases_closed_at", cases.c.closed_at)
Index("ix_cases_filed_at", cases.c.filed_at)

lanes = Table(
    "lanes",
    metadata,
    Column("task_id", String, primary_key=True),
    Column("case_no", String, nullable=False, index=True),
    Column("seq", Integer, nullable=False),
    Column("unit", String, nullable=False),
    Column("status", String, nullable=False),
    Column("step", String),
    Column("title_zh", String),
    Column("title_en", String),
    Column("matter", String, nullable=False),
    Column("place", String, nullable=False),
    _moment("assigned_at"),
    _moment("sign_by"),
    _moment("signed_at"),
    _moment("due_at"),
    _moment("finished_at"),
    Column("outcome", String),
)
Index("ix_lanes_unit_status", lanes.c.unit, lanes.c.status)
Index("ix_lanes_assigned_at", lanes.c.assigned_at)

said = Table(
    "said",
    metadata,
    Column("place", String, primary_key=True),
    Column("numbers", JSONB, nullable=False),
    Column("n", Integer, nullable=False),
)
"""What live screens were told last, so that they are told only what changed."""
