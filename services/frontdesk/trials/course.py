"""A matter tried out on a form: who would get what, when it would fall due, what waits for what. Nothing is touched.

Each step is taken to end at the last moment it may, as the trial says (done, unless told otherwise), so what comes out is
the latest course a case can take without anybody being late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.chassis import calendar
from services.contracts.units import UNITS
from services.frontdesk import forms, matters, planning
from services.frontdesk.matters import Matter, Step


def attempt(
    matter: Matter,
    given: Mapping[str, Any],
    materials: Sequence[Any],
    place: str,
    at: datetime,
    outcomes: Mapping[str, str],
) -> dict[str, Any]:
    faults = forms.problems(matter, given, materials) + forms.outside(matter, given, place)
    facts = forms.cleaned(matter, given)
    tasks, verdict, closes_at = _course(matter, facts, place, at, outcomes)
    due_at = planning.case_due(matter, facts, place, at)
    taken = {task["unit"] for task in tasks}
    return {
        "matter": matter.slug,
        "version": matter.version,
        "title_zh": matter.title.zh,
        "title_en": matter.title.en,
        "place": place,
        "filed_at": at,
        "due_at": due_at,
        "acceptable": not faults,
        "faults": [vars(fault) for fault in faults],
        "tasks": tasks,
        "not_needed": [_idle(step, facts) for step in matter.steps if step.unit not in taken],
        "verdict": verdict,
        "closes_at": closes_at,
        "in_time": closes_at is not None and closes_at <= due_at,
        "calendar_unknown_years": sorted(calendar.of(place).unknown_years(at, closes_at or due_at)),
    }


def _course(
    matter: Matter, facts: Mapping[str, Any], place: str, at: datetime, outcomes: Mapping[str, str]
) -> tuple[list[dict[str, Any]], str, datetime | None]:
    """Round by round: what may begin begins, and the one that is due first ends."""
    tasks: list[dict[str, Any]] = []
    ended: dict[str, str] = {}
    open_until: dict[str, datetime] = {}
    now = at
    while True:
        for step in matters.next_steps(matter, facts, ended, [task["unit"] for task in tasks]):
            task = _task(matter, step, facts, place, now)
            tasks.append(task)
            open_until[step.unit] = task["due_at"]
        verdict = matters.verdict(matter, facts, ended)
        if verdict != "open":
            return tasks, verdict, now
        if not open_until:  # a matter that does so never closes; the checker finds it first
            return tasks, verdict, None
        first = min(open_until, key=lambda unit: open_until[unit])
        now = max(now, open_until.pop(first))
        ended[first] = outcomes.get(first, "done")


def _task(matter: Matter, step: Step, facts: Mapping[str, Any], place: str, at: datetime) -> dict[str, Any]:
    sign_by, due_at = planning.times_of(matter, step, place, facts, at)
    later = step.escalates
    return {
        "unit": step.unit,
        "unit_zh": UNITS[step.unit]["zh"],
        "unit_en": UNITS[step.unit]["en"],
        "step": step.name,
        "title_zh": step.zh,
        "title_en": step.en,
        "lead": step.unit == matter.lead,
        "waits_for": list(step.after),
        "begins_at": at,
        "sign_by": sign_by,
        "due_at": due_at,
        "promise": str(step.promise_for(facts)),
        "escalates_at": calendar.of(place).due(at, later.after) if later else None,
    }


def _idle(step: Step, facts: Mapping[str, Any]) -> dict[str, Any]:
    asked = step.only_if is None or step.only_if.holds(facts)
    why = str(step.only_if) if not asked else ", ".join(f"{unit} = {how}" for unit, how in step.when.items())
    return {
        "unit": step.unit,
        "unit_zh": UNITS[step.unit]["zh"],
        "unit_en": UNITS[step.unit]["en"],
        "only_if": why,
    }
