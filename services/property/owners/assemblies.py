"""What the owners decide: proposals, assemblies, slips, proxies, ballots, counting, and what follows from a result."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid
from services.chassis.identifiers import new_id
from services.contracts import owners as words
from services.contracts import property as property_words
from services.property.model import RepairOrder
from services.property.owners import fund, model, proof, rules
from services.property.owners import repository as rows
from services.property.owners.scopes import place_of, require
from services.property.webhooks import handlers as webhooks


class NoAgenda(Conflict):
    """An assembly ends after it begins."""

    zh = "表决结束时间应晚于开始时间。"


class StillConsulting(Conflict):
    """Owners may give their opinion until {until}; the vote comes after."""

    zh = "征求意见期至 {until}，其后方可表决。"


class ConsultationOver(Conflict):
    """Opinions were taken until {until}."""

    zh = "征求意见已于 {until} 结束。"


class NotCounted(Conflict):
    """This assembly has not been counted yet."""

    zh = "该次业主大会尚未计票。"


# -- proposals -------------------------------------------------------------------------------------------


def make_proposal(work: Work, command: Any) -> dict[str, Any]:
    place = place_of(work, command.estate, words.MakeProposal)
    if command.outcome == "contract" and not (command.company and command.decision):
        said = ("请填写物业企业和选聘或解聘。", "Name the company, and whether it is chosen or dismissed.")
        raise Invalid.fields({"company": said})
    if command.outcome == "work-order" and not (command.category and command.address):
        said = ("请填写维修类别和地点。", "Name the category and the address of the work.")
        raise Invalid.fields({"category": said})
    names = ("company", "company_code", "decision", "category", "address", "case_no")
    outcome = {"kind": command.outcome} | {
        name: getattr(command, name) for name in names if getattr(command, name) is not None
    }
    days = rules.figures(place, calendar.local_day(work.now))["consultation_days"]
    proposal = {
        "proposal": new_id(), "estate": command.estate, "place": place, "title": command.name,
        "text": command.text, "outcome": outcome, "state": "consulting", "made_by": work.caller.account,
        "made_at": work.now, "consult_until": _hung(command.asked_since, work.now, "asked_since") + timedelta(days=days),
    }  # fmt: skip
    work.store.add_row(rows.proposals, **proposal)
    return proposal


def give_opinion(work: Work, command: Any) -> dict[str, Any]:
    found = _proposal(work, command.proposal)
    require(work.caller, found.place, words.GiveOpinion)
    if work.now >= found.consult_until or found.state != "consulting":
        raise ConsultationOver(until=found.consult_until.isoformat(timespec="minutes"))
    said = {"stance": command.stance, "text": command.text, "at": work.now, "by": work.caller.account}
    work.store.add_row(rows.opinions, proposal=found.proposal, **said)
    return {"proposal": found.proposal, **said}


def _proposal(work: Work, proposal: str) -> Any:
    found = work.store.find_row(rows.proposals, proposal=proposal)
    if found is None:
        raise model.UnknownProposal(proposal=proposal)
    return found


# -- calling ---------------------------------------------------------------------------------------------


def call_assembly(work: Work, command: Any) -> dict[str, Any]:
    place = place_of(work, command.estate, words.CallAssembly)
    day = calendar.local_day(work.now)
    figures = rules.figures(place, day)
    noticed_at = _hung(command.noticed_at, work.now, "noticed_at")
    model.check_notice(noticed_at, command.opens_at, figures)
    if command.opens_at < work.now:
        raise Invalid.fields({"opens_at": ("不能早于现在。", "Not in the past.")})
    if command.closes_at <= command.opens_at:
        raise NoAgenda()
    rights = model.complete(work.store.rights_of(command.estate, day))
    if not rights:
        raise fund.NoOwnersKnown(estate=command.estate)
    roll = model.heads(rights)
    asked = _asked(command, roll, figures)
    assembly = new_id()
    work.store.add_row(
        rows.assemblies, assembly=assembly, estate=command.estate, place=place, kind=command.kind, state="called",
        called_at=work.now, called_by=work.caller.account, noticed_at=noticed_at, opens_at=command.opens_at, closes_at=command.closes_at,
        asked=asked,
    )  # fmt: skip
    work.store.add_voters(
        [
            {
                "assembly": assembly,
                "voter": model.pseudonym(assembly, head.owners),
                "homes": {home: str(area) for home, area in head.homes.items()},
            }
            for head in roll
        ]
    )
    agenda = [
        _put_on_agenda(work, assembly, command, place, no, item, rights)
        for no, item in enumerate(command.agenda, 1)
    ]
    area, heads = model.size(roll)
    return {"assembly": assembly, "heads": heads, "area": str(area), "votes": agenda, "asked": asked}


def _hung(since: datetime | None, now: datetime, name: str) -> datetime:
    """A notice may have hung on paper before it is entered here; who entered it is on record, and the day is published."""
    if since is not None and since > now:
        raise Invalid.fields({name: ("不能晚于现在。", "Not after now.")})
    return since or now


def _asked(command: Any, roll: list[model.Head], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Who asks for it, counted by heads and area; a regular one nobody has to ask for."""
    homes = set(command.called_by_owners)
    asking = [head for head in roll if homes & head.homes.keys()]
    area, heads = model.size(asking)
    if command.kind == "extraordinary":
        model.check_extraordinary(heads, len(roll), figures)
    if command.kind == "first":
        model.check_first(
            command.delivered_area or Decimal(0), command.whole_area or Decimal(0), (area, heads),
            model.size(roll), figures,
        )  # fmt: skip
    return {"heads": heads, "area": str(area)}


