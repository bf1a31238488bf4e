"""Fees in depth, companies and contracts, misses, rounds, meetings and the board, on the real database."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from services.chassis.settings import settings
from services.contracts import companies, estates, fees, meetings, rounds
from services.contracts.property import (
    ArrearsTalkAsked,
    ChargeFees,
    GetFeeAccount,
    GetRepair,
    GrabRepair,
    ListRepairs,
    LoadDemonstration,
    PayFee,
    ReportRepair,
)
from services.property.companies import handlers as company_handlers
from services.property.companies.model import ContractOverlaps, UnknownCompany, UnknownContract, local_day
from services.property.fees import handlers as fee_handlers
from services.property.fees.model import (
    ChargedAlready,
    DiscountOverlaps,
    NoLateFeeClause,
    NotOverYet,
    NotPaidInAdvance,
    NotReminded,
    OwnRequest,
    RefundNotNow,
    UnknownReceipt,
)
from services.property.meetings import handlers as meeting_handlers
from services.property.meetings.model import DoneAlready, MinutedAlready, NotAsked
from services.property.model import NotYourEstate, OwnWork
from services.property.rounds import handlers as round_handlers
from services.property.rounds.model import BadPointCode, FindingNotNow, NoRoundNow
from tests.offices import credit_code, officer

DAY = timedelta(days=1)
D = Decimal


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("YIKOU_WEBHOOK_SECRET", "s" * 32)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def homes(office, grid):
    lines = [
        {"household": f"{grid}-1-1-{door}", "address": f"1-1-{door}", "place": grid, "area": area}
        for door, area in (("101", "100.00"), ("102", "50.00"), ("103", "0"))
    ]
    office(LoadDemonstration, seed=1, households=lines)
    return [line["household"] for line in lines]


@pytest.fixture
def boss(grid):
    return officer("property", grid[:12], "manager")


def balance(office, household):
    return office(GetFeeAccount, household=household)["balance"]


def pay(office, household, amount):
    reference = f"{household}-{random.random()}"
    return office(PayFee, household=household, amount=amount, channel="wechat", reference=reference)


def work_off(office, run):
    """Until the run of this test is done; others' runs may be worked off before it."""
    for _ in range(50):
        found = office(fees.GetFeeRun, run=run)
        if found["state"] == "done":
            return found
        office.tick(fee_handlers.work_off_fee_runs)
    raise AssertionError(found)


def run(office, grid, period="2025-12", rule="residential"):
    return office(fees.RunFees, place=grid[:12], rule=rule, period=period)["run"]


# -- bill runs ---------------------------------------------------------------------------------------------


def test_a_run_charges_everybody_once_and_says_how_far_it_is(office, grid, homes):
    first = run(office, grid)
    assert run(office, grid) == first
    done = work_off(office, first)
    assert (done["accounts"], done["done"], done["charged"], done["total"]) == (3, 3, 2, D("375.00"))
    again = work_off(office, run(office, grid))
    assert again["run"] == first and again["charged"] == 2 and balance(office, homes[0]) == D("250.00")
    assert office(ChargeFees, period="2025-12", rule="residential", place=grid[:12])["charged"] == 0


def test_a_run_that_dies_goes_on_after_the_last_account_it_committed(office, grid, homes, monkeypatch):
    monkeypatch.setattr(fee_handlers, "CHUNK", 1)
    monkeypatch.setattr(fee_handlers, "TIME_OF_A_TICK", 1e-9)
    name, seen, book = run(office, grid), [], fee_handlers.charge_chunk

    def dies_at_the_second(work, rows, *more):
        seen.extend(row.household for row in rows if row.place == grid)
        if rows and rows[0].household == homes[1] and seen.count(homes[1]) == 1:
            book(work, rows, *more)
            raise RuntimeError("killed")
        return book(work, rows, *more)

    monkeypatch.setattr(fee_handlers, "charge_chunk", dies_at_the_second)
    for _ in range(50):
        try:
            office.tick(fee_handlers.work_off_fee_runs)
        except RuntimeError:
            assert office(fees.GetFeeRun, run=name)["done"] == 1
        if office(fees.GetFeeRun, run=name)["state"] == "done":
            break
    assert seen == [homes[0], homes[1], homes[1], homes[2]]
    assert office(fees.GetFeeRun, run=name)["charged"] == 2
    assert [balance(office, home) for home in homes] == [D("250.00"), D("125.00"), 0]


