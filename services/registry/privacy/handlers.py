"""Erasure with a certificate, who saw what, and telling those whom a breach concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id, within
from services.contracts import privacy, registry
from services.contracts.retention import KEPT, LIVES_HERE
from services.registry import access, model
from services.registry.privacy import model as rules

SHOWN_AT_ONCE = 200


def erase_resident(work: Work, command: Any) -> dict[str, Any]:
    """Everything when he lives here no more; while he does, what he may take back: telephone, consents, old values."""
    rules.check_identity(command.identity_checked)
    person, home = access.resident(work, command.resident_id, privacy.EraseResident)
    home = access.household(work, home.household, privacy.EraseResident)
    work.store.lock_resident(person.resident_id)
    if work.store.erased_at(person.resident_id):
        raise rules.AlreadyErased(certificate=work.store.last_erasure_of(person.resident_id))
    if under_way := work.store.open_erasure_of(person.resident_id):
        raise rules.ErasureUnderWay(certificate=under_way)
    certificate = new_id()
    work.store.add_erasure(
        certificate=certificate,
        resident_id=person.resident_id,
        place=home.place,
        reason=command.reason,
        asked_by=command.asked_by,
        account=work.caller.account,
        asked_at=work.now,
    )
    lives_here = person.move_out_date is None
    deleted = ["former values"] if work.store.forget_former_values(person.resident_id) else []
    deleted += ["proposals"] if work.store.forget_proposals(person.resident_id) else []
    if work.store.forget_contact(home.household, person.name, person.phone, work.now):
        deleted.append("contact of the household")
    kept = list(KEPT["registry"])
    if lives_here:
        kept.append(LIVES_HERE)
        deleted.append("phone")
        person.phone = None
        work.store.put_residents([person], work.now)
        _take_back_consents(work, person)
    else:
        deleted += list(model.PERSONAL)
        work.store.blank(person.resident_id, work.now)
    access.write_down(work, "erased", home, person, relation=None, reason=command.reason, fields=deleted)
    work.store.add_answer(
        certificate=certificate, office="registry", deleted=sorted(deleted), kept=kept, at=work.now
    )
    living = work.store.living_in(home.household)
    work.say(
        privacy.ResidentErased,
        subject=person.resident_id,
        certificate=certificate,
        resident_id=person.resident_id,
        household=home.household,
        vacated=not living,
        at=work.now,
    )
    access.tell(work, work.store.household(home.household), living)
    return {"certificate": certificate, "state": "open", "deleted": sorted(deleted), "kept": kept}


def _take_back_consents(work: Work, person: Any) -> None:
    for purpose in registry.PURPOSES:
        if not work.store.has_refused(person.resident_id, purpose):
            work.store.add_consent(person.resident_id, purpose, False, None, work.now, work.caller.account)


def note_answer(work: Work, event: Any) -> None:
    """One office more has said what it deleted and what it must keep."""
    erasure = work.store.erasure(event.certificate)
    if erasure is None:
        return
    work.store.add_answer(
        certificate=event.certificate,
        office=event.office,
        deleted=event.deleted,
        kept=event.kept,
        at=event.at,
    )
    if erasure.state == "open":
        state = rules.answered(erasure.state, work.store.who_answered(event.certificate))
        work.store.save_erasure(
            event.certificate, state=state, completed_at=work.now if state == "complete" else None
        )


def ask_who_saw(work: Work, command: Any) -> dict[str, Any]:
    """The resident asks at the desk; what he is shown names offices and accounts, for it is his own data they saw."""
    rules.check_identity(command.identity_checked)
    person, _ = access.resident(work, command.resident_id, privacy.AskWhoSaw)
    seen = work.store.looks_at(person.resident_id, SHOWN_AT_ONCE)
    access.note_look(work, person, ["looks"], "本人查询谁看过其信息 · asked himself who saw his data")
    names = ("at", "account", "kind", "department", "fields", "why", "case_no")
    return {
        "resident_id": person.resident_id,
        "looks": [{name: getattr(line, name) for name in names} for line in seen],
        "more": len(seen) == SHOWN_AT_ONCE,
    }


def report_breach(work: Work, command: Any) -> dict[str, Any]:
    persons = [access.resident(work, who, privacy.ReportBreach) for who in sorted(set(command.residents))]
    breach_id = new_id()
    work.store.add_breach(
        {
            "breach_id": breach_id,
            "what": command.what,
            "data_kinds": command.data_kinds,
            "measures": command.measures,
            "found_at": command.found_at,
            "reported_at": work.now,
            "account": work.caller.account,
        },
        [
            {"breach_id": breach_id, "resident_id": person.resident_id, "place": home.place}
            for person, home in persons
        ],
    )
    return {"breach_id": breach_id, "affected": len(persons)}


def note_told(work: Work, command: Any) -> dict[str, Any]:
    """The first time counts."""
    found = work.store.breach_person(command.breach_id, command.resident_id)
    if found is None or not any(within(found.place, scope) for scope in work.caller.scopes()):
        raise rules.UnknownBreach()
    model.check_may(work.caller, privacy.NoteTold, found.place)
    if found.told_at is None:
        work.store.note_told(
            command.breach_id,
            command.resident_id,
            told_at=work.now,
            how=command.how,
            told_by=work.caller.account,
        )
    return {"breach_id": command.breach_id, "told_at": found.told_at or work.now}


EVENTS: dict[type[Any], Callable[[Work, Any], None]] = {privacy.ErasureAnswered: note_answer}
COMMANDS: dict[type[Any], Callable[[Work, Any], dict[str, Any]]] = {
    privacy.EraseResident: erase_resident,
    privacy.AskWhoSaw: ask_who_saw,
    privacy.ReportBreach: report_breach,
    privacy.NoteTold: note_told,
}