def _put_on_agenda(
    work: Work, assembly: str, command: Any, place: str, no: int, item: Any, rights: Any
) -> dict[str, Any]:
    vote = new_id()
    scope = item["scope"]
    if item["fund_use"]:
        use = work.store.fund_use(item["fund_use"])
        if use.estate != command.estate or use.state != "proposed":
            raise model.FundUseNotNow(state=use.state, verb="voted on")
        use.vote, scope = vote, use.scope
        work.store.save_use(use)
    if item["proposal"]:
        found = _proposal(work, item["proposal"])
        if found.estate != command.estate:
            raise model.UnknownProposal(proposal=found.proposal)
        if command.opens_at < found.consult_until:
            raise StillConsulting(until=found.consult_until.isoformat(timespec="minutes"))
        if found.state != "consulting":
            raise ConsultationOver(until=found.consult_until.isoformat(timespec="minutes"))
        work.store.change_row(rows.proposals, {"proposal": found.proposal}, state="voting", vote=vote)
    concerned = model.heads(right for right in rights if model.in_scope(right.household, scope))
    area, heads = model.size(concerned)
    if not heads:
        raise model.NotConcerned()
    row = {
        "vote": vote, "assembly": assembly, "no": no, "subject": item["subject"], "title": item["title"],
        "text": item["text"], "secret": item["secret"], "scope": scope,
        "rule": rules.of_vote(place, calendar.local_day(work.now), item["subject"]), "roll_area": area,
        "roll_heads": heads, "tally": model.nothing(), "proposal": item["proposal"], "fund_use": item["fund_use"],
    }  # fmt: skip
    work.store.add_row(rows.votes, **row)
    return {"vote": vote, "no": no, "title": item["title"], "roll_area": str(area), "roll_heads": heads}


# -- slips and proxies -----------------------------------------------------------------------------------


def issue_slips(work: Work, command: Any) -> dict[str, Any]:
    found = _running(work, command.assembly, words.IssueSlips)
    given = []
    for voter in work.store.voters_of(found.assembly, command.households):
        slip = secrets.token_urlsafe(15)
        issued = {"slip": _hash(slip), "issued_by": work.caller.account, "issued_at": work.now}
        work.store.change_row(rows.voters, {"assembly": found.assembly, "voter": voter.voter}, **issued)
        given.append({"voter": voter.voter, "homes": sorted(voter.homes), "slip": slip})
    return {"assembly": found.assembly, "slips": given}


def register_proxy(work: Work, command: Any) -> dict[str, Any]:
    found = _running(work, command.assembly, words.RegisterProxy)
    principal = _voter(work, found.assembly, command.principal)
    proxy = _voter(work, found.assembly, command.proxy)
    if principal.voter == proxy.voter:
        raise model.OneselfNoProxy()
    # Two letters to the same proxy wait for each other here, or both would be the last one allowed.
    work.store.find_row(rows.voters, assembly=found.assembly, voter=proxy.voter)
    most = rules.figures(found.place, calendar.local_day(work.now))["proxies_each"]
    before = work.store.find_row(rows.proxies, assembly=found.assembly, principal=principal.voter)
    same = before is not None and before.revoked_at is None and before.proxy == proxy.voter
    if not same and work.store.proxies_held(found.assembly, proxy.voter) >= most:
        raise model.TooManyProxies(most=most)
    letter = {
        "proxy": proxy.voter, "document": command.document, "registered_by": work.caller.account,
        "registered_at": work.now, "revoked_at": None,
    }  # fmt: skip
    key = {"assembly": found.assembly, "principal": principal.voter}
    if before is None:
        work.store.add_row(rows.proxies, **key, **letter)
    else:
        work.store.change_row(rows.proxies, key, **letter)
    return {**key, "proxy": proxy.voter}


