"""One census and everything of it. Names, ID numbers and free text are columns of their own: they are deleted after the close."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.database import new_metadata

metadata = new_metadata()

censuses = Table(
    "censuses",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("place", String, nullable=False),
    Column("reference_at", DateTime(timezone=True), nullable=False),
    Column("area", JSONB, nullable=False),
    Column("seed", String, nullable=False),
    Column("state", String, nullable=False),
    Column("planned_at", DateTime(timezone=True), nullable=False),
    Column("planned_by", String, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("erase_at", DateTime(timezone=True)),
    Column("erased_at", DateTime(timezone=True)),
    Index("ix_censuses_to_erase", "erase_at", postgresql_where=text("erased_at IS NULL")),
)
blocks = Table(
    "blocks",
    metadata,
    Column("census_id", ForeignKey("censuses.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("persons", Integer, nullable=False),
    Column("in_bounds", Boolean, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("geometry", JSONB, nullable=False),
    Column("households", Integer, nullable=False, server_default="0"),
    Column("enumerator", String, index=True),
)
buildings = Table(
    "buildings",
    metadata,
    Column("census_id", ForeignKey("censuses.id"), primary_key=True),
    Column("building", String, primary_key=True),
    Column("address", String, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("latitude", Float, nullable=False),
    Column("persons", Integer, nullable=False),
    Column("block", Integer),
    ForeignKeyConstraint(["census_id", "block"], ["blocks.census_id", "blocks.number"]),
    Index("ix_buildings_block", "census_id", "block"),
)
households = Table(
    "households",
    metadata,
    Column("id", String, primary_key=True),
    Column("census_id", String, nullable=False),
    Column("block", Integer, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("building", String, nullable=False),
    Column("door", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("visits", Integer, nullable=False, server_default="0"),
    Column("last_visit", String),
    ForeignKeyConstraint(["census_id", "block"], ["blocks.census_id", "blocks.number"]),
    ForeignKeyConstraint(["census_id", "building"], ["buildings.census_id", "buildings.building"]),
    UniqueConstraint("census_id", "block", "serial", name="uq_households_serial"),
    UniqueConstraint("census_id", "building", "door", name="uq_households_door"),
)
visits = Table(
    "visits",
    metadata,
    Column("id", String, primary_key=True),
    Column("household_id", ForeignKey("households.id"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("note", String),
)
questionnaires = Table(
    "questionnaires",
    metadata,
    Column("household_id", ForeignKey("households.id"), primary_key=True),
    Column("form", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("confirmed_once", Boolean, nullable=False, server_default=text("false")),
)
versions = Table(
    "versions",
    metadata,
    Column("household_id", String, primary_key=True),
    Column("form", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("answers", JSONB, nullable=False),
    Column("identifying", JSONB(none_as_null=True)),
    Column("explanations", JSONB(none_as_null=True)),
    Column("reason", String),
    Column("cause", String, nullable=False),
    Column("keyed_by", String, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("confirmed_person", Integer),
    Column("confirmed_manner", String),
    ForeignKeyConstraint(
        ["household_id", "form"],
        ["questionnaires.household_id", "questionnaires.form"],
        name="fk_versions_form",
    ),
)
keyings = Table(
    "keyings",
    metadata,
    Column("id", String, primary_key=True),
    Column("census_id", ForeignKey("censuses.id"), nullable=False, index=True),
    Column("household_id", String, nullable=False),
    Column("form", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("keyer", String, index=True),
    Column("answers", JSONB(none_as_null=True)),
    Column("identifying", JSONB(none_as_null=True)),
    Column("items", Integer, nullable=False, server_default="0"),
    Column("keyed_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["household_id", "form"],
        ["questionnaires.household_id", "questionnaires.form"],
        name="fk_keyings_form",
    ),
    UniqueConstraint("household_id", "form", name="uq_keyings_form"),
)
differences = Table(
    "differences",
    metadata,
    Column("keying_id", ForeignKey("keyings.id"), primary_key=True),
    Column("path", String, primary_key=True),
    Column("identifying", Boolean, nullable=False),
    Column("first", JSONB(none_as_null=True)),
    Column("second", JSONB(none_as_null=True)),
    Column("verdict", String),
    Column("value", JSONB(none_as_null=True)),
    Column("by", String),
    Column("at", DateTime(timezone=True)),
)
certificates = Table(
    "certificates",
    metadata,
    Column("census_id", ForeignKey("censuses.id"), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("erased", JSONB, nullable=False),
    Column("left", Integer, nullable=False),
    Column("digest", String, nullable=False),
)
publications = Table(
    "publications",
    metadata,
    Column("census_id", ForeignKey("censuses.id"), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("content", JSONB, nullable=False),
)