def test_several_replicas_work_a_run_off_together_and_charge_nobody_twice(office, grid, homes):
    name = run(office, grid)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.tick(fee_handlers.work_off_fee_runs), range(8)))
    work_off(office, name)
    assert [balance(office, home) for home in homes] == [D("250.00"), D("125.00"), 0]


def test_what_is_metered_is_charged_from_what_was_recorded_before(office, grid, homes, boss):
    told = {"quantity": "hot_water", "period": "2026-02", "value": "2.000"}
    office(fees.RecordQuantity, boss, household=homes[0], **told)
    done = work_off(office, run(office, grid, "2026-02", "hot-water"))
    assert (done["charged"], done["unknown"]) == (1, 2) and balance(office, homes[0]) == D("77.00")
    with pytest.raises(ChargedAlready):
        office(fees.RecordQuantity, boss, household=homes[0], **told)


def test_a_discount_is_a_line_of_its_own_and_one_at_a_time(office, grid, homes, boss):
    terms = {"household": homes[0], "rule": "residential", "percent": "33.33", "reason": "空置房减免"}
    office(fees.GrantDiscount, boss, since="2025-11", until="2025-12", **terms)
    for since, until, fine in (("2025-12", "2026-03", False), ("2026-01", "2026-03", True)):
        if fine:
            office(fees.GrantDiscount, boss, since=since, until=until, **terms)
        else:
            with pytest.raises(DiscountOverlaps):
                office(fees.GrantDiscount, boss, since=since, until=until, **terms)
    for _ in range(2):
        work_off(office, run(office, grid))
    account = office(GetFeeAccount, household=homes[0])
    assert account["balance"] == D("166.67")  # 250.00 less 83.325, rounded half up to 83.33
    assert [(line["kind"], line["amount"]) for line in account["entries"]] == [
        ("discount", D("-83.33")), ("charge", D("250.00")),
    ]  # fmt: skip


# -- refunds -----------------------------------------------------------------------------------------------


def test_a_refund_is_asked_approved_by_another_and_only_then_paid(office, grid, homes, boss):
    pay(office, homes[0], "100.00")
    terms = {"household": homes[0], "channel": "transfer", "reason": "搬离"}
    with pytest.raises(NotPaidInAdvance):
        office(fees.AskRefund, boss, amount="100.01", **terms)
    asked = office(fees.AskRefund, boss, amount="100.00", **terms)["refund"]
    with pytest.raises(RefundNotNow):
        office(fees.PayRefund, boss, refund=asked)
    with pytest.raises(OwnRequest):
        office(fees.DecideRefund, boss, refund=asked, approved=True)
    other = officer("property", grid[:12], "manager")
    assert office(fees.DecideRefund, other, refund=asked, approved=True)["state"] == "approved"
    assert balance(office, homes[0]) == D("-100.00")
    paid = office(fees.PayRefund, boss, refund=asked)
    assert balance(office, homes[0]) == 0
    with pytest.raises(RefundNotNow):
        office(fees.PayRefund, boss, refund=asked)
    receipt = office(fees.GetReceipt, boss, receipt=paid["receipt"])
    assert (receipt["kind"], receipt["in_words"], receipt["channel"]) == ("refund", "壹佰元整", "transfer")


def test_what_was_used_up_meanwhile_is_not_paid_back(office, grid, homes, boss):
    pay(office, homes[0], "100.00")
    terms = {"household": homes[0], "channel": "cash", "reason": "搬离", "amount": "60.00"}
    two = [office(fees.AskRefund, boss, **terms)["refund"] for _ in range(2)]
    for one in two:
        office(fees.DecideRefund, officer("property", grid[:12], "manager"), refund=one, approved=True)

    def try_to_pay(one):
        try:
            return office(fees.PayRefund, boss, refund=one)["state"]
        except NotPaidInAdvance:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_to_pay, two)) == ["paid", "refused"]
    assert balance(office, homes[0]) == D("-40.00")


def test_a_refused_refund_is_never_paid_and_a_charge_has_no_receipt(office, grid, homes, boss):
    pay(office, homes[0], "10.00")
    one = office(fees.AskRefund, boss, household=homes[0], channel="cash", reason="x", amount="10.00")[
        "refund"
    ]
    office(fees.DecideRefund, officer("property", grid, "manager"), refund=one, approved=False, note="不符")
    with pytest.raises(RefundNotNow):
        office(fees.PayRefund, boss, refund=one)
    with pytest.raises(UnknownReceipt):
        office(fees.GetReceipt, boss, receipt="999999999999")


