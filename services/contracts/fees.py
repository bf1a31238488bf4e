"""Fees in depth: bill runs, quantities, discounts, refunds, receipts, late fees and lawful reminders."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query, money
from services.contracts.property import CHANNELS, CODE, PERIOD, TEXT

OFFICE = "property"
AREA = validate.Regexp(r"^\d{6,15}$", error="Not a place.")
STAGES = ("reminder", "second-reminder", "demand", "may-sue")
REFUND_STATES = ("asked", "approved", "refused", "paid")
QUANTITY = validate.Regexp(r"^[a-z][a-z_]{0,30}$", error="Lower-case letters and underscores.")


class RunFees(Command):
    """Charge everybody of an area for a month; worked off by the clock. Repeating it goes on or charges who is new."""

    place = fields.String(required=True, validate=AREA)
    rule = fields.String(required=True, validate=CODE, metadata={"description": "code of a tariff"})
    period = fields.String(required=True, validate=PERIOD)


class GetFeeRun(Query):
    """How far a bill run is."""

    run = fields.String(required=True, validate=CODE)


class ListFeeRuns(Page):
    """Bill runs of the caller's areas, newest first."""


class RecordQuantity(Command):
    """What a formula or a price by meter counts for a household in a month; recorded before the month is charged."""

    household = fields.String(required=True, validate=CODE)
    quantity = fields.String(required=True, validate=QUANTITY)
    period = fields.String(required=True, validate=PERIOD)
    value = fields.Decimal(required=True, places=3, as_string=True, validate=validate.Range(0, 1_000_000))


class GrantDiscount(Command):
    """A share of a fee is not charged, from one month to another; booked as a line of its own."""

    household = fields.String(required=True, validate=CODE)
    rule = fields.String(required=True, validate=CODE)
    percent = fields.Decimal(
        required=True, places=2, as_string=True, validate=validate.Range(0, 100, min_inclusive=False)
    )
    since = fields.String(required=True, validate=PERIOD)
    until = fields.String(required=True, validate=PERIOD)
    reason = fields.String(required=True, validate=TEXT)


class AskRefund(Command):
    """Ask for money that a household paid in advance to be paid back."""

    household = fields.String(required=True, validate=CODE)
    amount = money(required=True, validate=validate.Range(min=0, min_inclusive=False, max=1_000_000))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    reason = fields.String(required=True, validate=TEXT)


class DecideRefund(Command):
    """Approve or refuse; never by whoever asked."""

    refund = fields.String(required=True, validate=CODE)
    approved = fields.Boolean(required=True)
    note = fields.String(load_default=None, validate=TEXT)


class PayRefund(Command):
    """The approved money was paid out: now it is in the books."""

    refund = fields.String(required=True, validate=CODE)


class ListRefunds(Page):
    """Refunds of the caller's areas, newest first."""

    state = fields.String(load_default=None, validate=validate.OneOf(REFUND_STATES))


class GetReceipt(Query):
    """What a receipt shows: for what, how much (in words too), when and by which channel."""

    receipt = fields.String(required=True, validate=validate.Regexp(r"^[1-9]\d{0,17}$"))


class ChargeLateFees(Command):
    """Late fees of a month that is over, where the contract has a clause for them, and only as that says."""

    place = fields.String(required=True, validate=AREA)
    period = fields.String(required=True, validate=PERIOD)


class ListReminders(Page):
    """Who was reminded of what month, how far; newest first. No amounts: those are on the account."""

    household = fields.String(load_default=None, validate=CODE)
    stage = fields.String(load_default=None, validate=validate.OneOf(STAGES))


class AskArrearsTalk(Command):
    """Ask the branch to talk with a member of a household that was reminded in vain. Says only that, and why."""

    household = fields.String(required=True, validate=CODE)
    purpose = fields.String(required=True, validate=TEXT)


class LoadEstateDemonstration(Command):
    """A company, its contract, a year of fees, a patrol route, a meeting and notices for a community; repeatable."""

    place = fields.String(required=True, validate=validate.Regexp(r"^\d{12}$"))
