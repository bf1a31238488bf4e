"""Campaigns are set, evaluations drafted, put on show, objected to, answered, published; scores are played again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.contracts import scores
from services.contracts.messages import Command
from services.contracts.roles import may
from services.insight.areas import OutsideYourArea, areas
from services.insight.scores import views
from services.insight.scores.model import STATES, NotInThisState, NotPublicAnyMore, UnknownEvaluation


def recompute_scores(work: Work, command: Any) -> dict[str, Any]:
    """Reads the log of the area again from its first line; nothing that was made from it is used."""
    scopes = areas(work, command.place, scores.RecomputeScores)
    known = views.scores(work, command, scopes)["items"]
    work.store.stand_beside()
    work.store.play_again(scopes)
    again = views.scores(work, command, scopes, by_sums=False)["items"]
    return {"equal": known == again, "scores": known, "from_log": again}


def set_campaign(work: Work, command: Any) -> dict[str, Any]:
    _let(work, scores.SetCampaign, command.place)
    if command.last_day < command.first_day:
        raise Invalid.fields({"last_day": ("不能早于开始日期。", "Not before the first day.")})
    known = work.store.campaign_place(command.code)
    if known is not None:
        _let(work, scores.SetCampaign, known)
    row = {name: getattr(command, name) for name in ("code", "zh", "en", "place", "matter", "first_day", "last_day", "target")}  # fmt: skip
    work.store.set_campaign(row | {"set_by": work.caller.account})
    return {"code": command.code}


def draft_evaluation(work: Work, command: Any) -> dict[str, Any]:
    _let(work, scores.DraftEvaluation, command.place)
    number = work.store.add_evaluation(
        {
            "of": command.of,
            "place": command.place,
            "year": command.year,
            "state": "draft",
            "scores": _scores(work, command.of, command.place, command.year),
            "made_by": work.caller.account,
            "made_at": work.now,
        }
    )
    return {"evaluation": number, "state": "draft"}


def announce_evaluation(work: Work, command: Any) -> dict[str, Any]:
    found = _moved(work, scores.AnnounceEvaluation, command.evaluation, "announce")
    until = work.now + timedelta(days=command.days)
    frozen = _scores(work, found.of, found.place, found.year)
    work.store.change_evaluation(found.id, state="publicity", public_until=until, scores=frozen)
    return {"evaluation": found.id, "state": "publicity", "public_until": until}


def withdraw_evaluation(work: Work, command: Any) -> dict[str, Any]:
    found = _moved(work, scores.WithdrawEvaluation, command.evaluation, "withdraw")
    work.store.change_evaluation(found.id, state="draft", public_until=None)
    return {"evaluation": found.id, "state": "draft"}


def object_to_evaluation(work: Work, command: Any) -> dict[str, Any]:
    found = _seen(work, scores.ObjectToEvaluation, command.evaluation)
    if found.state != "publicity":
        raise NotInThisState(state=found.state, verb="object")
    if work.now >= found.public_until:
        raise NotPublicAnyMore(until=found.public_until.isoformat())
    if command.subject not in {one["key"] for one in found.scores}:
        raise Invalid.fields({"subject": ("该考评中没有这一对象。", "Not one of those evaluated.")})
    row = {"evaluation": found.id, "subject": command.subject, "reason": command.reason}
    number = work.store.add_objection(row | {"by": work.caller.account, "at": work.now})
    return {"objection": number}


def answer_objection(work: Work, command: Any) -> dict[str, Any]:
    said = work.store.objection(command.objection)
    if said is None:
        raise UnknownEvaluation(id=command.objection)
    _seen(work, scores.AnswerObjection, said.evaluation)
    if said.answered_at is not None:
        raise NotInThisState(state="answered", verb="answer")
    answer = {"answer": command.answer, "answered_by": work.caller.account, "answered_at": work.now}
    work.store.answer_objection(said.id, **answer)
    return {"objection": said.id}


def publish_evaluations(work: Work) -> None:
    """When its days on show are over and every objection is answered."""
    for number in work.store.ripe_evaluations(work.now):
        work.store.change_evaluation(number, state=STATES["publicity", "publish"], published_at=work.now)


def _scores(work: Work, of: str, place: str, year: int) -> list[dict[str, Any]]:
    asked = SimpleNamespace(of=of, place=place, period="year", on=date(year, 12, 31))
    found: list[dict[str, Any]] = views.scores(work, asked, [place])["items"]
    return found


def _let(work: Work, contract: type[Command], place: str) -> None:
    if not work.caller.may(may(contract), place):
        raise OutsideYourArea(place=place)


def _seen(work: Work, contract: type[Command], number: int) -> Any:
    """Another area's does not exist for the caller."""
    found = work.store.evaluation(number)
    if not work.caller.may(may(contract), found.place):
        raise UnknownEvaluation(id=number)
    return found


def _moved(work: Work, contract: type[Command], number: int, verb: str) -> Any:
    found = _seen(work, contract, number)
    if (found.state, verb) not in STATES:
        raise NotInThisState(state=found.state, verb=verb)
    return found


COMMANDS: dict[type[Command], Callable[..., Any]] = {
    scores.RecomputeScores: recompute_scores,
    scores.SetCampaign: set_campaign,
    scores.DraftEvaluation: draft_evaluation,
    scores.AnnounceEvaluation: announce_evaluation,
    scores.WithdrawEvaluation: withdraw_evaluation,
    scores.ObjectToEvaluation: object_to_evaluation,
    scores.AnswerObjection: answer_objection,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {publish_evaluations: timedelta(minutes=1)}
