"""Party dues: what a member pays, waivers, arrears."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query, money
from services.contracts.party import KEY, TEXT

OFFICE = "party"
CATEGORIES = ("employed", "retired", "farmer", "student", "laid-off", "relief")
POSITIVE = validate.Range(min=0, min_inclusive=False, max=10_000_000)
MONTH = validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="Not a month, as 2026-05.")


def _month(**options: Any) -> fields.String:
    return fields.String(required=True, validate=MONTH, **options)


class SetDuesBasis(Command):
    """What a member's dues are reckoned from, from a month on: category and monthly after-tax pay."""

    member_id = fields.String(required=True, validate=KEY)
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    monthly_pay = money(load_default=None, validate=validate.Range(min=0, max=10_000_000))
    agreed = money(load_default=None, metadata={"description": "a farmer's dues, as the branch agreed"})
    since = _month()


class PayDues(Command):
    """Dues were paid; the oldest open months are covered first."""

    member_id = fields.String(required=True, validate=KEY)
    amount = money(required=True, validate=POSITIVE)
    reference = fields.String(required=True, validate=KEY, metadata={"description": "receipt number"})


class WaiveDues(Command):
    """In hardship the branch waives dues wholly or in part, month by month."""

    member_id = fields.String(required=True, validate=KEY)
    since = _month()
    until = _month()
    percent = fields.Integer(load_default=100, validate=validate.Range(1, 100))
    reason = fields.String(required=True, validate=TEXT)


class SettleDuesNotice(Command):
    """What the branch did about somebody's arrears."""

    notice_id = fields.String(required=True, validate=KEY)
    result = fields.String(required=True, validate=TEXT)


class GetDuesAccount(Query):
    """A member's ledger: charges, payments and waivers with the balance, and the months still open."""

    member_id = fields.String(required=True, validate=KEY)


class ListDuesNotices(Page):
    """Whom the branch has to talk to, and whose case goes to the organisation; names are masked."""

    state = fields.String(load_default="open", validate=validate.OneOf(("open", "settled")))
    branch = fields.String(load_default=None)
