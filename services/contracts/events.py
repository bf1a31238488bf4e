"""Parts and events of the grids (部件、事件): found, filed, dispatched, handled, checked, closed.

A part is what stands in the street and has an owner; an event is what goes wrong, with a part or by itself.
"""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.gridmap import ACCOUNT, LATITUDE, LONGITUDE
from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import GRID, NAME, PLACE, SHORT, TEXT

OFFICE = "registry"
SOURCES = ("worker", "resident", "camera", "staff")
STATES = (
    "found",
    "filed",
    "dispatched",
    "handed-over",
    "handled",
    "checked",
    "closed",
    "dismissed",
    "merged",
)
EVENT_NO = validate.Regexp(r"^G\d{8}-\d{7}$", error="Not the number of a grid event.")
PART = validate.Regexp(r"^\d{16}$", error="Not a part code of 16 digits.")
KIND = validate.Length(min=1, max=40)


def pictures() -> fields.List:
    """References, never pictures: a picture does not travel in messages."""
    return fields.List(fields.String(validate=SHORT), load_default=list, validate=validate.Length(max=9))


# -- facts ---------------------------------------------------------------------------------------------


class GridEventMoved(Event):
    """Something in a grid was found, or came one step further. For live screens and figures."""

    said_by = ("registry",)
    event_no = fields.String(required=True)
    place = fields.String(required=True)
    kind = fields.String(required=True)
    verb = fields.String(required=True)
    state = fields.String(required=True)
    due_at = at()
    at = at(required=True)


class GridEventOverdue(Event):
    """A step of a grid event was not done in time. Said once a step."""

    said_by = ("registry",)
    event_no = fields.String(required=True)
    place = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    handler = fields.String()
    due_at = at(required=True)


# -- parts ---------------------------------------------------------------------------------------------


class RegisterPart(Command):
    """A part of the street with its code, position and owner; its grid is that of the point."""

    code = fields.String(
        required=True, validate=PART, metadata={"description": "district 6, class 2, kind 2, number 6"}
    )
    kind = fields.String(required=True, validate=KIND)
    name = fields.String(required=True, validate=NAME)
    owner = fields.String(
        required=True, validate=SHORT, metadata={"description": "the unit that keeps it in order"}
    )
    longitude = fields.Float(required=True, validate=LONGITUDE)
    latitude = fields.Float(required=True, validate=LATITUDE)


class RetirePart(Command):
    """A part stands there no longer; its events stay."""

    code = fields.String(required=True, validate=PART)
    why = fields.String(required=True, validate=SHORT)


class ListParts(Page):
    """Parts of an area, by kind or owner."""

    place = fields.String(load_default=None, validate=PLACE)
    kind = fields.String(load_default=None, validate=KIND)
    owner = fields.String(load_default=None, validate=SHORT)
    retired = fields.Boolean(load_default=False)


# -- an event's way ------------------------------------------------------------------------------------


class _OfEvent(Command):
    event_no = fields.String(required=True, validate=EVENT_NO)


class ReportGridEvent(Command):
    """Something was found in the street. The answer names what may be the same; a camera's repetition is counted there."""

    kind = fields.String(required=True, validate=KIND)
    longitude = fields.Float(load_default=None, validate=LONGITUDE)
    latitude = fields.Float(load_default=None, validate=LATITUDE)
    place = fields.String(
        load_default=None, validate=GRID, metadata={"description": "the grid, where nobody knows the point"}
    )
    part = fields.String(load_default=None, validate=PART)
    address = fields.String(load_default=None, validate=SHORT)
    description = fields.String(load_default=None, validate=TEXT)
    source = fields.String(load_default="worker", validate=validate.OneOf(SOURCES))
    device = fields.String(load_default=None, validate=SHORT)
    photos = pictures()


class FileGridEvent(_OfEvent):
    """It is ours and is to be done; whoever files may correct its kind."""

    kind = fields.String(load_default=None, validate=KIND)


class DismissGridEvent(_OfEvent):
    """It is nothing, or not ours; the reason stays with it."""

    reason = fields.String(required=True, validate=TEXT)


class MergeGridEvent(_OfEvent):
    """It is the same as another one, and goes with it."""

    into = fields.String(required=True, validate=EVENT_NO)


class DispatchGridEvent(_OfEvent):
    """Somebody is to handle it; without an account it is the grid's lead worker."""

    handler = fields.String(load_default=None, validate=ACCOUNT)


class GiveBackGridEvent(_OfEvent):
    """Whoever was sent cannot do it."""

    reason = fields.String(required=True, validate=TEXT)


class HandleGridEvent(_OfEvent):
    """It is done, and this is the evidence."""

    result = fields.String(required=True, validate=TEXT)
    photos = pictures()


class CheckGridEvent(_OfEvent):
    """Somebody other than the handler looked: it is in order, or it is not and goes back."""

    passed = fields.Boolean(required=True)
    note = fields.String(load_default=None, validate=TEXT)


class CloseGridEvent(_OfEvent):
    """What was checked is over."""

    note = fields.String(load_default=None, validate=TEXT)


class HandOverGridEvent(_OfEvent):
    """The grid cannot settle it: it becomes a case of the departments, and closes with it."""

    note = fields.String(load_default=None, validate=TEXT)


class TakeBackGridEvent(_OfEvent):
    """The grid settles it after all: the departments stand down, and their case is withdrawn."""

    reason = fields.String(required=True, validate=TEXT)


# -- questions -----------------------------------------------------------------------------------------


class ListEventKinds(Query):
    """Classes and kinds of parts and events in force, with their times."""

    place = fields.String(load_default="", validate=validate.Regexp(r"^\d{0,15}$"))


class GetGridEvent(Query):
    """One event with its history, and what may be the same."""

    event_no = fields.String(required=True, validate=EVENT_NO)


class ListGridEvents(Page):
    """Events of an area; `overdue` gives those late, the latest first."""

    place = fields.String(load_default=None, validate=PLACE)
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    kind = fields.String(load_default=None, validate=KIND)
    handler = fields.String(load_default=None, validate=ACCOUNT)
    overdue = fields.Boolean(load_default=False)


class GetGridFigures(Query):
    """Every grid's events of a span of days: found, closed, of those in time, open, overdue; and its parts."""

    place = fields.String(load_default=None, validate=PLACE)
    since = fields.Date(load_default=None, metadata={"description": "first day; 30 days back when not told"})
    until = fields.Date(load_default=None, metadata={"description": "last day; today when not told"})
