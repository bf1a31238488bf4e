"""Many reports of one thing become one incident, or one topic case: found, joined and answered by the clock.

Each look is one short transaction over at most `BATCH` cases; what is left waits for the next. Nothing is remembered between
two looks but rows, so it goes on wherever it stopped, and two replicas that look at once skip each other's rows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.journal import journal
from services.contracts import intake
from services.frontdesk import matters
from services.frontdesk.handlers.dispatch import new_number, register
from services.frontdesk.handlers.ending import end
from services.frontdesk.handlers.followers import follow, go_own_way
from services.frontdesk.intake import rules
from services.frontdesk.intake.rules import Burst
from services.frontdesk.model import Case

BATCH = 100
NOTE_EVERY = timedelta(seconds=10)
"""An incident's history says how many follow it at most this often."""
GRACE = timedelta(minutes=2)
"""A filing that saw an incident open has committed or failed by then."""


def collapse_bursts(work: Work) -> None:
    ended = work.store.end_incidents(work.now)  # first: what was reported after the end is not of this one
    work.store.end_broadcasts(ended, work.now)
    _open_all(work, "incident")
    _join(work)
    _note_growth(work)
    _answer(work)
    work.store.settle_incidents(work.now, work.now - GRACE)


def open_topics(work: Work) -> None:
    """Looked for less often: what comes again and again for weeks can wait a minute."""
    _open_all(work, "topic")
    _join(work)  # so that a topic case is born with its list


def _open_all(work: Work, then: str) -> None:
    for rule in rules.all_bursts(work.now):
        if rule.then != then:
            continue
        since = work.now - rules.span(rule.window)
        for kind in rule.kinds:
            for area in work.store.waiting_areas(kind, since, rule.threshold):
                # Each area by its own row: a city's may differ from everybody's.
                if len(area) == rule.within and rule in rules.bursts(area, work.now):
                    _open(work, rule, kind, area)


def _open(work: Work, rule: Burst, kind: str, area: str) -> None:
    no = new_number(work)
    row = {
        "case_no": no,
        "kind": kind,
        "area": area,
        "then": rule.then,
        "since": work.now - rules.span(rule.window),
        "opened_at": work.now,
    }
    if not work.store.claim_incident(row):
        return
    matter = matters.catalogue().get(rule.then)
    topic = kind.partition(":")[2] or kind
    form = {"kind": topic, "area": area, "text": rule.title.zh}
    case = register(work, matter, area, "device", {"name": rule.title.zh}, form, [], no=no)
    case.note("collapsed", work.now, "frontdesk", None, what=kind, area=area, threshold=rule.threshold)
    if rule.broadcast:
        _broadcast(work, rule, case)


def _broadcast(work: Work, rule: Burst, case: Case) -> None:
    assert rule.broadcast is not None
    told: dict[str, Any] = {
        "broadcast_id": identifiers.new_id(),
        "case_no": case.no,
        "kind": rule.kind,
        "place": case.place,
        "zh": rule.broadcast.zh.format(case_no=case.no),
        "en": rule.broadcast.en.format(case_no=case.no),
        "made_at": work.now,
    }
    work.store.add_broadcast(told)
    work.say(intake.BroadcastMade, subject=case.no, **told)
    case.note("broadcast", work.now, "frontdesk", None, zh=told["zh"], en=told["en"], place=case.place)


def _join(work: Work) -> None:
    for row in work.store.next_to_join(BATCH):
        try:
            with work.attempt():
                _join_one(work, row)
        except Exception as error:
            # It goes its own way, as if it had reported something else, and holds up no other.
            work.store.forget(row.case_no)
            work.store.set_report(
                row.case_no, row.kind, incident_no=row.incident_no, joins=False, answered_at=work.now
            )
            journal().error(
                "report-not-joined", case_no=row.case_no, incident=row.incident_no, exc_info=error
            )


def _join_one(work: Work, row: Any) -> None:
    case: Case = work.store.case(row.case_no)
    joins = row.joins and not case.ended
    work.store.set_report(
        case.no, row.kind, incident_no=row.incident_no, answered_at=None if joins else work.now
    )
    if joins:
        # What its units have done already stays done; whoever still holds a part stands down.
        end(work, case, "merge", "frontdesk", into=row.incident_no)
        case.merged_into = row.incident_no


def _note_growth(work: Work) -> None:
    for row in work.store.grown_incidents(work.now - NOTE_EVERY):
        case: Case = work.store.case(row.case_no)
        case.note("reports-joined", work.now, "frontdesk", None, more=row.held - row.noted, reports=row.held)
        work.store.set_incident(case.no, noted=row.held, noted_at=work.now)


def _answer(work: Work) -> None:
    """Those who followed are told how it ended; taken back, each goes its own way; merged, they follow the other."""
    for row in work.store.next_to_answer(BATCH):
        try:
            with work.attempt():
                _answer_one(work, row)
        except Exception as error:
            work.store.forget(row.case_no)
            work.store.set_report(row.case_no, row.kind, answered_at=work.now)
            journal().error(
                "report-not-answered", case_no=row.case_no, incident=row.incident_no, exc_info=error
            )


def _answer_one(work: Work, row: Any) -> None:
    incident: Case = work.store.case(row.incident_no)
    case: Case = work.store.case(row.case_no)
    work.store.set_report(case.no, row.kind, answered_at=work.now)
    if case.merged_into != incident.no:  # merged by a person into something else meanwhile
        return
    if incident.status == "withdrawn":
        case.release(work.now, "frontdesk", withdrawn=incident.no)
        go_own_way(work, case)
    elif incident.status == "merged" and incident.merged_into:
        case.note("handed-on", work.now, "frontdesk", None, into=incident.merged_into)
        _follow_other(work, case, incident.merged_into, row.kind)
    else:
        case.answered_with(incident.no, incident.status, work.now, "frontdesk", incident.has_answer)


def _follow_other(work: Work, case: Case, into: str, kind: str) -> None:
    if work.store.incident(into):
        case.merged_into = into
        work.store.set_report(case.no, kind, incident_no=into, answered_at=None)
        return
    leading: Case = work.store.case(into)
    if leading.ended:
        case.merged_into = into
        case.answered_with(into, leading.status, work.now, "frontdesk", leading.has_answer)
    else:
        follow(work, [case], leading, "frontdesk")