def test_the_books_balance_whatever_happens(office, grid, homes, boss):
    """Property of the ledger: any story of charges, payments, discounts, late fees and refunds leaves it balanced."""
    dice, other = random.Random(7), officer("property", grid[:12], "manager")
    sign(office, grid, late_fee_a_day="0.0005")
    office(fees.GrantDiscount, boss, household=homes[1], rule="residential", percent="12.5", since="2025-01",
           until="2026-12", reason="预缴优惠")  # fmt: skip
    for month in range(1, 9):
        work_off(office, run(office, grid, f"2025-{month:02}", dice.choice(["residential", "waste"])))
        office(fees.ChargeLateFees, place=grid[:12], period=f"2025-{month:02}")
        for home in homes:
            pay(office, home, str(D(dice.randint(1, 60_000)) / 100))
            credit = -balance(office, home)
            if credit > 0:
                one = office(
                    fees.AskRefund, boss, household=home, amount=str(credit), channel="cash", reason="x"
                )
                office(fees.DecideRefund, other, refund=one["refund"], approved=dice.random() < 0.7)
                if dice.random() < 0.5:
                    with suppress(RefundNotNow):
                        office(fees.PayRefund, boss, refund=one["refund"])
    with office.ledger.read() as read:
        mine = {"place": f"{grid[:12]}%"}
        kinds = set(read.connection.execute(text(
            "SELECT DISTINCT e.kind FROM entries e JOIN accounts a ON a.code IN (e.debit, e.credit) WHERE a.place LIKE :place"
        ), mine).scalars())  # fmt: skip
        wrong = read.connection.execute(text("""
            SELECT a.code FROM accounts a WHERE a.kind = 'household' AND a.place LIKE :place AND a.balance <>
                coalesce((SELECT sum(amount) FROM entries WHERE debit = a.code), 0)
              - coalesce((SELECT sum(amount) FROM entries WHERE credit = a.code), 0)"""), mine).all()  # fmt: skip
    assert wrong == [] and {"charge", "payment", "discount", "refund"} <= kinds


# -- companies and contracts -------------------------------------------------------------------------------


def sign(office, grid, **more):
    company = credit_code()
    office(companies.RegisterCompany, company=company, name="某物业")
    terms = {
        "company": company, "place": grid[:12], "signed_on": "2025-01-01", "since": "2025-01-01", "until": "2099-12-31",
        "rules": ["residential", "waste"],
    } | more  # fmt: skip
    return {"company": company, **office(companies.SignContract, **terms)}


def clocks(office, contract):
    found = office(companies.GetContract, contract_id=contract)["clocks"]
    return {one["clock"]: (one["due_on"], one["state"]) for one in found}


def at(office, day):
    """How much later the office's clock must be, to be noon of a day."""
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    return noon - datetime.now(UTC)


@pytest.mark.parametrize(("filed", "state"), [(date(2025, 1, 16), "met"), (date(2025, 1, 17), "missed")])
def test_beijing_a_contract_is_filed_within_15_days(office, grid, filed, state):
    one = sign(office, grid)["contract_id"]
    office(companies.FileContract, contract_id=one, filing_no="WY1", filed_on=filed.isoformat())
    assert clocks(office, one)["filing"] == (date(2025, 1, 16), state)


def test_what_is_not_filed_is_told_once_and_counts_against_its_company(office, grid):
    signed = sign(office, grid)
    for _ in range(2):
        office.tick(company_handlers.watch_contract_clocks)
    (told,) = office.said(companies.CompanyFaulted, reference=signed["contract_id"])
    assert (told["kind"], told["company"]) == ("filing-late", signed["company"])
    (row,) = office(companies.ListFaults, officer("street", grid[:12], "supervisor"))["items"]
    assert row["reference"] == signed["contract_id"]


def test_one_miss_is_one_fault_whoever_notices_it_and_how_often(office, grid):
    def notice(_):
        with office.ledger.work() as work:
            return company_handlers.fault(work, "patrol-missed", f"p-{grid}", grid, None, 2)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(notice, range(4))) == [False, False, False, True]
    assert len(office.said(companies.CompanyFaulted, reference=f"p-{grid}")) == 1


