"""Who lives behind a meter, and how they want to be watched over."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.meters.handlers.access import demand
from services.meters.handlers.findings import stand_down_welfare
from services.meters.model import Household, NotLivingAlone, UnknownHousehold, Watch

AWAY = "住户告知外出 · the household is away"
NOT_ALONE = "住户已不是独居 · the household no longer lives alone"
RULE_OFF = "用水关怀规则已停用 · the welfare rule was switched off"


def note_household(work: Work, event: Any) -> None:
    household = Household(
        household=event.household,
        place=event.place,
        address=event.address,
        lives_alone=event.lives_alone,
        elder=event.elder,
        contact_name=event.contact_name,
        contact_phone=event.contact_phone,
        residents=event.residents,
        changed_at=event.at,
    )
    if not work.store.save_household(household):
        return
    work.store.move_meters(household.household, household.place)
    if not household.lives_alone:
        stand_down_welfare(work, household.household, NOT_ALONE)
    elif household.elder and work.store.watch(household.household) is None:
        work.store.save_watch(Watch(household.household))
    work.store.touch(work.store.water_meters(household.household), work.now)


def set_welfare_rule(work: Work, command: Any) -> dict[str, Any]:
    household = _household(work, command.household)
    if command.active and not household.lives_alone:
        raise NotLivingAlone(household=household.household)
    watch = work.store.watch(household.household) or Watch(household.household)
    watch.active, watch.threshold, watch.hours = command.active, command.threshold, command.hours
    work.store.save_watch(watch)
    if not watch.active:
        stand_down_welfare(work, household.household, RULE_OFF)
    work.store.touch(work.store.water_meters(household.household), work.now)
    return {
        "household": household.household,
        "active": watch.active,
        "threshold": watch.threshold,
        "hours": watch.hours,
    }


def set_away(work: Work, command: Any) -> dict[str, Any]:
    household = _household(work, command.household)
    watch = work.store.watch(household.household) or Watch(household.household, active=False)
    watch.away_until = command.until
    work.store.save_watch(watch)
    if watch.away_until is not None:
        stand_down_welfare(work, household.household, AWAY)
    work.store.touch(work.store.water_meters(household.household), work.now)
    return {"household": household.household, "away_until": watch.away_until}


def _household(work: Work, name: str) -> Household:
    household: Household | None = work.store.household(name)
    if household is None:
        raise UnknownHousehold(household=name)
    demand(work, household.place)
    return household
