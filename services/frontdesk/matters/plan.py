"""Who is to act on a case, whose turn it is, and when it is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from services.frontdesk.matters.matter import Matter, Step

REFUSED = "refused"


def plan(matter: Matter, form: Mapping[str, Any]) -> list[Step]:
    """The steps this form calls for, in the matter's order."""
    return [step for step in matter.steps if step.only_if is None or step.only_if.holds(form)]


def next_steps(
    matter: Matter, form: Mapping[str, Any], outcomes: Mapping[str, str], assigned: Collection[str] = ()
) -> list[Step]:
    """The steps whose turn it is: all they wait for is settled, and they are neither finished nor `assigned`.

    `outcomes` is unit -> outcome of the finished ones.
    """
    waiting = _sort_out(matter, form, outcomes)[0]
    return [step for step in waiting if step.unit not in assigned]


def verdict(
    matter: Matter, form: Mapping[str, Any], outcomes: Mapping[str, str]
) -> Literal["open", "done", "refused"]:
    """What the roll-up makes of the outcomes so far.

    `all` stays open until every lane that has begun has ended, so that a case closes on evidence alone.
    """
    waiting, skipped = _sort_out(matter, form, outcomes)
    steps = [step for step in plan(matter, form) if step.unit not in skipped]
    finished = [outcomes[step.unit] for step in steps if step.unit in outcomes]
    done = sum(outcome != REFUSED for outcome in finished)
    if matter.quorum is not None and done >= min(matter.quorum, len(steps)):
        return "done"
    if waiting:
        return "open"
    return "refused" if REFUSED in finished else "done"


def _sort_out(
    matter: Matter, form: Mapping[str, Any], outcomes: Mapping[str, str]
) -> tuple[list[Step], set[str]]:
    """(steps that may run or are running, units not needed after all).

    A step is not needed when an outcome is another than its `when` asks for. A refusal stops whatever waited
    for it, unless `when` waited for just that. What is not needed holds nobody up, and how it ended or was taken to
    end counts no more: whoever is reached late has the last word over those who were sent because he was not.
    """
    steps = plan(matter, form)
    outcomes = dict(outcomes)
    while overruled := [
        step.unit
        for step in steps
        if step.unit in outcomes and any(outcomes.get(unit) != outcome for unit, outcome in step.when.items())
    ]:
        for unit in overruled:
            del outcomes[unit]
    planned = {step.unit for step in steps}
    waiting: list[Step] = []
    skipped: set[str] = set()
    undecided = [step for step in steps if step.unit not in outcomes]
    while undecided:
        settled = outcomes.keys() | skipped | ({step.unit for step in matter.steps} - planned)
        ready = [step for step in undecided if settled.issuperset(step.after)]
        if not ready:
            break
        for step in ready:
            undecided.remove(step)
            if any(outcomes.get(unit) != outcome for unit, outcome in step.when.items()):
                skipped.add(step.unit)
            elif not any(outcomes.get(unit) == REFUSED for unit in step.after if unit not in step.when):
                waiting.append(step)
    return waiting, skipped
