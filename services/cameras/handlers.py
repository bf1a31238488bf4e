"""What the camera office does when it is told something, asked to do something, or is reminded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from services.backoffice import tray
from services.cameras.erasure import answer_erasure
from services.cameras.model import (
    Access,
    Alarm,
    AlreadyRegistered,
    Camera,
    DeviceId,
    Finding,
    NotYourCameras,
    Viewing,
    is_ours,
    plate,
)
from services.cameras.rules import severity_of, watch
from services.cameras.signals import AlarmSignal, Heartbeat, Signal
from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import cameras as words
from services.contracts import frontdesk, privacy
from services.contracts.messages import Command, Event
from services.contracts.roles import Contract, may

IN_EVIDENCE = 50


# -- signals of devices --------------------------------------------------------------------------------


def hear_signals(work: Work, signals: Sequence[Signal]) -> dict[int, str]:
    """A batch in one transaction: all heartbeats in one statement, alarms one by one, each camera locked once.

    Answers which signals were refused, by their identity, and why: the others have had their effect.
    """
    known = work.store.lock_cameras(signal.device for signal in signals)
    refused = {
        id(
            signal
        ): f"not-its-voice: {signal.speaker} speaks for {signal.device}, unknown or registered with another"
        for signal in signals
        if signal.device not in known or signal.speaker not in (signal.device, known[signal.device].platform)
    }
    # A retired camera may go on talking; nobody listens.
    heard = [s for s in signals if id(s) not in refused and known[s.device].status != "retired"]
    _hear_heartbeats(work, known, [s for s in heard if isinstance(s, Heartbeat)])
    alarms = [s for s in heard if isinstance(s, AlarmSignal)]
    fresh = work.store.claim_signals((alarm.device, alarm.id) for alarm in alarms)
    for alarm in alarms:
        if (alarm.device, alarm.id) in fresh:
            fresh.discard((alarm.device, alarm.id))
            _hear_alarm(work, known[alarm.device], alarm)
    return refused


def _hear_heartbeats(work: Work, known: dict[str, Camera], beats: Iterable[Heartbeat]) -> None:
    heard: dict[str, Any] = {}
    for beat in beats:
        camera = known[beat.device]
        # A clock that runs fast must not keep a dead camera alive.
        at = min(beat.at or work.now, work.now)
        if beat.device not in heard or at > heard[beat.device][0]:
            heard[beat.device] = (at, camera.patience)
    work.store.note_heartbeats(heard, work.now)
    back = [known[id] for id, (at, patience) in heard.items() if at + patience >= work.now]
    _stand_down(work, [camera for camera in back if camera.finding_id], "the camera is heard again")


def _stand_down(work: Work, back: Iterable[Camera], reason: str) -> None:
    """Takes cameras out of their offline finding; with the last one the finding is taken back."""
    by_finding = defaultdict(set)
    for camera in back:
        by_finding[camera.finding_id].add(camera.camera)
    for finding_id in sorted(filter(None, by_finding)):
        finding = work.store.finding(finding_id)
        if finding is None or finding.state != "open":
            continue
        before = len(finding.cameras)
        finding.cameras = [id for id in finding.cameras if id not in by_finding[finding_id]]
        left = len(finding.cameras)
        if left:
            # Each time the number has halved: a whole community that comes back is not a thousand lines of a case.
            if left.bit_length() < before.bit_length():
                _update(work, finding, {"still_offline": finding.cameras[:IN_EVIDENCE], "count": left})
        else:
            finding.end("retracted", work.now)
            _retract(work, finding, reason)
        work.store.save_finding(finding)


def _hear_alarm(work: Work, camera: Camera, signal: AlarmSignal) -> None:
    latest = work.store.latest_alarm(camera.camera, signal.type)
    at = min(signal.at, work.now)
    if signal.state == "cleared":
        if latest is not None and latest.active:
            _clear(work, latest, "device", "the device says it is over")
        return
    evidence = signal.references()
    if latest is not None and latest.takes_in(at, watch().cooldown):
        latest.fold(at, signal.priority, evidence)
        if latest.finding_id is None:
            latest.finding_id = _report_alarm(work, camera, latest)
        work.store.save_alarm(latest)
        return
    alarm = Alarm.sound(
        camera=camera.camera,
        place=camera.place,
        type=signal.type,
        priority=signal.priority,
        at=at,
        label=signal.label,
        zone=signal.zone or camera.zone,
        evidence=evidence,
    )
    earlier = work.store.finding(latest.finding_id) if latest is not None and latest.finding_id else None
    if earlier is not None and earlier.state == "open":
        alarm.finding_id = earlier.finding_id
        _update(work, earlier, _alarm_evidence(alarm))
    else:
        alarm.finding_id = _report_alarm(work, camera, alarm)
    work.store.add_alarm(alarm)


def _report_alarm(work: Work, camera: Camera, alarm: Alarm) -> str | None:
    """Tells the front desk when a rule says that a person is needed."""
    severity = severity_of(alarm.type, alarm.label, alarm.zone, alarm.priority, alarm.last_at)
    if severity is None:
        return None
    finding = Finding(
        finding_id=new_id(),
        kind="alarm",
        place=camera.place,
        cameras=[camera.camera],
        raised_at=work.now,
        type=alarm.type,
        severity=severity,
    )
    work.store.add_finding(finding)
    work.say(
        frontdesk.AlarmRaised,
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        place=camera.place,
        address=camera.address,
        device=camera.camera,
        type=alarm.type,
        severity=severity,
        evidence=_alarm_evidence(alarm),
        raised_at=work.now,
    )
    return finding.finding_id


def _alarm_evidence(alarm: Alarm) -> dict[str, Any]:
    facts = {
        "alarm_no": alarm.alarm_no,
        "type": alarm.type,
        "label": alarm.label,
        "zone": alarm.zone,
        "priority": alarm.priority,
        "at": alarm.last_at.isoformat(),
        **alarm.evidence,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _clear(work: Work, alarm: Alarm, by: str, reason: str) -> None:
    alarm.clear(by, reason, work.now)
    work.store.save_alarm(alarm)
    finding = work.store.finding(alarm.finding_id) if alarm.finding_id else None
    if finding is None or finding.state != "open":
        return
    if not any(other.active for other in work.store.alarms_of_finding(finding.finding_id)):
        finding.end("retracted", work.now)
        work.store.save_finding(finding)
        _retract(work, finding, reason)


def _update(work: Work, finding: Finding, evidence: dict[str, Any]) -> None:
    id = finding.finding_id
    work.say(frontdesk.FindingUpdated, subject=id, finding_id=id, evidence=evidence, at=work.now)


def _retract(work: Work, finding: Finding, reason: str) -> None:
    id = finding.finding_id
    work.say(frontdesk.FindingRetracted, subject=id, finding_id=id, reason=reason, at=work.now)


# -- silence -------------------------------------------------------------------------------------------


def find_offline(work: Work) -> None:
    """Whoever is silent is offline; whoever stays so is reported, once, and many of one community as one trouble."""
    work.store.find_silent(work.now)
    by_community = defaultdict(list)
    for camera in work.store.unreported():
        by_community[camera.place[:12]].append(camera)
    for community, silent in sorted(by_community.items()):
        due = [c for c in silent if c.offline_at + timedelta(minutes=c.report_after_min) <= work.now]
        if not due:
            continue
        mass = work.store.open_mass_finding(community)
        if mass is not None:
            _join(work, mass, silent)
        elif len(silent) >= watch().mass_cameras:
            _report_offline(work, "mass", silent)
        else:
            for camera in due:
                _report_offline(work, "offline", [camera])


def _report_offline(work: Work, kind: str, silent: list[Camera]) -> None:
    grid = Counter(camera.place for camera in silent).most_common(1)[0][0]
    finding = Finding(
        finding_id=new_id(),
        kind=kind,
        place=grid,
        cameras=[camera.camera for camera in silent],
        raised_at=work.now,
        severity=3 if kind == "mass" else 4,
    )
    work.store.add_finding(finding)
    work.store.give_finding(finding.cameras, finding.finding_id)
    work.say(
        frontdesk.CameraOfflineFound,
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        place=grid,
        address=silent[0].address,
        device=silent[0].camera if kind == "offline" else None,
        severity=finding.severity,
        evidence=_silence_evidence(silent),
        raised_at=work.now,
    )


def _join(work: Work, mass: Finding, silent: list[Camera]) -> None:
    mass.cameras = [*mass.cameras, *(camera.camera for camera in silent)]
    work.store.give_finding([camera.camera for camera in silent], mass.finding_id)
    work.store.save_finding(mass)
    _update(work, mass, {**_silence_evidence(silent), "count": len(mass.cameras)})


def _silence_evidence(silent: list[Camera]) -> dict[str, Any]:
    return {
        "count": len(silent),
        "cameras": [
            {
                "camera": camera.camera,
                "name": camera.name,
                "address": camera.address,
                "last_seen": camera.last_seen.isoformat() if camera.last_seen else None,
            }
            for camera in silent[:IN_EVIDENCE]
        ],
    }


# -- the front desk closes -----------------------------------------------------------------------------


def end_finding(work: Work, event: Any) -> None:
    """The case is over: its alarms are dealt with. A camera that is still silent is not reported a second time."""
    if event.finder != "cameras" or not event.finding_id:
        return
    work.store.lock_cameras(work.store.cameras_of_finding(event.finding_id))
    finding = work.store.finding(event.finding_id)
    if finding is None or finding.state != "open":
        return
    finding.end("closed", work.now)
    work.store.save_finding(finding)
    for alarm in work.store.alarms_of_finding(finding.finding_id):
        if alarm.active:
            alarm.clear("frontdesk", f"case {event.case_no} {event.status}", work.now)
            work.store.save_alarm(alarm)


# -- moving in -----------------------------------------------------------------------------------------


def grant_access(work: Work, item: tray.Item) -> tray.Finished | None:
    """入住: a card for the door, the vehicles' plates for the gate. A plate that is none is for a person to ask about."""
    form = item.form
    plates = [plate(_plate_text(vehicle)) for vehicle in form.get("vehicles") or []]
    if None in plates:
        return None
    consent = form.get("consent")
    face_asked = form.get("door_access") == "face"
    access = Access(
        door="phone" if form.get("door_access") == "phone" else "card",
        plates=tuple(dict.fromkeys(filter(None, plates))) if consent is not False else (),
        face=face_asked and form.get("face_consent") is True,
    )
    basis = {"consent": consent, "face_consent": form.get("face_consent"), "case_no": item.case_no}
    holder = item.applicant.get("name") or item.case_no
    given = [("door", holder), *(("vehicle", number) for number in access.plates)]
    if access.face:
        given.append(("face", holder))
    work.store.add_grants(
        [
            {
                "grant_no": new_id(),
                "case_no": item.case_no,
                "task_id": item.task_id,
                "place": item.place,
                "address": form.get("address"),
                "kind": kind,
                "subject": subject,
                "consent": basis,
                "granted_at": work.now,
            }
            for kind, subject in given
        ]
    )
    return tray.Finished(result=access.result(face_asked))


