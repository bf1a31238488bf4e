"""A year of cases of the demonstration street, lived through by the very handlers that live through real ones.

Each case gets its own clock, which is turned from one thing that happens to the next: an office signs, finishes, returns
or asks for more time; a deadline comes; the resident rates. Of what the handlers say on the way only the history goes
out (it is written and said with the unit of work), for the offices were not there. What is still open today is given
to them as it stands, so that somebody can go on with it.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.errors import Forbidden
from services.chassis.identifiers import SYSTEM
from services.contracts.units import UNITS
from services.frontdesk import demonstration, matters, planning
from services.frontdesk.handlers import answers, deadlines, ending, extensions, redo, returns
from services.frontdesk.handlers.dispatch import register, say_assigned
from services.frontdesk.model import Case, Task

BY = "demonstration"
LATE_SIGNATURE, LATE_FINISH, REFUSED = 0.05, 0.07, 0.02
RETURN, MORE_TIME, WITHDRAW = 0.03, 0.03, 0.015
RATED, CALLED_BACK = 0.6, 0.5
STARS = {5: 62, 4: 22, 3: 9, 2: 4, 1: 3}
REACHED, RESOLVED, SATISFIED = 0.86, 0.94, 0.93


class OnlyForAdministrators(Forbidden):
    """Demonstration data are loaded by an administrator."""

    zh = "演示数据只能由管理员载入。"


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    """The cases of one community in one month; does nothing when they are there."""
    if not work.caller.may("admin", ""):
        raise OnlyForAdministrators()
    first = date.fromisoformat(f"{command.month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    today = work.now.astimezone(calendar.ZONE).date()
    community = command.grids[0][:12]
    if work.store.has_cases_by(BY, community, first, last + timedelta(days=1)):
        return {"loaded": False, "cases": 0, "open": 0}
    open_to_the_desk = {matter.slug: matter for matter in matters.catalogue().list()}
    cases = [
        _live(work, application, Random(f"{command.seed} {application.at} {number}"))
        for number, application in enumerate(
            demonstration.applications(
                open_to_the_desk, command.grids, first, min(last, today), command.a_day, command.seed
            )
        )
        if application.at < work.now
    ]
    return {"loaded": True, "cases": len(cases), "open": sum(not case.ended for case in cases)}


class Stage:
    """A unit of work whose clock is turned by hand and whose words nobody hears."""

    caller = SYSTEM

    def __init__(self, work: Work, at: datetime) -> None:
        self.store, self.now = work.store, at

    def say(self, *_: Any, **__: Any) -> None:
        """The offices were not there."""


def _live(work: Work, application: demonstration.Application, dice: Random) -> Case:
    stage: Any = Stage(work, application.at)
    matter = matters.catalogue().get(application.matter)
    own = {field.name for group in matter.groups if group.key == "applicant" for field in group.fields}
    applicant = {name: value for name, value in application.facts.items() if name in own}
    form = {name: value for name, value in application.facts.items() if name not in own}
    case = register(stage, matter, application.place, application.channel, applicant, form, [])
    case.filed_by = BY
    _Life(stage, case, dice, work.now).lived()
    for task in case.tasks:
        if task.open:
            say_assigned(work, case, task, manual=True)
    return case


class _Life:
    """What will happen to a case, in the order in which it happens."""

    def __init__(self, stage: Any, case: Case, dice: Random, end: datetime) -> None:
        self.stage, self.case, self.dice, self.end = stage, case, dice, end
        self.coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.planned: set[str] = set()
        self.answered_round = 0
        if dice.random() < WITHDRAW:
            self._at(stage.now + (case.due_at - stage.now) * dice.uniform(0.05, 0.6), self._withdraw)

    def lived(self) -> None:
        """Until the end: today."""
        while True:
            self._plan()
            deadline = self.case.next_deadline(planning.deadlines(self.case))
            ahead = self.coming[0][0] if self.coming else None
            at = min(moment for moment in (deadline, ahead, self.end) if moment is not None)
            if at >= self.end:
                return
            self.stage.now = max(self.stage.now, at)  # a deadline may be told of only when it has passed
            if at == ahead:
                heapq.heappop(self.coming)[2]()
            else:
                deadlines.watch_case(self.stage, self.case)

    def _at(self, moment: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self.coming, (max(moment, self.stage.now), next(self.order), what))

    def _plan(self) -> None:
        for task in self.case.tasks:
            if task.open and task.task_id not in self.planned:
                self.planned.add(task.task_id)
                self._plan_task(task)
        if self.case.status in ("closed", "refused") and self.answered_round < self.case.round:
            self.answered_round = self.case.round
            self._plan_opinion()

    def _plan_task(self, task: Task) -> None:
        dice, now = self.dice, self.stage.now
        late = dice.random() < LATE_SIGNATURE
        signed = now + (task.sign_by - now) * (dice.uniform(1.1, 4) if late else dice.uniform(0.05, 0.9))
        span = task.due_at - now
        if dice.random() < RETURN and not task.designated:
            ruled = calendar.of(self.case.place).add_working_hours(signed, dice.uniform(1, 6))
            if ruled < self.end and signed < task.due_at:
                self._at(signed, lambda: self._return(task))
                self._at(ruled, lambda: self._rule(task))
                return
        finished = now + span * (
            dice.uniform(1.02, 1.8) if dice.random() < LATE_FINISH else dice.uniform(0.1, 0.95)
        )
        self._at(signed, lambda: self._sign(task))
        if dice.random() < MORE_TIME and signed + span / 10 < self.end:
            self._at(signed + span / 20, lambda: self._ask_for_time(task))
            self._at(signed + span / 10, lambda: self._give_time(task))
            finished += timedelta(days=2)
        self._at(max(finished, signed + timedelta(minutes=5)), lambda: self._finish(task))

    def _plan_opinion(self) -> None:
        dice, now = self.dice, self.stage.now
        if dice.random() < RATED:
            self._at(now + timedelta(hours=dice.uniform(0.2, 120)), self._rate)
        elif dice.random() < CALLED_BACK:
            self._at(now + timedelta(hours=dice.uniform(24, 72)), self._call_back)

    # -- what the offices do -----------------------------------------------------------------------------

    def _told(self, task: Task, **more: Any) -> Any:
        officer = f"{UNITS[task.unit]['service']}-{self.dice.randint(1, 3)}"
        return SimpleNamespace(task_id=task.task_id, at=self.stage.now, officer=officer, **more)

    def _sign(self, task: Task) -> None:
        answers.note_signed(self.stage, self._told(task))

    def _finish(self, task: Task) -> None:
        if task.open:
            outcome = "refused" if self.dice.random() < REFUSED else "done"
            note = self.dice.choice(demonstration.ANSWERS)
            answers.note_finished(self.stage, self._told(task, outcome=outcome, result={}, note=note))

    def _return(self, task: Task) -> None:
        reason = self.dice.choice(demonstration.RETURNED)
        answers.note_returned(self.stage, self._told(task, reason=reason))

    def _rule(self, task: Task) -> None:
        if task.status != "return-pending":
            return
        # Not the community or its grids: what is not on its list may not be pushed to it.
        others = sorted({"street", "property"} - self.case.returned_by(task.part) - {task.unit})
        upheld = bool(others) and self.dice.random() < 0.6
        returns.decide_return(
            self.stage,
            SimpleNamespace(
                task_id=task.task_id, decision="upheld" if upheld else "designated",
                unit=self.dice.choice(others) if upheld else None, reason="经核实职责清单裁定。",
            ),
        )  # fmt: skip
        self.planned.discard(task.task_id)  # designated: it is this unit's turn again, and for good

    def _ask_for_time(self, task: Task) -> None:
        if task.open:
            until, reason = task.due_at + timedelta(days=3), self.dice.choice(demonstration.LATER)
            answers.note_extension_asked(self.stage, self._told(task, until=until, reason=reason))

    def _give_time(self, task: Task) -> None:
        if task.open and task.extension and task.extension["granted"] is None:
            granted = SimpleNamespace(
                task_id=task.task_id, granted=True, until=None, reason="情况属实，同意延期。"
            )
            extensions.decide_extension(self.stage, granted)

    # -- what the resident does --------------------------------------------------------------------------

    def _mine(self, **more: Any) -> Any:
        return SimpleNamespace(case_no=self.case.no, token=None, **more)

    def _withdraw(self) -> None:
        if not self.case.ended:
            ending.withdraw_case(self.stage, self._mine(reason=self.dice.choice(demonstration.WITHDRAWN)))

    def _rate(self) -> None:
        if self.case.status in ("closed", "refused") and not self.case.rated:
            stars = self.dice.choices(list(STARS), list(STARS.values()))[0]
            comment = self.dice.choice(demonstration.BAD) if stars < 3 else None
            redo.rate_case(self.stage, self._mine(stars=stars, comment=comment))

    def _call_back(self) -> None:
        if self.case.status in ("closed", "refused") and not self.case.called_back:
            reached = self.dice.random() < REACHED
            redo.record_callback(
                self.stage,
                self._mine(
                    reached=reached, note=None,
                    resolved=reached and self.dice.random() < RESOLVED,
                    satisfied=reached and self.dice.random() < SATISFIED,
                ),
            )  # fmt: skip
