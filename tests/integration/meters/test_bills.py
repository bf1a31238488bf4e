"""Bill runs, holds, corrections and the ledger, on the real database."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts import meters
from services.meters import handlers, views
from services.meters.billing.model import (
    NothingToCorrect,
    NotInThisState,
    NotTheLatest,
    PeriodNotOver,
    UnknownBill,
    local_day,
)
from services.meters.billing.tariffs import UnknownTariff
from services.meters.handlers.validation import validate_now
from tests.integration.meters.surroundings import PLACE, ROOT, eventually, hourly

HOUR = timedelta(hours=1)
OPENED = datetime(2020, 1, 1, tzinfo=UTC)
DAY_COLUMNS = "meter, register, day, quantity, state, version"


class Books:
    """Small words for accounts, days, runs and bills."""

    def __init__(self, tester, database):
        self.tester, self.database = tester, database

    def account(self, name="a", utility="water", place=PLACE, meter=None, opened=OPENED, closed=None, **more):
        row = {
            "account": name, "household": f"{place}-1-1-{name}", "kind": utility, "meter": meter or f"M-{name}",
            "place": place, "opened_at": opened, "opening_reading": 0, "closed_at": closed, **more,
        }  # fmt: skip
        names = ", ".join(row)
        self.database.execute(
            f"INSERT INTO accounts ({names}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )
        return name

    def days(self, meter, since, *quantities, register="total", state="measured"):
        """One quantity a day from `since` on; a day that is known already gets its next version."""
        since = date.fromisoformat(since)
        for number, quantity in enumerate(quantities):
            self.database.execute(
                f"INSERT INTO daily ({DAY_COLUMNS}) VALUES (%s, %s, %s::date + %s, %s, %s, 1)"
                " ON CONFLICT (meter, register, day) DO UPDATE SET quantity = excluded.quantity,"
                " state = excluded.state, version = daily.version + 1",
                (meter, register, since, number, Decimal(quantity), state),
            )

    def run(self, period, utility="water", place=PLACE, **more):
        answer = self.do("RunBills", period=period, utility=utility, place=place, **more)
        return self.work_off(answer["run"])

    def work_off(self, run):
        for _ in range(100):
            with self.tester.ledger.work() as work:
                handlers.work_off_bill_runs(work)
            found = self.ask("GetBillRun", run=run)
            if found["state"] == "done":
                return found
        raise AssertionError("the run does not end")

    def do(self, command, **facts):
        contract = getattr(meters, command)
        return self.tester.do(handlers.COMMANDS[contract], contract, **facts)

    def tick(self, timer):
        with self.tester.ledger.work() as work:
            timer(work)

    def ask(self, query, **facts):
        contract = getattr(meters, query)
        with self.tester.ledger.read() as read:
            return views.QUERIES[contract](read, contract.read(facts))

    def bills(self, **which):
        """Oldest first."""
        return self.ask("ListBills", limit=200, **which)["items"][::-1]

    def bill(self, **which):
        (found,) = self.bills(**which)
        return found

    def balance(self, account="a"):
        return self.ask("GetAccountLedger", account=account)["balance"]

    def told(self):
        """(kind, amount) of every line that property management is told of."""
        return [
            (said["kind"], line["amount"])
            for name, said in self.tester.said()
            if name == "BillsBooked"
            for line in said["entries"]
        ]

    def leak(self, meter, state="active", name="f"):
        self.database.execute(
            "INSERT INTO findings (finding_id, kind, meter, place, window_start, window_end, judged_until, evidence,"
            " raised_at, said_at, state) VALUES (%s, 'leak', %s, %s, '2026-03-04T00:00Z', '2026-03-05T00:00Z',"
            " '2026-03-05T00:00Z', '{}', now(), now(), %s)",
            (name, meter, PLACE, state),
        )

    def clear(self, name="f"):
        self.database.execute("UPDATE findings SET state = 'cleared' WHERE finding_id = %s", (name,))


@pytest.fixture
def books(tester, database):
    return Books(tester, database)


def is_sound(database):
    """Lines are their bill, an account owes its issued bills and nothing else, and debits are credits."""
    wrong = database.execute(
        """
        SELECT 'lines', bill FROM bills LEFT JOIN bill_lines USING (bill)
        GROUP BY bill HAVING coalesce(sum(amount), 0) <> total OR coalesce(sum(bill_lines.quantity), 0) <> bills.quantity
        UNION ALL
        SELECT 'parts', bill FROM bill_lines
        WHERE amount <> (SELECT sum(value::numeric) FROM jsonb_each_text(parts))
        UNION ALL
        SELECT 'owed', account FROM accounts
        WHERE (SELECT coalesce(sum(total), 0) FROM bills WHERE bills.account = accounts.account AND state = 'issued')
            <> (SELECT coalesce(sum(CASE WHEN debit = account THEN amount ELSE -amount END), 0)
                FROM ledger WHERE account IN (debit, credit))
        UNION ALL
        SELECT 'overlap', a.bill FROM bills a JOIN bills b USING (account)
        WHERE a.bill < b.bill AND a.since < b.until AND b.since < a.until
            AND a.state IN ('draft', 'issued', 'held') AND b.state IN ('draft', 'issued', 'held')
        """
    ).fetchall()
    return wrong == []


# -- a run ---------------------------------------------------------------------------------------------


def test_a_month_is_billed_once_and_says_how_it_came_about(books, database):
    books.account()
    books.days("M-a", "2026-01-01", "1.5", *["1"] * 30)
    run = books.run("2026-01")
    assert (run["state"], run["accounts"], run["done"], run["billed"], run["percent"]) == (
        "done",
        1,
        1,
        1,
        100,
    )
    assert run["total"] == Decimal("157.50")
    shown = books.ask("GetBill", bill=books.bill()["bill"])
    assert (shown["state"], shown["total"], shown["quantity"], shown["last_day"]) == (
        "issued", Decimal("157.50"), "31.5", date(2026, 1, 31),
    )  # fmt: skip
    (line,) = shown["lines"]
    assert line["zh"] == (
        "2026-01-01 至 2026-01-31 第1阶梯 31.5 m3 × 5 元 = 157.50 元（基本费用 65.20、水资源费 49.46、污水处理费 42.84）"
    )
    assert line["en"] == (
        "2026-01-01 to 2026-01-31, tier 1, 31.5 m3 × ¥5 = ¥157.50"
        " (basic fee 65.20, water resource fee 49.46, sewage treatment 42.84)"
    )
    assert line["parts"] == {"fee": "65.20", "resource": "49.46", "sewage": "42.84"}
    assert books.told() == [("charge", "157.50")] and books.balance() == Decimal("157.50")
    again = books.run("2026-01")
    assert again["run"] == run["run"] and again["billed"] == 1 and len(books.bills()) == 1
    assert books.told() == [] and is_sound(database)


def test_months_climb_the_tiers_of_the_year_and_the_next_year_begins_again(books, database):
    books.account()
    for month, quantity in (("01", 170), ("02", 20), ("03", 100)):
        books.days("M-a", f"2025-{month}-02", quantity)
        books.run(f"2025-{month}")
    books.days("M-a", "2025-12-31", 10, 10)
    books.run("2026-01")
    assert [(str(bill["total"]), bill["quantity"]) for bill in books.bills()] == [
        ("850.00", "170"), ("120.00", "20"), ("760.00", "100"), ("140.00", "20"),
    ]  # fmt: skip
    last = books.ask("GetBill", bill=books.bills()[-1]["bill"])
    assert [(line["tier"], str(line["amount"])) for line in last["lines"]] == [(3, "90.00"), (1, "50.00")]
    assert last["reached"] == {"cycle": "year", "since": date(2026, 1, 1), "quantity": "10"}
    assert is_sound(database)


def test_a_period_must_be_over_a_place_ones_own_and_a_tariff_known(books):
    from services.chassis.identifiers import Caller
    from services.meters.handlers.access import NotYourMeters

    with pytest.raises(PeriodNotOver):
        books.do("RunBills", period=f"{local_day(datetime.now(UTC)):%Y-%m}", utility="water", place=PLACE)
    stranger = Caller("x", "staff", "property", ({"role": "officer", "scope": PLACE},))
    contract = meters.RunBills
    with pytest.raises(NotYourMeters), books.tester.ledger.work(stranger) as work:
        handlers.run_bills(work, contract.read({"period": "2026-01", "utility": "water", "place": PLACE}))
    books.account("g", "gas")
    books.days("M-g", "2026-01-01", 1)
    run = books.run("2026-01", "gas")
    assert (run["billed"], run["skipped"]) == (0, {"no-tariff": 1})
    with pytest.raises(UnknownTariff):
        books.do("SetTariff", account="g", tariff="institution")


def test_who_has_no_days_yet_is_billed_when_they_come(books):
    books.account("a")
    books.account("b")
    books.days("M-a", "2026-01-01", 1)
    assert books.run("2026-01")["skipped"] == {"no-consumption-known": 1}
    books.days("M-b", "2026-01-01", 2)
    again = books.run("2026-01")
    assert (again["billed"], again["skipped"]) == (2, {"no-consumption-known": 1})
    assert [str(bill["total"]) for bill in books.bills()] == ["5.00", "10.00"]


def test_another_tariff_holds_for_days_not_billed_yet(books):
    books.account()
    books.days("M-a", "2026-01-01", 200)
    books.run("2026-01")
    books.do("SetTariff", account="a", tariff="institution")
    books.days("M-a", "2026-02-01", 10)
    books.run("2026-02")
    assert [str(bill["total"]) for bill in books.bills()] == ["1040.00", "60.00"]
    assert {row["code"] for row in books.ask("ListTariffs", place=PLACE)["tariffs"]} == {
        "household",
        "institution",
    }


def test_peak_and_valley_are_read_from_their_own_registers(books, database):
    shanghai = "310104001001001"
    books.account("e", "electricity", place=shanghai)
    for register, quantity in (("peak", 300), ("valley", 150), ("total", 450)):
        books.days("M-e", "2026-05-05", quantity, register=register)
    books.run("2026-05", "electricity", shanghai)
    assert books.bill()["total"] == Decimal("250.23") and is_sound(database)
    assert books.ask("GetBill", bill=books.bill()["bill"])["tariff"]["verified"] is False


def test_drafts_are_issued_together(books, database):
    for name in "abc":
        books.account(name)
        books.days(f"M-{name}", "2026-01-01", 1)
    run = books.run("2026-01", issue=False)
    assert {bill["state"] for bill in books.bills()} == {"draft"} and books.told() == []
    assert books.balance() == 0
    books.do("IssueBills", run=run["run"])
    assert books.work_off(run["run"])["state"] == "done"
    assert {bill["state"] for bill in books.bills(run=run["run"])} == {"issued"}
    assert books.told() == [("charge", "5.00")] * 3 and is_sound(database)


# -- who had which meter -------------------------------------------------------------------------------


def test_an_exchanged_meter_goes_on_the_same_bill(books, database):
    books.account()
    books.days("M-a", "2026-03-01", *[1] * 10)
    with books.tester.ledger.work() as work:
        assert work.store.follow_exchange("M-a", "NEW", datetime(2026, 3, 10, 3, tzinfo=UTC)) == ["a"]
    books.days("NEW", "2026-03-10", *["0.5"] * 22)
    books.run("2026-03")
    assert books.bill()["quantity"] == "21" and is_sound(database)


def test_whoever_exchanges_a_meter_takes_the_account_along(books, database):
    books.tester.meter("W-1")
    books.account(meter="W-1")
    states = [{"register": "total", "closing": "1", "opening": "0"}]
    books.do(
        "ExchangeMeter",
        meter="W-1",
        new_meter="W-2",
        at="2026-03-10T03:00:00Z",
        registers=states,
        reason="broken",
    )
    assert database.execute("SELECT meter FROM accounts").fetchall() == [("W-2",)]
    assert database.execute("SELECT meter, until FROM former_meters").fetchall() == [
        ("W-1", date(2026, 3, 10))
    ]


def test_what_came_in_and_is_not_validated_yet_is_on_the_bill(books):
    books.tester.meter("W-1")
    books.account(meter="W-1", opened=datetime(2026, 3, 1, tzinfo=UTC))
    # Half a month of readings that nobody has validated; what is missing until the month's end is estimated.
    last = datetime(2026, 3, 16, tzinfo=UTC)
    books.tester.send(*hourly(*range(0, 10 * 24 * 15, 10), end=last))
    books.tester.sweep()
    books.run("2026-03")
    bill = books.bill()
    assert Decimal(bill["quantity"]) > Decimal("3.5") and bill["estimated"] > 10


def exchanged(books):
    """Ten hours of W-1, then W-2 in its place; an hour of the old one's comes only after that."""
    begin = datetime(2026, 3, 10, tzinfo=UTC)
    books.tester.meter("W-1")
    books.account(meter="W-1", opened=begin)
    old = hourly(*range(0, 1100, 100), end=begin + 10 * HOUR)
    books.tester.send(*old[:5], *old[6:])
    states = [{"register": "total", "closing": "1", "opening": "0"}]
    at = (begin + 10 * HOUR).isoformat()
    books.do("ExchangeMeter", meter="W-1", new_meter="W-2", at=at, registers=states, reason="broken")
    books.tester.sweep()
    with books.tester.ledger.work() as work:
        validate_now(work, ["W-1", "W-2"])
    books.database.execute("DELETE FROM vee_due")
    return old