def revoke_access(work: Work, item: tray.Item) -> list[str]:
    return [
        f"{row.kind} access revoked: {row.subject}"
        for row in work.store.revoke_grants(item.task_id, work.now)
    ]


def _plate_text(vehicle: Any) -> str:
    return str(vehicle.get("plate", "")) if isinstance(vehicle, dict) else str(vehicle)


# -- the register --------------------------------------------------------------------------------------


def register_camera(work: Work, command: Any) -> dict[str, Any]:
    _require(work, command.place, words.RegisterCamera)
    camera = Camera.register(
        camera=command.camera,
        name=command.name,
        place=command.place,
        address=command.address,
        site=command.site,
        zone=command.zone,
        platform=command.platform,
        interval_s=command.interval_s or watch().interval_s,
        misses=command.misses or watch().misses,
        report_after_min=(
            watch().report_after_min if command.report_after_min is None else command.report_after_min
        ),
        registered_at=work.now,
    )
    if not work.store.add_camera(camera):
        raise AlreadyRegistered(camera=camera.camera)
    return {"camera": camera.camera, "status": camera.status}


def retire_camera(work: Work, command: Any) -> dict[str, Any]:
    camera = work.store.camera(command.camera)
    _require(work, camera.place, words.RetireCamera)
    if camera.finding_id:
        _stand_down(work, [camera], f"the camera was retired: {command.reason}")
    camera.status, camera.finding_id, camera.offline_at = "retired", None, None
    work.store.save_camera(camera)
    return {"camera": camera.camera, "status": camera.status}


