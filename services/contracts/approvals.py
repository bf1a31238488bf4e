"""Access approval (准入): the list of what each place's desk may be asked for."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.frontdesk import PLACE
from services.contracts.messages import Command, Page

OFFICE = "frontdesk"


class ListApprovals(Page):
    """What was admitted to which desks: by whom it was decided, on what ground, and until when it holds. Public."""

    subject = fields.String(load_default=None, metadata={"description": "slug of a matter"})
    place = fields.String(load_default=None, validate=PLACE)
    in_force = fields.Boolean(load_default=None)


class RevokeApproval(Command):
    """Take something off the desks it was admitted to; cases under way are finished."""

    approval_id = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))
