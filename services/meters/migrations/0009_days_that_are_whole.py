"""vee_due: when it was last looked whether the day is whole."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vee_due", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_vee_due_since", "vee_due", ["since"])


def downgrade() -> None:
    op.drop_index("ix_vee_due_since", table_name="vee_due")
    op.drop_column("vee_due", "looked_at")
