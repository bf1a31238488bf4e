"""Property management: household files, fee accounts and repair orders."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.contracts.messages import Command, Event, Page, Query, at, money

TEXT = validate.Length(min=1, max=2000)
NAME = validate.Length(min=1, max=100)
CODE = validate.Length(min=1, max=64)
GRID = validate.Regexp(r"^\d{12}(\d{3})?$", error="Not a community or grid code.")
PERIOD = validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month (YYYY-MM).")
URGENCIES = ("urgent", "ordinary")
STATES = (
    "reported", "graded", "assigned", "arrived", "quoted", "agreed", "repaired", "confirmed", "rated", "cancelled",
)  # fmt: skip
CHANNELS = ("cash", "card", "wechat", "alipay", "transfer")


def area(**options: Any) -> fields.Decimal:
    """Floor area in m², exact to 0.01, as a decimal string."""
    return fields.Decimal(places=2, as_string=True, validate=validate.Range(min=0, max=100_000), **options)


# -- facts ---------------------------------------------------------------------------------------------


class HouseholdFileOpened(Event):
    """A household moved in: property management keeps a file and a fee account for it."""

    said_by = ("property",)
    heard_by = ("registry",)
    household = fields.String(required=True)
    address = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "grid code"})
    move_in_date = fields.Date()
    members = fields.List(
        fields.Dict(), required=True, metadata={"description": "name, id_number, phone, relation"}
    )
    case_no = fields.String()


class MovingInUndone(Event):
    """A moving-in case was taken back: whom it had brought into a household is out of its file again."""

    said_by = ("property",)
    heard_by = ("registry",)
    case_no = fields.String(required=True)
    household = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "grid code"})
    at = at(required=True)


class RepairReported(Event):
    """Something is broken and the clock of its repair runs."""

    said_by = ("property",)
    heard_by = ("insight",)
    order_no = fields.String(required=True)
    place = fields.String(required=True)
    category = fields.String(required=True)
    urgency = fields.String(metadata={"description": "urgent or ordinary; absent until a person grades it"})
    case_no = fields.String()
    reported_at = at(required=True)
    arrive_by = at()


class RepairFinished(Event):
    """The repairer says it is done; the household has yet to confirm."""

    said_by = ("property",)
    heard_by = ("insight",)
    order_no = fields.String(required=True)
    place = fields.String(required=True)
    category = fields.String(required=True)
    urgency = fields.String()
    case_no = fields.String()
    worker = fields.String()
    on_time = fields.Boolean(metadata={"description": "arrived within the promised time"})
    reported_at = at(required=True)
    finished_at = at(required=True)


class ArrearsTalkAsked(Event):
    """A household was reminded of its fees in vain: the branch of a member who lives there may talk with him.

    Says only *that*, and why; never an amount. Where no member lives, there is nothing to do and nothing to keep.
    """

    said_by = ("property",)
    talk = fields.String(required=True, metadata={"description": "what the answer refers to"})
    household = fields.String(required=True)
    place = fields.String(required=True, metadata={"description": "grid code"})
    purpose = fields.String(required=True)
    at = at(required=True)


# -- asked ---------------------------------------------------------------------------------------------


class GetHousehold(Query):
    """A household's file."""

    household = fields.String(required=True, validate=CODE)


class GetFeeAccount(Query):
    """What a household owes or has paid in advance, with its latest entries."""

    household = fields.String(required=True, validate=CODE)


class ListArrears(Page):
    """Households that owe, the largest debt first. Nothing is ever cut for it (Civil Code 944)."""

    place = fields.String(load_default=None, validate=validate.Regexp(r"^\d{6,15}$"))


class ListRepairs(Page):
    """Repair orders within the caller's areas, the most urgent first."""

    state = fields.String(load_default=None, validate=validate.OneOf((*STATES, "open")))
    urgency = fields.String(load_default=None, validate=validate.OneOf(URGENCIES))
    worker = fields.String(load_default=None, validate=NAME)
    late = fields.Boolean(
        load_default=None, metadata={"description": "nobody arrived within the promised time"}
    )