def late(books, *readings):
    """They came, and nobody has validated them."""
    books.tester.send(*readings)
    books.tester.sweep()


def struck_out(books):
    """That the last day of the old meter, as stored, is not what its readings say any more."""
    books.database.execute("UPDATE daily SET quantity = 7 WHERE meter = 'W-1'")
    books.database.execute("UPDATE intervals SET millionths[1] = 7000000 WHERE meter = 'W-1'")


def test_late_readings_of_the_meter_that_was_taken_out_are_on_the_bill(books, database):
    """A bill validates the former meters of an account too."""
    old = exchanged(books)
    struck_out(books)
    late(books, old[5])
    books.run("2026-03")
    assert database.execute("SELECT sum(quantity) FROM daily WHERE meter = 'W-1'").fetchone() == (Decimal(1),)
    assert (
        Decimal(books.bill()["quantity"]) == database.execute("SELECT sum(quantity) FROM daily").fetchone()[0]
    )
    assert database.execute("SELECT count(*) FROM vee_due WHERE meter = 'W-1'").fetchone() == (1,)
    assert database.execute("SELECT max(day) FROM daily WHERE meter = 'W-1'").fetchone() == (
        date(2026, 3, 10),
    )


def test_who_corrects_a_bill_corrects_it_by_what_has_come_in_meanwhile(books, database):
    """CorrectBill validates what is waiting, of the account's meter and of its former ones."""
    old = exchanged(books)
    books.run("2026-03")
    bill = books.bill()
    struck_out(books)
    books.tick(handlers.review_changed_days)
    (wrong,) = books.bills(proposed=True)
    assert Decimal(wrong["proposal"]["quantity"]) == Decimal(bill["quantity"]) + 6
    late(books, old[5], *hourly(0, 500, meter="W-2", end=datetime(2026, 3, 10, 12, tzinfo=UTC), first_seq=1))
    (corrected,) = books.do("CorrectBill", bill=bill["bill"], reason="核对无误")["corrected"]
    new = books.ask("GetBill", bill=corrected["by"])
    assert Decimal(new["quantity"]) == database.execute("SELECT sum(quantity) FROM daily").fetchone()[0]
    assert database.execute("SELECT sum(quantity) FROM daily WHERE meter = 'W-1'").fetchone() == (Decimal(1),)
    assert database.execute("SELECT sum(quantity) > 0.4 FROM daily WHERE meter = 'W-2'").fetchone() == (True,)
    assert is_sound(database)


