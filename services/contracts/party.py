"""Party building: the tree of organisations, members and their transfers, and what a unit's numbers oblige it to."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Event, Page, Query, at

STAGES = ("applicant", "activist", "candidate", "probationary", "formal")
FORMS = ("committee", "general-branch", "party-committee")
DUTY_KINDS = ("instructor", "branch", *FORMS)
DUTY_STATES = ("due", "in-hand", "met", "lifted")
UNIT_KINDS = ("company", "social-organisation", "institution")
NAME = validate.Length(min=1, max=100)
TEXT = validate.Length(min=1, max=2000)
PLACE = validate.Regexp(r"^\d{6}(\d{3}){0,3}$", error="Not a place code.")
GRID = validate.Regexp(r"^\d{15}$", error="Not a grid code.")
KEY = validate.Length(min=1, max=64)

# -- facts ---------------------------------------------------------------------------------------------


class MemberReceived(Event):
    """A member belongs to a branch here from now on, by transfer of the relation or by reporting (双报到)."""

    said_by = ("party",)
    heard_by = ("insight",)
    member_id = fields.String(required=True)
    branch = fields.String(required=True, metadata={"description": "code of the organisation"})
    place = fields.String(required=True)
    how = fields.String(required=True, validate=validate.OneOf(("transfer", "report")))
    case_no = fields.String()
    at = at(required=True)


class _UnitGrew(Event):
    heard_by = ("insight",)
    duty_id = fields.String(required=True)
    unit = fields.String(required=True)
    place = fields.String(required=True)
    members = fields.Integer(required=True, metadata={"description": "formal members of the unit"})
    due_at = at(required=True)
    at = at(required=True)


class BranchDue(_UnitGrew):
    """A unit has so many formal members that it must have a branch of its own (the third one joined)."""

    said_by = ("party",)


class CommitteeDue(_UnitGrew):
    """A unit's branch has outgrown its form: it needs a committee, a general branch or a party committee."""

    said_by = ("party",)
    form = fields.String(required=True, validate=validate.OneOf(FORMS))


# -- asked ---------------------------------------------------------------------------------------------


class GetTree(Query):
    """Street committee, community committees, grid branches and building groups, with their member counts."""

    place = fields.String(load_default="", validate=validate.Regexp(r"^\d{0,15}$", error="Not a place code."))


class ListMembers(Page):
    """The roll within the caller's areas; names and numbers are masked."""

    branch = fields.String(load_default=None)
    unit = fields.String(load_default=None)
    stage = fields.String(load_default=None, validate=validate.OneOf(STAGES))


class ListDuties(Page):
    """What units owe by their numbers, the earliest due first."""

    state = fields.String(load_default=None, validate=validate.OneOf((*DUTY_STATES, "open")))
    unit = fields.String(load_default=None)


# -- orders --------------------------------------------------------------------------------------------


class RegisterUnit(Command):
    """Enter a company or other unit in which members work."""

    code = fields.String(required=True, metadata={"description": "unified social credit code"})
    kind = fields.String(load_default="company", validate=validate.OneOf(UNIT_KINDS))
    name_zh = fields.String(required=True, validate=NAME)
    name_en = fields.String(load_default="", validate=validate.Length(max=100))
    place = fields.String(required=True, validate=GRID)


class _Person(Command):
    name = fields.String(required=True, validate=NAME)
    id_number = fields.String(required=True, metadata={"description": "resident ID number"})


class EnrolMember(_Person):
    """Enter a member of a unit; the unit's duties follow from how many formal members it then has."""

    unit = fields.String(required=True)
    stage = fields.String(load_default="formal", validate=validate.OneOf(STAGES))


class AdvanceMember(Command):
    """The next stage of development."""

    member_id = fields.String(required=True, validate=KEY)
    stage = fields.String(required=True, validate=validate.OneOf(STAGES))


class ReceiveMember(_Person):
    """Receive a transferred relation into the grid branch of a place; finishes the task when one is named."""

    place = fields.String(required=True, validate=GRID)
    origin = fields.String(required=True, validate=NAME, metadata={"description": "where the relation was"})
    task_id = fields.String(load_default=None, validate=KEY)


class TransferMember(Command):
    """Send a member's relation elsewhere; finishes the task when one is named."""

    member_id = fields.String(required=True, validate=KEY)
    destination = fields.String(required=True, validate=NAME)
    task_id = fields.String(load_default=None, validate=KEY)


class ReportMember(_Person):
    """An in-service member reports to the community; the relation stays with the employer."""

    place = fields.String(required=True, validate=GRID)
    employer = fields.String(required=True, validate=NAME)
    volunteer = fields.String(load_default=None, validate=KEY, metadata={"description": "volunteer number"})
    task_id = fields.String(load_default=None, validate=KEY)


class _OnDuty(Command):
    duty_id = fields.String(required=True, validate=KEY)


class TakeDuty(_OnDuty):
    """Somebody sees to it from now on."""


class MeetDuty(_OnDuty):
    """It is done; meeting a `branch` duty founds the unit's branch and gathers its members there."""

    note = fields.String(required=True, validate=TEXT)


class LoadDemonstration(Command):
    """Fill an empty roll with the demonstration community's tree, members and companies."""

    seed = fields.Integer(load_default=1)
    place = fields.String(
        load_default="110105001001", validate=validate.Regexp(r"^\d{12}$", error="Not a community code.")
    )
