"""Certificates of erasure with each office's answer; breaches and whom they concern."""

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, String, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def add_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    erasures = Table(
        "erasures",
        metadata,
        Column("certificate", String, primary_key=True),
        Column("resident_id", String, nullable=False, index=True),
        Column("place", String, nullable=False),
        Column("reason", String, nullable=False),
        Column("asked_by", String, nullable=False),
        Column("account", String, nullable=False),
        Column("asked_at", DateTime(timezone=True), nullable=False),
        Column("state", String, nullable=False),
        Column("completed_at", DateTime(timezone=True)),
    )
    erasure_answers = Table(
        "erasure_answers",
        metadata,
        Column("certificate", ForeignKey("erasures.certificate"), primary_key=True),
        Column("office", String, primary_key=True),
        Column("deleted", ARRAY(String), nullable=False),
        Column("kept", JSONB, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    breaches = Table(
        "breaches",
        metadata,
        Column("breach_id", String, primary_key=True),
        Column("what", String, nullable=False),
        Column("data_kinds", ARRAY(String), nullable=False),
        Column("measures", String, nullable=False),
        Column("found_at", DateTime(timezone=True), nullable=False),
        Column("reported_at", DateTime(timezone=True), nullable=False),
        Column("account", String, nullable=False),
    )
    breach_persons = Table(
        "breach_persons",
        metadata,
        Column("breach_id", ForeignKey("breaches.breach_id"), primary_key=True),
        Column("resident_id", ForeignKey("residents.resident_id"), primary_key=True),
        Column("place", String, nullable=False),
        Column("told_at", DateTime(timezone=True)),
        Column("how", String),
        Column("told_by", String),
    )
    return erasures, erasure_answers, breaches, breach_persons