def test_two_families_pay_exactly_the_day_on_which_one_moved(books, database):
    moved = datetime(2026, 3, 10, 9, 20, 11, tzinfo=UTC)
    books.account("old", meter="M", closed=moved, closed_by="task")
    books.account("new", meter="M", opened=moved, opened_by="task")
    books.days("M", "2026-03-01", *["0.333333"] * 31)
    books.run("2026-03")
    old, new = books.bill(account="old"), books.bill(account="new")
    assert (old["last_day"], new["since"]) == (date(2026, 3, 10), date(2026, 3, 10))
    assert Decimal(old["quantity"]) + Decimal(new["quantity"]) == Decimal("0.333333") * 31
    assert old["quantity"] == "3.24078" and is_sound(database)
    books.days("M", "2026-04-01", 1)
    books.run("2026-04")
    assert len(books.bills(account="old")) == 1 and len(books.bills(account="new")) == 2


def test_a_moving_in_that_is_withdrawn_costs_nobody_anything(books, database):
    moved = datetime(2026, 3, 10, 4, tzinfo=UTC)
    books.account("old", meter="M", closed=moved, closed_by="task")
    books.account("new", meter="M", opened=moved, opened_by="task")
    books.days("M", "2026-03-01", *[1] * 31)
    books.run("2026-03")
    assert (books.balance("old"), books.balance("new")) == (Decimal("47.50"), Decimal("107.50"))
    with books.tester.ledger.work() as work:
        handlers.UNDO["moving-in"](work, SimpleNamespace(task_id="task"))
    assert books.bill(account="new")["state"] == "cancelled"
    books.tick(handlers.review_changed_days)
    assert books.bill(account="old")["proposal"] == {"quantity": "10", "total": "50.00"}
    books.do("CorrectBill", bill=books.bill(account="old")["bill"], reason="moving-in withdrawn")
    books.run("2026-03")
    assert books.balance("old") == Decimal("155.00") and is_sound(database)


