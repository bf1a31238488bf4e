"""Rights, assemblies with votes and ballots, proposals, committees, the repair fund's books and uses."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

WHEN = DateTime(timezone=True)


def add_tables(metadata: MetaData) -> None:
    Table(
        "owned_estates",
        metadata,
        Column("estate", String, primary_key=True),
        Column("place", String, nullable=False),
        Column("name", String, nullable=False),
        Column("buildings", ARRAY(String), nullable=False),
        Column("told_at", WHEN, nullable=False),
    )
    rights = Table(
        "rights",
        metadata,
        Column("household", String, primary_key=True),
        Column("since", Date, primary_key=True),
        Column("until", Date),
        Column("place", String, nullable=False),
        Column("estate", String),
        Column("area", Numeric(9, 2)),
        Column("owners", JSONB, nullable=False),
        Column("told_at", WHEN, nullable=False),
    )
    Index("ix_rights_estate", rights.c.estate, rights.c.household)
    assemblies = Table(
        "assemblies",
        metadata,
        Column("assembly", String, primary_key=True),
        Column("estate", String, nullable=False),
        Column("place", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("state", String, nullable=False),
        Column("called_at", WHEN, nullable=False),
        Column("called_by", String, nullable=False),
        Column("noticed_at", WHEN, nullable=False),
        Column("opens_at", WHEN, nullable=False),
        Column("closes_at", WHEN, nullable=False),
        Column("asked", JSONB, nullable=False),
        Column("counted_at", WHEN),
        Column("post_by", WHEN),
        Column("posted_at", WHEN),
    )
    Index("ix_assemblies_running", assemblies.c.closes_at, postgresql_where=text("state = 'called'"))
    Index("ix_assemblies_newest", assemblies.c.opens_at, assemblies.c.assembly)
    Table(
        "votes",
        metadata,
        Column("vote", String, primary_key=True),
        Column("assembly", ForeignKey("assemblies.assembly"), nullable=False, index=True),
        Column("no", Integer, nullable=False),
        Column("subject", String, nullable=False),
        Column("title", String, nullable=False),
        Column("text", String, nullable=False),
        Column("secret", Boolean, nullable=False),
        Column("scope", ARRAY(String), nullable=False),
        Column("rule", JSONB, nullable=False),
        Column("roll_area", Numeric(12, 2), nullable=False),
        Column("roll_heads", Integer, nullable=False),
        Column("tally", JSONB, nullable=False),
        Column("outcome", String),
        Column("proposal", String),
        Column("fund_use", String),
    )
    voters = Table(
        "voters",
        metadata,
        Column("assembly", ForeignKey("assemblies.assembly"), primary_key=True),
        Column("voter", String, primary_key=True),
        Column("homes", JSONB, nullable=False),
        Column("slip", String),
        Column("issued_by", String),
        Column("issued_at", WHEN),
    )
    Index("uq_voters_slip", voters.c.slip, unique=True)
    # What a secret ballot was is not here: its seals tell nothing, `blind` is the sum over all choices.
    Table(
        "ballots",
        metadata,
        Column("vote", ForeignKey("votes.vote"), primary_key=True),
        Column("voter", String, primary_key=True),
        Column("area", Numeric(12, 2), nullable=False),
        Column("seals", JSONB, nullable=False),
        Column("blind", String, nullable=False),
        Column("choice", String),
        Column("secret", String),
        Column("proxy", String),
    )
    Table(
        "proxies",
        metadata,
        Column("assembly", ForeignKey("assemblies.assembly"), primary_key=True),
        Column("principal", String, primary_key=True),
        Column("proxy", String, nullable=False),
        Column("document", String, nullable=False),
        Column("registered_by", String, nullable=False),
        Column("registered_at", WHEN, nullable=False),
        Column("revoked_at", WHEN),
    )
    proposals = Table(
        "proposals",
        metadata,
        Column("proposal", String, primary_key=True),
        Column("estate", String, nullable=False),
        Column("place", String, nullable=False),
        Column("title", String, nullable=False),
        Column("text", String, nullable=False),
        Column("outcome", JSONB, nullable=False),
        Column("state", String, nullable=False),
        Column("made_by", String, nullable=False),
        Column("made_at", WHEN, nullable=False),
        Column("consult_until", WHEN, nullable=False),
        Column("vote", String),
        Column("result", JSONB),
    )
    Index("ix_proposals_newest", proposals.c.made_at, proposals.c.proposal)
    Table(
        "opinions",
        metadata,
        Column("no", BigInteger, Identity(), primary_key=True),
        Column("proposal", ForeignKey("proposals.proposal"), nullable=False, index=True),
        Column("stance", String, nullable=False),
        Column("text", String, nullable=False),
        Column("at", WHEN, nullable=False),
        Column("by", String, nullable=False),
    )
    committees = Table(
        "committees",
        metadata,
        Column("committee", String, primary_key=True),
        Column("estate", String, nullable=False),
        Column("place", String, nullable=False),
        Column("state", String, nullable=False),
        Column("elected_on", Date, nullable=False),
        Column("term_until", Date, nullable=False),
        Column("vote", String),
        Column("seats", JSONB, nullable=False),
        Column("file_by", Date, nullable=False),
        Column("filed_on", Date),
        Column("accept_by", WHEN),
        Column("accepted_on", Date),
        Column("case_no", String),
        Column("meet_by", Date, nullable=False),
        Column("published", String),
    )
    Index(
        "uq_committees_sitting", committees.c.estate, unique=True, postgresql_where=text("state = 'sitting'")
    )
    Index("ix_committees_newest", committees.c.elected_on, committees.c.committee)
    Table(
        "committee_meetings",
        metadata,
        Column("committee", ForeignKey("committees.committee"), primary_key=True),
        Column("held_on", Date, primary_key=True),
        Column("present", Integer, nullable=False),
        Column("minutes", String, nullable=False),
        Column("noted_by", String, nullable=False),
    )
    Table(
        "payment_publicity",
        metadata,
        Column("committee", ForeignKey("committees.committee"), primary_key=True),
        Column("half", String, primary_key=True),
        Column("published_at", WHEN, nullable=False),
        Column("lines", JSONB, nullable=False),
    )
    fund_uses = Table(
        "fund_uses",
        metadata,
        Column("use", String, primary_key=True),
        Column("estate", String, nullable=False, index=True),
        Column("place", String, nullable=False),
        Column("mode", String, nullable=False),
        Column("title", String, nullable=False),
        Column("contractor", String, nullable=False),
        Column("estimate", Numeric(12, 2), nullable=False),
        Column("scope", ARRAY(String), nullable=False),
        Column("created_at", WHEN, nullable=False),
        Column("kind", String),
        Column("case_no", String, unique=True),
        Column("vote", String),
        Column("state", String, nullable=False),
        Column("decide_by", WHEN),
        Column("pay_by", WHEN),
        Column("approved_at", WHEN),
        Column("paid", Numeric(12, 2), nullable=False),
        Column("cost", Numeric(12, 2)),
        Column("audit", String),
        Column("settled_at", WHEN),
        Column("history", JSONB, nullable=False),
    )
    Index("ix_fund_uses_newest", fund_uses.c.created_at, fund_uses.c.use)
    Table(
        "fund_accounts",
        metadata,
        Column("code", String, primary_key=True),
        Column("estate", String, nullable=False, index=True),
        Column("household", String),
        # Credited minus debited, kept in the transaction of the entry: what is there of a home's, or in the bank with a minus.
        Column("balance", Numeric(14, 2), nullable=False, server_default="0"),
        Column("first", Numeric(14, 2), nullable=False, server_default="0"),
        Column("told_at", WHEN),
    )
    # The same shape as the fees: one account debited, one credited, so the books balance; a trigger holds that lines stay.
    Table(
        "fund_entries",
        metadata,
        Column("no", BigInteger, Identity(), primary_key=True),
        Column("kind", String, nullable=False),
        Column("debit", ForeignKey("fund_accounts.code"), nullable=False, index=True),
        Column("credit", ForeignKey("fund_accounts.code"), nullable=False, index=True),
        Column("amount", Numeric(12, 2), nullable=False),
        Column("memo", String, nullable=False),
        Column("reference", String, unique=True),
        Column("use", String, index=True),
        Column("actor", String, nullable=False),
        Column("at", WHEN, nullable=False),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
    )
