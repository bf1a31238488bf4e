"""Routes and scans, the timers that plan and close rounds, and the way of a finding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.chassis.settings import settings
from services.contracts import rounds as words
from services.contracts.messages import Command
from services.property.companies.handlers import company_at, fault, require
from services.property.rounds import model
from services.property.rounds.model import Finding

SECRET = "YIKOU_WEBHOOK_SECRET"
"""Property's own secret: endpoints' keys and points' codes are made from it, each with a word of its own before."""
AHEAD = timedelta(days=1)
AT_ONCE = 200


def plan_route(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.PlanRoute)
    model.check_windows(command.windows)
    row = {
        "route": new_id(), "place": command.place, "name": command.name, "points": list(command.points),
        "windows": list(command.windows), "planned_until": work.now,
    }  # fmt: skip
    work.store.add_route(row)
    return {"route": row["route"], "points": codes(row["route"], command.points)}


def codes(route: str, points: Any) -> list[dict[str, Any]]:
    secret = settings().required(SECRET)
    return [
        {"point": number, "name": name, "code": model.point_code(secret, route, number)}
        for number, name in enumerate(points, 1)
    ]


def scan_point(work: Work, command: Any) -> dict[str, Any]:
    name, point = model.read_point(settings().required(SECRET), command.code)
    route = work.store.route(name)
    require(work, route.place, words.ScanPoint)
    patrol = work.store.open_round(name, work.now)
    if patrol is None:
        raise model.NoRoundNow()
    first = work.store.scan(
        {"patrol": patrol.patrol, "point": point, "actor": work.caller.account, "at": work.now}
    )
    left = patrol.points - work.store.scanned(patrol.patrol)
    return {"patrol": patrol.patrol, "point": route.points[point - 1], "repeated": not first, "left": left}


def plan_rounds(work: Work) -> None:
    """A timer: rounds of the coming day. What a stop of the service left unplanned is planned, and missed, afterwards."""
    until = work.now + AHEAD
    for route in work.store.routes_to_plan(until - AHEAD / 2, AT_ONCE):
        rows = [
            {
                "patrol": new_id(), "route": route.route, "place": route.place, "points": len(route.points),
                "opens_at": opens, "closes_at": closes, "state": "open",
            }
            for opens, closes in model.moments(route.windows, route.planned_until, until)
        ]  # fmt: skip
        work.store.plan_rounds(route.route, rows, until)


def close_rounds(work: Work) -> None:
    """A timer: a round is over; points nobody reached are told once."""
    for patrol in work.store.rounds_over(work.now, AT_ONCE):
        missed = patrol.points - work.store.scanned(patrol.patrol)
        work.store.close_round(patrol.patrol, missed)
        if missed:
            company = company_at(work, patrol.place, patrol.opens_at)
            fault(work, "patrol-missed", patrol.patrol, patrol.place, company, missed)


# -- findings ----------------------------------------------------------------------------------------------


def report_finding(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.ReportFinding)
    if command.route:
        work.store.route(command.route)
    finding = Finding(
        new_id(), command.place, command.description, work.caller.account, work.now, route=command.route
    )
    work.store.add_finding(finding)
    return {"finding": finding.finding, "state": finding.state}


def call_joint_patrol(work: Work, command: Any) -> dict[str, Any]:
    finding = work.store.finding(command.finding)
    require(work, finding.place, words.CallJointPatrol)
    finding.call_together(command.units, command.due_on)
    work.store.save_finding(finding)
    return {"finding": finding.finding, "state": finding.state}


def dispose_finding(work: Work, command: Any) -> dict[str, Any]:
    finding = work.store.finding(command.finding)
    require(work, finding.place, words.DisposeFinding)
    finding.dispose(command.result, work.caller.account, work.now)
    work.store.save_finding(finding)
    return {"finding": finding.finding, "state": finding.state}


COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.PlanRoute: plan_route,
    words.ScanPoint: scan_point,
    words.ReportFinding: report_finding,
    words.CallJointPatrol: call_joint_patrol,
    words.DisposeFinding: dispose_finding,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    plan_rounds: timedelta(minutes=5),
    close_rounds: timedelta(minutes=1),
}
