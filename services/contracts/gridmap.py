"""The registry's grid map: drawn as a whole, checked before it is stored, kept in versions; and who walks which grid."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import COMMUNITY, GRID, NAME, PLACE, SHORT

OFFICE = "registry"
ACCOUNT = validate.Length(min=1, max=100)
LONGITUDE = validate.Range(-180, 180)
LATITUDE = validate.Range(-90, 90)

# -- facts ---------------------------------------------------------------------------------------------


class GridMapRedrawn(Event):
    """A community's grids have other borders from now on. What was given a grid's code before keeps it."""

    said_by = ("registry",)
    community = fields.String(required=True)
    version = fields.Integer(required=True)
    drawn = fields.List(fields.String(), required=True, metadata={"description": "grids new or redrawn"})
    retired = fields.List(fields.String(), required=True)
    buildings = fields.List(
        fields.Dict(), required=True, metadata={"description": "building, from, to: whose grid is another"}
    )
    valid_from = at(required=True)


class GridWorkerAssigned(Event):
    """Somebody walks a grid from now on, or no longer does."""

    said_by = ("registry",)
    grid = fields.String(required=True)
    account = fields.String(required=True)
    on_duty = fields.Boolean(required=True)
    at = at(required=True)


# -- orders --------------------------------------------------------------------------------------------


class DrawGridMap(Command):
    """A community's whole map as GeoJSON: reported on first, stored at once or not at all.

    Each feature has `properties.code` (6+3+3+3 digits) and `properties.name`. With `dry_run` (the default) nothing is
    stored and the answer is the report; without it a map with faults is refused with the same report.
    """

    community = fields.String(required=True, validate=COMMUNITY)
    map = fields.Dict(required=True, metadata={"description": "GeoJSON FeatureCollection, WGS 84"})
    boundary = fields.Dict(
        load_default=None,
        metadata={"description": "GeoJSON polygon of the community; gaps are measured against it"},
    )
    dry_run = fields.Boolean(load_default=True)
    why = fields.String(load_default=None, validate=SHORT, metadata={"description": "kept with the version"})


class AssignGridWorker(Command):
    """Somebody walks this grid from now on; whoever walked it in the same part before no longer does."""

    grid = fields.String(required=True, validate=GRID)
    account = fields.String(required=True, validate=ACCOUNT)
    name = fields.String(required=True, validate=NAME)
    part = fields.String(
        load_default="lead",
        validate=validate.OneOf(("lead", "assistant")),
        metadata={"description": "a grid has one lead; assistants as many as it needs"},
    )


class ReleaseGridWorker(Command):
    """Somebody no longer walks this grid."""

    grid = fields.String(required=True, validate=GRID)
    account = fields.String(required=True, validate=ACCOUNT)


# -- questions -----------------------------------------------------------------------------------------


class FindGridAt(Query):
    """The grid at a point, with its workers; of the map that was in force at a moment, today's without one."""

    longitude = fields.Float(required=True, validate=LONGITUDE)
    latitude = fields.Float(required=True, validate=LATITUDE)
    at = at(load_default=None)


class ListNeighbours(Query):
    """The grids that share a border with one, and how many metres of it."""

    grid = fields.String(required=True, validate=GRID)


class ListMapVersions(Page):
    """Who redrew a community's map, when and why; newest first."""

    community = fields.String(required=True, validate=COMMUNITY)


class GetMapVersion(Query):
    """A version of a community's map as GeoJSON, as it was drawn."""

    community = fields.String(required=True, validate=COMMUNITY)
    version = fields.Integer(required=True, validate=validate.Range(1, 1_000_000))


class ListGridWorkers(Page):
    """Who walks which grid, and who did."""

    place = fields.String(load_default=None, validate=PLACE)
    account = fields.String(load_default=None, validate=ACCOUNT)
    former = fields.Boolean(load_default=False)