# -- alarms, by officers -------------------------------------------------------------------------------


def acknowledge_alarm(work: Work, command: Any) -> dict[str, Any]:
    alarm = _alarm(work, command.alarm_no, words.AcknowledgeAlarm)
    alarm.acknowledge(work.caller.account, work.now)
    work.store.save_alarm(alarm)
    return _face(alarm)


def clear_alarm(work: Work, command: Any) -> dict[str, Any]:
    alarm = _alarm(work, command.alarm_no, words.ClearAlarm)
    reason = f"false alarm: {command.reason}" if command.false_alarm else command.reason
    _clear(work, alarm, work.caller.account, reason)
    return _face(alarm)


def _alarm(work: Work, alarm_no: str, contract: Contract) -> Alarm:
    work.store.camera(work.store.camera_of_alarm(alarm_no))
    alarm: Alarm = work.store.alarm(alarm_no)
    _require(work, alarm.place, contract)
    return alarm


def _face(alarm: Alarm) -> dict[str, Any]:
    return {"alarm_no": alarm.alarm_no, "active": alarm.active, "acknowledged_by": alarm.acknowledged_by}


# -- looking at recordings -----------------------------------------------------------------------------


def request_viewing(work: Work, command: Any) -> dict[str, Any]:
    wanted = [work.store.camera(id) for id in sorted(set(command.cameras))]
    for camera in wanted:
        _require(work, camera.place, words.RequestViewing)
    viewing = Viewing.ask(
        place=_common([camera.place for camera in wanted]),
        cameras=[camera.camera for camera in wanted],
        from_at=command.from_at,
        until_at=command.until_at,
        requester=command.requester,
        unit=command.unit,
        reason=command.reason,
        content=command.content,
        asked_by=work.caller.account,
        asked_at=work.now,
        task_id=command.task_id,
    )
    work.store.add_viewing(viewing)
    return {"viewing_no": viewing.viewing_no, "status": viewing.status}


