"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ONLY_GROWS = """
CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END$$
"""


def upgrade() -> None:
    op.create_table(
        "grids",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("geometry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_grids")),
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
        "buildings",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("grid", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("floors", sa.Integer(), nullable=False),
        sa.Column("built", sa.Integer(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["grid"], ["grids.code"], name=op.f("fk_buildings_grid_grids")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_buildings")),
    )
    op.create_index(op.f("ix_buildings_grid"), "buildings", ["grid"], unique=False)
    op.create_table(
        "households",
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("building", sa.String(), nullable=True),
        sa.Column("unit", sa.Integer(), nullable=True),
        sa.Column("door", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("area", sa.Numeric(precision=9, scale=2), nullable=True),
        sa.Column("collective", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("contact_name", sa.String(), nullable=True),
        sa.Column("contact_phone", sa.String(), nullable=True),
        sa.Column("move_in_date", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["building"], ["buildings.code"], name=op.f("fk_households_building_buildings")
        ),
        sa.PrimaryKeyConstraint("household", name=op.f("pk_households")),
    )
    op.create_index(op.f("ix_households_building"), "households", ["building"], unique=False)
    op.create_index(
        "ix_households_place",
        "households",
        ["place"],
        unique=False,
        postgresql_ops={"place": "text_pattern_ops"},
    )
    op.create_table(
        "residents",
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("relation", sa.String(), nullable=True),
        sa.Column("is_party_member", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("move_in_date", sa.Date(), nullable=True),
        sa.Column("move_out_date", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_residents_household_households")
        ),
        sa.PrimaryKeyConstraint("resident_id", name=op.f("pk_residents")),
        sa.UniqueConstraint("id_number", name=op.f("uq_residents_id_number")),
    )
    op.create_index(op.f("ix_residents_household"), "residents", ["household"], unique=False)
    op.create_index(
        "ix_residents_name", "residents", ["name"], unique=False, postgresql_ops={"name": "text_pattern_ops"}
    )
    op.create_index(op.f("ix_residents_phone"), "residents", ["phone"], unique=False)
    op.create_table(
        "moves",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("former_household", sa.String(), nullable=True),
        sa.Column("former_relation", sa.String(), nullable=True),
        sa.Column("former_move_in_date", sa.Date(), nullable=True),
        sa.Column("former_move_out_date", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["former_household"],
            ["households.household"],
            name=op.f("fk_moves_former_household_households"),
        ),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_moves_household_households")
        ),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.resident_id"], name=op.f("fk_moves_resident_id_residents")
        ),
        sa.PrimaryKeyConstraint("case_no", "resident_id", name=op.f("pk_moves")),
    )
    op.create_table(
        "undone_cases",
        sa.Column("case_no", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_no", name=op.f("pk_undone_cases")),
    )
    op.create_table(
        "consents",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("guardian", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.resident_id"], name=op.f("fk_consents_resident_id_residents")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_resident_id"), "consents", ["resident_id"], unique=False)
    op.create_table(
        "looks",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["resident_id"], ["residents.resident_id"], name=op.f("fk_looks_resident_id_residents")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_account"), "looks", ["account"], unique=False)
    op.create_index(op.f("ix_looks_at"), "looks", ["at"], unique=False)
    op.create_index(op.f("ix_looks_resident_id"), "looks", ["resident_id"], unique=False)
    op.execute(ONLY_GROWS)
    for table in ("consents", "looks"):
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION only_grows()"
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_looks_resident_id"), table_name="looks")
    op.drop_index(op.f("ix_looks_at"), table_name="looks")
    op.drop_index(op.f("ix_looks_account"), table_name="looks")
    op.drop_table("looks")
    op.drop_index(op.f("ix_consents_resident_id"), table_name="consents")
    op.drop_table("consents")
    op.drop_table("undone_cases")
    op.drop_table("moves")
    op.drop_index(op.f("ix_residents_phone"), table_name="residents")
    op.drop_index("ix_residents_name", table_name="residents", postgresql_ops={"name": "text_pattern_ops"})
    op.drop_index(op.f("ix_residents_household"), table_name="residents")
    op.drop_table("residents")
    op.drop_index(
        "ix_households_place", table_name="households", postgresql_ops={"place": "text_pattern_ops"}
    )
    op.drop_index(op.f("ix_households_building"), table_name="households")
    op.drop_table("households")
    op.drop_index(op.f("ix_buildings_grid"), table_name="buildings")
    op.drop_table("buildings")
    op.drop_index(op.f("ix_requests_at"), table_name="requests")
    op.drop_table("requests")
    op.drop_table("outbox")
    op.drop_table("leases")
    op.drop_index(op.f("ix_inbox_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("grids")
    op.execute("DROP FUNCTION only_grows")
