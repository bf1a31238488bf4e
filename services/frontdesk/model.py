"""A case: its life as a table, its tasks, its deadlines, and the history that is never edited.

Every method changes the case and adds a line to `lines`; the handlers say what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound
from services.chassis.identifiers import luhn_digit

OPEN = ("registered", "dispatched", "handling", "suspended")
ANSWERED = ("closed", "refused", "answered")
"""Ended with an answer: it may be rated, called back about, and done again."""

TRANSITIONS: dict[tuple[str, str], str] = {
    ("registered", "dispatch"): "dispatched",
    ("dispatched", "sign"): "handling",
    ("handling", "sign"): "handling",
    ("dispatched", "suspend"): "suspended",
    ("handling", "suspend"): "suspended",
    ("suspended", "suspend"): "suspended",  # two units may each miss something
    ("suspended", "sign"): "suspended",
    ("suspended", "resume"): "handling",
    ("dispatched", "close"): "closed",
    ("handling", "close"): "closed",
    ("suspended", "close"): "closed",  # roll-up `any`: one unit was enough, the other no longer waits
    ("dispatched", "refuse"): "refused",
    ("handling", "refuse"): "refused",
    ("suspended", "refuse"): "refused",
    ("registered", "decline"): "not-accepted",
    ("dispatched", "decline"): "not-accepted",  # once a unit has signed, it is accepted: then it can only be refused
    ("merged", "redo"): "handling",  # a follower that was answered, and not well
    **{(status, "inform"): "not-accepted" for status in ("dispatched", "handling", "suspended")},  # of a petition
    ("merged", "release"): "registered",  # the case it followed was taken back: it goes its own way again
    **{(status, "redo"): "handling" for status in ANSWERED},
    **{(status, "archive"): "archived" for status in ANSWERED},
    **{(status, verb): end for status in OPEN
       for verb, end in (("withdraw", "withdrawn"), ("merge", "merged"), ("answer", "answered"),
                         ("hand-over", "transferred-emergency"))},
}  # fmt: skip

ENDED = (*ANSWERED, "withdrawn", "merged", "archived", "not-accepted", "transferred-emergency")
TASK_OPEN = ("assigned", "signed", "handling", "supplement", "return-pending")
TASK_MOVES: dict[tuple[str, str], str] = {
    ("assigned", "sign"): "signed",
    ("signed", "start"): "handling",
    ("assigned", "start"): "handling",  # answers of one office may overtake each other after a retry
    ("assigned", "finish"): "done",
    ("signed", "finish"): "done",
    ("handling", "finish"): "done",
    ("supplement", "finish"): "done",
    ("assigned", "return"): "return-pending",
    ("signed", "return"): "return-pending",
    ("return-pending", "designate"): "assigned",
    ("return-pending", "uphold"): "returned",
    ("signed", "ask-supplement"): "supplement",
    ("handling", "ask-supplement"): "supplement",
    ("assigned", "ask-supplement"): "supplement",
    ("supplement", "supply"): "handling",
    ("supplement", "lapse"): "handling",
}
GOOD_FROM = 3
"""Stars from which a rating is not bad; below it the case is done again."""


class UnknownCase(NotFound):
    """There is no case {case_no} that you may see; check the number on the receipt."""

    zh = "没有查到件号“{case_no}”，请核对回执上的号码。"


class UnknownTask(NotFound):
    """There is no task {task_id} in this case."""

    zh = "该件中没有任务“{task_id}”。"


class CaseNotOpenToThis(Conflict):
    """A case that is {status} does not allow this ({verb})."""

    zh = "件处于“{status}”状态，不能执行该操作（{verb}）。"


class NothingAskedFor(Conflict):
    """Nothing is missing from this application at present."""

    zh = "目前没有需要补正的内容。"


class AlreadyRated(Conflict):
    """This case has been rated; one visit, one rating."""

    zh = "该件已评价，一件一评。"


class NotFinishedYet(Conflict):
    """The case is not finished yet; rate it when you have the answer."""

    zh = "该件尚未办结，请在收到答复后评价。"


class AlreadyCalledBack(Conflict):
    """The applicant was reached about this answer already."""

    zh = "本次办理结果已回访到本人。"


class NothingToDecide(Conflict):
    """There is nothing pending to decide on this task."""

    zh = "该任务没有待裁定的申请。"


class UnitNeeded(Invalid):
    """Name the unit that takes the task instead."""

    zh = "请指明改由哪个单位承办。"


class CannotFollowItself(Invalid):
    """A case cannot be merged into itself or into one that has ended."""

    zh = "不能并入本件，也不能并入已结束的件。"


class NotYours(Forbidden):
    """Your role or area does not cover this case."""

    zh = "该件不在您的职责或辖区内。"


@dataclass
class Task:
    """One department's part, as the front desk knows it."""

    task_id: str
    unit: str
    part: str
    """The unit the matter's step names; `unit` differs from it after a return was upheld."""
    step: str
    title_zh: str
    title_en: str
    assigned_at: datetime
    sign_by: datetime
    due_at: datetime
    lead: bool = False
    round: int = 1
    status: str = "assigned"
    signed_at: datetime | None = None
    finished_at: datetime | None = None
    outcome: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    officer: str | None = None
    designated: bool = False
    paused_at: datetime | None = None
    missing: list[str] = field(default_factory=list)
    """What the applicant was told is missing, in sentences."""
    asked_form: list[str] = field(default_factory=list)
    asked_materials: list[str] = field(default_factory=list)
    supply_by: datetime | None = None
    adjudicate_by: datetime | None = None
    extension: dict[str, Any] | None = None
    urged: int = 0
    level: int = 0
    joint: int = 0
    """The whistle that summoned it, counted from 1; 0 for a part the matter itself names."""
    presumed: str | None = None
    """How it is taken to have ended, since it did not end in time; whoever holds it may still end it otherwise."""

    @property
    def open(self) -> bool:
        return self.status in TASK_OPEN

    @property
    def finished(self) -> bool:
        return self.status in ("done", "refused")

    def late(self, now: datetime) -> bool:
        """It ended after it was due, or is due and has not ended: whoever is returned or withdrawn is nobody's child."""
        if self.status in ("returned", "withdrawn", "supplement"):
            return False
        return (self.finished_at or now) > self.due_at

    def lane(self, now: datetime) -> dict[str, Any]:
        """What a screen shows of it: no personal data."""
        return {
            "task_id": self.task_id,
            "unit": self.unit,
            "step": self.step,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "status": self.status,
            "round": self.round,
            "lead": self.lead,
            "assigned_at": self.assigned_at,
            "sign_by": self.sign_by,
            "due_at": self.due_at,
            "signed_at": self.signed_at,
            "finished_at": self.finished_at,
            "outcome": self.outcome,
            "level": self.level,
            "missing": self.missing,
            "asked": {"form": self.asked_form, "materials": self.asked_materials} if self.missing else None,
            "supply_by": self.supply_by,
            "overdue": self.overdue(now),
            "joint": self.joint,
        }

    def overdue(self, now: datetime) -> bool:
        return self.open and self.paused_at is None and self.due_at < now


