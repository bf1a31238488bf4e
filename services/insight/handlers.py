"""Insight hears everything and orders nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from services.chassis import clock
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.contracts import catalogue, frontdesk, insight
from services.contracts.messages import Command, Event
from services.contracts.roles import may
from services.insight import model
from services.insight.scores import handlers as scores

CASES_AT_A_TIME = 4_000
"""Of a rebuild: about a second's work, and no event waits longer for a case's row."""


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
    """Only begins: `rebuild_some` does it, some cases at a time, and every case's rows are right all the while."""
    if not work.caller.may(may(insight.RebuildReadModels), ""):
        raise Forbidden()
    return {"id": work.store.begin_rebuild(work.now)}


def rebuild_some(work: Work) -> None:
    """The next piece of a rebuild: cases and lanes from the log by their numbers, then the sums month by month."""
    running = work.store.running_rebuild(lock=True)
    if running is None:
        return
    if running.stage == "rows":
        done_to, made, lanes = work.store.rebuild_some_cases(running.done_to, CASES_AT_A_TIME)
        stage = {"stage": "rows", "done_to": done_to} if done_to else {"stage": "sums", "done_to": ""}
        work.store.note_rebuild(running.id, **stage, cases=running.cases + made, lanes=running.lanes + lanes)
        return
    first, last = work.store.days_there_are()
    day = date.fromisoformat(running.done_to) if running.done_to else first
    if day is None or last is None or day > last:
        work.store.note_rebuild(running.id, stage="done", finished_at=clock.now())
    else:
        work.store.rebuild_sums(day)
        work.store.note_rebuild(running.id, done_to=model.days_of("month", day)[1].isoformat())


def fold_changes(work: Work) -> None:
    """What has changed is added to the sums; until then whoever reads adds it himself."""
    work.store.fold_changes()


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
COMMANDS: dict[type[Command], Callable[..., Any]] = {
    insight.RebuildReadModels: rebuild_read_models,
    **scores.COMMANDS,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    tell_screens: timedelta(seconds=1),
    fold_changes: timedelta(seconds=1),
    rebuild_some: timedelta(milliseconds=300),
    **scores.TIMERS,
}
