"""findings: severity, away from and until, pulses."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("findings", sa.Column("severity", sa.Integer(), server_default="3", nullable=False))
    op.execute("UPDATE findings SET severity = 1 WHERE kind = 'welfare'")
    op.add_column("watches", sa.Column("rule", sa.String(), nullable=True))
    for name in ("away_from", "away_told_at", "away_ended_at"):
        op.add_column("watches", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "pulses",
        sa.Column("meter", sa.String(), nullable=False),
        sa.Column("summed_by", sa.String(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_value", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("flat_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zero_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fast_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_value", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("was_flat_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_zero_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_fast_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("meter", name=op.f("pk_pulses")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_pulses_due", "pulses", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL"))
    op.create_index("ix_meters_offline", "meters", ["place"], postgresql_where=sa.text("offline"))


def downgrade() -> None:
    op.drop_index("ix_meters_offline", table_name="meters", postgresql_where=sa.text("offline"))
    op.drop_index("ix_pulses_due", table_name="pulses", postgresql_where=sa.text("due_at IS NOT NULL"))
    op.drop_table("pulses")
    for name in ("away_ended_at", "away_told_at", "away_from", "rule"):
        op.drop_column("watches", name)
    op.drop_column("findings", "severity")
