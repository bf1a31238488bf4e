"""What property management keeps: a file and a fee account a household, and repair orders with their clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.chassis.errors import Conflict, Forbidden, NotFound
from services.chassis.identifiers import Caller, new_id
from services.property import tariffs

OURS = ("property", "street")


class NotYourEstate(Forbidden):
    """Your role or area does not cover property management in {place}."""

    zh = "您的角色或辖区不包括“{place}”的物业业务。"


def is_ours(caller: Caller) -> bool:
    """Whose business property management is at all: its own people, and those who serve or oversee every department."""
    return (
        caller.kind == "system"
        or caller.department in OURS
        or caller.has("admin", "supervisor", "clerk", "auditor", "terminal")
    )


# -- household files -----------------------------------------------------------------------------------


class UnknownHousehold(NotFound):
    """Property management keeps no file of the household {household}."""

    zh = "物业没有住户“{household}”的档案。"


class AccountClosed(Conflict):
    """The fee account of {household} is closed."""

    zh = "住户“{household}”的费用账户已关闭。"


@dataclass
class HouseholdFile:
    """Who lives at an address, and since when. An address has at most one open file."""

    household: str
    address: str
    place: str
    opened_at: datetime
    area: Decimal | None = None
    property_right: str | None = None
    move_in_date: date | None = None
    members: list[dict[str, Any]] = field(default_factory=list)
    vehicles: list[str] = field(default_factory=list)
    persons: int | None = None
    told_at: datetime | None = None
    """When the registry last said how many live there."""
    case_no: str | None = None
    state: str = "open"
    closed_at: datetime | None = None

    def admits(self, property_right: str | None) -> bool:
        """Whoever names the same property right (or the first one named) joins the file; another right is a dispute."""
        return not (self.property_right and property_right and self.property_right != property_right)

    def take_in(self, members: list[dict[str, Any]], vehicles: list[str], case_no: str) -> None:
        """Each member remembers by which case he came, so that a withdrawal takes out exactly those."""
        known = {member.get("id_number") for member in self.members if member.get("id_number")}
        self.members = [
            *self.members,
            *({**member, "case_no": case_no} for member in members if member.get("id_number") not in known),
        ]
        self.vehicles = list(dict.fromkeys([*self.vehicles, *vehicles]))

    def take_out(self, case_no: str) -> int:
        staying = [member for member in self.members if member.get("case_no") != case_no]
        gone, self.members = len(self.members) - len(staying), staying
        if not staying:
            self._empty()
        return gone

    def close(self, at: datetime) -> None:
        self.state, self.closed_at = "closed", at

    def reopen(self, case_no: str, at: datetime) -> None:
        """The home is the same, the household is another."""
        self._empty()
        self.state, self.closed_at, self.opened_at, self.case_no = "open", None, at, case_no

    def forget_people(self) -> None:
        """The file stays for its account; nothing in it says who lived there."""
        self.members, self.vehicles = [], []

    def _empty(self) -> None:
        self.members, self.vehicles, self.property_right, self.move_in_date = [], [], None, None


def account_of(household: str) -> str:
    """The ledger's accounts are named for what they are: household:…, income:…, cash:…"""
    return f"household:{household}"


# -- repair orders -------------------------------------------------------------------------------------

TRANSITIONS: dict[tuple[str, str], str] = {
    ("reported", "grade"): "graded",
    ("graded", "grade"): "graded",  # a first look may have been wrong
    ("graded", "assign"): "assigned",
    ("graded", "grab"): "assigned",
    ("assigned", "transfer"): "graded",
    ("arrived", "transfer"): "graded",  # the wrong trade came
    ("assigned", "arrive"): "arrived",
    ("arrived", "quote"): "quoted",
    ("quoted", "quote"): "quoted",  # bargaining
    ("quoted", "accept"): "agreed",
    ("arrived", "finish"): "repaired",  # common parts cost the household nothing
    ("agreed", "finish"): "repaired",
    ("repaired", "confirm"): "confirmed",
    ("repaired", "reject"): "assigned",  # not in order: the same worker comes again
    ("confirmed", "rate"): "rated",
}
OPEN = ("reported", "graded", "assigned", "arrived", "quoted", "agreed")
# The front desk may end a case whatever the order's state; the order follows and never outlives its task.
TRANSITIONS |= {(state, "settle"): "repaired" for state in OPEN}
TRANSITIONS |= {(state, "cancel"): "cancelled" for state in OPEN}


class UnknownRepair(NotFound):
    """There is no repair order {order_no}."""

    zh = "没有报修单“{order_no}”。"


class RepairNotNow(Conflict):
    """A repair order that is {state} cannot be dealt with this way ({verb})."""

    zh = "报修单处于“{state}”状态，不能执行该操作（{verb}）。"


class AlreadyTaken(Conflict):
    """Somebody else was faster: the order is {worker}'s."""

    zh = "该单已被“{worker}”接走。"


