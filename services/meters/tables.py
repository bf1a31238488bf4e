"""The tables of meters. Readings are only ever added: a correction is a row of a higher sequence number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.backoffice import tray
from services.chassis.database import new_metadata

metadata = new_metadata()
items = tray.add_table(metadata)

AMOUNT = Numeric(18, 6)


def moment(name: str, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable, **options)


meters = Table(
    "meters",
    metadata,
    Column("meter", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("register", String, nullable=False, server_default="total"),
    Column("digits", Integer, nullable=False, server_default="6"),
    Column("place", String, nullable=False),
    Column("household", String, index=True),
    moment("registered_at", index=True),
    # By the wall clock, for silence; what the readings mean goes by their own time.
    moment("heard_at", nullable=True),
    Column("offline", Boolean, nullable=False, server_default="false"),
)
Index(
    "ix_meters_heard",
    meters.c.heard_at,
    postgresql_where=text("NOT offline AND heard_at IS NOT NULL"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("household", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("meter", String, nullable=False),
    Column("place", String, nullable=False),
    Column("holder", String),
    Column("tariff", String, nullable=False, server_default="household"),
    moment("opened_at"),
    Column("opening_reading", AMOUNT, nullable=False),
    Column("opened_by", String, index=True),  # task
    moment("closed_at", nullable=True),
    Column("closing_reading", AMOUNT),
    Column("closed_by", String, index=True),  # task
)
Index(
    "uq_accounts_open",
    accounts.c.household,
    accounts.c.kind,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
)
# In the order of the meters, as `daily` lies: a bill run reads neighbours together.
Index("ix_accounts_meter", accounts.c.meter, accounts.c.account)

bindings = Table(
    "bindings",
    metadata,
    # Who was the first to report a meter (noted by the ingest), and who alone may (said by a person). Beside `meters`,
    # whose rows the sweep holds for as long as it looks.
    Column("meter", String, primary_key=True),
    Column("heard_from", String, index=True),
    moment("heard_at", nullable=True),
    Column("bound_to", String),  # none: anybody
    Column("bound_by", String),
    moment("bound_at", nullable=True),
    Column("reason", String),
)
Index("ix_bindings_bound_to", bindings.c.bound_to, postgresql_where=text("bound_to IS NOT NULL"))

households = Table(
    "households",
    metadata,
    Column("household", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("address", String, nullable=False),
    Column("lives_alone", Boolean, nullable=False),
    Column("elder", Boolean, nullable=False),
    Column("contact_name", String),
    Column("contact_phone", String),
    Column("residents", JSONB, nullable=False),
    moment("changed_at"),
)

watches = Table(
    "watches",
    metadata,
    Column("household", String, primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("rule", String),
    Column("threshold", AMOUNT),
    Column("hours", Integer),
    moment("away_from", nullable=True),
    moment("away_until", nullable=True),
    moment("away_told_at", nullable=True),
    moment("away_ended_at", nullable=True),
)


def readings_like(name: str, *more: Any, **options: Any) -> Table:
    """Raw readings, kept for ever as they were sent (converted to the unit of the kind)."""
    return Table(
        name,
        metadata,
        Column("meter", String, primary_key=True),
        Column("register", String, primary_key=True),
        moment("at", primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("value", AMOUNT, nullable=False),
        Column("unit", String, nullable=False),
        Column("quality", String),
        *more,
        **options,
    )


# In the order in which a meter is read, all of its registers together; a partition a month, see months.py.
readings = readings_like(
    "readings",
    PrimaryKeyConstraint("meter", "at", "register", "seq"),
    postgresql_partition_by="RANGE (at)",
)
strays = readings_like("strays")
strays.append_column(moment("received_at", server_default=func.now(), index=True))

touched = Table(
    "touched",
    metadata,
    # Appended by the ingest with the readings, taken by the sweep: inserts only, so neither waits for the other.
    Column("position", BigInteger, Identity(), primary_key=True),
    # A row a transaction: its meters, and the oldest new reading of each.
    Column("meters", ARRAY(String), nullable=False),
    Column("since", ARRAY(DateTime(timezone=True)), nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    # SHA-256 of reason, sender and content: a redelivered message is not quarantined twice.
    Column("digest", LargeBinary, primary_key=True),
    moment("at", server_default=func.now(), index=True),
    Column("sender", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("meter", String),  # as far as the content tells
    # waiting; released or dismissed by somebody, for a reason. The content stays as it came.
    Column("state", String, nullable=False, server_default="waiting"),
    Column("decided_by", String),
    moment("decided_at", nullable=True),
    Column("decision_reason", String),
    Column("released_as", JSONB),
)

Index(
    "ix_quarantine_waiting",
    quarantine.c.meter,
    postgresql_where=text("state = 'waiting' AND meter IS NOT NULL"),
)

findings = Table(
    "findings",
    metadata,
    Column("finding_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("meter", String, nullable=False),
    Column("household", String, index=True),
    Column("place", String, nullable=False),
    moment("window_start"),
    moment("window_end"),
    moment("judged_until"),
    Column("evidence", JSONB, nullable=False),
    moment("raised_at"),
    moment("said_at"),
    Column("severity", Integer, nullable=False, server_default="3"),
    Column("state", String, nullable=False),
    Column("cleared_how", String),
    moment("cleared_at", nullable=True),
    moment("acknowledged_at", nullable=True),
    Column("acknowledged_by", String),
    Column("case_no", String),
)
Index(
    "uq_findings_active",
    findings.c.meter,
    findings.c.kind,
    unique=True,
    postgresql_where=text("state = 'active'"),
)
Index("ix_findings_latest", findings.c.meter, findings.c.kind, findings.c.raised_at)

# What the sweep remembers of a meter between two looks; see judging/pulse.py.
pulses = Table(
    "pulses",
    metadata,
    Column("meter", String, primary_key=True),
    Column("summed_by", String, nullable=False),
    moment("first_at"),
    moment("newest_at"),
    Column("newest_value", AMOUNT, nullable=False),
    moment("flat_since"),
    moment("used_at", nullable=True),
    moment("zero_at", nullable=True),
    moment("fast_at", nullable=True),
    moment("due_at", nullable=True),
    moment("was_at", nullable=True),
    Column("was_value", AMOUNT),
    moment("was_flat_since", nullable=True),
    moment("was_used_at", nullable=True),
    moment("was_zero_at", nullable=True),
    moment("was_fast_at", nullable=True),
    # Written at each look: half a page free, so that the new row finds room beside the old one.
    postgresql_with={"fillfactor": "50"},
)
Index("ix_pulses_due", pulses.c.due_at, postgresql_where=text("due_at IS NOT NULL"))
Index("ix_meters_offline", meters.c.place, postgresql_where=text("offline"))

# -- validation, estimation, editing ---------------------------------------------------------------------

registers = Table(
    "registers",
    metadata,
    # What a register is where it is not as its meter and vee.yaml say; a meter exchange begins the next number.
    Column("meter", String, primary_key=True),
    Column("register", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("digits", Integer, nullable=False),
    Column("multiplier", AMOUNT, nullable=False, server_default="1"),
    Column("interval_s", Integer),
    Column("limits", JSONB, nullable=False, server_default="{}"),
    moment("opened_at", nullable=True),
    Column("opening_value", AMOUNT),
    moment("closed_at", nullable=True),
    Column("closing_value", AMOUNT),
    Column("replaced_by", String),  # meter
    Column("reason", String),
    Column("who", String, nullable=False),
    moment("set_at"),
)

edits = Table(
    "edits",
    metadata,
    # Beside the raw readings: what a rule estimated, what a person changed. Superseded and reverted ones stay.
    Column("edit_id", String, primary_key=True),
    Column("meter", String, nullable=False),
    Column("register", String, nullable=False),
    Column("kind", String, nullable=False),
    moment("from_at"),
    moment("until_at"),
    Column("value", AMOUNT),  # a person's; none: the reading is struck out
    Column("method", String),
    Column("total", AMOUNT),
    Column("millionths", ARRAY(BigInteger)),
    Column("open", Boolean, nullable=False, server_default="false"),
    Column("rule", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("who", String, nullable=False),
    moment("made_at"),
    Column("state", String, nullable=False, server_default="active"),
    moment("ended_at", nullable=True),
    Column("ended_by", String),
    Column("end_reason", String),
)
Index("ix_edits_meter", edits.c.meter, edits.c.register, edits.c.from_at)
Index("ix_edits_active", edits.c.meter, edits.c.until_at, postgresql_where=text("state = 'active'"))
Index(
    "uq_edits_manual",
    edits.c.meter,
    edits.c.register,
    edits.c.from_at,
    unique=True,
    postgresql_where=text("state = 'active' AND kind = 'manual'"),
)

intervals = Table(
    "intervals",
    metadata,
    # A row a day: from `begins` (midnight, but for the first day) at every multiple of `interval_s` after midnight.
    Column("meter", String, primary_key=True),
    Column("register", String, primary_key=True),
    Column("day", Date, primary_key=True),
    moment("begins"),
    moment("ends"),
    Column("interval_s", Integer, nullable=False),
    Column("millionths", ARRAY(BigInteger), nullable=False),
    Column("states", String, nullable=False),  # a letter each: m measured, e estimated, d edited
    # The last believed reading by the day's end and what the register is held to show: the next day goes on from it.
    moment("last_at"),
    Column("high", AMOUNT, nullable=False),
)

daily = Table(
    "daily",
    metadata,
    # The sum over any days is the register's difference. Bills read this and nothing else.
    Column("meter", String, primary_key=True),
    Column("register", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("quantity", AMOUNT, nullable=False),
    Column("state", String, nullable=False),  # measured, estimated, edited
    Column("version", Integer, nullable=False, server_default="1"),  # one more with every change
)

vee_due = Table(
    "vee_due",
    metadata,
    # Meters with news since they were last validated: the oldest reading that came, when the last news was noted, and
    # since when the meter has been waiting (whoever waits longest comes first; more news do not send it back).
    # `looked_at`: the newest news with which its day was not whole yet.
    Column("meter", String, primary_key=True),
    moment("since", index=True),
    moment("noted_at", server_default=func.now()),
    moment("looked_at", nullable=True),
    moment("waiting_since", server_default=func.now(), index=True),
)

vee_findings = Table(
    "vee_findings",
    metadata,
    # What a validation says of a register; open while it holds.
    Column("meter", String, primary_key=True),
    Column("register", String, primary_key=True),
    Column("rule", String, primary_key=True),
    moment("at", primary_key=True),
    moment("from_at"),
    moment("until_at"),
    Column("version", Integer, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("state", String, nullable=False),
    moment("found_at"),
    moment("cleared_at", nullable=True),
)
Index(
    "ix_vee_findings_open",
    vee_findings.c.meter,
    vee_findings.c.until_at,
    postgresql_where=text("state = 'open'"),
)

# -- what is used, and paid ----------------------------------------------------------------------------

YUAN = Numeric(14, 2)

former_meters = Table(
    "former_meters",
    metadata,
    # An account whose meter was exchanged; on the day of the exchange both meters count.
    Column("account", String, primary_key=True),
    Column("meter", String, primary_key=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),  # the last day, included
)

bill_runs = Table(
    "bill_runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("place", String, nullable=False),
    Column("utility", String, nullable=False),
    Column("period", String, nullable=False),
    Column("until", Date, nullable=False),
    Column("issue", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("position", ARRAY(String), nullable=False),  # meter and account of the last one done
    Column("accounts", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("billed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("skipped", JSONB, nullable=False),  # reason -> how many
    Column("total", YUAN, nullable=False),
    Column("actor", String, nullable=False),
    moment("started_at", index=True),
    moment("finished_at", nullable=True),
)
Index("uq_bill_runs_period", bill_runs.c.place, bill_runs.c.utility, bill_runs.c.period, unique=True)

bills = Table(
    "bills",
    metadata,
    Column("bill", String, primary_key=True),
    Column("account", String, nullable=False, index=True),
    Column("household", String, nullable=False),
    Column("place", String, nullable=False),
    Column("utility", String, nullable=False),
    Column("tariff", String, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),  # the first day that is not on it
    Column("quantity", AMOUNT, nullable=False),
    Column("total", YUAN, nullable=False),
    Column("cycle", Date, nullable=False),
    Column("position", AMOUNT, nullable=False),
    Column("estimated", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("versions", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("held_for", ARRAY(String), nullable=False),
    Column("corrects", String),
    Column("run", String),
    moment("made_at"),
    moment("issued_at", nullable=True),
    Column("proposal", JSONB(none_as_null=True)),
    CheckConstraint("since < until", name="some_days"),
    CheckConstraint(
        "(state = 'held') = (held_for <> '{}') OR state IN ('corrected','cancelled')", name="held"
    ),
)
# No day of an account is on two bills that stand; and the end of the last one is where the next begins.
Index(
    "uq_bills_since",
    bills.c.account,
    bills.c.since,
    unique=True,
    postgresql_where=text("state NOT IN ('corrected','cancelled')"),
)
Index("ix_bills_draft", bills.c.run, bills.c.bill, postgresql_where=text("state = 'draft'"))
Index("ix_bills_held", bills.c.bill, postgresql_where=text("state = 'held'"))
Index("ix_bills_proposed", bills.c.bill, postgresql_where=text("proposal IS NOT NULL"))

bill_lines = Table(
    "bill_lines",
    metadata,
    Column("bill", String, primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("register", String, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("quantity", AMOUNT, nullable=False),
    Column("price", AMOUNT, nullable=False),
    Column("amount", YUAN, nullable=False),
    Column("parts", JSONB, nullable=False),
)

bill_history = Table(
    "bill_history",
    metadata,
    # What befell a bill after it was made; that it was made and issued stands on the bill.
    Column("no", BigInteger, Identity(), primary_key=True),
    Column("bill", String, nullable=False, index=True),
    moment("at"),
    Column("verb", String, nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("detail", JSONB, nullable=False),
)

# Each line names the account that owes and the one it owes to, so the books balance by their very shape. Lines are
# only ever added (held by a trigger): what is taken back is a line of its own.
ledger = Table(
    "ledger",
    metadata,
    Column("no", BigInteger, Identity(), primary_key=True),
    Column("kind", String, nullable=False),
    Column("debit", String, nullable=False, index=True),
    Column("credit", String, nullable=False),
    Column("amount", YUAN, nullable=False),
    Column("bill", String, nullable=False),
    Column("actor", String, nullable=False),
    moment("at"),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("debit <> credit", name="two_accounts"),
)

# What is owed credits the income, which nobody looks up; only what is taken back credits an account.
Index("ix_ledger_taken_back", ledger.c.credit, postgresql_where=text("kind IN ('hold','credit')"))

changed_days = Table(
    "changed_days",
    metadata,
    # Days that changed after somebody may have been billed for them (noted by a trigger of `daily`).
    Column("meter", String, primary_key=True),
    Column("since", Date, nullable=False),
)
