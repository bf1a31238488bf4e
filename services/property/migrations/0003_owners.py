"""owners."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assemblies",
        sa.Column("assembly", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_by", sa.String(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("post_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("assembly", name=op.f("pk_assemblies")),
    )
    op.create_index("ix_assemblies_newest", "assemblies", ["opens_at", "assembly"], unique=False)
    op.create_index(
        "ix_assemblies_running",
        "assemblies",
        ["closes_at"],
        unique=False,
        postgresql_where=sa.text("state = 'called'"),
    )
    op.create_table(
        "committees",
        sa.Column("committee", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("elected_on", sa.Date(), nullable=False),
        sa.Column("term_until", sa.Date(), nullable=False),
        sa.Column("vote", sa.String(), nullable=True),
        sa.Column("seats", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_by", sa.Date(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("accept_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("meet_by", sa.Date(), nullable=False),
        sa.Column("published", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("committee", name=op.f("pk_committees")),
    )
    op.create_index("ix_committees_newest", "committees", ["elected_on", "committee"], unique=False)
    op.create_index(
        "uq_committees_sitting",
        "committees",
        ["estate"],
        unique=True,
        postgresql_where=sa.text("state = 'sitting'"),
    )
    op.create_table(
        "fund_accounts",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=True),
        sa.Column("balance", sa.Numeric(precision=14, scale=2), server_default="0", nullable=False),
        sa.Column("first", sa.Numeric(precision=14, scale=2), server_default="0", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_fund_accounts")),
    )
    op.create_index(op.f("ix_fund_accounts_estate"), "fund_accounts", ["estate"], unique=False)
    op.create_table(
        "fund_uses",
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("contractor", sa.String(), nullable=False),
        sa.Column("estimate", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("scope", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("vote", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pay_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("cost", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("audit", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("use", name=op.f("pk_fund_uses")),
        sa.UniqueConstraint("case_no", name=op.f("uq_fund_uses_case_no")),
    )
    op.create_index(op.f("ix_fund_uses_estate"), "fund_uses", ["estate"], unique=False)
    op.create_index("ix_fund_uses_newest", "fund_uses", ["created_at", "use"], unique=False)
    op.create_table(
        "owned_estates",
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("buildings", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("estate", name=op.f("pk_owned_estates")),
    )
    op.create_table(
        "proposals",
        sa.Column("proposal", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consult_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vote", sa.String(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_newest", "proposals", ["made_at", "proposal"], unique=False)
    op.create_table(
        "rights",
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=True),
        sa.Column("area", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.Column("owners", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("household", "since", name=op.f("pk_rights")),
    )
    op.create_index("ix_rights_estate", "rights", ["estate", "household"], unique=False)
    op.create_table(
        "committee_meetings",
        sa.Column("committee", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("present", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["committee"], ["committees.committee"], name=op.f("fk_committee_meetings_committee_committees")
        ),
        sa.PrimaryKeyConstraint("committee", "held_on", name=op.f("pk_committee_meetings")),
    )
    op.create_table(
        "fund_entries",
        sa.Column("no", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("debit", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("use", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_fund_entries_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_fund_entries_two_accounts")),
        sa.ForeignKeyConstraint(
            ["credit"], ["fund_accounts.code"], name=op.f("fk_fund_entries_credit_fund_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["debit"], ["fund_accounts.code"], name=op.f("fk_fund_entries_debit_fund_accounts")
        ),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_fund_entries")),
        sa.UniqueConstraint("reference", name=op.f("uq_fund_entries_reference")),
    )
    op.create_index(op.f("ix_fund_entries_credit"), "fund_entries", ["credit"], unique=False)
    op.create_index(op.f("ix_fund_entries_debit"), "fund_entries", ["debit"], unique=False)
    op.create_index(op.f("ix_fund_entries_use"), "fund_entries", ["use"], unique=False)
    op.create_table(
        "opinions",
        sa.Column("no", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("proposal", sa.String(), nullable=False),
        sa.Column("stance", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal"], ["proposals.proposal"], name=op.f("fk_opinions_proposal_proposals")
        ),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_opinions")),
    )
    op.create_index(op.f("ix_opinions_proposal"), "opinions", ["proposal"], unique=False)
    op.create_table(
        "payment_publicity",
        sa.Column("committee", sa.String(), nullable=False),
        sa.Column("half", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["committee"], ["committees.committee"], name=op.f("fk_payment_publicity_committee_committees")
        ),
        sa.PrimaryKeyConstraint("committee", "half", name=op.f("pk_payment_publicity")),
    )
    op.create_table(
        "proxies",
        sa.Column("assembly", sa.String(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("proxy", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("registered_by", sa.String(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assembly"], ["assemblies.assembly"], name=op.f("fk_proxies_assembly_assemblies")
        ),
        sa.PrimaryKeyConstraint("assembly", "principal", name=op.f("pk_proxies")),
    )
    op.create_table(
        "voters",
        sa.Column("assembly", sa.String(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("homes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("slip", sa.String(), nullable=True),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["assembly"], ["assemblies.assembly"], name=op.f("fk_voters_assembly_assemblies")
        ),
        sa.PrimaryKeyConstraint("assembly", "voter", name=op.f("pk_voters")),
    )
    op.create_index("uq_voters_slip", "voters", ["slip"], unique=True)
    op.create_table(
        "votes",
        sa.Column("vote", sa.String(), nullable=False),
        sa.Column("assembly", sa.String(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("scope", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("roll_area", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("roll_heads", sa.Integer(), nullable=False),
        sa.Column("tally", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("proposal", sa.String(), nullable=True),
        sa.Column("fund_use", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assembly"], ["assemblies.assembly"], name=op.f("fk_votes_assembly_assemblies")
        ),
        sa.PrimaryKeyConstraint("vote", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_assembly"), "votes", ["assembly"], unique=False)
    op.create_table(
        "ballots",
        sa.Column("vote", sa.String(), nullable=False),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("area", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("seals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("blind", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("secret", sa.String(), nullable=True),
        sa.Column("proxy", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["vote"], ["votes.vote"], name=op.f("fk_ballots_vote_votes")),
        sa.PrimaryKeyConstraint("vote", "voter", name=op.f("pk_ballots")),
    )

    # By hand: lines are only ever added, as in the fees.
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON fund_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("ballots")
    op.drop_index(op.f("ix_votes_assembly"), table_name="votes")
    op.drop_table("votes")
    op.drop_index("uq_voters_slip", table_name="voters")
    op.drop_table("voters")
    op.drop_table("proxies")
    op.drop_table("payment_publicity")
    op.drop_index(op.f("ix_opinions_proposal"), table_name="opinions")
    op.drop_table("opinions")
    op.drop_index(op.f("ix_fund_entries_use"), table_name="fund_entries")
    op.drop_index(op.f("ix_fund_entries_debit"), table_name="fund_entries")
    op.drop_index(op.f("ix_fund_entries_credit"), table_name="fund_entries")
    op.drop_table("fund_entries")
    op.drop_table("committee_meetings")
    op.drop_index("ix_rights_estate", table_name="rights")
    op.drop_table("rights")
    op.drop_index("ix_proposals_newest", table_name="proposals")
    op.drop_table("proposals")
    op.drop_table("owned_estates")
    op.drop_index("ix_fund_uses_newest", table_name="fund_uses")
    op.drop_index(op.f("ix_fund_uses_estate"), table_name="fund_uses")
    op.drop_table("fund_uses")
    op.drop_index(op.f("ix_fund_accounts_estate"), table_name="fund_accounts")
    op.drop_table("fund_accounts")
    op.drop_index(
        "uq_committees_sitting", table_name="committees", postgresql_where=sa.text("state = 'sitting'")
    )
    op.drop_index("ix_committees_newest", table_name="committees")
    op.drop_table("committees")
    op.drop_index(
        "ix_assemblies_running", table_name="assemblies", postgresql_where=sa.text("state = 'called'")
    )
    op.drop_index("ix_assemblies_newest", table_name="assemblies")
    op.drop_table("assemblies")
