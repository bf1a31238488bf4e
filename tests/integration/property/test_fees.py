import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from marshmallow import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.contracts.meters import BillsBooked
from services.contracts.property import ChargeFees, GetFeeAccount, ListArrears, LoadDemonstration, PayFee
from services.property.handlers import ReferenceReused
from services.property.model import NotYourEstate, UnknownHousehold
from services.property.tariffs import UnknownTariff
from tests.offices import officer


@pytest.fixture
def homes(office, grid):
    """Three households of 100, 50 and 0 m²."""
    lines = [
        {"household": f"{grid}-1-1-{door}", "address": f"1-1-{door}", "place": grid, "area": area}
        for door, area in (("101", "100.00"), ("102", "50.00"), ("103", "0"))
    ]
    assert office(LoadDemonstration, seed=1, households=lines) == {"opened": 3}
    assert office(LoadDemonstration, seed=1, households=lines) == {"opened": 0}
    return [line["household"] for line in lines]


def balance(office, household):
    return office(GetFeeAccount, household=household)["balance"]


def charge(office, grid, period="2025-12", rule="residential", caller=None):
    return office(ChargeFees, *([caller] if caller else []), period=period, rule=rule, place=grid[:12])


def pay(office, household, amount, reference, **more):
    return office(PayFee, household=household, amount=amount, channel="wechat", reference=reference, **more)


def test_a_month_is_charged_once_however_often_it_is_ordered(office, grid, homes):
    assert charge(office, grid) == {"charged": 2, "households": 3, "without_area": 0}
    assert charge(office, grid)["charged"] == 0
    assert balance(office, homes[0]) == Decimal("250.00") and balance(office, homes[2]) == 0


def test_several_who_charge_at_once_charge_nobody_twice(office, grid, homes):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: charge(office, grid)["charged"], range(4)))
    assert sum(answers) == 2 and balance(office, homes[0]) == Decimal("250.00")


def test_each_month_has_the_price_of_its_day(office, grid, homes):
    charge(office, grid, "2025-12")
    charge(office, grid, "2026-01")
    assert balance(office, homes[0]) == Decimal("530.00")


def test_a_payment_is_booked_once_and_its_reference_serves_no_other(office, grid, homes):
    charge(office, grid)
    first = pay(office, homes[0], "100.00", f"r-{grid}")
    again = pay(office, homes[0], "100.00", f"r-{grid}")
    assert (first["repeated"], again["repeated"]) == (False, True) and first["receipt"] == again["receipt"]
    assert first["balance"] == again["balance"] == "150.00"
    with pytest.raises(ReferenceReused):
        pay(office, homes[1], "100.00", f"r-{grid}")
    with pytest.raises(ReferenceReused):
        pay(office, homes[0], "100.01", f"r-{grid}")


def test_payments_at_once_are_all_counted(office, grid, homes):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: pay(office, homes[0], "0.01", f"{grid}-{n}"), range(40)))
    assert balance(office, homes[0]) == Decimal("-0.40")  # paid in advance


@pytest.mark.parametrize("amount", ["0", "-1", "1000000.01", "NaN", "Infinity"])
def test_an_impossible_amount_is_refused(office, homes, amount):
    with pytest.raises(ValidationError):
        pay(office, homes[0], amount, "r")


def test_the_books_balance_and_the_kept_balances_are_their_sums(office, grid, homes):
    charge(office, grid)
    pay(office, homes[0], "10.00", f"{grid}-a")
    with office.ledger.read() as read:
        wrong = read.connection.execute(
            text("""
            SELECT a.code FROM accounts a WHERE a.kind = 'household' AND a.place LIKE :place AND a.balance <>
                coalesce((SELECT sum(amount) FROM entries WHERE debit = a.code), 0)
              - coalesce((SELECT sum(amount) FROM entries WHERE credit = a.code), 0)
            """),
            {"place": f"{grid}%"},
        ).all()
    assert wrong == []


@pytest.mark.parametrize("order", ["UPDATE entries SET amount = 1", "DELETE FROM entries"])
def test_lines_of_the_ledger_are_only_ever_added(office, grid, homes, order):
    charge(office, grid)
    with pytest.raises(DBAPIError, match="only ever added"), office.ledger.work() as work:
        work.connection.execute(text(order))


def test_arrears_say_since_when_and_end_with_the_payment(office, grid, homes):
    boss = officer("property", grid[:12], "manager")
    for month in ("2025-10", "2025-11", "2025-12"):
        charge(office, grid, month)
    pay(office, homes[0], "250.00", f"{grid}-oct")
    pay(office, homes[1], "130.00", f"{grid}-oct-and-a-bit")
    found = office(ListArrears, boss)["items"]
    assert [(row["household"], row["balance"], row["since"]) for row in found] == [
        (homes[0], Decimal("500.00"), "2025-11"),
        (homes[1], Decimal("245.00"), "2025-11"),
    ]
    pay(office, homes[0], "500.00", f"{grid}-rest")
    assert [row["household"] for row in office(ListArrears, boss)["items"]] == [homes[1]]


