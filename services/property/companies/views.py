"""Companies, contracts, misses and return visits as screens see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import companies as words
from services.contracts.messages import Query
from services.contracts.roles import Contract, may
from services.property.companies.handlers import DONE
from services.property.companies.model import UnknownContract
from services.property.model import NotYourEstate, is_ours
from services.property.tables import (
    companies,
    contract_clocks,
    contracts,
    faults,
    repairs,
    return_visits,
)
from services.property.tariffs import return_visit_days


def within_areas(read: Read, place: Any, contract: Contract) -> Any:
    """Rows of the areas in which the caller holds a role for this."""
    scopes = read.caller.scopes(*may(contract))
    if not (is_ours(read.caller) and scopes):
        raise NotYourEstate(place="、".join(read.caller.scopes()))
    return or_(*(place.startswith(scope, autoescape=True) for scope in scopes))


def list_companies(read: Read, query: Any) -> dict[str, Any]:
    within_areas(read, contracts.c.place, words.ListCompanies)
    return page(read.connection, select(companies), [companies.c.company], query)


def list_contracts(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(contracts).where(within_areas(read, contracts.c.place, words.ListContracts))
    if query.state:
        wanted = wanted.where(contracts.c.state == query.state)
    return page(read.connection, wanted, [contracts.c.place, contracts.c.contract_id], query)


def get_contract(read: Read, query: Any) -> dict[str, Any]:
    mine = within_areas(read, contracts.c.place, words.GetContract)
    row = read.connection.execute(
        select(contracts).where(contracts.c.contract_id == query.contract_id, mine)
    ).first()
    if row is None:
        raise UnknownContract(contract=query.contract_id)
    clocks = read.connection.execute(
        select(contract_clocks)
        .where(contract_clocks.c.contract_id == query.contract_id)
        .order_by(contract_clocks.c.due_on)
    )
    names = ("clock", "due_on", "state", "settled_on")
    return {**row._mapping, "clocks": [{name: one._mapping[name] for name in names} for one in clocks]}


def list_faults(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(faults).where(within_areas(read, faults.c.place, words.ListFaults))
    if query.company:
        wanted = wanted.where(faults.c.company == query.company)
    if query.kind:
        wanted = wanted.where(faults.c.kind == query.kind)
    order = [faults.c.at, faults.c.kind, faults.c.reference]
    return page(read.connection, wanted, order, query, descending=True)


def list_return_visits(read: Read, query: Any) -> dict[str, Any]:
    visited = select(return_visits.c.order_no).where(return_visits.c.order_no == repairs.c.order_no)
    names = ("order_no", "place", "address", "category", "worker", "finished_at")
    wanted = (
        select(*(repairs.c[name] for name in names))
        .where(repairs.c.state.in_(DONE), repairs.c.finished_at.is_not(None), ~visited.exists())
        .where(within_areas(read, repairs.c.place, words.ListReturnVisits))
    )
    found = page(read.connection, wanted, [repairs.c.finished_at, repairs.c.order_no], query)
    for row in found["items"]:
        row["due_at"] = row["finished_at"] + timedelta(return_visit_days())
        row["late"] = row["due_at"] < read.now
    return found


QUERIES: dict[type[Query], Callable[..., Any]] = {
    words.ListCompanies: list_companies,
    words.ListContracts: list_contracts,
    words.GetContract: get_contract,
    words.ListFaults: list_faults,
    words.ListReturnVisits: list_return_visits,
}
