"""Loads and stores what owners do together; a part of property's Repository. What is loaded to be changed is locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import array, insert

from services.chassis.calendar import ZONE
from services.property.owners.model import FundUse, Right, UnknownFundUse
from services.property.tables import accounts, metadata

t = metadata.tables
owned_estates, rights, assemblies, votes = t["owned_estates"], t["rights"], t["assemblies"], t["votes"]
voters, ballots, proxies, proposals = t["voters"], t["ballots"], t["proxies"], t["proposals"]
opinions, committees, meetings, publicity = (
    t["opinions"], t["committees"], t["committee_meetings"], t["payment_publicity"],
)  # fmt: skip
uses, fund_accounts, fund_entries = t["fund_uses"], t["fund_accounts"], t["fund_entries"]


def in_force(on: date) -> Any:
    return (rights.c.since <= on) & or_(rights.c.until.is_(None), rights.c.until > on)


def noon(day: date) -> datetime:
    """A moment of a local day, for clocks that begin on a day."""
    return datetime.combine(day, time(12), tzinfo=ZONE)


class OwnersStore:
    connection: Connection

    def find_row(self, table: Any, lock: bool = True, **key: Any) -> Row[Any] | None:
        wanted = select(table).where(*(table.c[name] == value for name, value in key.items()))
        return self.connection.execute(wanted.with_for_update() if lock else wanted).first()

    def add_row(self, table: Any, **row: Any) -> None:
        self.connection.execute(insert(table).values(**row))

    def change_row(self, table: Any, key: Mapping[str, Any], **values: Any) -> None:
        where = (table.c[name] == value for name, value in key.items())
        self.connection.execute(update(table).where(*where).values(**values))

    # -- estates and rights --------------------------------------------------------------------------

    def put_estate(self, estate: str, place: str, name: str, buildings: Sequence[str], at: datetime) -> None:
        """What was said later stands; homes follow their building."""
        new = insert(owned_estates).values(
            estate=estate, place=place, name=name, buildings=list(buildings), told_at=at
        )
        fresh = {name: new.excluded[name] for name in ("place", "name", "buildings", "told_at")}
        stored = self.connection.execute(
            new.on_conflict_do_update(
                index_elements=["estate"], set_=fresh, where=owned_estates.c.told_at < new.excluded.told_at
            ).returning(owned_estates.c.estate)
        ).first()
        if stored is None:
            return
        mine = or_(*(rights.c.household.startswith(f"{one}-", autoescape=True) for one in buildings))
        self.change_row(rights, {"estate": estate}, estate=None)
        if buildings:
            self.connection.execute(update(rights).where(mine).values(estate=estate))

    def put_right(self, right: Mapping[str, Any]) -> None:
        new = insert(rights).values(**right)
        fresh = {name: new.excluded[name] for name in right if name not in ("household", "since")}
        self.connection.execute(
            new.on_conflict_do_update(
                index_elements=["household", "since"],
                set_=fresh,
                where=rights.c.told_at < new.excluded.told_at,
            )
        )
        # However the news arrive, a right ends where the next begins, and only the estate of today is kept.
        ends = (
            select(
                rights.c.since,
                func.lead(rights.c.since).over(order_by=rights.c.since).label("ends"),
            )
            .where(rights.c.household == right["household"])
            .subquery()
        )
        self.connection.execute(
            update(rights)
            .where(rights.c.household == right["household"], rights.c.since == ends.c.since)
            .values(until=ends.c.ends)
        )

    def estate_of(self, household: str) -> str | None:
        """The estate whose building a home stands in."""
        wanted = select(owned_estates.c.estate).where(
            text("EXISTS (SELECT 1 FROM unnest(buildings) AS b WHERE starts_with(:home, b || '-'))")
        )
        found: str | None = self.connection.execute(wanted, {"home": household}).scalar()
        return found

    def place_of_estate(self, estate: str) -> str | None:
        """By the registry's record, or by its homes when the record has not come yet."""
        found = self.connection.scalar(
            select(owned_estates.c.place).where(owned_estates.c.estate == estate)
        ) or self.connection.scalar(select(func.left(rights.c.place, 12)).where(rights.c.estate == estate))
        return str(found) if found else None

    def estates_at(self, community: str) -> list[str]:
        wanted = select(owned_estates.c.estate).where(owned_estates.c.place == community)
        return list(self.connection.execute(wanted.limit(2)).scalars())

    def rights_of(self, estate: str, on: date) -> list[Right]:
        rows = self.connection.execute(
            select(rights.c.household, rights.c.area, rights.c.owners)
            .where(rights.c.estate == estate, in_force(on))
            .order_by(rights.c.household)
        )
        return [Right(row.household, row.area, frozenset(o["owner_id"] for o in row.owners)) for row in rows]

    def homes_owned(self, estate: str, owner: str, on: date) -> list[str]:
        owned = rights.c.owners.contains([{"owner_id": owner}])
        rows = self.connection.execute(
            select(rights.c.household).where(rights.c.estate == estate, owned, in_force(on))
        )
        return list(rows.scalars())

    def owes(self, homes: Iterable[str]) -> bool:
        """A flag, and nothing more of the fees leaves here."""
        owing = select(accounts.c.code).where(accounts.c.household.in_(list(homes)), accounts.c.balance > 0)
        return self.connection.execute(owing.limit(1)).first() is not None

    # -- assemblies ----------------------------------------------------------------------------------

    def add_voters(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.connection.execute(insert(voters), [dict(row) for row in rows])

    def voter_of(self, assembly: str, household: str) -> Row[Any] | None:
        return self.connection.execute(
            select(voters).where(voters.c.assembly == assembly, voters.c.homes.has_key(household))
        ).first()

    def voters_of(self, assembly: str, households: Sequence[str]) -> list[Row[Any]]:
        wanted = select(voters).where(voters.c.assembly == assembly).order_by(voters.c.voter)
        if households:
            wanted = wanted.where(voters.c.homes.has_any(array(list(households))))
        return list(self.connection.execute(wanted.with_for_update()))

    def proxies_held(self, assembly: str, proxy: str) -> int:
        counted = select(func.count()).where(
            proxies.c.assembly == assembly, proxies.c.proxy == proxy, proxies.c.revoked_at.is_(None)
        )
        return int(self.connection.scalar(counted) or 0)

    def votes_of(self, assembly: str, lock: bool = False) -> list[Row[Any]]:
        wanted = select(votes).where(votes.c.assembly == assembly).order_by(votes.c.no)
        return list(self.connection.execute(wanted.with_for_update() if lock else wanted))

    def due_assemblies(self, now: datetime, limit: int) -> list[Row[Any]]:
        """Whose time is over; what another replica counts is passed over."""
        return list(
            self.connection.execute(
                select(assemblies)
                .where(assemblies.c.state == "called", assemblies.c.closes_at <= now)
                .order_by(assemblies.c.closes_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        )

    def took_part(self, vote: str) -> tuple[Decimal, int]:
        row = self.connection.execute(
            select(func.coalesce(func.sum(ballots.c.area), 0), func.count()).where(ballots.c.vote == vote)
        ).one()
        return Decimal(row[0]), int(row[1])

    # -- committees ----------------------------------------------------------------------------------

    def unpublished_committees(self, half: str, limit: int) -> list[Row[Any]]:
        return list(
            self.connection.execute(
                select(committees)
                .where(committees.c.state == "sitting", func.coalesce(committees.c.published, "") < half)
                .order_by(committees.c.committee)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        )

    # -- repair fund ---------------------------------------------------------------------------------

    def fund_use(self, use: str) -> FundUse:
        row = self.find_row(uses, use=use)
        if row is None:
            raise UnknownFundUse(use=use)
        return FundUse(**row._mapping)

    def fund_use_of_case(self, case_no: str) -> FundUse | None:
        row = self.find_row(uses, case_no=case_no)
        return FundUse(**row._mapping) if row else None

    def add_use(self, use: FundUse) -> None:
        self.add_row(uses, **vars(use))

    def save_use(self, use: FundUse) -> None:
        self.change_row(uses, {"use": use.use}, **vars(use))

    def fund_entry(self, reference: str) -> Row[Any] | None:
        return self.find_row(fund_entries, lock=False, reference=reference)

    def book_fund(self, estate: str, lines: Sequence[Mapping[str, Any]], first: bool = False) -> None:
        """Lines with their balances; accounts are locked in the order of their codes, so two bookings never wait in a ring."""
        moved: dict[str, Decimal] = {}
        for line in lines:
            moved[line["debit"]] = moved.get(line["debit"], Decimal(0)) - line["amount"]
            moved[line["credit"]] = moved.get(line["credit"], Decimal(0)) + line["amount"]
        if not moved:
            return
        rows = [
            {
                "code": code,
                "estate": estate,
                "household": code.removeprefix("home:") if code.startswith("home:") else None,
                "balance": moved[code],
                "first": moved[code] if first and code.startswith("home:") else Decimal(0),
            }
            for code in sorted(moved)
        ]
        new = insert(fund_accounts).values(rows)
        added = {
            "balance": fund_accounts.c.balance + new.excluded.balance,
            # What counts as first paid in is fixed by the first payment.
            "first": case((fund_accounts.c.first > 0, fund_accounts.c.first), else_=new.excluded.first),
        }
        self.connection.execute(new.on_conflict_do_update(index_elements=["code"], set_=added))
        self.connection.execute(insert(fund_entries), [dict(line) for line in lines])

    def fund_balance(self, code: str, lock: bool = False) -> Decimal:
        wanted = select(fund_accounts.c.balance).where(fund_accounts.c.code == code)
        return Decimal(self.connection.scalar(wanted.with_for_update() if lock else wanted) or 0)

    def home_balances(self, homes: Sequence[str]) -> list[Row[Any]]:
        return list(
            self.connection.execute(
                select(fund_accounts)
                .where(fund_accounts.c.household.in_(list(homes)))
                .order_by(fund_accounts.c.code)
                .with_for_update()
            )
        )

    def use_shares(self, use: str) -> dict[str, Decimal]:
        """What the homes were charged for a use, less what they got back."""
        home = case((fund_entries.c.kind == "allocate", fund_entries.c.debit), else_=fund_entries.c.credit)
        part = case((fund_entries.c.kind == "allocate", fund_entries.c.amount), else_=-fund_entries.c.amount)
        rows = self.connection.execute(
            select(home.label("home"), func.sum(part).label("part"))
            .where(fund_entries.c.use == use, fund_entries.c.kind.in_(("allocate", "give-back")))
            .group_by(home)
        )
        return {row.home.removeprefix("home:"): row.part for row in rows}
