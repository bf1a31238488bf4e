"""How a household was on a day, what changed, and what has to be looked at again. Persons are masked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, select

from services.chassis.database import Read
from services.contracts import citizens, people
from services.registry import model
from services.registry.people import model as history
from services.registry.reading import page, within
from services.registry.repository import Repository
from services.registry.tables import changes, households, rechecks, residents

Page = dict[str, Any]


def household_on(read: Read, query: Any) -> dict[str, Any]:
    """Who lived here on a day. Nothing is known of the days before the registry's first line about a person."""
    home = _home(read, query.household, people.HouseholdOn)
    store = Repository(read.connection)
    lines = store.lines_of(store.ever_lived_in(home.household))
    persons = {row.resident_id: row for row in store.residents(lines)}
    here, old = [], []
    for who, his in sorted(lines.items()):
        stay = history.follow(his, query.on, query.known_at)
        if stay.household == home.household:
            born = persons[who].birth_date
            age = None if born is None else model.age(born, query.on)
            old.append((age or 0) >= model.ELDER)
            here.append(
                {
                    "resident_id": who,
                    "name": citizens.mask_name(persons[who].name),
                    "relation": stay.relation,
                    "since": stay.since,
                    "age": age,
                }
            )
    return {
        "household": home.household,
        "place": home.place,
        "address": home.address,
        "on": query.on,
        "known_at": query.known_at or read.now,
        "persons": len(here),
        "lives_alone": len(here) == 1,
        "elder": any(old),
        "residents": here,
    }


SHOWN = (
    "no", "change_id", "at", "effective_on", "kind", "place", "household", "resident_id", "lives_in", "relation",
    "fields", "reason", "evidence", "who", "case_no", "corrects",
)  # fmt: skip


def _lines(read: Read, query: Any, which: Any) -> Page:
    later = changes.alias("later")
    statement = (
        select(*(changes.c[name] for name in SHOWN), later.c.change_id.label("corrected_by"))
        .outerjoin(later, later.c.corrects == changes.c.change_id)
        .where(which)
        .order_by(changes.c.no.desc())
        .limit(query.limit + 1)
    )
    if (query.cursor or "").isdecimal():
        statement = statement.where(changes.c.no < int(query.cursor))
    return page(read, statement, query.limit, "no")


def list_household_changes(read: Read, query: Any) -> Page:
    home = _home(read, query.household, people.ListHouseholdChanges)
    return _lines(
        read, query, (changes.c.household == home.household) | (changes.c.lives_in == home.household)
    )


def list_resident_changes(read: Read, query: Any) -> Page:
    statement = (
        select(residents.c.resident_id)
        .join(households)
        .where(
            residents.c.resident_id == query.resident_id,
            within(households.c.place, read.caller, people.ListResidentChanges),
        )
    )
    if read.connection.execute(statement).first() is None:
        raise model.UnknownResident()
    return _lines(read, query, changes.c.resident_id == query.resident_id)


def list_rechecks(read: Read, query: Any) -> Page:
    statement = (
        select(rechecks)
        .where(within(rechecks.c.place, read.caller, people.ListRechecks, query.place))
        .order_by(rechecks.c.finding_id.desc())
        .limit(query.limit + 1)
    )
    if query.open is not None:
        statement = statement.where((rechecks.c.state == "open") == query.open)
    if query.cursor:
        statement = statement.where(rechecks.c.finding_id < query.cursor)
    return page(read, statement, query.limit, "finding_id")


def get_household_figures(read: Read, query: Any) -> dict[str, Any]:
    """Each share with its numerator and denominator; who has no birth date on record is in neither of the age."""
    day = model.today(read.now)
    sixty, sixty_five = (model.years_before(day, years) for years in (model.ELDER, 65))
    homes = (
        select(
            households.c.household,
            func.count(residents.c.resident_id).label("persons"),
            func.count().filter(residents.c.birth_date <= sixty).label("sixty"),
            func.count().filter(residents.c.birth_date <= sixty_five).label("sixty_five"),
            func.count(residents.c.birth_date).label("dated"),
        )
        .outerjoin(
            residents,
            (residents.c.household == households.c.household) & residents.c.move_out_date.is_(None),
        )
        .where(within(households.c.place, read.caller, people.GetHouseholdFigures, query.place))
        .group_by(households.c.household)
        .subquery()
    )
    size = case((homes.c.persons >= 5, 5), else_=homes.c.persons)
    sizes = select(size.label("size"), func.count().label("homes")).select_from(homes).group_by("size")
    by_size = {row.size: row.homes for row in read.connection.execute(sizes)}
    one = homes.c.persons == 1
    figures = read.connection.execute(
        select(
            func.coalesce(func.sum(homes.c.persons), 0).label("persons"),
            func.coalesce(func.sum(homes.c.dated), 0).label("dated"),
            func.coalesce(func.sum(homes.c.sixty), 0).label("sixty"),
            func.coalesce(func.sum(homes.c.sixty_five), 0).label("sixty_five"),
            func.count().filter(one & (homes.c.sixty == 1)).label("elders_alone"),
            func.count()
            .filter((homes.c.persons > 0) & (homes.c.sixty == homes.c.persons))
            .label("only_elders"),
        ).select_from(homes)
    ).one()
    lived_in = sum(count for persons, count in by_size.items() if persons)
    return {
        "place": query.place,
        "on": day,
        "households": sum(by_size.values()),
        "lived_in": lived_in,
        "empty": by_size.get(0, 0),
        "by_size": {str(n) if n < 5 else "5+": by_size.get(n, 0) for n in range(1, 6)},
        "one_person": _share(by_size.get(1, 0), lived_in),
        "elder_alone": _share(figures.elders_alone, lived_in),
        "only_elders": _share(figures.only_elders, lived_in),
        "persons": int(figures.persons),
        "aged_60": _share(figures.sixty, figures.dated),
        "aged_65": _share(figures.sixty_five, figures.dated),
    }


def _share(part: int, whole: int) -> dict[str, Any]:
    part, whole = int(part), int(whole)
    return {"count": part, "of": whole, "share": round(part / whole, 4) if whole else None}


def _home(read: Read, code: str, contract: Any) -> Any:
    statement = select(households).where(
        households.c.household == code, within(households.c.place, read.caller, contract)
    )
    row = read.connection.execute(statement).first()
    if row is None:
        raise model.UnknownHousehold(household=code)
    return row


QUERIES = {
    people.HouseholdOn: household_on,
    people.ListHouseholdChanges: list_household_changes,
    people.ListResidentChanges: list_resident_changes,
    people.ListRechecks: list_rechecks,
    people.GetHouseholdFigures: get_household_figures,
}