def test_whoever_leaves_with_no_successor_pays_his_last_day(books):
    books.account(closed=datetime(2026, 3, 10, 9, tzinfo=UTC))
    books.days("M-a", "2026-03-01", *[1] * 31)
    books.run("2026-03")
    assert books.bill()["quantity"] == "10"


# -- held ----------------------------------------------------------------------------------------------


def test_a_dispute_holds_a_bill_and_its_money_until_it_is_settled(books, database):
    books.account()
    books.days("M-a", "2026-03-01", 2)
    books.run("2026-03")
    bill = books.bill()["bill"]
    books.told()
    held = books.do("DisputeBill", bill=bill, reason="读数不对")
    assert held == {"bill": bill, "state": "held", "held_for": ["dispute"]}
    assert books.do("DisputeBill", bill=bill, reason="again") == held
    assert books.balance() == 0 and books.told() == [("hold", "-10.00")] and is_sound(database)
    shown = books.ask("GetBill", bill=bill)
    assert "账单暂缓，核查结束前无需缴纳。" in [note["zh"] for note in shown["notes"]]
    assert books.do("SettleDispute", bill=bill, reason="读数无误")["state"] == "issued"
    assert books.balance() == Decimal("10.00") and books.told() == [("release", "10.00")]
    assert [step["verb"] for step in books.ask("GetBill", bill=bill)["history"]] == ["hold", "release"]
    with pytest.raises(NotInThisState):
        books.do("SettleDispute", bill=bill, reason="again")
    with pytest.raises(UnknownBill):
        books.do("DisputeBill", bill="no", reason="x")