def test_a_place_has_one_contract_at_a_time_whoever_is_faster(office, grid):
    with pytest.raises(UnknownCompany):
        office(companies.SignContract, company=credit_code(), place=grid[:12], signed_on="2025-01-01",
               since="2025-01-01", rules=["x"])  # fmt: skip

    def try_to(_):
        try:
            return sign(office, grid)["state"]
        except ContractOverlaps:
            return "overlaps"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_to, range(4))) == ["overlaps", "overlaps", "overlaps", "signed"]


def test_a_dismissed_company_hands_over_within_30_days_and_the_signatures_stop_the_clock(office, grid):
    today = local_day(datetime.now(UTC))
    one = sign(office, grid)["contract_id"]
    office(companies.FileContract, contract_id=one, filing_no="WY1", filed_on="2025-01-02")
    end = today + 60 * DAY
    office(
        companies.DismissProvider,
        contract_id=one,
        noticed_on=today.isoformat(),
        ends_on=end.isoformat(),
        reason="表决",
    )
    office.tick(company_handlers.watch_contract_clocks, later=at(office, end))
    assert office(companies.GetContract, contract_id=one)["state"] == "notice"  # the last day is still a day
    office.tick(company_handlers.watch_contract_clocks, later=at(office, end + DAY))
    assert office(companies.GetContract, contract_id=one)["state"] == "ended"
    assert clocks(office, one)["handover"] == (end + 30 * DAY, "running")
    signed = end + 30 * DAY
    office.hear(
        estates.EstateHandedOver, handover_id="h", estate=f"{grid[:12]}-E01", place=grid[:12], giver="甲", taker="乙",
        digest="0", at=datetime(signed.year, signed.month, signed.day, 4, tzinfo=UTC),
    )  # fmt: skip
    assert clocks(office, one)["handover"][1] == "met"
    office.tick(company_handlers.watch_contract_clocks, later=at(office, signed + DAY))
    assert office.said(companies.CompanyFaulted, reference=one) == []


def test_a_handover_that_is_late_is_told_once(office, grid):
    today = local_day(datetime.now(UTC))
    one = sign(office, grid)["contract_id"]
    office(companies.FileContract, contract_id=one, filing_no="WY1", filed_on="2025-01-02")
    end = today + 60 * DAY
    office(
        companies.DismissProvider,
        contract_id=one,
        noticed_on=today.isoformat(),
        ends_on=end.isoformat(),
        reason="表决",
    )
    for later in (end + DAY, end + 31 * DAY, end + 32 * DAY):
        office.tick(company_handlers.watch_contract_clocks, later=at(office, later))
    (told,) = office.said(companies.CompanyFaulted, reference=one)
    assert told["kind"] == "handover-late"


def test_civil_code_948_a_term_that_is_over_goes_on_by_itself(office, grid):
    one = sign(office, grid, until="2025-06-30")["contract_id"]
    office(companies.FileContract, contract_id=one, filing_no="WY1", filed_on="2025-01-02")
    office.tick(company_handlers.watch_contract_clocks)
    found = office(companies.GetContract, contract_id=one)
    assert (found["state"], found["until"]) == ("filed", None)


def test_contracts_of_elsewhere_do_not_exist(office, grid):
    one = sign(office, grid)["contract_id"]
    stranger = officer("property", "990000", "manager")
    with pytest.raises(UnknownContract):
        office(companies.GetContract, stranger, contract_id=one)
    with pytest.raises(NotYourEstate):
        office(companies.FileContract, stranger, contract_id=one, filing_no="1", filed_on="2025-01-02")
    with pytest.raises(NotYourEstate):
        office(companies.ListContracts, officer("party", grid))


# -- late fees and lawful steps ----------------------------------------------------------------------------


def test_without_a_clause_in_the_contract_there_is_no_late_fee(office, grid, homes):
    with pytest.raises(NoLateFeeClause):
        office(fees.ChargeLateFees, place=grid[:12], period="2025-12")
    sign(office, grid)
    with pytest.raises(NoLateFeeClause):
        office(fees.ChargeLateFees, place=grid[:12], period="2025-12")


