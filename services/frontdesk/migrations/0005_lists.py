"""Lists of a million cases: every filter of ListCases has its index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

GRAMS = """
    CREATE FUNCTION grams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1 AS $$
        SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM (
            SELECT substr(lower(said), at, long) AS gram
            FROM generate_series(1, length(said)) AS at CROSS JOIN generate_series(1, 2) AS long
            WHERE at + long - 1 <= length(said)
        ) AS every WHERE gram !~ '[[:digit:][:space:]-]'
    $$
"""
"""One and two characters in a row: a Chinese name has no three, so an index of trigrams would not find it."""


def upgrade() -> None:
    op.execute(GRAMS)
    op.execute("CREATE INDEX ix_cases_sought ON cases USING gin (grams(sought)) WITH (fastupdate = on)")
    op.execute("CREATE INDEX ix_cases_no_end ON cases (reverse(no) text_pattern_ops)")
    op.execute("CREATE INDEX ix_cases_no_begin ON cases (no text_pattern_ops)")
    op.create_index("ix_cases_matter", "cases", ["matter", "filed_at", "no"], postgresql_include=["place"])
    op.create_index("ix_cases_status", "cases", ["status", "filed_at", "no"], postgresql_include=["place"])
    op.create_index("ix_cases_units", "cases", ["units"], postgresql_using="gin")
    op.create_index(
        "ix_cases_open",
        "cases",
        ["filed_at", "no"],
        postgresql_include=["due_at", "place"],
        postgresql_where=sa.text(OPEN),
    )


OPEN = (
    "status NOT IN ('closed', 'refused', 'answered', 'withdrawn', 'merged', 'archived', 'not-accepted',"
    " 'transferred-emergency', 'suspended')"
)


def downgrade() -> None:
    for name in ("open", "units", "status", "matter", "no_begin", "no_end", "sought"):
        op.drop_index(f"ix_cases_{name}", table_name="cases")
    op.execute("DROP FUNCTION grams(text)")
