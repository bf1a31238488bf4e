"""Utility meters: accounts, readings, and the rules that read a life sign or a leak out of them."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at, volume

# WelfareConcernRaised, LeakSuspected, MeterFaultFound, AlarmRaised, FindingUpdated and FindingRetracted stand with the front desk's findings.

KINDS = ("water", "electricity", "gas")
STATUSES = ("online", "offline", "new")
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


class ListMeters(Page):
    """Meters within the caller's areas, by number, each with its newest reading and its health.

    `health`: how many findings are active, how many validations are open and how many readings wait in the quarantine;
    beside it `status` and `heard_at` tell whether the meter is heard. `heard_from` was the first to report it, `bound_to`
    alone may; with `sender` those that are bound to it, or that it was the first to report and nobody has bound.
    """

    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))
    place = fields.String(load_default=None, validate=PLACE)
    household = fields.String(load_default=None, validate=CODE)
    sender = fields.String(load_default=None, validate=CODE)


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


class ReadSensorThings(Query):
    """OGC SensorThings 1.1, to read: `path` below the service's root, and the standard's options without their `$`."""

    root = fields.String(required=True, validate=validate.Length(max=300))
    path = fields.String(load_default="", validate=validate.Length(max=500))
    filter = fields.String(load_default=None, validate=validate.Length(max=2000))
    orderby = fields.String(load_default=None, validate=validate.Length(max=300))
    top = fields.String(load_default=None, validate=validate.Length(max=12))
    skip = fields.String(load_default=None, validate=validate.Length(max=12))
    count = fields.String(load_default=None, validate=validate.Length(max=5))
    select = fields.String(load_default=None, validate=validate.Length(max=500))
    expand = fields.String(load_default=None, validate=validate.Length(max=1000))


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


# -- validation, estimation, editing -------------------------------------------------------------------

REGISTER = validate.Length(min=1, max=32)
REASON = validate.Length(min=2, max=500)
STATE = validate.OneOf(("open", "cleared"))
VEE_RULES = (
    "consecutive_interval", "duplicate", "dynamic_comparison", "sibling_exists", "final_replacement", "high_low",
    "inactive_measurement", "interval_size", "spike", "multiplier", "negative", "prolonged_estimation",
    "missing_quantity", "sum", "unit", "zero", "frozen",
)  # fmt: skip


class GetConsumption(Query):
    """What a register used from `start` to before `end`, by interval, day or month, and how it is known.

    What has not been validated yet is judged while you look: `validated_until` tells how far the stored figures go.
    """

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    start = fields.Date(required=True)
    end = fields.Date(required=True)
    by = fields.String(load_default="day", validate=validate.OneOf(("interval", "day", "month")))


CALENDAR = validate.Range(min=date(2000, 1, 1), max=date(2199, 12, 31))


class GetSeries(Query):
    """A register's use as a curve, from `start` to before `end`, by hour, day or month; at most 500 points.

    Each point says whether it is measured, estimated or edited, and whether it is `complete` (the current hour is not yet);
    by month the months that these days touch. `expected` is the band it could be expected in: of an hour or a day the
    median and the 10th and 90th percentile of the same hour (the days) of the same kind of weekday (Monday to Friday, or
    the weekend) in the eight weeks before its own, of a month the use a day of the twelve months before; `seen` of them are
    known. It is null where fewer than three are.
    """

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    step = fields.String(load_default="day", validate=validate.OneOf(("hour", "day", "month")))
    start = fields.Date(required=True, validate=CALENDAR)
    end = fields.Date(required=True, validate=CALENDAR)


class ListVeeFindings(Page):
    """What validation says of a meter's registers, the newest first; a finding is open while it holds."""

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    rule = fields.String(load_default=None, validate=validate.OneOf(VEE_RULES))
    state = fields.String(load_default="open", validate=STATE)


class ListEdits(Page):
    """Estimates and people's edits of a meter, the latest moment first; superseded and reverted ones are there too."""

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    kind = fields.String(load_default=None, validate=validate.OneOf(("estimate", "manual")))
    state = fields.String(load_default=None, validate=validate.OneOf(("active", "superseded", "reverted")))


class ListRegisters(Query):
    """A meter's registers where they are not as usual, one after the other: digits, multiplier, own limits, exchanges."""

    meter = fields.String(required=True, validate=CODE)


class ListQuarantine(Page):
    """Readings that could not be true, with the reason; the content is as it came."""

    state = fields.String(
        load_default="waiting", validate=validate.OneOf(("waiting", "released", "dismissed"))
    )
    reason = fields.String(load_default=None, validate=CODE)
    meter = fields.String(load_default=None, validate=CODE)


class EditReading(Command):
    """What a register showed at a moment, by a person's word; null strikes the meter's reading out. The raw one stays.

    The same value as the meter's confirms it: what the rules suspect about it is settled.
    """

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    at = at(required=True)
    value = volume(required=True, allow_none=True, validate=validate.Range(min=0, max=10**11))
    reason = fields.String(required=True, validate=REASON)


class RevertEdit(Command):
    """A person's edit no longer counts; the raw reading does again."""

    edit_id = fields.String(required=True, validate=CODE)
    reason = fields.String(required=True, validate=REASON)


class SetRegister(Command):
    """What a register is where it is not as usual. `limits`: rule -> figures of its own, or "off"."""

    meter = fields.String(required=True, validate=CODE)
    register = fields.String(load_default=None, validate=REGISTER)
    digits = fields.Integer(load_default=None, validate=validate.Range(3, 10))
    multiplier = volume(load_default=None, validate=validate.Range(min=0, min_inclusive=False, max=100_000))
    interval_minutes = fields.Integer(
        load_default=None, validate=validate.OneOf((5, 10, 15, 30, 60, 120, 240, 360, 720, 1440))
    )
    limits = fields.Dict(keys=fields.String(), load_default=None)
    reason = fields.String(required=True, validate=REASON)


