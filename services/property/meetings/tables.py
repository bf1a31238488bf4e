"""Joint meetings, their decisions, and notices."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY


def add_tables(metadata: MetaData) -> tuple[Table, ...]:
    meetings = Table(
        "joint_meetings",
        metadata,
        Column("meeting", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("held_on", Date, nullable=False),
        Column("units", ARRAY(String), nullable=False),
        Column("agenda", ARRAY(String), nullable=False),
        Column("present", ARRAY(String)),
        Column("minutes", String),
        Column("called_by", String, nullable=False),
        Column("called_at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_joint_meetings_newest", meetings.c.called_at, meetings.c.meeting)
    decisions = Table(
        "decisions",
        metadata,
        Column("decision", String, primary_key=True),
        Column("meeting", ForeignKey("joint_meetings.meeting"), nullable=False, index=True),
        Column("place", String, nullable=False),
        Column("what", String, nullable=False),
        Column("unit", String, nullable=False),
        Column("due_on", Date, nullable=False),
        Column("state", String, nullable=False),
        Column("result", String),
        Column("done_at", DateTime(timezone=True)),
        Column("told_overdue_at", DateTime(timezone=True)),
    )
    Index("ix_decisions_due", decisions.c.due_on, decisions.c.decision)
    Index(
        "ix_decisions_untold",
        decisions.c.due_on,
        postgresql_where=text("state = 'open' AND told_overdue_at IS NULL"),
    )
    notices = Table(
        "notices",
        metadata,
        Column("notice", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("body", String, nullable=False),
        Column("since", Date, nullable=False),
        Column("until", Date),
        Column("posted_by", String, nullable=False),
        Column("posted_at", DateTime(timezone=True), nullable=False),
    )
    Index("ix_notices_of", notices.c.place, notices.c.since, notices.c.notice)
    return meetings, decisions, notices
