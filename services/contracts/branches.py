"""A branch's meetings, votes, elections and terms."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Page, Query, at
from services.contracts.party import KEY, NAME, TEXT

OFFICE = "party"
KINDS = ("general", "committee", "group", "theme-day", "lecture", "life", "appraisal", "talk")
MEETING_STATES = ("convened", "held", "cancelled")
COUNT = validate.Range(0, 10_000)


def _key(**options: Any) -> fields.String:
    return fields.String(required=True, validate=KEY, **options)


class ConveneMeeting(Command):
    """A branch is called together."""

    branch = _key()
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    topic = fields.String(required=True, validate=NAME)
    at = at(required=True)
    venue = fields.String(load_default=None, validate=NAME)


class _OnMeeting(Command):
    meeting_id = _key()


class SignIn(_OnMeeting):
    """A member is there."""

    member_id = _key()


class TakeLeave(_OnMeeting):
    """A member cannot come and says why."""

    member_id = _key()
    reason = fields.String(required=True, validate=TEXT)


class HoldMeeting(_OnMeeting):
    """The meeting was held: its minutes are filed, whoever neither signed in nor took leave was absent."""

    minutes = fields.String(required=True, validate=TEXT)


class CancelMeeting(_OnMeeting):
    """It does not take place; it counts for no period."""

    reason = fields.String(required=True, validate=TEXT)


class PutToVote(_OnMeeting):
    """A resolution of a general meeting: adopted with more than half of all entitled, present or not."""

    topic = fields.String(required=True, validate=NAME)
    votes_for = fields.Integer(required=True, validate=COUNT)
    votes_against = fields.Integer(load_default=0, validate=COUNT)
    abstained = fields.Integer(load_default=0, validate=COUNT)
    about = fields.String(load_default=None, validate=KEY, metadata={"description": "member it is about"})


class CallElection(Command):
    """A branch elects its committee or secretary; only one election runs at a time."""

    branch = _key()
    seats = fields.Integer(required=True, validate=validate.Range(1, 31))
    on = fields.Date(required=True)


class DelayElection(Command):
    """The term runs on, with the upper committee's approval, for a year at most."""

    branch = _key()
    until = fields.Date(required=True)
    approval = fields.String(required=True, validate=TEXT)


class Ballot(Schema):
    """How many voted for a candidate."""

    member_id = fields.String(required=True, validate=KEY)
    votes = fields.Integer(required=True, validate=COUNT)


class RecordElection(Command):
    """The count of an election at a held general meeting; valid with four fifths of those entitled present."""

    election_id = _key()
    meeting_id = _key()
    ballots_cast = fields.Integer(required=True, validate=COUNT)
    ballots = fields.List(fields.Nested(Ballot), required=True, validate=validate.Length(1, 60))


class ListBranchMeetings(Page):
    """Meetings within the caller's areas, newest first."""

    branch = fields.String(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    state = fields.String(load_default=None, validate=validate.OneOf(MEETING_STATES))


class GetBranchMeeting(Query):
    """A meeting with who came, its minutes and its resolutions; names are masked."""

    meeting_id = _key()


class ListCadence(Page):
    """Branches with what each kind of meeting owes: held, missed and due periods of the last twelve months, and the term."""

    branch = fields.String(load_default=None)
    overdue = fields.Boolean(load_default=False)


class ListElections(Page):
    """Elections, running ones and past ones with their counts."""

    branch = fields.String(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(("called", "held", "void")))
