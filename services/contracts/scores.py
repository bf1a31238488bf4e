"""Assessment: scores with the cases behind each item, campaigns, and yearly evaluations that are published."""

from __future__ import annotations

from marshmallow import fields, validate

from services.contracts.insight import PERIODS, PLACE
from services.contracts.messages import Command, Page, Query

OFFICE = "insight"
SUBJECTS = ("unit", "staff", "company", "branch")
FACTS = (
    "RepairReported", "RepairFinished", "MemberReceived", "BranchDue", "CommitteeDue", "HoursCredited",
    "VolunteerDispatched", "VolunteerStoodDown",
)  # fmt: skip
TEXT = validate.Length(min=1, max=2000)
CODE = validate.Regexp(r"^[a-z0-9-]{1,40}$", error="Lower-case letters, digits and hyphens.")


class GetScores(Query):
    """Who scored how much, the best first, each item with what is behind it, by the formula published for place and time."""

    of = fields.String(load_default="unit", validate=validate.OneOf(SUBJECTS))
    place = fields.String(load_default=None, validate=PLACE)
    period = fields.String(load_default="year", validate=validate.OneOf(PERIODS))
    on = fields.Date(load_default=None, metadata={"description": "a day in China; today without it"})


class RecomputeScores(Command):
    """The same scores from the log of events alone, beside those of the read models: `{equal, scores, from_log}`."""

    of = fields.String(load_default="unit", validate=validate.OneOf(SUBJECTS))
    place = fields.String(load_default=None, validate=PLACE)
    period = fields.String(load_default="year", validate=validate.OneOf(PERIODS))
    on = fields.Date(load_default=None)


class ListFacts(Page):
    """What departments made known in a period, newest first: what is behind an item that counts facts."""

    fact = fields.String(required=True, validate=validate.OneOf(FACTS))
    place = fields.String(load_default=None, validate=PLACE)
    branch = fields.String(load_default=None, validate=validate.Length(max=40))
    company = fields.String(load_default=None, validate=validate.Length(max=40))
    period = fields.String(load_default="year", validate=validate.OneOf(PERIODS))
    on = fields.Date(load_default=None)


class SetCampaign(Command):
    """A campaign (专项行动): so many cases of a matter, closed in time, in an area between two days."""

    code = fields.String(required=True, validate=CODE)
    zh = fields.String(required=True, validate=validate.Length(min=1, max=100))
    en = fields.String(required=True, validate=validate.Length(min=1, max=100))
    place = fields.String(required=True, validate=PLACE)
    matter = fields.String(required=True, validate=validate.Length(min=1, max=40))
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    target = fields.Integer(required=True, validate=validate.Range(1, 1_000_000))


class ListCampaigns(Query):
    """The campaigns of an area with their figures: filed, closed, closed in time, and how much of the target."""

    place = fields.String(load_default=None, validate=PLACE)


class DraftEvaluation(Command):
    """The scores of a year, as a draft."""

    of = fields.String(required=True, validate=validate.OneOf(SUBJECTS))
    place = fields.String(required=True, validate=PLACE)
    year = fields.Integer(required=True, validate=validate.Range(2020, 2100))


class _OnEvaluation(Command):
    evaluation = fields.Integer(required=True)


class AnnounceEvaluation(_OnEvaluation):
    """Put a draft on show for some days, with the scores as they are now."""

    days = fields.Integer(load_default=7, validate=validate.Range(1, 60))


class WithdrawEvaluation(_OnEvaluation):
    """Take it back to a draft, because an objection was right."""


class ObjectToEvaluation(_OnEvaluation):
    """Object to a score while it is on show."""

    subject = fields.String(required=True, validate=validate.Length(min=1, max=100))
    reason = fields.String(required=True, validate=TEXT)


class AnswerObjection(Command):
    """Answer an objection; an evaluation is published only when all are answered."""

    objection = fields.Integer(required=True)
    answer = fields.String(required=True, validate=TEXT)


class ListEvaluations(Page):
    """Evaluations of the caller's areas with their objections, newest first."""

    place = fields.String(load_default=None, validate=PLACE)
