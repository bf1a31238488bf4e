"""The registry: grids, buildings, households and residents, and who looked at what.

A household is a home (户): its code is `{grid}-{building}-{unit}-{door}`, so it says where it is.
Lists are masked (袁*, 135****0000); whole values are handed out by commands only, because every such look is recorded.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at

GRID = validate.Regexp(r"^\d{15}$", error="Not a grid code of 15 digits.")
COMMUNITY = validate.Regexp(r"^\d{12}$", error="Not a community code of 12 digits.")
PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
PHONE = validate.Regexp(r"^\+?[\d-]{5,20}$", error="Not a telephone number.")
NAME = validate.Length(min=1, max=60)
SHORT = validate.Length(min=1, max=200)
TEXT = validate.Length(min=1, max=2000)

PURPOSES = {
    "prefill": ("办事预填", "filling in forms"),
    "welfare-watch": ("独居关爱（用水异常探访）", "welfare visits after unusual water use"),
    "volunteering": ("志愿服务联络", "contact for volunteering"),
    "face": ("人脸识别门禁", "face recognition at gates"),
    "health": ("健康信息", "health data"),
    "religion": ("宗教信仰信息", "religious belief"),
}
"""What a resident may consent to, each on its own."""

# -- facts ---------------------------------------------------------------------------------------------


class HouseholdChanged(Event):
    """Who lives in a household, or how it is reached, is now like this."""

    said_by = ("registry",)
    heard_by = ("meters", "property")
    household = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "grid code"})
    address = fields.String(required=True)
    persons = fields.Integer(required=True)
    lives_alone = fields.Boolean(required=True, metadata={"description": "exactly one resident"})
    elder = fields.Boolean(required=True, metadata={"description": "somebody of 60 or more lives here"})
    watch_refused = fields.Boolean(
        metadata={
            "description": "who lives alone here does not want the welfare watch; absent when not refused"
        }
    )
    contact_name = fields.String(metadata={"description": "whom to ring about the household"})
    contact_phone = fields.String()
    residents = fields.List(
        fields.Dict(), required=True, metadata={"description": "resident_id, name, phone, is_party_member"}
    )
    at = at(required=True)


class ResidentMovedIn(Event):
    """A resident lives in a household from now on. For live screens; carries no name."""

    said_by = ("registry",)
    resident_id = fields.String(required=True)
    household = fields.String(required=True)
    place = fields.String(required=True)
    move_in_date = fields.Date(required=True)
    case_no = fields.String()


class ResidentMovedOut(Event):
    """A resident no longer lives in a household. For live screens; carries no name."""

    said_by = ("registry",)
    resident_id = fields.String(required=True)
    household = fields.String(required=True)
    place = fields.String(required=True)
    move_out_date = fields.Date(required=True)


# -- orders --------------------------------------------------------------------------------------------


class Grid(Schema):
    code = fields.String(required=True, validate=GRID)
    name = fields.String(required=True, validate=NAME)
    geometry = fields.Dict(required=True, metadata={"description": "GeoJSON Polygon or MultiPolygon, WGS 84"})


class ImportGrids(Command):
    """Store a community's grids; polygons that overlap or leave gaps are told and nothing is stored."""

    community = fields.String(required=True, validate=COMMUNITY)
    grids = fields.List(fields.Nested(Grid), required=True, validate=validate.Length(min=1, max=200))
    boundary = fields.Dict(
        load_default=None,
        metadata={"description": "GeoJSON of the whole community; gaps are measured against it"},
    )


class AddBuilding(Command):
    """Register a building of a grid; the answer is its code."""

    grid = fields.String(required=True, validate=GRID)
    number = fields.Integer(required=True, validate=validate.Range(1, 999))
    address = fields.String(required=True, validate=SHORT)
    units = fields.Integer(load_default=1, validate=validate.Range(1, 50))
    floors = fields.Integer(load_default=6, validate=validate.Range(1, 150))
    built = fields.Integer(load_default=None, validate=validate.Range(1800, 2200))
    longitude = fields.Float(load_default=None, validate=validate.Range(-180, 180))
    latitude = fields.Float(load_default=None, validate=validate.Range(-90, 90))


