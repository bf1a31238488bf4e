"""The way into the party, step by step, with its clocks."""

from __future__ import annotations

from marshmallow import fields

from services.contracts.messages import Command, Page, Query
from services.contracts.party import KEY, NAME, TEXT

OFFICE = "party"
MEMBER = fields.String(required=True, validate=KEY)


class OpenDevelopment(Command):
    """Somebody hands in an application to a branch: the first of the 25 steps."""

    branch = fields.String(required=True, validate=KEY)
    name = fields.String(required=True, validate=NAME)
    id_number = fields.String(required=True, metadata={"description": "resident ID number"})
    applied_on = fields.Date(required=True)


class RecordStep(Command):
    """The next step was taken; one out of order, too early or without its evidence is refused with the reason."""

    member_id = MEMBER
    step = fields.String(required=True, validate=KEY)
    taken_on = fields.Date(required=True)
    evidence = fields.String(required=True, validate=TEXT)
    figures = fields.Dict(
        keys=fields.String(), values=fields.Integer(), load_default=dict,
        metadata={"description": "what the step asks: mentors, introducers, days, hours"},
    )  # fmt: skip
    resolution_id = fields.String(load_default=None, validate=KEY)
    reason = fields.String(load_default=None, validate=TEXT, metadata={"description": "why it is late"})


class RecordReview(Command):
    """The half-yearly review of an activist."""

    member_id = MEMBER
    reviewed_on = fields.Date(required=True)
    evidence = fields.String(required=True, validate=TEXT)


class ExtendProbation(Command):
    """Probation is extended once, by half a year to a year, by a resolution of the branch."""

    member_id = MEMBER
    months = fields.Integer(required=True)
    resolution_id = fields.String(required=True, validate=KEY)


class GetDevelopment(Query):
    """All steps of one person: taken, due next with its clock, or to come."""

    member_id = MEMBER


class ListDevelopment(Page):
    """Who is on the way within the caller's areas, with the next step; names are masked."""

    branch = fields.String(load_default=None)
    overdue = fields.Boolean(load_default=False, metadata={"description": "only those behind a clock"})
