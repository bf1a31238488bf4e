"""A month of property fees for 100,000 households, and a sweep of their arrears, by the very code of the timers.

python -m tests.bench.fees: parts of its own, one JSON object a line; the floor is one statement that multiplies area
and price and inserts bare rows.
"""

import time
from datetime import UTC, datetime

import psycopg

from deploy.local.stack import borrowed_parts
from services.chassis.database import Ledger, open_engine
from services.contracts.fees import RunFees
from services.property.fees.handlers import remind_arrears, run_fees, work_off_fee_runs
from services.property.repository import Repository
from tests.bench.__main__ import Figure
from tests.offices import PARTS, migrate

HOUSEHOLDS = 100_000
PLACE, PERIOD = "110105999998", "2026-01"
GOAL = 10_000


def main() -> None:
    with borrowed_parts(PARTS) as env:
        migrate(env, "property")
        url = env["DATABASE_URL_PROPERTY"]
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            prepare(connection)
            floor = HOUSEHOLDS / bare(connection)
        ledger = Ledger("property", Repository)
        ledger._engine = open_engine(url, "bench", 2)
        charged = HOUSEHOLDS / run(ledger)
        Figure("fee_households_per_s", charged, "1/s", floor, f">= {GOAL}", charged >= GOAL).print()
        swept = HOUSEHOLDS / sweep(ledger)
        Figure("arrears_households_per_s", swept, "1/s", floor).print()
        ledger.close()


def prepare(connection: psycopg.Connection) -> None:
    connection.execute("DELETE FROM fee_reminders WHERE place LIKE %s", (f"{PLACE}%",))
    connection.execute("DELETE FROM fee_runs WHERE place = %s", (PLACE,))
    # The books only ever grow: a bench that is run again takes homes of its own.
    homes = f"{PLACE}{datetime.now(UTC):%H%M%S}"
    connection.execute(
        "INSERT INTO households (household, address, place, area, members, vehicles, state, opened_at)"
        " SELECT %s || '-' || n, n || %s, %s || '001', 50 + n %% 9000 / 100.0, '[]', '[]', 'open', now()"
        " FROM generate_series(1, %s) n",
        (homes, homes, PLACE, HOUSEHOLDS),
    )
    connection.execute("UPDATE accounts SET state = 'closed' WHERE place LIKE %s", (f"{PLACE}%",))
    connection.execute(
        "INSERT INTO accounts (code, kind, household, place, state)"
        " SELECT 'household:' || household, 'household', household, place, 'open' FROM households WHERE household LIKE %s",
        (f"{homes}-%",),
    )
    connection.execute("ANALYZE households, accounts, entries")


def bare(connection: psycopg.Connection) -> float:
    connection.execute("CREATE TABLE floor_fees (household text PRIMARY KEY, amount numeric)")
    begun = time.monotonic()
    connection.execute(
        "INSERT INTO floor_fees SELECT household, round(area * 2.8, 2) FROM households JOIN accounts USING (household)"
        " WHERE accounts.place LIKE %s AND accounts.state = 'open'",
        (f"{PLACE}%",),
    )
    taken = time.monotonic() - begun
    connection.execute("DROP TABLE floor_fees")
    return taken


def run(ledger: Ledger) -> float:
    begun = time.monotonic()
    with ledger.work() as work:
        name = run_fees(work, RunFees.read({"place": PLACE, "rule": "residential", "period": PERIOD}))["run"]
    while True:
        with ledger.work() as work:
            work_off_fee_runs(work)
        with ledger.work() as work:
            found = work.connection.exec_driver_sql(
                f"SELECT state, charged FROM fee_runs WHERE run = '{name}'"
            ).one()
        if found.state == "done":
            assert found.charged == HOUSEHOLDS
            return time.monotonic() - begun


def sweep(ledger: Ledger) -> float:
    begun = time.monotonic()
    while True:
        with ledger.work() as work:
            remind_arrears(work)
        with ledger.work() as work:
            if not work.connection.exec_driver_sql("SELECT position FROM fee_sweeps").scalar_one():
                return time.monotonic() - begun


if __name__ == "__main__":
    main()
