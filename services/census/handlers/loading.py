"""The demonstration census: blocks over the buildings that were given, three quarters of them enumerated."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

from services.census import demonstration, forms, model
from services.census.handlers.planning import draw
from services.chassis.database import Work


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.has("admin"):
        raise model.OnlyForAdministrators()
    seed = command.seed
    census_id = _name(seed, command.place)
    if work.store.census(census_id, lock=False):
        return {"loaded": False}
    census = model.Census(
        census_id, demonstration.NAME, command.place, demonstration.REFERENCE,
        _united(command.areas), f"demonstration-{seed:08}", "planned", work.now, "demonstration",
    )  # fmt: skip
    if not work.store.add_census(census):  # another administrator was quicker
        return {"loaded": False}
    work.store.put_buildings(
        census.id,
        [
            {"building": one["code"], "address": one["address"], "longitude": one["longitude"],
             "latitude": one["latitude"], "persons": demonstration.persons_of(seed, one["code"])}
            for one in command.buildings
        ],
    )  # fmt: skip
    census.move("draw")
    blocks = draw(work, census)
    for block in blocks:
        number = block["number"]
        enumerator = demonstration.ENUMERATORS[number % len(demonstration.ENUMERATORS)]
        work.store.assign_block(census.id, number, enumerator)
    census.move("enumerating")
    work.store.save_census(census)
    made = _enumerate(work, census, seed)
    return {"loaded": True, "census_id": census.id, "blocks": len(blocks), **made}


def _united(areas: list[dict[str, Any]]) -> dict[str, Any]:
    from services.census import mosaic

    return mosaic.united(areas)


def _name(*words: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(("yikou-census", *map(str, words)))))


def _enumerate(work: Work, census: model.Census, seed: int) -> dict[str, int]:
    """Written at once, as a thousand visits would have left it."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    serials: Counter[int] = Counter()
    at = census.reference_at + timedelta(days=2)
    for building in work.store.buildings(census.id):
        for door in demonstration.doors():
            serials[building.block] += 1
            household_id = _name(census.id, building.building, door)
            home = {"id": household_id, "census_id": census.id, "block": building.block, "door": door,
                    "serial": serials[building.block], "building": building.building, "kind": "family",
                    "visits": 0, "last_visit": None}  # fmt: skip
            state = demonstration.outcome(seed, building.block, household_id)
            enumerator = demonstration.ENUMERATORS[building.block % len(demonstration.ENUMERATORS)]
            written = _Written(census, home, enumerator, at, rows)
            written.put(seed, state)
    for number, count in serials.items():
        work.store.set_households(census.id, number, count)
    for table in ("households", "visits", "questionnaires", "versions"):
        work.store.put_many(table, rows[table])
    return {name: len(rows[name]) for name in ("households", "questionnaires")}


class _Written:
    """What one household leaves in the tables."""

    def __init__(
        self,
        census: model.Census,
        home: dict[str, Any],
        by: str,
        at: Any,
        rows: dict[str, list[dict[str, Any]]],
    ) -> None:
        self.census, self.home, self.by, self.at, self.rows = census, home, by, at, rows
        self.forms: dict[str, str] = {}

    def put(self, seed: int, state: str) -> None:
        due, visits = (
            ["short"],
            {"listed": 0, "absent": self.census.figures.visits_until_absent}.get(state, 1),
        )
        last = state if state in ("absent", "refused", "vacant") else "answered" if visits else None
        if state in ("confirmed", "read-back", "open"):
            told = demonstration.short(seed, self.home["id"])
            self._form("short", told, state)
            if state == "confirmed":
                due = model.forms_due(
                    self.census, self.home["block"], self.home["serial"], True, told["household"]["deaths"]
                )
                if "long" in due:
                    self._form("long", demonstration.long(seed, self.home["id"], told), state)
                if "death" in due:
                    self._form("death", demonstration.death(seed, self.home["id"]), state)
        for number in range(visits):
            self.rows["visits"].append(
                {"id": _name(self.home["id"], number), "household_id": self.home["id"], "by": self.by,
                 "at": self.at + timedelta(days=number), "outcome": last, "note": None}
            )  # fmt: skip
        until_absent = self.census.figures.visits_until_absent
        self.home |= {"visits": visits, "last_visit": last}
        self.home["state"] = model.state_of(last, visits, until_absent, self.forms, due)
        self.rows["households"].append(self.home)

    def _form(self, form: str, answers: dict[str, Any], state: str) -> None:
        confirmed = state == "confirmed"
        self.forms[form] = state
        key = {"household_id": self.home["id"], "form": form, "version": 1}
        self.rows["questionnaires"].append({**key, "state": state, "confirmed_once": confirmed})
        rest, taken = forms.parted(self.census.book, form, answers)
        self.rows["versions"].append(
            {**key, "answers": rest, "identifying": taken, "cause": "first", "keyed_by": self.by,
             "saved_at": self.at, "confirmed_at": self.at if confirmed else None,
             "confirmed_person": 1 if confirmed else None, "confirmed_manner": "heard" if confirmed else None}
        )  # fmt: skip
