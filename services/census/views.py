"""What enumerators and their leader see. An enumerator sees his own blocks and nothing beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, false, func, or_, select, true, type_coerce

from services.census import forms, model, tables
from services.census.handlers.enumeration import faces, household_of
from services.census.model import Census
from services.census.repository import Repository
from services.chassis.clock import iso
from services.chassis.database import Read
from services.chassis.identifiers import Caller
from services.chassis.paging import page
from services.contracts import census
from services.contracts.messages import Query

Page = dict[str, Any]
PROGRESS = ("households", "visited", "complete", "confirmed", "refused", "absent", "vacant")


def _census(read: Read, census_id: str, leader: bool = False) -> Census:
    found = Repository(read.connection).census(census_id, lock=False)
    caller = read.caller
    if found is None or not (
        model.leads(caller, found.place)
        or (not leader and model.holds(caller, model.ENUMERATOR, found.place))
    ):
        raise model.UnknownCensus()
    return found


def _own(caller: Caller, found: Census, enumerator: Any) -> ColumnElement[bool]:
    return true() if model.leads(caller, found.place) else enumerator == caller.account


def _of_block(own: Any) -> Any:
    at = tables.blocks.c
    return and_(at.census_id == own.census_id, at.number == own.block)


# -- the census and its blocks ---------------------------------------------------------------------------


def list_censuses(read: Read, query: Any) -> Page:
    own = tables.censuses.c
    scopes = [one["scope"] for one in read.caller.roles if one["role"] in (model.LEADER, model.ENUMERATOR)]
    within = or_(false(), *(own.place.startswith(scope, autoescape=True) for scope in scopes))
    rows = read.connection.execute(select(tables.censuses).where(within).order_by(own.planned_at.desc()))
    return {"items": [Census(**row._mapping).face() for row in rows], "next": None}


def get_census(read: Read, query: Any) -> Page:
    found = _census(read, query.census_id)
    at = tables.blocks.c
    blocks, strange = read.connection.execute(
        select(func.count(), func.count().filter(~at.in_bounds | (at.pieces > 1))).where(
            at.census_id == found.id
        )
    ).one()
    return found.face() | {"blocks": blocks, "blocks_out_of_bounds": strange}


def get_forms(read: Read, query: Any) -> Page:
    book = _census(read, query.census_id).book
    return {"forms": book["forms"], "checks": book["checks"], "source": book["source"]}


def _blocks(read: Read, query: Any, *columns: Any) -> list[Any]:
    found = _census(read, query.census_id)
    at = tables.blocks.c
    named = (at.number, at.persons, at.in_bounds, at.pieces, at.households, at.enumerator)
    wanted = select(*named, *columns).where(at.census_id == found.id, _own(read.caller, found, at.enumerator))
    return list(read.connection.execute(wanted.order_by(at.number)))


def list_blocks(read: Read, query: Any) -> Page:
    at = tables.buildings.c
    rows = read.connection.execute(
        select(at.block, at.building, at.address, at.persons)
        .where(at.census_id == query.census_id, at.block.is_not(None))
        .order_by(at.building)
    )
    standing: dict[int, list[Page]] = defaultdict(list)
    for row in rows:
        standing[row.block].append({"building": row.building, "address": row.address, "persons": row.persons})
    items = [{**row._mapping, "buildings": standing[row.number]} for row in _blocks(read, query)]
    return {"items": items, "next": None}


def get_block_map(read: Read, query: Any) -> Page:
    features = []
    for row in _blocks(read, query, tables.blocks.c.geometry):
        facts = dict(row._mapping)
        features.append({"type": "Feature", "geometry": facts.pop("geometry"), "properties": facts})
    return {"type": "FeatureCollection", "features": features}


# -- households and questionnaires -----------------------------------------------------------------------


def list_households(read: Read, query: Any) -> Page:
    found = _census(read, query.census_id)
    own, of, at = tables.households.c, tables.blocks.c, tables.buildings.c
    wanted = (
        select(
            own.block, own.serial, own.id, own.building, at.address, own.door, own.kind, own.state, own.visits
        )
        .join(tables.blocks, _of_block(own))
        .join(tables.buildings, and_(at.census_id == own.census_id, at.building == own.building))
        .where(own.census_id == found.id, _own(read.caller, found, of.enumerator))
    )
    if query.block is not None:
        wanted = wanted.where(own.block == query.block)
    if query.state:
        wanted = wanted.where(own.state == query.state)
    answer = page(read.connection, wanted, [own.block, own.serial], query)
    for row in answer["items"]:
        row["household_id"] = row.pop("id")
    return answer


def get_questionnaire(read: Read, query: Any) -> Page:
    store = Repository(read.connection)
    household = household_of(store, query.household_id, read.caller, lock=False)
    known = household.forms.get(query.form)
    if known is None or query.form not in household.due:
        raise model.UnknownQuestionnaire()
    row = store.version(household.id, query.form, known.version)
    answers = forms.joined(row.answers, row.identifying)
    at = tables.versions.c
    names = (at.version, at.cause, at.reason, at.keyed_by, at.saved_at, at.confirmed_at, at.confirmed_manner)
    versions = read.connection.execute(
        select(*names).where(at.household_id == household.id, at.form == query.form).order_by(at.version)
    )
    erased = household.census.erased_at is not None
    faults = [] if erased else forms.assess(household.census.book, query.form, answers, household.around)
    return {
        "household_id": household.id,
        "form": query.form,
        "state": known.state,
        "version": known.version,
        "answers": answers,
        "explanations": row.explanations or {},
        "faults": faces(faults, row.explanations),
        "forms_due": household.due,
        "versions": [dict(one._mapping) for one in versions],
    }


def get_progress(read: Read, query: Any) -> Page:
    """Visited counts households with a visit or an answer; complete has been read back, confirmed is so by its people."""
    found = _census(read, query.census_id, leader=True)
    own, of = tables.households.c, tables.blocks.c

    def those(*states: str) -> Any:
        return func.count(own.id).filter(own.state.in_(states))

    counted = [
        func.count(own.id).label("households"),
        func.count(own.id).filter((own.visits > 0) | own.state.not_in(("listed",))).label("visited"),
        those("complete", "confirmed").label("complete"),
        those("confirmed").label("confirmed"),
        those("refused").label("refused"),
        those("absent").label("absent"),
        those("vacant").label("vacant"),
    ]
    rows = read.connection.execute(
        select(of.number, of.enumerator, of.persons, *counted)
        .outerjoin(tables.households, _of_block(own))
        .where(of.census_id == found.id)
        .group_by(of.number, of.enumerator, of.persons)
        .order_by(of.number)
    )
    by_block = [dict(row._mapping) for row in rows]
    by_enumerator: dict[str, Counter[str]] = defaultdict(Counter)
    for row in by_block:
        by_enumerator[row["enumerator"] or ""].update({name: row[name] for name in PROGRESS} | {"blocks": 1})
    return {
        "census_id": found.id,
        "state": found.state,
        "total": {name: sum(row[name] for row in by_block) for name in PROGRESS},
        "by_enumerator": [
            {"enumerator": name or None, **{key: counts[key] for key in ("blocks", *PROGRESS)}}
            for name, counts in sorted(by_enumerator.items())
        ],
        "by_block": [{"block": row.pop("number"), **row} for row in by_block],
    }


# -- quality ---------------------------------------------------------------------------------------------


def list_keyings(read: Read, query: Any) -> Page:
    found = _census(read, query.census_id)
    at = tables.keyings.c
    of = tables.households.c
    wanted = (
        select(at.id, of.block, of.serial, at.form, at.state, at.keyer, at.keyed_at)
        .join(tables.households, of.id == at.household_id)
        .where(at.census_id == found.id, _own(read.caller, found, at.keyer))
    )
    answer = page(read.connection, wanted, [at.id], query)
    for row in answer["items"]:
        row["keying_id"] = row.pop("id")
    return answer


def list_differences(read: Read, query: Any) -> Page:
    found = _census(read, query.census_id, leader=True)
    at, of = tables.differences.c, tables.keyings.c
    wanted = (
        select(at.keying_id, at.path, of.household_id, of.form, at.first, at.second, at.verdict, at.value)
        .join(tables.keyings, of.id == at.keying_id)
        .where(of.census_id == found.id)
    )
    if query.open:
        wanted = wanted.where(at.verdict.is_(None))
    return page(read.connection, wanted, [at.keying_id, at.path], query)


def get_quality(read: Read, query: Any) -> Page:
    """An error is an item whose first keying was found wrong; what is not adjudicated yet is told beside the rate."""
    found = _census(read, query.census_id, leader=True)
    at, of, form = tables.differences.c, tables.keyings.c, tables.questionnaires.c
    confirmed = read.connection.execute(
        select(func.count())
        .select_from(tables.questionnaires)
        .join(tables.households, tables.households.c.id == form.household_id)
        .where(tables.households.c.census_id == found.id, form.state == "confirmed")
    ).scalar_one()
    drawn, keyed, items = read.connection.execute(
        select(
            func.count(),
            func.count().filter(of.keyed_at.is_not(None)),
            func.coalesce(func.sum(of["items"]), 0),
        ).where(of.census_id == found.id)
    ).one()
    rows = read.connection.execute(
        select(at.path, at.verdict)
        .join(tables.keyings, of.id == at.keying_id)
        .where(of.census_id == found.id)
    )
    by_item: dict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for path, verdict in rows:
        count = {"differences": 1, "open": verdict is None, "errors": verdict in ("second", "other")}
        by_item[path.rpartition(".")[2]].update(count)
        total.update(count)
    return {
        "census_id": found.id,
        "questionnaires": {"confirmed": confirmed, "drawn": drawn, "keyed_twice": keyed},
        "error_rate": {
            "numerator": total["errors"], "denominator": items,
            "value": round(total["errors"] / items, 4) if items else None,
        },
        "differences": total["differences"],
        "open": total["open"],
        "by_item": [
            {"item": item, **{name: counts[name] for name in ("differences", "errors", "open")}}
            for item, counts in sorted(by_item.items(), key=lambda one: (-one[1]["differences"], one[0]))
        ],
    }  # fmt: skip


REGISTERED_ELSEWHERE = ("community", "street", "away")
LEFT_FOR_HALF_A_YEAR = ("half-to-one", "one-to-five", "over-five")


def list_clean_up(read: Read, query: Any) -> Page:
    """S15.6. Usual residents live here, or have been away from where they are registered for half a year and more."""
    found = _census(read, query.census_id, leader=True)
    form = "death" if query.kind == "to-cancel" else "short"
    own, at, of = tables.questionnaires.c, tables.versions.c, tables.households.c
    persons = (
        func.jsonb_array_elements(at.answers["persons"])
        .table_valued("value", with_ordinality="place")
        .render_derived(name="persons")
    )
    value, number = persons.c.value, type_coerce(persons.c.place, Integer).label("person")

    def told(name: str) -> Any:
        return func.jsonb_extract_path_text(value, name)

    kinds = {
        "usual": and_(
            told("presence") == "here",
            or_(told("registration").in_(("here", "undetermined")), told("left").in_(LEFT_FOR_HALF_A_YEAR)),
        ),
        "migrant": and_(told("presence") == "here", told("registration") == "away"),
        "separated": or_(
            told("presence") == "elsewhere",
            and_(told("presence") == "here", told("registration").in_(REGISTERED_ELSEWHERE)),
        ),
        "unregistered": told("registration") == "undetermined",
        "to-cancel": told("registered_here") == "yes",
    }
    wanted = (
        select(of.block, of.serial, number, of.id, of.door, at.identifying)
        .select_from(tables.questionnaires)
        .join(tables.households, of.id == own.household_id)
        .join(
            tables.versions,
            and_(at.household_id == own.household_id, at.form == own.form, at.version == own.version),
        )
        .join(persons, true())
        .where(of.census_id == found.id, own.form == form, own.state == "confirmed", kinds[query.kind])
    )
    answer = page(read.connection, wanted, [of.block, of.serial, number], query)
    for row in answer["items"]:
        named = row.pop("identifying")
        row["household_id"] = row.pop("id")
        row["name"] = named[row["person"] - 1].get("name") if named else None
    return answer


# -- the end ---------------------------------------------------------------------------------------------


def get_erasure_certificate(read: Read, query: Any) -> Page:
    found = _census(read, query.census_id, leader=True)
    row = read.connection.execute(
        select(tables.certificates).where(tables.certificates.c.census_id == found.id)
    ).first()
    if row is None:
        until = iso(found.erase_at) if found.erase_at else "—"
        raise model.UnknownCertificate(until=until)
    return dict(row._mapping)


def get_publication(read: Read, query: Any) -> Page:
    """For anybody; of a census that is not published nobody is told that there is one."""
    row = read.connection.execute(
        select(tables.publications).where(tables.publications.c.census_id == query.census_id)
    ).first()
    if row is None:
        raise model.UnknownPublication()
    return {"census_id": row.census_id, "at": row.at, **row.content}


QUERIES: dict[type[Query], Any] = {
    census.ListCensuses: list_censuses,
    census.GetCensus: get_census,
    census.GetForms: get_forms,
    census.ListBlocks: list_blocks,
    census.GetBlockMap: get_block_map,
    census.ListHouseholds: list_households,
    census.GetQuestionnaire: get_questionnaire,
    census.GetProgress: get_progress,
    census.ListKeyings: list_keyings,
    census.ListDifferences: list_differences,
    census.GetQuality: get_quality,
    census.ListCleanUp: list_clean_up,
    census.GetErasureCertificate: get_erasure_certificate,
    census.GetPublication: get_publication,
}
