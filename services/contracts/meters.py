"""Utility meters: accounts, readings, and the rules that read a life sign or a leak out of them."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query, at, volume

# WelfareConcernRaised, LeakSuspected, MeterFaultFound, AlarmRaised, FindingUpdated and FindingRetracted stand with the front desk's findings.

KINDS = ("water", "electricity", "gas")
FINDING_KINDS = ("welfare", "leak", "gas", "stuck", "reverse", "tamper", "offline")
TEXT = validate.Length(min=1, max=2000)
CODE = validate.Length(min=1, max=64)
PLACE = validate.Regexp(r"^\d{6,15}$", error="Not a place code.")


# -- asked ---------------------------------------------------------------------------------------------


class ListReadings(Page):
    """A meter's readings from `start` (included) to `end` (not included), oldest first.

    A corrected reading stands after the one it corrects: same time, higher sequence number.
    """

    meter = fields.String(required=True, validate=CODE)
    start = at(load_default=None)
    end = at(load_default=None)


class GetMeter(Query):
    """One meter with its newest reading."""

    meter = fields.String(required=True, validate=CODE)


class GetAccount(Query):
    """A household's water, electricity and gas accounts, the closed ones included."""

    household = fields.String(required=True, validate=CODE)


class ListFindings(Page):
    """Concerns, leaks, alarms and faults of meters within the caller's areas, newest first."""

    kind = fields.String(load_default=None, validate=validate.OneOf(FINDING_KINDS))
    state = fields.String(load_default=None, validate=validate.OneOf(("active", "cleared")))
    household = fields.String(load_default=None, validate=CODE)


# -- orders --------------------------------------------------------------------------------------------


class RegisterMeter(Command):
    """Enter a meter; what it sent before anybody knew it is attached to it now."""

    meter = fields.String(required=True, validate=CODE)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    place = fields.String(required=True, validate=PLACE)
    household = fields.String(load_default=None, validate=CODE)
    digits = fields.Integer(load_default=6, validate=validate.Range(3, 10))
    register = fields.String(load_default="total", validate=validate.Length(min=1, max=32))


class SetWelfareRule(Command):
    """Watch somebody who lives alone: less than `threshold` m³ in `hours` hours is a concern. None: as published.

    `rule` names a published rule (`changning`, `longgang`, `jingan`, `taicang`, `ningbo`) instead of that of the place.
    """

    household = fields.String(required=True, validate=CODE)
    active = fields.Boolean(load_default=True)
    rule = fields.String(load_default=None, validate=validate.Length(min=1, max=40))
    threshold = volume(load_default=None, validate=validate.Range(min=0, min_inclusive=False, max=10))
    hours = fields.Integer(load_default=None, validate=validate.Range(4, 72))


class SetAway(Command):
    """Nobody is at home from `start` (None: already away) until `until` (None: back again): no water is no concern.

    Water that runs while they are away ends it early.
    """

    household = fields.String(required=True, validate=CODE)
    start = at(load_default=None)
    until = at(required=True, allow_none=True)


class AcknowledgeFinding(Command):
    """Somebody has seen it and acts."""

    finding_id = fields.String(required=True, validate=CODE)


class LoadDemonstration(Command):
    """Meters and accounts of the demonstration households, and the forty real meters; repeating it changes nothing.

    The first real meter belongs to the first of `elders`.
    """

    seed = fields.Integer(required=True)
    households = fields.List(
        fields.String(validate=CODE), load_default=list, validate=validate.Length(max=20_000)
    )
    elders = fields.List(fields.String(validate=CODE), load_default=list, validate=validate.Length(max=1000))
