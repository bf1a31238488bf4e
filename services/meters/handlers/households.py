"""Who lives behind a meter, and how they want to be watched over."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.meters.handlers.access import demand
from services.meters.handlers.findings import stand_down_welfare
from services.meters.model import Household, NotLivingAlone, UnknownHousehold, UnknownRule, Watch
from services.meters.rulebook import published

AWAY = "住户告知外出 · the household is away"
NOT_ALONE = "住户已不是独居 · the household no longer lives alone"
NO_CONSENT = "住户撤回了同意 · consent was taken back"
NOBODY_LEFT = "已无人居住（迁出或去世） · nobody lives here any more"
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
        stand_down_welfare(work, household.household, NOT_ALONE if event.persons else NOBODY_LEFT)
        if event.persons == 0:  # moved or dead: whoever lives here next has absences and figures of his own
            work.store.drop_watch(household.household)
    elif event.watch_refused:
        watch = work.store.watch(household.household) or Watch(household.household)
        watch.active = False
        work.store.save_watch(watch)
        stand_down_welfare(work, household.household, NO_CONSENT)
    elif household.elder and work.store.watch(household.household) is None:
        work.store.save_watch(Watch(household.household))
    work.store.touch(work.store.water_meters(household.household), work.now)


def set_welfare_rule(work: Work, command: Any) -> dict[str, Any]:
    household = _household(work, command.household)
    if command.active and not household.lives_alone:
        raise NotLivingAlone(household=household.household)
    watch = work.store.watch(household.household) or Watch(household.household)
    if command.rule is not None and command.rule not in published():
        raise UnknownRule(rule=command.rule, known=", ".join(published()))
    watch.active, watch.rule = command.active, command.rule
    watch.threshold, watch.hours = command.threshold, command.hours
    work.store.save_watch(watch)
    if not watch.active:
        stand_down_welfare(work, household.household, RULE_OFF)
    work.store.touch(work.store.water_meters(household.household), work.now)
    return {
        "household": household.household,
        "active": watch.active,
        "rule": watch.rule,
        "threshold": watch.threshold,
        "hours": watch.hours,
    }


def set_away(work: Work, command: Any) -> dict[str, Any]:
    household = _household(work, command.household)
    watch = work.store.watch(household.household) or Watch(household.household, active=False)
    watch.away_from, watch.away_until = command.start if command.until else None, command.until
    watch.away_told_at, watch.away_ended_at = work.now if command.until else None, None
    work.store.save_watch(watch)
    if command.until is not None and (command.start is None or command.start <= work.now):
        stand_down_welfare(work, household.household, AWAY)
    work.store.touch(work.store.water_meters(household.household), work.now)
    return {
        "household": household.household,
        "away_from": watch.away_from,
        "away_until": watch.away_until,
    }


def _household(work: Work, name: str) -> Household:
    household: Household | None = work.store.household(name)
    if household is None:
        raise UnknownHousehold(household=name)
    demand(work, household.place)
    return household
