"""A company's own software is told what happens in its areas: signed messages to an address of its choice.

As Standard Webhooks has it: headers `webhook-id`, `webhook-timestamp`, `webhook-signature`, and a body
`{type, timestamp, data}`. A message comes at least once, and its id is the same each time.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query, at

OFFICE = "property"

KINDS = {
    "task.assigned": "A case needs property management: task_id, case_no, matter, step, place, due_at.",
    "task.withdrawn": "The reason for a task is gone: task_id, case_no, place.",
    "repair.reported": "Something is broken: order_no, place, category, urgency, arrive_by.",
    "repair.changed": "An order went a step further: order_no, place, state, urgency, worker.",
    "repair.finished": "The repairer says it is done: order_no, place, category, on_time, finished_at.",
    "fee.paid": "A household paid: household, place, amount, receipt.",
    "fee.reminded": "A household was reminded of a month it has not paid: household, place, since, stage; never how much.",
    "company.faulted": "Something was missed and counts in the assessment: fault, reference, place, count.",
    "webhook.test": "Sent when the endpoint's owner asks for it.",
}
"""What may be told, and the fields of `data`. Never a name, a telephone or an ID number: those are asked for with the key."""

ID = fields.String(required=True, validate=validate.Length(min=1, max=64))
URL = validate.And(
    validate.Length(max=500), validate.Regexp(r"^https?://[^\s/@]+(/\S*)?$", error="Not an address.")
)


def kinds(**options: Any) -> fields.List:
    return fields.List(
        fields.String(validate=validate.OneOf(KINDS)), validate=validate.Length(1, 20), **options
    )


class RegisterWebhook(Command):
    """An address that is told of these kinds of events in the caller's areas. The answer holds the signing secret."""

    url = fields.String(required=True, validate=URL)
    kinds = kinds(required=True)
    description = fields.String(load_default=None, validate=validate.Length(max=200))


class _OfWebhook(Command):
    webhook = ID


class ChangeWebhook(_OfWebhook):
    """Another address, other kinds or another description; what is not given stays."""

    url = fields.String(load_default=None, validate=URL)
    kinds = kinds(load_default=None)
    description = fields.String(load_default=None, validate=validate.Length(max=200))


class RotateWebhookSecret(_OfWebhook):
    """A new secret; for `overlap_hours` every message carries a signature of the old one too."""

    overlap_hours = fields.Integer(load_default=24, validate=validate.Range(0, 168))


class DisableWebhook(_OfWebhook):
    """Nothing more is sent; what waits is kept and can be replayed."""


class EnableWebhook(_OfWebhook):
    """Sends again, from now on."""


class TestWebhook(_OfWebhook):
    """Sends `webhook.test` now."""

    __test__ = False


class ReplayWebhook(_OfWebhook):
    """Sends again what was not delivered since a moment, or with `all` everything; the ids stay the same."""

    since = at(required=True)
    until = at(load_default=None)
    all = fields.Boolean(load_default=False)


class ListWebhooks(Query):
    """The caller's own endpoints with their state; staff of property management see those of their area."""


class ListDeliveries(Page):
    """Messages of one endpoint, newest first: state, attempts, the last answer."""

    webhook = ID
    state = fields.String(
        load_default=None, validate=validate.OneOf(("pending", "delivered", "failed", "held"))
    )
