"""A case that is filed may be one of many reports of the same thing.

Filing adds a row of its own and reads one that says whether the incident is known; it locks nothing that another filing
wants. Three hundred at once wait for nobody; that they are three hundred is found by a timer (`bursts`).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from services.chassis.database import Work
from services.chassis.settings import settings
from services.frontdesk.handlers.access import SECRET
from services.frontdesk.intake import rules
from services.frontdesk.intake.rules import Burst, Signal
from services.frontdesk.model import Case


def follows_an_incident(work: Work, case: Case) -> bool:
    """True when the case tells of an incident that is being handled: it has ended as its follower."""
    told = list(_told(work, case))
    known = work.store.open_incidents((kind, area) for kind, area, _, _ in told)
    into = next(
        (
            known[kind, area]
            for kind, area, rule, signal in told
            if rule.then == "incident" and signal.joins and (kind, area) in known
        ),
        None,
    )
    reporter = _reporter(case)
    work.store.add_reports(
        [
            {
                "case_no": case.no,
                "kind": kind,
                "area": area,
                "at": work.now,
                "reporter": reporter,
                "weight": signal.weight,
                "joins": signal.joins and rule.then == "incident",
                "incident_no": known.get((kind, area)),
                "answered_at": None
                if into and known.get((kind, area)) == into
                else work.now
                if (kind, area) in known
                else None,
            }
            for kind, area, rule, signal in told
        ]
    )
    if into is None:
        return False
    case.end("merge", work.now, "frontdesk", into=into)
    case.merged_into = into
    return True


def _told(work: Work, case: Case) -> Iterator[tuple[str, str, Burst, Signal]]:
    """(kind, area, rule, signal) of every burst or topic the case counts towards."""
    for rule in rules.bursts(case.place, work.now):
        signal = rule.signal(case.matter, case.form)
        if signal is None or len(case.place) < rule.within:
            continue
        yield kind_of(rule, rules.topic_of(case.form)), case.place[: rule.within], rule, signal


def kind_of(rule: Burst, topic: str | None) -> str:
    return f"{rule.kind}:{topic}" if rule.by_topic else rule.kind


def _reporter(case: Case) -> str:
    """Who reports, so that the same one counts once; a digest under our secret, for it stands outside the case."""
    who = next(
        (
            str(value)
            for value in (
                case.applicant.get("id_number"), case.applicant.get("phone"), case.form.get("device"), case.form.get("household"),
            )
            if value
        ),
        case.no,
    )  # fmt: skip
    return hmac.digest(settings().required(SECRET).encode(), f"reporter {who}".encode(), "sha256")[:12].hex()
