"""Estates (小区) over buildings: their record, what is behind each door, who owns it, and the handing over of assets."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import COMMUNITY, NAME, PHONE, PLACE, SHORT, TEXT

OFFICE = "registry"
ESTATE = validate.Regexp(r"^\d{12}-E\d{2,6}$", error="Not the code of an estate.")
SHARE = validate.Regexp(r"^[1-9]\d{0,5}(/[1-9]\d{0,5})?$", error="A share is written 1, 1/2, 2/3 …")
OWNER_KINDS = ("person", "company", "government", "developer")
HANDOVER_STATES = ("drafted", "listed", "half-signed", "handed-over", "disputed", "abandoned")

# -- facts ---------------------------------------------------------------------------------------------


class EstateChanged(Event):
    """An estate's record is now like this."""

    said_by = ("registry",)
    heard_by = ("property",)
    estate = fields.String(required=True)
    community = fields.String(required=True)
    name = fields.String(required=True)
    gated = fields.Boolean(required=True)
    company = fields.String()
    company_code = fields.String()
    contract_id = fields.String()
    buildings = fields.List(fields.String(), required=True)
    at = at(required=True)


class OwnersChanged(Event):
    """A home belongs to these owners from a day on. For votes by area and by heads; carries no name and no number."""

    said_by = ("registry",)
    heard_by = ("property",)
    household = fields.String(required=True)
    place = fields.String(required=True)
    estate = fields.String()
    area = fields.Decimal(
        places=2, as_string=True, metadata={"description": "exclusive area in m²; absent: not known"}
    )
    owners = fields.List(
        fields.Dict(),
        required=True,
        metadata={"description": "owner_id, kind, share (1/2), area of the share"},
    )
    since = fields.Date(required=True)
    at = at(required=True)


class EstateHandedOver(Event):
    """Both sides signed the list of assets and documents of an estate."""

    said_by = ("registry",)
    heard_by = ("property",)
    handover_id = fields.String(required=True)
    estate = fields.String(required=True)
    place = fields.String(required=True)
    giver = fields.String(required=True)
    taker = fields.String(required=True)
    digest = fields.String(required=True, metadata={"description": "of the list that was signed"})
    at = at(required=True)


# -- estates -------------------------------------------------------------------------------------------


class Facility(Schema):
    kind = fields.String(required=True, validate=SHORT)
    count = fields.Integer(load_default=1, validate=validate.Range(1, 100_000))
    note = fields.String(load_default=None, validate=SHORT)


class _EstateFacts(Command):
    built = fields.Integer(load_default=None, validate=validate.Range(1800, 2200))
    company = fields.String(load_default=None, validate=NAME)
    company_code = fields.String(load_default=None, validate=validate.Length(equal=18))
    contract_id = fields.String(load_default=None, validate=SHORT)
    facilities = fields.List(fields.Nested(Facility), load_default=None, validate=validate.Length(max=100))
    buildings = fields.List(
        fields.String(validate=SHORT), load_default=None, validate=validate.Length(max=500)
    )


class RecordEstate(_EstateFacts):
    """A new estate over buildings of its community; the answer is its code."""

    community = fields.String(required=True, validate=COMMUNITY)
    number = fields.Integer(required=True, validate=validate.Range(1, 999_999))
    name = fields.String(required=True, validate=NAME)
    gated = fields.Boolean(required=True)


class ChangeEstate(_EstateFacts):
    """What is told is now like this, what is not told stays; the record says who changed what when."""

    estate = fields.String(required=True, validate=ESTATE)
    name = fields.String(load_default=None, validate=NAME)
    gated = fields.Boolean(load_default=None)


class DismissCompany(Command):
    """Nobody manages the estate any more, until another company is recorded."""

    estate = fields.String(required=True, validate=ESTATE)
    reason = fields.String(required=True, validate=TEXT)


class ListEstates(Page):
    """Estates of an area."""

    place = fields.String(load_default=None, validate=PLACE)


class GetEstate(Query):
    """An estate's record with what lives there, counted, and its history."""

    estate = fields.String(required=True, validate=ESTATE)


