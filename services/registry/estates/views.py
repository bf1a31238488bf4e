"""Estates, doors, owners and handings over as they are looked at; persons are counted or masked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select

from services.chassis.database import Read
from services.contracts import citizens, estates
from services.contracts.roles import may
from services.registry import model as registry_model
from services.registry import reading, rulebook
from services.registry.estates import model
from services.registry.estates import tables as t
from services.registry.reading import Page
from services.registry.repository import Repository
from services.registry.tables import households, residents

_PERSONS = and_(residents.c.household == households.c.household, residents.c.move_out_date.is_(None))
_persons = select(func.count()).where(_PERSONS).correlate(households).scalar_subquery()


def list_estates(read: Read, query: Any) -> Page:
    c = t.estates.c
    standing = (
        select(func.count())
        .where(t.estate_buildings.c.estate == c.estate)
        .correlate(t.estates)
        .scalar_subquery()
    )
    statement = (
        select(c.estate, c.community, c.name, c.gated, c.built, c.company, standing.label("buildings"))
        .where(reading.within(c.community, read.caller, estates.ListEstates, query.place))
        .order_by(c.estate)
        .limit(query.limit + 1)
    )
    if query.cursor:
        statement = statement.where(c.estate > query.cursor)
    return reading.page(read, statement, query.limit, "estate")


def get_estate(read: Read, query: Any) -> dict[str, Any]:
    estate = _estate(read, query.estate, estates.GetEstate)
    c = t.estate_changes.c
    history = select(c.at, c.by, c.changes).where(c.estate == query.estate).order_by(c.position.desc())
    return dict(estate._mapping) | {
        "buildings": Repository(read.connection).buildings_of_estate(query.estate),
        "counts": _counts(read, query.estate),
        "history": [dict(row) for row in read.connection.execute(history.limit(200)).mappings()],
    }


def _counts(read: Read, estate: str) -> dict[str, int]:
    day = registry_model.today(read.now)
    before = day.replace(year=day.year - 65, day=min(day.day, 28) if day.month == 2 else day.day)
    statement = (
        select(
            func.count(households.c.household.distinct()).label("homes"),
            func.count(residents.c.household.distinct()).label("lived_in"),
            func.count(residents.c.resident_id).label("persons"),
            func.count().filter(residents.c.birth_date <= before).label("aged_65"),
            func.count().filter(residents.c.is_party_member).label("party_members"),
        )
        .select_from(t.estate_buildings)
        .join(households, households.c.building == t.estate_buildings.c.building)
        .outerjoin(residents, _PERSONS)
        .where(t.estate_buildings.c.estate == estate)
    )
    return dict(read.connection.execute(statement).mappings().one())


def _estate(read: Read, code: str, contract: Any) -> Any:
    estate = Repository(read.connection).estate(code)
    if estate is None or not read.caller.may(may(contract), estate.community):
        raise model.UnknownEstate(estate=code)
    return estate


def get_cross_section(read: Read, query: Any) -> dict[str, Any]:
    building = Repository(read.connection).building(query.building)
    if building is None or not read.caller.may(may(estates.GetCrossSection), building.grid):
        raise registry_model.UnknownBuilding(building=query.building)
    c = households.c
    homes = (
        select(c.household, c.unit, c.door, c.collective, c.area, _persons.label("persons"))
        .where(c.building == query.building)
        .order_by(c.household)
    )
    return model.cross_section(building, read.connection.execute(homes).all())


# -- owners --------------------------------------------------------------------------------------------


def list_owners(read: Read, query: Any) -> Page:
    c, on = t.ownerships.c, query.on or registry_model.today(read.now)
    statement = (
        select(
            c.position,
            c.household,
            households.c.address,
            households.c.area,
            c.owner_id,
            t.owners.c.kind,
            t.owners.c.name,
            t.owners.c.number,
            t.owners.c.phone,
            c.numerator,
            c.denominator,
            c.since,
            c.until,
            c.basis,
        )
        .join(households, households.c.household == c.household)
        .join(t.owners, t.owners.c.owner_id == c.owner_id)
        .where(
            reading.within(households.c.place, read.caller, estates.ListOwners, query.place),
            c.since <= on,
            c.until.is_(None) | (c.until > on),
        )
        .order_by(c.position)
        .limit(query.limit + 1)
    )
    if query.household:
        statement = statement.where(c.household == query.household)
    if query.estate:
        inside = select(t.estate_buildings.c.building).where(t.estate_buildings.c.estate == query.estate)
        statement = statement.where(households.c.building.in_(inside))
    if (query.cursor or "").isdecimal():
        statement = statement.where(c.position > int(query.cursor))
    items = [_masked(row) for row in read.connection.execute(statement).mappings()]
    return reading.cut(items, query.limit, "position")


def _masked(row: Any) -> dict[str, Any]:
    share = model.Fraction(row["numerator"], row["denominator"])
    person = row["kind"] == "person"
    shown = {name: value for name, value in row.items() if name not in ("numerator", "denominator")}
    return shown | {
        "name": citizens.mask_name(row["name"]) if person else row["name"],
        "number": citizens.mask_id(row["number"]) if row["number"] and person else row["number"],
        "phone": citizens.mask_phone(row["phone"]) if row["phone"] else None,
        "share": str(share),
        "share_area": model.area_of(row["area"], share),
    }


def get_owners_roll(read: Read, query: Any) -> dict[str, Any]:
    _estate(read, query.estate, estates.GetOwnersRoll)
    on = query.on or registry_model.today(read.now)
    homes = Repository(read.connection).homes_and_owners(query.estate, on)
    return {"estate": query.estate, "on": on} | model.roll(homes)


# -- handing over --------------------------------------------------------------------------------------


def get_handover(read: Read, query: Any) -> dict[str, Any]:
    statement = select(t.handovers).where(t.handovers.c.handover_id == query.handover_id)
    row = read.connection.execute(statement).first()
    estate = Repository(read.connection).estate(row.estate) if row else None
    if row is None or estate is None or not read.caller.may(may(estates.GetHandover), estate.community):
        raise model.UnknownHandover(handover_id=query.handover_id)
    handover = model.Handover(**row._mapping)
    day = registry_model.today(handover.begun_at)
    asks = rulebook.in_force("handover", estate.community, day)["asks"]
    return vars(handover) | {
        "digest": handover.digest,
        "missing": handover.missing(asks) if handover.state == "drafted" else [],
        "overdue": handover.ended_at is None and handover.due_at < read.now,
    }


def list_handovers(read: Read, query: Any) -> Page:
    c = t.handovers.c
    late = and_(c.ended_at.is_(None), c.due_at < read.now)
    statement = (
        select(
            c.handover_id, c.estate, t.estates.c.name, c.giver, c.taker, c.state, c.begun_at, c.due_at,
            c.ended_at, late.label("overdue"),
        )
        .join(t.estates, t.estates.c.estate == c.estate)
        .where(reading.within(t.estates.c.community, read.caller, estates.ListHandovers, query.place))
        .order_by(c.handover_id.desc())
        .limit(query.limit + 1)
    )  # fmt: skip
    if query.state:
        statement = statement.where(c.state == query.state)
    if query.overdue:
        statement = statement.where(late)
    if query.cursor:
        statement = statement.where(c.handover_id < query.cursor)
    return reading.page(read, statement, query.limit, "handover_id")


QUERIES = {
    estates.ListEstates: list_estates,
    estates.GetEstate: get_estate,
    estates.GetCrossSection: get_cross_section,
    estates.ListOwners: list_owners,
    estates.GetOwnersRoll: get_owners_roll,
    estates.GetHandover: get_handover,
    estates.ListHandovers: list_handovers,
}
