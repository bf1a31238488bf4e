"""What the front desk does after taking in: calls, supervision, petitions, pledges, troubles, and who held a case."""

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


# -- troubles ------------------------------------------------------------------------------------------


class ListTroubles(Page):
    """Cases that are stuck (异常), oldest first: what failed, why, and how often it was tried."""

    kind = fields.String(
        load_default=None,
        validate=validate.Length(max=60),
        metadata={"description": "deadlines, or the name of the event that could not be done"},
    )
    case_no = fields.String(load_default=None, validate=NO)
    place = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
    )
    resolved = fields.Boolean(load_default=False)


class FixTrouble(Command):
    """Put right what a stuck case is stuck in, with the reason; the history says who and why."""

    trouble_id = fields.String(required=True, validate=validate.Length(max=64))
    task_id = fields.String(load_default=None, validate=validate.Length(max=64))
    unit = fields.String(load_default=None, metadata={"description": "who takes the task instead"})
    due_at = at(load_default=None, metadata={"description": "of the task, or of the case"})
    form = fields.Dict(load_default=None, metadata={"description": "fields to replace"})
    matter_version = fields.Integer(load_default=None, validate=validate.Range(1))
    reason = fields.String(required=True, validate=TEXT)


class RetryTrouble(Command):
    """Do again what failed."""

    trouble_id = fields.String(required=True, validate=validate.Length(max=64))


class RetryTroubles(Command):
    """Do again what failed, in batch: those named, or the oldest ones of a kind."""

    troubles = fields.List(
        fields.String(validate=validate.Length(max=64)), load_default=None, validate=validate.Length(max=200)
    )
    kind = fields.String(load_default=None, validate=validate.Length(max=60))


# -- who held it ---------------------------------------------------------------------------------------


class ListHolders(Query):
    """How much working time each unit, and the desk, held a case; computed from its history."""

    case_no = fields.String(required=True, validate=NO)
