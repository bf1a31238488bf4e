"""(d) Bills: a month of 100,000 water accounts, reckoned, issued, booked and said, by the very code of the timer."""

import time
from collections.abc import Callable
from datetime import date

import psycopg

from services.chassis.database import Ledger
from services.contracts.meters import RunBills
from services.meters.handlers.bill_runs import run_bills, work_off_bill_runs
from services.meters.repository import Repository
from tests.bench.__main__ import Figure
from tests.bench.cases import database

ACCOUNTS = 100_000
PLACE = "110199999999001"
PERIOD, FIRST, DAYS = "2026-01", date(2026, 1, 1), 31
GOAL = 10_000


def measure_bills(say: Callable[..., None], accounts: int = ACCOUNTS) -> list[Figure]:
    with psycopg.connect(database("meters"), autocommit=True) as connection:
        prepare(connection, accounts)
        floor = accounts / bare(connection)
        say(f"floor: {floor:.0f} accounts/s by one statement that adds up the days and inserts bare rows")
        taken = run(connection, accounts)
        say(f"bills: {accounts} accounts in {taken:.1f} s")
    met = accounts / taken >= GOAL
    return [Figure("bill_accounts_per_s", accounts / taken, "1/s", floor, f">= {GOAL}", met)]


def prepare(connection: psycopg.Connection, accounts: int) -> None:
    """Days are written day by day, as they come in, not meter by meter, as a run would like them."""
    connection.execute(
        "INSERT INTO accounts (account, household, kind, meter, place, opened_at, opening_reading)"
        " SELECT md5('a' || n), %s || n, 'water', 'B-' || n, %s, '2025-12-31T16:00Z', 0"
        " FROM generate_series(1, %s) n ON CONFLICT DO NOTHING",
        (f"{PLACE}-", PLACE, accounts),
    )
    connection.execute(
        "INSERT INTO daily (meter, register, day, quantity, state, version)"
        " SELECT 'B-' || n, 'total', %s::date + d, (n * 7919 + d * 104729) %% 900000 * 0.00001, 'measured', 1"
        " FROM generate_series(0, %s - 1) d, generate_series(1, %s) n ON CONFLICT DO NOTHING",
        (FIRST, DAYS, accounts),
    )
    connection.execute("ANALYZE accounts, daily")
    connection.execute("CREATE TABLE IF NOT EXISTS floor_bills (account text PRIMARY KEY, quantity numeric, total numeric)")  # fmt: skip
    connection.execute("TRUNCATE floor_bills")


def bare(connection: psycopg.Connection) -> float:
    begun = time.monotonic()
    connection.execute(
        "INSERT INTO floor_bills SELECT account, sum(quantity), round(sum(quantity) * 5, 2) FROM accounts JOIN daily USING (meter)"
        " WHERE place = %s AND day >= %s AND day < %s GROUP BY account",
        (PLACE, FIRST, date(2026, 2, 1)),
    )
    taken = time.monotonic() - begun
    connection.execute("DROP TABLE floor_bills")
    return taken


def run(connection: psycopg.Connection, accounts: int) -> float:
    ledger = Ledger("meters", Repository)
    try:
        begun = time.monotonic()
        with ledger.work() as work:
            order = RunBills.read({"place": PLACE, "utility": "water", "period": PERIOD})
            answer = run_bills(work, order)
        while unfinished(connection, answer["run"]):
            with ledger.work() as work:
                work_off_bill_runs(work)
        taken = time.monotonic() - begun
    finally:
        ledger.close()
    billed = connection.execute("SELECT billed FROM bill_runs WHERE run = %s", (answer["run"],)).fetchone()
    assert billed == (accounts,), billed
    return taken


def unfinished(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT state FROM bill_runs WHERE run = %s", (name,)).fetchone()
    return row is not None and row[0] != "done"
