"""The steps of development: which is next, when it may be taken, when it is due. Figures come with the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.chassis.errors import Conflict, Invalid
from services.party.months import plus_months

REVIEW, EXTENSION = "review", "extension"
"""Noted beside the steps; not steps themselves."""
REPEATED = ("branch-vote", "pre-review")
"""When a clock has run out these are taken again; the former one stays on file."""


class NotBegun(Conflict):
    """This person has not applied here; open the development first."""

    zh = "此人尚未建立发展党员档案，请先登记入党申请。"


class StepsDecide(Conflict):
    """This person's stage follows from the steps of development; record the step instead."""

    zh = "该同志的发展阶段由发展步骤确定，请登记相应步骤。"


class StepOutOfOrder(Conflict):
    """The step {step} cannot be taken now: {next} is next."""

    zh = "现在不能办理“{step}”，下一步应为“{next}”。"


class TooEarly(Conflict):
    """The step {step} may be taken from {earliest} on, not before: {months} months since {of} are required."""

    zh = "“{step}”最早可于{earliest}办理：自“{of}”起须满{months}个月。"


class ReviewMissing(Conflict):
    """A review is missing: one was due on {due}; the activist is reviewed every {months} months."""

    zh = "缺少一次考察：应于{due}前进行，积极分子每{months}个月考察一次。"


class LateWithoutReason(Conflict):
    """{step} was due on {due}; say why it is late."""

    zh = "“{step}”应于{due}前完成，请说明超期原因。"


class StepLapsed(Conflict):
    """{step} was possible until {until} only; take {of} again."""

    zh = "“{step}”最迟应于{until}完成，已失效，请重新办理“{of}”。"


class ResolutionMissing(Conflict):
    """{step} needs an adopted resolution of the branch; the one named was not adopted, or is not the branch's."""

    zh = "“{step}”须附本支部通过的决议。"


class ExtensionWrong(Conflict):
    """Probation is extended once, by {least} to {most} months, before the branch votes on it."""

    zh = "预备期只能延长一次，不少于{least}个月、不超过{most}个月，且须在讨论转正之前。"


class NotYet(Conflict):
    """{day} is yet to come; only what has happened is recorded."""

    zh = "{day}尚未到，只能登记已发生的事项。"


class BeforeTheLast(Conflict):
    """{day} is before the last step, which was taken on {last}."""

    zh = "{day}早于上一步的日期{last}。"


@dataclass
class Entry:
    """A step taken, a review held, an extension given. Never edited; one taken again has `replaced_at`."""

    id: str
    member: str
    step: str
    taken_on: date
    evidence: str
    figures: Mapping[str, int]
    noted_at: datetime
    noted_by: str
    resolution: str | None = None
    reason: str | None = None
    late: bool = False
    replaced_at: datetime | None = None


