"""What is done to estates, owners and handings over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import estates
from services.contracts.messages import Command
from services.contracts.roles import may
from services.registry import model as registry_model
from services.registry import rulebook
from services.registry.classes.handlers import recompute
from services.registry.estates import model
from services.registry.estates.model import Handover

# -- estates -------------------------------------------------------------------------------------------


def record_estate(work: Work, command: Any) -> dict[str, Any]:
    registry_model.check_may(work.caller, estates.RecordEstate, command.community)
    model.check_company(command.company, command.company_code, command.contract_id)
    code = model.estate_code(command.community, command.number)
    facts = {name: getattr(command, name) for name in model.RECORDED}
    facts["facilities"] = facts["facilities"] or []
    if not work.store.add_estate(estate=code, community=command.community, recorded_at=work.now, **facts):
        raise registry_model.AlreadyRegistered(code=code)
    _put_buildings(work, code, command.community, command.buildings or [])
    _note(work, code, model.changes({}, facts | {"buildings": sorted(command.buildings or [])}))
    return {"estate": code}


def change_estate(work: Work, command: Any) -> dict[str, Any]:
    estate = _estate(work, command.estate, estates.ChangeEstate)
    before = {name: getattr(estate, name) for name in model.RECORDED}
    told = {name: value for name in model.RECORDED if (value := getattr(command, name)) is not None}
    after = before | told
    model.check_company(after["company"], after["company_code"], after["contract_id"])
    changed = model.changes(before, after)
    if command.buildings is not None:
        had = work.store.buildings_of_estate(command.estate)
        _put_buildings(work, command.estate, estate.community, command.buildings)
        changed |= model.changes({"buildings": had}, {"buildings": sorted(command.buildings)})
    if changed:
        if told:
            work.store.change_estate(command.estate, **told)
        _note(work, command.estate, changed)
    return {"estate": command.estate, "changed": sorted(changed)}


def dismiss_company(work: Work, command: Any) -> dict[str, Any]:
    estate = _estate(work, command.estate, estates.DismissCompany)
    nobody = {"company": None, "company_code": None, "contract_id": None}
    changed = model.changes({name: getattr(estate, name) for name in nobody}, nobody)
    if changed:
        work.store.change_estate(command.estate, **nobody)
        _note(work, command.estate, changed | {"reason": command.reason})
    return {"estate": command.estate, "changed": sorted(changed)}


def _estate(work: Work, code: str, contract: type[Command]) -> Any:
    estate = work.store.estate(code, lock=True)
    if estate is None or not any(estate.community.startswith(scope) for scope in work.caller.scopes()):
        raise model.UnknownEstate(estate=code)
    registry_model.check_may(work.caller, contract, estate.community)
    return estate


def _put_buildings(work: Work, code: str, community: str, buildings: list[str]) -> None:
    if strangers := work.store.put_estate_buildings(code, community, buildings):
        raise model.BuildingTaken(buildings=", ".join(strangers))


def _note(work: Work, code: str, changed: dict[str, Any]) -> None:
    estate = work.store.estate(code)
    work.store.note_estate_change(code, work.now, work.caller.account, changed)
    work.say(
        estates.EstateChanged,
        subject=code,
        estate=code,
        community=estate.community,
        name=estate.name,
        gated=estate.gated,
        company=estate.company,
        company_code=estate.company_code,
        contract_id=estate.contract_id,
        buildings=work.store.buildings_of_estate(code),
        at=work.now,
    )
    recompute(work, estate.community)


# -- owners --------------------------------------------------------------------------------------------


def record_owners(work: Work, command: Any) -> dict[str, Any]:
    home = work.store.household(command.household, lock=True)
    if home is None or not any(home.place.startswith(scope) for scope in work.caller.scopes()):
        raise registry_model.UnknownHousehold(household=command.household)
    registry_model.check_may(work.caller, estates.RecordOwners, home.place)
    shares = model.check_owners(command.owners)
    before = work.store.owned_now(command.household)
    last = max((row.since for row in before), default=None)
    if command.since > registry_model.today(work.now) or (last and command.since <= last):
        raise model.OwnersOutOfOrder(household=command.household, since=last or "—")
    area = home.area if command.area is None else command.area
    if area != home.area:
        work.store.change_household(command.household, work.now, area=area)
    nameless = {(row.kind, row.name): row.owner_id for row in before if row.number is None}
    rows, told = [], []
    for owner, share in zip(command.owners, shares, strict=True):
        number = owner["number"].strip().upper() if owner["number"] else None
        known = nameless.pop((owner["kind"], owner["name"]), None)
        owner_id = work.store.put_owner(owner["kind"], owner["name"], number, owner["phone"], known)
        rows.append(
            {
                "household": command.household,
                "owner_id": owner_id,
                "numerator": share.numerator,
                "denominator": share.denominator,
                "since": command.since,
                "basis": command.basis,
                "recorded_by": work.caller.account,
                "recorded_at": work.now,
            }
        )
        part = model.area_of(area, share)
        told.append(
            {
                "owner_id": owner_id,
                "kind": owner["kind"],
                "share": str(share),
                "area": None if part is None else str(part),
            }
        )
    work.store.pass_ownership(command.household, command.since, rows)
    work.say(
        estates.OwnersChanged,
        subject=command.household,
        household=command.household,
        place=home.place,
        estate=work.store.estate_of_home(home),
        area=area,
        owners=told,
        since=command.since,
        at=work.now,
    )
    return {"household": command.household, "owners": told}


# -- handing over --------------------------------------------------------------------------------------


def begin_handover(work: Work, command: Any) -> dict[str, Any]:
    estate = _estate(work, command.estate, estates.BeginHandover)
    rule = _rule(work, estate.community)
    handover = Handover(
        handover_id=new_id(),
        estate=command.estate,
        giver=command.giver,
        taker=command.taker,
        begun_at=work.now,
        due_at=work.now + timedelta(days=rule["days"]),
        items=command.items,
    )
    if not work.store.add_handover(handover):
        raise model.HandoverUnderWay(estate=command.estate)
    return _answer(handover)


def set_handover_items(work: Work, command: Any) -> dict[str, Any]:
    handover, _ = _handover(work, command, estates.SetHandoverItems)
    handover.move("set-items", work.now, work.caller.account, items=len(command.items))
    handover.items = command.items
    return _save(work, handover)


def list_handover(work: Work, command: Any) -> dict[str, Any]:
    handover, estate = _handover(work, command, estates.ListHandover)
    handover.complete(_rule(work, estate.community)["asks"], work.now, work.caller.account)
    return _save(work, handover)


def sign_handover(work: Work, command: Any) -> dict[str, Any]:
    handover, estate = _handover(work, command, estates.SignHandover)
    handover.sign(command.side, command.name, command.digest, work.now, work.caller.account)
    if handover.state == "handed-over":
        work.say(
            estates.EstateHandedOver,
            subject=handover.estate,
            handover_id=handover.handover_id,
            estate=handover.estate,
            place=estate.community,
            giver=handover.giver,
            taker=handover.taker,
            digest=handover.digest,
            at=work.now,
        )
    return _save(work, handover)


def dispute_handover(work: Work, command: Any) -> dict[str, Any]:
    handover, _ = _handover(work, command, estates.DisputeHandover)
    handover.move("dispute", work.now, work.caller.account, reason=command.reason)
    return _save(work, handover)


def reopen_handover(work: Work, command: Any) -> dict[str, Any]:
    handover, _ = _handover(work, command, estates.ReopenHandover)
    handover.move("reopen", work.now, work.caller.account)
    return _save(work, handover)


def abandon_handover(work: Work, command: Any) -> dict[str, Any]:
    handover, _ = _handover(work, command, estates.AbandonHandover)
    handover.move("abandon", work.now, work.caller.account, reason=command.reason)
    return _save(work, handover)


def _handover(work: Work, command: Any, contract: type[Command]) -> tuple[Handover, Any]:
    handover = work.store.handover(command.handover_id)
    estate = work.store.estate(handover.estate) if handover else None
    if handover is None or estate is None or not work.caller.may(may(contract), estate.community):
        raise model.UnknownHandover(handover_id=command.handover_id)
    return handover, estate


def _rule(work: Work, community: str) -> dict[str, Any]:
    return rulebook.in_force("handover", community, registry_model.today(work.now))


def _save(work: Work, handover: Handover) -> dict[str, Any]:
    work.store.save_handover(handover)
    return _answer(handover)


def _answer(handover: Handover) -> dict[str, Any]:
    names = ("handover_id", "state", "digest", "due_at")
    return {name: getattr(handover, name) for name in names} | {"signed": sorted(handover.signatures)}


COMMANDS: dict[type[Command], Callable[[Work, Any], Any]] = {
    estates.RecordEstate: record_estate,
    estates.ChangeEstate: change_estate,
    estates.DismissCompany: dismiss_company,
    estates.RecordOwners: record_owners,
    estates.BeginHandover: begin_handover,
    estates.SetHandoverItems: set_handover_items,
    estates.ListHandover: list_handover,
    estates.SignHandover: sign_handover,
    estates.DisputeHandover: dispute_handover,
    estates.ReopenHandover: reopen_handover,
    estates.AbandonHandover: abandon_handover,
}
