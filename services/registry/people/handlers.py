"""Births, deaths, moves and corrections: each a line of the history, and whoever has to know is told (flow 16)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import frontdesk, people
from services.registry import access, model
from services.registry.model import Resident, today
from services.registry.people import model as history

Evidence = Sequence[dict[str, Any]]

# -- changes -------------------------------------------------------------------------------------------


def record_birth(work: Work, command: Any) -> dict[str, Any]:
    home = access.household(work, command.household, people.RecordBirth)
    history.check_evidence("born", command.evidence, people.EVIDENCE)
    history.check_day(command.birth_date, today(work.now))
    child = Resident.of(home.household, vars(command) | {"name": command.name or "新生儿"})
    if child.birth_date != command.birth_date:
        sentence = ("与身份证号中的出生日期不一致。", "Not the birth date of the ID number.")
        raise model.Invalid.fields({"birth_date": sentence})
    if work.store.claim_numbers([child.id_number]):
        raise model.ResidentKnown()
    child.sex, child.move_in_date = child.sex or command.sex, command.birth_date
    work.store.put_residents([child], work.now)
    change = _write(work, "born", home, child, command.birth_date, command)
    living = work.store.living_in(home.household)
    work.say(people.ResidentBorn, subject=child.resident_id, **_whom(child, home, living))
    access.tell(work, home, living)
    _recheck(work, change, "born", home, child)
    return {"resident_id": child.resident_id, "change_id": change}


def record_death(work: Work, command: Any) -> dict[str, Any]:
    person, home = _person(work, command.resident_id, people.RecordDeath)
    history.check_evidence("died", command.evidence, people.EVIDENCE)
    history.check_day(command.died_on, today(work.now))
    check_alive(person)
    _check_order(work, person, command.died_on)
    person.died_on = command.died_on
    if person.move_out_date is None:
        person.move_out_date = command.died_on
    work.store.put_residents([person], work.now)
    change = _write(work, "died", home, person, command.died_on, command)
    _say_died(work, person, home)
    _recheck(work, change, "died", home, person)
    return {"resident_id": person.resident_id, "change_id": change}


def _say_died(work: Work, person: Resident, home: Any) -> None:
    living = work.store.living_in(home.household)
    work.say(
        people.ResidentDied, subject=person.resident_id, died_on=person.died_on, **_whom(person, home, living)
    )
    access.tell(work, home, living)


def move_residents(work: Work, command: Any) -> dict[str, Any]:
    history.check_evidence(command.why, command.evidence, people.EVIDENCE)
    history.check_day(command.effective_on, today(work.now))
    relations = {one["resident_id"]: one["relation"] for one in command.residents}
    found = [access.resident(work, who, people.MoveResidents) for who in relations]
    codes = sorted({home.household for _, home in found} | {command.household})
    homes = {code: access.household(work, code, people.MoveResidents) for code in codes}
    target = homes[command.household]
    kind = "moved-within" if command.why == "moved" else command.why
    noted: list[str] = []
    for who in sorted(relations):
        person, former = _person(work, who, people.MoveResidents)
        check_alive(person)
        if person.household == target.household and person.move_out_date is None:
            continue
        _check_order(work, person, command.effective_on)
        person.household, person.relation = target.household, relations[who]
        person.move_in_date, person.move_out_date = command.effective_on, None
        work.store.put_residents([person], work.now)
        access.say_moved_in(work, person, target, command.case_no)
        change = _write(work, kind, target, person, command.effective_on, command)
        _recheck(work, change, kind, target, person)
        noted.append(change)
        homes.setdefault(former.household, former)
    for code, home in homes.items():
        access.tell(work, home, work.store.living_in(code))
    return {"household": target.household, "changes": noted}


def move_out(work: Work, person: Resident, home: Any, day: date) -> None:
    """The order MoveOut, which knows neither reason nor papers."""
    on = not_before(_lines(work, person), day)
    person.move_out_date = day
    work.store.put_residents([person], work.now)
    change = access.write_down(work, "moved-out", home, person, on)
    access.say_moved_out(work, person, home)
    access.tell(work, home, work.store.living_in(home.household))
    _recheck(work, change, "moved-out", home, person)


def change_resident(work: Work, command: Any) -> dict[str, Any]:
    person, home = _person(work, command.resident_id, people.ChangeResident)
    told = {name: value for name in ("relation", "phone", "name") if (value := getattr(command, name))}
    changed = {name: value for name, value in told.items() if value != getattr(person, name)}
    if not told:
        raise history.NothingChanges()
    history.check_day(command.effective_on, today(work.now))
    if "name" in changed:
        history.check_evidence("name", command.evidence, people.EVIDENCE)
    noted = _take(work, home, person, changed, command.effective_on, command)
    if noted:
        work.store.put_residents([person], work.now)
        access.tell(work, home, work.store.living_in(home.household))
    return {"resident_id": person.resident_id, "changes": noted}


def _take(
    work: Work, home: Any, person: Resident, changed: dict[str, Any], on: date, command: Any = None
) -> list[str]:
    """A relation is a line of its own, because a past day is read from it; the values of before are kept apart."""
    before = {name: getattr(person, name) for name in changed if getattr(person, name) is not None}
    for name, value in changed.items():
        setattr(person, name, value)
    noted = []
    if "relation" in changed:
        noted.append(_write(work, "relation", home, person, on, command, fields=["relation"]))
    if values := sorted(changed.keys() - {"relation"}):
        more = {"fields": values, "before": {name: before[name] for name in values if name in before}}
        noted.append(_write(work, "details", home, person, on, command, **more))
    return noted


def take_over(work: Work, home: Any, person: Resident, told: Resident, case_no: str | None) -> None:
    """Who lives here already is told again: what is new about him is written down."""
    names = ("name", "id_number", "phone", "relation", "birth_date", "sex")
    changed = {
        name: value
        for name in names
        if (value := getattr(told, name)) is not None and value != getattr(person, name)
    }
    if told.is_party_member and not person.is_party_member:
        changed["is_party_member"] = True
    _take(work, home, person, changed, today(work.now))


# -- corrections ---------------------------------------------------------------------------------------


def correct_change(work: Work, command: Any) -> dict[str, Any]:
    """The person lives where the history now says; whoever was told of the mistake is told again."""
    wrong = work.store.change(command.change_id)
    if wrong is None or wrong.resident_id is None:
        raise history.UnknownChange()
    if not any(wrong.place.startswith(scope) for scope in work.caller.scopes()):
        raise history.UnknownChange()
    model.check_may(work.caller, people.CorrectChange, wrong.place)
    person, home = _person(work, wrong.resident_id, people.CorrectChange)
    if work.store.erased_at(person.resident_id):
        raise history.UnknownChange()
    if wrong.kind not in history.RESIDENCE | {history.RELATION}:
        raise history.NotCorrectable(kind=wrong.kind)
    if by := work.store.corrected_by(wrong.change_id):
        raise history.AlreadyCorrected(by=by)
    if not command.strike and command.effective_on is None and command.relation is None:
        raise history.NothingChanges()
    day = command.effective_on or wrong.effective_on
    history.check_day(day, today(work.now))
    change: str = work.store.note_change(
        history.STRUCK if command.strike else wrong.kind,
        at=work.now,
        on=day,
        place=wrong.place,
        household=wrong.household,
        resident_id=wrong.resident_id,
        lives_in=wrong.lives_in,
        relation=command.relation or wrong.relation,
        reason=command.reason,
        evidence=command.evidence,
        who=work.caller.account,
        case_no=command.case_no,
        corrects=wrong.change_id,
    )
    work.store.write_changes()
    _live_as_written(work, person, home)
    if command.strike:
        for due in work.store.rechecks_of_change(wrong.change_id):
            work.store.end_recheck(due.finding_id, "retracted", work.now)
            work.say(
                frontdesk.FindingRetracted,
                subject=due.finding_id,
                finding_id=due.finding_id,
                reason="登记有误，已更正 · entered by mistake, corrected",
                at=work.now,
            )
    return {"resident_id": person.resident_id, "change_id": change}


def _live_as_written(work: Work, person: Resident, home: Any) -> None:
    stay = history.follow(_lines(work, person))
    person.household = stay.household or stay.last or person.household
    person.relation, person.died_on = stay.relation, stay.died_on
    if stay.household:
        person.move_in_date, person.move_out_date = stay.since, None
    else:
        person.move_out_date = stay.since or today(work.now)
    work.store.put_residents([person], work.now)
    for code in sorted({home.household, person.household}):
        access.tell(work, work.store.household(code), work.store.living_in(code))


# -- what has to be looked at again --------------------------------------------------------------------


def _recheck(work: Work, change: str, kind: str, home: Any, person: Resident) -> None:
    """One case of the front desk: the grid looks, benefits are gone through, and the branch when he is a member."""
    finding = new_id()
    work.store.add_recheck(
        finding_id=finding,
        change_id=change,
        resident_id=person.resident_id,
        household=home.household,
        place=home.place,
        kind=kind,
        at=work.now,
    )
    work.say(
        frontdesk.HouseholdRecheckDue,
        subject=finding,
        finding_id=finding,
        place=home.place,
        household=home.household,
        address=home.address,
        type=kind,
        party_member=person.is_party_member,
        evidence={"resident_id": person.resident_id, "change_id": change, "kind": kind},
        raised_at=work.now,
    )


def close_recheck(work: Work, event: Any) -> None:
    if event.finder == "registry" and event.finding_id:
        work.store.end_recheck(event.finding_id, "done", work.now, event.case_no)


# -- small things --------------------------------------------------------------------------------------


def _person(work: Work, resident_id: str, contract: Any) -> tuple[Resident, Any]:
    """Locked, home first: whoever moves a family takes the homes in order before the persons."""
    _, home = access.resident(work, resident_id, contract)
    access.household(work, home.household, contract)
    work.store.lock_resident(resident_id)
    return access.resident(work, resident_id, contract)


def _lines(work: Work, person: Resident) -> list[Any]:
    lines: list[Any] = work.store.lines_of([person.resident_id])[person.resident_id]
    return lines


def check_alive(person: Resident) -> None:
    if person.died_on is not None:
        raise history.AlreadyDead()


def _check_order(work: Work, person: Resident, day: date) -> None:
    last = history.last_day(_lines(work, person))
    if last is not None and day < last:
        raise history.BeforeTheLast(last=last.isoformat())


def not_before(lines: Iterable[Any], day: date) -> date:
    """For news that cannot be refused: what is told late takes effect no earlier than what is known already."""
    return max(day, history.last_day(lines) or day)


def _whom(person: Resident, home: Any, living: list[Resident]) -> dict[str, Any]:
    return {
        "resident_id": person.resident_id,
        "household": home.household,
        "place": home.place,
        "persons": len(living),
    }


def _write(
    work: Work, kind: str, home: Any, person: Resident, on: date, command: Any = None, **more: Any
) -> str:
    if command is not None:
        more |= {"reason": command.reason, "evidence": command.evidence, "case_no": command.case_no}
    return access.write_down(work, kind, home, person, on, **more)


EVENTS: dict[type[Any], Callable[[Work, Any], None]] = {frontdesk.CaseClosed: close_recheck}
COMMANDS: dict[type[Any], Callable[[Work, Any], dict[str, Any]]] = {
    people.RecordBirth: record_birth,
    people.RecordDeath: record_death,
    people.MoveResidents: move_residents,
    people.ChangeResident: change_resident,
    people.CorrectChange: correct_change,
}
