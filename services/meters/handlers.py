"""What meters does: accounts at moving in, and the sweep that reads concerns and leaks out of new readings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from services.backoffice import tray
from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.settings import settings
from services.contracts import frontdesk, meters, registry
from services.contracts.messages import Command, Event
from services.meters.model import (
    CANONICAL,
    SEVERITY,
    Finding,
    Household,
    MeterOfAnotherKind,
    NotLivingAlone,
    Point,
    UnknownFinding,
    UnknownHousehold,
    Verdict,
    Watch,
    judge_leak,
    judge_welfare,
    next_step,
)
from services.meters.repository import Watched
from services.meters.rulebook import rules_at

CHUNK = 500
"""Meters judged together."""
TAKEN_AT_ONCE = 50_000
TIME_OF_A_SWEEP = 5.0
STRAYS_KEPT = timedelta(days=30)
QUARANTINE_KEPT = timedelta(days=90)
LETTER = {"water": "W", "electricity": "E", "gas": "G"}
REAL_METERS = 40
SAID_AS = {"welfare": frontdesk.WelfareConcernRaised, "leak": frontdesk.LeakSuspected}

USE_WAS_SEEN = "补到或更正的读数显示这段时间有用水 · a late or corrected reading shows use in that time"
HOUR_WITHOUT_USE = "补到或更正的读数显示有停水时段 · a late or corrected reading shows an hour without use"
AWAY = "住户告知外出 · the household is away"
NOT_ALONE = "住户已不是独居 · the household no longer lives alone"
RULE_OFF = "用水关怀规则已停用 · the welfare rule was switched off"
RETRACTED = {"welfare": USE_WAS_SEEN, "leak": HOUR_WITHOUT_USE}


class NotYourMeters(Forbidden):
    """Your role or area does not cover the meters of {place}."""

    zh = "您的角色或辖区不包括“{place}”的表计。"


# -- moving in -----------------------------------------------------------------------------------------


def open_accounts(work: Work, item: Any) -> tray.Finished | None:
    """Water, electricity and gas in the name of who moves in, from the readings on the form."""
    household = _household_of(item.form)
    readings = _opening_readings(item.form)
    if household is None or readings is None:
        return None  # a person has to read the meters first
    known = work.store.household(household)
    place = known.place if known else item.place
    before = work.store.open_accounts(household)
    opened = []
    for kind, reading in readings.items():
        meter = before[kind].meter if kind in before else f"{LETTER[kind]}-{household}"
        work.store.add_meters([_meter_row(meter, kind, place, household, work.now)])
        if kind in before:
            # The one who moved out pays up to here.
            work.store.close_account(before[kind].account, work.now, reading, item.task_id)
        account = identifiers.new_id()
        work.store.open_account(
            {
                "account": account,
                "household": household,
                "kind": kind,
                "meter": meter,
                "place": place,
                "holder": (item.applicant or {}).get("name"),
                "opened_at": work.now,
                "opening_reading": reading,
                "opened_by": item.task_id,
            }
        )
        opened.append(
            {
                "account": account,
                "kind": kind,
                "meter": meter,
                "opening_reading": str(reading),
                "unit": CANONICAL[kind],
            }
        )
    return tray.Finished(result={"accounts": opened}, note="水电气已开户 · utility accounts opened")


def close_accounts(work: Work, item: Any) -> list[str]:
    removed, reopened = work.store.take_back_accounts(item.task_id)
    return [f"account {account} removed" for account in removed] + [
        f"account {account} reopened" for account in reopened
    ]


def _household_of(form: dict[str, Any]) -> str | None:
    """A home's code says where it is, down to the door: `{grid}-{building}-{unit}-{door}`."""
    for name in ("household", "address"):
        code = form.get(name)
        if isinstance(code, str) and "-" in code:
            return code.strip()
    return None


def _opening_readings(form: dict[str, Any]) -> dict[str, Decimal] | None:
    """Water and electricity every home has, gas not; a reading that is no reading is for a person to look at."""
    given = form.get("opening_readings") or form.get("readings") or form
    if not isinstance(given, dict):
        return None
    readings = {}
    for kind in meters.KINDS:
        value = given.get(f"{kind}_reading", given.get(kind))
        if value is None and kind == "gas":
            continue
        try:
            reading = Decimal(str(value))
        except InvalidOperation:
            return None
        if not reading.is_finite() or not 0 <= reading < 10**10:
            return None
        readings[kind] = reading
    return readings


# -- whom it concerns ----------------------------------------------------------------------------------


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
        _stand_down_welfare(work, household.household, NOT_ALONE)
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
        _stand_down_welfare(work, household.household, RULE_OFF)
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
        _stand_down_welfare(work, household.household, AWAY)
    work.store.touch(work.store.water_meters(household.household), work.now)
    return {"household": household.household, "away_until": watch.away_until}


def _household(work: Work, name: str) -> Household:
    household: Household | None = work.store.household(name)
    if household is None:
        raise UnknownHousehold(household=name)
    _demand(work, household.place)
    return household


