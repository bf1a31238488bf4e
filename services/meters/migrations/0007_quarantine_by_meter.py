"""quarantine: whose reading it was meant to be."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WAITING = sa.text("state = 'waiting' AND meter IS NOT NULL")


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("meter", sa.String(), nullable=True))
    op.create_index("ix_quarantine_waiting", "quarantine", ["meter"], postgresql_where=WAITING)


def downgrade() -> None:
    op.drop_index("ix_quarantine_waiting", table_name="quarantine", postgresql_where=WAITING)
    op.drop_column("quarantine", "meter")
