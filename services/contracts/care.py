"""What the front desk does after taking in: calls, supervision, petitions, pledges, incidents, and who held a case."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.frontdesk import NO, TEXT
from services.contracts.messages import Command, Event, Page, Query, at

OFFICE = "frontdesk"
CALLS = ("contact", "answer", "recheck")

# -- facts ---------------------------------------------------------------------------------------------


class RatingInvited(Event):
    """Nobody has rated the answer: whoever serves the channel asks the applicant to, once."""

    said_by = ("frontdesk",)
    heard_by = ("insight",)
    case_no = fields.String(required=True)
    channel = fields.String(required=True)
    place = fields.String(required=True)
    round = fields.Integer(required=True)


class SupervisionRaised(Event):
    """A task is so late that others than its unit are told."""

    said_by = ("frontdesk",)
    heard_by = ("insight",)
    case_no = fields.String(required=True)
    task_id = fields.String(required=True)
    unit = fields.String(required=True)
    place = fields.String(required=True)
    level = fields.Integer(required=True)
    tells = fields.List(
        fields.String(), required=True, metadata={"description": "head, supervisor, street-leader"}
    )
    due_at = at(required=True)


# -- calls ---------------------------------------------------------------------------------------------


class ListCallbacks(Page):
    """Calls the applicants are owed, the most urgent first: about the answer, or after a bad rating."""

    about = fields.String(load_default=None, validate=validate.OneOf(CALLS))
    place = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
    )
    late = fields.Boolean(load_default=None)


class RecordContact(Command):
    """Whoever rated badly was spoken to before it is done again, or was not reached."""

    case_no = fields.String(required=True, validate=NO)
    reached = fields.Boolean(required=True)
    note = fields.String(load_default=None, validate=validate.Length(max=2000))


class HandInLater(Command):
    """Materials that were pledged to follow (容缺受理)."""

    case_no = fields.String(required=True, validate=NO)
    token = fields.String(load_default=None)
    materials = fields.List(fields.Dict(), required=True, validate=validate.Length(min=1, max=50))


class AskReview(Command):
    """The petitioner does not agree with the answer: another unit looks at it (复查、复核)."""

    case_no = fields.String(required=True, validate=NO)
    token = fields.String(load_default=None)
    reason = fields.String(required=True, validate=TEXT)


# -- who held it ---------------------------------------------------------------------------------------


class ListHolders(Query):
    """How much working time each unit, and the desk, held a case; computed from its history."""

    case_no = fields.String(required=True, validate=NO)
