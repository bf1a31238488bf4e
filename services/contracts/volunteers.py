"""Volunteers: the register, who is sent where, and the hours they gave."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at

DISPATCH_STATES = ("offered", "accepted", "declined", "expired", "stood-down", "reported")
OUTCOMES = ("well", "helped", "emergency", "unanswered")
APPLICANT = -1
"""The position of a case's applicant, who stands before the members of its form."""
SKILLS = ("visit", "first-aid", "repair", "tutoring", "patrol", "driving", "translation")
TEXT = validate.Length(min=1, max=2000)
KEY = validate.Length(min=1, max=64)
NUMBER = validate.Regexp(r"^V\d{15}$", error="Not a volunteer number.")
MINUTES = validate.Range(1, 24 * 60)

# -- facts ---------------------------------------------------------------------------------------------


class VolunteerRegistered(Event):
    """Somebody in a case's form became a volunteer; `position` is his place in the form's list of members, from 0.

    Case and position say who it is to those who hold the same form, and nothing to anybody else.
    """

    said_by = ("volunteers",)
    heard_by = ("party",)
    volunteer = fields.String(required=True)
    place = fields.String(required=True)
    case_no = fields.String(required=True)
    position = fields.Integer(required=True, metadata={"description": "-1 for the applicant"})
    at = at(required=True)


class _Sent(Event):
    heard_by = ("insight",)
    dispatch_id = fields.String(required=True)
    task_id = fields.String(required=True)
    case_no = fields.String(required=True)
    volunteer = fields.String(required=True)
    place = fields.String(required=True)
    at = at(required=True)


class VolunteerDispatched(_Sent):
    """A task was offered to a volunteer, who accepts or declines by a time."""

    said_by = ("volunteers",)
    answer_by = at(required=True)
    attempt = fields.Integer(required=True, metadata={"description": "1 for the first one asked"})


class VolunteerStoodDown(_Sent):
    """The reason for a visit is gone: whoever was asked or on the way need not go."""

    said_by = ("volunteers",)
    reason = fields.String(required=True)


class HoursCredited(Event):
    """Hours of one service are confirmed; a later figure for the same dispatch replaces this one."""

    said_by = ("volunteers",)
    heard_by = ("insight", "party")
    dispatch_id = fields.String(required=True)
    volunteer = fields.String(required=True)
    hours = fields.Decimal(required=True, as_string=True)
    case_no = fields.String(required=True)
    at = at(required=True)


# -- asked ---------------------------------------------------------------------------------------------


class GetVolunteerRecord(Query):
    """What anyone with the number may verify: hours and services, no personal data."""

    number = fields.String(required=True, validate=NUMBER)


class ListVolunteers(Page):
    """The register within the caller's areas; names and phones are masked."""

    place = fields.String(
        load_default=None, validate=validate.Regexp(r"^\d{6,15}$", error="Not a place code.")
    )
    skill = fields.String(load_default=None, validate=validate.OneOf(SKILLS))


class ListDispatches(Page):
    """Who was asked for what, newest first."""

    status = fields.String(load_default=None, validate=validate.OneOf((*DISPATCH_STATES, "active")))
    case_no = fields.String(load_default=None)


# -- orders --------------------------------------------------------------------------------------------

_CLOCK = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$", error="Not a time of day (HH:MM).")


class Window(Schema):
    """A weekly time in which somebody is free; days are 1 (Monday) to 7."""

    days = fields.List(
        fields.Integer(validate=validate.Range(1, 7)), required=True, validate=validate.Length(1, 7)
    )
    since = fields.String(required=True, validate=_CLOCK)
    until = fields.String(required=True, validate=_CLOCK)


class Guardian(Schema):
    """The adult who answers for a minor."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    phone = fields.String(required=True)


class RegisterVolunteer(Command):
    """Enter a volunteer; the same person again gets the same number."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    id_number = fields.String(required=True)
    phone = fields.String(required=True)
    place = fields.String(required=True, validate=validate.Regexp(r"^\d{15}$", error="Not a grid code."))
    skills = fields.List(fields.String(validate=validate.OneOf(SKILLS)), load_default=list)
    times = fields.List(
        fields.Nested(Window), load_default=list, metadata={"description": "empty: may be asked at any time"}
    )
    guardian = fields.Nested(Guardian, load_default=None, allow_none=True)


class _OnDispatch(Command):
    """By a coordinator of the area, or by whoever holds the dispatch's own link."""

    dispatch_id = fields.String(required=True, validate=KEY)
    token = fields.String(load_default=None, validate=validate.Length(max=64))


class AcceptDispatch(_OnDispatch):
    """The volunteer goes."""


class DeclineDispatch(_OnDispatch):
    """The volunteer cannot go; the next one is asked."""

    reason = fields.String(load_default=None, validate=validate.Length(max=2000))


class ReportVisit(_OnDispatch):
    """What was found, and how long it took; finishes the task."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    note = fields.String(load_default=None, validate=validate.Length(max=2000))
    minutes = fields.Integer(required=True, validate=MINUTES)


class ConfirmHours(Command):
    """Confirm the hours of a service, corrected when `minutes` is given."""

    dispatch_id = fields.String(required=True, validate=KEY)
    minutes = fields.Integer(load_default=None, validate=MINUTES)
    note = fields.String(load_default=None, validate=validate.Length(max=2000))


class DisputeHours(Command):
    """Question the hours of a service; they count again once confirmed."""

    dispatch_id = fields.String(required=True, validate=KEY)
    reason = fields.String(required=True, validate=TEXT)


class LoadDemonstration(Command):
    """Fill an empty register with the demonstration community's volunteers."""

    seed = fields.Integer(load_default=1)
    place = fields.String(
        load_default="110105001001", validate=validate.Regexp(r"^\d{12}$", error="Not a community code.")
    )