class ExchangedRegister(Schema):
    register = fields.String(required=True, validate=REGISTER)
    closing = volume(required=True, validate=validate.Range(min=0, max=10**11))
    opening = volume(required=True, validate=validate.Range(min=0, max=10**11))


class ExchangeMeter(Command):
    """The old meter's last states and the new one's first; with `new_meter` the new one reports under a name of its own."""

    meter = fields.String(required=True, validate=CODE)
    at = at(required=True)
    registers = fields.List(
        fields.Nested(ExchangedRegister), required=True, validate=validate.Length(min=1, max=16)
    )
    new_meter = fields.String(load_default=None, validate=CODE)
    digits = fields.Integer(load_default=None, validate=validate.Range(3, 10))
    reason = fields.String(required=True, validate=REASON)


class ReleaseReading(Command):
    """A quarantined reading was true after all, or is with these corrections; it is stored as any other."""

    reading_id = fields.String(
        required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$", error="Not a reading's id.")
    )
    corrections = fields.Dict(keys=fields.String(), load_default=dict)
    reason = fields.String(required=True, validate=REASON)


SENDER = validate.Regexp(r"^[A-Za-z0-9_-]{1,64}$", error="Not a sender's name.")


class BindMeter(Command):
    """From now on only `sender` (a device or an account) sends this meter's readings; null: whoever can, as before.

    Readings from somebody else go to the quarantine as `not-its-sender`. What waits there from the sender who is the right
    one now is let in.
    """

    meter = fields.String(required=True, validate=CODE)
    sender = fields.String(required=True, allow_none=True, validate=SENDER)
    reason = fields.String(required=True, validate=REASON)


class BindConcentrator(Command):
    """Every meter of a place that this sender was the first to report, and that nobody has bound, is bound to it."""

    sender = fields.String(required=True, validate=SENDER)
    place = fields.String(required=True, validate=PLACE)
    reason = fields.String(required=True, validate=REASON)


class DismissReading(Command):
    """A quarantined reading stays out."""

    reading_id = fields.String(
        required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$", error="Not a reading's id.")
    )
    reason = fields.String(required=True, validate=REASON)


# -- bills ---------------------------------------------------------------------------------------------

PERIOD = validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month (YYYY-MM).")
BILL_STATES = ("draft", "issued", "held", "corrected", "cancelled")


class BillsBooked(Event):
    """Lines of the meters' ledger: what households owe for water, electricity and gas from now on, or no longer.

    A bill is charged when it is issued; taken back while it is on hold; credited when it is corrected or cancelled (the
    bill that corrects it is charged on its own). Many in one event: a run issues a hundred thousand bills.
    """

    said_by = ("meters",)
    heard_by = ("property",)
    utility = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": "charge, hold, release or credit"})
    entries = fields.List(
        fields.Dict(),
        required=True,
        metadata={
            "description": "each: no (of the line in the ledger), bill, household, place, amount (yuan; negative when less"
            " is owed), period (YYYY-MM of the bill's last day)"
        },
    )
    at = at(required=True)


class ListBills(Page):
    """Bills within the caller's areas, newest first."""

    account = fields.String(load_default=None, validate=CODE)
    household = fields.String(load_default=None, validate=CODE)
    run = fields.String(load_default=None, validate=CODE)
    state = fields.String(load_default=None, validate=validate.OneOf(BILL_STATES))
    proposed = fields.Boolean(
        load_default=None, metadata={"description": "those whose days have changed since"}
    )


class GetBill(Query):
    """One bill, explained line by line, with what befell it."""

    bill = fields.String(required=True, validate=CODE)


class GetAccountLedger(Page):
    """What an account owes for its bills, and every line that led there, newest first."""

    account = fields.String(required=True, validate=CODE)


class GetBillRun(Query):
    """How far a run is."""

    run = fields.String(required=True, validate=CODE)


class ListBillRuns(Page):
    """Bill runs within the caller's areas, newest first."""


class ListTariffs(Query):
    """The prices that hold in a place on a day, tier by tier."""

    place = fields.String(load_default=None, validate=PLACE)
    day = fields.Date(load_default=None)


class RunBills(Command):
    """Bill everybody in a place up to the end of a month. Repeating it bills nobody twice: it looks for who was missing."""

    place = fields.String(required=True, validate=PLACE)
    utility = fields.String(required=True, validate=validate.OneOf(KINDS))
    period = fields.String(required=True, validate=PERIOD)
    issue = fields.Boolean(
        load_default=True, metadata={"description": "false: drafts, to be looked at and issued together"}
    )


class IssueBills(Command):
    """Issue the drafts of a run."""

    run = fields.String(required=True, validate=CODE)


class _OnBill(Command):
    bill = fields.String(required=True, validate=CODE)
    reason = fields.String(required=True, validate=TEXT)


class DisputeBill(_OnBill):
    """The household does not agree: the bill is on hold until that is settled."""


class SettleDispute(_OnBill):
    """The bill stands; what was on hold is due again. If it does not stand, correct or cancel it instead."""


class CorrectBill(_OnBill):
    """Make the bill again from its days as they are known now, and the later ones that build on it."""


class CancelBill(_OnBill):
    """Take back an account's latest bill; the next run bills its days again."""


class SetTariff(Command):
    """The tariff of an account, for every day that is not billed yet."""

    account = fields.String(required=True, validate=CODE)
    tariff = fields.String(required=True, validate=CODE)
