"""What a resident may ask of us: who saw his data, and to be forgotten; and what we owe him after a breach."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import TEXT

OFFICE = "registry"

HOLDERS = ("meters", "property", "cameras", "party", "volunteers", "frontdesk")
"""Services that hold something of a resident, besides the registry."""

ASKING = ("self", "guardian", "relative", "representative")
"""Who may ask: he himself, a guardian, the next of kin of the dead, or whoever holds his written authority."""

# -- facts ---------------------------------------------------------------------------------------------


class ResidentErased(Event):
    """A resident is to be forgotten. Who holds something of his deletes what it may, and answers with ErasureAnswered.

    Carries no name: a service finds what it holds by resident or household.
    """

    said_by = ("registry",)
    heard_by = HOLDERS
    certificate = fields.String(required=True)
    resident_id = fields.String(required=True)
    household = fields.String(required=True, metadata={"description": "the last one he lived in"})
    vacated = fields.Boolean(required=True, metadata={"description": "nobody lives there any more"})
    at = at(required=True)


class Kept(Schema):
    what_zh = fields.String(required=True)
    what_en = fields.String(required=True)
    rule_zh = fields.String(required=True, metadata={"description": "by which rule it must be kept"})
    rule_en = fields.String(required=True)
    until_zh = fields.String(required=True)
    until_en = fields.String(required=True)


class ErasureAnswered(Event):
    """A service says what it deleted of a resident, and what it has to keep, by which rule and until when."""

    said_by = HOLDERS
    heard_by = ("registry",)
    certificate = fields.String(required=True)
    office = fields.String(required=True)
    deleted = fields.List(fields.String(), required=True)
    kept = fields.List(fields.Nested(Kept), required=True)
    at = at(required=True)


# -- orders --------------------------------------------------------------------------------------------


class EraseResident(Command):
    """Delete a resident's personal data on his request; the answer is a certificate that fills as services answer."""

    resident_id = fields.String(required=True)
    reason = fields.String(required=True, validate=TEXT)
    asked_by = fields.String(required=True, validate=validate.OneOf(ASKING))
    identity_checked = fields.Boolean(
        required=True, metadata={"description": "the person at the desk showed who he is"}
    )


class AskWhoSaw(Command):
    """Who saw a resident's data and why, asked by himself at the desk; that it was asked is noted as well."""

    resident_id = fields.String(required=True)
    identity_checked = fields.Boolean(required=True)


class ReportBreach(Command):
    """Personal data got out: whose, what, when it was found, and what to do. Each person affected is to be told."""

    what = fields.String(required=True, validate=TEXT)
    found_at = at(required=True)
    data_kinds = fields.List(
        fields.String(validate=validate.Length(max=40)),
        required=True,
        validate=validate.Length(min=1, max=20),
        metadata={"description": "what kind of data: name, id_number, phone …"},
    )
    residents = fields.List(fields.String(), required=True, validate=validate.Length(min=1, max=1000))
    measures = fields.String(required=True, validate=TEXT)


class NoteTold(Command):
    """A person affected by a breach was told, how and when."""

    breach_id = fields.String(required=True)
    resident_id = fields.String(required=True)
    how = fields.String(
        required=True, validate=validate.OneOf(("phone", "letter", "visit", "message", "notice"))
    )


# -- questions -----------------------------------------------------------------------------------------


class GetErasure(Query):
    """The certificate: what was deleted where, what is kept by which rule, and who has not answered yet."""

    certificate = fields.String(required=True)


class ListErasures(Page):
    """Erasures within the caller's areas, newest first."""

    open = fields.Boolean(load_default=None)


class ListBreaches(Page):
    """Breaches with how many were affected and told."""


class GetBreach(Query):
    """A breach with each person affected, and when he was told."""

    breach_id = fields.String(required=True)


class CheckLooks(Query):
    """Whether the log of looks is whole: its chain of hashes, and the last one, worth writing down elsewhere."""