class NotYourOrder(Forbidden):
    """This order is in the hands of {worker}."""

    zh = "该单由“{worker}”负责。"


class OwnWork(Forbidden):
    """Nobody confirms or rates his own work."""

    zh = "不能由维修人员确认或评价自己的工作。"


@dataclass
class RepairOrder:
    order_no: str
    place: str
    address: str
    category: str
    description: str
    reported_at: datetime
    arrive_by: datetime
    state: str = "reported"
    urgency: str | None = None
    household: str | None = None
    reporter: str | None = None
    phone: str | None = None
    task_id: str | None = None
    case_no: str | None = None
    worker: str | None = None
    arrived_at: datetime | None = None
    quote: Decimal | None = None
    cost: Decimal | None = None
    materials: list[dict[str, Any]] = field(default_factory=list)
    finished_at: datetime | None = None
    stars: int | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    """Lines of the history written in this unit of work; the repository appends them."""

    @classmethod
    def report(cls, actor: str, at: datetime, urgency: str | None = None, **facts: Any) -> RepairOrder:
        """A known category (or a matter that is urgent by itself) is graded in the same breath."""
        order = cls(order_no=new_id(), reported_at=at, arrive_by=tariffs.arrive_by(None, at), **facts)
        order._note("report", actor, at)
        urgency = urgency or tariffs.urgency_of(order.category)
        if urgency:
            order.grade(urgency, "rule", at)
        return order

    def hear_again(self, actor: str, at: datetime) -> None:
        """Somebody else reports the same trouble: noted, and nothing begins anew. Who it was, nobody needs."""
        self._note("reported-again", actor, at)

    def grade(self, urgency: str, actor: str, at: datetime) -> None:
        self._move("grade", actor, at, urgency=urgency)
        self.urgency = urgency
        self.arrive_by = tariffs.arrive_by(urgency, self.reported_at)

    def assign(self, worker: str, actor: str, at: datetime) -> None:
        self._free_for(worker)
        self._move("assign", actor, at, worker=worker)
        self.worker = worker

    def grab(self, worker: str, at: datetime) -> None:
        self._free_for(worker)
        self._move("grab", worker, at)
        self.worker = worker

    def transfer(self, reason: str, actor: str, at: datetime) -> None:
        self._move("transfer", actor, at, reason=reason, worker=self.worker)
        self.worker = None

    def arrive(self, actor: str, at: datetime) -> None:
        self._move("arrive", actor, at)
        self.arrived_at = self.arrived_at or at  # the promise is kept by the first visit

    def name_price(self, amount: Decimal, reason: str, actor: str, at: datetime) -> None:
        self._move("quote", actor, at, amount=str(amount), reason=reason)
        self.quote = amount

    def accept(self, actor: str, at: datetime) -> None:
        self._move("accept", actor, at, amount=str(self.quote))

    def finish(
        self, note: str, materials: list[dict[str, Any]], cost: Decimal | None, actor: str, at: datetime
    ) -> None:
        self._move("finish", actor, at, note=note, cost=str(cost) if cost is not None else None)
        self.materials, self.cost, self.finished_at = materials, cost, at

    def settle(self, note: str | None, actor: str, at: datetime) -> None:
        """The task was finished at the tray: so is the order."""
        self._move("settle", actor, at, note=note)
        self.finished_at = at

    def confirm(self, accepted: bool, note: str | None, actor: str, at: datetime) -> None:
        self._not_by_worker(actor)
        self._move("confirm" if accepted else "reject", actor, at, note=note)
        if not accepted:
            self.finished_at = None

    def rate(self, stars: int, comment: str | None, actor: str, at: datetime) -> None:
        self._not_by_worker(actor)
        self._move("rate", actor, at, stars=stars, comment=comment)
        self.stars = stars

    def cancel(self, reason: str, actor: str, at: datetime) -> None:
        self._move("cancel", actor, at, reason=reason)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def on_time(self) -> bool | None:
        return None if self.arrived_at is None else self.arrived_at <= self.arrive_by

    def _free_for(self, worker: str) -> None:
        if self.worker is not None and self.worker != worker and self.is_open:
            raise AlreadyTaken(worker=self.worker)

    def _not_by_worker(self, actor: str) -> None:
        if self.worker is not None and actor == self.worker:
            raise OwnWork()

    def _move(self, verb: str, actor: str, at: datetime, **detail: Any) -> None:
        try:
            self.state = TRANSITIONS[self.state, verb]
        except KeyError:
            raise RepairNotNow(state=self.state, verb=verb) from None
        self._note(verb, actor, at, **detail)

    def _note(self, verb: str, actor: str, at: datetime, **detail: Any) -> None:
        detail = {key: value for key, value in detail.items() if value is not None}
        self.notes.append({"verb": verb, "state": self.state, "actor": actor, "at": at, "detail": detail})
