"""Households of cases, talks, committees, posts, joint branches, instructors, appraisals."""

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
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_tables(metadata: MetaData) -> tuple[Table, ...]:
    # Which household a moving-in case was for: with the reports of that case it says who of ours lives there.
    homes = Table(
        "homes",
        metadata,
        Column("case_no", String, primary_key=True),
        Column("household", String, nullable=False, index=True),
    )
    talks = Table(
        "talks",
        metadata,
        Column("id", String, primary_key=True),
        Column("ask", String, nullable=False),
        Column("member", ForeignKey("members.id"), nullable=False),
        Column("branch", String),
        Column("place", String, nullable=False),
        Column("purpose", String, nullable=False),
        Column("state", String, nullable=False),
        Column("asked_at", DateTime(timezone=True), nullable=False),
        Column("due_on", Date, nullable=False),
        Column("held_on", Date),
        Column("result", String),
        Column("filed_by", String),
        Column("filed_at", DateTime(timezone=True)),
        UniqueConstraint("ask", "member"),
    )
    # One who is asked about again while a talk is open is talked with once.
    Index("uq_talks_open", talks.c.member, unique=True, postgresql_where=text("state = 'asked'"))
    committees = Table(
        "committees",
        metadata,
        Column("committee", String, primary_key=True),
        Column("estate", String, nullable=False),
        Column("place", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    seats = Table(
        "seats",
        metadata,
        Column("committee", ForeignKey("committees.committee"), primary_key=True),
        Column("seat", Integer, primary_key=True),
        Column("chair", Boolean, nullable=False),
        Column("member", ForeignKey("members.id")),
    )
    posts = Table(
        "posts",
        metadata,
        Column("id", String, primary_key=True),
        Column("member", ForeignKey("members.id"), nullable=False),
        Column("kind", String, nullable=False),
        Column("body", String, nullable=False),
        Column("post", String, nullable=False),
        Column("since", Date, nullable=False),
        Column("ended_on", Date),
        Column("noted_by", String, nullable=False),
    )
    Index(
        "uq_posts_standing",
        posts.c.member,
        posts.c.kind,
        posts.c.body,
        posts.c.post,
        unique=True,
        postgresql_where=text("ended_on IS NULL"),
    )
    joint_units = Table(
        "joint_units",
        metadata,
        Column("unit", ForeignKey("units.code"), primary_key=True),
        Column("branch", ForeignKey("organisations.code"), nullable=False),
    )
    instructors = Table(
        "instructors",
        metadata,
        Column("duty", ForeignKey("duties.id"), primary_key=True),
        Column("unit", ForeignKey("units.code"), nullable=False),
        Column("member", ForeignKey("members.id"), nullable=False),
        Column("since", Date, nullable=False),
    )
    appraisals = Table(
        "appraisals",
        metadata,
        Column("id", String, primary_key=True),
        Column("employer", String, nullable=False),
        Column("place", String, nullable=False),
        Column("period", String, nullable=False),
        Column("document", JSONB, nullable=False),
        Column("issued_by", String, nullable=False),
        Column("issued_at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("employer", "place", "period"),
    )
    return homes, talks, committees, seats, posts, joint_units, instructors, appraisals
