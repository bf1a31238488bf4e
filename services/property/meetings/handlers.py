"""Meetings are called and minuted, decisions tracked until they are done, notices posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import meetings as words
from services.contracts.messages import Command
from services.property.companies.handlers import company_at, fault, require
from services.property.companies.model import local_day
from services.property.meetings import model

AT_ONCE = 200


def call_meeting(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.CallMeeting)
    row = {
        "meeting": new_id(), **vars(command), "units": sorted(set(command.units)),
        "called_by": work.caller.account, "called_at": work.now,
    }  # fmt: skip
    work.store.add_meeting(row)
    return {"meeting": row["meeting"]}


def minute_meeting(work: Work, command: Any) -> dict[str, Any]:
    meeting = work.store.meeting(command.meeting)
    require(work, meeting.place, words.MinuteMeeting)
    if meeting.minutes is not None:
        raise model.MinutedAlready()
    strange = sorted({*command.present, *(one["unit"] for one in command.decisions)} - set(meeting.units))
    if strange:
        raise model.NotAsked(units="、".join(strange))
    work.store.minute_meeting(meeting.meeting, sorted(set(command.present)), command.minutes)
    rows = [
        {"decision": new_id(), "meeting": meeting.meeting, "place": meeting.place, "state": "open", **one}
        for one in command.decisions
    ]
    work.store.add_decisions(rows)
    return {"meeting": meeting.meeting, "decisions": [row["decision"] for row in rows]}


def finish_decision(work: Work, command: Any) -> dict[str, Any]:
    decision = work.store.decision(command.decision)
    require(work, decision.place, words.FinishDecision)
    if decision.state == "done":
        raise model.DoneAlready()
    work.store.finish_decision(decision.decision, command.result, work.now)
    return {"decision": decision.decision, "state": "done"}


def watch_decisions(work: Work) -> None:
    """A timer: what is not done by its day is told once. What was the company's to do counts in its assessment."""
    for decision in work.store.overdue_decisions(local_day(work.now), AT_ONCE):
        work.store.tell_overdue(decision.decision, work.now)
        if decision.unit == "property":
            company = company_at(work, decision.place, work.now)
            fault(work, "decision-overdue", decision.decision, decision.place, company)


def post_notice(work: Work, command: Any) -> dict[str, Any]:
    require(work, command.place, words.PostNotice)
    model.check_shown(command.kind, command.since, command.until)
    row = {"notice": new_id(), **vars(command), "posted_by": work.caller.account, "posted_at": work.now}
    work.store.add_notice(row)
    return {"notice": row["notice"]}


COMMANDS: dict[type[Command], Callable[..., Any]] = {
    words.CallMeeting: call_meeting,
    words.MinuteMeeting: minute_meeting,
    words.FinishDecision: finish_decision,
    words.PostNotice: post_notice,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {watch_decisions: timedelta(minutes=10)}
