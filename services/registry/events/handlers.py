"""What is done about what goes wrong in a street."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.contracts import events, frontdesk
from services.contracts.messages import Command
from services.contracts.roles import may
from services.registry import model as registry_model
from services.registry.events import kinds, model
from services.registry.events.model import GridEvent
from services.registry.gridmap.views import grid_at

AT_ONCE = 200
"""Overdue events a timer's turn tells of; the rest a moment later."""


# -- parts ---------------------------------------------------------------------------------------------


def register_part(work: Work, command: Any) -> dict[str, Any]:
    grid = grid_at(work.store, command.longitude, command.latitude)
    if grid is None or not work.caller.may(may(events.RegisterPart), grid.code):
        raise registry_model.UnknownGrid(grid=f"{command.longitude},{command.latitude}")
    rules = kinds.rules(grid.code, work.now)
    kind = rules.kind(command.kind)
    faults = {}
    if kind.about != "part":
        faults["kind"] = ("应为部件类别。", "This is no kind of part.")
    if not grid.code.startswith(command.code[:6]):
        faults["code"] = (
            f"前六位应为区划代码 {grid.code[:6]}。",
            f"It begins with the district {grid.code[:6]}.",
        )
    elif rules.digits.get(command.code[6:8]) != kind.group:
        zh = "第七、八位与部件大类不符。"
        faults["code"] = (zh, "Its seventh and eighth digits are not those of the class.")
    if faults:
        raise Invalid.fields(faults)
    row = {
        name: getattr(command, name) for name in ("code", "kind", "name", "owner", "longitude", "latitude")
    }
    row |= {"class": kind.group, "grid": grid.code, "registered_at": work.now}
    if not work.store.add_part(**row):
        raise registry_model.AlreadyRegistered(code=command.code)
    return {"code": command.code, "grid": grid.code}


def retire_part(work: Work, command: Any) -> dict[str, Any]:
    part = work.store.part(command.code)
    if part is None or not work.caller.may(may(events.RetirePart), part.grid):
        raise model.UnknownPart(code=command.code)
    work.store.retire_part(command.code, work.now, command.why)
    return {"code": command.code}


# -- found ---------------------------------------------------------------------------------------------


def report_grid_event(work: Work, command: Any) -> dict[str, Any]:
    place, part = _where(work, command)
    rules = kinds.rules(place, work.now)
    kind = rules.kind(command.kind)
    if part is not None and kind.about == "event":
        raise Invalid.fields(
            {"part": ("该类别是事件，不涉及部件。", "This kind is an event and has no part.")}
        )
    actor, sender = work.caller.account, work.caller.kind
    event = GridEvent(
        event_no="",
        about=kind.about,
        group=kind.group,
        kind=kind.kind,
        severity=kind.severity,
        place=place,
        # Nobody speaks for another: a device is itself, and at a kiosk stands a resident.
        source={"device": "camera", "terminal": "resident"}.get(sender, command.source),
        reported_by=actor,
        found_at=work.now,
        longitude=command.longitude if command.longitude is not None else part and part.longitude,
        latitude=command.latitude if command.latitude is not None else part and part.latitude,
        address=command.address,
        part=command.part,
        description=command.description,
        device=actor if sender == "device" else command.device,
        photos=command.photos,
    )
    work.store.lock_community(place)
    alike = work.store.alike(event, rules)
    same = next((one for one in alike if event.device and one.device == event.device), None)
    if same is not None:  # a camera that sees it again
        known = work.store.grid_event(same.event_no)
        known.see_again(work.now, actor, command.photos)
        work.store.put_event(known)
        return _answer(known) | {"again": True, "alike": []}
    event.event_no = work.store.next_event_no(work.now)
    event.begin(rules, actor)
    _store(work, event, "find")
    return _answer(event) | {"again": False, "alike": [_face(one) for one in alike]}


