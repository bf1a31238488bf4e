"""The map in versions, grid workers, parts and events, estates, owners, handing over, classes of community."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


KEEP_WHAT_IS_THERE = """
INSERT INTO drawn_grids (code, version, name, geometry, west, south, east, north, valid_from)
SELECT grids.code, 1, name, geometry, min((point->>0)::float), min((point->>1)::float),
       max((point->>0)::float), max((point->>1)::float), imported_at
FROM grids, jsonb_path_query(geometry, 'strict $.** ? (@.type() == "array" && @[0].type() == "number")') AS point
GROUP BY grids.code
"""
FIRST_VERSIONS = """
INSERT INTO map_versions (community, version, drawn_at, drawn_by, changes)
SELECT substr(code, 1, 12), 1, min(imported_at), 'system',
       jsonb_build_object('new', jsonb_agg(code), 'redrawn', '[]'::jsonb, 'renamed', '[]'::jsonb,
                          'retired', '[]'::jsonb, 'buildings', '[]'::jsonb)
FROM grids GROUP BY 1
"""


def upgrade() -> None:
    op.create_table(
        "drawn_grids",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("geometry", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_drawn_grids")),
    )
    op.create_index("ix_drawn_grids_box", "drawn_grids", ["west", "east", "south", "north"], unique=False)
    op.create_table(
        "estates",
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("gated", sa.Boolean(), nullable=False),
        sa.Column("built", sa.Integer(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("company_code", sa.String(), nullable=True),
        sa.Column("contract_id", sa.String(), nullable=True),
        sa.Column("facilities", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("estate", name=op.f("pk_estates")),
    )
    op.create_index(op.f("ix_estates_community"), "estates", ["community"], unique=False)
    op.create_table(
        "grid_workers",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("grid", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_grid_workers")),
    )
    op.create_index(op.f("ix_grid_workers_account"), "grid_workers", ["account"], unique=False)
    op.create_index(op.f("ix_grid_workers_grid"), "grid_workers", ["grid"], unique=False)
    op.create_index(
        "uq_grid_workers_lead",
        "grid_workers",
        ["grid"],
        unique=True,
        postgresql_where=sa.text("until IS NULL AND part = 'lead'"),
    )
    op.create_index(
        "uq_grid_workers_on_duty",
        "grid_workers",
        ["grid", "account"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "judged",
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("community", name=op.f("pk_judged")),
    )
    op.create_table(
        "judgements",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("class", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("classes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_community"), "judgements", ["community"], unique=False)
    op.create_table(
        "map_versions",
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("boundary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("community", "version", name=op.f("pk_map_versions")),
    )
    op.create_table(
        "owners",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_owners")),
        sa.UniqueConstraint("number", name=op.f("uq_owners_number")),
    )
    op.create_table(
        "parts",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("class", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("grid", sa.String(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_parts")),
    )
    op.create_index(
        "ix_parts_grid", "parts", ["grid"], unique=False, postgresql_ops={"grid": "text_pattern_ops"}
    )
    op.create_table(
        "unemployment_counts",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community", sa.String(), nullable=False),
        sa.Column("unemployed", sa.Integer(), nullable=False),
        sa.Column("labour_force", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_unemployment_counts")),
    )
    op.create_index(
        op.f("ix_unemployment_counts_community"), "unemployment_counts", ["community"], unique=False
    )
    op.create_table(
        "estate_changes",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["estate"], ["estates.estate"], name=op.f("fk_estate_changes_estate_estates")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_estate_changes")),
    )
    op.create_index(op.f("ix_estate_changes_estate"), "estate_changes", ["estate"], unique=False)
    op.create_table(
        "grid_events",
        sa.Column("event_no", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("class", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("part", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("photos", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ever_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("handler", sa.String(), nullable=True),
        sa.Column("handle_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("into", sa.String(), nullable=True),
        sa.Column("handed_over", sa.Integer(), server_default="0", nullable=False),
        sa.Column("case_no", sa.String(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["into"], ["grid_events.event_no"], name=op.f("fk_grid_events_into_grid_events")
        ),
        sa.ForeignKeyConstraint(["part"], ["parts.code"], name=op.f("fk_grid_events_part_parts")),
        sa.PrimaryKeyConstraint("event_no", name=op.f("pk_grid_events")),
    )
    op.create_index(
        "ix_grid_events_due",
        "grid_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_grid_events_found", "grid_events", ["found_at"], unique=False)
    op.create_index(
        "ix_grid_events_part",
        "grid_events",
        ["part"],
        unique=False,
        postgresql_where=sa.text("part IS NOT NULL"),
    )
    op.create_index(
        "ix_grid_events_place",
        "grid_events",
        ["place", "event_no"],
        unique=False,
        postgresql_ops={"place": "text_pattern_ops"},
    )
    op.create_index(
        "ix_grid_events_state",
        "grid_events",
        ["state", "place"],
        unique=False,
        postgresql_ops={"place": "text_pattern_ops"},
    )
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("giver", sa.String(), nullable=False),
        sa.Column("taker", sa.String(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("signatures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["estate"], ["estates.estate"], name=op.f("fk_handovers_estate_estates")),
        sa.PrimaryKeyConstraint("handover_id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_estate"), "handovers", ["estate"], unique=False)
    op.create_index(
        "uq_handovers_open",
        "handovers",
        ["estate"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "estate_buildings",
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building"], ["buildings.code"], name=op.f("fk_estate_buildings_building_buildings")
        ),
        sa.ForeignKeyConstraint(
            ["estate"], ["estates.estate"], name=op.f("fk_estate_buildings_estate_estates")
        ),
        sa.PrimaryKeyConstraint("building", name=op.f("pk_estate_buildings")),
    )
    op.create_index(op.f("ix_estate_buildings_estate"), "estate_buildings", ["estate"], unique=False)
    op.create_table(
        "grid_event_steps",
        sa.Column("event_no", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_no"], ["grid_events.event_no"], name=op.f("fk_grid_event_steps_event_no_grid_events")
        ),
        sa.PrimaryKeyConstraint("event_no", "seq", name=op.f("pk_grid_event_steps")),
    )
    op.create_table(
        "ownerships",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "numerator BETWEEN 1 AND denominator", name=op.f("ck_ownerships_share_of_a_whole")
        ),
        sa.CheckConstraint("until > since", name=op.f("ck_ownerships_ends_after_it_began")),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_ownerships_household_households")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.owner_id"], name=op.f("fk_ownerships_owner_id_owners")
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_ownerships")),
    )
    op.create_index(op.f("ix_ownerships_household"), "ownerships", ["household"], unique=False)
    op.create_index(op.f("ix_ownerships_owner_id"), "ownerships", ["owner_id"], unique=False)
    op.create_index(
        "uq_ownerships_now",
        "ownerships",
        ["household", "owner_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index("ix_households_changed", "households", ["changed_at"], unique=False)
    op.create_index("ix_residents_changed", "residents", ["changed_at"], unique=False)
    # The maps that are there are the first versions.
    op.execute(KEEP_WHAT_IS_THERE)
    op.execute(FIRST_VERSIONS)
    op.execute(sa.schema.CreateSequence(sa.Sequence("grid_event_serials")))


def downgrade() -> None:
    op.drop_index("ix_residents_changed", table_name="residents")
    op.drop_index("ix_households_changed", table_name="households")
    op.drop_index("uq_ownerships_now", table_name="ownerships", postgresql_where=sa.text("until IS NULL"))
    op.drop_index(op.f("ix_ownerships_owner_id"), table_name="ownerships")
    op.drop_index(op.f("ix_ownerships_household"), table_name="ownerships")
    op.drop_table("ownerships")
    op.drop_table("grid_event_steps")
    op.drop_index(op.f("ix_estate_buildings_estate"), table_name="estate_buildings")
    op.drop_table("estate_buildings")
    op.drop_index("uq_handovers_open", table_name="handovers", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_handovers_estate"), table_name="handovers")
    op.drop_table("handovers")
    op.drop_index(
        "ix_grid_events_state", table_name="grid_events", postgresql_ops={"place": "text_pattern_ops"}
    )
    op.drop_index(
        "ix_grid_events_place", table_name="grid_events", postgresql_ops={"place": "text_pattern_ops"}
    )
    op.drop_index(
        "ix_grid_events_part", table_name="grid_events", postgresql_where=sa.text("part IS NOT NULL")
    )
    op.drop_index("ix_grid_events_found", table_name="grid_events")
    op.drop_index(
        "ix_grid_events_due", table_name="grid_events", postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.drop_table("grid_events")
    op.drop_index(op.f("ix_estate_changes_estate"), table_name="estate_changes")
    op.drop_table("estate_changes")
    op.drop_index(op.f("ix_unemployment_counts_community"), table_name="unemployment_counts")
    op.drop_table("unemployment_counts")
    op.drop_index("ix_parts_grid", table_name="parts", postgresql_ops={"grid": "text_pattern_ops"})
    op.drop_table("parts")
    op.drop_table("owners")
    op.drop_table("map_versions")
    op.drop_index(op.f("ix_judgements_community"), table_name="judgements")
    op.drop_table("judgements")
    op.drop_table("judged")
    op.drop_index(
        "uq_grid_workers_on_duty", table_name="grid_workers", postgresql_where=sa.text("until IS NULL")
    )
    op.drop_index(
        "uq_grid_workers_lead",
        table_name="grid_workers",
        postgresql_where=sa.text("until IS NULL AND part = 'lead'"),
    )
    op.drop_index(op.f("ix_grid_workers_grid"), table_name="grid_workers")
    op.drop_index(op.f("ix_grid_workers_account"), table_name="grid_workers")
    op.drop_table("grid_workers")
    op.drop_index(op.f("ix_estates_community"), table_name="estates")
    op.drop_table("estates")
    op.drop_index("ix_drawn_grids_box", table_name="drawn_grids")
    op.drop_table("drawn_grids")
    op.execute(sa.schema.DropSequence(sa.Sequence("grid_event_serials")))