@dataclass
class Line:
    """One line of the history."""

    seq: int
    at: datetime
    kind: str
    unit: str | None
    task_id: str | None
    actor: str | None
    detail: dict[str, Any]


@dataclass
class Case:
    no: str
    matter: str
    matter_version: int
    title_zh: str
    title_en: str
    place: str
    channel: str
    applicant: dict[str, Any]
    form: dict[str, Any]
    materials: list[Any]
    filed_at: datetime
    due_at: datetime
    filed_by: str
    tracking_hash: str
    status: str = "registered"
    closed_at: datetime | None = None
    tasks: list[Task] = field(default_factory=list)
    seq: int = 0
    round: int = 1
    level: int = 0
    returns: int = 0
    """How often a unit said "not ours": the ping-pong a supervisor looks for."""
    rating: dict[str, Any] | None = None
    callback: dict[str, Any] | None = None
    followers: list[str] = field(default_factory=list)
    merged_into: str | None = None
    finding_id: str | None = None
    finder: str | None = None
    company: str | None = None
    """The company that filed it, if one did: it may see the case."""
    source: dict[str, Any] = field(default_factory=dict)
    """What the channel told of the hand-over: the caller's number, who visited, the card's number."""
    told: dict[str, Any] | None = None
    """The statutory channel its applicant was told of when it was not accepted."""
    certificate: str | None = None
    """Number of the valid certificate it gave."""
    # -- intake: whistles, mediation, followers that were told --
    whistles: list[dict[str, Any]] = field(default_factory=list)
    """{number, at, by, reason, lead, units} of each whistle."""
    confirmation: dict[str, Any] | None = None
    """Of a mediation agreement by a court (司法确认)."""
    told_at: datetime | None = None
    """When a follower was answered with the case it follows: from then on it has an answer of its own to rate."""
    fired: list[str] = field(default_factory=list)
    """Deadlines that had their effect; each fires once, whatever restarts in between."""
    # -- care --
    begun: dict[str, Any] | None = None
    """Why and when the present round began: `why` is bad-rating, unsatisfied, reopened…; none in the first."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Calls to the applicant, whether he was reached or not."""
    rated_with: str | None = None
    """The case of the same visit that was rated for both: on site one visit has one rating."""
    told_missing_at: str | None = None
    """When the applicant was first told what is missing; if not in time, it was accepted on receipt."""
    pledges: list[dict[str, Any]] = field(default_factory=list)
    """Materials that may follow: name, due_at, and `kept` or `broken` when it is over."""
    petition: dict[str, Any] | None = None
    """Of a petition: its stage, and until when a review may be asked for."""

    # -- looking -------------------------------------------------------------------------------------

    def task(self, task_id: str) -> Task:
        for task in self.tasks:
            if task.task_id == task_id:
                return task
        raise UnknownTask(task_id=task_id)

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def has_answer(self) -> bool:
        """It may be rated, called back about and done again: by itself, or as a follower that was answered too."""
        return self.status in ANSWERED or (self.status == "merged" and self.told_at is not None)

    @property
    def answered_at(self) -> datetime | None:
        return self.told_at if self.status == "merged" else self.closed_at

    @property
    def facts(self) -> dict[str, Any]:
        """Who applies and what for: what conditions of the matter are asked of."""
        return {**self.applicant, **self.form}

    def present_tasks(self) -> list[Task]:
        """Tasks that count: of the present round, and neither returned nor withdrawn."""
        return [
            task
            for task in self.tasks
            if task.round == self.round and task.status not in ("returned", "withdrawn")
        ]

    def outcomes(self) -> dict[str, str]:
        """Part -> outcome of what is finished, or is taken to be."""
        known = {task.part: task.presumed for task in self.present_tasks() if task.open and task.presumed}
        return known | {
            task.part: task.outcome or task.status for task in self.present_tasks() if task.finished
        }

    def parts_taken(self) -> set[str]:
        return {task.part for task in self.present_tasks()}

    def results(self) -> dict[str, Any]:
        """Part -> result of what is finished; two parts may be one unit's after a return."""
        return {task.part: task.result for task in self.present_tasks() if task.finished}

    def returned_by(self, part: str) -> set[str]:
        """Units that were ruled not responsible for a part in this round."""
        return {
            task.unit
            for task in self.tasks
            if task.part == part and task.round == self.round and task.status == "returned"
        }

    def last_lead(self) -> Task | None:
        """Who answers for the case: whoever led last. One that was ruled not responsible was followed by another."""
        return next((task for task in reversed(self.tasks) if task.lead), None)

    @property
    def rated(self) -> bool:
        mine = self.rating is not None and self.rating["round"] == self.round
        return mine or (self.round == 1 and self.rated_with is not None)

    @property
    def begun_for(self) -> str | None:
        return self.begun["why"] if self.begun else None

    def late_units(self, now: datetime) -> list[str]:
        """Who answered late or is late now: of several units the late one is named, not the lead (条例第14条)."""
        return sorted({task.unit for task in self.tasks if task.late(now)})

    @property
    def called_back(self) -> bool:
        """The applicant was reached about the present answer."""
        return self.callback is not None and self.callback["round"] == self.round and self.callback["reached"]

    def face(self, now: datetime) -> dict[str, Any]:
        """What screens, statistics and the tracking page may know: no personal data."""
        return {
            "case_no": self.no,
            "status": self.status,
            "matter": self.matter,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "place": self.place,
            "channel": self.channel,
            "filed_at": self.filed_at,
            "due_at": self.due_at,
            "closed_at": self.closed_at,
            "level": self.level,
            "returns": self.returns,
            "round": self.round,
            "finding_id": self.finding_id,
            "rating": self.rating["stars"] if self.rating else None,
            "rated": self.rated,
            "certificate": self.certificate,
            "told": self.told,
            "answered": self.has_answer,
            "late": self.late_units(now),
            "petition": self.petition,
            "lanes": [task.lane(now) for task in self.tasks],
            **({"whistles": self.summonses(now)} if self.whistles else {}),
        }

    # -- changing ------------------------------------------------------------------------------------

    def move(self, verb: str) -> None:
        try:
            self.status = TRANSITIONS[self.status, verb]
        except KeyError:
            raise CaseNotOpenToThis(status=self.status, verb=verb) from None

    def note(
        self,
        kind: str,
        at: datetime,
        actor: str | None = None,
        task: Task | None = None,
        **detail: Any,
    ) -> Line:
        self.seq += 1
        line = Line(
            self.seq, at, kind, task.unit if task else None, task.task_id if task else None, actor, detail
        )
        self.lines.append(line)
        return line

    def __post_init__(self) -> None:
        self.lines: list[Line] = []

    def assign(
        self,
        unit: str,
        part: str,
        step: str,
        titles: tuple[str, str],
        at: datetime,
        sign_by: datetime,
        due_at: datetime,
        lead: bool,
    ) -> Task:
        """Gives a unit its part. The id tells the round and, after a return, the try."""
        tries = sum(task.unit == unit for task in self.tasks)
        task_id = f"{self.no}.{unit}" if tries == 0 else f"{self.no}.{unit}.{tries + 1}"
        task = Task(task_id, unit, part, step, *titles, at, sign_by, due_at, lead, self.round)
        self.tasks.append(task)
        if self.status == "registered":
            self.move("dispatch")
        self.note("assigned", at, "frontdesk", task, due_at=due_at.isoformat())
        return task

    def move_task(self, task: Task, verb: str) -> bool:
        """False when the answer is out of date (a repeated or overtaken one): history is not disturbed."""
        if self.ended or (task.status, verb) not in TASK_MOVES:
            return False
        task.status = TASK_MOVES[task.status, verb]
        return True

    def sign(self, task: Task, at: datetime, officer: str | None) -> None:
        if task.signed_at is None and task.finished:  # the finish overtook the signature
            task.signed_at = at
            self.note("signed", at, officer, task)
            return
        if self.move_task(task, "sign"):
            task.signed_at, task.officer = at, officer
            self.move("sign")
            self.note("signed", at, officer, task)
            self.take_lead(task, at)

    def start(self, task: Task, at: datetime, officer: str | None) -> None:
        if self.move_task(task, "start"):
            self.note("started", at, officer, task)

    def finish(
        self,
        task: Task,
        outcome: str,
        result: dict[str, Any],
        note: str | None,
        at: datetime,
        officer: str | None,
    ) -> bool:
        if not self.move_task(task, "finish"):
            return False
        if outcome == "refused":
            task.status = "refused"
        if self.status == "dispatched":
            self.move("sign")
        task.finished_at, task.outcome, task.result, task.note, task.officer = (
            at,
            outcome,
            result,
            note,
            officer,
        )
        self.note(
            "refused" if outcome == "refused" else "finished", at, officer, task, outcome=outcome, note=note
        )
        return True

    def escalate(self, task: Task, outcome: str, at: datetime) -> None:
        """Time is up and nobody answered: the next one's turn begins, and this one's does not end."""
        task.presumed = outcome
        self.note("escalated", at, "frontdesk", task, outcome=outcome)

    def give_back(
        self, task: Task, reason: str, adjudicate_by: datetime, at: datetime, officer: str | None
    ) -> None:
        if self.move_task(task, "return"):
            self.returns += 1
            task.adjudicate_by = adjudicate_by
            self.note("return-asked", at, officer, task, reason=reason, returns=self.returns)

    def ask_extension(
        self, task: Task, until: datetime, reason: str, at: datetime, officer: str | None
    ) -> None:
        if task.open and task.extension is None:
            task.extension = {"until": until.isoformat(), "reason": reason, "granted": None}
            self.note("extension-asked", at, officer, task, until=until.isoformat(), reason=reason)

    def suspend(
        self, task: Task, missing: list[str], message: str | None, at: datetime, officer: str | None
    ) -> bool:
        """The applicant must add something: told once and completely, and the clock stops."""
        if not self.move_task(task, "ask-supplement"):
            return False
        task.paused_at, task.missing = at, missing
        self.told_missing_at = self.told_missing_at or at.isoformat()
        self.move("suspend")
        self.note("supplement-asked", at, officer, task, missing=missing, message=message)
        return True

    def run_again(self, task: Task, verb: str, due_at: datetime) -> None:
        """The clock of a task goes on after a supplement; the case goes on when no other task waits for one."""
        self.move_task(task, verb)
        task.due_at, task.paused_at, task.supply_by = due_at, None, None
        task.missing, task.asked_form, task.asked_materials = [], [], []
        self.due_at = max(self.due_at, due_at)
        if not any(other.status == "supplement" for other in self.tasks):
            self.move("resume")

    def waiting_for_supplement(self) -> list[Task]:
        waiting = [task for task in self.tasks if task.status == "supplement"]
        if not waiting:
            raise NothingAskedFor()
        return waiting

    def rate(self, stars: int, comment: str | None, at: datetime, actor: str) -> bool:
        """True when the rating is bad and the case must be done again."""
        if not self.has_answer:
            raise NotFinishedYet()
        if self.rated:
            raise AlreadyRated()
        self.rating = {"stars": stars, "comment": comment, "at": at.isoformat(), "round": self.round}
        self.note("rated", at, actor, None, stars=stars)
        return stars < GOOD_FROM

    def called(self, about: str, reached: bool, at: datetime) -> None:
        self.calls.append({"about": about, "round": self.round, "at": at.isoformat(), "reached": reached})

    def call_back(
        self,
        about: str,
        reached: bool,
        resolved: bool | None,
        satisfied: bool | None,
        at: datetime,
        actor: str,
    ) -> bool:
        """True when the applicant was reached and the case must be done again."""
        if not self.has_answer:
            raise CaseNotOpenToThis(status=self.status, verb="callback")
        if self.called_back:
            raise AlreadyCalledBack()
        answers = {"reached": reached, "resolved": resolved, "satisfied": satisfied}
        self.callback = {**answers, "at": at.isoformat(), "round": self.round}
        self.called(about, reached, at)
        self.note("called-back", at, actor, None, **answers)
        return reached and (resolved is False or satisfied is False)

    def require_open(self, verb: str) -> None:
        if self.status not in OPEN:
            raise CaseNotOpenToThis(status=self.status, verb=verb)

    def end(self, verb: str, at: datetime, actor: str, undo: bool = False, **detail: Any) -> list[Task]:
        """Ends the case; returns the tasks that must stand down: the open ones, and with `undo` what was done too."""
        self.move(verb)
        self.closed_at = at
        standing = [task for task in self.tasks if task.open or (undo and task.status == "done")]
        for task in standing:
            task.status = "withdrawn"
        self.note(self.status, at, actor, None, **detail)
        return standing

    def begin_again(
        self, kind: str, why: str, at: datetime, actor: str, due_at: datetime, **detail: Any
    ) -> None:
        if self.status == "merged" and not self.has_answer:
            raise CaseNotOpenToThis(status=self.status, verb="redo")
        self.move("redo")
        self.round += 1
        self.begun = {"why": why, "at": at.isoformat()}
        self.closed_at = self.told_at = self.merged_into = None
        self.due_at = due_at
        self.note(kind, at, actor, None, round=self.round, **detail)

    def release(self, at: datetime, actor: str, **detail: Any) -> None:
        """The case it followed was taken back: it is nobody's follower any more."""
        self.move("release")
        self.merged_into = self.closed_at = None
        self.note("released", at, actor, None, **detail)

    # -- intake: joint handling and followers ---------------------------------------------------------

    def whistle(self, units: list[str], lead: str | None, reason: str, at: datetime, actor: str) -> int:
        number = len(self.whistles) + 1
        self.whistles.append(
            {
                "number": number,
                "at": at.isoformat(),
                "by": actor,
                "reason": reason,
                "lead": lead,
                "units": units,
            }
        )
        self.note("whistled", at, actor, None, number=number, units=units, lead=lead, reason=reason)
        return number

    def take_lead(self, task: Task, at: datetime) -> None:
        """First-accepting responsibility (首接负责): when no lead was named, it is whoever signs first."""
        summons = self.whistles[task.joint - 1] if task.joint else None
        if summons and summons["lead"] is None:
            summons["lead"], task.lead = task.unit, True
            self.note("lead-taken", at, task.officer, task, number=task.joint)

    def summonses(self, now: datetime) -> list[dict[str, Any]]:
        """The whistles, each with where its units stand: who is late is named."""
        return [
            {
                **summons,
                "late": [
                    task.unit for task in self.tasks if task.joint == summons["number"] and task.overdue(now)
                ],
                "open": [task.unit for task in self.tasks if task.joint == summons["number"] and task.open],
            }
            for summons in self.whistles
        ]

    def answered_with(self, case_no: str, status: str, at: datetime, actor: str, has_answer: bool) -> None:
        """A follower is told how the case it follows ended."""
        if self.status == "merged" and has_answer:
            self.told_at = at
        self.note("answered-with", at, actor, None, case=case_no, status=status)

    # -- deadlines -----------------------------------------------------------------------------------

    def next_deadline(self, deadlines: Iterable[tuple[datetime, str, str]]) -> datetime | None:
        waiting = [at for at, kind, task_id in deadlines if f"{kind}:{task_id}" not in self.fired]
        return min(waiting, default=None)


def case_number(day: str, sequence: int) -> str:
    """`YYYYMMDD-NNNNNNC`: readable over the telephone, with a digit that catches a slip."""
    digits = f"{day}{sequence % 1_000_000:06}"
    return f"{day}-{sequence % 1_000_000:06}{luhn_digit(digits)}"
