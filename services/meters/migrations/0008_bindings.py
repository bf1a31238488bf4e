"""bindings: who was the first to report a meter, and who alone may."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("meter", sa.String(), nullable=False),
        sa.Column("heard_from", sa.String(), nullable=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bound_to", sa.String(), nullable=True),
        sa.Column("bound_by", sa.String(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("meter", name=op.f("pk_bindings")),
    )
    op.create_index("ix_bindings_heard_from", "bindings", ["heard_from"])
    op.create_index(
        "ix_bindings_bound_to", "bindings", ["bound_to"], postgresql_where=sa.text("bound_to IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_table("bindings")
