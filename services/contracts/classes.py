"""Classes of community (社区分类): by thresholds on the registry's own figures; each class brings its own measures."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import COMMUNITY, PLACE, SHORT

OFFICE = "registry"


class CommunityClassified(Event):
    """A community is of another class than before, or of none."""

    said_by = ("registry",)
    community = fields.String(required=True)
    former = fields.String()
    now = fields.String(metadata={"description": "absent: of no class"})
    at = at(required=True)


class EnterUnemployment(Command):
    """How many of a community's labour force are unemployed, as somebody counted on a day."""

    community = fields.String(required=True, validate=COMMUNITY)
    unemployed = fields.Integer(required=True, validate=validate.Range(0, 1_000_000))
    labour_force = fields.Integer(required=True, validate=validate.Range(1, 1_000_000))
    counted_on = fields.Date(required=True)
    source = fields.String(required=True, validate=SHORT)


class GetCommunityClass(Query):
    """A community's class with every threshold, its numerator and denominator, what is missing, and the class's measures."""

    community = fields.String(required=True, validate=COMMUNITY)


class ListCommunityClasses(Query):
    """The classes of an area's communities."""

    place = fields.String(load_default=None, validate=PLACE)


class ListClassHistory(Page):
    """How a community was judged before, the newest first."""

    community = fields.String(required=True, validate=COMMUNITY)
