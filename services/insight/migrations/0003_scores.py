"""Campaigns, evaluations and objections."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("zh", sa.String(), nullable=False),
        sa.Column("en", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_campaigns")),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("of", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("public_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_table(
        "objections",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("evaluation", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    op.create_index(op.f("ix_objections_evaluation"), "objections", ["evaluation"], unique=False)
    op.drop_index("ix_cases_in_hand", table_name="cases")
    op.create_index(
        "ix_cases_in_hand",
        "cases",
        ["place", "matter", "next_due_at"],
        postgresql_include=["units"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.execute(PLANS.format("SET plan_cache_mode = force_custom_plan"))


PLANS = """
    DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$
"""
"""An area of ten cases and one of a million want different plans, and one plan for any area is bad for both."""


def downgrade() -> None:
    op.execute(PLANS.format("RESET plan_cache_mode"))
    op.drop_index("ix_cases_in_hand", table_name="cases")
    op.create_index(
        "ix_cases_in_hand",
        "cases",
        ["place", "matter", "next_due_at"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    for name in ("objections", "evaluations", "campaigns"):
        op.drop_table(name)