def test_a_late_fee_is_what_the_contract_says_once_a_month_and_on_its_own_fees_only(office, grid, homes):
    sign(office, grid, late_fee_a_day="0.001", late_after_days=30)
    work_off(office, run(office, grid, "2025-10"))
    work_off(office, run(office, grid, "2025-10", "parking"))  # not in the contract, and no vehicles besides
    pay(office, homes[0], "150.00")
    for _ in range(2):
        office(fees.ChargeLateFees, place=grid[:12], period="2025-12")
    # 100.00 x 0.001 x 31 days, and 125.00 likewise
    assert [balance(office, home) for home in homes[:2]] == [D("103.10"), D("128.88")]
    with pytest.raises(NotOverYet):
        office(fees.ChargeLateFees, place=grid[:12], period=local_day(datetime.now(UTC)).isoformat()[:7])


def sweep(office, later=timedelta(0)):
    """The whole of it, wherever another test left the position."""
    for _ in range(3):
        office.tick(fee_handlers.remind_arrears, later=later)


def test_civil_code_944_each_step_comes_once_and_ends_with_the_payment(office, grid, homes, boss):
    work_off(office, run(office, grid, "2026-01"))
    for day in (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 2), date(2026, 4, 1)):
        sweep(office, at(office, day))
    found = office(fees.ListReminders, boss, household=homes[0])["items"]
    assert sorted(row["stage"] for row in found) == ["reminder", "second-reminder"]
    assert all("amount" not in row and "balance" not in row for row in found)
    pay(office, homes[0], "280.00")
    sweep(office, at(office, date(2026, 9, 1)))
    assert len(office(fees.ListReminders, boss, household=homes[0])["items"]) == 2
    assert len(office(fees.ListReminders, boss, household=homes[1])["items"]) == 4
    assert office(GetFeeAccount, household=homes[1])["state"] == "open"


def test_flow_6_the_branch_is_told_that_and_why_and_never_how_much(office, grid, homes, boss):
    ask = {"household": homes[0], "purpose": "提醒按时交费"}
    work_off(office, run(office, grid, "2025-01"))
    with pytest.raises(NotReminded):
        office(fees.AskArrearsTalk, boss, **ask)
    sweep(office)
    with pytest.raises(NotYourEstate):
        office(fees.AskArrearsTalk, officer("property", grid), **ask)
    first, again = (office(fees.AskArrearsTalk, boss, **ask) for _ in range(2))
    assert (first["repeated"], again["repeated"]) == (False, True) and first["talk"] == again["talk"]
    (told,) = office.said(ArrearsTalkAsked, household=homes[0])
    assert set(told) == {"talk", "household", "place", "purpose", "at"}
    pay(office, homes[0], "250.00")
    with pytest.raises(NotReminded):
        office(fees.AskArrearsTalk, boss, **ask)


# -- repairs -----------------------------------------------------------------------------------------------


def report(office, grid, category="lift-trap", address="3号楼1单元电梯"):
    told = {"place": grid, "address": address, "category": category, "description": "困人"}
    return office(ReportRepair, **told)["order_no"]


@pytest.mark.parametrize(
    ("category", "minutes", "missed"),
    [("lift-trap", 29, 0), ("lift-trap", 31, 1), ("door", 24 * 60 - 1, 0), ("door", 24 * 60 + 1, 1)],
)
def test_30_minutes_and_24_hours_a_missed_clock_counts_once_against_the_company(
    office, grid, category, minutes, missed
):
    company = sign(office, grid)["company"]
    order_no = report(office, grid, category)
    for _ in range(2):
        office.tick(company_handlers.watch_arrivals, later=timedelta(minutes=minutes))
    told = office.said(companies.CompanyFaulted, reference=order_no)
    assert [one["company"] for one in told] == [company] * missed


def test_flow_3_who_is_trapped_is_trapped_once_however_many_call(office, grid):
    with ThreadPoolExecutor(6) as pool:
        orders = set(pool.map(lambda _: report(office, grid), range(6)))
    assert len(orders) == 1
    (order_no,) = orders
    assert [line["verb"] for line in office(GetRepair, order_no=order_no)["history"]].count(
        "reported-again"
    ) == 5
    assert len(office(ListRepairs, officer("property", grid))["items"]) == 1
    assert report(office, grid, address="4号楼") != order_no
    assert report(office, grid, "door") != report(office, grid, "door")