def test_a_leak_holds_the_bill_of_its_time_until_it_is_over(books, database):
    books.account("a")
    books.account("b")
    for name in "ab":
        books.days(f"M-{name}", "2026-02-01", 1)
    books.run("2026-02")
    for name in "ab":
        books.days(f"M-{name}", "2026-03-10", 2)
    books.leak("M-a")
    run = books.run("2026-03")
    assert run["held"] == 1 and books.balance("a") == Decimal("5.00")
    books.leak("M-b", name="g")  # found only after the bill was issued
    books.told()
    books.tick(handlers.hold_and_release_for_leaks)
    assert books.told() == [("hold", "-10.00")]
    # February ended before the water began to run.
    assert [bill["state"] for bill in books.bills(account="a")] == ["issued", "held"]
    assert [bill["state"] for bill in books.bills(account="b")] == ["issued", "held"]
    books.tick(handlers.hold_and_release_for_leaks)
    assert books.told() == []
    books.clear("f")
    books.clear("g")
    books.tick(handlers.hold_and_release_for_leaks)
    assert books.told() == [("release", "10.00")] * 2
    assert books.balance("a") == books.balance("b") == Decimal("15.00") and is_sound(database)


# -- corrected -----------------------------------------------------------------------------------------


def test_an_estimate_is_settled_by_itself_and_the_later_bills_climb_with_it(books, database):
    books.account()
    books.days("M-a", "2026-01-10", 170, state="estimated")
    books.run("2026-01")
    books.days("M-a", "2026-02-10", 20)
    books.run("2026-02")
    first, second = books.bills()
    assert (first["estimated"], str(first["total"]), str(second["total"])) == (1, "850.00", "120.00")
    assert "1 天为估算" in books.ask("GetBill", bill=first["bill"])["notes"][0]["zh"]
    books.told()
    books.days("M-a", "2026-01-10", 179)  # the reading has come
    books.tick(handlers.review_changed_days)
    assert [(bill["state"], str(bill["total"])) for bill in books.bills()] == [
        ("corrected", "850.00"), ("corrected", "120.00"), ("issued", "895.00"), ("issued", "138.00"),
    ]  # fmt: skip
    assert books.told() == [
        ("credit", "-850.00"), ("charge", "895.00"), ("credit", "-120.00"), ("charge", "138.00"),
    ]  # fmt: skip
    assert books.balance() == Decimal("1033.00") and is_sound(database)
    new = books.bills()[2]
    assert new["corrects"] == first["bill"]
    assert books.ask("GetBill", bill=first["bill"])["corrected_by"] == new["bill"]
    books.tick(handlers.review_changed_days)
    assert books.told() == []


