"""Refunds, late fees and the steps against arrears: rules without a database."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import within
from services.property.tariffs import FEN, ZERO, first_day

FILE = Path(__file__).parents[1] / "data" / "reminders.yaml"


class UnknownRun(NotFound):
    """There is no bill run {run}."""

    zh = "没有计费批次“{run}”。"


class UnknownRefund(NotFound):
    """There is no refund {refund}."""

    zh = "没有退费申请“{refund}”。"


class UnknownReceipt(NotFound):
    """There is no receipt {receipt}."""

    zh = "没有收据“{receipt}”。"


class MonthsReversed(Invalid):
    """The discount would end before it begins."""

    zh = "优惠的截止月份早于起始月份。"


class ChargedAlready(Conflict):
    """{period} is charged already; what changes it now is a credit, not a quantity."""

    zh = "{period} 已计费，不能再改用量。"


class DiscountOverlaps(Conflict):
    """There is a discount on this fee in that time already."""

    zh = "该费用在此期间已有优惠。"


class NotOverYet(Conflict):
    """{period} is not over yet."""

    zh = "{period} 尚未结束。"


class NoLateFeeClause(Conflict):
    """The contract in force has no clause for late fees, so none may be charged."""

    zh = "现行合同没有违约金条款，不得收取。"


class NotPaidInAdvance(Conflict):
    """Only {credit} yuan are paid in advance; no more can be paid back."""

    zh = "该户预存余额为 {credit} 元，退费不得超过此数。"


class RefundNotNow(Conflict):
    """A refund that is {state} cannot be dealt with this way."""

    zh = "退费申请处于“{state}”状态，不能执行该操作。"


class OwnRequest(Forbidden):
    """Nobody decides what he asked for himself."""

    zh = "不能审核自己提出的退费申请。"


class NotReminded(Conflict):
    """This household was not reminded of a month that is unpaid; a talk comes after a reminder."""

    zh = "该户没有经催缴仍未缴的欠费，催缴之后才可请求谈话。"


@dataclass
class Refund:
    """Asked, approved by another, paid: and only then in the books."""

    refund: str
    household: str
    place: str
    amount: Decimal
    channel: str
    reason: str
    asked_by: str
    asked_at: datetime
    state: str = "asked"
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None
    paid_by: str | None = None
    paid_at: datetime | None = None
    entry: int | None = None

    def decide(self, approved: bool, note: str | None, actor: str, at: datetime) -> None:
        if self.state != "asked":
            raise RefundNotNow(state=self.state)
        if actor == self.asked_by:
            raise OwnRequest()
        self.state = "approved" if approved else "refused"
        self.decided_by, self.decided_at, self.note = actor, at, note

    def pay(self, entry: int, actor: str, at: datetime) -> None:
        if self.state != "approved":
            raise RefundNotNow(state=self.state)
        self.state, self.paid_by, self.paid_at, self.entry = "paid", actor, at, entry


def covered(balance: Decimal, amount: Decimal) -> None:
    """A household's balance is negative by what it paid in advance."""
    if amount > -balance:
        raise NotPaidInAdvance(credit=str(max(-balance, ZERO)))


# -- late fees ---------------------------------------------------------------------------------------------


def last_day(period: str) -> date:
    first = first_day(period)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def late_fee(
    unpaid: Sequence[tuple[str, Decimal]],
    period: str,
    a_day: Decimal,
    after_days: int,
    charged: Decimal = ZERO,
) -> Decimal:
    """A month's late fee on what is still unpaid of each month, for its days past the time to pay.

    With what was charged before it never exceeds the debt itself.
    """
    first, last = first_day(period), last_day(period)
    fee, debt = ZERO, ZERO
    for month, amount in unpaid:
        late_from = first_day(month) + timedelta(after_days + 1)
        days = (last - max(first, late_from)).days + 1
        if days > 0:
            fee += amount * a_day * days
            debt += amount
    return max(ZERO, min(fee.quantize(FEN, ROUND_HALF_UP), debt - charged))


def unpaid_months(
    charges: Sequence[tuple[str, Decimal, str | None]], paid: Decimal
) -> list[tuple[str, Decimal, str | None]]:
    """What is left of each charge (month, amount, rule) when payments settle the oldest first."""
    left = []
    for period, amount, rule in charges:
        settled = max(ZERO, min(amount, paid))
        paid -= settled
        if amount > settled:
            left.append((period, amount - settled, rule))
    return left


# -- reminders ---------------------------------------------------------------------------------------------


@cache
def _reminders() -> list[dict[str, Any]]:
    return list(yaml.safe_load(FILE.read_text("utf-8")))


def steps(place: str, day: date) -> Mapping[str, int]:
    """Stage -> days after the end of the oldest unpaid month."""
    holding = [one for one in _reminders() if within(place, one["place"]) and one["from"] <= day]
    stages: Mapping[str, int] = max(holding, key=lambda one: (len(one["place"]), one["from"]))["stages"]
    return stages


def reached(since: str, place: str, day: date) -> list[str]:
    """The stages a household has come to that owes since a month."""
    late = (day - last_day(since)).days
    return [stage for stage, days in steps(place, day).items() if late >= days]


# -- in words ----------------------------------------------------------------------------------------------

_DIGITS, _UNITS, _GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿")


def in_words(amount: Decimal) -> str:
    """An amount as a receipt writes it (大写): 1001.50 is 壹仟零壹元伍角整."""
    fen = int((amount * 100).to_integral_value(ROUND_HALF_UP))
    yuan, jiao, fen = fen // 100, fen // 10 % 10, fen % 10
    text = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        text += "零"
    return text + (f"{_DIGITS[fen]}分" if fen else "整" if text else "零元整")


def _whole(number: int) -> str:
    text, gap = "", False
    digits = str(number)
    for place, digit in enumerate(digits):
        rest = len(digits) - place - 1
        if digit == "0":
            gap = True
        else:
            text += ("零" if gap and text else "") + _DIGITS[int(digit)] + _UNITS[rest % 4]
            gap = False
        if rest % 4 == 0 and rest and int(digits[max(0, place - 3) : place + 1]):
            text += _GROUPS[rest // 4]
    return text
