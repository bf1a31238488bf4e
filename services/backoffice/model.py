"""An item in a department's tray: its states as a table and the rules of signing, returning, extending."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound

OPEN = ("assigned", "signed", "handling", "supplement", "return-pending")
CLOSED = ("done", "refused", "withdrawn")
TICKING = ("assigned", "signed", "handling", "return-pending")
"""Open, and the clock runs; it stands still while the applicant is to add something."""

TRANSITIONS: dict[tuple[str, str], str] = {
    ("assigned", "sign"): "signed",
    ("signed", "start"): "handling",
    ("assigned", "finish"): "done",  # an office's own rule signs and finishes in one breath
    ("signed", "finish"): "done",
    ("handling", "finish"): "done",
    ("assigned", "return"): "return-pending",
    ("signed", "return"): "return-pending",  # signing is not agreeing: a mistake may still be found in time
    ("return-pending", "designate"): "assigned",
    ("return-pending", "uphold"): "withdrawn",
    ("signed", "ask-supplement"): "supplement",
    ("handling", "ask-supplement"): "supplement",
    ("supplement", "supply"): "handling",
    ("supplement", "lapse"): "handling",  # nothing came in time: the unit decides on what it has
    **{(status, "withdraw"): "withdrawn" for status in OPEN},
}


class UnknownTask(NotFound):
    """There is no task {task_id} in this tray."""

    zh = "本部门没有任务“{task_id}”。"


class NotNow(Conflict):
    """A task that is {status} cannot be dealt with this way ({verb})."""

    zh = "任务处于“{status}”状态，不能执行该操作（{verb}）。"


class ReturnTooLate(Conflict):
    """The time for returning this task has passed; ask for an extension or a joint handling instead."""

    zh = "已超过退单时限，请申请延期或联合办理。"


class DesignatedMayNotReturn(Conflict):
    """This unit was designated after a review and may not return the task again."""

    zh = "本单位为裁定的承办单位，不得再次退单。"


class ExtensionTooLate(Conflict):
    """An extension must be asked before the task is due."""

    zh = "延期须在到期前提出。"


class ExtensionOnlyOnce(Conflict):
    """An extension of this task was already asked for."""

    zh = "每项任务只能申请一次延期。"


class SupplementOnlyOnce(Conflict):
    """The applicant was already asked once for everything that is missing; decide on what you have."""

    zh = "补正须一次性告知，本任务已告知过一次，请依现有材料办理。"


class UntilNotLater(Invalid):
    """The new time must be later than the present due time."""

    zh = "延期后的时间须晚于当前期限。"


@dataclass
class Item:
    """One task, as its department sees it."""

    task_id: str
    case_no: str
    unit: str
    matter: str
    step: str
    place: str
    title_zh: str
    title_en: str
    applicant: dict[str, Any]
    form: dict[str, Any]
    materials: list[Any]
    results: dict[str, Any]
    assigned_at: datetime
    sign_by: datetime
    return_by: datetime
    due_at: datetime
    manual: bool = False
    lead: bool = False
    designated: bool = False
    round: int = 1
    status: str = "assigned"
    signed_at: datetime | None = None
    signed_by: str | None = None
    finished_at: datetime | None = None
    outcome: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    extension_asked: bool = False
    supplement_asked: bool = False
    urged: int = 0
    level: int = 0

    @classmethod
    def withdrawn_unseen(cls, task_id: str, case_no: str, unit: str, reason: str, at: datetime) -> Item:
        """A withdrawal overtook its assignment. With no place it lies in nobody's tray; when the assignment comes,
        it finds that the task is known and over."""
        unknown: dict[str, Any] = dict.fromkeys(("matter", "step", "place", "title_zh", "title_en"), "")
        unknown |= {"applicant": {}, "form": {}, "materials": [], "results": {}}
        unknown |= dict.fromkeys(("assigned_at", "sign_by", "return_by", "due_at"), at)
        return cls(task_id, case_no, unit, **unknown, status="withdrawn", note=reason)

    def move(self, verb: str) -> None:
        try:
            self.status = TRANSITIONS[self.status, verb]
        except KeyError:
            raise NotNow(status=self.status, verb=verb) from None

    def sign(self, officer: str, at: datetime) -> None:
        self.move("sign")
        self.signed_at, self.signed_by = at, officer

    def finish(
        self, outcome: str, result: dict[str, Any], note: str | None, officer: str, at: datetime
    ) -> None:
        if self.status == "assigned":
            self.sign(officer, at)
        self.move("finish")
        if outcome == "refused":
            self.status = "refused"
        self.finished_at, self.outcome, self.result, self.note = at, outcome, result, note

    def give_back(self, at: datetime) -> None:
        """Return the task (退单): within the time for it, and never by a designated unit."""
        if self.designated:
            raise DesignatedMayNotReturn()
        if at > self.return_by:
            raise ReturnTooLate()
        self.move("return")

    def ask_extension(self, until: datetime, at: datetime) -> None:
        if self.status not in OPEN:
            raise NotNow(status=self.status, verb="extend")
        if self.extension_asked:
            raise ExtensionOnlyOnce()
        if at >= self.due_at:
            raise ExtensionTooLate()
        if until <= self.due_at:
            raise UntilNotLater()
        self.extension_asked = True

    def ask_supplement(self) -> None:
        """Ask for everything that is missing at once (一次性告知), so not a second time."""
        if self.supplement_asked:
            raise SupplementOnlyOnce()
        self.move("ask-supplement")
        self.supplement_asked = True


@dataclass(frozen=True)
class Finished:
    """What an office's own rule found out or did."""

    outcome: str = "done"
    result: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