def test_a_measured_day_that_changes_is_a_proposal_until_a_person_agrees(books, database):
    books.account()
    books.days("M-a", "2026-01-10", 10)
    books.run("2026-01")
    bill = books.bill()["bill"]
    with pytest.raises(NothingToCorrect):
        books.do("CorrectBill", bill=bill, reason="why not")
    books.days("M-a", "2026-01-10", 7, state="edited")
    books.tick(handlers.review_changed_days)
    assert books.bill(proposed=True)["proposal"] == {"quantity": "7", "total": "35.00"}
    assert books.balance() == Decimal("50.00")
    books.days("M-a", "2026-01-10", 10)
    books.tick(handlers.review_changed_days)
    assert books.bills(proposed=True) == []
    books.days("M-a", "2026-01-10", 8)
    books.tick(handlers.review_changed_days)
    (corrected,) = books.do("CorrectBill", bill=bill, reason="核对无误")["corrected"]
    assert (corrected["bill"], corrected["amount"]) == (bill, "-10.00")
    assert books.balance() == Decimal("40.00") and books.bills(proposed=True, state="issued") == []
    with pytest.raises(NotInThisState):
        books.do("CorrectBill", bill=bill, reason="twice")
    assert is_sound(database)


def test_a_bill_on_hold_stays_on_hold_when_it_is_corrected(books, database):
    books.account()
    books.days("M-a", "2026-01-10", 10)
    books.run("2026-01")
    bill = books.bill()["bill"]
    books.do("DisputeBill", bill=bill, reason="too much")
    books.days("M-a", "2026-01-10", 6, state="edited")
    books.do("CorrectBill", bill=bill, reason="meter misread")
    old, new = books.bills()
    assert (old["state"], new["state"], books.balance()) == ("corrected", "held", 0)
    books.do("SettleDispute", bill=new["bill"], reason="agreed")
    assert books.balance() == Decimal("30.00") and is_sound(database)


def test_nobody_reckons_from_a_bill_that_somebody_else_is_correcting(books, database):
    books.account()
    books.days("M-a", "2026-01-10", 170)
    books.run("2026-01")
    books.days("M-a", "2026-01-10", 179, state="edited")
    books.days("M-a", "2026-02-10", 20)
    run = books.do("RunBills", period="2026-02", utility="water", place=PLACE)["run"]
    first = books.bill()["bill"]

    def waits():
        """the run waits for the books"""
        return database.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).fetchone()

    with ThreadPoolExecutor(1) as pool:
        with books.tester.ledger.work() as work:
            handlers.correct_bill(work, meters.CorrectBill.read({"bill": first, "reason": "reading"}))
            working = pool.submit(books.work_off, run)
            eventually(waits)
        working.result(30)
    assert [str(bill["total"]) for bill in books.bills(state="issued")] == ["895.00", "138.00"]
    assert is_sound(database)


