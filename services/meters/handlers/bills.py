"""What may befall a bill once it is made: it is held for a dispute or a leak, released, corrected, cancelled."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.chassis.database import Work
from services.meters.billing.model import (
    DISPUTE,
    LIVE,
    ZERO,
    Bill,
    NothingToCorrect,
    NotInThisState,
    NotTheLatest,
    Reckoning,
    leak,
)
from services.meters.billing.tariffs import tariff
from services.meters.handlers.access import demand
from services.meters.handlers.bill_runs import TIME_OF_A_TICK, book, new_bill, reckon_accounts
from services.meters.handlers.validation import validate_accounts
from services.meters.model import plain

AT_ONCE = 500
SETTLED = "估算或缺少的日用量已由实际读数取代 · readings have come for days that were estimated or missing"
NEVER_MOVED_IN = "入住已撤回 · the moving-in was withdrawn"
LEAK_SUSPECTED = "疑似漏水，账单暂缓 · a leak is suspected"
LEAK_OVER = "漏水核查已结束 · the leak is settled"


# -- held and released ---------------------------------------------------------------------------------


def dispute_bill(work: Work, command: Any) -> dict[str, Any]:
    bill = _bill(work, command)
    if DISPUTE in bill.held_for:
        return _told(bill)
    return _told(move(work, bill, "hold", command.reason, DISPUTE))


def settle_dispute(work: Work, command: Any) -> dict[str, Any]:
    bill = _bill(work, command)
    if DISPUTE not in bill.held_for:
        raise NotInThisState(state=bill.state, verb="release")
    return _told(move(work, bill, "release", command.reason, DISPUTE))


def hold_and_release_for_leaks(work: Work) -> None:
    """Water that never stops: the bills of that time wait until somebody has looked, and go on when he has."""
    for name, finding_id in work.store.bills_to_hold(AT_ONCE):
        move(work, work.store.bill(name), "hold", LEAK_SUSPECTED, leak(finding_id))
    for name, cause in work.store.bills_to_release(AT_ONCE):
        move(work, work.store.bill(name), "release", LEAK_OVER, cause)


def cancel_bill(work: Work, command: Any) -> dict[str, Any]:
    work.store.open_books()
    bill = _bill(work, command)
    if not work.store.is_latest(bill):
        raise NotTheLatest()
    return _told(move(work, bill, "cancel", command.reason))


def take_back_bills(work: Work, removed: Sequence[str], reopened: Sequence[str]) -> None:
    """A moving-in that never was: nothing is owed for it, and whoever lived there has the whole day again."""
    for account in removed:
        for bill in reversed(work.store.live_bills(account, date.min)):
            move(work, bill, "cancel", NEVER_MOVED_IN)
    work.store.note_days_of(reopened)


def set_tariff(work: Work, command: Any) -> dict[str, Any]:
    demand(work, work.store.account_place(command.account))
    account = work.store.set_tariff(command.account, command.tariff)
    tariff(account.kind, command.tariff, account.place)  # raises UnknownTariff
    return {"account": command.account, "tariff": command.tariff}


def move(work: Work, bill: Bill, verb: str, reason: str, cause: str | None = None, **detail: Any) -> Bill:
    amount = bill.move(verb, work.now, cause)
    book(work, [(bill, verb, amount)])
    work.store.save_bills([bill])
    work.store.add_history(
        [
            {
                "bill": bill.bill,
                "at": work.now,
                "verb": verb,
                "state": bill.state,
                "actor": work.caller.account,
                "detail": {"reason": reason, **({"cause": cause} if cause else {}), **detail},
            }
        ]
    )
    return bill


# -- corrected -----------------------------------------------------------------------------------------


def correct_bill(work: Work, command: Any) -> dict[str, Any]:
    work.store.open_books()
    bill = _bill(work, command)
    if bill.state not in LIVE:
        raise NotInThisState(state=bill.state, verb="correct")
    # What came in meanwhile counts, also if nobody has validated it yet.
    meter = work.store.account_before(bill.account, bill.since).meter
    validate_accounts(work, {bill.account: meter}, work.store.live_bills(bill.account, bill.since)[-1].until)
    corrections = _made_again(work, bill.account, bill.since)
    if not corrections:
        raise NothingToCorrect()
    _replace(work, corrections, command.reason)
    return {
        "corrected": [
            {"bill": old.bill, "by": new.bill, "amount": str(new.total - old.total)}
            for old, new in corrections
        ]
    }


def review_changed_days(work: Work) -> None:
    """Days that changed under a bill: what was not known then is settled, anything else is proposed to a person."""
    begun = time.monotonic()
    while time.monotonic() - begun < TIME_OF_A_TICK:
        changed = work.store.take_changed_days(AT_ONCE)
        if not changed:
            return
        for account, since in work.store.billed_accounts(changed).items():
            _review(work, account, since)


def _review(work: Work, account: str, since: date) -> None:
    work.store.open_books()
    corrections = _made_again(work, account, since)
    if corrections and _more_is_known(*corrections[0]):
        _replace(work, corrections, SETTLED)
    else:
        _propose(work, work.store.live_bills(account, since), corrections)


def _more_is_known(old: Bill, new: Bill) -> bool:
    return new.estimated < old.estimated or new.missing < old.missing


def _replace(work: Work, corrections: Sequence[tuple[Bill, Bill]], reason: str) -> None:
    """The old bill is credited, the new one charged; what held the old one holds the new one."""
    for old, new in corrections:
        was_issued = old.issued_at is not None
        move(work, old, "correct", reason, by=new.bill)
        for cause in old.held_for:
            new.move("hold", work.now, cause)
        owed = new.move("issue", work.now) if was_issued and not new.held_for else ZERO
        work.store.add_bills([new])
        book(work, [(new, "issue", owed)])


def _propose(work: Work, bills: Sequence[Bill], corrections: Sequence[tuple[Bill, Bill]]) -> None:
    differing = {old.bill: new for old, new in corrections}
    changed = []
    for bill in bills:
        new, before = differing.get(bill.bill), bill.proposal
        bill.proposal = None
        if new is not None:
            bill.proposal = {"quantity": plain(new.quantity), "total": str(new.total)}
        if bill.proposal != before:
            changed.append(bill)
    work.store.save_bills(changed)


def _made_again(work: Work, account: str, since: date) -> list[tuple[Bill, Bill]]:
    """(bill, how it would be made today) for each that would come out differently."""
    found = []
    position: tuple[date, Decimal] | None = None
    for old in work.store.live_bills(account, since):
        before = work.store.account_before(account, old.since)
        row = _Account(before, old, position)
        (reckoned,) = reckon_accounts(work, [row], old.until)
        if not isinstance(reckoned, Reckoning):
            break
        # The days of a bill stay its days, also if the last of them are no longer known.
        reckoned.until = old.until
        if reckoned.says_the_same(old):
            # Other readings, the same money: the next bill begins where it began before.
            position = None
            if reckoned.versions != old.versions:
                old.versions, old.estimated, old.missing = (
                    reckoned.versions, reckoned.estimated, reckoned.missing,
                )  # fmt: skip
                work.store.save_bills([old])
            continue
        found.append((old, new_bill(row, reckoned, "draft", run=old.run, at=work.now, corrects=old.bill)))
        position = (reckoned.cycle, reckoned.position)
    return found


class _Account:
    """An account as it stood before one of its bills, with the terms and the days of that bill."""

    def __init__(self, row: Any, bill: Bill, position: tuple[date, Decimal] | None) -> None:
        self.__dict__.update(row._mapping)
        self.until, self.tariff = bill.since, bill.tariff
        if position is not None:
            self.cycle, self.position = position


def _bill(work: Work, command: Any) -> Bill:
    bill: Bill = work.store.bill(command.bill)
    demand(work, bill.place)
    return bill


def _told(bill: Bill) -> dict[str, Any]:
    return {"bill": bill.bill, "state": bill.state, "held_for": bill.held_for}