def test_a_return_visit_is_made_once_and_not_by_who_did_the_work(office, grid):
    from services.contracts.property import ArriveRepair, FinishRepair

    li, desk, order_no = (
        officer("property", grid),
        officer("street", grid, "clerk"),
        report(office, grid, "door"),
    )
    with pytest.raises(company_handlers.NotRepaired):
        office(companies.RecordReturnVisit, desk, order_no=order_no, holds=True)
    office(GrabRepair, li, order_no=order_no)
    office(ArriveRepair, li, order_no=order_no)
    office(FinishRepair, li, order_no=order_no, note="好了")
    (row,) = office(companies.ListReturnVisits, desk)["items"]
    assert row["order_no"] == order_no and row["due_at"] - row["finished_at"] == 3 * DAY and not row["late"]
    with pytest.raises(OwnWork):
        office(companies.RecordReturnVisit, li, order_no=order_no, holds=True)
    office(companies.RecordReturnVisit, desk, order_no=order_no, holds=False, note="又坏了")
    with pytest.raises(company_handlers.AlreadyVisited):
        office(companies.RecordReturnVisit, desk, order_no=order_no, holds=True)
    assert office(companies.ListReturnVisits, desk)["items"] == []


# -- rounds ------------------------------------------------------------------------------------------------


@pytest.fixture
def route(office, grid, boss):
    terms = {"place": grid, "name": "夜巡", "windows": [{"opens": "08:00", "closes": "10:00"}]}
    made = office(rounds.PlanRoute, boss, points=["东门", "车库", "天台"], **terms)
    office.tick(round_handlers.plan_rounds)
    return made


def eight(office):
    """Tomorrow's eight o'clock in China, as much later than now."""
    return at(office, local_day(datetime.now(UTC)) + DAY) - timedelta(hours=4)


def test_a_point_counts_once_and_only_while_the_round_is_walked(office, grid, route):
    li = officer("property", grid)
    code, start = route["points"][0]["code"], eight(office)
    office.tick(round_handlers.plan_rounds, later=start)
    with pytest.raises(NoRoundNow):
        office(rounds.ScanPoint, li, later=start - timedelta(seconds=1), code=code)
    first = office(rounds.ScanPoint, li, later=start + timedelta(seconds=5), code=code)
    again = office(rounds.ScanPoint, li, later=start + timedelta(minutes=119), code=code)
    assert (first["left"], again["left"]) == (2, 2) and (first["repeated"], again["repeated"]) == (
        False,
        True,
    )
    with pytest.raises(NoRoundNow):
        office(rounds.ScanPoint, li, later=start + timedelta(minutes=121), code=code)
    with pytest.raises(BadPointCode):
        office(rounds.ScanPoint, li, code=code[:-1] + "g")
    with pytest.raises(NotYourEstate):
        office(rounds.ScanPoint, officer("property", "990000"), later=start, code=code)


def test_points_that_nobody_reached_are_told_once_with_how_many(office, grid, route, boss):
    company, start = sign(office, grid)["company"], eight(office)
    office.tick(round_handlers.plan_rounds, later=start)
    scan = {"code": route["points"][0]["code"], "later": start + timedelta(minutes=1)}
    patrol = office(rounds.ScanPoint, officer("property", grid), **scan)["patrol"]
    office.tick(round_handlers.close_rounds, later=start + timedelta(minutes=119))
    assert office.said(companies.CompanyFaulted, reference=patrol) == []
    for _ in range(2):
        office.tick(round_handlers.close_rounds, later=start + timedelta(minutes=121))
    (told,) = office.said(companies.CompanyFaulted, reference=patrol)
    assert (told["kind"], told["count"], told["company"]) == ("patrol-missed", 2, company)
    (row,) = office(rounds.ListPatrols, boss, later=start + 3 * timedelta(hours=1), missed=True)["items"]
    assert (row["reached"], row["missed"]) == (1, 2)


def test_s1_8_a_finding_is_disposed_of_by_those_who_were_called_together(office, grid, boss):
    found = office(rounds.ReportFinding, officer("property", grid), place=grid, description="消防通道堆物")[
        "finding"
    ]
    with pytest.raises(FindingNotNow):
        office(rounds.DisposeFinding, boss, finding=found, result="清了")
    office(
        rounds.CallJointPatrol,
        boss,
        finding=found,
        units=["property", "community", "fire"],
        due_on="2026-12-31",
    )
    office(rounds.DisposeFinding, boss, finding=found, result="三方到场清理")
    with pytest.raises(FindingNotNow):
        office(rounds.DisposeFinding, boss, finding=found, result="再清")
    (row,) = office(rounds.ListFindings, boss, state="disposed")["items"]
    assert row["units"] == ["community", "fire", "property"]


