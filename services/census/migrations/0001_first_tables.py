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
        "censuses",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("reference_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("area", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_censuses")),
    )
    op.create_index(
        "ix_censuses_to_erase",
        "censuses",
        ["erase_at"],
        unique=False,
        postgresql_where=sa.text("erased_at IS NULL"),
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
        "blocks",
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("in_bounds", sa.Boolean(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("geometry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("households", sa.Integer(), server_default="0", nullable=False),
        sa.Column("enumerator", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["census_id"], ["censuses.id"], name=op.f("fk_blocks_census_id_censuses")),
        sa.PrimaryKeyConstraint("census_id", "number", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_enumerator"), "blocks", ["enumerator"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["census_id"], ["censuses.id"], name=op.f("fk_certificates_census_id_censuses")
        ),
        sa.PrimaryKeyConstraint("census_id", name=op.f("pk_certificates")),
    )
    op.create_table(
        "publications",
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["census_id"], ["censuses.id"], name=op.f("fk_publications_census_id_censuses")
        ),
        sa.PrimaryKeyConstraint("census_id", name=op.f("pk_publications")),
    )
    op.create_table(
        "buildings",
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["census_id", "block"],
            ["blocks.census_id", "blocks.number"],
            name=op.f("fk_buildings_census_id_block_blocks"),
        ),
        sa.ForeignKeyConstraint(["census_id"], ["censuses.id"], name=op.f("fk_buildings_census_id_censuses")),
        sa.PrimaryKeyConstraint("census_id", "building", name=op.f("pk_buildings")),
    )
    op.create_index("ix_buildings_block", "buildings", ["census_id", "block"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_visit", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["census_id", "block"],
            ["blocks.census_id", "blocks.number"],
            name=op.f("fk_households_census_id_block_blocks"),
        ),
        sa.ForeignKeyConstraint(
            ["census_id", "building"],
            ["buildings.census_id", "buildings.building"],
            name=op.f("fk_households_census_id_building_buildings"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.UniqueConstraint("census_id", "block", "serial", name="uq_households_serial"),
        sa.UniqueConstraint("census_id", "building", "door", name="uq_households_door"),
    )
    op.create_table(
        "questionnaires",
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("confirmed_once", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_questionnaires_household_id_households")
        ),
        sa.PrimaryKeyConstraint("household_id", "form", name=op.f("pk_questionnaires")),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_visits_household_id_households")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_household_id"), "visits", ["household_id"], unique=False)
    op.create_table(
        "keyings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("census_id", sa.String(), nullable=False),
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("keyer", sa.String(), nullable=True),
        sa.Column("answers", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("identifying", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("items", sa.Integer(), server_default="0", nullable=False),
        sa.Column("keyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["census_id"], ["censuses.id"], name=op.f("fk_keyings_census_id_censuses")),
        sa.ForeignKeyConstraint(
            ["household_id", "form"],
            ["questionnaires.household_id", "questionnaires.form"],
            name="fk_keyings_form",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keyings")),
        sa.UniqueConstraint("household_id", "form", name="uq_keyings_form"),
    )
    op.create_index(op.f("ix_keyings_census_id"), "keyings", ["census_id"], unique=False)
    op.create_index(op.f("ix_keyings_keyer"), "keyings", ["keyer"], unique=False)
    op.create_table(
        "versions",
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("identifying", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("explanations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("keyed_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_back_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_person", sa.Integer(), nullable=True),
        sa.Column("confirmed_manner", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id", "form"],
            ["questionnaires.household_id", "questionnaires.form"],
            name="fk_versions_form",
        ),
        sa.PrimaryKeyConstraint("household_id", "form", "version", name=op.f("pk_versions")),
    )
    op.create_table(
        "differences",
        sa.Column("keying_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("identifying", sa.Boolean(), nullable=False),
        sa.Column("first", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("second", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["keying_id"], ["keyings.id"], name=op.f("fk_differences_keying_id_keyings")),
        sa.PrimaryKeyConstraint("keying_id", "path", name=op.f("pk_differences")),
    )


def downgrade() -> None:
    op.drop_table("differences")
    op.drop_table("versions")
    op.drop_index(op.f("ix_keyings_keyer"), table_name="keyings")
    op.drop_index(op.f("ix_keyings_census_id"), table_name="keyings")
    op.drop_table("keyings")
    op.drop_index(op.f("ix_visits_household_id"), table_name="visits")
    op.drop_table("visits")
    op.drop_table("questionnaires")
    op.drop_table("households")
    op.drop_index("ix_buildings_block", table_name="buildings")
    op.drop_table("buildings")
    op.drop_table("publications")
    op.drop_table("certificates")
    op.drop_index(op.f("ix_blocks_enumerator"), table_name="blocks")
    op.drop_table("blocks")
    op.drop_index(op.f("ix_requests_at"), table_name="requests")
    op.drop_table("requests")
    op.drop_table("outbox")
    op.drop_table("leases")
    op.drop_index(op.f("ix_inbox_at"), table_name="inbox")
    op.drop_table("inbox")
    op.drop_index(
        "ix_censuses_to_erase", table_name="censuses", postgresql_where=sa.text("erased_at IS NULL")
    )
    op.drop_table("censuses")
