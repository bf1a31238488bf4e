"""Insight hears everything and orders nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.contracts import catalogue, frontdesk, insight
from services.contracts.messages import Command, Event
from services.contracts.roles import may
from services.insight import model


def note_lines(work: Work, event: Any) -> None:
    """More of a case's history, in whatever order it comes; the face is that after the last of the lines."""
    last = event.lines[-1]
    for line in event.lines:
        work.store.add_line({"case_no": event.case_no, **line, "face": event.case if line is last else None})


def keep_fact(work: Work, event: Any) -> None:
    """What a department made known, as it was said: statistics of later rooms are made from these."""
    heard = event.envelope
    work.store.add_fact(
        {
            "id": heard.id,
            "name": heard.name,
            "speaker": heard.speaker,
            "subject": heard.subject,
            "at": heard.time,
            "data": heard.data,
        }
    )


def rebuild_read_models(work: Work, command: Any) -> dict[str, int]:
    if not work.caller.may(may(insight.RebuildReadModels), ""):
        raise Forbidden()
    made_cases, made_lanes = work.store.make_all()
    return {"cases": made_cases, "lanes": made_lanes}


def tell_screens(work: Work) -> None:
    """At most once a second, and only of areas whose numbers changed."""
    told = work.store.said()
    numbers = model.silent(told) | model.roll_up(work.store.first_rows(work.now))
    for place, now in numbers.items():
        before, n = told.get(place, (None, 0))
        if now != before:
            work.store.note_said(place, now, n + 1)
            work.say(insight.OverviewChanged, subject=place, place=place, numbers=now, at=work.now, n=n + 1)


EVENTS: dict[type[Event], Callable[[Work, Any], None]] = {
    event: note_lines if event is frontdesk.CaseNoted else keep_fact
    for event in catalogue.events().values()
    if "insight" in (*event.heard_by, *event.heard_by_all)
}
COMMANDS: dict[type[Command], Callable[..., Any]] = {insight.RebuildReadModels: rebuild_read_models}
TIMERS: dict[Callable[[Work], None], timedelta] = {tell_screens: timedelta(seconds=1)}
