"""What is ordered of companies and contracts, the timer of their clocks, and every miss told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.chassis.identifiers import new_id
from services.contracts import companies as words
from services.contracts import estates
from services.contracts.messages import Command, Event
from services.contracts.roles import may
from services.property.companies.model import Contract, ContractOverlaps, local_day
from services.property.model import NotYourEstate, OwnWork, is_ours
from services.property.webhooks import handlers as webhooks

AT_ONCE = 200
DONE = ("repaired", "confirmed", "rated")


def require(work: Any, place: str, contract: Any) -> None:
    if not (is_ours(work.caller) and work.caller.may(may(contract), place)):
        raise NotYourEstate(place=place)


def fault(work: Work, kind: str, reference: str, place: str, company: str | None, count: int = 1) -> bool:
    """One miss: a row that can be traced, an event for the assessment, and a word to the company's own software.

    True the first time; told again it is nothing.
    """
    at = work.now
    row: dict[str, Any] = {
        "kind": kind,
        "reference": reference,
        "company": company,
        "place": place,
        "count": count,
        "at": at,
    }
    if not work.store.add_fault(row):
        return False
    work.say(words.CompanyFaulted, subject=reference, **row)
    webhooks.tell(work, "company.faulted", place, fault=kind, reference=reference, count=count, at=at)
    return True


def company_at(work: Work, place: str, at: Any) -> str | None:
    contract = work.store.contract_at(place, local_day(at))
    return contract.company if contract else None


# -- companies and contracts -------------------------------------------------------------------------------


def register_company(work: Work, command: Any) -> dict[str, Any]:
    if not is_ours(work.caller):
        raise NotYourEstate(place="")
    work.store.register_company(command.company, command.name, command.phone, work.now)
    return {"company": command.company}


def sign_contract(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.SignContract)
    work.store.demand_company(command.company)
    contract = Contract.sign(contract_id=new_id(), **vars(command))
    work.store.lock_place("contract", command.place)
    other = work.store.overlapping(contract)
    if other is not None:
        raise ContractOverlaps(contract=other)
    work.store.add_contract(contract)
    _say(work, contract)
    return face(contract)


def file_contract(work: Work, command: Any) -> dict[str, Any]:
    contract = _contract(work, command.contract_id, words.FileContract)
    contract.file(command.filing_no, command.filed_on)
    return _saved(work, contract)


def dismiss_provider(work: Work, command: Any) -> dict[str, Any]:
    contract = _contract(work, command.contract_id, words.DismissProvider)
    contract.dismiss(command.noticed_on, command.ends_on, command.reason)
    return _saved(work, contract)


def decline_renewal(work: Work, command: Any) -> dict[str, Any]:
    contract = _contract(work, command.contract_id, words.DeclineRenewal)
    contract.decline_renewal(command.noticed_on)
    return _saved(work, contract)


def note_handed_over(work: Work, event: Any) -> None:
    """Both sides signed at the registry: the outgoing company's clock stops."""
    for name in work.store.ended_of_estate(event.estate, event.place):
        contract = work.store.contract(name)
        contract.hand_over(local_day(event.at))
        work.store.save_contract(contract)


def watch_contract_clocks(work: Work) -> None:
    """A timer. A clock's last day is over: the contract ends, goes on without a term, or its company missed something."""
    for row in work.store.due_clocks(local_day(work.now), AT_ONCE):
        contract = work.store.contract(row.contract_id)
        if row.clock in ("filing", "handover"):
            work.store.miss_clock(row.contract_id, row.clock)
            fault(work, f"{row.clock}-late", row.contract_id, contract.place, contract.company)
            continue
        contract.end() if row.clock == "end" else contract.go_on_without_term()
        work.store.save_contract(contract)
        _say(work, contract)


# -- repairs: arrival, return visit ------------------------------------------------------------------------


def watch_arrivals(work: Work) -> None:
    """A timer. Nobody arrived in time: the lead is told by the miss, and the company's score remembers it."""
    for order in work.store.unreached_repairs(work.now, AT_ONCE):
        fault(
            work,
            "arrival-missed",
            order.order_no,
            order.place,
            company_at(work, order.place, order.arrive_by),
        )


class AlreadyVisited(Conflict):
    """The household was asked again already about the order {order_no}."""

    zh = "报修单“{order_no}”已回访。"


class NotRepaired(Conflict):
    """The order {order_no} is not repaired yet; there is nothing to ask about."""

    zh = "报修单“{order_no}”尚未修复，无需回访。"


def record_return_visit(work: Work, command: Any) -> dict[str, Any]:
    order = work.store.order(command.order_no)
    require(work, order.place, words.RecordReturnVisit)
    if order.state not in DONE:
        raise NotRepaired(order_no=order.order_no)
    if order.worker == work.caller.account:
        raise OwnWork()
    row = {"order_no": order.order_no, "holds": command.holds, "note": command.note}
    if not work.store.add_return_visit(row | {"actor": work.caller.account, "at": work.now}):
        raise AlreadyVisited(order_no=order.order_no)
    return {"order_no": order.order_no, "holds": command.holds}


# -- the same, again and again -----------------------------------------------------------------------------


def _contract(work: Work, name: str, order: type[Command]) -> Contract:
    contract: Contract = work.store.contract(name)
    require(work, contract.place, order)
    return contract


def _saved(work: Work, contract: Contract) -> dict[str, Any]:
    work.store.save_contract(contract)
    _say(work, contract)
    return face(contract)


def _say(work: Work, contract: Contract) -> None:
    work.say(
        words.ServiceContractChanged,
        subject=contract.contract_id,
        contract_id=contract.contract_id,
        company=contract.company,
        place=contract.place,
        state=contract.state,
        at=work.now,
    )


def face(contract: Contract) -> dict[str, Any]:
    return {
        "contract_id": contract.contract_id,
        "state": contract.state,
        "ends_on": contract.ends_on,
        "until": contract.until,
    }


EVENTS: dict[type[Event], Callable[..., None]] = {estates.EstateHandedOver: note_handed_over}
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.RegisterCompany: register_company,
    words.SignContract: sign_contract,
    words.FileContract: file_contract,
    words.DismissProvider: dismiss_provider,
    words.DeclineRenewal: decline_renewal,
    words.RecordReturnVisit: record_return_visit,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    watch_contract_clocks: timedelta(minutes=10),
    watch_arrivals: timedelta(seconds=30),
}
