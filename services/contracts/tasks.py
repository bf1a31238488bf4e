"""One department's part of a case: what the front desk asks, what an office answers, and the tray's commands.

The commands are answered by every office (`office` is chosen by the task's unit), the events are addressed.
"""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.units import OFFICE_OF

OFFICES = ("street", "party", "property", "cameras", "meters", "volunteers")
"""The services that have a tray."""

STATUSES = ("assigned", "signed", "handling", "supplement", "return-pending", "done", "refused", "withdrawn")
OUTCOMES = ("done", "refused")
TEXT = validate.Length(min=1, max=2000)
NAME = validate.Length(min=1, max=40)


def unit_of(task_id: str) -> str:
    """The unit named in a task id, `{case_no}.{unit}[.{round}]`."""
    return task_id.split(".")[1]


def office_of(task_id: str) -> str:
    """The service whose tray holds the task."""
    return OFFICE_OF[unit_of(task_id)]


# -- the front desk asks -------------------------------------------------------------------------------


class TaskAssigned(Event):
    """A unit is asked to do its part of a case, by a time."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    case_no = fields.String(required=True)
    unit = fields.String(required=True)
    matter = fields.String(required=True, metadata={"description": "slug, e.g. moving-in"})
    matter_version = fields.Integer(required=True)
    step = fields.String(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    place = fields.String(required=True)
    applicant = fields.Dict(metadata={"description": "name, phone, id_number as far as the task needs them"})
    form = fields.Dict(required=True)
    materials = fields.List(fields.Dict())
    results = fields.Dict(metadata={"description": "unit -> result of the steps this one waited for"})
    lead = fields.Boolean()
    manual = fields.Boolean(metadata={"description": "true when a person must act even if a rule exists"})
    round = fields.Integer()
    designated = fields.Boolean(metadata={"description": "adjudicated: may not be returned again"})
    assigned_at = at(required=True)
    sign_by = at()
    due_at = at(required=True)


class TaskWithdrawn(Event):
    """The reason for a task is gone; whatever was begun is to be undone."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    reason = fields.String(required=True)


class TaskDueMoved(Event):
    """A task's due time changed: extension granted, supplement received, or time given back."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    due_at = at(required=True)
    reason = fields.String(required=True)


class TaskSupplied(Event):
    """The applicant added what was missing; the clock runs again."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    form = fields.Dict(required=True)
    materials = fields.List(fields.Dict())
    due_at = at(required=True)


class TaskSupplementLapsed(Event):
    """The applicant did not add what was missing in time: the clock runs again, and the unit decides on what it has."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    due_at = at(required=True)


class TaskUrged(Event):
    """A reminder (level 0) or supervision (level 1-3) of an unfinished task."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    level = fields.Integer(required=True)
    reason = fields.String(required=True)


class TaskReturnDecided(Event):
    """The front desk ruled on a return: upheld (the task leaves this unit) or designated (it stays, finally)."""

    said_by = ("frontdesk",)
    heard_by = OFFICES
    addressed = True
    task_id = fields.String(required=True)
    decision = fields.String(required=True, validate=validate.OneOf(("upheld", "designated")))
    reason = fields.String(required=True)


# -- an office answers ---------------------------------------------------------------------------------


class _Answer(Event):
    said_by = OFFICES
    heard_by = ("frontdesk",)
    task_id = fields.String(required=True)
    officer = fields.String(metadata={"description": "account, or `rule` when the office's own rule acted"})
    at = at(required=True)


class TaskSigned(_Answer):
    """The unit accepted its task and is accountable for it from now on (首接负责)."""


class TaskStarted(_Answer):
    """Work has begun."""


class TaskFinished(_Answer):
    """The unit's part is done or refused, with its result."""

    outcome = fields.String(
        required=True, metadata={"description": "done, refused, or a step's own word, e.g. unanswered"}
    )
    result = fields.Dict()
    note = fields.String()


class TaskReturned(_Answer):
    """Not ours, with a reason, within the time for returns."""

    reason = fields.String(required=True)


class TaskExtensionAsked(_Answer):
    """More time is asked for, before the due time, once."""

    until = at(required=True)
    reason = fields.String(required=True)


class TaskSupplementAsked(_Answer):
    """Something is missing; all missing items are told at once and the clock stops."""

    items = fields.List(fields.String(), required=True)
    form = fields.List(
        fields.String(), metadata={"description": "names of the matter's fields that are asked again"}
    )
    materials = fields.List(fields.String(), metadata={"description": "names of the matter's materials"})
    message = fields.String()


class TaskStoodDown(_Answer):
    """After a withdrawal: what had been begun is undone."""

    undone = fields.List(fields.String())


# -- a tray is asked -----------------------------------------------------------------------------------


class ListTasks(Page):
    """The tray: tasks of a unit, most urgent first."""

    unit = fields.String(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf((*STATUSES, "open")))
    overdue = fields.Boolean(load_default=None)
    case_no = fields.String(load_default=None)


class GetTask(Query):
    task_id = fields.String(required=True)


class _Act(Command):
    task_id = fields.String(required=True, validate=validate.Length(max=64))


class SignTask(_Act):
    """Accept a task (签收)."""


class StartTask(_Act):
    """Begin work on a signed task."""


class FinishTask(_Act):
    """Finish a task with its outcome and result."""

    outcome = fields.String(load_default="done", validate=validate.Length(max=40))
    result = fields.Dict(load_default=dict)
    note = fields.String(load_default=None, validate=validate.Length(max=2000))


class ReturnTask(_Act):
    """Return a task that is not ours (退单)."""

    reason = fields.String(required=True, validate=TEXT)


class ExtendTask(_Act):
    """Ask for more time (延期)."""

    until = at(required=True)
    reason = fields.String(required=True, validate=TEXT)


class AskSupplement(_Act):
    """Ask the applicant for everything that is missing, at once (补正)."""

    items = fields.List(fields.String(validate=TEXT), required=True, validate=validate.Length(min=1, max=20))
    form = fields.List(
        fields.String(validate=NAME),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={
            "description": "the matter's fields that are asked again; with `materials` it limits what is taken"
        },
    )
    materials = fields.List(
        fields.String(validate=NAME),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "the matter's materials that are asked"},
    )
    message = fields.String(load_default=None, validate=validate.Length(max=2000))
