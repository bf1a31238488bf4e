"""Imports with their rows, and what other registers say otherwise."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def add_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    imports = Table(
        "imports",
        metadata,
        Column("import_id", String, primary_key=True),
        Column("kind", String, nullable=False),
        Column("place", String, nullable=False),
        Column("name", String, nullable=False),
        Column("source", String, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("sha256", String, nullable=False),
        Column("state", String, nullable=False),
        Column("encoding", String),
        Column("faults", JSONB, nullable=False),
        Column("rows", Integer, nullable=False, server_default="0"),
        Column("faulty", Integer, nullable=False, server_default="0"),
        Column("done", Integer, nullable=False, server_default="0"),
        Column("position", Integer, nullable=False, server_default="0"),
        Column("whole", Boolean),
        Column("reason", String),
        Column("account", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("ended_at", DateTime(timezone=True)),
        Index("ix_imports_waiting", "at", postgresql_where=text("state IN ('checking', 'applying')")),
    )
    import_parts = Table(
        "import_parts",
        metadata,
        Column("import_id", ForeignKey("imports.import_id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("content", LargeBinary, nullable=False),
    )
    import_rows = Table(
        "import_rows",
        metadata,
        Column("import_id", ForeignKey("imports.import_id"), primary_key=True),
        Column("line", Integer, primary_key=True, autoincrement=False),
        Column("outcome", String, nullable=False),
        Column("told", JSONB, nullable=False),
        Column("faults", JSONB, nullable=False),
        Column("proposals", JSONB, nullable=False),
        Column("resident_id", String),
    )
    proposals = Table(
        "proposals",
        metadata,
        Column("proposal_id", String, primary_key=True),
        Column("resident_id", ForeignKey("residents.resident_id"), nullable=False, index=True),
        Column("place", String, nullable=False),
        Column("field", String, nullable=False),
        Column("value", String, nullable=False),
        Column("source", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("account", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False),
        Column("decided_by", String),
        Column("decided_at", DateTime(timezone=True)),
        Column("decision_reason", String),
    )
    return imports, import_parts, import_rows, proposals


# The file and its rows hold personal values: they are deleted when the import has ended, or after a week.
