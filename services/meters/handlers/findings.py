"""What happens to a finding: told, seen again, taken back, acknowledged, closed with its case."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.contracts import frontdesk
from services.meters.handlers.access import demand
from services.meters.model import Finding, Household, UnknownFinding

SAID_AS = {
    "welfare": frontdesk.WelfareConcernRaised,
    "leak": frontdesk.LeakSuspected,
    "gas": frontdesk.AlarmRaised,
    "stuck": frontdesk.MeterFaultFound,
    "reverse": frontdesk.MeterFaultFound,
    "tamper": frontdesk.MeterFaultFound,
    "offline": frontdesk.MeterFaultFound,
}


def say_raised(work: Work, finding: Finding, home: Household | None) -> None:
    work.say(
        SAID_AS[finding.kind],
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        place=finding.place,
        household=finding.household,
        address=home.address if home else None,
        device=finding.meter,
        type=finding.evidence.get("type"),
        severity=finding.severity,
        evidence=finding.evidence,
        person=home.person if home and finding.kind == "welfare" else None,
        raised_at=finding.raised_at,
    )


def say_updated(work: Work, finding: Finding) -> None:
    work.say(
        frontdesk.FindingUpdated,
        subject=finding.finding_id,
        finding_id=finding.finding_id,
        evidence=finding.evidence,
        at=work.now,
    )


def stand_down(work: Work, finding: Finding, reason: str) -> None:
    finding.move("retract", work.now)
    work.store.save_finding(finding)
    work.say(
        frontdesk.FindingRetracted, subject=finding.finding_id,
        finding_id=finding.finding_id, reason=reason, at=work.now,
    )  # fmt: skip


def stand_down_welfare(work: Work, household: str, reason: str) -> None:
    for finding in work.store.active_findings(household, "welfare"):
        stand_down(work, finding, reason)


def acknowledge_finding(work: Work, command: Any) -> dict[str, Any]:
    finding = work.store.finding(command.finding_id)
    demand(work, finding.place)
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
