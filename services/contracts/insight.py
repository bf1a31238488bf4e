"""Insight: what needs a person now, where and whose. Every number has a list whose count equals it."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Event, Page, Query, at

CASE_NUMBERS = (
    "overdue", "due_soon", "in_hand", "closed_today", "filed_today",
    "filed", "closed", "closed_in_time", "ping_pong", "supervised",
    "called_back", "resolved", "asked", "satisfied",
)  # fmt: skip
"""Numbers that count cases. The first four are the first row of the wall."""

TASK_NUMBERS = (
    "tasks_open", "tasks_overdue", "tasks_assigned", "tasks_returned", "tasks_extended", "tasks_signed_late",
    "sign_due", "signed_in_time", "tasks_done", "tasks_due", "tasks_in_time", "tasks_late",
)  # fmt: skip
"""Numbers that count tasks, each one unit's part of a case."""

GROUPS = ("unit", "staff", "company", "street", "community", "grid", "matter", "channel", "day", "month")
PERIODS = ("day", "week", "month", "quarter", "year")

PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")


class OverviewChanged(Event):
    """The four numbers of an area are other than they were; said at most once a second, for live screens only."""

    said_by = ("insight",)
    heard_by = ()
    place = fields.String(required=True, metadata={"description": "code of the area; '' is everywhere"})
    numbers = fields.Dict(required=True)
    at = at(required=True)
    n = fields.Integer(required=True, metadata={"description": "counts up by one in each area"})


class _OfArea(Query):
    place = fields.String(load_default=None, validate=PLACE)


class GetOverview(_OfArea):
    """The wall: four numbers, what is most urgent, three rates, findings of devices, departments and grids."""


class GetDepartments(_OfArea):
    """Each unit's tasks: open, overdue, signed late, and the median time of handling."""


class GetGrids(_OfArea):
    """Each grid's cases: in hand, overdue, due within two hours."""


class _Narrowed(Query):
    """Of one area, unit, matter, channel or member of staff; of the period that holds the day `on` (today)."""

    place = fields.String(load_default=None, validate=PLACE)
    unit = fields.String(load_default=None, validate=validate.Length(max=40))
    matter = fields.String(load_default=None, validate=validate.Length(max=40))
    channel = fields.String(load_default=None, validate=validate.Length(max=40))
    staff = fields.String(load_default=None, validate=validate.Length(max=100))
    company = fields.String(load_default=None, validate=validate.Length(max=40))
    period = fields.String(load_default=None, validate=validate.OneOf(PERIODS))
    on = fields.Date(load_default=None, metadata={"description": "a day in China"})


class ListBehind(Page, _Narrowed):
    """The cases or tasks a number counts: `{items, next, count}`. In hand: most urgent first; past: newest first.

    Without a period: of today where the number says so, else of the last thirty days.
    """

    number = fields.String(required=True, validate=validate.OneOf((*CASE_NUMBERS, *TASK_NUMBERS)))


class GetFigures(_Narrowed):
    """Numbers, rates and the median time by unit, officer, company, area, matter, channel, day or month.

    Each is behind `ListBehind` with the same fields and the item's key. The median is right to 5 %.
    """

    by = fields.String(load_default="unit", validate=validate.OneOf(GROUPS))


class GetRebuild(Query):
    """How far the newest rebuild has got: `{id, stage, done_to, cases, lanes, asked_at, finished_at}`."""


class RebuildReadModels(Command):
    """Make every number anew from the log of events, some cases at a time while screens and events go on."""
