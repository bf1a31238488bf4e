"""Certificates, their documents, and the register of seal uses."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)


def certificate_tables(metadata: MetaData) -> tuple[Table, Table, Table]:
    certificates = Table(
        "certificates",
        metadata,
        Column("number", String, primary_key=True),
        Column("case_no", String, nullable=False, index=True),
        Column("matter", String, nullable=False),
        Column("place", String, nullable=False),
        Column("title_zh", String, nullable=False),
        Column("title_en", String, nullable=False),
        Column("holder", String, nullable=False),
        Column("issuer_zh", String, nullable=False),
        Column("issuer_en", String, nullable=False),
        Column("requester", String),
        Column("issued_at", DateTime(timezone=True), nullable=False),
        Column("valid_until", Date),
        Column("sha256", String, nullable=False),
        Column("revoked_at", DateTime(timezone=True)),
        Column("revoked_by", String),
        Column("revoked_why", String),
    )
    Index("ix_certificates_newest", certificates.c.issued_at, certificates.c.number)
    # Kept by the hash of what they are, like materials; here and not on a disk, so that a document and the line that says
    # it was sealed are one transaction and one backup.
    documents = Table(
        "documents",
        metadata,
        Column("sha256", String, primary_key=True),
        Column("content", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    seal_uses = Table(
        "seal_uses",
        metadata,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("place", String, nullable=False),
        Column("use", String, nullable=False),
        Column("title", String, nullable=False),
        Column("asked_by", String, nullable=False),
        Column("why", String, nullable=False),
        Column("handled_by", String, nullable=False),
        Column("approved_by", String, nullable=False),
        Column("sha256", String, nullable=False),
        Column("copies", Integer, nullable=False),
        Column("case_no", String),
        Column("number", String),
        CheckConstraint("use IN ('work', 'certificate')", name="two_uses"),
    )
    Index(
        "ix_seal_uses_place", seal_uses.c.place, seal_uses.c.seq, postgresql_ops={"place": "text_pattern_ops"}
    )
    return certificates, documents, seal_uses
