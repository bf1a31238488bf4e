"""What is ordered about fees, bill runs worked off by the clock, and the lawful steps against arrears, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import fees as words
from services.contracts import property as said
from services.contracts.messages import Command
from services.property import tariffs
from services.property.companies.handlers import require
from services.property.companies.model import local_day
from services.property.fees import model
from services.property.fees.model import Refund
from services.property.model import account_of
from services.property.webhooks import handlers as webhooks

CHUNK = 1000
"""Households charged together."""
TIME_OF_A_TICK = 2.0
"""Seconds after which a run commits and lets others have a turn."""
LATE = "late-fee"


# -- charging ----------------------------------------------------------------------------------------------


def charge_chunk(
    work: Work, rows: Sequence[Any], rule: str, period: str, known: dict[str, tariffs.Tariff], actor: str
) -> tuple[int, Decimal, int]:
    """Charges each household what the tariff of its place says, unless it is charged: how many, how much, and for how
    many something is not known. Discounts are lines of their own, so that both can be seen on the account."""
    month, homes = tariffs.first_day(period), [row.household for row in rows]
    recorded = work.store.quantities(homes, period)
    income = f"income:{rule}"
    lines, unknown = [], 0
    for row in rows:
        if row.place not in known:
            known[row.place] = tariffs.tariff(rule, row.place, period)
        counted = {"vehicles": Decimal(len(row.vehicles or ()))}
        if row.persons is not None:
            counted["persons"] = Decimal(row.persons)
        amount = known[row.place].amount(
            row.area, month, row.move_in_date, counted | recorded.get(row.household, {})
        )
        if amount is None:
            unknown += 1
        elif amount > 0:
            lines.append(_line("charge", account_of(row.household), income, amount, rule=rule, period=period))
    work.store.open_ledger_account(income, "income")
    booked = work.store.book(lines, actor, work.now)
    discounts = work.store.discounts(homes, rule, period)
    if discounts:
        of = {account_of(household): row for household, row in discounts.items()}
        less = []
        for entry in booked:
            if entry.debit in of:
                share = of[entry.debit].percent / 100
                amount = (entry.amount * share).quantize(tariffs.FEN, ROUND_HALF_UP)
                if amount > 0:
                    reference = f"discount:{of[entry.debit].discount}:{period}"
                    less.append(
                        _line("discount", income, entry.debit, amount, period=period, reference=reference)
                    )
        work.store.book(less, actor, work.now)
    return len(booked), sum((entry.amount for entry in booked), Decimal(0)), unknown


def _line(kind: str, debit: str, credit: str, amount: Decimal, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "debit": debit, "credit": credit, "amount": amount, **more}


def run_fees(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.RunFees)
    tariffs.tariff(command.rule, command.place, command.period)
    run = work.store.add_fee_run(
        {
            "run": new_id(), "place": command.place, "rule": command.rule, "period": command.period,
            "state": "running", "position": "", "accounts": work.store.count_chargeable(command.place),
            "done": 0, "charged": 0, "total": Decimal(0), "unknown": 0,
            "actor": work.caller.account, "started_at": work.now, "finished_at": None,
        }
    )  # fmt: skip
    return {"run": run.run, "state": run.state, "accounts": run.accounts}


def work_off_fee_runs(work: Work) -> None:
    """A timer. How far a run is stands in its row and is committed with what was charged: it may die anywhere."""
    begun = time.monotonic()
    run = work.store.next_fee_run()
    if run is None:
        return
    position, done, charged, total, unknown = run.position, run.done, run.charged, run.total, run.unknown
    known: dict[str, tariffs.Tariff] = {}
    state = "running"
    while True:
        rows: Sequence[Any] = next(work.store.chargeable([run.place], CHUNK, position), [])
        if rows:
            count, amount, missing = charge_chunk(work, rows, run.rule, run.period, known, run.actor)
            position, done = rows[-1].household, done + len(rows)
            charged, total, unknown = charged + count, total + amount, unknown + missing
        if len(rows) < CHUNK:
            state = "done"
        if state == "done" or time.monotonic() - begun > TIME_OF_A_TICK:
            break
    work.store.save_fee_run(
        run.run, state=state, position=position, done=done, charged=charged, total=total, unknown=unknown,
        finished_at=work.now if state == "done" else None,
    )  # fmt: skip


def record_quantity(work: Work, command: Any) -> dict[str, Any]:
    require(work, work.store.place_of(command.household), words.RecordQuantity)
    work.store.locked_balance(command.household)
    if work.store.is_charged(command.household, tariffs.rules_over(command.quantity), command.period):
        raise model.ChargedAlready(period=command.period)
    work.store.record_quantity({**vars(command), "actor": work.caller.account})
    return {"household": command.household, "quantity": command.quantity, "value": command.value}


def grant_discount(work: Work, command: Any) -> dict[str, Any]:
    require(work, work.store.place_of(command.household), words.GrantDiscount)
    if command.until < command.since:
        raise model.MonthsReversed()
    row = {"discount": new_id(), **vars(command), "actor": work.caller.account, "at": work.now}
    if not work.store.add_discount(row):
        raise model.DiscountOverlaps()
    return {"discount": row["discount"]}


# -- refunds -----------------------------------------------------------------------------------------------


def ask_refund(work: Work, command: Any) -> dict[str, Any]:
    place = work.store.place_of(command.household)
    require(work, place, words.AskRefund)
    model.covered(work.store.locked_balance(command.household), command.amount)
    refund = Refund(
        new_id(), command.household, place, command.amount, command.channel, command.reason,
        work.caller.account, work.now,
    )  # fmt: skip
    work.store.add_refund(refund)
    return {"refund": refund.refund, "state": refund.state}


def decide_refund(work: Work, command: Any) -> dict[str, Any]:
    refund = work.store.refund(command.refund)
    require(work, refund.place, words.DecideRefund)
    refund.decide(command.approved, command.note, work.caller.account, work.now)
    work.store.save_refund(refund)
    return {"refund": refund.refund, "state": refund.state}


def pay_refund(work: Work, command: Any) -> dict[str, Any]:
    """What was paid in advance may be used up since it was asked for, so it is looked at again."""
    refund = work.store.refund(command.refund)
    require(work, refund.place, words.PayRefund)
    if refund.state != "approved":
        raise model.RefundNotNow(state=refund.state)
    model.covered(work.store.locked_balance(refund.household), refund.amount)
    cash = f"cash:{refund.channel}"
    work.store.open_ledger_account(cash, "cash")
    line = _line(
        "refund", account_of(refund.household), cash, refund.amount, reference=f"refund:{refund.refund}"
    )
    (entry,) = work.store.book([line], work.caller.account, work.now)
    refund.pay(entry.no, work.caller.account, work.now)
    work.store.save_refund(refund)
    return {"refund": refund.refund, "state": refund.state, "receipt": str(entry.no)}


# -- late fees ---------------------------------------------------------------------------------------------


def charge_late_fees(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.ChargeLateFees)
    last = model.last_day(command.period)
    if local_day(work.now) <= last:
        raise model.NotOverYet(period=command.period)
    contract = work.store.contract_at(command.place, last)
    if contract is None or contract.late_fee_a_day is None:
        raise model.NoLateFeeClause()
    debtors = list(_debts(work.store.owed_at(command.place)))
    before = work.store.late_fees_charged([account_of(household) for household, _, _ in debtors])
    lines = []
    for household, _, unpaid in debtors:
        code = account_of(household)
        ours = [(month, left) for month, left, rule in unpaid if rule in contract.rules]
        fee = model.late_fee(
            ours,
            command.period,
            contract.late_fee_a_day,
            contract.late_after_days,
            before.get(code, tariffs.ZERO),
        )
        if fee > 0:
            lines.append(_line(LATE, code, f"income:{LATE}", fee, rule=LATE, period=command.period))
    work.store.open_ledger_account(f"income:{LATE}", "income")
    booked = work.store.book(lines, work.caller.account, work.now)
    return {"charged": len(booked), "total": str(sum((row.amount for row in booked), Decimal(0)))}


def _debts(rows: Sequence[Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """(household, place, what is unpaid) of everybody who owes us a month's fee. Payments settle the oldest month
    first, whatever it was charged for, and late fees last; water and power on the same account are others' to demand.
    """
    for _, group in groupby(rows, key=lambda row: row.code):
        mine = list(group)
        paid = sum((row.amount for row in mine), Decimal(0)) - mine[0].balance
        charges = [(row.period, row.amount, row.rule) for row in mine if row.kind == "charge"]
        unpaid = [(period, left, rule) for period, left, rule in model.unpaid_months(charges, paid) if rule]
        if unpaid:
            yield mine[0].household, mine[0].place, unpaid


# -- lawful steps ------------------------------------------------------------------------------------------


def remind_arrears(work: Work) -> None:
    """A timer: every household that owes, a thousand at a time. Each step is a row whose key makes it once."""
    begun, after = time.monotonic(), work.store.sweep_position()
    if after is None:
        return
    today = local_day(work.now)
    while True:
        homes = work.store.debtors_after(after, CHUNK)
        rows = [
            {"household": household, "since": unpaid[0][0], "stage": stage, "place": place, "at": work.now}
            for household, place, unpaid in _debts(work.store.owed_by(homes))
            for stage in model.reached(unpaid[0][0], place, today)
        ]
        for new in work.store.add_reminders(rows):
            webhooks.tell(
                work, "fee.reminded", new.place, household=new.household, since=new.since, stage=new.stage
            )
        after = homes[-1] if len(homes) == CHUNK else ""
        if not after or time.monotonic() - begun > TIME_OF_A_TICK:
            break
    work.store.save_sweep_position(after)


def ask_arrears_talk(work: Work, command: Any) -> dict[str, Any]:
    """A person asks, once a debt. The branch learns *that*, never how much; the gateway notes who asked."""
    place = work.store.place_of(command.household)
    require(work, place, words.AskArrearsTalk)
    debts = list(_debts(work.store.owed_by([command.household])))
    since = work.store.reminded_since(command.household)
    if not debts or since is None or since < debts[0][2][0][0]:
        raise model.NotReminded()
    row = {
        "talk": new_id(), "household": command.household, "since": since, "purpose": command.purpose,
        "actor": work.caller.account, "at": work.now,
    }  # fmt: skip
    talk = work.store.add_talk(row)
    if talk is None:
        return {"talk": work.store.talk_of(command.household, since), "repeated": True}
    work.say(
        said.ArrearsTalkAsked,
        subject=talk,
        talk=talk,
        household=command.household,
        place=place,
        purpose=command.purpose,
        at=work.now,
    )
    return {"talk": talk, "repeated": False}


COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.RunFees: run_fees,
    words.RecordQuantity: record_quantity,
    words.GrantDiscount: grant_discount,
    words.AskRefund: ask_refund,
    words.DecideRefund: decide_refund,
    words.PayRefund: pay_refund,
    words.ChargeLateFees: charge_late_fees,
    words.AskArrearsTalk: ask_arrears_talk,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    work_off_fee_runs: timedelta(seconds=2),
    remind_arrears: timedelta(minutes=10),
}
