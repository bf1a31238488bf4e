"""The tray, the tree, the roll, and what units owe."""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)

from services.backoffice import tray
from services.chassis.database import new_metadata
from services.party.bonds import tables as bonds_tables
from services.party.development import tables as development_tables
from services.party.dues import tables as dues_tables
from services.party.meetings import tables as meetings_tables

metadata = new_metadata()
items = tray.add_table(metadata)

organisations = Table(
    "organisations",
    metadata,
    Column("code", String, primary_key=True),
    Column("level", String, nullable=False),
    Column("parent", ForeignKey("organisations.code")),
    Column("place", String, nullable=False),
    Column("name_zh", String, nullable=False),
    Column("name_en", String, nullable=False),
    Column("founded_at", DateTime(timezone=True), nullable=False),
    Column("unit", ForeignKey("units.code")),
)
# A place has one committee and one grid branch; building groups and unit branches may be many.
Index(
    "uq_organisations_level_place",
    organisations.c.level,
    organisations.c.place,
    unique=True,
    postgresql_where=text("level IN ('street-committee','community-committee','grid-branch')"),
)

units = Table(
    "units",
    metadata,
    Column("code", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name_zh", String, nullable=False),
    Column("name_en", String, nullable=False),
    Column("place", String, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("id_number", String, nullable=False, unique=True),
    Column("stage", String, nullable=False),
    Column("place", String, nullable=False),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    Column("branch", ForeignKey("organisations.code"), index=True),
    Column("unit", ForeignKey("units.code"), index=True),
    Column("left_at", DateTime(timezone=True)),
    Column(
        "household", String, index=True
    ),  # as the registry names it; only to find whom an arrears talk is with
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", String, primary_key=True),
    Column("member", ForeignKey("members.id"), nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("destination", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("former_branch", ForeignKey("organisations.code")),
    Column("former_unit", ForeignKey("units.code")),
    Column("case_no", String, index=True),
)

# Where a member reported. `position` is his place in the case's form: with the case number it names him to the
# other departments, which hold the same form, without any number of his.
reports = Table(
    "reports",
    metadata,
    Column("id", String, primary_key=True),
    Column("member", ForeignKey("members.id"), nullable=False),
    Column("place", String, nullable=False),
    Column("employer", String),
    Column("case_no", String, index=True),
    Column("position", Integer),
    Column("volunteer", String, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
)
Index(
    "uq_reports_member_place",
    reports.c.member,
    reports.c.place,
    unique=True,
    postgresql_where=text("withdrawn_at IS NULL"),
)

duties = Table(
    "duties",
    metadata,
    Column("id", String, primary_key=True),
    Column("unit", ForeignKey("units.code"), nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("members", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("taken_by", String),
    Column("closed_at", DateTime(timezone=True)),
    Column("note", String),
)
# The third and the fourth member may be entered at the same moment: there is still one duty of a kind.
Index(
    "uq_duties_unit_kind",
    duties.c.unit,
    duties.c.kind,
    unique=True,
    postgresql_where=text("state <> 'lifted'"),
)
Index("ix_duties_open", duties.c.due_at, duties.c.id, postgresql_where=text("state IN ('due','in-hand')"))

# What the volunteers' office says: who of a case's form is which volunteer, and the hours he gave.
# Both are written as they are heard, in whatever order, and meet only when read.
volunteers = Table(
    "volunteers",
    metadata,
    Column("number", String, primary_key=True),
    Column("case_no", String, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("case_no", "position"),
)
services = Table(
    "services",
    metadata,
    Column("dispatch_id", String, primary_key=True),
    Column("volunteer", String, nullable=False, index=True),
    Column("hours", Numeric(8, 2), nullable=False),
    Column("case_no", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

# Rooms of the party office.
steps = development_tables.add_table(metadata)
meetings, attendance, resolutions, elections, terms = meetings_tables.add_tables(metadata)
dues_bases, dues_waivers, dues_lines, dues_notices = dues_tables.add_tables(metadata)
homes, talks, committees, seats, posts, joint_units, instructors, appraisals = bonds_tables.add_tables(
    metadata
)
