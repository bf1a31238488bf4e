"""Everybody's bills of a month: ordered at once, worked off by the clock, a thousand accounts at a time.

How far a run is stands in its row and is committed with the bills, so it may die anywhere: whoever goes on begins after
the last account that was committed.
"""

from __future__ import annotations

import calendar
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.contracts import meters
from services.meters.billing.model import (
    BOOKED_AS,
    DAY,
    ZERO,
    Bill,
    PeriodNotOver,
    Reckoning,
    Use,
    leak,
    local_day,
    reckon,
    supplies,
)
from services.meters.billing.repository import Wanted
from services.meters.billing.tariffs import Cut, Tariff, UnknownTariff, tariff
from services.meters.handlers.access import demand
from services.meters.handlers.validation import validate_accounts

CHUNK = 1000
"""Accounts reckoned together."""
TIME_OF_A_TICK = 2.0
"""Seconds after which a run commits and lets others have a turn."""
ENTRIES_TOGETHER = 500
"""Lines of the ledger in one event."""

Former = Sequence[tuple[str, date, date]]


def run_bills(work: Work, command: Any) -> dict[str, Any]:
    demand(work, command.place)
    first = date.fromisoformat(f"{command.period}-01")
    until = first + calendar.monthrange(first.year, first.month)[1] * DAY
    if local_day(work.now) < until:
        raise PeriodNotOver(period=command.period, day=until.isoformat())
    row = {
        "run": identifiers.new_id(),
        "place": command.place,
        "utility": command.utility,
        "period": command.period,
        "until": until,
        **_from_the_start(work, command),
        "billed": 0,
        "held": 0,
        "total": ZERO,
        "actor": work.caller.account,
        "started_at": work.now,
    }
    if work.store.add_bill_run(row):
        return {"run": row["run"], "state": row["state"], "accounts": row["accounts"]}
    known = work.store.bill_run_of(command.place, command.utility, command.period)
    if known.state == "done":
        work.store.save_bill_run(known.run, **_from_the_start(work, command))
        known = work.store.bill_run(known.run)
    return {"run": known.run, "state": known.state, "accounts": known.accounts}


def _from_the_start(work: Work, command: Any) -> dict[str, Any]:
    return {
        "issue": command.issue,
        "state": "running",
        "position": [],
        "accounts": work.store.count_accounts(command.place, command.utility),
        "done": 0,
        "skipped": {},
        "finished_at": None,
    }


def issue_bills(work: Work, command: Any) -> dict[str, Any]:
    run = work.store.bill_run(command.run)
    demand(work, run.place)
    # A run that is still making drafts issues them when it has made them all.
    state = "issuing" if run.state == "done" else run.state
    work.store.save_bill_run(run.run, issue=True, state=state, finished_at=None)
    return {"run": run.run, "state": state}


def work_off_bill_runs(work: Work) -> None:
    begun = time.monotonic()
    run = work.store.next_bill_run()
    if run is None:
        return
    work.store.open_books()
    progress = Progress(run)
    while time.monotonic() - begun < TIME_OF_A_TICK and progress.state != "done":
        if progress.state == "running":
            _bill_chunk(work, run, progress)
        else:
            _issue_chunk(work, run, progress)
    progress.save(work)


class Progress:
    """What changes in a run's row while it is worked off."""

    def __init__(self, run: Any) -> None:
        self.run: str = run.run
        self.state: str = run.state
        self.position: list[str] = run.position
        self.done: int = run.done
        self.billed: int = run.billed
        self.held: int = run.held
        self.total: Decimal = run.total
        self.skipped = Counter(run.skipped)

    def save(self, work: Work) -> None:
        changes = {**vars(self), "skipped": dict(self.skipped)}
        del changes["run"]
        finished = work.now if self.state == "done" else None
        work.store.save_bill_run(self.run, **changes, finished_at=finished)


def _bill_chunk(work: Work, run: Any, progress: Progress) -> None:
    rows = work.store.due_accounts(run.place, run.utility, run.until, progress.position, CHUNK)
    validate_accounts(work, {row.account: row.meter for row in rows}, run.until)
    bills = []
    for row, reckoned in zip(rows, reckon_accounts(work, rows, run.until), strict=True):
        if isinstance(reckoned, Reckoning):
            bills.append(new_bill(row, reckoned, "draft", run=run.run, at=work.now))
        else:
            progress.skipped[reckoned] += 1
    leaks = work.store.leaks([row.meter for row in rows])
    if leaks:
        meter_of = {row.account: row.meter for row in rows}
        for bill in bills:
            for finding_id, since in leaks.get(meter_of[bill.account], ()):
                if since < bill.until:
                    bill.move("hold", work.now, leak(finding_id))
    booked = []
    if run.issue:
        booked = [(bill, "issue", bill.move("issue", work.now)) for bill in bills if bill.state == "draft"]
    work.store.add_bills(bills)
    book(work, booked)
    progress.done += len(rows)
    progress.billed += len(bills)
    progress.held += sum(bill.state == "held" for bill in bills)
    progress.total += sum((bill.total for bill in bills), ZERO)
    if rows:
        progress.position = [rows[-1].meter, rows[-1].account]
    if len(rows) < CHUNK:
        # The first run of a month may have left drafts that are now to be issued.
        progress.state = "issuing" if run.issue else "done"


