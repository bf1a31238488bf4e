"""Meetings, who came, what was resolved, who was elected, and until when."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table, Table]:
    meetings = Table(
        "meetings",
        metadata,
        Column("id", String, primary_key=True),
        Column("branch", ForeignKey("organisations.code"), nullable=False),
        Column("kind", String, nullable=False),
        Column("title", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False),
        Column("convened_by", String, nullable=False),
        Column("convened_at", DateTime(timezone=True), nullable=False),
        Column("venue", String),
        Column("minutes", String),
        Column("held_at", DateTime(timezone=True)),
    )
    Index("ix_meetings_branch_at", meetings.c.branch, meetings.c.at)
    attendance = Table(
        "attendance",
        metadata,
        Column("meeting", ForeignKey("meetings.id"), primary_key=True),
        Column("member", ForeignKey("members.id"), primary_key=True),
        Column("state", String, nullable=False),
        Column("reason", String),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    resolutions = Table(
        "resolutions",
        metadata,
        Column("id", String, primary_key=True),
        Column("meeting", ForeignKey("meetings.id"), nullable=False, index=True),
        Column("title", String, nullable=False),
        Column("entitled", Integer, nullable=False),
        Column("present", Integer, nullable=False),
        Column("votes_for", Integer, nullable=False),
        Column("votes_against", Integer, nullable=False),
        Column("abstained", Integer, nullable=False),
        Column("adopted", Boolean, nullable=False),
        Column("about", ForeignKey("members.id")),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    elections = Table(
        "elections",
        metadata,
        Column("id", String, primary_key=True),
        Column("branch", ForeignKey("organisations.code"), nullable=False),
        Column("seats", Integer, nullable=False),
        Column("on", Date, nullable=False),
        Column("state", String, nullable=False),
        Column("called_by", String, nullable=False),
        Column("called_at", DateTime(timezone=True), nullable=False),
        Column("meeting", ForeignKey("meetings.id")),
        Column("entitled", Integer),
        Column("present", Integer),
        Column("cast", Integer),
        Column("votes", JSONB),
        Column("elected", JSONB),
    )
    Index(
        "uq_elections_running",
        elections.c.branch,
        unique=True,
        postgresql_where=text("state = 'called'"),
    )
    terms = Table(
        "terms",
        metadata,
        Column("branch", ForeignKey("organisations.code"), primary_key=True),
        Column("began_on", Date, nullable=False),
        Column("ends_on", Date, nullable=False),
        Column("delayed_until", Date),
        Column("approval", String),
    )
    return meetings, attendance, resolutions, elections, terms
