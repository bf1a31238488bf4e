"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
        "services",
        sa.Column("dispatch_id", sa.String(), nullable=False),
        sa.Column("volunteer", sa.String(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dispatch_id", name=op.f("pk_services")),
    )
    op.create_index(op.f("ix_services_volunteer"), "services", ["volunteer"], unique=False)
    op.create_table(
        "units",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "volunteers",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_volunteers")),
        sa.UniqueConstraint("case_no", "position", name=op.f("uq_volunteers_case_no_position")),
    )
    op.create_table(
        "duties",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_duties_unit_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    op.create_index(
        "ix_duties_open",
        "duties",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('due','in-hand')"),
    )
    op.create_index(
        "uq_duties_unit_kind",
        "duties",
        ["unit", "kind"],
        unique=True,
        postgresql_where=sa.text("state <> 'lifted'"),
    )
    op.create_table(
        "organisations",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("founded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent"], ["organisations.code"], name=op.f("fk_organisations_parent_organisations")
        ),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_organisations_unit_units")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_organisations")),
    )
    op.create_index(
        "uq_organisations_level_place",
        "organisations",
        ["level", "place"],
        unique=True,
        postgresql_where=sa.text("level IN ('street-committee','community-committee','grid-branch')"),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("branch", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["branch"], ["organisations.code"], name=op.f("fk_members_branch_organisations")
        ),
        sa.ForeignKeyConstraint(["unit"], ["units.code"], name=op.f("fk_members_unit_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("id_number", name=op.f("uq_members_id_number")),
    )
    op.create_index(op.f("ix_members_branch"), "members", ["branch"], unique=False)
    op.create_index(op.f("ix_members_unit"), "members", ["unit"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("employer", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("volunteer", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_reports_member_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index(op.f("ix_reports_case_no"), "reports", ["case_no"], unique=False)
    op.create_index(op.f("ix_reports_volunteer"), "reports", ["volunteer"], unique=False)
    op.create_index(
        "uq_reports_member_place",
        "reports",
        ["member", "place"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("former_branch", sa.String(), nullable=True),
        sa.Column("former_unit", sa.String(), nullable=True),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["former_branch"], ["organisations.code"], name=op.f("fk_transfers_former_branch_organisations")
        ),
        sa.ForeignKeyConstraint(["former_unit"], ["units.code"], name=op.f("fk_transfers_former_unit_units")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_transfers_member_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_case_no"), "transfers", ["case_no"], unique=False)
    op.create_index(op.f("ix_transfers_member"), "transfers", ["member"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_transfers_member"), table_name="transfers")
    op.drop_index(op.f("ix_transfers_case_no"), table_name="transfers")
    op.drop_table("transfers")
    op.drop_index(
        "uq_reports_member_place", table_name="reports", postgresql_where=sa.text("withdrawn_at IS NULL")
    )
    op.drop_index(op.f("ix_reports_volunteer"), table_name="reports")
    op.drop_index(op.f("ix_reports_case_no"), table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_members_unit"), table_name="members")
    op.drop_index(op.f("ix_members_branch"), table_name="members")
    op.drop_table("members")
    op.drop_index(
        "uq_organisations_level_place",
        table_name="organisations",
        postgresql_where=sa.text("level IN ('street-committee','community-committee','grid-branch')"),
    )
    op.drop_table("organisations")
    op.drop_index("uq_duties_unit_kind", table_name="duties", postgresql_where=sa.text("state <> 'lifted'"))
    op.drop_index(
        "ix_duties_open", table_name="duties", postgresql_where=sa.text("state IN ('due','in-hand')")
    )
    op.drop_table("duties")
    op.drop_table("volunteers")
    op.drop_table("units")
    op.drop_index(op.f("ix_services_volunteer"), table_name="services")
    op.drop_table("services")
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
