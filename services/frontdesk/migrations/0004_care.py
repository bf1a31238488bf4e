"""Calls that are owed, whose case it is, and troubles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("person", sa.String(), nullable=True))
    op.add_column("cases", sa.Column("call_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE cases SET person = encode(sha256(convert_to(body -> 'applicant' ->> 'id_number', 'UTF8')), 'hex')"
        " WHERE body -> 'applicant' ->> 'id_number' <> ''"
    )
    op.create_index(
        "ix_cases_person", "cases", ["person", "filed_at"], postgresql_where=sa.text("person IS NOT NULL")
    )
    op.create_index(
        "ix_cases_call", "cases", ["call_due_at", "no"], postgresql_where=sa.text("call_due_at IS NOT NULL")
    )
    op.create_table(
        "troubles",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("message", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_troubles")),
    )
    op.create_index(
        "ix_troubles_open",
        "troubles",
        ["opened_at", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("troubles")
    op.drop_index("ix_cases_call", table_name="cases")
    op.drop_index("ix_cases_person", table_name="cases")
    op.drop_column("cases", "call_due_at")
    op.drop_column("cases", "person")
