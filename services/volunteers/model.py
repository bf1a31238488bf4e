"""Volunteers, the errands they are sent on, and the hours they gave: states as tables and the rules on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.identifiers import luhn_digit, new_id, new_token
from services.contracts import citizens
from services.contracts.volunteers import APPLICANT
from services.volunteers.figures import ErrandRule

CHINA = timezone(timedelta(hours=8))
"""One time for the whole country, without summer time."""

ADULT = 18

# -- the register --------------------------------------------------------------------------------------


class UnknownVolunteer(NotFound):
    """There is no volunteer with the number {number}."""

    zh = "没有编号为“{number}”的志愿者。"


@dataclass
class Volunteer:
    number: str
    name: str
    id_number: str
    phone: str
    place: str
    registered_at: datetime
    origin: str
    skills: list[str] = field(default_factory=list)
    times: list[dict[str, Any]] = field(default_factory=list)
    guardian: dict[str, str] | None = None
    case_no: str | None = None
    withdrawn_at: datetime | None = None
    engaged_in: str | None = None


def number_of(place: str, serial: int) -> str:
    """The unified volunteer number: district, serial, check digit; nothing in it tells who the person is."""
    digits = f"{place[:6]}{serial:08}"
    return f"V{digits}{luhn_digit(digits)}"


def age(id_number: str, on: datetime) -> int:
    born = citizens.birth_date(id_number)
    assert born is not None
    today: date = on.astimezone(CHINA).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@dataclass(frozen=True)
class Applicant:
    """Somebody who wants to be a volunteer and may be one."""

    name: str
    id_number: str
    phone: str
    guardian: dict[str, str] | None = None
    position: int | None = None

    @classmethod
    def examined(
        cls, name: str, id_number: str, phone: str, guardian: Mapping[str, str] | None, on: datetime
    ) -> Applicant:
        """Raises Invalid with every fault at its field: a minor needs the adult who answers for him."""
        number, faults = id_number.strip().upper(), {}
        if not citizens.check_id_number(number):
            faults["id_number"] = ("身份证号码校验不通过，请核对。", "Not a valid resident ID number.")
        elif age(number, on) < ADULT and not guardian:
            faults["guardian"] = ("未成年人须填写监护人。", "A minor needs a guardian.")
        if not citizens.check_phone(phone):
            faults["phone"] = ("联系电话格式不正确。", "Not a valid phone number.")
        if guardian and not citizens.check_phone(guardian["phone"]):
            faults["guardian.phone"] = ("监护人电话格式不正确。", "Not a valid phone number.")
        if faults:
            raise Invalid.fields(faults)
        return cls(name.strip(), number, phone, dict(guardian) if guardian else None)


def willing_in(form: Mapping[str, Any], applicant: Mapping[str, Any], on: datetime) -> list[Applicant] | None:
    """Those of a moving-in form who ticked; None when one of them needs a person to look."""
    ticked = [
        _in_form(entry, position, applicant, on)
        for position, entry in enumerate(form.get("members") or [])
        if entry.get("wants_to_volunteer")
    ]
    found = [person for person in ticked if person is not None]
    return found if len(found) == len(ticked) else None


def reporter_in(applicant: Mapping[str, Any], on: datetime) -> Applicant | None:
    """The applicant of a reporting case, who ticked for himself."""
    return _in_form(applicant, APPLICANT, applicant, on)


def _in_form(
    entry: Mapping[str, Any], position: int, applicant: Mapping[str, Any], on: datetime
) -> Applicant | None:
    """The applicant answers for the household's minors, and his phone is theirs where they gave none."""
    guardian = {"name": str(applicant.get("name") or ""), "phone": str(applicant.get("phone") or "")}
    number = str(entry.get("id_number") or "").upper()
    phone = str(entry.get("phone") or guardian["phone"])
    if not entry.get("name") or not citizens.check_id_number(number) or not citizens.check_phone(phone):
        return None
    minor = age(number, on) < ADULT
    if minor and (not guardian["name"] or number == str(applicant.get("id_number") or "").upper()):
        return None
    return Applicant(str(entry["name"]), number, phone, guardian if minor else None, position)


# -- who is asked --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """What choosing needs to know of a volunteer, and no more."""

    number: str
    place: str
    id_number: str
    times: Sequence[Mapping[str, Any]]
    load: int
    last_asked_at: datetime | None


def distance(place: str, home: str) -> int:
    """0 in the same grid, 1 in the same community, 2 in the same street, 3 beyond."""
    return next((step for step, digits in enumerate((15, 12, 9)) if home[:digits] == place[:digits]), 3)


def is_free(times: Sequence[Mapping[str, Any]], at: datetime) -> bool:
    """True within one of the weekly windows; somebody who named none may be asked at any time."""
    here = at.astimezone(CHINA)
    clock = here.strftime("%H:%M")
    return not times or any(
        here.isoweekday() in window["days"] and window["since"] <= clock < window["until"] for window in times
    )


