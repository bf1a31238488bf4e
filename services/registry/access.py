"""Who may touch which home and person, and how the others are told what became of them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import within
from services.contracts import registry
from services.contracts.roles import Contract
from services.registry import model
from services.registry.model import Resident, today


def household(work: Work, code: str, contract: Contract) -> Any:
    """Locked, so that two clerks change it one after the other; outside the caller's areas it does not exist."""
    found = work.store.household(code, lock=True)
    if found is None or not any(within(found.place, scope) for scope in work.caller.scopes()):
        raise model.UnknownHousehold(household=code)
    model.check_may(work.caller, contract, found.place)
    return found


def resident(work: Work, resident_id: str, contract: Contract) -> tuple[Resident, Any]:
    person = work.store.resident(resident_id)
    home = work.store.household(person.household) if person else None
    if home is None or not any(within(home.place, scope) for scope in work.caller.scopes()):
        raise model.UnknownResident()
    model.check_may(work.caller, contract, home.place)
    return person, home


def tell(work: Work, home: Any, living: list[Resident], spoke: Container[str] | None = None) -> None:
    """`spoke`: who ever spoke about the welfare watch, when many homes are told of at once."""
    facts = model.facts_of(home, living, today(work.now))
    alone = living[0].resident_id if len(living) == 1 else None
    if alone and (spoke is None or alone in spoke) and work.store.has_refused(alone, "welfare-watch"):
        facts["watch_refused"] = True
    work.say(registry.HouseholdChanged, subject=home.household, at=work.now, **facts)


def say_moved_in(work: Work, person: Resident, home: Any, case_no: str | None) -> None:
    work.say(
        registry.ResidentMovedIn,
        subject=person.resident_id,
        resident_id=person.resident_id,
        household=home.household,
        place=home.place,
        move_in_date=person.move_in_date or today(work.now),
        case_no=case_no,
    )


def say_moved_out(work: Work, person: Resident, home: Any) -> None:
    work.say(
        registry.ResidentMovedOut,
        subject=person.resident_id,
        resident_id=person.resident_id,
        household=home.household,
        place=home.place,
        move_out_date=person.move_out_date,
    )


def note_look(
    work: Work, person: Resident, fields: Sequence[str], why: str, case_no: str | None = None
) -> None:
    caller = work.caller
    work.store.note_look(
        at=work.now,
        account=caller.account,
        kind=caller.kind,
        department=caller.department,
        resident_id=person.resident_id,
        fields=list(fields),
        why=why,
        case_no=case_no,
    )


def write_down(
    work: Work, kind: str, home: Any, person: Resident | None = None, on: date | None = None, **more: Any
) -> str:
    """A line of the history about a home, or about a person in it."""
    if person is not None:
        more.setdefault("lives_in", home.household if person.move_out_date is None else None)
        more.setdefault("relation", person.relation)
    change_id: str = work.store.note_change(
        kind,
        at=work.now,
        on=on or today(work.now),
        place=home.place,
        household=home.household,
        resident_id=person.resident_id if person else None,
        who=work.caller.account,
        **more,
    )
    return change_id
