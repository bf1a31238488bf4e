"""A community is judged when something it is judged by has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.contracts import classes
from services.contracts.messages import Command
from services.registry import model as registry_model
from services.registry import rulebook
from services.registry.classes import model

AT_ONCE = 20


def enter_unemployment(work: Work, command: Any) -> dict[str, Any]:
    registry_model.check_may(work.caller, classes.EnterUnemployment, command.community)
    if not work.store.has_grids(command.community):
        raise model.UnknownCommunity(community=command.community)
    faults = {}
    if command.unemployed > command.labour_force:
        faults["unemployed"] = ("不能超过劳动力人数。", "More than there are workers.")
    if command.counted_on > registry_model.today(work.now):
        faults["counted_on"] = ("不能晚于今天。", "Not later than today.")
    if faults:
        raise model.MoreUnemployedThanWorkers.fields(faults)
    names = ("community", "unemployed", "labour_force", "counted_on", "source")
    work.store.add_unemployment(
        entered_by=work.caller.account,
        entered_at=work.now,
        **{name: getattr(command, name) for name in names},
    )
    return {"community": command.community, "class": recompute(work, command.community)}


def recompute(work: Work, community: str) -> str | None:
    """The class now; a judgement is kept when class or figures are others than before."""
    work.store.lock_judged(community, work.now)
    day = registry_model.today(work.now)
    rule = rulebook.in_force("community_classes", community, day)
    figures = work.store.figures_of(community, day)
    verdict = model.judge(figures, rule["classes"])
    shown = [figure.as_dict() for figure in figures.values()]
    before = work.store.last_judgement(community)
    found: str | None = verdict["class"]
    if before is None or before.figures != shown or before.classes != verdict["classes"]:
        work.store.add_judgement(community=community, judged_at=work.now, figures=shown, **verdict)
    former = before._mapping["class"] if before else None
    if former != found:
        work.say(
            classes.CommunityClassified,
            subject=community,
            community=community,
            former=former,
            now=found,
            at=work.now,
        )
    return found


def judge_communities(work: Work) -> None:
    # In the order of their codes, so that two who judge never wait for each other.
    for community in sorted(work.store.to_be_judged(work.now, AT_ONCE)):
        recompute(work, community)


COMMANDS: dict[type[Command], Callable[[Work, Any], Any]] = {classes.EnterUnemployment: enter_unemployment}
TIMERS: dict[Callable[[Work], None], timedelta] = {judge_communities: timedelta(minutes=1)}
