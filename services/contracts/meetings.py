"""Joint meetings with tracked decisions (S1.6), and what has to be shown to everybody (S1.10)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Page, Query
from services.contracts.property import CODE, TEXT
from services.contracts.units import UNITS

OFFICE = "property"
COMMUNITY = validate.Regexp(r"^\d{12}$", error="Not a community code.")
TITLE = validate.Length(min=1, max=200)
DECISION_STATES = ("open", "done")


class CallMeeting(Command):
    """Ask units to one table, with an agenda (联席会)."""

    place = fields.String(required=True, validate=COMMUNITY)
    subject = fields.String(required=True, validate=TITLE)
    held_on = fields.Date(required=True)
    units = fields.List(
        fields.String(validate=validate.OneOf(UNITS)), required=True, validate=validate.Length(2, 20)
    )
    agenda = fields.List(fields.String(validate=TITLE), required=True, validate=validate.Length(1, 50))


class Decided(Schema):
    what = fields.String(required=True, validate=TEXT)
    unit = fields.String(required=True, validate=validate.OneOf(UNITS))
    due_on = fields.Date(required=True)


class MinuteMeeting(Command):
    """The meeting was held: who came, and what was decided, each with whose it is and by when."""

    meeting = fields.String(required=True, validate=CODE)
    present = fields.List(
        fields.String(validate=validate.OneOf(UNITS)), required=True, validate=validate.Length(2, 20)
    )
    minutes = fields.String(required=True, validate=validate.Length(min=1, max=20_000))
    decisions = fields.List(fields.Nested(Decided), load_default=list, validate=validate.Length(max=50))


class FinishDecision(Command):
    """What was decided is done."""

    decision = fields.String(required=True, validate=CODE)
    result = fields.String(required=True, validate=TEXT)


class ListMeetings(Page):
    """Joint meetings of the caller's areas, newest first."""


class GetMeeting(Query):
    """A meeting with its agenda, minutes and decisions."""

    meeting = fields.String(required=True, validate=CODE)


class ListDecisions(Page):
    """Decisions of joint meetings, the earliest due first."""

    state = fields.String(load_default=None, validate=validate.OneOf(DECISION_STATES))
    overdue = fields.Boolean(load_default=None)


class PostNotice(Command):
    """Show something to everybody, from a day until a day; at least as long as the rule of its kind asks."""

    place = fields.String(required=True, validate=COMMUNITY)
    kind = fields.String(required=True, validate=CODE, metadata={"description": "of data/publicity.yaml"})
    subject = fields.String(required=True, validate=TITLE)
    body = fields.String(required=True, validate=validate.Length(min=1, max=20_000))
    since = fields.Date(required=True)
    until = fields.Date(load_default=None)


class ListNotices(Page):
    """What is shown at a place today. Public; names of persons do not belong here."""

    place = fields.String(required=True, validate=COMMUNITY)
    kind = fields.String(load_default=None, validate=CODE)


class CheckPublicity(Query):
    """What has to be shown at a place, and what of it is missing today."""

    place = fields.String(required=True, validate=COMMUNITY)