def revoke_proxy(work: Work, command: Any) -> dict[str, Any]:
    found = _running(work, command.assembly, words.RevokeProxy)
    principal = _voter(work, found.assembly, command.principal)
    key = {"assembly": found.assembly, "principal": principal.voter}
    work.store.change_row(rows.proxies, key, revoked_at=work.now)
    return key


def _hash(slip: str) -> str:
    return hashlib.sha256(slip.encode()).hexdigest()


def _voter(work: Work, assembly: str, household: str) -> Any:
    found = work.store.voter_of(assembly, household)
    if found is None:
        raise model.NotAnOwner(household=household)
    return found


def _running(work: Work, assembly: str, contract: Any) -> Any:
    found = work.store.find_row(rows.assemblies, assembly=assembly)
    if found is None:
        raise model.UnknownAssembly(assembly=assembly)
    require(work.caller, found.place, contract)
    if found.state != "called" or work.now >= found.closes_at:
        raise model.NotVotingNow(opens_at=found.opens_at.isoformat(), closes_at=found.closes_at.isoformat())
    return found


# -- ballots ---------------------------------------------------------------------------------------------


def cast_ballot(work: Work, command: Any) -> dict[str, Any]:
    """The same ballot with the same secret is cast once, so whoever got no answer sends it again."""
    vote = work.store.find_row(rows.votes, lock=False, vote=command.vote)
    if vote is None:
        raise model.UnknownVote(vote=command.vote)
    assembly = work.store.find_row(rows.assemblies, lock=False, assembly=vote.assembly)
    if not (assembly.state == "called" and assembly.opens_at <= work.now < assembly.closes_at):
        raise model.NotVotingNow(
            opens_at=assembly.opens_at.isoformat(), closes_at=assembly.closes_at.isoformat()
        )
    holder = work.store.find_row(rows.voters, lock=False, slip=_hash(command.slip), assembly=vote.assembly)
    if holder is None:
        raise model.SlipUnknown()
    voter, by = holder, None
    if command.principal and command.principal not in holder.homes:
        voter, by = _voter(work, vote.assembly, command.principal), holder.voter
        letter = work.store.find_row(rows.proxies, assembly=vote.assembly, principal=voter.voter)
        if letter is None or letter.revoked_at or letter.proxy != holder.voter:
            raise model.NoProxy()
    area = sum(
        (Decimal(a) for home, a in voter.homes.items() if model.in_scope(home, vote.scope)), Decimal(0)
    )
    if not any(model.in_scope(home, vote.scope) for home in voter.homes):
        raise model.NotConcerned()
    secret = command.secret or secrets.token_hex(32)
    # The long sums come before the lock: other voters wait only for the adding.
    seals, blinds = proof.ballot(secret, vote.vote, voter.voter, proof.cents(area), command.choice)
    vote = work.store.find_row(rows.votes, vote=vote.vote)
    # Counting may have come between: the lock was the count's, and its word is final.
    if vote.outcome is not None:
        raise model.NotVotingNow(
            opens_at=assembly.opens_at.isoformat(), closes_at=assembly.closes_at.isoformat()
        )
    tally = vote.tally
    before = work.store.find_row(rows.ballots, vote=vote.vote, voter=voter.voter)
    if before is not None and before.seals != seals:
        _take_back(vote, assembly, before, command, tally, work)
    ballot = {
        "area": area, "seals": seals, "blind": f"{sum(blinds.values()):x}", "proxy": by,
        "choice": None if vote.secret else command.choice, "secret": None if vote.secret else secret,
    }  # fmt: skip
    if before is None or before.seals != seals:
        model.add(tally, proof.cents(area), blinds, command.choice)
        work.store.change_row(rows.votes, {"vote": vote.vote}, tally=tally)
        if before is None:
            work.store.add_row(rows.ballots, vote=vote.vote, voter=voter.voter, **ballot)
        else:
            work.store.change_row(rows.ballots, {"vote": vote.vote, "voter": voter.voter}, **ballot)
    return {
        "vote": vote.vote, "voter": voter.voter, "choice": command.choice, "secret": secret, "area": str(area),
        "seals_sha256": proof.digest(seals),
    }  # fmt: skip