def test_a_correction_ends_with_the_year(books):
    books.account()
    for month in ("2025-12", "2026-01", "2026-02"):
        books.days("M-a", f"{month}-10", 10)
        books.run(month)
    before = [bill["bill"] for bill in books.bills()]
    books.days("M-a", "2025-12-10", 11, state="edited")
    books.do("CorrectBill", bill=before[0], reason="reading")
    assert [bill["bill"] for bill in books.bills(state="issued")][:2] == before[1:]


def test_the_latest_bill_can_be_cancelled_and_its_days_are_billed_again(books, database):
    books.account()
    for month in ("2026-01", "2026-02"):
        books.days("M-a", f"{month}-10", 10)
        books.run(month)
    first, second = books.bills()
    with pytest.raises(NotTheLatest):
        books.do("CancelBill", bill=first["bill"], reason="x")
    assert books.do("CancelBill", bill=second["bill"], reason="x")["state"] == "cancelled"
    assert books.balance() == Decimal("50.00")
    books.run("2026-02")
    assert books.balance() == Decimal("100.00") and is_sound(database)


def test_only_days_of_months_that_are_over_are_looked_at_again(books, database):
    books.days("M-a", f"{local_day(datetime.now(UTC)):%Y-%m}-01", 1)
    assert database.execute("SELECT count(*) FROM changed_days").fetchone() == (0,)
    books.days("M-a", "2026-01-01", 1)
    assert database.execute("SELECT * FROM changed_days").fetchall() == [("M-a", date(2026, 1, 1))]
    books.tick(handlers.review_changed_days)
    assert database.execute("SELECT count(*) FROM changed_days").fetchone() == (0,)
    database.execute("DELETE FROM daily")
    assert database.execute("SELECT * FROM changed_days").fetchall() == [("M-a", date(2026, 1, 1))]


def test_the_ledger_and_the_lines_are_only_ever_added(books, database):
    books.account()
    books.days("M-a", "2026-01-10", 10)
    books.run("2026-01")
    for statement in (
        "UPDATE ledger SET amount = 1", "DELETE FROM ledger", "UPDATE bill_lines SET amount = 1", "DELETE FROM bill_lines",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.RestrictViolation):
            database.execute(statement)


STEPS = st.one_of(
    st.tuples(st.just("run"), st.integers(1, 4)),
    st.tuples(st.just("days"), st.integers(1, 4), st.integers(0, 120), st.sampled_from(["measured", "estimated"])),
    st.tuples(st.sampled_from(["DisputeBill", "SettleDispute", "CorrectBill", "CancelBill"]), st.integers(0, 9)),
    st.tuples(st.just("review")),
    st.tuples(st.just("leak"), st.booleans()),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=5, max_size=25))
def test_whatever_happens_the_books_balance_and_the_last_word_is_what_the_days_say(books, database, steps):
    from services.chassis.errors import Problem

    database.execute(
        "TRUNCATE accounts, daily, bill_runs, bills, bill_lines, bill_history, ledger, changed_days, findings"
    )
    books.account()
    books.leak("M-a", "cleared")
    for step in steps:
        match step:
            case ("run", month):
                books.run(f"2026-{month:02}")
            case ("days", month, quantity, state):
                books.days("M-a", f"2026-{month:02}-10", quantity, state=state)
            case ("review",):
                books.tick(handlers.review_changed_days)
            case ("leak", active):
                database.execute("UPDATE findings SET state = %s", ("active" if active else "cleared",))
                books.tick(handlers.hold_and_release_for_leaks)
            case (command, which):
                standing = books.bills()
                if standing:
                    with contextlib.suppress(Problem):
                        books.do(command, bill=standing[which % len(standing)]["bill"], reason="x")
        assert is_sound(database)
    # When every estimate and every proposal is settled, the standing bills are one bill over the same days.
    books.run("2026-04")
    standing = [bill for bill in books.bills() if bill["state"] in ("draft", "issued", "held")]
    if standing:
        # Bills of one moment have names in no order: the first is that of the earliest days.
        first = min(standing, key=lambda bill: bill["since"])
        with contextlib.suppress(NothingToCorrect):
            books.do("CorrectBill", bill=first["bill"], reason="all of it")
        standing = [bill for bill in books.bills() if bill["state"] in ("draft", "issued", "held")]
        used = database.execute("SELECT sum(quantity) FROM daily").fetchone()[0]
        assert sum(Decimal(bill["quantity"]) for bill in standing) == used
        expected = Decimal(5) * min(used, 180) + 7 * min(max(used - 180, 0), 80) + 9 * max(used - 260, 0)
        assert sum(bill["total"] for bill in standing) == expected
    assert is_sound(database)


