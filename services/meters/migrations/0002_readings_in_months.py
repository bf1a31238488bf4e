"""readings in months: partitions as `services/meters/months.py` keeps them."""

import itertools
from datetime import UTC, datetime

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MONTHS_BACK = 12
MONTHS_FORTH = 2

COLUMNS = """
    meter varchar NOT NULL, register varchar NOT NULL, at timestamptz NOT NULL, seq bigint NOT NULL,
    value numeric(18, 6) NOT NULL, unit varchar NOT NULL, quality varchar
"""


def upgrade() -> None:
    op.execute("ALTER TABLE readings RENAME TO readings_whole")
    op.execute("ALTER TABLE readings_whole RENAME CONSTRAINT pk_readings TO pk_readings_whole")
    op.execute(
        f"CREATE TABLE readings ({COLUMNS}, CONSTRAINT pk_readings PRIMARY KEY (meter, at, register, seq) INCLUDE (value, unit, quality))"
        " PARTITION BY RANGE (at)"
    )
    op.execute("CREATE SCHEMA months")
    now = datetime.now(UTC)
    ordinal = 12 * now.year + now.month - 1
    borders = [_month(ordinal + n) for n in range(-MONTHS_BACK, MONTHS_FORTH + 2)]
    op.execute(
        "CREATE TABLE months.readings_before PARTITION OF readings"
        f" FOR VALUES FROM (MINVALUE) TO ('{borders[0]}')"
    )
    for start, end in itertools.pairwise(borders):
        op.execute(
            f"CREATE TABLE months.readings_{start:%Y_%m} PARTITION OF readings FOR VALUES FROM ('{start}') TO ('{end}')"
        )
    op.execute("INSERT INTO readings SELECT * FROM readings_whole")
    op.execute("DROP TABLE readings_whole")


def downgrade() -> None:
    op.execute("ALTER TABLE readings RENAME TO readings_in_months")
    op.execute("ALTER TABLE readings_in_months RENAME CONSTRAINT pk_readings TO pk_readings_in_months")
    op.execute(
        f"CREATE TABLE readings ({COLUMNS}, CONSTRAINT pk_readings PRIMARY KEY (meter, register, at, seq))"
    )
    op.execute("INSERT INTO readings SELECT * FROM readings_in_months")
    op.execute("DROP TABLE readings_in_months")
    op.execute("DROP SCHEMA months CASCADE")


def _month(ordinal: int) -> datetime:
    return datetime(ordinal // 12, ordinal % 12 + 1, 1, tzinfo=UTC)