NEVER = datetime.min.replace(tzinfo=UTC)


def ranked(candidates: Iterable[Candidate], place: str, rule: ErrandRule, at: datetime) -> list[Candidate]:
    """Nearest first; of those equally near who was sent least, then who was asked longest ago."""
    fitting = (
        each for each in candidates if is_free(each.times, at) and age(each.id_number, at) >= rule.min_age
    )
    return sorted(
        fitting,
        key=lambda each: (distance(place, each.place), each.load, each.last_asked_at or NEVER, each.number),
    )


# -- errands and dispatches ----------------------------------------------------------------------------

ERRANDS = {
    ("seeking", "offer"): "in-hand",
    ("in-hand", "seek"): "seeking",  # declined or no answer: the next one
    ("in-hand", "report"): "reported",
    ("seeking", "give-up"): "given-up",
    ("seeking", "stand-down"): "stood-down",
    ("in-hand", "stand-down"): "stood-down",
}

DISPATCHES = {
    ("offered", "accept"): "accepted",
    ("offered", "decline"): "declined",
    ("offered", "expire"): "expired",
    ("offered", "stand-down"): "stood-down",
    ("accepted", "decline"): "declined",  # something came up on the way: better said than kept
    ("accepted", "stand-down"): "stood-down",
    ("accepted", "report"): "reported",
}
ACTIVE = ("offered", "accepted")


class UnknownDispatch(NotFound):
    """There is no dispatch {dispatch_id}."""

    zh = "没有该派单。"


class DispatchNotNow(Conflict):
    """A dispatch that is {state} cannot be changed this way ({verb})."""

    zh = "派单处于“{state}”状态，不能执行该操作（{verb}）。"


class AnsweredTooLate(Conflict):
    """The time to answer has passed and somebody else is being asked; thank you all the same."""

    zh = "答复时限已过，已另行安排他人，感谢您的热心。"


@dataclass
class Errand:
    """One task that wants a volunteer. Its tray item's lock guards it and all its dispatches."""

    task_id: str
    case_no: str
    matter: str
    step: str
    place: str
    state: str
    opened_at: datetime
    give_up_at: datetime
    look_again_at: datetime

    def move(self, verb: str) -> None:
        self.state = ERRANDS[self.state, verb]

    @property
    def open(self) -> bool:
        return self.state in ("seeking", "in-hand")


@dataclass
class Dispatch:
    """One volunteer asked for one errand."""

    id: str
    task_id: str
    case_no: str
    volunteer: str
    place: str
    state: str
    attempt: int
    token: str
    offered_at: datetime
    answer_by: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    note: str | None = None

    @classmethod
    def offer(
        cls, errand: Errand, volunteer: str, attempt: int, time_to_answer: timedelta, at: datetime
    ) -> Dispatch:
        return cls(
            new_id(), errand.task_id, errand.case_no, volunteer, errand.place, "offered", attempt, new_token(),
            offered_at=at, answer_by=at + time_to_answer,
        )  # fmt: skip

    def move(self, verb: str, at: datetime) -> None:
        try:
            self.state = DISPATCHES[self.state, verb]
        except KeyError:
            raise DispatchNotNow(state=self.state, verb=verb) from None
        if self.state not in ACTIVE:
            self.ended_at = at

    def accept(self, at: datetime) -> None:
        if self.state == "expired" or (self.state == "offered" and at > self.answer_by):
            raise AnsweredTooLate()
        self.move("accept", at)
        self.answered_at = at

    def decline(self, reason: str | None, at: datetime) -> None:
        self.move("decline", at)
        self.answered_at, self.note = at, reason

    def report(self, outcome: str, note: str | None, at: datetime) -> None:
        self.move("report", at)
        self.outcome, self.note = outcome, note

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


# -- hours ---------------------------------------------------------------------------------------------

HOURS = {
    (None, "claim"): "pending",
    ("pending", "confirm"): "confirmed",
    ("pending", "dispute"): "disputed",
    ("confirmed", "dispute"): "disputed",  # false hours come to light later, too
    ("disputed", "confirm"): "confirmed",
}
"""State of a service's hours after each line of the ledger. Lines are appended, the last one counts."""


class HoursNotNow(Conflict):
    """Hours that are {state} cannot be changed this way ({verb})."""

    zh = "该时长处于“{state}”状态，不能执行该操作（{verb}）。"


def next_hours(state: str | None, verb: str) -> str:
    try:
        return HOURS[state, verb]
    except KeyError:
        raise HoursNotNow(state=state or "none", verb=verb) from None


def as_hours(minutes: int) -> Decimal:
    """The unit is the hour, exact to a hundredth."""
    return (Decimal(minutes) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP)
