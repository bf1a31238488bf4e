"""What the desk suggests about a case: others like it, and whose it may be.

Candidates come by the index `ix_cases_place` (place, filed_at): cases of the same grid, and those filed for the wider area
around it, of the last days. What is compared is at most `candidates` rows, however many cases there are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from services.contracts import citizens
from services.frontdesk.intake import likeness, routing, rules
from services.frontdesk.intake.likeness import Report
from services.frontdesk.intake.tables import reports
from services.frontdesk.model import ANSWERED, Case
from services.frontdesk.tables import cases

COMPLAINT = "complaint"
COLLAPSED = ("incident", "topic")
AREAS = (15, 12, 9)
NOT_COMPARED = ("withdrawn", "merged", "not-accepted")
"""Taken back, or following another that is compared itself."""
ASKED_FIRST = "community"
"""Leads every complaint, so that it led says nothing of whose it was."""


def _candidates(
    connection: Connection,
    place: str,
    matter: str,
    before: datetime,
    look_back: timedelta,
    limit: int,
    *conditions: ColumnElement[bool],
) -> list[Any]:
    areas = {place} | {place[:digits] for digits in AREAS if len(place) > digits}
    body = cases.c.body
    wanted = (
        select(
            cases.c.no, cases.c.status, cases.c.filed_at, cases.c.place,
            body["form"].label("form"), body["applicant"].label("applicant"), body["tasks"].label("tasks"),
            body["title_zh"].astext.label("title_zh"), body["title_en"].astext.label("title_en"),
        )
        .where(
            cases.c.place.in_(sorted(areas)),
            cases.c.filed_at > before - look_back,
            cases.c.filed_at <= before + look_back,
            cases.c.matter == matter,
            *conditions,
        )
        .order_by(cases.c.filed_at.desc())
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(wanted))


def similar(
    connection: Connection,
    matter: str,
    place: str,
    report: Report,
    visible: ColumnElement[bool],
    whole: bool,
    but: str = "",
) -> list[dict[str, Any]]:
    """The likeliest others, best first. `whole`: for staff, with the number and the beginning of the text."""
    rule = rules.similar(place, report.at)
    window = rule.window(matter)
    found = []
    for row in _candidates(
        connection, place, matter, report.at, window, rule.candidates,
        cases.c.status.not_in(NOT_COMPARED), cases.c.no != but, visible,
    ):  # fmt: skip
        words = likeness.words_of(row.form)
        other = Report(
            str(row.form.get("address") or row.place), row.filed_at, words, rules.topic_of(row.form)
        )
        if match := likeness.match(rule, window, report, other):
            told = {
                "status": row.status, "title_zh": row.title_zh, "title_en": row.title_en, "filed_at": row.filed_at,
                "score": match.score, "alike": match.words, "reason": {"zh": match.zh, "en": match.en},
            }  # fmt: skip
            if whole:
                told |= {
                    "case_no": row.no,
                    "place": row.place,
                    "text": likeness.without_persons(words),
                    "applicant": {"name": citizens.mask_name(str(row.applicant.get("name") or ""))},
                }
            found.append(told)
    found.sort(key=lambda one: -one["score"])
    return found[: rule.shown]


def routes(
    connection: Connection,
    place: str,
    text: str,
    topic: str | None,
    at: datetime,
    not_to: set[str] | None = None,
) -> dict[str, Any]:
    duties = rules.duties(place, at)
    past = [
        routing.PastCase(row.no, unit, likeness.words_of(row.form))
        for row in _candidates(
            connection, place, COMPLAINT, at, rules.span(duties.past.look_back), duties.past.candidates,
            cases.c.status.in_((*ANSWERED, "archived")),
        )
        if (unit := _who_did_it(row.tasks))
    ]  # fmt: skip
    return {
        "suggestions": routing.suggest(duties, text, topic, past, not_to or ()),
        "source": {"zh": duties.source.zh, "en": duties.source.en},
    }


def routes_of(connection: Connection, case: Case, at: datetime) -> dict[str, Any] | None:
    """For a case nobody holds yet or somebody gives back; None for one that is in good hands."""
    pending = [task for task in case.tasks if task.status == "return-pending"]
    if case.status != "registered" and not pending:
        return None
    refused = {task.unit for task in case.tasks if task.status in ("returned", "return-pending")}
    return routes(
        connection, case.place, likeness.words_of(case.form), rules.topic_of(case.form), at, refused
    )


def count_reports(connection: Connection, incident_no: str) -> int:
    held = select(func.count()).where(reports.c.incident_no == incident_no)
    return int(connection.execute(held).scalar_one())


def _who_did_it(tasks: list[dict[str, Any]]) -> str | None:
    done = [task["unit"] for task in tasks if task["status"] == "done"]
    return next((unit for unit in reversed(done) if unit != ASKED_FIRST), done[-1] if done else None)
