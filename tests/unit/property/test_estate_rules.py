"""Fees, contracts, rounds and notices: each rule at its boundary."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.contracts import companies
from services.property import tariffs
from services.property.companies import model as contracts
from services.property.companies.model import Contract, NoTerm, NoticeTooShort, RenewalNoticeTooLate
from services.property.fees import model as fees
from services.property.fees.formula import LONGEST, BadFormula, evaluate
from services.property.meetings import model as board
from services.property.rounds import model as rounds

GRID = "110105001001003"
D = Decimal


# -- formulas ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "worth"),
    [
        ("area * 2.55", "227.97"),
        ("max(area - 90, 0) * 0.1", "0"),
        ("min(area, 60) + persons", "63"),
        ("-(area - 100) / 2", "5.3"),
        ("0.1 + 0.2", "0.3"),
    ],
)
def test_a_formula_is_exact_in_decimal(formula, worth):
    assert evaluate(formula, {"area": D("89.40"), "persons": D(3)}) == D(worth)


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os')", "area.real", "area ** 9", "lambda: 1", "[area]", "max()", "'a'", "True", "area if area else 1",
        "max(area, key=1)", "area and 1", "1 /", "1 / 0", "1e999999 * 1e999999", "1+" * LONGEST + "1", "area[0]",
    ],
)  # fmt: skip
def test_a_formula_can_say_nothing_else(formula):
    with pytest.raises(BadFormula):
        evaluate(formula, {"area": D(1)})


def test_a_quantity_that_is_not_known_is_never_nought():
    with pytest.raises(KeyError):
        evaluate("area * persons", {"area": D(1)})


def charge(code, period, area="90", moved_in=None, **quantities):
    found = tariffs.tariff(code, GRID, period)
    known = {name: D(value) for name, value in quantities.items()}
    return found.amount(D(area), tariffs.first_day(period), moved_in, known)


def test_fees_by_formula_meter_and_fixed_amount():
    assert charge("parking", "2026-02", vehicles="2") == D("300.00")
    assert charge("pumping", "2026-02", persons="3") == D("5.10")
    assert charge("pumping", "2026-02", area="70", persons="1") == D("3.50")
    assert charge("pumping", "2026-02") is None
    assert charge("hot-water", "2026-02", hot_water="3.333") == D("128.32")
    assert charge("hot-water", "2026-02") is None
    assert charge("decoration-waste", "2026-02", moved_in=date(2026, 2, 28)) == D("500.00")


def test_a_quarterly_fee_falls_in_the_first_month_and_from_the_day_of_moving_in():
    assert charge("garage", "2026-01") == D("30.00")
    assert charge("garage", "2026-02") == 0
    assert charge("garage", "2026-01", moved_in=date(2026, 3, 31)) == D("0.33")
    assert charge("garage", "2026-01", moved_in=date(2026, 4, 1)) == D("0.00")


# -- late fees: only as the contract says ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "fee"),
    [
        ("2026-01", "28.00"),  # late for all of February: 1000 x 0.001 x 28
        ("2026-02", "0.00"),  # in time until 3 March, 30 days after the first
    ],
)
def test_a_late_fee_counts_the_days_after_the_time_the_contract_gives(month, fee):
    assert fees.late_fee([(month, D(1000))], "2026-02", D("0.001"), 30) == D(fee)


@pytest.mark.parametrize(("after", "days"), [(27, 0), (26, 1), (25, 2)])
def test_the_last_day_in_time_costs_nothing_and_the_next_one_does(after, days):
    assert fees.late_fee([("2026-02", D(1000))], "2026-02", D("0.001"), after) == D(days)


def test_late_fees_never_exceed_the_debt():
    assert fees.late_fee([("2026-01", D(10))], "2026-02", D("0.5"), 0) == D(10)
    assert fees.late_fee([("2026-01", D(10))], "2026-02", D("0.5"), 0, charged=D("9.99")) == D("0.01")
    assert fees.late_fee([("2026-01", D(10))], "2026-02", D("0.5"), 0, charged=D(11)) == 0


def test_payments_settle_the_oldest_month_first():
    charges = [("2026-01", D(100), "a"), ("2026-02", D(100), "a"), ("2026-03", D(100), "b")]
    assert fees.unpaid_months(charges, D(150)) == [("2026-02", D(50), "a"), ("2026-03", D(100), "b")]
    assert fees.unpaid_months(charges, D(300)) == []
    assert fees.unpaid_months(charges, D(-5)) == charges


# -- Civil Code 944: reminded, then demanded, then a court --------------------------------------------------


@pytest.mark.parametrize(
    ("day", "stages"),
    [
        (date(2026, 3, 1), []),
        (date(2026, 3, 2), ["reminder"]),
        (date(2026, 4, 1), ["reminder", "second-reminder"]),
        (date(2026, 4, 30), ["reminder", "second-reminder"]),
        (date(2026, 5, 1), ["reminder", "second-reminder", "demand"]),
        (date(2026, 5, 31), ["reminder", "second-reminder", "demand", "may-sue"]),
    ],
)
def test_steps_against_arrears_come_in_their_order_and_none_cuts_anything(day, stages):
    assert fees.reached("2026-01", GRID, day) == stages


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.01", "壹分"), ("1.00", "壹元整"), ("10.50", "壹拾元伍角整"), ("1001.50", "壹仟零壹元伍角整"),
        ("100000.05", "壹拾万元零伍分"), ("10203040.56", "壹仟零贰拾万零叁仟零肆拾元伍角陆分"),
        ("100000000.00", "壹亿元整"), ("0.60", "陆角整"),
    ],
)  # fmt: skip
def test_a_receipt_writes_the_amount_in_words(amount, text):
    assert fees.in_words(D(amount)) == text


# -- contracts ---------------------------------------------------------------------------------------------


def contract(**more):
    facts = {
        "contract_id": "c", "company": "x", "place": GRID[:12], "signed_on": date(2026, 1, 1), "since": date(2026, 1, 1),
        "until": date(2026, 12, 31), "rules": ["residential"], "late_after_days": 30,
    }  # fmt: skip
    return Contract.sign(**(facts | more))


def test_a_contract_is_to_be_filed_within_15_days():
    assert contract().started["filing"] == date(2026, 1, 16)


@pytest.mark.parametrize(("days", "fine"), [(59, False), (60, True)])
def test_civil_code_946_a_dismissal_is_noticed_60_days_before(days, fine):
    one, day = contract(), date(2026, 5, 1)
    if fine:
        one.dismiss(day, day + timedelta(days), "投票决定")
        assert one.state == "notice"
    else:
        with pytest.raises(NoticeTooShort, match="2026-06-30"):
            one.dismiss(day, day + timedelta(days), "投票决定")
        assert one.state == "signed"


@pytest.mark.parametrize(("days", "fine"), [(29, False), (30, True)])
def test_civil_code_946_the_contract_may_agree_on_another_time(days, fine):
    one, day = contract(notice_days=30), date(2026, 5, 1)
    if fine:
        one.dismiss(day, day + timedelta(days), "投票决定")
    else:
        with pytest.raises(NoticeTooShort):
            one.dismiss(day, day + timedelta(days), "投票决定")


@pytest.mark.parametrize(("noticed", "fine"), [(date(2026, 10, 2), True), (date(2026, 10, 3), False)])
def test_civil_code_947_not_renewing_is_noticed_90_days_before_the_term_ends(noticed, fine):
    one = contract()
    if fine:
        one.decline_renewal(noticed)
        assert one.ends_on == date(2026, 12, 31)
    else:
        with pytest.raises(RenewalNoticeTooLate, match="2026-10-02"):
            one.decline_renewal(noticed)


def test_civil_code_948_a_term_that_is_over_goes_on_without_one_and_ends_by_60_days():
    one = contract(notice_days=10)
    one.go_on_without_term()
    assert one.until is None
    with pytest.raises(NoTerm):
        one.decline_renewal(date(2027, 1, 1))
    with pytest.raises(NoticeTooShort):
        one.dismiss(date(2027, 1, 1), date(2027, 3, 1), "x")
    one.dismiss(date(2027, 1, 1), date(2027, 3, 2), "x")
    one.end()
    assert one.started["handover"] == date(2027, 4, 1)  # within 30 days


@pytest.mark.parametrize("verb", ["dismiss", "decline", "end"])
def test_a_contract_that_ended_ends_once(verb):
    one = contract()
    one.dismiss(date(2026, 2, 1), date(2026, 6, 1), "x")
    one.end()
    with pytest.raises(contracts.ContractNotNow):
        {
            "dismiss": lambda: one.dismiss(date(2026, 2, 1), date(2026, 6, 1), "x"),
            "decline": lambda: one.decline_renewal(date(2026, 2, 1)),
            "end": one.end,
        }[verb]()


def test_a_wrong_credit_code_is_refused():
    assert companies.RegisterCompany.schema().validate({"company": "911101050000000000", "name": "x"})


# -- rounds and the board ----------------------------------------------------------------------------------


def test_a_points_code_is_nobodys_to_invent():
    route = "0190a000-0000-7000-8000-000000000000"
    code = rounds.point_code("s" * 32, route, 3)
    assert rounds.read_point("s" * 32, code) == (route, 3)
    for bad in (code.replace(".3.", ".4."), code[:-1] + ("0" if code[-1] != "0" else "1"), "x", ""):
        with pytest.raises(rounds.BadPointCode):
            rounds.read_point("s" * 32, bad)
    with pytest.raises(rounds.BadPointCode):
        rounds.read_point("t" * 32, code)


def test_rounds_of_a_day_are_those_of_the_places_clock():
    night = datetime(2026, 3, 1, 15, 59, tzinfo=UTC)  # one minute to midnight in China
    found = list(rounds.moments([{"opens": "08:00", "closes": "10:00"}], night, night + timedelta(days=1)))
    assert [opens for opens, _ in found] == [datetime(2026, 3, 2, 0, 0, tzinfo=UTC)]
    again = list(
        rounds.moments([{"opens": "08:00", "closes": "10:00"}], found[0][0], night + timedelta(days=1))
    )
    assert again == []


@pytest.mark.parametrize(("days", "fine"), [(1, False), (2, True)])
def test_a_decision_of_the_assembly_is_shown_for_three_days(days, fine):
    since = date(2026, 3, 1)
    if fine:
        board.check_shown("assembly-result", since, since + timedelta(days))
    else:
        with pytest.raises(board.ShownTooShort, match="2026-03-03"):
            board.check_shown("assembly-result", since, since + timedelta(days))


def test_a_half_yearly_posting_is_stale_after_six_months():
    assert board.stale_from("common-income", date(2025, 8, 31)) == date(2026, 2, 28)
    assert board.stale_from("other", date(2025, 8, 31)) is None
