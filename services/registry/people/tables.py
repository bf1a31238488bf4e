"""The history, the personal values it once held, and what has to be looked at again."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def add_tables(metadata: MetaData) -> tuple[Table, Table, Table]:
    changes = Table(
        "changes",
        metadata,
        # Counted up in the order of the commits, so that whoever reads on from a number has missed nothing before it.
        Column("no", BigInteger, primary_key=True, autoincrement=False),
        Column("change_id", String, nullable=False, unique=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("effective_on", Date, nullable=False),
        Column("kind", String, nullable=False),
        Column("place", String, nullable=False),
        Column("building", String),
        Column("household", String),
        Column("resident_id", String),
        Column("lives_in", String),
        Column("relation", String),
        Column("fields", ARRAY(String), nullable=False),
        Column("reason", String),
        Column("evidence", JSONB, nullable=False),
        Column("who", String, nullable=False),
        Column("case_no", String),
        Column("corrects", String),
        Index("ix_changes_resident_id", "resident_id", "no"),
        Index("ix_changes_household", "household", "no"),
        Index("ix_changes_lives_in", "lives_in"),
        Index("uq_changes_corrects", "corrects", unique=True, postgresql_where=text("corrects IS NOT NULL")),
    )
    former_values = Table(
        "former_values",
        metadata,
        Column("change_id", ForeignKey("changes.change_id"), primary_key=True),
        Column("resident_id", String, nullable=False, index=True),
        Column("before", JSONB, nullable=False),
    )
    rechecks = Table(
        "rechecks",
        metadata,
        Column("finding_id", String, primary_key=True),
        Column(
            "change_id",
            ForeignKey("changes.change_id", deferrable=True, initially="DEFERRED"),
            nullable=False,
        ),
        Column("resident_id", String, nullable=False, index=True),
        Column("household", String, nullable=False),
        Column("place", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False),
        Column("case_no", String),
        Column("closed_at", DateTime(timezone=True)),
        Index("ix_rechecks_change_id", "change_id"),
    )
    return changes, former_values, rechecks


# A line of `changes` is never edited: a trigger refuses. It says which values changed and never the values themselves;
# those of before stand in `former_values`, which an erasure deletes.
