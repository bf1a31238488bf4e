"""people: history, exchange, privacy."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# The chain is checked by this very function ever after; whoever changes it has to chain anew.
from services.registry.privacy.model import GENESIS, link

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ONLY_GROWING = ("changes",)

FIRST_LINES = """
INSERT INTO changes (no, change_id, at, effective_on, kind, place, household, resident_id, lives_in, relation, fields,
                     evidence, who)
SELECT row_number() OVER (ORDER BY r.changed_at, r.resident_id), gen_random_uuid()::text, r.changed_at,
       coalesce(r.move_in_date, r.changed_at::date), 'registered', h.place, h.household, r.resident_id, h.household,
       r.relation, '{}', '[]', 'migration'
FROM residents r JOIN households h USING (household)
"""
LAST_LINES = """
INSERT INTO changes (no, change_id, at, effective_on, kind, place, household, resident_id, lives_in, relation, fields,
                     evidence, who)
SELECT (SELECT coalesce(max(no), 0) FROM changes) + row_number() OVER (ORDER BY r.changed_at, r.resident_id),
       gen_random_uuid()::text, r.changed_at, r.move_out_date, 'moved-out', h.place, h.household, r.resident_id, NULL,
       r.relation, '{}', '[]', 'migration'
FROM residents r JOIN households h USING (household) WHERE r.move_out_date IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("residents", sa.Column("died_on", sa.Date()))
    op.add_column("residents", sa.Column("erased_at", sa.DateTime(timezone=True)))
    op.create_table(
        "changes",
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("building", sa.String()),
        sa.Column("household", sa.String()),
        sa.Column("resident_id", sa.String()),
        sa.Column("lives_in", sa.String()),
        sa.Column("relation", sa.String()),
        sa.Column("fields", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("case_no", sa.String()),
        sa.Column("corrects", sa.String()),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_changes")),
        sa.UniqueConstraint("change_id", name=op.f("uq_changes_change_id")),
    )
    op.create_index("ix_changes_resident_id", "changes", ["resident_id", "no"])
    op.create_index("ix_changes_household", "changes", ["household", "no"])
    op.create_index("ix_changes_lives_in", "changes", ["lives_in"])
    op.create_index(
        "uq_changes_corrects", "changes", ["corrects"], unique=True,
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "former_values",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_former_values")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["changes.change_id"], name=op.f("fk_former_values_change_id_changes")
        ),
    )
    op.create_index(op.f("ix_former_values_resident_id"), "former_values", ["resident_id"])
    op.create_table(
        "rechecks",
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("case_no", sa.String()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_rechecks")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["changes.change_id"], name=op.f("fk_rechecks_change_id_changes"),
            deferrable=True, initially="DEFERRED",
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_rechecks_resident_id"), "rechecks", ["resident_id"])
    op.create_index("ix_rechecks_change_id", "rechecks", ["change_id"])
    op.create_table(
        "imports",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("encoding", sa.String()),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("faulty", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("position", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("whole", sa.Boolean()),
        sa.Column("reason", sa.String()),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_imports")),
    )
    op.create_index(
        "ix_imports_waiting", "imports", ["at"], postgresql_where=sa.text("state IN ('checking', 'applying')")
    )
    imported = ["import_id"], ["imports.import_id"]
    op.create_table(
        "import_parts",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_parts")),
        sa.ForeignKeyConstraint(*imported, name=op.f("fk_import_parts_import_id_imports")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("told", postgresql.JSONB(), nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.Column("proposals", postgresql.JSONB(), nullable=False),
        sa.Column("resident_id", sa.String()),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_rows")),
        sa.ForeignKeyConstraint(*imported, name=op.f("fk_import_rows_import_id_imports")),
    )
    op.create_table(
        "proposals",
        sa.Column("proposal_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decision_reason", sa.String()),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_proposals")),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.resident_id"], name=op.f("fk_proposals_resident_id_residents")
        ),
    )
    op.create_index(op.f("ix_proposals_resident_id"), "proposals", ["resident_id"])
    # privacy
    op.create_table(
        "erasures",
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("certificate", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_resident_id"), "erasures", ["resident_id"])
    op.create_table(
        "erasure_answers",
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("deleted", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("kept", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("certificate", "office", name=op.f("pk_erasure_answers")),
        sa.ForeignKeyConstraint(
            ["certificate"], ["erasures.certificate"], name=op.f("fk_erasure_answers_certificate_erasures")
        ),
    )
    op.create_table(
        "breaches",
        sa.Column("breach_id", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("data_kinds", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("measures", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("breach_id", name=op.f("pk_breaches")),
    )
    op.create_table(
        "breach_persons",
        sa.Column("breach_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("how", sa.String()),
        sa.Column("told_by", sa.String()),
        sa.PrimaryKeyConstraint("breach_id", "resident_id", name=op.f("pk_breach_persons")),
        sa.ForeignKeyConstraint(
            ["breach_id"], ["breaches.breach_id"], name=op.f("fk_breach_persons_breach_id_breaches")
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.resident_id"], name=op.f("fk_breach_persons_resident_id_residents")
        ),
    )
    _chain_the_looks()
    # What is known today is the beginning of the history: of the days before nobody wrote anything down.
    op.execute(FIRST_LINES)
    op.execute(LAST_LINES)
    for table in ONLY_GROWING:
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION only_grows()"
        )


def _chain_the_looks() -> None:
    """The looks there are become the beginning of the chain, in their order."""
    for name in ("previous", "hash"):
        op.add_column("looks", sa.Column(name, sa.String()))
    op.execute("ALTER TABLE looks DISABLE TRIGGER looks_only_grow")
    connection = op.get_bind()
    lines = connection.execute(sa.text("SELECT * FROM looks ORDER BY position")).mappings().all()
    previous = GENESIS
    for line in lines:
        values = {"position": line["position"], "previous": previous, "hash": link(previous, line)}
        connection.execute(
            sa.text("UPDATE looks SET previous = :previous, hash = :hash WHERE position = :position"), values
        )
        previous = values["hash"]
    op.execute("ALTER TABLE looks ENABLE TRIGGER looks_only_grow")
    for name in ("previous", "hash"):
        op.alter_column("looks", name, nullable=False)


def downgrade() -> None:
    # privacy
    op.drop_column("looks", "hash")
    op.drop_column("looks", "previous")
    for table in ("breach_persons", "breaches", "erasure_answers", "erasures"):
        op.drop_table(table)
    for table in ("proposals", "import_rows", "import_parts", "imports"):
        op.drop_table(table)
    op.drop_table("rechecks")
    op.drop_table("former_values")
    op.drop_table("changes")
    op.drop_column("residents", "erased_at")
    op.drop_column("residents", "died_on")
