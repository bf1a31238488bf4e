"""What owners, officers and companies see of it. A tally before the end, and what a secret ballot was, nobody."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from services.chassis import calendar
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import owners as words
from services.contracts.citizens import mask_name
from services.contracts.messages import Query
from services.property.owners import model, proof, rules
from services.property.owners.repository import (
    assemblies,
    ballots,
    committees,
    fund_accounts,
    fund_entries,
    in_force,
    meetings,
    opinions,
    proposals,
    publicity,
    rights,
    uses,
    voters,
    votes,
)
from services.property.owners.scopes import look, place_of, within

Answer = dict[str, Any]
_VOTE = (
    "vote",
    "no",
    "subject",
    "title",
    "text",
    "secret",
    "scope",
    "rule",
    "roll_area",
    "roll_heads",
    "outcome",
)


def list_rights(read: Read, query: Any) -> Answer:
    place_of(read, query.estate, words.ListRights)
    on = query.on or calendar.local_day(read.now)
    names = ("household", "area", "owners", "since", "until")
    wanted = select(*(rights.c[name] for name in names)).where(rights.c.estate == query.estate, in_force(on))
    return page(read.connection, wanted, [rights.c.household], query)


def get_electorate(read: Read, query: Any) -> Answer:
    place = place_of(read, query.estate, words.GetElectorate)
    on = query.on or calendar.local_day(read.now)
    all_ = look(read).rights_of(query.estate, on)
    found = model.heads(all_)
    area, heads = model.size(found)
    return {
        "estate": query.estate,
        "on": on,
        "homes": len(all_),
        "heads": heads,
        "area": area,
        "several_homes": sum(len(head.homes) > 1 for head in found),
        "without_area": sorted(right.household for right in all_ if right.area is None),
        "rules": {subject: rules.of_vote(place, on, subject) for subject in words.SUBJECTS},
    }


def list_assemblies(read: Read, query: Any) -> Answer:
    wanted = select(assemblies).where(within(read, assemblies.c.place, words.ListAssemblies))
    if query.estate:
        wanted = wanted.where(assemblies.c.estate == query.estate)
    found = page(
        read.connection, wanted, [assemblies.c.opens_at, assemblies.c.assembly], query, descending=True
    )
    for one in found["items"]:
        one["post_overdue"] = _post_overdue(one, read.now)
    return found


def _post_overdue(one: Any, now: Any) -> bool:
    return bool(one["post_by"] and (one["posted_at"] or now) > one["post_by"])


def get_assembly(read: Read, query: Any) -> Answer:
    mine = within(read, assemblies.c.place, words.GetAssembly)
    row = read.connection.execute(
        select(assemblies).where(assemblies.c.assembly == query.assembly, mine)
    ).first()
    if row is None:
        raise model.UnknownAssembly(assembly=query.assembly)
    took_part = (
        select(ballots.c.vote, func.sum(ballots.c.area).label("area"), func.count().label("heads"))
        .group_by(ballots.c.vote)
        .subquery()
    )
    agenda = read.connection.execute(
        select(*(votes.c[name] for name in _VOTE), took_part.c.area, took_part.c.heads)
        .outerjoin(took_part, took_part.c.vote == votes.c.vote)
        .where(votes.c.assembly == query.assembly)
        .order_by(votes.c.no)
    )
    slips = select(func.count()).where(voters.c.assembly == query.assembly, voters.c.slip.is_not(None))
    found = dict(row._mapping)
    return {
        **found,
        "post_overdue": _post_overdue(found, read.now),
        "slips_issued": read.connection.scalar(slips),
        "votes": [
            {**{name: vote._mapping[name] for name in _VOTE},
             "took_part": {"area": vote.area or Decimal(0), "heads": vote.heads or 0}}
            for vote in agenda
        ],
    }  # fmt: skip


def get_vote_document(read: Read, query: Any) -> Answer:
    """For anybody: it holds no name, no home, and of a secret vote no choice."""
    vote = read.connection.execute(
        select(
            votes,
            assemblies.c.estate,
            assemblies.c.noticed_at,
            assemblies.c.closes_at,
            assemblies.c.counted_at,
        )
        .join(assemblies)
        .where(votes.c.vote == query.vote, votes.c.outcome.is_not(None))
    ).first()
    if vote is None:
        raise model.UnknownVote(vote=query.vote)
    cast = read.connection.execute(
        select(ballots).where(ballots.c.vote == query.vote).order_by(ballots.c.voter)
    )
    return {
        "scheme": proof.SCHEME,
        "vote": vote.vote,
        "estate": vote.estate,
        "subject": vote.subject,
        "title": vote.title,
        "secret": vote.secret,
        "noticed_at": vote.noticed_at,
        "closed_at": vote.closes_at,
        "counted_at": vote.counted_at,
        "rule": vote.rule,
        "roll": {"area": str(vote.roll_area), "heads": vote.roll_heads},
        "ballots": [
            {"voter": one.voter, "area": str(one.area), "seals": one.seals, "blind": one.blind}
            | ({} if vote.secret else {"choice": one.choice, "secret": one.secret})
            for one in cast
        ],
        "tally": vote.tally,
        "outcome": vote.outcome,
    }


def list_proposals(read: Read, query: Any) -> Answer:
    wanted = select(proposals).where(within(read, proposals.c.place, words.ListProposals))
    if query.estate:
        wanted = wanted.where(proposals.c.estate == query.estate)
    found = page(read.connection, wanted, [proposals.c.made_at, proposals.c.proposal], query, descending=True)
    stances: dict[str, dict[str, int]] = {}
    for row in read.connection.execute(
        select(opinions.c.proposal, opinions.c.stance, func.count().label("number"))
        .where(opinions.c.proposal.in_([one["proposal"] for one in found["items"]]))
        .group_by(opinions.c.proposal, opinions.c.stance)
    ):
        stances.setdefault(row.proposal, dict.fromkeys(words.CHOICES, 0))[row.stance] = row.number
    for one in found["items"]:
        one["opinions"] = stances.get(one["proposal"], dict.fromkeys(words.CHOICES, 0))
    return found


# -- committee -------------------------------------------------------------------------------------------


def _clocks(one: Answer, read: Read) -> Answer:
    """What is late with a committee; an overdue thing stays shown until it is done."""
    today = calendar.local_day(read.now)
    late = []
    if (one["filed_on"] or today) > one["file_by"]:
        late.append("filing")
    accepted = one["accepted_on"] or today
    if one["accept_by"] and accepted > calendar.local_day(one["accept_by"]):
        late.append("acceptance")
    if one["state"] == "sitting" and today > one["meet_by"]:
        late.append("meeting")
    if one["state"] == "sitting" and today > one["term_until"]:
        late.append("term")
    return {
        **one,
        "overdue": late,
        "seats": [
            {
                "seat": seat["seat"],
                "post": seat["post"],
                "chair": seat["chair"],
                "name": mask_name(seat["name"]),
            }
            for seat in one["seats"]
        ],
    }


def list_committees(read: Read, query: Any) -> Answer:
    wanted = select(committees).where(within(read, committees.c.place, words.ListCommittees))
    if query.estate:
        wanted = wanted.where(committees.c.estate == query.estate)
    found = page(
        read.connection, wanted, [committees.c.elected_on, committees.c.committee], query, descending=True
    )
    found["items"] = [_clocks(one, read) for one in found["items"]]
    return found


def get_committee(read: Read, query: Any) -> Answer:
    mine = within(read, committees.c.place, words.GetCommittee)
    row = read.connection.execute(
        select(committees).where(committees.c.committee == query.committee, mine)
    ).first()
    if row is None:
        raise model.UnknownCommittee(committee=query.committee)
    held = read.connection.execute(
        select(meetings.c.held_on, meetings.c.present, meetings.c.minutes)
        .where(meetings.c.committee == query.committee)
        .order_by(meetings.c.held_on.desc())
    )
    shown = read.connection.execute(
        select(publicity).where(publicity.c.committee == query.committee).order_by(publicity.c.half.desc())
    )
    halves = [
        {
            "half": one.half,
            "published_at": one.published_at,
            "lines": [{**line, "name": mask_name(line["name"])} for line in one.lines],
        }
        for one in shown
    ]
    # Those whom the latest publicity shows in arrears: whether they may stay is for the owners to say.
    alerts = [line["seat"] for line in halves[0]["lines"] if not line["paid"]] if halves else []
    return {
        **_clocks(dict(row._mapping), read),
        "meetings": [dict(one._mapping) for one in held],
        "payment_publicity": halves,
        "eligibility_alerts": alerts,
    }


# -- repair fund -----------------------------------------------------------------------------------------


def get_fund(read: Read, query: Any) -> Answer:
    place = place_of(read, query.estate, words.GetFund)
    figures = rules.figures(place, calendar.local_day(read.now))
    found = read.connection.execute(
        select(fund_accounts).where(fund_accounts.c.estate == query.estate).order_by(fund_accounts.c.code)
    ).all()
    homes = [row for row in found if row.household]
    return {
        **_sums(found, query.estate),
        "balances": sum((row.balance for row in found), Decimal(0)),
        "homes": [
            {
                "household": row.household,
                "balance": row.balance,
                "first": row.first,
                "top_up": model.must_top_up(row.balance, row.first, figures),
            }
            for row in homes
        ],
    }


def _sums(found: Any, estate: str) -> Answer:
    codes = {row.code: row.balance for row in found}
    return {
        "estate": estate,
        "in_bank": -codes.get(f"bank:{estate}", Decimal(0)),
        "of_homes": sum((row.balance for row in found if row.household), Decimal(0)),
        "in_works": sum((b for code, b in codes.items() if code.startswith("works:")), Decimal(0)),
        "common_income_left": codes.get(f"common:{estate}", Decimal(0)),
    }


def get_fund_publicity(read: Read, query: Any) -> Answer:
    """S1.10, for anybody: what came in, what was used for what, what is there."""
    found = read.connection.execute(select(fund_accounts).where(fund_accounts.c.estate == query.estate)).all()
    mine = select(fund_accounts.c.code).where(fund_accounts.c.estate == query.estate)
    lines = read.connection.execute(
        select(fund_entries.c.kind, fund_entries.c.memo, fund_entries.c.amount, fund_entries.c.at)
        .where(fund_entries.c.kind.in_(("common-income", "pay")), fund_entries.c.credit.in_(mine))
        .order_by(fund_entries.c.no.desc())
        .limit(100)
    )
    shown = (
        "use",
        "mode",
        "kind",
        "title",
        "contractor",
        "estimate",
        "state",
        "paid",
        "cost",
        "audit",
        "history",
    )
    latest = read.connection.execute(
        select(uses).where(uses.c.estate == query.estate).order_by(uses.c.created_at.desc()).limit(100)
    )
    return {
        **_sums(found, query.estate),
        "entries": [dict(line._mapping) for line in lines],
        "uses": [_public(use, shown) for use in latest],
    }


def _public(use: Any, shown: tuple[str, ...]) -> Answer:
    face = {name: use._mapping[name] for name in shown}
    face["history"] = [{k: v for k, v in line.items() if k != "actor"} for line in face["history"]]
    return face


def list_fund_uses(read: Read, query: Any) -> Answer:
    wanted = select(uses).where(within(read, uses.c.place, words.ListFundUses))
    if query.estate:
        wanted = wanted.where(uses.c.estate == query.estate)
    found = page(read.connection, wanted, [uses.c.created_at, uses.c.use], query, descending=True)
    for one in found["items"]:
        waits_for = one["decide_by"] if one["state"] == "proposed" else one["pay_by"]
        one["late"] = bool(
            waits_for
            and one["state"] in ("proposed", "approved")
            and not one["paid"]
            and read.now > waits_for
        )
    return found


QUERIES: dict[type[Query], Callable[..., Any]] = {
    words.ListRights: list_rights,
    words.GetElectorate: get_electorate,
    words.ListAssemblies: list_assemblies,
    words.GetAssembly: get_assembly,
    words.GetVoteDocument: get_vote_document,
    words.ListProposals: list_proposals,
    words.ListCommittees: list_committees,
    words.GetCommittee: get_committee,
    words.GetFund: get_fund,
    words.GetFundPublicity: get_fund_publicity,
    words.ListFundUses: list_fund_uses,
}