def _demand(work: Work, place: str) -> None:
    caller = work.caller
    holds = (
        caller.kind == "system"
        or caller.department in ("meters", "community", "street")
        or caller.has("admin")
    )
    if not holds or not caller.may(("officer", "manager", "coordinator", "clerk", "admin"), place):
        raise NotYourMeters(place=place)


# -- meters --------------------------------------------------------------------------------------------


def register_meter(work: Work, command: Any) -> dict[str, Any]:
    _demand(work, command.place)
    row = _meter_row(command.meter, command.kind, command.place, command.household, work.now)
    row |= {"digits": command.digits, "register": command.register}
    new = work.store.add_meters([row]) == 1
    if not new:
        known = work.store.meter(command.meter)
        _demand(work, known.place)
        if known.kind != command.kind:
            raise MeterOfAnotherKind(meter=command.meter, kind=known.kind)
        work.store.place_meter(command.meter, command.place, command.household)
    work.store.adopt_strays(work.now - timedelta(seconds=1))
    return {"meter": command.meter, "new": new}


def _meter_row(meter: str, kind: str, place: str, household: str | None, at: datetime) -> dict[str, Any]:
    return {
        "meter": meter,
        "kind": kind,
        "unit": CANONICAL[kind],
        "register": "total",
        "digits": 6,
        "place": place,
        "household": household,
        "registered_at": at,
    }


def adopt_strays(work: Work) -> None:
    """A batch that was under way while its meter was registered has put readings among the strays after all."""
    work.store.adopt_strays(work.now - timedelta(minutes=10))


def forget_strays(work: Work) -> None:
    work.store.forget(work.now - STRAYS_KEPT, work.now - QUARANTINE_KEPT)


def note_silent_meters(work: Work) -> None:
    """Silence is a matter of the meter, not of the person behind it."""
    work.store.note_silent(work.now - rules_at(work.now).silence)


# -- the sweep -----------------------------------------------------------------------------------------


def judge_touched(work: Work) -> None:
    """One look at the meters that had new readings; the same readings are judged for a life sign and for a leak."""
    begun = time.monotonic()
    while time.monotonic() - begun < TIME_OF_A_SWEEP:
        taken = list(work.store.take_touched(TAKEN_AT_ONCE).items())
        if not taken:
            return
        for start in range(0, len(taken), CHUNK):
            _judge(work, work.store.watched(dict(taken[start : start + CHUNK])))


def _judge(work: Work, touched: list[Watched]) -> None:
    if not touched:
        return
    names = [watched.meter for watched in touched]
    work.store.note_heard(names, work.now)
    findings = work.store.last_findings(names)
    points = work.store.points(
        {watched.meter: (watched.register, _needed_since(watched, findings)) for watched in touched}
    )
    for watched in touched:
        for kind in ("welfare", "leak"):
            _judge_meter(work, watched, kind, points[watched.meter], findings.get((watched.meter, kind)))


def _needed_since(watched: Watched, findings: dict[tuple[str, str], Finding]) -> datetime:
    rules = rules_at(watched.newest_at)
    own = watched.watch.rule(rules.welfare).window if watched.watch else rules.welfare.window
    gap = max(rules.welfare.widest_gap, rules.leak.widest_gap)
    since = watched.newest_at - max(own, rules.leak.window) - gap
    for kind in ("welfare", "leak"):
        finding = findings.get((watched.meter, kind))
        if finding and _original_was_touched(finding, watched):
            since = min(since, finding.window_start - gap)
    return since


def _original_was_touched(finding: Finding, watched: Watched) -> bool:
    return finding.state == "active" and watched.touched_since <= finding.window_end


def _judge_meter(work: Work, watched: Watched, kind: str, points: list[Point], last: Finding | None) -> None:
    active = last if last and last.state == "active" else None
    if kind == "welfare" and active is None and not _is_watched(watched):
        return
    fresh = _verdict(watched, kind, points, watched.newest_at)
    original = None
    if active and _original_was_touched(active, watched):
        original = _verdict(watched, kind, points, active.window_end)
    step = next_step(active, original, fresh)
    if active is None:
        if step == "raise":
            _raise(work, watched, kind, fresh, last)
    elif step == "retract":
        _stand_down(work, active, RETRACTED[kind])
    elif step == "settle":
        # Whoever is on the way still has somebody to see; the case ends with a person's word.
        active.settle(fresh, work.now)
        _say_updated(work, active)
        work.store.save_finding(active)
    elif step == "again":
        if active.see_again(fresh, work.now):
            _say_updated(work, active)
        work.store.save_finding(active)


def _is_watched(watched: Watched) -> bool:
    home, watch = watched.household, watched.watch
    return home is not None and home.lives_alone and watch is not None and watch.active


def _verdict(watched: Watched, kind: str, points: list[Point], end: datetime) -> Verdict:
    rules = rules_at(end)
    if kind == "leak":
        return judge_leak(points, end, rules.leak, watched.digits)
    rule = watched.watch.rule(rules.welfare) if watched.watch else rules.welfare
    return judge_welfare(points, end, rule, watched.digits)