def _where(work: Work, command: Any) -> tuple[str, Any]:
    """The grid of the point, of the part, or the one that was named; and the part."""
    allowed = may(events.ReportGridEvent)
    part = work.store.part(command.part) if command.part else None
    if command.part and (
        part is None or part.retired_at is not None or not work.caller.may(allowed, part.grid)
    ):
        raise model.UnknownPart(code=command.part)
    if command.longitude is not None and command.latitude is not None:
        grid = grid_at(work.store, command.longitude, command.latitude)
        place = grid.code if grid else None
    elif part is not None:
        place = part.grid
    elif command.place:
        place = command.place if work.store.grid(command.place) else None
    else:
        raise model.GridEventNeedsPlace()
    if place is None or not work.caller.may(allowed, place):
        raise registry_model.UnknownGrid(grid=command.place or f"{command.longitude},{command.latitude}")
    return place, part


# -- step by step --------------------------------------------------------------------------------------


def file_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.FileGridEvent)
    corrected = None
    if command.kind and command.kind != event.kind:
        corrected = {"from": event.kind, "to": command.kind}
        event.rename(rules.kind(command.kind))
    return _move(work, event, rules, "file", corrected=corrected)


def dismiss_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.DismissGridEvent)
    return _move(work, event, rules, "dismiss", reason=command.reason)


def merge_grid_event(work: Work, command: Any) -> dict[str, Any]:
    # Always in the order of their numbers, so that two merges never wait for each other.
    loaded = {no: work.store.grid_event(no) for no in sorted({command.event_no, command.into})}
    event, into = loaded[command.event_no], loaded[command.into]
    for no, one in ((command.event_no, event), (command.into, into)):
        if one is None or not work.caller.may(may(events.MergeGridEvent), one.place):
            raise model.UnknownGridEvent(event_no=no)
    if event is into or into.state in model.ENDED or into.place[:12] != event.place[:12]:
        raise model.NotTheSame.fields({"into": (model.NotTheSame.zh, "It cannot go with this one.")})
    event.into = into.event_no
    answer = _move(work, event, kinds.rules(event.place, work.now), "merge", into=into.event_no)
    into.see_again(work.now, work.caller.account, event.photos, event.seen)
    work.store.put_event(into)
    return answer


def dispatch_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.DispatchGridEvent)
    handler = command.handler or next(
        (one.account for one in work.store.workers_of(event.place) if one.part == "lead"), None
    )
    if handler is None:
        raise model.NobodyWalksHere(grid=event.place)
    event.handler = handler
    return _move(work, event, rules, "dispatch", handler=handler)


def give_back_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.GiveBackGridEvent)
    _check_handler(work, event)
    return _move(work, event, rules, "give-back", reason=command.reason, handler=event.handler)


def handle_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.HandleGridEvent)
    _check_handler(work, event)
    return _move(work, event, rules, "handle", result=command.result, photos=command.photos or None)


def check_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.CheckGridEvent)
    if event.handler == work.caller.account:
        raise model.OwnWork()
    if not command.passed:
        event.failed += 1
    return _move(work, event, rules, "pass" if command.passed else "fail", note=command.note)


def close_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.CloseGridEvent)
    return _move(work, event, rules, "close", note=command.note)


# -- with the departments ------------------------------------------------------------------------------


def hand_over_grid_event(work: Work, command: Any) -> dict[str, Any]:
    """The front desk opens a case for it, as for what a device found."""
    event, rules = _event(work, command, events.HandOverGridEvent)
    kind = rules.kind(event.kind)
    event.handed_over += 1
    answer = _move(work, event, rules, "hand-over", note=command.note, units=list(kind.units))
    work.say(
        frontdesk.GridEventFiled,
        subject=event.event_no,
        finding_id=event.finding_id,
        place=event.place,
        address=event.address,
        device=event.part or event.device,
        type=event.kind,
        severity=event.severity,
        evidence={
            "event_no": event.event_no,
            "kind_zh": kind.names[0],
            "kind_en": kind.names[1],
            "description": event.description,
            "photos": event.photos,
            "longitude": event.longitude,
            "latitude": event.latitude,
            "note": command.note,
        },
        handle_by=event.due_at,
        raised_at=work.now,
    )
    return answer


