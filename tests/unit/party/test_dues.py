"""Dues by bracket (中组发〔2008〕3号), the ledger, arrears at three and six months."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Invalid
from services.party import figures
from services.party.dues.model import (
    Basis,
    Line,
    balance,
    monthly,
    notices,
    open_months,
    unpaid_over,
    waived,
)
from services.party.months import plus_months

RULE = figures.rule("dues", date(2026, 1, 1), "110105001001")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def basis(category, pay=None, agreed=None):
    return Basis("m", date(2026, 1, 1), category, pay and Decimal(pay), agreed and Decimal(agreed), AT, "li")


@pytest.mark.parametrize(
    ("pay", "due"),
    [
        ("0.00", "0.00"), ("2999.99", "15.00"), ("3000.00", "15.00"), ("3000.01", "30.00"), ("5000.00", "50.00"),
        ("5000.01", "75.00"), ("10000.00", "150.00"), ("10000.01", "200.00"), ("25000.00", "500.00"),
    ],
)  # fmt: skip
def test_the_whole_pay_is_charged_at_the_rate_of_its_bracket(pay, due):
    assert monthly(basis("employed", pay), RULE) == Decimal(due)


@pytest.mark.parametrize(("pay", "due"), [("5000.00", "25.00"), ("5000.01", "50.00"), ("2000.00", "10.00")])
def test_the_retired_pay_half_a_percent_up_to_5000_and_one_above(pay, due):
    assert monthly(basis("retired", pay), RULE) == Decimal(due)


@pytest.mark.parametrize("category", ["student", "laid-off", "relief"])
def test_students_laid_off_and_those_on_relief_pay_20_fen(category):
    assert monthly(basis(category), RULE) == Decimal("0.20")


@pytest.mark.parametrize(
    ("agreed", "right"), [("0.19", False), ("0.20", True), ("1.00", True), ("1.01", False), (None, False)]
)
def test_farmers_pay_20_fen_to_one_yuan(agreed, right):
    one = basis("farmer", agreed=agreed)
    if right:
        one.check(RULE)
        assert monthly(one, RULE) == Decimal(agreed)
    else:
        with pytest.raises(Invalid):
            one.check(RULE)


def test_pay_is_needed_where_it_counts():
    with pytest.raises(Invalid):
        basis("employed").check(RULE)


@given(st.decimals(0, 1_000_000, places=2))
def test_dues_never_exceed_two_percent_nor_fall_below_half_a_percent(pay):
    due = monthly(basis("employed", str(pay)), RULE)
    assert due == due.quantize(Decimal("0.01"))
    fen = Decimal("0.005")
    assert pay * Decimal("0.005") - fen <= due <= pay * Decimal("0.02") + fen


def charge(month, amount="15.00"):
    return Line("c", "m", "charge", Decimal(amount), AT, "s", month=month)


def paid(amount):
    return Line("p", "m", "payment", -Decimal(amount), AT, "li", reference="r")


amounts = st.decimals("0.01", 1000, places=2)


@given(
    st.lists(amounts, max_size=15), st.lists(amounts, max_size=15), st.lists(st.integers(1, 100), max_size=15)
)
def test_the_ledger_balances_whatever_is_charged_paid_and_waived(charges, payments, percents):
    months = [plus_months(date(2025, 1, 1), number) for number in range(len(charges))]
    lines = [charge(month, amount) for month, amount in zip(months, charges, strict=True)]
    lines += [
        Line("w", "m", "waiver", -waived(one.amount, percent, RULE), AT, "li", month=one.month)
        for one, percent in zip(list(lines), percents, strict=False)
    ]
    lines += [paid(amount) for amount in payments]
    still, total = open_months(lines), balance(lines)
    assert total == sum(line.amount for line in lines)
    assert sum((owed for _, owed in still), Decimal(0)) == max(total, Decimal(0))
    assert all(owed > 0 for _, owed in still)
    assert [month for month, _ in still] == sorted(month for month, _ in still)


def test_a_payment_covers_the_oldest_month_first():
    first, second = date(2026, 1, 1), date(2026, 2, 1)
    assert open_months([charge(second), charge(first), paid("20.00")]) == [(second, Decimal("10.00"))]


@pytest.mark.parametrize(
    ("today", "kinds"),
    [
        (date(2026, 3, 31), []),
        (date(2026, 4, 1), ["education"]),
        (date(2026, 6, 30), ["education"]),
        (date(2026, 7, 1), ["education", "organisational"]),
    ],
)
def test_three_months_unpaid_are_education_and_six_organisational(today, kinds):
    lines = [charge(plus_months(date(2026, 1, 1), number)) for number in range(8)]
    assert [kind for kind, _ in notices(unpaid_over(lines, today), RULE)] == kinds


def test_a_waived_month_is_not_unpaid():
    month = date(2026, 1, 1)
    waiver = Line("w", "m", "waiver", Decimal("-15.00"), AT, "li", month=month)
    assert unpaid_over([charge(month), waiver], date(2026, 6, 1)) == []
