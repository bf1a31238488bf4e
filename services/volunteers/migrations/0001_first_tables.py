"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


NO_CHANGES = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger of hours is append-only';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON hours FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("volunteer_serials")))
    op.create_table(
        "errands",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_errands")),
    )
    op.create_index(
        "ix_errands_seeking",
        "errands",
        ["look_again_at"],
        unique=False,
        postgresql_where=sa.text("state = 'seeking'"),
    )
    op.create_table(
        "inbox",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_at"), "inbox", ["at"], unique=False)
    op.create_table(
        "items",
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("title_zh", sa.String(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("applicant", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("form", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("materials", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("return_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manual", sa.Boolean(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.Column("designated", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("extension_asked", sa.Boolean(), nullable=False),
        sa.Column("supplement_asked", sa.Boolean(), nullable=False),
        sa.Column("urged", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_items")),
    )
    op.create_index(op.f("ix_items_case_no"), "items", ["case_no"], unique=False)
    op.create_index(
        "ix_items_open",
        "items",
        ["unit", "due_at", "task_id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('done','refused','withdrawn')"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("routing_key", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
    )
    op.create_table(
        "requests",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("account", "key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_at"), "requests", ["at"], unique=False)
    op.create_table(
        "volunteers",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("times", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("guardian", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("engaged_in", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_volunteers")),
        sa.UniqueConstraint("id_number", name=op.f("uq_volunteers_id_number")),
    )
    op.create_index(
        "ix_volunteers_available",
        "volunteers",
        ["place"],
        unique=False,
        postgresql_ops={"place": "text_pattern_ops"},
        postgresql_where=sa.text("engaged_in IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_index(op.f("ix_volunteers_case_no"), "volunteers", ["case_no"], unique=False)
    op.create_table(
        "dispatches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("volunteer", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["errands.task_id"], name=op.f("fk_dispatches_task_id_errands")),
        sa.ForeignKeyConstraint(
            ["volunteer"], ["volunteers.number"], name=op.f("fk_dispatches_volunteer_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
    )
    op.create_index(op.f("ix_dispatches_case_no"), "dispatches", ["case_no"], unique=False)
    op.create_index("ix_dispatches_of_volunteer", "dispatches", ["volunteer", "offered_at"], unique=False)
    op.create_index(op.f("ix_dispatches_task_id"), "dispatches", ["task_id"], unique=False)
    op.create_index(
        "ix_dispatches_unanswered",
        "dispatches",
        ["answer_by"],
        unique=False,
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(
        "uq_dispatches_task_active",
        "dispatches",
        ["task_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered','accepted')"),
    )
    op.create_index(
        "uq_dispatches_volunteer_active",
        "dispatches",
        ["volunteer"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered','accepted')"),
    )
    op.create_table(
        "hours",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dispatch_id", sa.String(), nullable=False),
        sa.Column("volunteer", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatches.id"], name=op.f("fk_hours_dispatch_id_dispatches")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer"], ["volunteers.number"], name=op.f("fk_hours_volunteer_volunteers")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_hours")),
    )
    op.create_index(op.f("ix_hours_dispatch_id"), "hours", ["dispatch_id"], unique=False)
    op.create_index(op.f("ix_hours_volunteer"), "hours", ["volunteer"], unique=False)
    op.create_index(
        "uq_hours_dispatch_claim",
        "hours",
        ["dispatch_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.execute(NO_CHANGES)


def downgrade() -> None:
    op.drop_index(
        "uq_hours_dispatch_claim", table_name="hours", postgresql_where=sa.text("state = 'pending'")
    )
    op.drop_index(op.f("ix_hours_volunteer"), table_name="hours")
    op.drop_index(op.f("ix_hours_dispatch_id"), table_name="hours")
    op.drop_table("hours")
    op.drop_index(
        "uq_dispatches_volunteer_active",
        table_name="dispatches",
        postgresql_where=sa.text("state IN ('offered','accepted')"),
    )
    op.drop_index(
        "uq_dispatches_task_active",
        table_name="dispatches",
        postgresql_where=sa.text("state IN ('offered','accepted')"),
    )
    op.drop_index(
        "ix_dispatches_unanswered", table_name="dispatches", postgresql_where=sa.text("state = 'offered'")
    )
    op.drop_index(op.f("ix_dispatches_task_id"), table_name="dispatches")
    op.drop_index("ix_dispatches_of_volunteer", table_name="dispatches")
    op.drop_index(op.f("ix_dispatches_case_no"), table_name="dispatches")
    op.drop_table("dispatches")
    op.drop_index(op.f("ix_volunteers_case_no"), table_name="volunteers")
    op.drop_index(
        "ix_volunteers_available",
        table_name="volunteers",
        postgresql_ops={"place": "text_pattern_ops"},
        postgresql_where=sa.text("engaged_in IS NULL AND withdrawn_at IS NULL"),
    )
    op.drop_table("volunteers")
    op.drop_index(op.f("ix_requests_at"), table_name="requests")
    op.drop_table("requests")
    op.drop_table("outbox")
    op.drop_table("leases")
    op.drop_index(
        "ix_items_open",
        table_name="items",
        postgresql_where=sa.text("status NOT IN ('done','refused','withdrawn')"),
    )
    op.drop_index(op.f("ix_items_case_no"), table_name="items")
    op.drop_table("items")
    op.drop_index(op.f("ix_inbox_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("ix_errands_seeking", table_name="errands", postgresql_where=sa.text("state = 'seeking'"))
    op.drop_table("errands")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute(sa.schema.DropSequence(sa.Sequence("volunteer_serials")))
