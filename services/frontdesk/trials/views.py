"""Checking and trying out, asked over the API: for whoever writes matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.chassis.database import Read
from services.chassis.errors import Invalid
from services.contracts import trials
from services.contracts.messages import Query
from services.frontdesk import forms, matters
from services.frontdesk.approvals.views import place_of
from services.frontdesk.trials import course


class FaultyMatter(Invalid):
    """This matter cannot be tried yet; its faults are listed below."""

    zh = "该事项文件还不能试办，问题已逐条列出。"


def check_matter(read: Read, query: Any) -> dict[str, Any]:
    matter, findings = matters.read_text(query.text, matters.DATA)
    known = matters.catalogue().versions(matter.code) if matter else []
    return {
        "sound": not findings,
        "findings": [finding._asdict() for finding in findings],
        "code": matter.code if matter else None,
        "version": matter.version if matter else None,
        "known_versions": known,
    }


def try_matter(read: Read, query: Any) -> dict[str, Any]:
    if query.text is None:
        matter = matters.catalogue().get(query.code, query.version)
    else:
        draft, findings = matters.read_text(query.text, matters.DATA)
        if draft is None or findings:
            raise FaultyMatter.fields(
                {f"text:{one.line or 0}:{one.where}": (one.zh, one.en) for one in findings}
            )
        if query.code not in (draft.code, draft.slug):
            raise matters.UnknownMatter(code=query.code)
        matter = draft
    given = {**query.applicant, **query.form}
    place = query.place or forms.place_of(matter, given) or place_of(read.caller, None)
    return course.attempt(matter, given, query.materials, place, query.filed_at or read.now, query.outcomes)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    trials.CheckMatter: check_matter,
    trials.TryMatter: try_matter,
}