def test_only_a_lead_of_the_area_charges_and_an_unknown_tariff_charges_nobody(office, grid, homes):
    with pytest.raises(NotYourEstate):
        charge(office, grid, caller=officer("property", grid[:12]))
    with pytest.raises(NotYourEstate):
        charge(office, grid, caller=officer("property", "990000", "manager"))
    with pytest.raises(UnknownTariff):
        charge(office, grid, rule="nothing")
    assert charge(office, grid, caller=officer("property", grid[:12], "manager"))["charged"] == 2


def test_an_unknown_household_has_no_account(office):
    with pytest.raises(UnknownHousehold):
        office(GetFeeAccount, household="nobody")
    with pytest.raises(UnknownHousehold):
        pay(office, "nobody", "1.00", "r")


def test_who_owes_is_not_for_everybody(office, grid, homes):
    charge(office, grid)
    for outsider in (
        officer("party", grid),
        officer(None, grid, "terminal"),
        officer("street", grid, "clerk"),
    ):
        with pytest.raises(NotYourEstate):
            office(ListArrears, outsider)
    assert len(office(ListArrears, officer("street", grid, "supervisor"))["items"]) == 2


@pytest.mark.parametrize("department", ["party", "cameras", "meters", "volunteers", None])
@pytest.mark.parametrize("role", ["officer", "manager", "coordinator"])
def test_what_somebody_owes_is_a_flag_to_other_departments_and_never_an_amount(
    office, grid, homes, department, role
):
    for household in (homes[0], "nobody"):
        with pytest.raises(NotYourEstate):
            office(GetFeeAccount, officer(department, grid, role), household=household)


@pytest.mark.parametrize("role", ["terminal", "operator"])
def test_nobody_reads_a_fee_account_at_a_kiosk(office, grid, homes, role):
    with pytest.raises(NotYourEstate):
        office(GetFeeAccount, officer(None, grid, role), household=homes[0])


@pytest.mark.parametrize(
    "department, role",
    [
        ("property", "officer"),
        ("property", "company"),
        (None, "clerk"),
        (None, "supervisor"),
        (None, "auditor"),
    ],
)
def test_who_collects_or_oversees_reads_the_account(office, grid, homes, department, role):
    account = office(GetFeeAccount, officer(department, grid, role), household=homes[0])
    assert account["household"] == homes[0]


# -- water, electricity and gas ------------------------------------------------------------------------


def hear_bills(office, grid, kind, *entries):
    """`entries`: (no, household, amount) of lines that meters booked."""
    lines = [
        {"no": no, "bill": f"b-{no}", "household": household, "place": grid, "amount": amount, "period": "2026-01"}
        for no, household, amount in entries
    ]  # fmt: skip
    office.hear(BillsBooked, utility="water", kind=kind, entries=lines, at=datetime.now(UTC))


def test_utility_bills_are_on_the_fee_account_and_come_off_it_while_on_hold(office, grid, homes):
    base = random.randint(1, 10**15)
    hear_bills(office, grid, "charge", (base, homes[0], "157.50"), (base + 1, homes[1], "20.00"))
    hear_bills(office, grid, "charge", (base, homes[0], "157.50"))  # told twice, booked once
    assert balance(office, homes[0]) == Decimal("157.50") and balance(office, homes[1]) == Decimal("20.00")
    hear_bills(office, grid, "hold", (base + 2, homes[0], "-157.50"))
    assert balance(office, homes[0]) == 0
    hear_bills(office, grid, "release", (base + 3, homes[0], "157.50"))
    hear_bills(office, grid, "credit", (base + 4, homes[0], "-157.50"))
    hear_bills(office, grid, "charge", (base + 5, homes[0], "100.00"))
    account = office(GetFeeAccount, household=homes[0])
    assert account["balance"] == Decimal("100.00")
    assert [(line["kind"], line["amount"], line["rule"]) for line in account["entries"]] == [
        ("charge", Decimal("100.00"), "water"), ("credit", Decimal("-157.50"), "water"),
        ("release", Decimal("157.50"), "water"), ("hold", Decimal("-157.50"), "water"),
        ("charge", Decimal("157.50"), "water"),
    ]  # fmt: skip


def test_a_bill_that_comes_before_the_household_file_waits_on_its_account(office, grid):
    household = f"{grid}-7-7-701"
    hear_bills(office, grid, "charge", (random.randint(1, 10**15), household, "12.34"))
    with pytest.raises(UnknownHousehold):
        balance(office, household)
    line = {"household": household, "address": "7-7-701", "place": grid, "area": "80.00"}
    assert office(LoadDemonstration, seed=1, households=[line]) == {"opened": 1}
    assert balance(office, household) == Decimal("12.34")
    pay(office, household, "12.34", f"r-{grid}-bill")
    assert balance(office, household) == 0