# -- killed anywhere -----------------------------------------------------------------------------------

WORKER = """
from services.chassis.database import Ledger
from services.meters.handlers import bill_runs
from services.meters.repository import Repository
bill_runs.CHUNK, bill_runs.TIME_OF_A_TICK = 40, 0.05
ledger = Ledger("meters", Repository)
while True:
    with ledger.work() as work:
        bill_runs.work_off_bill_runs(work)
"""
CITY = 3000


def outcome(database):
    bills = database.execute(
        "SELECT account, since, until, quantity, total, state, cycle, position, estimated, missing, versions"
        " FROM bills ORDER BY account, since"
    ).fetchall()
    lines = database.execute(
        "SELECT account, bills.since, no, register, tier, bill_lines.quantity, amount, parts FROM bill_lines"
        " JOIN bills USING (bill) ORDER BY account, bills.since, no"
    ).fetchall()
    booked = database.execute(
        "SELECT kind, debit, credit, amount FROM ledger ORDER BY debit, credit, amount"
    ).fetchall()
    run = database.execute("SELECT done, billed, held, total, skipped FROM bill_runs").fetchall()
    return bills, lines, booked, run


def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(books, parts, database):
    database.execute(
        "INSERT INTO accounts (account, household, kind, meter, place, opened_at, opening_reading)"
        " SELECT 'a' || n, 'h' || n, 'water', 'M' || n, %s, '2026-01-01T00:00+08', 0 FROM generate_series(1, %s) n",
        (PLACE, CITY),
    )
    database.execute(
        f"INSERT INTO daily ({DAY_COLUMNS}) SELECT 'M' || n, 'total', '2026-01-01'::date + d, n %% 13 * 0.731, 'measured', 1"
        " FROM generate_series(1, %s) n, generate_series(0, 30) d",
        (CITY - 7,),
    )
    books.run("2026-01")
    clean = outcome(database)
    assert len(clean[0]) == CITY - 7 and is_sound(database)
    said = sorted(books.told())
    database.execute("TRUNCATE bills, bill_lines, ledger, bill_runs")
    books.do("RunBills", period="2026-01", utility="water", place=PLACE)

    def done():
        """the run has got further"""
        return database.execute("SELECT done, state FROM bill_runs").fetchone()

    dice, kills = random.Random(7), 0
    while done()[1] != "done":
        before = done()[0]
        process = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=os.environ | parts)
        try:
            eventually(lambda: done()[0] > before or done()[1] == "done", every=0.005)
            time.sleep(dice.uniform(0, 0.1))  # somewhere within a chunk
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        kills += 1
    assert kills > 3
    assert outcome(database) == clean
    assert sorted(books.told()) == said


def test_the_service_does_by_its_own_clock_what_is_to_be_done(books, parts, database):
    books.account()
    books.days("M-a", "2026-01-01", 1)
    books.run("2026-01")
    books.days("M-a", "2025-12-31", 1)  # was missing
    books.days("M-a", "2026-02-01", 1)
    books.do("RunBills", period="2026-02", utility="water", place=PLACE)
    log = (ROOT / parts["YIKOU_DATA"] / "meters-bills.log").open("a")
    command = [sys.executable, "-m", "services.chassis.launch", "meters"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | parts, stdout=log, stderr=subprocess.STDOUT
    )
    try:

        def all_done():
            """January is made again, February billed"""
            return sorted((bill["state"], str(bill["total"])) for bill in books.bills()) == [
                ("corrected", "5.00"), ("issued", "10.00"), ("issued", "5.00"),
            ]  # fmt: skip

        eventually(all_done)
        assert is_sound(database)
    finally:
        process.terminate()
        assert process.wait(40) == 0