@dataclass
class Way:
    """One person's development under a rule."""

    rule: Mapping[str, Any]
    entries: Iterable[Entry]
    done: dict[str, Entry] = field(init=False)
    reviews: list[date] = field(init=False)
    extension: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        standing = [entry for entry in self.entries if entry.replaced_at is None]
        self.done = {entry.step: entry for entry in standing if entry.step not in (REVIEW, EXTENSION)}
        self.reviews = sorted(entry.taken_on for entry in standing if entry.step == REVIEW)
        for entry in standing:
            if entry.step == EXTENSION:
                self.extension = entry.figures["months"]

    @property
    def next(self) -> Mapping[str, Any] | None:
        return next((one for one in self.rule["steps"] if one["step"] not in self.done), None)

    def earliest(self, step: Mapping[str, Any]) -> date | None:
        if step.get("probation_over"):
            return self.probation_ends
        return self._after(step, "not_before")

    def due(self, step: Mapping[str, Any]) -> date | None:
        """By when: the step's own clock; probation's end for the vote that ends it."""
        return self.probation_ends if step.get("probation_over") else self._after(step, "within")

    @property
    def probation_ends(self) -> date | None:
        probation = self.rule["probation"]
        begun = self.done.get(probation["begins"])
        return plus_months(begun.taken_on, probation["months"] + self.extension) if begun else None

    def review_due(self) -> date | None:
        """While an activist is being educated: when the next review is due."""
        step = self.next
        if step is None or not step.get("reviews") or step["of"] not in self.done:
            return None
        return self._review(step)

    def clock(self) -> date | None:
        """The nearest day something is due."""
        step = self.next
        days = [self.review_due(), self.due(step) if step else None]
        return min((day for day in days if day), default=None)

    def overdue(self, today: date) -> bool:
        clock = self.clock()
        return clock is not None and today > clock

    def take(
        self, code: str, on: date, figures: Mapping[str, int], reason: str | None, today: date
    ) -> tuple[Mapping[str, Any], bool]:
        """The step's row of the rule and whether it is late; raises with the reason when it cannot be taken."""
        step = self._allowed(code)
        if on > today:
            raise NotYet(day=on.isoformat())
        last = max((entry.taken_on for entry in self.done.values()), default=on)
        if on < last:
            raise BeforeTheLast(day=on.isoformat(), last=last.isoformat())
        earliest = self.earliest(step)
        if earliest and on < earliest:
            months = step.get("not_before", self.rule["probation"]["months"] + self.extension)
            of = step.get("of", self.rule["probation"]["begins"])
            raise TooEarly(step=code, earliest=earliest.isoformat(), months=months, of=of)
        if step.get("reviews"):
            self._check_reviews(step, on)
        _check_figures(step, figures)
        due, until = self.due(step), self._after(step, "at_most")
        if until and on > until:
            raise StepLapsed(step=code, until=until.isoformat(), of=step["of"])
        late = bool(due and on > due)
        if late and not reason and not step.get("probation_over"):
            raise LateWithoutReason(step=code, due=due.isoformat() if due else "")
        return step, late

    def _allowed(self, code: str) -> Mapping[str, Any]:
        following = self.next
        if following and following["step"] == code:
            return following
        for step in self.rule["steps"]:
            again = code in REPEATED and code in self.done and "approval" not in self.done
            if step["step"] == code and again:
                return step
        raise StepOutOfOrder(step=code, next=following["step"] if following else "-")

    def replaces(self, code: str) -> list[Entry]:
        """What taking a step again sets aside: the former one and whatever came after it."""
        if code not in self.done:
            return []
        order = [step["step"] for step in self.rule["steps"]]
        return [entry for step, entry in self.done.items() if order.index(step) >= order.index(code)]

    def extend(self, months: int) -> None:
        least, most = (self.rule["probation"][end] for end in ("extension_least", "extension_most"))
        begun = "approval" in self.done and "full-vote" not in self.done
        if self.extension or not begun or not least <= months <= most:
            raise ExtensionWrong(least=least, most=most)

    def _check_reviews(self, step: Mapping[str, Any], on: date) -> None:
        due = self._review(step)
        if due <= on:
            raise ReviewMissing(due=due.isoformat(), months=step["reviews"])

    def _review(self, step: Mapping[str, Any]) -> date:
        """The day of the first review not held yet; a late one is caught up, never skipped."""
        begun = self.done[step["of"]].taken_on
        return plus_months(begun, step["reviews"] * (len(self.reviews) + 1))

    def _after(self, step: Mapping[str, Any], clock: str) -> date | None:
        begun = self.done.get(step.get("of", ""))
        return plus_months(begun.taken_on, step[clock]) if begun and clock in step else None

    def face(self, today: date) -> dict[str, Any]:
        """As a screen shows it."""
        steps = []
        following = self.next
        for number, step in enumerate(self.rule["steps"], 1):
            entry = self.done.get(step["step"])
            state = "taken" if entry else "next" if step is following else "to-come"
            steps.append(
                {
                    "number": number, "step": step["step"], "stage": step["stage"], "zh": step["zh"],
                    "en": step["en"], "state": state,
                    "taken_on": entry.taken_on if entry else None,
                    "evidence": entry.evidence if entry else None,
                    "resolution_id": entry.resolution if entry else None,
                    "late": entry.late if entry else False,
                    "earliest": self.earliest(step) if state == "next" else None,
                    "due": self.due(step) if state == "next" else None,
                }
            )  # fmt: skip
        return {
            "steps": steps, "reviews": self.reviews, "next_step": following["step"] if following else None,
            "next_zh": following["zh"] if following else None, "next_en": following["en"] if following else None,
            "review_due": self.review_due(), "due": self.clock(), "overdue": self.overdue(today),
            "probation_ends": self.probation_ends, "extension_months": self.extension or None,
        }  # fmt: skip


def _check_figures(step: Mapping[str, Any], figures: Mapping[str, int]) -> None:
    """All faults at once."""
    faults = {}
    for name, wanted in step.get("asks", {}).items():
        least, most = wanted["least"], wanted.get("most")
        value = figures.get(name)
        if value is None or value < least or (most is not None and value > most):
            bounds = f"{least}" if most == least else f"{least}–{most}" if most else f"≥ {least}"
            faults[f"figures.{name}"] = (f"“{name}”应为 {bounds}。", f"{name} must be {bounds}.")
    if faults:
        raise Invalid.fields(faults)
