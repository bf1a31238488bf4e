"""What is done to the registry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Forbidden, Invalid
from services.chassis.identifiers import within
from services.chassis.settings import settings
from services.contracts import citizens, property, registry
from services.contracts.roles import may
from services.registry import access, demonstration, geometry, model
from services.registry.classes import handlers as classes
from services.registry.estates import handlers as estates
from services.registry.events import handlers as grid_events
from services.registry.exchange import handlers as exchange
from services.registry.gridmap import handlers as gridmap
from services.registry.gridmap.model import DrawnGrid
from services.registry.model import Resident, today
from services.registry.people import handlers as people
from services.registry.privacy import handlers as privacy

ANNOUNCED = 60
"""Households the demonstration tells the departments of: those who live alone and are old come first."""


# -- grids, buildings, homes ---------------------------------------------------------------------------


def import_grids(work: Work, command: Any) -> dict[str, Any]:
    """All or nothing: what is stored tiles the community."""
    model.check_may(work.caller, registry.ImportGrids, command.community)
    if strangers := [grid["code"] for grid in command.grids if not within(grid["code"], command.community)]:
        raise model.GridsInUse(community=command.community, grids=", ".join(strangers))
    known = work.store.map_of(command.community)
    told = {grid["code"]: grid for grid in command.grids}
    drawn = [
        DrawnGrid(
            code,
            grid["name"],
            grid["geometry"],
            geometry.read(grid["geometry"], f"grids.{code}.geometry"),
        )
        for code, grid in {**known, **told}.items()
    ]
    boundary = geometry.read(command.boundary, "boundary") if command.boundary else None
    plan = gridmap.make_plan(work, command.community, drawn, known, boundary)
    if plan.faults:
        raise model.GridsOverlapOrGap.fields(
            {f"grids.{'.'.join(fault.grids)}.{fault.kind}": (fault.zh, fault.en) for fault in plan.faults},
            faults="; ".join(fault.en for fault in plan.faults[:5]),
            report=[fault.as_dict() for fault in plan.faults],
        )
    gridmap.apply(work, command.community, plan, command.boundary, None)
    return {"community": command.community, "imported": len(told), "grids": len(drawn)}


def add_building(work: Work, command: Any) -> dict[str, Any]:
    model.check_may(work.caller, registry.AddBuilding, command.grid)
    if work.store.grid(command.grid) is None:
        raise model.UnknownGrid(grid=command.grid)
    code = model.building_code(command.grid, command.number)
    names = ("grid", "address", "units", "floors", "built", "longitude", "latitude")
    if not work.store.add_buildings([{"code": code} | {name: getattr(command, name) for name in names}]):
        raise model.AlreadyRegistered(code=code)
    work.store.note_change(
        "building-added",
        at=work.now,
        on=today(work.now),
        place=command.grid,
        building=code,
        who=work.caller.account,
    )
    return {"building": code}


def add_household(work: Work, command: Any) -> dict[str, Any]:
    building = work.store.building(command.building)
    if building is None or not work.caller.may(may(registry.AddHousehold), building.grid):
        raise model.UnknownBuilding(building=command.building)
    code = model.household_code(building.code, command.unit, command.door)
    row = {
        "household": code,
        "place": building.grid,
        "building": building.code,
        "unit": command.unit,
        "door": command.door,
        "address": f"{building.address}{command.unit}单元{command.door}室",
        "area": command.area,
        "collective": command.collective,
        "changed_at": work.now,
    }
    if not work.store.add_households([row]):
        raise model.AlreadyRegistered(code=code)
    access.write_down(work, "household-added", work.store.household(code))
    return {"household": code, "address": row["address"]}


# -- residents -----------------------------------------------------------------------------------------


def register_resident(work: Work, command: Any) -> dict[str, Any]:
    household = access.household(work, command.household, registry.RegisterResident)
    told = Resident.of(household.household, vars(command))
    if work.store.claim_numbers([told.id_number]):
        raise model.ResidentKnown()
    _settle(work, household, [told], today(work.now), None, kind="registered")
    return {"resident_id": told.resident_id, "household": household.household}


def move_in(work: Work, command: Any) -> dict[str, Any]:
    household = access.household(work, command.household, registry.MoveIn)
    people = _people(household.household, command.residents, "residents")
    day = command.move_in_date or today(work.now)
    settled = _settle(work, household, people, day, command.case_no)
    return {"household": household.household, "residents": [one.resident_id for one in settled]}


def open_household(work: Work, event: Any) -> None:
    """A moving-in case reached its end at property management: its people are registered here."""
    if event.case_no and work.store.is_undone(event.case_no):
        return
    if work.store.household(event.household) is None:
        building, unit, door = model.door_of(event.household)
        row = {
            "household": event.household,
            "place": event.place,
            "address": event.address,
            "building": building if work.store.building(building) else None,
            "unit": unit,
            "door": door,
            "move_in_date": event.move_in_date,
            "changed_at": work.now,
        }
        work.store.add_households([row])
    household = work.store.household(event.household, lock=True)
    people = _people(event.household, event.members, "members")
    _settle(work, household, people, event.move_in_date or today(work.now), event.case_no)


def _people(household: str, told: Iterable[dict[str, Any]], path: str) -> list[Resident]:
    """Everybody checked, and every fault told at once."""
    people: list[Resident] = []
    faults: dict[str, tuple[str, str]] = {}
    for place, person in enumerate(told):
        try:
            people.append(Resident.of(household, person, f"{path}.{place}."))
        except Invalid as error:
            faults |= error.field_sentences
    if faults:
        raise Invalid.fields(faults)
    return people


def _settle(
    work: Work,
    household: Any,
    told_people: list[Resident],
    day: date,
    case_no: str | None,
    kind: str = "moved-in",
) -> list[Resident]:
    """These people live here from now on; the home they left, if any, has changed as well."""
    known = work.store.claim_numbers(told.id_number for told in told_people)
    living = {one.resident_id: one for one in work.store.living_in(household.household)}
    if not living and told_people:
        work.store.change_household(household.household, work.now, move_in_date=day)
    history = work.store.lines_of(one.resident_id for one in known.values())
    settled: dict[str, Resident] = {}
    left: set[str] = set()
    moved: list[dict[str, Any]] = []
    for told in told_people:
        resident = known.get(told.id_number or "") or next(
            (one for one in living.values() if one.is_same_person(told)), told
        )
        if resident.resident_id not in living:
            people.check_alive(resident)
            moved.append(_move(case_no, household.household, resident, known_before=resident is not told))
            if resident.household != household.household and resident.move_out_date is None:
                left.add(resident.household)
            how = "moved-within" if resident.household in left else kind
            resident.move_in_date, resident.move_out_date = day, None
            access.say_moved_in(work, resident, household, case_no)
            resident.take_over(told)
            on = people.not_before(history[resident.resident_id], day)
            access.write_down(work, how, household, resident, on, case_no=case_no)
        else:
            people.take_over(work, household, resident, told, case_no)
        living[resident.resident_id] = settled[resident.resident_id] = resident
        if resident.id_number:
            known[resident.id_number] = resident
    work.store.put_residents(settled.values(), work.now)
    if case_no:
        work.store.note_moves(moved)
    access.tell(work, household, list(living.values()))
    for code in sorted(left):
        access.tell(work, work.store.household(code), work.store.living_in(code))
    return list(settled.values())


def _move(case_no: str | None, household: str, resident: Resident, known_before: bool) -> dict[str, Any]:
    return {
        "case_no": case_no,
        "resident_id": resident.resident_id,
        "household": household,
        "former_household": resident.household if known_before else None,
        "former_relation": resident.relation,
        "former_move_in_date": resident.move_in_date,
        "former_move_out_date": resident.move_out_date,
    }


def undo_moving_in(work: Work, event: Any) -> None:
    """The case was withdrawn: its people live where they lived before. Who has moved on since then stays there."""
    if not work.store.mark_undone(event.case_no, work.now):
        return
    moves = work.store.moves_of(event.case_no)
    homes = {code for move in moves for code in (move.household, move.former_household) if code}
    known = {code: work.store.household(code, lock=True) for code in sorted(homes)}
    for move in moves:
        resident = work.store.resident(move.resident_id)
        if resident.household != move.household or resident.move_out_date is not None:
            continue
        resident.move_out_date = today(work.now)
        access.say_moved_out(work, resident, known[move.household])
        if move.former_household:
            resident.household, resident.relation = move.former_household, move.former_relation
            resident.move_in_date = move.former_move_in_date
            resident.move_out_date = move.former_move_out_date
            if resident.move_out_date is None:
                access.say_moved_in(work, resident, known[move.former_household], event.case_no)
        work.store.put_residents([resident], work.now)
        home = known[resident.household]
        on = people.not_before(
            work.store.lines_of([resident.resident_id])[resident.resident_id], today(work.now)
        )
        access.write_down(work, "undone", home, resident, on, case_no=event.case_no)
    for code, household in known.items():
        access.tell(work, household, work.store.living_in(code))


def move_out(work: Work, command: Any) -> dict[str, Any]:
    resident, household = access.resident(work, command.resident_id, registry.MoveOut)
    if resident.move_out_date is None:
        people.move_out(work, resident, household, command.move_out_date or today(work.now))
    return {"resident_id": resident.resident_id, "move_out_date": resident.move_out_date}


def set_contact(work: Work, command: Any) -> dict[str, Any]:
    household = access.household(work, command.household, registry.SetContact)
    work.store.change_household(
        household.household,
        work.now,
        contact_name=command.contact_name,
        contact_phone=command.contact_phone,
    )
    access.write_down(work, "contact", household, fields=("contact_name", "contact_phone"))
    access.tell(work, work.store.household(household.household), work.store.living_in(household.household))
    return {"household": household.household}


# -- consent, and looking at whole values --------------------------------------------------------------


def record_consent(work: Work, command: Any) -> dict[str, Any]:
    resident, household = access.resident(work, command.resident_id, registry.RecordConsent)
    model.check_guardian(resident, command.guardian, today(work.now))
    work.store.add_consent(
        resident.resident_id, command.purpose, command.given, command.guardian, work.now, work.caller.account
    )
    # Whoever acts on a consent hears of its end.
    access.tell(work, household, work.store.living_in(household.household))
    return {"resident_id": resident.resident_id, "purpose": command.purpose, "given": command.given}


def look_at_resident(work: Work, command: Any) -> dict[str, Any]:
    resident, household = access.resident(work, command.resident_id, registry.LookAtResident)
    access.note_look(work, resident, list(model.PERSONAL), command.why, command.case_no)
    return model.whole(resident) | {
        "resident_id": resident.resident_id,
        "household": household.household,
        "address": household.address,
    }


def prefill(work: Work, command: Any) -> dict[str, Any]:
    if not (command.id_number or command.household or command.place):
        raise model.PrefillNeedsSomething()
    if not work.caller.has(*may(registry.Prefill)):
        raise Forbidden()
    values: dict[str, Any] = {}
    code = command.household
    if command.id_number:
        number = command.id_number.strip().upper()
        if not citizens.check_id_number(number):
            raise Invalid.fields({"id_number": model.ID_SENTENCES})
        resident = work.store.resident_by_number(number)
        home = resident and _home_within_reach(work, resident.household)
        if resident and home and not work.store.has_refused(resident.resident_id, "prefill"):
            values |= model.known_of(resident)
            access.note_look(work, resident, sorted(values), "prefill")
            code = code or (resident.household if resident.move_out_date is None else None)
    household = _home_within_reach(work, code) if code else None
    if household:
        values |= model.known_of_home(household, len(work.store.living_in(household.household)))
    grid = work.store.grid((household.place if household else command.place) or "")
    if grid:
        values |= {"grid.code": grid.code, "grid.name": grid.name}
    return {"values": {path: _sourced(value) for path, value in values.items() if value is not None}}


def _home_within_reach(work: Work, code: str) -> Any:
    household = work.store.household(code)
    return household if household and work.caller.may(may(registry.Prefill), household.place) else None


def _sourced(value: Any) -> dict[str, Any]:
    return {"value": value, "source": {"office": "registry", "zh": "人房底册", "en": "Registry"}}


# -- the demonstration ---------------------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    community = command.community or settings().place
    if not work.caller.may("admin", ""):
        raise Forbidden()
    known = work.store.map_of(community)  # its lock: of two loaders the second finds everything there
    there = work.store.count_households(community)
    if there >= command.households:
        return {"loaded": False, "households": there}
    made = demonstration.build(community, command.seed, command.households, work.now)
    drawn = [DrawnGrid(**grid, shape=geometry.read(grid["geometry"], grid["code"])) for grid in made.grids]
    gridmap.apply(work, community, gridmap.make_plan(work, community, drawn, known, None), None, None)
    work.store.add_buildings(made.buildings)
    work.store.add_households(made.households)
    registered = work.store.add_residents(made.residents, work.now)
    living = defaultdict(list)
    for resident in made.residents:
        living[resident.household].append(resident)
    told = _announced(made.households, living, today(work.now))
    homes = {one["household"]: SimpleNamespace(**one) for one in made.households}
    for resident in made.residents:
        access.write_down(work, "registered", homes[resident.household], resident, resident.move_in_date)
    for code in told:
        access.tell(work, work.store.household(code), living[code])
    return {
        "loaded": True,
        "grids": len(made.grids),
        "buildings": len(made.buildings),
        "households": len(made.households),
        "residents": registered,
        "announced": len(told),
    }


def _announced(households: list[dict[str, Any]], living: dict[str, list[Resident]], day: date) -> list[str]:
    """Two thirds are elders who live alone, the rest as they come."""

    def is_elder_alone(code: str) -> bool:
        people = living[code]
        return len(people) == 1 and (people[0].age(day) or 0) >= model.ELDER

    codes = [household["household"] for household in households]
    elders = [code for code in codes if is_elder_alone(code)][: ANNOUNCED * 2 // 3]
    others = [code for code in codes if code not in set(elders)]
    return elders + others[: ANNOUNCED - len(elders)]


EVENTS: dict[type[Any], Callable[[Work, Any], None]] = {
    property.HouseholdFileOpened: open_household,
    property.MovingInUndone: undo_moving_in,
    # gridmap: an event that became a case closes with it
    **grid_events.EVENTS,
    # people, exchange, privacy
    **people.EVENTS,
    **privacy.EVENTS,
}
COMMANDS: dict[type[Any], Callable[[Work, Any], Any]] = {
    registry.ImportGrids: import_grids,
    registry.AddBuilding: add_building,
    registry.AddHousehold: add_household,
    registry.RegisterResident: register_resident,
    registry.MoveIn: move_in,
    registry.MoveOut: move_out,
    registry.SetContact: set_contact,
    registry.RecordConsent: record_consent,
    registry.LookAtResident: look_at_resident,
    registry.Prefill: prefill,
    registry.LoadDemonstration: load_demonstration,
    # gridmap: the rooms of the map, the street, estates and classes
    **gridmap.COMMANDS,
    **grid_events.COMMANDS,
    **estates.COMMANDS,
    **classes.COMMANDS,
    # people, exchange, privacy
    **people.COMMANDS,
    **exchange.COMMANDS,
    **privacy.COMMANDS,
}

TIMERS: dict[Callable[[Work], None], timedelta] = {
    **grid_events.TIMERS,  # what is late in the grids
    **classes.TIMERS,  # which class a community is of now
    **exchange.TIMERS,
}