def _raise(work: Work, watched: Watched, kind: str, verdict: Verdict, last: Finding | None) -> None:
    if last and last.forbids(verdict):
        return
    if kind == "welfare" and watched.watch and watched.watch.away_in(verdict):
        return
    home = watched.household
    finding = Finding(
        finding_id=identifiers.new_id(),
        kind=kind,
        meter=watched.meter,
        household=home.household if home else None,
        place=home.place if home else watched.place,
        window_start=verdict.start,
        window_end=verdict.end,
        judged_until=verdict.end,
        evidence=verdict.evidence,
        raised_at=work.now,
        said_at=work.now,
    )
    if not work.store.add_finding(finding):
        return
    work.say(
        SAID_AS[kind],
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        place=finding.place,
        household=finding.household,
        address=home.address if home else None,
        device=watched.meter,
        severity=SEVERITY[kind],
        evidence=verdict.evidence,
        person=home.person if home else None,
        raised_at=work.now,
    )


def _say_updated(work: Work, finding: Finding) -> None:
    work.say(
        frontdesk.FindingUpdated,
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        evidence=finding.evidence,
        at=work.now,
    )


def _stand_down(work: Work, finding: Finding, reason: str) -> None:
    finding.move("retract", work.now)
    work.store.save_finding(finding)
    work.say(
        frontdesk.FindingRetracted, subject=finding.finding_id,
        finding_id=finding.finding_id, reason=reason, at=work.now,
    )  # fmt: skip


def _stand_down_welfare(work: Work, household: str, reason: str) -> None:
    for finding in work.store.active_findings(household, "welfare"):
        _stand_down(work, finding, reason)


# -- findings ------------------------------------------------------------------------------------------


def acknowledge_finding(work: Work, command: Any) -> dict[str, Any]:
    finding = work.store.finding(command.finding_id)
    _demand(work, finding.place)
    finding.acknowledge(work.caller.account, work.now)
    work.store.save_finding(finding)
    return {"finding_id": finding.finding_id, "acknowledged_at": finding.acknowledged_at}


def close_finding(work: Work, event: Any) -> None:
    """Somebody went and saw: the case is closed, so the finding is."""
    if event.finder != "meters" or not event.finding_id:
        return
    try:
        finding = work.store.finding(event.finding_id)
    except UnknownFinding:
        return
    finding.case_no = event.case_no
    finding.move("close", work.now)
    finding.acknowledge(event.case_no, event.closed_at)
    work.store.save_finding(finding)


# -- the demonstration ---------------------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if work.caller.kind != "system" and not work.caller.has("admin"):
        raise NotYourMeters(place=settings().place)
    rows, opened = [], []
    real_of = {household: f"W-REAL-{number:02}" for number, household in enumerate(command.elders[:1], 1)}
    names = list(dict.fromkeys([*command.households, *command.elders]))
    for household in names:
        known = work.store.household(household)
        place = known.place if known else settings().place
        dice = random.Random(f"{command.seed}:{household}")
        for kind in meters.KINDS:
            meter = f"{LETTER[kind]}-{household}"
            rows.append(_meter_row(meter, kind, place, household, work.now))
            opened.append(
                {
                    "account": identifiers.new_id(),
                    "household": household,
                    "kind": kind,
                    "meter": real_of.get(household, meter) if kind == "water" else meter,
                    "place": place,
                    "holder": (known.person.get("name") if known else None),
                    "opened_at": datetime(2024, 1, 1, tzinfo=UTC),
                    "opening_reading": Decimal(dice.randrange(10_000, 900_000)) / 1000,
                    "opened_by": None,
                }
            )
    owner_of = {meter: household for household, meter in real_of.items()}
    for number in range(1, REAL_METERS + 1):
        meter = f"W-REAL-{number:02}"
        owner = owner_of.get(meter)
        known = work.store.household(owner) if owner else None
        rows.append(_meter_row(meter, "water", known.place if known else settings().place, owner, work.now))
    new = work.store.add_meters(rows)
    work.store.add_accounts(opened)
    return {"meters": len(rows), "new": new, "elder_meter": "W-REAL-01" if command.elders else None}


# ------------------------------------------------------------------------------------------------------

RULES = {"moving-in": open_accounts}
UNDO = {"moving-in": close_accounts}

EVENTS: dict[type[Event], Callable[..., None]] = {
    **tray.events(RULES, UNDO),
    registry.HouseholdChanged: note_household,
    frontdesk.CaseClosed: close_finding,
}

COMMANDS: dict[type[Command], Callable[..., Any]] = {
    **tray.COMMANDS,
    meters.RegisterMeter: register_meter,
    meters.SetWelfareRule: set_welfare_rule,
    meters.SetAway: set_away,
    meters.AcknowledgeFinding: acknowledge_finding,
    meters.LoadDemonstration: load_demonstration,
}

TIMERS: dict[Callable[[Work], None], timedelta] = {
    judge_touched: timedelta(seconds=2),
    adopt_strays: timedelta(seconds=30),
    note_silent_meters: timedelta(minutes=1),
    forget_strays: timedelta(hours=1),
}
