"""The registry's history of people: births, deaths, marriages, moves, each with its evidence and its day.

A change is a line that is never edited. It says the day it took effect and the moment it was written down, so that one
can ask how a household was on a day, and what was known of it at the time. A mistake is put right by another line.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.registry import NAME, PHONE, SHORT, TEXT

OFFICE = "registry"

EVIDENCE = {
    "id-card": ("居民身份证", "ID card"),
    "household-register": ("户口簿", "household register"),
    "birth-certificate": ("出生医学证明", "birth certificate"),
    "death-certificate": ("死亡证明", "death certificate"),
    "marriage-certificate": ("结婚证", "marriage certificate"),
    "divorce-certificate": ("离婚证", "divorce certificate"),
    "court-decision": ("法院文书", "court decision"),
    "property-right": ("不动产权证", "certificate of ownership"),
    "lease": ("租赁合同", "lease"),
    "visit": ("入户核实", "visit to the home"),
    "statement": ("本人声明", "the person's own statement"),
}

WHY_TOGETHER = ("moved", "married", "divorced", "split")

# -- facts ---------------------------------------------------------------------------------------------


class _OfAResident(Event):
    said_by = ("registry",)
    resident_id = fields.String(required=True)
    household = fields.String(required=True)
    place = fields.String(required=True)
    persons = fields.Integer(required=True, metadata={"description": "who live there from now on"})


class ResidentBorn(_OfAResident):
    """A household has a child more. Carries no name and no birth date; for live screens."""


class ResidentDied(_OfAResident):
    """A resident has died. Carries no name: who needs more asks the registry, and that is recorded."""

    died_on = fields.Date(required=True)


# -- orders --------------------------------------------------------------------------------------------


class Paper(Schema):
    """What the change was seen in: the paper and its number, or the hash of a material handed in."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(EVIDENCE)))
    number = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    sha256 = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))


class _Change(Command):
    reason = fields.String(required=True, validate=TEXT)
    evidence = fields.List(fields.Nested(Paper), required=True, validate=validate.Length(min=1, max=10))
    case_no = fields.String(load_default=None)


class RecordBirth(_Change):
    """A child was born into a household."""

    household = fields.String(required=True, validate=SHORT)
    birth_date = fields.Date(required=True)
    name = fields.String(load_default=None, validate=NAME)
    sex = fields.String(load_default=None, validate=validate.OneOf(("male", "female")))
    id_number = fields.String(load_default=None, validate=validate.Length(max=18))
    relation = fields.String(load_default="child", validate=NAME)


class RecordDeath(_Change):
    """A resident has died; grid, meters, party relation and benefits are rechecked."""

    resident_id = fields.String(required=True)
    died_on = fields.Date(required=True)


class Mover(Schema):
    resident_id = fields.String(required=True)
    relation = fields.String(load_default=None, allow_none=True, validate=NAME)


class MoveResidents(_Change):
    """Residents the registry knows live in another home from a day on: moved, married into it, divorced, split off."""

    household = fields.String(required=True, validate=SHORT, metadata={"description": "where they live now"})
    residents = fields.List(fields.Nested(Mover), required=True, validate=validate.Length(min=1, max=30))
    why = fields.String(load_default="moved", validate=validate.OneOf(WHY_TOGETHER))
    effective_on = fields.Date(required=True)


class ChangeResident(_Change):
    """Another relation to the head of the household, another telephone, another name."""

    resident_id = fields.String(required=True)
    effective_on = fields.Date(required=True)
    relation = fields.String(load_default=None, validate=NAME)
    phone = fields.String(load_default=None, validate=PHONE)
    name = fields.String(load_default=None, validate=NAME)


class CorrectChange(_Change):
    """A line of the history was wrong: a new line takes its place, or strikes it out. The wrong one stays to be seen."""

    change_id = fields.String(required=True)
    strike = fields.Boolean(load_default=False, metadata={"description": "it never happened"})
    effective_on = fields.Date(load_default=None)
    relation = fields.String(load_default=None, validate=NAME)


# -- questions -----------------------------------------------------------------------------------------


class HouseholdOn(Query):
    """Who lived in a household on a day, masked; with `known_at`, as it was known at that moment."""

    household = fields.String(required=True, validate=SHORT)
    on = fields.Date(required=True)
    known_at = at(load_default=None)


class ListHouseholdChanges(Page):
    """What changed in a household, newest first; never a personal value."""

    household = fields.String(required=True, validate=SHORT)


class ListResidentChanges(Page):
    """What changed about a resident, newest first; never a personal value."""

    resident_id = fields.String(required=True)


class ListRechecks(Page):
    """What has to be looked at again because somebody moved, was born or died, and the case it became."""

    place = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
    )
    open = fields.Boolean(load_default=None)


class GetHouseholdFigures(Query):
    """Households by size, who lives alone, elders who live alone, the share of the old; of a place."""

    place = fields.String(required=True, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code."))
