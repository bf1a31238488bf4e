"""The tray, the register, who was sent where, and the ledger of hours."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    String,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.backoffice import tray
from services.chassis.database import new_metadata

metadata = new_metadata()
items = tray.add_table(metadata)

serials = Sequence("volunteer_serials", metadata=metadata)

volunteers = Table(
    "volunteers",
    metadata,
    Column("number", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("id_number", String, nullable=False, unique=True),
    Column("phone", String, nullable=False),
    Column("place", String, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("origin", String, nullable=False),
    Column("skills", ARRAY(String), nullable=False),
    Column("times", JSONB, nullable=False),
    Column("guardian", JSONB(none_as_null=True)),
    Column("case_no", String, index=True),
    Column("withdrawn_at", DateTime(timezone=True)),
    # The dispatch he is asked for or on. It stands in his own row, so that two who want him at the same moment
    # meet at this row's lock and the second one sees that he is taken.
    Column("engaged_in", String),
)
Index(
    "ix_volunteers_available",
    volunteers.c.place,
    postgresql_ops={"place": "text_pattern_ops"},
    postgresql_where=text("engaged_in IS NULL AND withdrawn_at IS NULL"),
)

errands = Table(
    "errands",
    metadata,
    Column("task_id", String, primary_key=True),
    Column("case_no", String, nullable=False),
    Column("matter", String, nullable=False),
    Column("step", String, nullable=False),
    Column("place", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("give_up_at", DateTime(timezone=True), nullable=False),
    Column("look_again_at", DateTime(timezone=True), nullable=False),
)
Index("ix_errands_seeking", errands.c.look_again_at, postgresql_where=text("state = 'seeking'"))

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", String, primary_key=True),
    Column("task_id", ForeignKey("errands.task_id"), nullable=False, index=True),
    Column("case_no", String, nullable=False, index=True),
    Column("volunteer", ForeignKey("volunteers.number"), nullable=False),
    Column("place", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token", String, nullable=False),
    Column("offered_at", DateTime(timezone=True), nullable=False),
    Column("answer_by", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("outcome", String),
    Column("note", String),
)
_ACTIVE = text("state IN ('offered','accepted')")
Index("uq_dispatches_volunteer_active", dispatches.c.volunteer, unique=True, postgresql_where=_ACTIVE)
Index("uq_dispatches_task_active", dispatches.c.task_id, unique=True, postgresql_where=_ACTIVE)
Index("ix_dispatches_unanswered", dispatches.c.answer_by, postgresql_where=text("state = 'offered'"))
Index("ix_dispatches_of_volunteer", dispatches.c.volunteer, dispatches.c.offered_at)

# Append-only: the database itself refuses to change or delete a line (see the first migration).
hours = Table(
    "hours",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("dispatch_id", ForeignKey("dispatches.id"), nullable=False, index=True),
    Column("volunteer", ForeignKey("volunteers.number"), nullable=False, index=True),
    Column("case_no", String, nullable=False),
    Column("matter", String, nullable=False),
    Column("state", String, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("note", String),
    Column("at", DateTime(timezone=True), nullable=False),
)
# A visit is claimed once, however often its report arrives.
Index("uq_hours_dispatch_claim", hours.c.dispatch_id, unique=True, postgresql_where=text("state = 'pending'"))
