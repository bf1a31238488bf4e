"""Scores, campaigns and evaluations, asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import and_, func, or_, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts.messages import Query
from services.contracts.roles import may
from services.contracts.scores import GetScores, ListCampaigns, ListEvaluations, ListFacts
from services.contracts.units import UNITS
from services.insight import companies, figures, model
from services.insight.areas import areas, inside
from services.insight.numbers import NUMBERS, RATES, Span
from services.insight.scores.model import Scheme, scheme_for, score
from services.insight.scores.tables import campaigns, evaluations, objections
from services.insight.tables import cases, facts

FILE = Path(__file__).parents[1] / "data" / "assessment" / "schemes.yaml"


@cache
def schemes() -> tuple[Scheme, ...]:
    return tuple(Scheme.read(one) for one in yaml.safe_load(FILE.read_text(encoding="utf-8"))["schemes"])


def get_scores(read: Read, query: Any) -> dict[str, Any]:
    return scores(read, query, areas(read, query.place, GetScores))


def scores(read: Read, query: Any, scopes: list[str], by_sums: bool = True) -> dict[str, Any]:
    span = model.span_of(query.period, query.on, read.now)
    assert span is not None
    first, after = (model.today(moment) for moment in span)
    scheme = scheme_for(schemes(), query.of, query.place or "", after - model.DAY)
    counted = (
        figures.by_key(read, scopes, span, query.of, by_sums=by_sums)
        if query.of != "branch"
        else defaultdict(Counter)
    )
    told, rated = _facts(read, scheme, scopes, span, query.of)
    items = []
    for key in sorted((counted.keys() | told.keys()) - {""}):
        rates = figures.rates_of(counted[key], RATES) | rated.get(key, {})
        made = score(scheme, rates, counted[key] + told[key])
        items.append({"key": key, **_names(query.of, key), **made})
    items.sort(key=lambda one: (-float(one["score"]), one["key"]))
    return {
        "of": query.of, "scheme": scheme.scheme, "from": first, "until": after - model.DAY, "items": items, "at": read.now,
    }  # fmt: skip


def _names(of: str, key: str) -> dict[str, str]:
    if of == "company":
        return companies.names(key)
    known = UNITS.get(key, {}) if of == "unit" else {}
    return {"zh": known.get("zh", key), "en": known.get("en", key)}


def _facts(
    read: Read, scheme: Scheme, scopes: list[str], span: Span, of: str
) -> tuple[defaultdict[str, Counter[str]], dict[str, dict[str, Any]]]:
    """How many facts of each name a subject has, and the rate of those that say yes."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    rated: dict[str, dict[str, Any]] = defaultdict(dict)
    for item in (*scheme.base, *scheme.good, *scheme.bad):
        name, true_of = item.get("fact") or item.get("fact_rate"), item.get("says")
        if not name:
            continue
        key = facts.c.data["branch" if of == "branch" else "place"].astext
        yes = func.count().filter(facts.c.data[true_of].as_boolean()) if true_of else func.count()
        said = (
            func.count().filter(facts.c.data[true_of].as_boolean().is_not(None)) if true_of else func.count()
        )
        wanted = select(key.label("key"), func.count(), yes, said).where(_lately(name, span), _in(scopes))
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for one, n, above, below in read.connection.execute(wanted.group_by("key")):
            subject = companies.of(one or "") if of == "company" else one or ""
            told[subject][name] += n
            sums[subject][0] += above
            sums[subject][1] += below
        if true_of:
            for subject, (above, below) in sums.items():
                rated[subject][name] = model.rate(above, below, None) | {"behind": {"fact": name}}
    return told, rated


def _lately(name: str, span: Span) -> Any:
    return and_(facts.c.name == name, facts.c.at >= span[0], facts.c.at < span[1])


def _in(scopes: list[str]) -> Any:
    """A fact without a place is where its case is."""
    place = facts.c.data["place"].astext
    of_case = select(cases.c.place).where(cases.c.case_no == facts.c.data["case_no"].astext).scalar_subquery()
    return inside(func.coalesce(place, of_case, ""), scopes)


def list_facts(read: Read, query: Any) -> dict[str, Any]:
    span = model.span_of(query.period, query.on, read.now)
    assert span is not None
    wanted = select(facts).where(_lately(query.fact, span), _in(areas(read, query.place, ListFacts)))
    if query.branch:
        wanted = wanted.where(facts.c.data["branch"].astext == query.branch)
    if query.company:
        wanted = wanted.where(inside(facts.c.data["place"].astext, companies.places(query.company)))
    count = read.connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    return page(read.connection, wanted, (facts.c.at, facts.c.id), query, descending=True) | {"count": count}


def list_campaigns(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(campaigns).where(inside(campaigns.c.place, areas(read, query.place, ListCampaigns)))
    items = []
    for row in read.connection.execute(
        wanted.order_by(campaigns.c.first_day.desc(), campaigns.c.code)
    ).mappings():
        span = model.begin_of(row["first_day"]), model.begin_of(row["last_day"] + model.DAY)
        numbers = {
            name: figures.count_one(
                read, NUMBERS[name], [row["place"]], cases.c.matter == row["matter"], span=span
            )
            for name in ("filed", "closed", "closed_in_time")
        }
        reached = model.rate(numbers["closed_in_time"], row["target"], 1.0)
        items.append(dict(row) | {"numbers": numbers, "reached": reached})
    return {"items": items, "next": None, "at": read.now}


def list_evaluations(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(evaluations).where(inside(evaluations.c.place, areas(read, query.place, ListEvaluations)))
    if not read.caller.has(*may(GetScores)):
        wanted = wanted.where(or_(evaluations.c.state == "publicity", evaluations.c.state == "published"))
    found = page(read.connection, wanted, (evaluations.c.id,), query, descending=True)
    numbers = [item["id"] for item in found["items"]]
    said = read.connection.execute(
        select(objections).where(objections.c.evaluation.in_(numbers)).order_by(objections.c.id)
    )
    by_evaluation: dict[int, list[Any]] = defaultdict(list)
    for row in said.mappings():
        by_evaluation[row["evaluation"]].append(dict(row))
    for item in found["items"]:
        item["objections"] = by_evaluation[item["id"]]
    return found


QUERIES: dict[type[Query], Callable[..., Any]] = {
    GetScores: get_scores,
    ListFacts: list_facts,
    ListCampaigns: list_campaigns,
    ListEvaluations: list_evaluations,
}