def _take_back(vote: Any, assembly: Any, before: Any, command: Any, tally: Any, work: Work) -> None:
    """A ballot that is changed leaves the tally first. What a secret one was, only its receipt can tell."""
    day = calendar.local_day(assembly.called_at)
    if not rules.figures(assembly.place, day)["ballot_may_change"]:
        raise model.AlreadyVoted()
    choice, secret = before.choice, before.secret
    if vote.secret:
        if command.earlier is None:
            raise model.ReceiptNeeded()
        choice, secret = command.earlier["choice"], command.earlier["secret"]
    area = proof.cents(before.area)
    seals, blinds = proof.ballot(secret, vote.vote, before.voter, area, choice)
    if seals != before.seals:
        raise model.ReceiptWrong()
    model.add(tally, area, blinds, choice, -1)


# -- counting --------------------------------------------------------------------------------------------


def count_votes(work: Work) -> None:
    """A timer: assemblies whose time is over are counted once, whoever comes first."""
    for assembly in work.store.due_assemblies(work.now, 20):
        for vote in work.store.votes_of(assembly.assembly, lock=True):
            _count(work, assembly, vote)
        days = rules.figures(assembly.place, calendar.local_day(work.now))["post_days"]
        work.store.change_row(
            rows.assemblies, {"assembly": assembly.assembly}, state="counted", counted_at=work.now,
            post_by=work.now + timedelta(days=days),
        )  # fmt: skip


def _count(work: Work, assembly: Any, vote: Any) -> None:
    area, heads = work.store.took_part(vote.vote)
    agreed = vote.tally["for"]
    outcome = proof.decide(
        vote.rule,
        (proof.cents(vote.roll_area), vote.roll_heads),
        (proof.cents(area), heads),
        (proof.cents(agreed["area"]), agreed["heads"]),
    )
    work.store.change_row(rows.votes, {"vote": vote.vote}, outcome=outcome)
    work.say(
        words.VoteDecided, subject=vote.vote, vote=vote.vote, assembly=assembly.assembly, estate=assembly.estate,
        place=assembly.place, about=vote.subject, outcome=outcome, at=work.now,
    )  # fmt: skip
    if vote.fund_use:
        fund.decided(work, vote.fund_use, outcome == "passed", f"vote {vote.vote}")
    if vote.proposal:
        _follow(work, _proposal(work, vote.proposal), vote, outcome)


def _follow(work: Work, proposal: Any, vote: Any, outcome: str) -> None:
    """A contract or a work order comes of a proposal that passed."""
    wanted = proposal.outcome
    result: dict[str, Any] = {"outcome": outcome}
    if outcome == "passed" and wanted["kind"] == "contract":
        work.say(
            words.CompanyVoted, subject=proposal.estate, vote=vote.vote, proposal=proposal.proposal,
            estate=proposal.estate, place=proposal.place, company=wanted["company"],
            company_code=wanted.get("company_code"), decision=wanted["decision"], at=work.now,
        )  # fmt: skip
        result |= {"company": wanted["company"], "decision": wanted["decision"]}
    if outcome == "passed" and wanted["kind"] == "work-order":
        result["order_no"] = _order_work(work, proposal)
    state = "passed" if outcome == "passed" else "rejected"
    work.store.change_row(rows.proposals, {"proposal": proposal.proposal}, state=state, result=result)


def _order_work(work: Work, proposal: Any) -> str:
    wanted = proposal.outcome
    order = RepairOrder.report(
        actor="owners", at=work.now, urgency="ordinary", place=proposal.place, address=wanted["address"],
        category=wanted["category"], description=proposal.title, case_no=wanted.get("case_no"),
    )  # fmt: skip
    work.store.add_order(order)
    work.say(
        property_words.RepairReported, subject=order.order_no, order_no=order.order_no, place=order.place,
        category=order.category, urgency=order.urgency, case_no=order.case_no, reported_at=order.reported_at,
        arrive_by=order.arrive_by,
    )  # fmt: skip
    webhooks.tell(
        work, "repair.reported", order.place, order_no=order.order_no, category=order.category,
        urgency=order.urgency, case_no=order.case_no, arrive_by=order.arrive_by,
    )  # fmt: skip
    return order.order_no


def post_result(work: Work, command: Any) -> dict[str, Any]:
    found = work.store.find_row(rows.assemblies, assembly=command.assembly)
    if found is None:
        raise model.UnknownAssembly(assembly=command.assembly)
    require(work.caller, found.place, words.PostResult)
    if found.state == "called":
        raise NotCounted()
    at = found.posted_at or work.now
    work.store.change_row(rows.assemblies, {"assembly": found.assembly}, state="posted", posted_at=at)
    return {"assembly": found.assembly, "posted_at": at, "late": at > found.post_by}