def take_back_grid_event(work: Work, command: Any) -> dict[str, Any]:
    event, rules = _event(work, command, events.TakeBackGridEvent)
    answer = _move(work, event, rules, "take-back", reason=command.reason)
    work.say(
        frontdesk.FindingRetracted,
        subject=event.event_no,
        finding_id=event.finding_id,
        reason=command.reason,
        at=work.now,
    )
    return answer


def close_with_case(work: Work, event: Any) -> None:
    """The departments' case is over, and with it what the grid handed over; undone, it comes back."""
    if event.finder != "registry" or not event.finding_id:
        return
    known = work.store.grid_event(event.finding_id.partition(".")[0])
    # A case of an earlier hand-over does not close what was handed over again.
    if known is None or known.state != "handed-over" or known.finding_id != event.finding_id:
        return
    known.case_no = event.case_no
    verb = "settle" if event.status in model.SETTLES else "come-back"
    rules = kinds.rules(known.place, work.now)
    known.move(verb, rules, event.closed_at, "frontdesk", case_no=event.case_no, status=event.status)
    _store(work, known, verb)


# -- time ----------------------------------------------------------------------------------------------


def watch_grid_events(work: Work) -> None:
    """Every step that is late is told of once, however many look at the clock."""
    for event in work.store.overdue_events(work.now, AT_ONCE):
        event.note_overdue(work.now)
        work.store.put_event(event)
        work.say(
            events.GridEventOverdue,
            subject=event.event_no,
            event_no=event.event_no,
            place=event.place,
            kind=event.kind,
            state=event.state,
            handler=event.handler,
            due_at=event.due_at,
        )


# -- inside --------------------------------------------------------------------------------------------


def _event(work: Work, command: Any, contract: type[Command]) -> tuple[GridEvent, kinds.Rules]:
    event = work.store.grid_event(command.event_no)
    if event is None or not any(event.place.startswith(scope) for scope in work.caller.scopes()):
        raise model.UnknownGridEvent(event_no=command.event_no)
    registry_model.check_may(work.caller, contract, event.place)
    return event, kinds.rules(event.place, work.now)


def _check_handler(work: Work, event: GridEvent) -> None:
    """Whoever leads may answer for the worker who rang; another worker may not."""
    leads = work.caller.may(may(events.DispatchGridEvent), event.place)
    if event.state == "dispatched" and event.handler != work.caller.account and not leads:
        raise model.NotYourEvent(event_no=event.event_no)


def _move(work: Work, event: GridEvent, rules: kinds.Rules, verb: str, **detail: Any) -> dict[str, Any]:
    event.move(verb, rules, work.now, work.caller.account, **detail)
    _store(work, event, verb)
    return _answer(event)


def _store(work: Work, event: GridEvent, verb: str) -> None:
    work.store.put_event(event)
    work.say(
        events.GridEventMoved,
        subject=event.event_no,
        event_no=event.event_no,
        place=event.place,
        kind=event.kind,
        verb=verb,
        state=event.state,
        due_at=event.due_at,
        at=work.now,
    )


def _answer(event: GridEvent) -> dict[str, Any]:
    names = ("event_no", "place", "state", "due_at", "handler")
    return {name: getattr(event, name) for name in names}


def _face(row: Any) -> dict[str, Any]:
    """As little of another event as tells whether it is the same."""
    return {name: getattr(row, name) for name in ("event_no", "state", "address", "found_at")}


COMMANDS: dict[type[Command], Callable[[Work, Any], Any]] = {
    events.RegisterPart: register_part,
    events.RetirePart: retire_part,
    events.ReportGridEvent: report_grid_event,
    events.FileGridEvent: file_grid_event,
    events.DismissGridEvent: dismiss_grid_event,
    events.MergeGridEvent: merge_grid_event,
    events.DispatchGridEvent: dispatch_grid_event,
    events.GiveBackGridEvent: give_back_grid_event,
    events.HandleGridEvent: handle_grid_event,
    events.CheckGridEvent: check_grid_event,
    events.CloseGridEvent: close_grid_event,
    events.HandOverGridEvent: hand_over_grid_event,
    events.TakeBackGridEvent: take_back_grid_event,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {watch_grid_events: timedelta(seconds=15)}
