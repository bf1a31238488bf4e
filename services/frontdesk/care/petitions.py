"""A petition (信访事项): its stages as a table, beside the life every case has.

Registered within 15 days, or the petitioner is told which statutory channel it belongs to; closed within 60 days and
at most 30 more; then he may ask for a review within 30 days, and for a re-examination of that, each answered in 30.
The figures are the matter's. What is not right is not done again but reviewed, by another unit than the one that answered.
"""

from __future__ import annotations

from datetime import datetime

from services.chassis.calendar import Calendar
from services.chassis.errors import Conflict
from services.frontdesk.matters.matter import Petition, Review
from services.frontdesk.model import Case

STAGES: dict[tuple[str, str], str] = {
    ("received", "accept"): "accepted",
    ("received", "inform"): "informed",
    ("received", "answer"): "answered",  # settled at the desk before anybody had to register it
    ("accepted", "answer"): "answered",
    ("answered", "ask"): "in-review",
    ("in-review", "answer"): "reviewed",
    ("reviewed", "ask"): "in-re-examination",
    ("in-re-examination", "answer"): "final",
    ("answered", "lapse"): "final",
    ("reviewed", "lapse"): "final",
    **{(stage, "end"): "ended" for stage in ("received", "accepted", "in-review", "in-re-examination")},
}
"""`end`: withdrawn, merged, or handed to the emergency services."""
OVER = ("informed", "final", "ended")


class NoReview(Conflict):
    """A petition that is {stage} cannot be reviewed; there is a review of the answer, and then one re-examination."""

    zh = "信访事项处于“{stage}”阶段，不能申请复查复核；对答复可申请复查一次、复核一次。"


class ReviewTooLate(Conflict):
    """A review of this answer could be asked for until {by}."""

    zh = "对该答复申请复查复核的期限已于 {by} 届满。"


class ReviewedInstead(Conflict):
    """A petition is not done again by the unit that answered: the petitioner may ask for a review."""

    zh = "信访事项不由原单位重办，信访人可依法申请复查复核。"


def move(case: Case, verb: str, at: datetime, actor: str) -> None:
    assert case.petition is not None
    stage = STAGES[case.petition["stage"], verb]
    case.petition = {"stage": stage}
    case.note("petition", at, actor, None, stage=stage)


def answered(case: Case, petition: Petition, working: Calendar, at: datetime, actor: str) -> None:
    """An answer was given; until when it may be asked to be reviewed, unless it was the last one."""
    move(case, "answer", at, actor)
    if case.petition and case.petition["stage"] not in OVER:
        case.petition["ask_by"] = working.due(at, petition.ask_within).isoformat()


def next_review(case: Case, petition: Petition, at: datetime) -> Review:
    """Raises NoReview and ReviewTooLate."""
    assert case.petition is not None
    stage = case.petition["stage"]
    if (stage, "ask") not in STAGES:
        raise NoReview(stage=stage)
    if at > datetime.fromisoformat(case.petition["ask_by"]):
        raise ReviewTooLate(by=case.petition["ask_by"])
    return petition.reviews[0 if stage == "answered" else 1]
