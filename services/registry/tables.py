"""Grids, buildings, households, residents; what residents consented to and who looked at them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.registry.classes import tables as _classes  # noqa: F401
from services.registry.estates import tables as _estates  # noqa: F401
from services.registry.events import tables as _events  # noqa: F401
from services.registry.exchange import tables as exchange
from services.registry.gridmap import tables as _gridmap  # noqa: F401
from services.registry.metadata import metadata
from services.registry.people import tables as people
from services.registry.privacy import tables as privacy

grids = Table(
    "grids",
    metadata,
    Column("code", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("geometry", JSONB, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)
buildings = Table(
    "buildings",
    metadata,
    Column("code", String, primary_key=True),
    Column("grid", ForeignKey("grids.code"), nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("units", Integer, nullable=False),
    Column("floors", Integer, nullable=False),
    Column("built", Integer),
    Column("longitude", Float),
    Column("latitude", Float),
)
households = Table(
    "households",
    metadata,
    Column("household", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("building", ForeignKey("buildings.code"), index=True),
    Column("unit", Integer),
    Column("door", String),
    Column("address", String, nullable=False),
    Column("area", Numeric(9, 2)),
    Column("collective", Boolean, nullable=False, server_default=text("false")),
    Column("contact_name", String),
    Column("contact_phone", String),
    Column("move_in_date", Date),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("ix_households_place", "place", postgresql_ops={"place": "text_pattern_ops"}),
)
"""A household opened by a case may not know its building yet; its place is always known."""

residents = Table(
    "residents",
    metadata,
    Column("resident_id", String, primary_key=True),
    Column("household", ForeignKey("households.household"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("id_number", String, unique=True),
    Column("phone", String, index=True),
    Column("sex", String),
    Column("birth_date", Date),
    Column("relation", String),
    Column("is_party_member", Boolean, nullable=False, server_default=text("false")),
    Column("move_in_date", Date),
    Column("move_out_date", Date),
    Column("died_on", Date),
    Column("erased_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Index("ix_residents_name", "name", postgresql_ops={"name": "text_pattern_ops"}),
)
"""Whoever moved out keeps the last household, so that the area still knows whom it may look for."""

moves = Table(
    "moves",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("resident_id", ForeignKey("residents.resident_id"), primary_key=True),
    Column("household", ForeignKey("households.household"), nullable=False),
    Column("former_household", ForeignKey("households.household")),
    Column("former_relation", String),
    Column("former_move_in_date", Date),
    Column("former_move_out_date", Date),
)
"""Whom a case brought where, and how they lived before; nowhere, for those the registry did not know."""

undone_cases = Table(
    "undone_cases",
    metadata,
    Column("case_no", String, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Cases whose moves were taken back. News of their moving in that come later bring nobody in any more."""

consents = Table(
    "consents",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("resident_id", ForeignKey("residents.resident_id"), nullable=False, index=True),
    Column("purpose", String, nullable=False),
    Column("given", Boolean, nullable=False),
    Column("guardian", String),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("taken_by", String, nullable=False),
)
looks = Table(
    "looks",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("account", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("department", String),
    Column("resident_id", ForeignKey("residents.resident_id"), nullable=False, index=True),
    Column("fields", JSONB, nullable=False),
    Column("why", String, nullable=False),
    Column("case_no", String),
    # privacy: each look holds the hash of the one before, so that one altered or taken out shows
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)
"""Consents and looks are append-only: triggers of the first migration refuse changes and deletions."""

# What has changed lately is found without walking through everybody.
Index("ix_households_changed", households.c.changed_at)
Index("ix_residents_changed", residents.c.changed_at)

# people, exchange, privacy
changes, former_values, rechecks = people.add_tables(metadata)
imports, import_parts, import_rows, proposals = exchange.add_tables(metadata)
erasures, erasure_answers, breaches, breach_persons = privacy.add_tables(metadata)