def _issue_chunk(work: Work, run: Any, progress: Progress) -> None:
    drafts = work.store.drafts(run.run, CHUNK)
    book(work, [(bill, "issue", bill.move("issue", work.now)) for bill in drafts])
    work.store.save_bills(drafts)
    if len(drafts) < CHUNK:
        progress.state = "done"


# -- what accounts owe for their days ------------------------------------------------------------------


def reckon_accounts(work: Work, rows: Sequence[Any], until: date) -> list[Reckoning | str]:
    """For each account the days from its last bill to `until`, or why there is nothing to bill."""
    former = work.store.former_meters([row.account for row in rows])
    found: list[Reckoning | str] = []
    plans: list[tuple[Tariff, date, tuple[Cut, ...]] | None] = []
    wanted: list[Wanted] = []
    for number, row in enumerate(rows):
        plan = None
        try:
            plan = _plan(row, until)
            found.append("no-consumption-known" if plan else "nothing-due")
        except UnknownTariff:
            found.append("no-tariff")
        plans.append(plan)
        if plan:
            wanted.extend(_wanted(number, row, plan[2], former.get(row.account, ())))
    used: dict[int, dict[int, dict[str, Use]]] = work.store.use(wanted)
    for number, registers in used.items():
        plan = plans[number]
        assert plan is not None
        terms, opened, cuts = plan
        row = rows[number]
        reckoned = reckon(terms, opened, cuts, registers, (row.cycle, row.position or ZERO))
        if reckoned is not None:
            # A register that ran backwards is for whoever keeps the readings.
            found[number] = reckoned if reckoned.quantity >= 0 else "negative-consumption"
    return found


def _plan(row: Any, until: date) -> tuple[Tariff, date, tuple[Cut, ...]] | None:
    opened = local_day(row.opened_at)
    since = row.until or opened
    if row.closed_at is not None:
        until = min(until, local_day(row.closed_at) + DAY)
    if since >= until:
        return None
    terms = tariff(row.kind, row.tariff, row.place)
    return terms, opened, terms.cuts(since, until)


def _wanted(number: int, row: Any, cuts: Sequence[Cut], former: Former) -> Iterable[Wanted]:
    handed_over = (row.opened_at if row.taken_over else None, row.closed_at if row.given_on else None)
    days = supplies(row.meter, cuts[0].since, cuts[-1].until, former, handed_over)
    for no, cut in enumerate(cuts):
        for supply in days:
            since, until = max(cut.since, supply.since), min(cut.until, supply.until)
            if since < until:
                for register in cut.prices.registers:
                    yield Wanted(number, no, register, since, until, supply)


# -- bills and the ledger ------------------------------------------------------------------------------


def new_bill(
    row: Any, reckoned: Reckoning, state: str, *, run: str | None, at: Any, corrects: str | None = None
) -> Bill:
    return Bill(
        bill=identifiers.new_id(),
        account=row.account,
        household=row.household,
        place=row.place,
        utility=row.kind,
        tariff=row.tariff,
        since=reckoned.since,
        until=reckoned.until,
        quantity=reckoned.quantity,
        total=reckoned.total,
        cycle=reckoned.cycle,
        position=reckoned.position,
        estimated=reckoned.estimated,
        missing=reckoned.missing,
        versions=reckoned.versions,
        state=state,
        held_for=[],
        corrects=corrects,
        run=run,
        made_at=at,
        lines=reckoned.lines,
    )


def book(work: Work, booked: Sequence[tuple[Bill, str, Decimal]]) -> None:
    """Writes what (bill, verb, by how much more is owed) say into the ledger, and tells property management."""
    changes = [(bill, BOOKED_AS[verb], amount) for bill, verb, amount in booked if amount]
    lines = []
    for bill, kind, amount in changes:
        income = f"income:{bill.utility}"
        pair = (bill.account, income) if amount > 0 else (income, bill.account)
        lines.append((kind, *pair, abs(amount), bill.bill))
    numbers = work.store.book(lines, work.caller.account, work.now)
    entries: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for no, (bill, kind, amount) in zip(numbers, changes, strict=True):
        entries.setdefault((bill.utility, kind), []).append(
            {
                "no": no,
                "bill": bill.bill,
                "household": bill.household,
                "place": bill.place,
                "amount": str(amount),
                "period": (bill.until - DAY).isoformat()[:7],
            }
        )
    for (utility, kind), told in entries.items():
        for start in range(0, len(told), ENTRIES_TOGETHER):
            work.say(
                meters.BillsBooked,
                subject=told[start]["bill"],
                utility=utility,
                kind=kind,
                entries=told[start : start + ENTRIES_TOGETHER],
                at=work.now,
            )