class GetCrossSection(Query):
    """A building from the top floor down, door by door, with the state of each home; no person is in it."""

    building = fields.String(required=True, validate=SHORT)


# -- owners --------------------------------------------------------------------------------------------


class Owner(Schema):
    name = fields.String(required=True, validate=NAME)
    kind = fields.String(load_default="person", validate=validate.OneOf(OWNER_KINDS))
    number = fields.String(
        load_default=None,
        validate=validate.Length(max=18),
        metadata={"description": "ID number, or the social credit code of whoever is no person"},
    )
    phone = fields.String(load_default=None, validate=PHONE)
    share = fields.String(load_default="1", validate=SHARE)


class RecordOwners(Command):
    """From a day on a home belongs to these owners; their shares make up the whole. Who owned it before is kept."""

    household = fields.String(required=True, validate=SHORT)
    owners = fields.List(fields.Nested(Owner), required=True, validate=validate.Length(min=1, max=50))
    since = fields.Date(required=True)
    basis = fields.String(
        required=True, validate=SHORT, metadata={"description": "number of the title certificate"}
    )
    area = fields.Decimal(load_default=None, places=2, as_string=True, validate=validate.Range(0, 100_000))


class ListOwners(Page):
    """Owners of homes on a day, masked."""

    household = fields.String(load_default=None, validate=SHORT)
    estate = fields.String(load_default=None, validate=ESTATE)
    place = fields.String(load_default=None, validate=PLACE)
    on = fields.Date(load_default=None)


class GetOwnersRoll(Query):
    """How many heads and how much exclusive area an estate has on a day, and which homes lack an owner or an area."""

    estate = fields.String(required=True, validate=ESTATE)
    on = fields.Date(load_default=None)


# -- handing over --------------------------------------------------------------------------------------


class HandoverItem(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(("asset", "document")))
    slug = fields.String(
        load_default=None, validate=SHORT, metadata={"description": "of what the rule of the place asks for"}
    )
    name = fields.String(required=True, validate=SHORT)
    count = fields.Integer(load_default=1, validate=validate.Range(0, 100_000))
    condition = fields.String(load_default=None, validate=SHORT)
    missing_because = fields.String(load_default=None, validate=SHORT)


class BeginHandover(Command):
    """An estate's assets and documents pass from one who managed it to another; the clock begins."""

    estate = fields.String(required=True, validate=ESTATE)
    giver = fields.String(required=True, validate=NAME)
    taker = fields.String(required=True, validate=NAME)
    items = fields.List(fields.Nested(HandoverItem), load_default=list, validate=validate.Length(max=500))


class _OfHandover(Command):
    handover_id = fields.String(required=True, validate=SHORT)


class SetHandoverItems(_OfHandover):
    """The whole list, as long as nobody has signed it."""

    items = fields.List(fields.Nested(HandoverItem), required=True, validate=validate.Length(max=500))


class ListHandover(_OfHandover):
    """The list is complete: everything the rule asks for is on it, or it says why not. Both sides may sign it now."""


class SignHandover(_OfHandover):
    """One side signs the list as it is: by its digest. The two sides are two accounts."""

    side = fields.String(required=True, validate=validate.OneOf(("giver", "taker")))
    name = fields.String(required=True, validate=NAME)
    digest = fields.String(required=True, validate=validate.Length(equal=64))


class DisputeHandover(_OfHandover):
    """One side does not agree; what was signed is void."""

    reason = fields.String(required=True, validate=TEXT)


class ReopenHandover(_OfHandover):
    """The dispute is settled; the list is drawn up once more."""


class AbandonHandover(_OfHandover):
    """There will be no handing over."""

    reason = fields.String(required=True, validate=TEXT)


class GetHandover(Query):
    """A handing over with its list, its digest, signatures and history; and what is still missing."""

    handover_id = fields.String(required=True, validate=SHORT)


class ListHandovers(Page):
    """Handings over of an area, the newest first; `overdue` those that should have been signed by now."""

    place = fields.String(load_default=None, validate=PLACE)
    state = fields.String(load_default=None, validate=validate.OneOf(HANDOVER_STATES))
    overdue = fields.Boolean(load_default=False)
