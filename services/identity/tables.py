"""Accounts, sessions, keys and devices. Of every secret only a hash is here."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.chassis.database import new_metadata

metadata = new_metadata()

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("department", String),
    Column("password_hash", String),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
roles = Table(
    "roles",
    metadata,
    Column("account", ForeignKey("accounts.account"), primary_key=True),
    Column("role", String, primary_key=True),
    Column("scope", String, primary_key=True),
)
sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("account", ForeignKey("accounts.account"), nullable=False, index=True),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", String),
)
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", String, primary_key=True),
    Column("session", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
)
revoked = Table(
    "revoked",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, index=True),
)
login_failures = Table(
    "login_failures",
    metadata,
    Column("account", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False, index=True),
    Column("wait_until", DateTime(timezone=True)),
)
api_keys = Table(
    "api_keys",
    metadata,
    Column("prefix", String, primary_key=True),
    Column("secret_hash", String, nullable=False),
    Column("account", ForeignKey("accounts.account"), nullable=False, index=True),
    Column("label", String, nullable=False),
    Column("roles", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)
devices = Table(
    "devices",
    metadata,
    Column("device", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("place", String, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Index("ix_devices_place", "place", postgresql_ops={"place": "text_pattern_ops"}),
)
accesses = Table(
    "accesses",
    metadata,
    Column("position", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    Column("account", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("what", String, nullable=False),
    Column("target", String),
    Column("outcome", String, nullable=False),
    Column("address", String),
)
"""Append-only: a trigger of the first migration refuses changes and deletions."""
