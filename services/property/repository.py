"""Loads and stores files, entries and orders. Whatever is loaded here is locked until the unit of work ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Connection, Row, String, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.backoffice import tray
from services.chassis.rows import update_rows
from services.property import tables
from services.property.companies.repository import CompanyStore
from services.property.fees.repository import FeeStore
from services.property.meetings.repository import MeetingStore
from services.property.model import (
    AccountClosed,
    HouseholdFile,
    RepairOrder,
    UnknownHousehold,
    UnknownRepair,
    account_of,
)
from services.property.owners.repository import OwnersStore  # owners
from services.property.rounds.repository import RoundStore
from services.property.tables import accounts, entries, households, repair_history, repairs
from services.property.webhooks.repository import WebhookStore

# Statements of every moving in, made once: building and recognising one costs as much as running it.
_FILES = (
    select(households)
    .where(households.c.household == func.any(bindparam("wanted", type_=ARRAY(String))))
    .order_by(households.c.household)
    .with_for_update()
)
_OPEN_FILE = insert(households).on_conflict_do_nothing().returning(households.c.household)
_account = insert(accounts)
_OPEN_ACCOUNT = _account.on_conflict_do_update(
    index_elements=[accounts.c.code],
    set_={"household": _account.excluded.household, "place": _account.excluded.place},
    where=accounts.c.household.is_(None),
)


class Repository(
    FeeStore, CompanyStore, RoundStore, MeetingStore, OwnersStore, WebhookStore, tray.Repository
):
    """A household's file is read once in a unit of work, and written once, at its end."""

    items = tables.items

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._files: dict[str, HouseholdFile | None] = {}
        self._changed_files: dict[str, HouseholdFile] = {}

    def expect(self, messages: Iterable[Any]) -> None:
        messages = list(messages)
        super().expect(messages)
        told = {getattr(message, "household", None) for message in messages}
        self._load_files({household for household in told if household})

    def flush(self) -> None:
        self._flush_files()
        super().flush()

    # -- household files -----------------------------------------------------------------------------

    def file_at(self, place: str, address: str) -> HouseholdFile | None:
        at_door = (households.c.place == place) & (households.c.address == address)
        return next(iter(self._files_where(at_door)), None)

    def file_of(self, household: str) -> HouseholdFile | None:
        return self._file(household, "open")

    def closed_file(self, household: str) -> HouseholdFile | None:
        return self._file(household, "closed")

    def _file(self, household: str, state: str) -> HouseholdFile | None:
        self._load_files({household})
        file = self._files[household]
        return file if file and file.state == state else None

    def files_of_case(self, case_no: str) -> list[HouseholdFile]:
        """Files the case opened, or into which it brought members."""
        return self._files_where(
            (households.c.case_no == case_no) | households.c.members.contains([{"case_no": case_no}])
        )

    def _files_where(self, which: Any) -> list[HouseholdFile]:
        """Open files by something else than their key; what is in hand already stays the one it is."""
        self._flush_files()
        rows = self.connection.execute(
            select(households)
            .where(which, households.c.state == "open")
            .order_by(households.c.household)
            .with_for_update()
        )
        return [self._known_file(row) for row in rows]

    def _load_files(self, codes: set[str]) -> None:
        wanted = sorted(codes - self._files.keys())
        if not wanted:
            return
        found = self.connection.execute(_FILES, {"wanted": wanted})
        self._files.update(dict.fromkeys(wanted))
        for row in found:
            self._known_file(row)

    def _known_file(self, row: Row[Any]) -> HouseholdFile:
        file = self._files.get(row.household)
        if file is None:
            file = self._files[row.household] = HouseholdFile(**row._mapping)
        return file

    def _flush_files(self) -> None:
        changed = [vars(file) for file in self._changed_files.values()]
        update_rows(self.connection, households, "household", changed)
        self._changed_files.clear()

    def open_file(self, file: HouseholdFile) -> bool:
        """With its fee account. False when the household or the address has one already."""
        added = self.connection.execute(_OPEN_FILE, vars(file)).first()
        if added:
            self._files[file.household] = file
            self._open_household_accounts([file])
        return added is not None

    def open_files(self, files: Sequence[HouseholdFile]) -> int:
        """Many at once, for the demonstration; returns how many were new."""
        if not files:
            return 0
        added = self.connection.execute(
            insert(households).on_conflict_do_nothing().returning(households.c.household),
            [vars(file) for file in files],
        )
        new = set(added.scalars())
        if new:
            self._open_household_accounts([file for file in files if file.household in new])
        return len(new)

    def _open_household_accounts(self, files: Sequence[HouseholdFile]) -> None:
        """A bill may have come before the file: then the account is there, and only now learns whose it is."""
        self.connection.execute(
            _OPEN_ACCOUNT,
            [
                {
                    "code": account_of(file.household),
                    "kind": "household",
                    "household": file.household,
                    "place": file.place,
                    "state": "open",
                }
                for file in files
            ],
        )

    def save_file(self, file: HouseholdFile) -> None:
        self._changed_files[file.household] = file

    def close_account(self, household: str) -> bool:
        """Only an account that is even can be closed: a debt outlives the stay."""
        return self._mark_even_account(household, "closed")

    def reopen_account(self, household: str) -> bool:
        return self._mark_even_account(household, "open")

    def _mark_even_account(self, household: str, state: str) -> bool:
        mine = accounts.c.code == account_of(household)
        marked = self.connection.execute(
            update(accounts)
            .where(mine, accounts.c.balance == 0)
            .values(state=state)
            .returning(accounts.c.code)
        )
        return marked.first() is not None

    # -- the ledger ----------------------------------------------------------------------------------

    def chargeable(self, scopes: Sequence[str], batch: int = 500, last: str = "") -> Iterator[Sequence[Any]]:
        """Open accounts with what their fee depends on, in batches, by household, after the last one named."""
        while True:
            rows = self.connection.execute(
                select(
                    households.c.household,
                    households.c.place,
                    households.c.area,
                    households.c.move_in_date,
                    households.c.persons,
                    households.c.vehicles,
                )
                .join(accounts, accounts.c.household == households.c.household)
                .where(accounts.c.state == "open", households.c.household > last)
                .where(households.c.place.like(func.any([f"{scope}%" for scope in scopes])))
                .order_by(households.c.household)
                .limit(batch)
            ).all()
            if not rows:
                return
            yield rows
            last = rows[-1].household

    def pay(
        self, household: str, amount: Decimal, channel: str, reference: str, actor: str, at: datetime
    ) -> Row[Any] | None:
        """The payment's entry; None when the reference is in the books already."""
        mine = accounts.c.code == account_of(household)
        account = self.connection.execute(select(accounts).where(mine).with_for_update()).first()
        if account is None:
            raise UnknownHousehold(household=household)
        if account.state == "closed":
            raise AccountClosed(household=household)
        cash = f"cash:{channel}"
        self._open_account(cash, "cash")
        entry = self.connection.execute(
            insert(entries)
            .values(
                kind="payment",
                debit=cash,
                credit=account.code,
                amount=amount,
                reference=reference,
                actor=actor,
                at=at,
            )
            .on_conflict_do_nothing()
            .returning(entries)
        ).first()
        if entry is not None:
            self.connection.execute(update(accounts).where(mine).values(balance=accounts.c.balance - amount))
        return entry

    def book_utilities(
        self, utility: str, kind: str, lines: Sequence[Mapping[str, Any]], at: datetime
    ) -> None:
        """Lines of the meters' ledger, each once: its number there is the reference here."""
        income = f"income:{utility}"
        self._open_account(income, "income")
        wanted = {account_of(line["household"]): line["place"] for line in lines}
        self.connection.execute(
            insert(accounts).on_conflict_do_nothing(),
            [
                {"code": code, "kind": "household", "place": place, "state": "open"}
                for code, place in sorted(wanted.items())
            ],
        )
        rows = []
        for line in lines:
            pair = (account_of(line["household"]), income)
            amount = Decimal(line["amount"])
            debit, credit = pair if amount > 0 else pair[::-1]
            rows.append(
                {
                    "kind": kind,
                    "debit": debit,
                    "credit": credit,
                    "amount": abs(amount),
                    "period": line["period"],
                    "reference": f"meters:{line['no']}",
                    "actor": line["bill"],
                    "at": at,
                }
            )
        booked = self.connection.execute(
            insert(entries)
            .on_conflict_do_nothing()
            .returning(entries.c.debit, entries.c.credit, entries.c.amount),
            rows,
        )
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for debit, credit, amount in booked:
            owed[debit] += amount
            owed[credit] -= amount
        self.connection.execute(
            text("""
                UPDATE accounts SET balance = balance + owed.amount
                FROM unnest(CAST(:codes AS text[]), CAST(:amounts AS numeric[])) AS owed (code, amount)
                WHERE accounts.code = owed.code AND kind = 'household'
            """),
            {"codes": list(owed), "amounts": list(owed.values())},
        )

    def entry_by_reference(self, reference: str) -> Row[Any]:
        return self.connection.execute(select(entries).where(entries.c.reference == reference)).one()

    def place_of(self, household: str) -> str:
        """Raises UnknownHousehold."""
        place = self.connection.scalar(select(households.c.place).where(households.c.household == household))
        if place is None:
            raise UnknownHousehold(household=household)
        return str(place)

    def balance(self, household: str) -> Decimal:
        """Positive: owed. Negative: paid in advance."""
        found = self.connection.scalar(
            select(accounts.c.balance).where(accounts.c.code == account_of(household))
        )
        if found is None:
            raise UnknownHousehold(household=household)
        return Decimal(found)

    def _open_account(self, code: str, kind: str, **facts: Any) -> None:
        self.connection.execute(
            insert(accounts).values(code=code, kind=kind, state="open", **facts).on_conflict_do_nothing()
        )

    # -- repair orders -------------------------------------------------------------------------------

    def add_order(self, order: RepairOrder) -> None:
        self.connection.execute(insert(repairs).values(_row(order)))
        self._append_notes(order)

    def order(self, order_no: str) -> RepairOrder:
        """Raises UnknownRepair."""
        found = self._find_order(repairs.c.order_no == order_no)
        if found is None:
            raise UnknownRepair(order_no=order_no)
        return found

    def order_of_task(self, task_id: str) -> RepairOrder | None:
        return self._find_order(repairs.c.task_id == task_id)

    def save_order(self, order: RepairOrder) -> None:
        self.connection.execute(
            update(repairs).where(repairs.c.order_no == order.order_no).values(_row(order))
        )
        self._append_notes(order)

    def _find_order(self, which: Any) -> RepairOrder | None:
        # The lock is what makes one of two grabbers wait, and then see that he came second.
        row = self.connection.execute(select(repairs).where(which).with_for_update()).first()
        return RepairOrder(**row._mapping) if row else None

    def _append_notes(self, order: RepairOrder) -> None:
        if order.notes:
            self.connection.execute(
                insert(repair_history), [{"order_no": order.order_no, **note} for note in order.notes]
            )
            order.notes.clear()


def _row(order: RepairOrder) -> dict[str, Any]:
    row = dict(vars(order))
    del row["notes"]
    return row