# -- meetings and the board --------------------------------------------------------------------------------


def test_s1_6_what_a_meeting_decided_is_tracked_until_it_is_done_and_told_once_when_late(office, grid, boss):
    company = sign(office, grid)["company"]
    today = local_day(datetime.now(UTC))
    called = {"place": grid[:12], "subject": "停车", "held_on": today.isoformat(), "agenda": ["划线"]}
    meeting = office(meetings.CallMeeting, boss, units=["property", "community"], **called)["meeting"]
    minutes = {"meeting": meeting, "present": ["property", "community"], "minutes": "同意"}
    due = today.isoformat()
    with pytest.raises(NotAsked):
        office(
            meetings.MinuteMeeting,
            boss,
            **minutes,
            decisions=[{"what": "x", "unit": "police", "due_on": due}],
        )
    decided = [{"what": "划线", "unit": unit, "due_on": due} for unit in ("property", "community")]
    ours, theirs = office(meetings.MinuteMeeting, boss, **minutes, decisions=decided)["decisions"]
    with pytest.raises(MinutedAlready):
        office(meetings.MinuteMeeting, boss, **minutes)
    office.tick(meeting_handlers.watch_decisions, later=at(office, today))
    assert office.said(companies.CompanyFaulted, reference=ours) == []
    for _ in range(2):
        office.tick(meeting_handlers.watch_decisions, later=at(office, today + DAY))
    (told,) = office.said(companies.CompanyFaulted, reference=ours)
    assert told["company"] == company and office.said(companies.CompanyFaulted, reference=theirs) == []
    office(meetings.FinishDecision, boss, decision=ours, result="划好了")
    with pytest.raises(DoneAlready):
        office(meetings.FinishDecision, boss, decision=ours, result="划好了")
    late = office(meetings.ListDecisions, boss, later=at(office, today + DAY), overdue=True)["items"]
    assert [row["decision"] for row in late] == [theirs]


def test_s1_10_what_must_be_shown_and_is_not_is_named_and_the_board_is_everybodys(office, grid, boss):
    from services.chassis.identifiers import Caller

    today = local_day(datetime.now(UTC))
    missing = {
        one["kind"]
        for one in office(meetings.CheckPublicity, boss, place=grid[:12])["items"]
        if one["missing"]
    }
    assert missing == {"contract", "income-and-expense", "common-income", "repair-fund"}
    note = {"place": grid[:12], "subject": "公共收益", "body": "电梯广告收入"}
    office(meetings.PostNotice, boss, kind="common-income", since=today.isoformat(), **note)
    office(meetings.PostNotice, boss, kind="other", since=(today + DAY).isoformat(), **note)
    office(meetings.PostNotice, boss, kind="other", since=(today - 9 * DAY).isoformat(),
           until=(today - DAY).isoformat(), **note)  # fmt: skip
    anybody = Caller(account="public", kind="public", department=None, roles=())
    (shown,) = office(meetings.ListNotices, anybody, place=grid[:12])["items"]
    assert shown["kind_zh"] == "公共收益收支" and "posted_by" not in shown
    items = office(meetings.CheckPublicity, boss, place=grid[:12])["items"]
    assert not next(one for one in items if one["kind"] == "common-income")["missing"]
    later = office(meetings.CheckPublicity, boss, later=190 * DAY, place=grid[:12])["items"]
    assert next(one for one in later if one["kind"] == "common-income")["missing"]


def test_the_demonstration_is_there_once_and_has_somebody_in_arrears(office, grid, homes):
    first = office(fees.LoadEstateDemonstration, place=grid[:12])
    assert first["charged"] == 15  # residential for two of three homes, waste for three, three months
    assert office(fees.LoadEstateDemonstration, place=grid[:12])["contract_id"] is None
    assert balance(office, homes[0]) > 0 == balance(office, homes[1])
    assert office(companies.GetContract, contract_id=first["contract_id"])["filing_no"]
    assert len(office(meetings.ListNotices, place=grid[:12])["items"]) == 2
