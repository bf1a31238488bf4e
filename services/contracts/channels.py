"""How applications reach the desk, and where those go that have a way of their own by law. Public."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Query

OFFICE = "frontdesk"


class ListChannels(Query):
    """Every channel: whose it is, and what is to be told of the hand-over (`source` of FileCase)."""


class ListStatutoryChannels(Query):
    """Litigation, arbitration, review, petition and the like: where, by which law, within what time."""

    matter = fields.String(load_default=None, validate=validate.Length(max=40))
