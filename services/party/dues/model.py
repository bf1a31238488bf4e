"""What a month's dues are, and which months are open. Money is decimal; a ledger is only added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound
from services.party.months import plus_months

NOTHING = Decimal(0)
PAYING = ("probationary", "formal")


class PaysNoDues(Conflict):
    """Only members pay dues: from the branch's acceptance on."""

    zh = "只有党员（自支部大会接收为预备党员之月起）缴纳党费。"


class NoDuesBasis(Conflict):
    """Nothing is known of what this member's dues are reckoned from; enter it first."""

    zh = "尚未登记该党员的党费基数，请先登记。"


class PaidTwice(Conflict):
    """The receipt {reference} is entered already."""

    zh = "收据“{reference}”已登记。"


class UnknownNotice(NotFound):
    """There is no notice {notice_id}."""

    zh = "没有该项提醒。"


class NoticeSettled(Conflict):
    """This notice is settled already."""

    zh = "该项提醒已办结。"


@dataclass
class Basis:
    """What dues are reckoned from, from a month on; a later one follows it and none is edited."""

    member: str
    since: date
    category: str
    monthly_pay: Decimal | None
    agreed: Decimal | None
    at: datetime
    by: str

    def check(self, rule: Mapping[str, Any]) -> None:
        """All faults of the form at once."""
        faults = {}
        table = rule["categories"][self.category]
        if isinstance(table, list) and self.monthly_pay is None:
            faults["monthly_pay"] = ("请填写每月税后收入。", "Monthly after-tax pay is needed.")
        if "least" in table:
            least, most = Decimal(table["least"]), Decimal(table["most"])
            if self.agreed is None or not least <= self.agreed <= most:
                faults["agreed"] = (f"应为每月{least}至{most}元。", f"{least} to {most} yuan a month.")
        if faults:
            raise Invalid.fields(faults)


def monthly(basis: Basis, rule: Mapping[str, Any]) -> Decimal:
    """The dues of a month: the whole pay at the rate of its bracket, or a fixed amount."""
    table = rule["categories"][basis.category]
    if "fixed" in table:
        return Decimal(table["fixed"])
    if "least" in table:
        return basis.agreed or Decimal(table["least"])
    pay = basis.monthly_pay or NOTHING
    bracket = next(one for one in table if "up_to" not in one or pay <= Decimal(one["up_to"]))
    return (pay * Decimal(bracket["rate"])).quantize(Decimal(rule["rounding"]), ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """One line of a ledger: a charge is positive, a payment or waiver negative; the balance is their sum."""

    id: str
    member: str
    kind: str
    amount: Decimal
    at: datetime
    by: str
    month: date | None = None
    reference: str | None = None


def balance(lines: Iterable[Line]) -> Decimal:
    """Above zero is owed, below zero is paid ahead."""
    return sum((line.amount for line in lines), NOTHING)


def open_months(lines: Iterable[Line]) -> list[tuple[date, Decimal]]:
    """Months with what is still owed for each: waivers go to their own month, payments to the oldest."""
    owed: dict[date, Decimal] = {}
    paid = NOTHING
    for line in lines:
        if line.month is not None:
            owed[line.month] = owed.get(line.month, NOTHING) + line.amount
        else:
            paid -= line.amount
    found = []
    for month in sorted(owed):
        covered = min(paid, owed[month]) if owed[month] > 0 else NOTHING
        paid -= covered
        if owed[month] - covered > 0:
            found.append((month, owed[month] - covered))
    return found


def unpaid_over(lines: Iterable[Line], today: date) -> list[date]:
    """Months that are over and not fully paid: a month's dues may be paid until its last day."""
    return [month for month, _ in open_months(lines) if plus_months(month, 1) <= today]


def notices(unpaid: list[date], rule: Mapping[str, Any]) -> list[tuple[str, date]]:
    """(kind, first unpaid month) of every threshold of arrears that is reached."""
    return [(one["kind"], unpaid[0]) for one in rule["arrears"] if len(unpaid) >= one["months"]]


def waived(charge: Decimal, percent: int, rule: Mapping[str, Any]) -> Decimal:
    return (charge * percent / 100).quantize(Decimal(rule["rounding"]), ROUND_HALF_UP)


@dataclass
class Notice:
    id: str
    member: str
    kind: str
    since: date
    state: str
    at: datetime
    settled_by: str | None = None
    settled_at: datetime | None = None
    result: str | None = None

    def settle(self, result: str, by: str, at: datetime) -> None:
        if self.state != "open":
            raise NoticeSettled()
        self.state, self.result, self.settled_by, self.settled_at = "settled", result, by, at
