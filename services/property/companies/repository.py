"""Loads and stores companies, contracts, clocks and misses; a part of property's Repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.property.companies.model import Contract, UnknownCompany, UnknownContract
from services.property.tables import (
    companies,
    contract_clocks,
    contracts,
    faults,
    repairs,
    return_visits,
)

_OWN = tuple(column.name for column in contracts.c)


class CompanyStore:
    connection: Connection

    def register_company(self, company: str, name: str, phone: str | None, at: datetime) -> None:
        row = {"company": company, "name": name, "phone": phone, "registered_at": at}
        told = {"name": name, "phone": phone}
        self.connection.execute(
            insert(companies).values(**row).on_conflict_do_update(index_elements=["company"], set_=told)
        )

    def demand_company(self, company: str) -> None:
        """Raises UnknownCompany."""
        if self.connection.scalar(select(companies.c.company).where(companies.c.company == company)) is None:
            raise UnknownCompany(company=company)

    def lock_place(self, what: str, place: str) -> None:
        """Whoever looks whether there is one already, and then makes one, is alone with this place meanwhile."""
        self.connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"{what}:{place}", 0)))
        )

    def add_contract(self, contract: Contract) -> None:
        self.connection.execute(insert(contracts).values({name: getattr(contract, name) for name in _OWN}))
        self._write_clocks(contract)

    def save_contract(self, contract: Contract) -> None:
        self.connection.execute(
            update(contracts)
            .where(contracts.c.contract_id == contract.contract_id)
            .values({name: getattr(contract, name) for name in _OWN})
        )
        self._write_clocks(contract)

    def _write_clocks(self, contract: Contract) -> None:
        for clock, due in contract.started.items():
            row = {"contract_id": contract.contract_id, "clock": clock, "due_on": due, "state": "running"}
            self.connection.execute(insert(contract_clocks).values(**row).on_conflict_do_nothing())
        for clock, on in contract.settled.items():
            mine = (contract_clocks.c.contract_id == contract.contract_id) & (
                contract_clocks.c.clock == clock
            )
            state = case((contract_clocks.c.due_on < on, "missed"), else_="met")
            late = {"state": state, "settled_on": on}
            self.connection.execute(
                update(contract_clocks).where(mine, contract_clocks.c.settled_on.is_(None)).values(**late)
            )
        contract.settled.clear()
        contract.started.clear()

    def contract(self, contract: str) -> Contract:
        """Raises UnknownContract."""
        row = self.connection.execute(
            select(contracts).where(contracts.c.contract_id == contract).with_for_update()
        ).first()
        if row is None:
            raise UnknownContract(contract=contract)
        return Contract(**row._mapping)

    def contract_at(self, place: str, day: date) -> Row[Any] | None:
        """The contract in force at a place on a day, the one of the smallest area first."""
        return self.connection.execute(
            select(contracts)
            .where(literal(place).startswith(contracts.c.place), contracts.c.since <= day)
            .where(or_(contracts.c.until.is_(None), contracts.c.until >= day))
            .where(or_(contracts.c.ends_on.is_(None), contracts.c.ends_on >= day))
            .order_by(func.length(contracts.c.place).desc(), contracts.c.since.desc())
            .limit(1)
        ).first()

    def overlapping(self, contract: Contract) -> str | None:
        """One contract at a time for a place and estate; of one whose end is noticed, until that day."""
        ends = func.coalesce(contracts.c.ends_on, contracts.c.until)
        wanted = select(contracts.c.contract_id).where(
            contracts.c.place == contract.place,
            contracts.c.estate.is_not_distinct_from(contract.estate),
            or_(ends.is_(None), ends >= contract.since),
        )
        if contract.until is not None:
            wanted = wanted.where(contracts.c.since <= contract.until)
        return self.connection.scalar(wanted.limit(1))

    def due_clocks(self, day: date, limit: int) -> Sequence[Row[Any]]:
        """Clocks whose last day is over; skips what another replica has in hand."""
        return self.connection.execute(
            select(contract_clocks)
            .where(contract_clocks.c.state == "running", contract_clocks.c.due_on < day)
            .order_by(contract_clocks.c.due_on)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def miss_clock(self, contract: str, clock: str) -> None:
        """Missed, but not settled: what comes late is still noted."""
        mine = (contract_clocks.c.contract_id == contract) & (contract_clocks.c.clock == clock)
        self.connection.execute(update(contract_clocks).where(mine).values(state="missed"))

    def ended_of_estate(self, estate: str, place: str) -> list[str]:
        """Contracts whose handover is awaited."""
        wanted = (
            select(contracts.c.contract_id)
            .join(contract_clocks, contract_clocks.c.contract_id == contracts.c.contract_id)
            .where(contract_clocks.c.clock == "handover", contract_clocks.c.settled_on.is_(None))
            .where(or_(contracts.c.estate == estate, contracts.c.estate.is_(None)))
            .where(literal(place).startswith(contracts.c.place))
        )
        return list(self.connection.execute(wanted).scalars())

    # -- misses --------------------------------------------------------------------------------------

    def add_fault(self, fault: Mapping[str, Any]) -> bool:
        added = self.connection.execute(
            insert(faults).values(**fault).on_conflict_do_nothing().returning(faults.c.kind)
        )
        return added.first() is not None

    def unreached_repairs(self, now: datetime, limit: int) -> Sequence[Any]:
        """Orders whose time for arriving is over with nobody there, and that have not been told of."""
        told = select(faults.c.kind).where(
            faults.c.kind == "arrival-missed", faults.c.reference == repairs.c.order_no
        )
        waiting = repairs.c.state.in_([literal(one, literal_execute=True) for one in OPEN_UNREACHED])
        return self.connection.execute(
            select(
                repairs.c.order_no, repairs.c.place, repairs.c.category, repairs.c.urgency, repairs.c.worker,
                repairs.c.arrive_by,
            )
            .where(waiting, repairs.c.arrived_at.is_(None), repairs.c.arrive_by < now, ~told.exists())
            .order_by(repairs.c.arrive_by)
            .limit(limit)
            .with_for_update(skip_locked=True, of=repairs)
        ).all()  # fmt: skip

    def add_return_visit(self, visit: Mapping[str, Any]) -> bool:
        added = self.connection.execute(
            insert(return_visits).values(**visit).on_conflict_do_nothing().returning(return_visits.c.order_no)
        )
        return added.first() is not None

    def open_order_like(self, place: str, address: str, category: str) -> str | None:
        return self.connection.scalar(
            select(repairs.c.order_no)
            .where(repairs.c.place == place, repairs.c.address == address, repairs.c.category == category)
            .where(text("repairs.state IN ('reported','graded','assigned','arrived','quoted','agreed')"))
            .limit(1)
        )


OPEN_UNREACHED = ("reported", "graded", "assigned")
"""States of an order in which nobody has been there yet."""
