"""What screens and lists ask; persons are always masked here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.chassis.database import Read
from services.contracts import citizens, registry
from services.registry import model
from services.registry.classes import views as classes_views
from services.registry.estates import views as estates_views
from services.registry.events import views as events_views
from services.registry.exchange import views as exchange
from services.registry.gridmap import views as gridmap_views
from services.registry.gridmap.model import MapTooLarge
from services.registry.people import views as people
from services.registry.privacy import views as privacy
from services.registry.reading import Page
from services.registry.reading import cut as _cut
from services.registry.reading import page as _page
from services.registry.reading import within as _within
from services.registry.repository import Repository, resident_of
from services.registry.tables import buildings, consents, grids, households, looks, residents

MOST_GRIDS = 500
"""Of a map in one answer: some thirty communities, a large street."""


def _lives_here() -> ColumnElement[bool]:
    return and_(residents.c.household == households.c.household, residents.c.move_out_date.is_(None))


_persons = select(func.count()).where(_lives_here()).correlate(households).scalar_subquery()
_oldest = (
    select(func.min(residents.c.birth_date)).where(_lives_here()).correlate(households).scalar_subquery()
)


# -- households and residents --------------------------------------------------------------------------


def get_household(read: Read, query: Any) -> dict[str, Any]:
    statement = select(households).where(
        households.c.household == query.household,
        _within(households.c.place, read.caller, registry.GetHousehold),
    )
    row = read.connection.execute(statement).first()
    if row is None:
        raise model.UnknownHousehold(household=query.household)
    day = model.today(read.now)
    living = Repository(read.connection).living_in(query.household)
    facts = model.facts_of(row, living, day)
    return dict(row._mapping) | {
        "persons": facts["persons"],
        "lives_alone": facts["lives_alone"],
        "elder": facts["elder"],
        "contact_name": citizens.mask_name(row.contact_name or "") or None,
        "contact_phone": citizens.mask_phone(row.contact_phone or "") or None,
        "residents": [
            model.masked(one, day) | {"consents": _consents(read, one.resident_id)} for one in living
        ],
    }


def _consents(read: Read, resident_id: str) -> dict[str, bool]:
    """The last word on each purpose."""
    statement = (
        select(consents.c.purpose, consents.c.given)
        .where(consents.c.resident_id == resident_id)
        .ext(distinct_on(consents.c.purpose))
        .order_by(consents.c.purpose, consents.c.position.desc())
    )
    return {row.purpose: row.given for row in read.connection.execute(statement)}


def list_households(read: Read, query: Any) -> Page:
    day = model.years_before(model.today(read.now), model.ELDER)
    elder = func.coalesce(_oldest <= day, False)
    statement = (
        select(
            households.c.household,
            households.c.place,
            households.c.address,
            households.c.building,
            households.c.area,
            _persons.label("persons"),
            (_persons == 1).label("lives_alone"),
            elder.label("elder"),
        )
        .where(_within(households.c.place, read.caller, registry.ListHouseholds, query.place))
        .order_by(households.c.household)
        .limit(query.limit + 1)
    )
    if query.building:
        statement = statement.where(households.c.building == query.building)
    if query.lives_alone is not None:
        statement = statement.where((_persons == 1) == query.lives_alone)
    if query.elder is not None:
        statement = statement.where(elder == query.elder)
    if query.cursor:
        statement = statement.where(households.c.household > query.cursor)
    return _page(read, statement, query.limit, "household")


def find_residents(read: Read, query: Any) -> Page:
    q = query.q.strip()
    matches = or_(
        residents.c.name.startswith(q, autoescape=True),
        residents.c.phone == q,
        residents.c.id_number == q.upper(),
    )
    statement = (
        select(residents, households.c.address, households.c.place)
        .join(households)
        .where(matches, _within(households.c.place, read.caller, registry.FindResidents, query.place))
        .order_by(residents.c.resident_id)
        .limit(query.limit + 1)
    )
    if query.cursor:
        statement = statement.where(residents.c.resident_id > query.cursor)
    rows = read.connection.execute(statement).all()
    day = model.today(read.now)
    items = [
        model.masked(resident_of(row), day) | {"address": row.address, "place": row.place} for row in rows
    ]
    return _cut(items, query.limit, "resident_id")


# -- places --------------------------------------------------------------------------------------------


def list_buildings(read: Read, query: Any) -> Page:
    statement = (
        select(buildings)
        .where(_within(buildings.c.grid, read.caller, registry.ListBuildings, query.place))
        .order_by(buildings.c.code)
        .limit(query.limit + 1)
    )
    if query.cursor:
        statement = statement.where(buildings.c.code > query.cursor)
    return _page(read, statement, query.limit, "code")


def list_grids(read: Read, query: Any) -> dict[str, Any]:
    return {"items": [_face(row) for row in _counted(read, query.place)]}


def grid_map(read: Read, query: Any) -> dict[str, Any]:
    features = [
        {"type": "Feature", "id": row["code"], "geometry": row["geometry"], "properties": _face(row)}
        for row in _counted(read, query.place)
    ]
    return {"type": "FeatureCollection", "features": features}


def _face(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("code", "name", "buildings", "households", "persons", "elders_alone")
    }


def _counted(read: Read, place: str | None) -> list[dict[str, Any]]:
    """Grids with what is in them, counted at once over the area."""
    day = model.years_before(model.today(read.now), model.ELDER)
    homes = (
        select(
            households.c.place,
            func.count(residents.c.resident_id).label("persons"),
            case((func.count(residents.c.resident_id) == 1, func.min(residents.c.birth_date) <= day)).label(
                "alone"
            ),
        )
        .outerjoin(residents, _lives_here())
        .where(_within(households.c.place, read.caller, registry.ListGrids, place))
        .group_by(households.c.household)
        .subquery()
    )
    counts = (
        select(
            homes.c.place,
            func.count().label("households"),
            func.sum(homes.c.persons).label("persons"),
            func.count().filter(homes.c.alone).label("elders_alone"),
        )
        .group_by(homes.c.place)
        .subquery()
    )
    standing = select(func.count()).where(buildings.c.grid == grids.c.code).correlate(grids).scalar_subquery()
    statement = (
        select(
            grids.c.code,
            grids.c.name,
            grids.c.geometry,
            standing.label("buildings"),
            func.coalesce(counts.c.households, 0).label("households"),
            func.coalesce(counts.c.persons, 0).label("persons"),
            func.coalesce(counts.c.elders_alone, 0).label("elders_alone"),
        )
        .outerjoin(counts, counts.c.place == grids.c.code)
        .where(_within(grids.c.code, read.caller, registry.ListGrids, place))
        .order_by(grids.c.code)
        .limit(MOST_GRIDS + 1)
    )
    # sum() of bigint is numeric in PostgreSQL; people are counted whole.
    rows = [
        dict(row) | {"persons": int(row["persons"])} for row in read.connection.execute(statement).mappings()
    ]
    if len(rows) > MOST_GRIDS:
        raise MapTooLarge(most=MOST_GRIDS)
    return rows


# -- who looked ----------------------------------------------------------------------------------------


def list_looks(read: Read, query: Any) -> Page:
    statement = (
        select(looks, households.c.place)
        .join(residents, residents.c.resident_id == looks.c.resident_id)
        .join(households, households.c.household == residents.c.household)
        .where(_within(households.c.place, read.caller, registry.ListLooks))
        .order_by(looks.c.position.desc())
        .limit(query.limit + 1)
    )
    if query.resident_id:
        statement = statement.where(looks.c.resident_id == query.resident_id)
    if query.account:
        statement = statement.where(looks.c.account == query.account)
    if (query.cursor or "").isdecimal():
        statement = statement.where(looks.c.position < int(query.cursor))
    return _page(read, statement, query.limit, "position")


QUERIES = {
    registry.GetHousehold: get_household,
    registry.ListHouseholds: list_households,
    registry.FindResidents: find_residents,
    registry.ListBuildings: list_buildings,
    registry.ListGrids: list_grids,
    registry.GridMap: grid_map,
    registry.ListLooks: list_looks,
    # gridmap: the rooms of the map, the street, estates and classes
    **gridmap_views.QUERIES,
    **events_views.QUERIES,
    **estates_views.QUERIES,
    **classes_views.QUERIES,
    # people, exchange, privacy
    **people.QUERIES,
    **exchange.QUERIES,
    **privacy.QUERIES,
}
