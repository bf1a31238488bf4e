"""The log of what was heard, and the tables that are made from it and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    String,
    Table,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.insight.metadata import metadata
from services.insight.model import OPEN
from services.insight.scores import tables as _scores  # noqa: F401


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

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_NEVER: Any = literal_column("'9999-12-31 00:00:00+00'::timestamp with time zone")
"""Written out: an index on an expression is used only where the very same one is asked."""

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
    Column("level", Integer, nullable=False, server_default="0"),
    Column("returns", Integer, nullable=False, server_default="0"),
    Column("units", ARRAY(String), nullable=False, server_default="{}"),
    Column("officers", ARRAY(String), nullable=False, server_default="{}"),
    _moment("called_at"),  # of the latest call that reached the applicant
    Column("resolved", Boolean),
    _moment("word_at"),  # of the applicant's latest word: when called back, or by stars
    Column("satisfied", Boolean),
)
case_urgency = func.coalesce(cases.c.next_due_at, _NEVER)

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
    Column("channel", String),
    _moment("assigned_at"),
    _moment("sign_by"),
    _moment("signed_at"),
    _moment("due_at"),
    _moment("finished_at"),
    Column("outcome", String),
    Column("officer", String),  # who signed or finished it last
    Column("returns", Integer, nullable=False, server_default="0"),
    Column("extensions", Integer, nullable=False, server_default="0"),
)
lane_urgency = func.coalesce(lanes.c.due_at, _NEVER)

# What is in hand is counted where it lies; how much that is depends on the people, not on the years.
_in_hand, _held = cases.c.closed_at.is_(None), lanes.c.status.in_(OPEN)
Index(
    "ix_cases_in_hand",
    cases.c.place,
    cases.c.matter,
    cases.c.next_due_at,
    postgresql_include=["units"],
    postgresql_where=_in_hand,
)
Index("ix_cases_urgency", case_urgency, cases.c.case_no, postgresql_where=_in_hand)
Index(
    "ix_lanes_held",
    *(lanes.c[name] for name in ("unit", "place", "status", "due_at", "sign_by", "assigned_at", "signed_at")),
    postgresql_where=_held,
)
Index("ix_lanes_urgency", lane_urgency, lanes.c.task_id, postgresql_where=_held)
# What is past is listed newest first, by its own moment.
for _name in ("filed_at", "closed_at", "called_at", "word_at"):
    Index(f"ix_cases_{_name}", cases.c[_name], cases.c.case_no, postgresql_include=["place", "matter"])
for _name in ("assigned_at", "finished_at", "due_at"):
    Index(f"ix_lanes_{_name}", lanes.c[_name], lanes.c.task_id, postgresql_include=["place", "unit"])
last_of_case = func.greatest(cases.c.filed_at, cases.c.closed_at, cases.c.called_at, cases.c.word_at)
last_of_lane = func.greatest(lanes.c.assigned_at, lanes.c.finished_at, lanes.c.due_at)
"""After it nothing is counted of a row: what happened lately in one grid is found by it."""
Index("ix_cases_place", cases.c.place, last_of_case, postgresql_ops={"place": "text_pattern_ops"})
Index("ix_lanes_place", lanes.c.place, last_of_lane, postgresql_ops={"place": "text_pattern_ops"})

tallies = Table(
    "tallies",
    metadata,
    Column("place", String, primary_key=True),  # a community, and every larger area; '' is everywhere
    Column("period", String, primary_key=True),  # a day in China, 2026-03-02, or its month, 2026-03
    Column("unit", String, primary_key=True),  # '' is whichever
    Column("numbers", JSONB, nullable=False),  # figure -> how many
)
"""Sums over `cases` and `lanes`, for whoever cannot wait for a count of a million."""

changes = Table(
    "changes",
    metadata,
    Column("place", String, nullable=False),
    Column("day", Date, nullable=False),
    Column("unit", String, nullable=False),
    Column("figure", String, nullable=False),
    Column("n", Integer, nullable=False),
)
"""What is yet to be added to the tallies. Whoever reads adds both; so nobody waits in line to write a sum."""
Index("ix_changes_day", changes.c.day)

rebuilds = Table(
    "rebuilds",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    _moment("asked_at", nullable=False),
    Column("stage", String, nullable=False),  # rows, sums, done
    Column("done_to", String, nullable=False, server_default=""),
    Column("cases", Integer, nullable=False, server_default="0"),
    Column("lanes", Integer, nullable=False, server_default="0"),
    _moment("finished_at"),
)
"""Where a rebuild has got to: it goes on after a restart."""
Index("ix_rebuilds_running", rebuilds.c.id, postgresql_where=text("finished_at IS NULL"))

said = Table(
    "said",
    metadata,
    Column("place", String, primary_key=True),
    Column("numbers", JSONB, nullable=False),
    Column("n", Integer, nullable=False),
)
"""What live screens were told last, so that they are told only what changed."""
