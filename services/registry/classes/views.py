"""Classes of communities, and how they came about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from services.chassis.database import Read
from services.contracts import classes
from services.contracts.roles import may
from services.registry import model as registry_model
from services.registry import reading, rulebook
from services.registry.classes import model
from services.registry.classes.tables import judgements
from services.registry.reading import Page
from services.registry.repository import Repository


def get_community_class(read: Read, query: Any) -> dict[str, Any]:
    """As it would be judged now, so that a screen never waits for the timer; the history says when that came about."""
    store = Repository(read.connection)
    allowed = read.caller.may(may(classes.GetCommunityClass), query.community)
    if not allowed or not store.has_grids(query.community):
        raise model.UnknownCommunity(community=query.community)
    day = registry_model.today(read.now)
    rule = rulebook.in_force("community_classes", query.community, day)
    figures = store.figures_of(query.community, day)
    verdict = model.judge(figures, rule["classes"])
    measures: list[Any] = next(
        (one["measures"] for one in rule["classes"] if one["code"] == verdict["class"]), []
    )
    return {
        "community": query.community,
        **verdict,
        "measures": measures,
        "figures": [figure.as_dict() for figure in figures.values()],
        "rule": {"since": rule["since"], "source": rule["source"]},
    }


def list_community_classes(read: Read, query: Any) -> dict[str, Any]:
    c = judgements.c
    statement = (
        select(c.community, c["class"], c.state, c.judged_at)
        .ext(distinct_on(c.community))
        .where(reading.within(c.community, read.caller, classes.ListCommunityClasses, query.place))
        .order_by(c.community, c.position.desc())
        .limit(1000)
    )
    return {"items": [dict(row) for row in read.connection.execute(statement).mappings()]}


def list_class_history(read: Read, query: Any) -> Page:
    c = judgements.c
    statement = (
        select(c.position, c.judged_at, c["class"], c.state, c.figures, c.classes)
        .where(
            c.community == query.community,
            reading.within(c.community, read.caller, classes.ListClassHistory),
        )
        .order_by(c.position.desc())
        .limit(query.limit + 1)
    )
    if (query.cursor or "").isdecimal():
        statement = statement.where(c.position < int(query.cursor))
    return reading.page(read, statement, query.limit, "position")


QUERIES = {
    classes.GetCommunityClass: get_community_class,
    classes.ListCommunityClasses: list_community_classes,
    classes.ListClassHistory: list_class_history,
}