class GetRepair(Query):
    """One repair order with its whole history."""

    order_no = fields.String(required=True, validate=CODE)


# -- orders --------------------------------------------------------------------------------------------


class ReportRepair(Command):
    """Report something broken; a known category is graded at once."""

    place = fields.String(required=True, validate=GRID)
    address = fields.String(required=True, validate=validate.Length(min=1, max=200))
    category = fields.String(required=True, validate=CODE)
    description = fields.String(required=True, validate=TEXT)
    household = fields.String(load_default=None, validate=CODE)
    reporter = fields.String(load_default=None, validate=NAME)
    phone = fields.String(load_default=None, validate=validate.Length(max=20))


class _OnRepair(Command):
    order_no = fields.String(required=True, validate=CODE)


class GradeRepair(_OnRepair):
    """Say how urgent it is; the time for arriving follows from it."""

    urgency = fields.String(required=True, validate=validate.OneOf(URGENCIES))


class AssignRepair(_OnRepair):
    """Send a worker (派单)."""

    worker = fields.String(required=True, validate=NAME)


class GrabRepair(_OnRepair):
    """Take an order oneself (抢单); the first one has it."""


class TransferRepair(_OnRepair):
    """Hand an order back for somebody else (转单)."""

    reason = fields.String(required=True, validate=TEXT)


class ArriveRepair(_OnRepair):
    """On site."""


class QuoteRepair(_OnRepair):
    """Name the price before the work, when it is the household's to pay."""

    amount = money(required=True, validate=validate.Range(min=0, max=1_000_000))
    reason = fields.String(required=True, validate=TEXT)


class AcceptQuote(_OnRepair):
    """The household agrees to the price."""


class FinishRepair(_OnRepair):
    """The work is done; closes the task when the order came from a case."""

    note = fields.String(required=True, validate=TEXT)
    materials = fields.List(fields.Dict(), load_default=list, validate=validate.Length(max=50))
    cost = money(load_default=None, validate=validate.Range(min=0, max=1_000_000))


class ConfirmRepair(_OnRepair):
    """The household says whether it is in order; if not, the worker comes again."""

    accepted = fields.Boolean(load_default=True)
    note = fields.String(load_default=None, validate=TEXT)


class RateRepair(_OnRepair):
    """Five levels."""

    stars = fields.Integer(required=True, validate=validate.Range(1, 5))
    comment = fields.String(load_default=None, validate=TEXT)


class ChargeFees(Command):
    """Charge every household of an area for a month by a tariff. Repeating it charges nobody twice."""

    period = fields.String(required=True, validate=PERIOD)
    rule = fields.String(required=True, validate=CODE, metadata={"description": "code of a tariff"})
    place = fields.String(load_default=None, validate=validate.Regexp(r"^\d{6,15}$"))


class PayFee(Command):
    """Take a payment. The same reference is booked once."""

    household = fields.String(required=True, validate=CODE)
    amount = money(required=True, validate=validate.Range(min=0, min_inclusive=False, max=1_000_000))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    reference = fields.String(
        required=True, validate=CODE, metadata={"description": "receipt or payment number"}
    )


class DemonstrationHousehold(Schema):
    """One line of the demonstration."""

    household = fields.String(required=True, validate=CODE)
    address = fields.String(required=True, validate=validate.Length(min=1, max=200))
    place = fields.String(required=True, validate=GRID)
    area = area(required=True)


class LoadDemonstration(Command):
    """Household files and fee accounts of the demonstration community; repeating it changes nothing."""

    seed = fields.Integer(required=True)
    households = fields.List(
        fields.Nested(DemonstrationHousehold), required=True, validate=validate.Length(max=5000)
    )