def approve_viewing(work: Work, command: Any) -> dict[str, Any]:
    viewing = work.store.viewing(command.viewing_no)
    _require(work, viewing.place, words.ApproveViewing)
    viewing.decide(command.approved, command.note, work.caller.account, work.now)
    work.store.save_viewing(viewing)
    return {"viewing_no": viewing.viewing_no, "status": viewing.status}


def note_lookup(work: Work, command: Any) -> dict[str, Any]:
    viewing = work.store.viewing(command.viewing_no)
    _require(work, viewing.place, words.NoteLookup)
    viewing.allow(command.camera, command.from_at, command.until_at)
    line = work.store.append_lookup(
        {
            "viewing_no": viewing.viewing_no,
            "camera": command.camera,
            "from_at": command.from_at,
            "until_at": command.until_at,
            "viewer": command.viewer,
            "unit": viewing.unit,
            "reason": viewing.reason,
            "content": command.content,
            "account": work.caller.account,
            "at": work.now,
        }
    )
    return {"no": line["no"], "hash": line["hash"]}


def _common(places: list[str]) -> str:
    """The smallest area that holds them all, so that only whoever is in charge of all may decide."""
    for length in (15, 12, 9, 6):
        if len({place[:length] for place in places}) == 1:
            return places[0][:length]
    return ""


def _require(work: Work, place: str, contract: Contract) -> None:
    if not (is_ours(work.caller) and work.caller.may(may(contract), place)):
        raise NotYourCameras(place=place)


# -- demonstration -------------------------------------------------------------------------------------

DEMONSTRATION = (
    ("gate", "东门", "street"), ("gate", "西门", "street"), ("lobby", "单元大堂", None), ("lift", "电梯轿厢", "lift"),
    ("garage", "地下车库", "garage"), ("perimeter", "围墙", "perimeter"), ("playground", "儿童乐园", None),
    ("roof", "楼顶", "roof"),
)  # fmt: skip


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    """The ids follow from the number alone, so that any seed meets the same forty cameras again."""
    if not work.caller.may("admin", "110105001001"):
        raise NotYourCameras(place="110105001001")
    random, added = Random(command.seed), 0
    for number in range(1, 41):
        grid = f"110105001001{1 + (number - 1) % 6:03d}"
        site, name, zone = random.choice(DEMONSTRATION)
        building = random.randint(1, 12)
        camera = Camera.register(
            camera=str(DeviceId.build(grid[:8], "01", "132", number)),
            name=f"{building}号楼{name}",
            place=grid,
            address=f"{building}号楼{name}",
            site=site,
            zone=zone,
            platform=command.platform,
            interval_s=watch().interval_s,
            misses=watch().misses,
            report_after_min=watch().report_after_min,
            registered_at=work.now,
        )
        added += work.store.add_camera(camera)
    return {"cameras": 40, "added": added}


# -- tables --------------------------------------------------------------------------------------------

RULES: dict[str, Callable[[Work, tray.Item], tray.Finished | None]] = {"moving-in": grant_access}
UNDO: dict[str, Callable[[Work, tray.Item], list[str]]] = {"moving-in": revoke_access}

EVENTS: dict[type[Event], Callable[..., None]] = {
    **tray.events(RULES, UNDO),
    frontdesk.CaseClosed: end_finding,
    privacy.ResidentErased: answer_erasure,
}

COMMANDS: dict[type[Command], Callable[..., Any]] = {
    **tray.COMMANDS,
    words.RegisterCamera: register_camera,
    words.RetireCamera: retire_camera,
    words.AcknowledgeAlarm: acknowledge_alarm,
    words.ClearAlarm: clear_alarm,
    words.RequestViewing: request_viewing,
    words.ApproveViewing: approve_viewing,
    words.NoteLookup: note_lookup,
    words.LoadDemonstration: load_demonstration,
}

TIMERS: dict[Callable[[Work], None], timedelta] = {find_offline: timedelta(seconds=15)}
