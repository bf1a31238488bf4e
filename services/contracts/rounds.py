"""Patrol rounds with signed points, what is found on them, and joint disposal (S1.8)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Page, Query
from services.contracts.property import CODE, GRID, NAME, TEXT
from services.contracts.units import UNITS

OFFICE = "property"
CLOCK = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$", error="A time is written 08:00.")


class RoundWindow(Schema):
    opens = fields.String(required=True, validate=CLOCK)
    closes = fields.String(required=True, validate=CLOCK)


class PlanRoute(Command):
    """A round with its points and the times of day it is walked. The answer holds the code of each point, for its QR plate."""

    place = fields.String(required=True, validate=GRID)
    name = fields.String(required=True, validate=NAME)
    points = fields.List(fields.String(validate=NAME), required=True, validate=validate.Length(1, 100))
    windows = fields.List(fields.Nested(RoundWindow), required=True, validate=validate.Length(1, 24))


class ScanPoint(Command):
    """On the round, at a point: the code read from its plate. Counts within the round's time only, and once."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=100))


class ListPatrols(Page):
    """Rounds of the caller's areas, newest first, with how many points were reached."""

    missed = fields.Boolean(load_default=None)


class GetRoute(Query):
    """A route with its points, and their codes for whoever prints the plates."""

    route = fields.String(required=True, validate=CODE)


class ReportFinding(Command):
    """Something found on a round that needs more than one unit or more than a repair."""

    place = fields.String(required=True, validate=GRID)
    description = fields.String(required=True, validate=TEXT)
    route = fields.String(load_default=None, validate=CODE)


class CallJointPatrol(Command):
    """Name who looks at it together (社区、物业、业委会…) and by when it is disposed of."""

    finding = fields.String(required=True, validate=CODE)
    units = fields.List(
        fields.String(validate=validate.OneOf(UNITS)), required=True, validate=validate.Length(2, 20)
    )
    due_on = fields.Date(required=True)


class DisposeFinding(Command):
    """What was done about it together."""

    finding = fields.String(required=True, validate=CODE)
    result = fields.String(required=True, validate=TEXT)


class ListFindings(Page):
    """Findings of the caller's areas, newest first."""

    state = fields.String(load_default=None, validate=validate.OneOf(("found", "joint", "disposed")))
