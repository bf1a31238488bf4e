"""The register, alarms and findings, access, and the look-up log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.backoffice import tray
from services.chassis.database import new_metadata

metadata = new_metadata()
items = tray.add_table(metadata)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("place", String, nullable=False),
    Column("cameras", JSONB, nullable=False),
    Column("type", String),
    Column("severity", SmallInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("raised_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
Index("ix_findings_open", findings.c.kind, findings.c.place, postgresql_where=text("state = 'open'"))

cameras = Table(
    "cameras",
    metadata,
    Column("camera", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("place", String, nullable=False, index=True),
    Column("address", String, nullable=False),
    Column("site", String, nullable=False),
    Column("zone", String),
    Column("platform", String),
    Column("interval_s", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("report_after_min", Integer, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("status", String, nullable=False),
    Column("last_seen", DateTime(timezone=True)),
    # last_seen plus the camera's own patience, written with it: each camera has another limit and the search for the
    # silent ones must be an index's first few lines, not a computation over all.
    Column("silent_at", DateTime(timezone=True)),
    Column("offline_at", DateTime(timezone=True)),
    Column("finding_id", String, ForeignKey("findings.finding_id")),
)
Index("ix_cameras_listened_to", cameras.c.silent_at, postgresql_where=text("status = 'online'"))
Index(
    "ix_cameras_unreported",
    cameras.c.offline_at,
    postgresql_where=text("status = 'offline' AND finding_id IS NULL"),
)
Index("ix_cameras_finding_id", cameras.c.finding_id, postgresql_where=text("finding_id IS NOT NULL"))

alarms = Table(
    "alarms",
    metadata,
    Column("alarm_no", String, primary_key=True),
    Column("camera", String, ForeignKey("cameras.camera"), nullable=False),
    Column("place", String, nullable=False),
    Column("type", String, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("label", String),
    Column("zone", String),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("count", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("acknowledged_by", String),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("cleared_by", String),
    Column("cleared_at", DateTime(timezone=True)),
    Column("clear_reason", String),
    Column("finding_id", String, ForeignKey("findings.finding_id"), index=True),
    Column("evidence", JSONB, nullable=False),
)
Index("ix_alarms_latest", alarms.c.camera, alarms.c.type, alarms.c.last_at)
Index("ix_alarms_by_time", alarms.c.first_at, alarms.c.alarm_no)

grants = Table(
    "grants",
    metadata,
    Column("grant_no", String, primary_key=True),
    Column("case_no", String, nullable=False, index=True),
    Column("task_id", String, nullable=False),
    Column("place", String, nullable=False),
    Column("address", String),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("consent", JSONB, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

viewings = Table(
    "viewings",
    metadata,
    Column("viewing_no", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("cameras", JSONB, nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("requester", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", String, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("task_id", String, index=True),
    Column("status", String, nullable=False),
    Column("decided_by", String),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_note", String),
)
Index("ix_viewings_by_time", viewings.c.asked_at, viewings.c.viewing_no)

# Lines are only ever added: a trigger of the first migration refuses every change, and the chain of hashes shows one
# that was made behind its back.
lookups = Table(
    "lookups",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("viewing_no", String, ForeignKey("viewings.viewing_no"), nullable=False, index=True),
    Column("camera", String, nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("viewer", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", String, nullable=False),
    Column("account", String, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False),
)
