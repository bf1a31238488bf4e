"""Property companies and their service contracts, with every clock the law gives them."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate

from services.contracts import citizens
from services.contracts.messages import Command, Event, Page, Query, at
from services.contracts.property import CODE, NAME, TEXT

OFFICE = "property"
CREDIT_CODE = validate.Length(equal=18)
COMMUNITY = validate.Regexp(r"^\d{12}$", error="Not a community code.")
CONTRACT_STATES = ("signed", "filed", "notice", "ended")
CLOCKS = ("filing", "expiry", "end", "handover")
FAULTS = ("filing-late", "handover-late", "arrival-missed", "patrol-missed", "decision-overdue")


def credit_code(value: str) -> None:
    if not citizens.check_credit_code(value):
        raise ValidationError("Not a unified social credit code.")


class ServiceContractChanged(Event):
    """A service contract was signed, filed, given notice of, or has ended."""

    said_by = ("property",)
    heard_by = ("insight",)
    contract_id = fields.String(required=True)
    company = fields.String(required=True, metadata={"description": "unified social credit code"})
    place = fields.String(required=True)
    state = fields.String(required=True)
    at = at(required=True)


class CompanyFaulted(Event):
    """A company missed what it owed: one point of its assessment, with what it can be traced to."""

    said_by = ("property",)
    heard_by = ("insight",)
    company = fields.String(metadata={"description": "absent: no contract was in force at the place"})
    place = fields.String(required=True)
    kind = fields.String(required=True, metadata={"description": ", ".join(FAULTS)})
    reference = fields.String(
        required=True, metadata={"description": "repair order, patrol, contract, decision"}
    )
    count = fields.Integer(metadata={"description": "how many points of a patrol; otherwise 1"})
    at = at(required=True)


class RegisterCompany(Command):
    """A company by its unified social credit code; the check character must be right."""

    company = fields.String(required=True, validate=[CREDIT_CODE, credit_code])
    name = fields.String(required=True, validate=NAME)
    phone = fields.String(load_default=None, validate=validate.Length(max=20))


class ListCompanies(Page):
    """The register of companies."""


class SignContract(Command):
    """A service contract as it was signed: term, fee standards, late-fee clause. Its clock for filing runs from now."""

    company = fields.String(required=True, validate=CODE)
    place = fields.String(required=True, validate=COMMUNITY)
    estate = fields.String(load_default=None, validate=CODE)
    signed_on = fields.Date(required=True)
    since = fields.Date(required=True)
    until = fields.Date(load_default=None, metadata={"description": "last day; absent: no fixed term"})
    rules = fields.List(
        fields.String(validate=CODE), required=True, validate=validate.Length(1, 50),
        metadata={"description": "codes of the tariffs it may charge by"},
    )  # fmt: skip
    late_fee_a_day = fields.Decimal(
        load_default=None, places=6, as_string=True, validate=validate.Range(0, 1, min_inclusive=False),
        metadata={"description": "share of the overdue amount; absent: no late fee is ever charged"},
    )  # fmt: skip
    late_after_days = fields.Integer(
        load_default=30, validate=validate.Range(0, 366),
        metadata={"description": "days after the month's first within which a fee is in time"},
    )  # fmt: skip
    notice_days = fields.Integer(
        load_default=None, validate=validate.Range(1, 366),
        metadata={"description": "another time of notice the contract agrees on"},
    )  # fmt: skip


class _OnContract(Command):
    contract_id = fields.String(required=True, validate=CODE)


class FileContract(_OnContract):
    """The contract was filed with the street (matter 19)."""

    filing_no = fields.String(required=True, validate=CODE)
    filed_on = fields.Date(required=True)


class DismissProvider(_OnContract):
    """The owners decided to end the contract; the notice comes long enough before (Civil Code 946)."""

    noticed_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    reason = fields.String(required=True, validate=TEXT)


class DeclineRenewal(_OnContract):
    """The provider will not go on when the term is over, and says so long enough before (Civil Code 947)."""

    noticed_on = fields.Date(required=True)


class ListContracts(Page):
    """Contracts of the caller's areas."""

    state = fields.String(load_default=None, validate=validate.OneOf(CONTRACT_STATES))


class GetContract(Query):
    """A contract with its clocks and what became of each."""

    contract_id = fields.String(required=True, validate=CODE)


class ListFaults(Page):
    """What companies missed, newest first: each with what it can be traced to."""

    company = fields.String(load_default=None, validate=CODE)
    kind = fields.String(load_default=None, validate=validate.OneOf(FAULTS))


class RecordReturnVisit(Command):
    """Somebody asked the household again, days after a repair, whether it holds (回访)."""

    order_no = fields.String(required=True, validate=CODE)
    holds = fields.Boolean(required=True)
    note = fields.String(load_default=None, validate=TEXT)


class ListReturnVisits(Page):
    """Finished repairs that nobody has asked about yet, the longest waiting first."""
