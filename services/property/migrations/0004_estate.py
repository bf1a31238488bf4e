"""The estate: fees in depth, companies and contracts, rounds, meetings, the board."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("company", name=op.f("pk_companies")),
    )
    op.create_table(
        "faults",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "reference", name=op.f("pk_faults")),
    )
    op.create_index("ix_faults_newest", "faults", ["at", "kind", "reference"], unique=False)
    op.create_table(
        "fee_runs",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("charged", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_fee_runs_state")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_fee_runs")),
        sa.UniqueConstraint("place", "rule", "period", name=op.f("uq_fee_runs_place_rule_period")),
    )
    op.create_index(
        "ix_fee_runs_running",
        "fee_runs",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "fee_sweeps",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fee_sweeps")),
    )
    op.create_table(
        "joint_meetings",
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("agenda", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("present", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("minutes", sa.String(), nullable=True),
        sa.Column("called_by", sa.String(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("meeting", name=op.f("pk_joint_meetings")),
    )
    op.create_index("ix_joint_meetings_newest", "joint_meetings", ["called_at", "meeting"], unique=False)
    op.create_table(
        "notices",
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("posted_by", sa.String(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("notice", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_of", "notices", ["place", "since", "notice"], unique=False)
    op.create_table(
        "patrol_routes",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("points", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("windows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("planned_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_patrol_routes")),
    )
    op.create_index("ix_patrol_routes_next", "patrol_routes", ["planned_until"], unique=False)
    op.create_table(
        "arrears_talks",
        sa.Column("talk", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_arrears_talks_household_households")
        ),
        sa.PrimaryKeyConstraint("talk", name=op.f("pk_arrears_talks")),
        sa.UniqueConstraint("household", "since", name=op.f("uq_arrears_talks_household_since")),
    )
    op.create_table(
        "contracts",
        sa.Column("contract_id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("rules", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("late_fee_a_day", sa.Numeric(precision=7, scale=6), nullable=True),
        sa.Column("late_after_days", sa.Integer(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("filing_no", sa.String(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("noticed_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company"], ["companies.company"], name=op.f("fk_contracts_company_companies")
        ),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contracts")),
    )
    op.create_index(op.f("ix_contracts_company"), "contracts", ["company"], unique=False)
    op.create_index(op.f("ix_contracts_estate"), "contracts", ["estate"], unique=False)
    op.create_index("ix_contracts_place", "contracts", ["place", "contract_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("meeting", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting"], ["joint_meetings.meeting"], name=op.f("fk_decisions_meeting_joint_meetings")
        ),
        sa.PrimaryKeyConstraint("decision", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_due", "decisions", ["due_on", "decision"], unique=False)
    op.create_index(op.f("ix_decisions_meeting"), "decisions", ["meeting"], unique=False)
    op.create_index(
        "ix_decisions_untold",
        "decisions",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND told_overdue_at IS NULL"),
    )
    op.create_table(
        "fee_discounts",
        sa.Column("discount", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_fee_discounts_household_households")
        ),
        sa.PrimaryKeyConstraint("discount", name=op.f("pk_fee_discounts")),
    )
    op.create_index("ix_fee_discounts_of", "fee_discounts", ["household", "rule"], unique=False)
    op.create_table(
        "fee_quantities",
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("quantity", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(precision=12, scale=3), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_fee_quantities_household_households")
        ),
        sa.PrimaryKeyConstraint("household", "period", "quantity", name=op.f("pk_fee_quantities")),
    )
    op.create_table(
        "fee_reminders",
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_fee_reminders_household_households")
        ),
        sa.PrimaryKeyConstraint("household", "since", "stage", name=op.f("pk_fee_reminders")),
    )
    op.create_index("ix_fee_reminders_newest", "fee_reminders", ["at", "household", "stage"], unique=False)
    op.create_table(
        "findings",
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("found_by", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("disposed_by", sa.String(), nullable=True),
        sa.Column("disposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["route"], ["patrol_routes.route"], name=op.f("fk_findings_route_patrol_routes")
        ),
        sa.PrimaryKeyConstraint("finding", name=op.f("pk_findings")),
    )
    op.create_index("ix_findings_newest", "findings", ["found_at", "finding"], unique=False)
    op.create_table(
        "patrols",
        sa.Column("patrol", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["route"], ["patrol_routes.route"], name=op.f("fk_patrols_route_patrol_routes")
        ),
        sa.PrimaryKeyConstraint("patrol", name=op.f("pk_patrols")),
    )
    op.create_index("ix_patrols_newest", "patrols", ["opens_at", "patrol"], unique=False)
    op.create_index(
        "ix_patrols_open", "patrols", ["closes_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index("uq_patrols_of_route", "patrols", ["route", "opens_at"], unique=True)
    op.create_table(
        "return_visits",
        sa.Column("order_no", sa.String(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"], ["repairs.order_no"], name=op.f("fk_return_visits_order_no_repairs")
        ),
        sa.PrimaryKeyConstraint("order_no", name=op.f("pk_return_visits")),
    )
    op.create_table(
        "contract_clocks",
        sa.Column("contract_id", sa.String(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.contract_id"], name=op.f("fk_contract_clocks_contract_id_contracts")
        ),
        sa.PrimaryKeyConstraint("contract_id", "clock", name=op.f("pk_contract_clocks")),
    )
    op.create_index(
        "ix_contract_clocks_due",
        "contract_clocks",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "patrol_scans",
        sa.Column("patrol", sa.String(), nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patrol"], ["patrols.patrol"], name=op.f("fk_patrol_scans_patrol_patrols")),
        sa.PrimaryKeyConstraint("patrol", "point", name=op.f("pk_patrol_scans")),
    )
    op.create_table(
        "refunds",
        sa.Column("refund", sa.String(), nullable=False),
        sa.Column("household", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("paid_by", sa.String(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount_positive")),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_refunds_two_people")),
        sa.ForeignKeyConstraint(["entry"], ["entries.no"], name=op.f("fk_refunds_entry_entries")),
        sa.ForeignKeyConstraint(
            ["household"], ["households.household"], name=op.f("fk_refunds_household_households")
        ),
        sa.PrimaryKeyConstraint("refund", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_newest", "refunds", ["asked_at", "refund"], unique=False)
    op.create_index("ix_refunds_of", "refunds", ["household"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_refunds_of", table_name="refunds")
    op.drop_index("ix_refunds_newest", table_name="refunds")
    op.drop_table("refunds")
    op.drop_table("patrol_scans")
    op.drop_index(
        "ix_contract_clocks_due", table_name="contract_clocks", postgresql_where=sa.text("state = 'running'")
    )
    op.drop_table("contract_clocks")
    op.drop_table("return_visits")
    op.drop_index("uq_patrols_of_route", table_name="patrols")
    op.drop_index("ix_patrols_open", table_name="patrols", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_patrols_newest", table_name="patrols")
    op.drop_table("patrols")
    op.drop_index("ix_findings_newest", table_name="findings")
    op.drop_table("findings")
    op.drop_index("ix_fee_reminders_newest", table_name="fee_reminders")
    op.drop_table("fee_reminders")
    op.drop_table("fee_quantities")
    op.drop_index("ix_fee_discounts_of", table_name="fee_discounts")
    op.drop_table("fee_discounts")
    op.drop_index(
        "ix_decisions_untold",
        table_name="decisions",
        postgresql_where=sa.text("state = 'open' AND told_overdue_at IS NULL"),
    )
    op.drop_index(op.f("ix_decisions_meeting"), table_name="decisions")
    op.drop_index("ix_decisions_due", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_contracts_place", table_name="contracts")
    op.drop_index(op.f("ix_contracts_estate"), table_name="contracts")
    op.drop_index(op.f("ix_contracts_company"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_table("arrears_talks")
    op.drop_index("ix_patrol_routes_next", table_name="patrol_routes")
    op.drop_table("patrol_routes")
    op.drop_index("ix_notices_of", table_name="notices")
    op.drop_table("notices")
    op.drop_index("ix_joint_meetings_newest", table_name="joint_meetings")
    op.drop_table("joint_meetings")
    op.drop_table("fee_sweeps")
    op.drop_index("ix_fee_runs_running", table_name="fee_runs", postgresql_where=sa.text("state = 'running'"))
    op.drop_table("fee_runs")
    op.drop_index("ix_faults_newest", table_name="faults")
    op.drop_table("faults")
    op.drop_table("companies")