class AddHousehold(Command):
    """Register a home behind a door of a building; the answer is its code."""

    building = fields.String(required=True, validate=SHORT)
    unit = fields.Integer(required=True, validate=validate.Range(1, 50))
    door = fields.String(
        required=True, validate=validate.Regexp(r"^[0-9A-Z]{1,8}$", error="Not a door number.")
    )
    area = fields.Decimal(load_default=None, places=2, as_string=True, validate=validate.Range(0, 100000))
    collective = fields.Boolean(load_default=False)


class Person(Schema):
    name = fields.String(required=True, validate=NAME)
    id_number = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=18))
    phone = fields.String(load_default=None, allow_none=True, validate=PHONE)
    relation = fields.String(load_default=None, allow_none=True, validate=NAME)
    birth_date = fields.Date(load_default=None, allow_none=True)
    is_party_member = fields.Boolean(load_default=False)


class RegisterResident(Command):
    """Register one resident of a household."""

    household = fields.String(required=True, validate=SHORT)
    name = fields.String(required=True, validate=NAME)
    id_number = fields.String(required=True, validate=validate.Length(max=18))
    phone = fields.String(load_default=None, validate=PHONE)
    relation = fields.String(load_default=None, validate=NAME)
    is_party_member = fields.Boolean(load_default=False)


class MoveIn(Command):
    """These persons live in a household from a day on; whoever lived elsewhere has moved."""

    household = fields.String(required=True, validate=SHORT)
    residents = fields.List(fields.Nested(Person), required=True, validate=validate.Length(min=1, max=30))
    move_in_date = fields.Date(load_default=None)
    case_no = fields.String(load_default=None)


class MoveOut(Command):
    """A resident no longer lives in the household."""

    resident_id = fields.String(required=True)
    move_out_date = fields.Date(load_default=None)


class SetContact(Command):
    """Whom to ring about a household."""

    household = fields.String(required=True, validate=SHORT)
    contact_name = fields.String(required=True, validate=NAME)
    contact_phone = fields.String(required=True, validate=PHONE)


class RecordConsent(Command):
    """A resident gives or takes back consent to one purpose; under 14 a guardian speaks."""

    resident_id = fields.String(required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(tuple(PURPOSES)))
    given = fields.Boolean(required=True)
    guardian = fields.String(load_default=None, validate=NAME)


class LookAtResident(Command):
    """See a resident's whole values for a stated reason; the look is recorded."""

    resident_id = fields.String(required=True)
    why = fields.String(required=True, validate=TEXT)
    case_no = fields.String(load_default=None)


class Prefill(Command):
    """What the registry already knows for a form: `{values: {path: {value, source}}}`. The look is recorded.

    Whole personal values are given for the one person whose ID number was presented, nobody else's.
    """

    id_number = fields.String(load_default=None, validate=validate.Length(max=18))
    household = fields.String(load_default=None, validate=SHORT)
    place = fields.String(load_default=None, validate=PLACE)


class LoadDemonstration(Command):
    """Load the demonstration community, or another of its street; does nothing when it is there. For administrators."""

    seed = fields.Integer(load_default=1)
    community = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{12}$", error="Not a community code.")
    )
    households = fields.Integer(load_default=1200, validate=validate.Range(6, 20000))


# -- questions -----------------------------------------------------------------------------------------


class GetHousehold(Query):
    """A household with its residents, masked."""

    household = fields.String(required=True, validate=SHORT)


class ListHouseholds(Page):
    """Households within the caller's areas."""

    place = fields.String(load_default=None, validate=PLACE)
    building = fields.String(load_default=None, validate=SHORT)
    lives_alone = fields.Boolean(load_default=None)
    elder = fields.Boolean(load_default=None)


class FindResidents(Page):
    """Residents by the beginning of a name, a whole telephone or ID number; masked."""

    q = fields.String(required=True, validate=validate.Length(min=1, max=60))
    place = fields.String(load_default=None, validate=PLACE)


class ListBuildings(Page):
    """Buildings within the caller's areas."""

    place = fields.String(load_default=None, validate=PLACE)


class ListGrids(Query):
    """Grids of a place with their counts."""

    place = fields.String(load_default=None, validate=PLACE)


class GridMap(Query):
    """The same as a GeoJSON FeatureCollection, for maps."""

    place = fields.String(load_default=None, validate=PLACE)


class ListLooks(Page):
    """Who saw whose data and why, newest first; for supervisors and auditors."""

    resident_id = fields.String(load_default=None)
    account = fields.String(load_default=None)
