"""Party building's bonds: joint branches, instructors, posts held elsewhere, committees of owners, arrears talks, appraisals."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from services.contracts.messages import Command, Page, Query
from services.contracts.party import GRID, KEY, NAME, PLACE, TEXT

OFFICE = "party"
POSTS = ("cross-post", "industry-committee")
PERIOD = validate.Regexp(r"^\d{4}(-H[12])?$", error="A year or half-year, as 2026-H1.")


def _key(**options: Any) -> fields.String:
    return fields.String(required=True, validate=KEY, **options)


# -- where a branch cannot be ---------------------------------------------------------------------------


class FoundJointBranch(Command):
    """Two to five units with fewer than three formal members each share a branch; their instructor duties are met by it."""

    units = fields.List(
        fields.String(validate=KEY), required=True, metadata={"description": "unified social credit codes"}
    )
    place = fields.String(required=True, validate=GRID)
    name_zh = fields.String(required=True, validate=NAME)
    name_en = fields.String(load_default="", validate=validate.Length(max=100))


class AssignInstructor(Command):
    """A formal member of another unit guides a unit too small for a branch; meets its instructor duty."""

    duty_id = _key()
    member_id = _key()


class GetDrive(Query):
    """The drive within the caller's areas: surveyed, established, assigned, up to standard; every number lists its units."""

    place = fields.String(load_default="", validate=validate.Regexp(r"^\d{0,15}$", error="Not a place code."))


# -- posts ---------------------------------------------------------------------------------------------


class RecordPost(Command):
    """A member holds a post elsewhere (交叉任职), or sits on the industry committee."""

    member_id = _key()
    kind = fields.String(required=True, validate=validate.OneOf(POSTS))
    body = fields.String(required=True, validate=NAME, metadata={"description": "where the post is"})
    post = fields.String(required=True, validate=NAME)
    since = fields.Date(required=True)


class EndPost(Command):
    """The post is over."""

    post_id = _key()
    ended_on = fields.Date(required=True)


class ListPosts(Page):
    """The register of posts; names are masked."""

    kind = fields.String(load_default=None, validate=validate.OneOf(POSTS))
    ended = fields.Boolean(load_default=False)


# -- with property management --------------------------------------------------------------------------


class ListCommittees(Page):
    """Owners' committees with how many of their seats members hold, against the share asked. Who they are is not told."""

    short = fields.Boolean(load_default=False, metadata={"description": "only those below the share"})


class KeepHousehold(Command):
    """Which household a member lives in, where no moving-in told it."""

    member_id = _key()
    household = fields.String(required=True, validate=KEY)


class ListTalks(Page):
    """Arrears talks a branch owes or held; names are masked, amounts are not known here."""

    state = fields.String(load_default=None, validate=validate.OneOf(("asked", "filed")))
    branch = fields.String(load_default=None)


class GetTalk(Query):
    """One talk with the whole name, for who holds it: the look is noted."""

    talk_id = _key()


class FileTalk(Command):
    """The talk was held; what came of it, without any amount."""

    talk_id = _key()
    held_on = fields.Date(required=True)
    result = fields.String(required=True, validate=TEXT)


# -- reporting and assessment --------------------------------------------------------------------------


class IssueAppraisal(Command):
    """What an employer's members did where they reported, half-yearly or yearly, by confirmed hours: a document for the unit."""

    employer = fields.String(required=True, validate=NAME)
    place = fields.String(required=True, validate=PLACE)
    period = fields.String(required=True, validate=PERIOD)


class GetAppraisal(Query):
    """The document as it was issued."""

    appraisal_id = _key()


class AssessBranch(Query):
    """A branch's year by items, each with done and asked and the list of what it counted."""

    branch = _key()
    year = fields.Integer(required=True, validate=validate.Range(2000, 2100))
