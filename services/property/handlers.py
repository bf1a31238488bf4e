"""What property management does when it is told something, asked to do something, or is reminded."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.backoffice import tray
from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.chassis.identifiers import new_id
from services.contracts import meters, privacy, registry, tasks
from services.contracts import property as words
from services.contracts.fees import LoadEstateDemonstration
from services.contracts.messages import Command, Event
from services.contracts.roles import Contract, may
from services.property import demonstration, tariffs
from services.property.companies import handlers as companies
from services.property.erasure import forget_household
from services.property.fees import handlers as fees
from services.property.meetings import handlers as meetings
from services.property.model import (
    HouseholdFile,
    NotYourEstate,
    NotYourOrder,
    RepairOrder,
    account_of,
    is_ours,
)
from services.property.owners import handlers as owners  # owners
from services.property.rounds import handlers as rounds
from services.property.webhooks import handlers as webhooks

ROOMS = (fees, companies, rounds, meetings, owners)
"""Rooms of the estate: each closes with its own tables."""

LEADS = ("manager", "coordinator", "supervisor", "admin")
HOUSEHOLD_CODE = re.compile(r"([0-9]{15})-[^\s]+")


# -- moving in -----------------------------------------------------------------------------------------


def open_household_file(work: Work, item: tray.Item) -> tray.Finished | None:
    """入住: file and fee account. A person looks when the address is held under another property right."""
    form = item.form
    place, address, household = _home(item)
    moved_in = _date(form.get("move_in_date"))
    if not address or (form.get("move_in_date") and moved_in is None):
        return None
    right = form.get("property_right_no")
    file = (work.store.file_of(household) if household else None) or work.store.file_at(place, address)
    former = work.store.closed_file(household) if household and file is None else None
    if former is not None:
        if not work.store.reopen_account(former.household):
            return None  # those who left still owe: their debt is not the newcomers'
        former.reopen(item.case_no, work.now)
        file = former
    fresh = file is None
    if file is None:
        file = HouseholdFile(
            household=household or new_id(),
            address=address,
            place=place,
            opened_at=work.now,
            area=_area(form.get("area")),
            case_no=item.case_no,
        )
    elif not file.admits(right):
        return None
    file.property_right = file.property_right or right
    file.move_in_date = file.move_in_date or moved_in
    members = _members(item)
    plates = [vehicle["plate"] for vehicle in form.get("vehicles") or [] if vehicle.get("plate")]
    file.take_in(members, plates, item.case_no)
    if not fresh:
        work.store.save_file(file)
    elif not work.store.open_file(file):
        return None  # the household's code is in use at another address
    work.say(
        words.HouseholdFileOpened,
        subject=file.household,
        household=file.household,
        address=file.address,
        place=file.place,
        move_in_date=moved_in,
        members=members,
        case_no=item.case_no,
    )
    return tray.Finished(result={"household": file.household, "fee_account": account_of(file.household)})


def close_household_file(work: Work, item: tray.Item) -> list[str]:
    undone = []
    for file in work.store.files_of_case(item.case_no):
        gone = file.take_out(item.case_no)
        if file.case_no == item.case_no and not file.members:
            closed = work.store.close_account(file.household)
            file.close(work.now)
            undone.append(f"household file {file.household} closed")
            undone.append("fee account closed" if closed else "fee account kept open: it is not even")
        elif gone:
            undone.append(f"{gone} members taken out of household file {file.household}")
        work.store.save_file(file)
        work.say(
            words.MovingInUndone,
            subject=file.household,
            case_no=item.case_no,
            household=file.household,
            place=file.place,
            at=work.now,
        )
    return undone


def note_household_changed(work: Work, event: Any) -> None:
    """The registry counts who lives there. Late news do not overwrite newer; a household without a file is not ours."""
    file = work.store.file_of(event.household)
    if file is not None and (file.told_at is None or file.told_at < event.at):
        file.persons, file.told_at = event.persons, event.at
        work.store.save_file(file)


def _home(item: tray.Item) -> tuple[str, str, str | None]:
    """Grid, address and household's code: chosen from the registry, or typed as mere text."""
    chosen = item.form.get("address")
    if isinstance(chosen, dict):
        household = chosen.get("household")
        address = chosen.get("address") or chosen.get("text") or household or ""
        return str(chosen.get("place") or item.place), str(address), household
    address = str(chosen or "").strip()
    code = HOUSEHOLD_CODE.fullmatch(address)
    household = item.form.get("household") or (address if code else None)
    return code[1] if code else item.form.get("place") or item.place, address, household


def _members(item: tray.Item) -> list[dict[str, Any]]:
    """The applicant first, then those he names; each person once."""
    named = [
        {"relation": "self", **item.applicant},
        *(member for member in item.form.get("members") or [] if isinstance(member, dict)),
    ]
    once = {
        member.get("id_number") or member.get("name"): member
        for member in reversed(named)
        if member.get("name")
    }
    kept = ("name", "id_number", "phone", "relation")
    return [{key: member[key] for key in kept if member.get(key)} for member in reversed(once.values())]


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _area(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return found if found.is_finite() and 0 <= found <= 100_000 else None


# -- repairs that come as tasks ------------------------------------------------------------------------

ORDERS = {
    # matter -> category and urgency, or None where the applicant says; the outcome of a finished order
    "repair": (None, None, "done"),
    "leak-check": ("water-leak", "urgent", "repaired"),
    "alarm": ("alarm", "urgent", "handled"),
}


def take_task(work: Work, event: Any) -> None:
    """A task of mending something is a repair order too, although a person does it: the crew works on orders."""
    _TRAY[tasks.TaskAssigned](work, event)
    webhooks.tell(
        work, "task.assigned", event.place, task_id=event.task_id, case_no=event.case_no, matter=event.matter,
        step=event.step, due_at=event.due_at,
    )  # fmt: skip
    if event.matter not in ORDERS or work.store.order_of_task(event.task_id) is not None:
        return
    item = work.store.find_item(event.task_id)
    if item.status == "withdrawn":  # the withdrawal came first
        return
    category, urgency, _ = ORDERS[item.matter]
    form = item.form
    place, address, household = _home(item)
    order = RepairOrder.report(
        actor="rule",
        at=work.now,
        urgency=urgency or _urgency(form.get("urgency")),
        place=place,
        address=address or place,
        category=category or str(form.get("category") or "other"),
        description=str(form.get("description") or item.title_zh),
        household=household,
        reporter=item.applicant.get("name"),
        phone=item.applicant.get("phone"),
        task_id=item.task_id,
        case_no=item.case_no,
    )
    _add(work, order)


def give_task_back(work: Work, event: Any) -> None:
    _TRAY[tasks.TaskWithdrawn](work, event)
    item = work.store.item(event.task_id)
    if item.place:
        webhooks.tell(work, "task.withdrawn", item.place, task_id=item.task_id, case_no=item.case_no)


def _urgency(said: Any) -> str | None:
    return said if said in words.URGENCIES else None


def cancel_repair_order(work: Work, item: tray.Item) -> list[str]:
    order = work.store.order_of_task(item.task_id)
    if order is None or not order.is_open:
        return []
    order.cancel("the case was withdrawn", "rule", work.now)
    work.store.save_order(order)
    return [f"repair order {order.order_no} cancelled"]


# -- repair orders -------------------------------------------------------------------------------------


def report_repair(work: Work, command: Any) -> dict[str, Any]:
    _require(work, command.place, words.ReportRepair)
    known = _same_trouble(work, command.place, command.address, command.category)
    if known is not None:
        known.hear_again(work.caller.account, work.now)
        work.store.save_order(known)
        return _face(known)
    order = RepairOrder.report(
        actor=work.caller.account,
        at=work.now,
        place=command.place,
        address=command.address,
        category=command.category,
        description=command.description,
        household=command.household,
        reporter=command.reporter,
        phone=command.phone,
    )
    _add(work, order)
    return _face(order)


def _same_trouble(work: Work, place: str, address: str, category: str) -> RepairOrder | None:
    """Who is trapped in a lift is trapped once, however many call; the clock of the first call runs on."""
    if not tariffs.one_at_a_time(category):
        return None
    work.store.lock_place("repair", f"{place}:{address}")
    order_no = work.store.open_order_like(place, address, category)
    return work.store.order(order_no) if order_no else None


def grade_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.GradeRepair)
    order.grade(command.urgency, work.caller.account, work.now)
    return _saved(work, order)


def assign_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.AssignRepair)
    order.assign(command.worker, work.caller.account, work.now)
    _sign_task(work, order)
    return _saved(work, order)


def grab_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.GrabRepair)
    order.grab(work.caller.account, work.now)
    _sign_task(work, order)
    return _saved(work, order)


def transfer_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _in_hand(work, command.order_no, words.TransferRepair)
    order.transfer(command.reason, work.caller.account, work.now)
    return _saved(work, order)


def arrive_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _in_hand(work, command.order_no, words.ArriveRepair)
    order.arrive(work.caller.account, work.now)
    return _saved(work, order)


def quote_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _in_hand(work, command.order_no, words.QuoteRepair)
    order.name_price(command.amount, command.reason, work.caller.account, work.now)
    return _saved(work, order)


def accept_quote(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.AcceptQuote)
    order.accept(work.caller.account, work.now)
    return _saved(work, order)


def finish_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _in_hand(work, command.order_no, words.FinishRepair)
    order.finish(command.note, command.materials or [], command.cost, work.caller.account, work.now)
    _say_finished(work, order)
    item = work.store.find_item(order.task_id) if order.task_id else None
    # A second visit after a rejection finds its task finished already.
    if item is not None and item.status in ("assigned", "signed", "handling"):
        result = {"order_no": order.order_no, "cost": str(order.cost) if order.cost is not None else None}
        outcome = ORDERS[item.matter][2] if item.matter in ORDERS else "done"
        tray.finish(work, item, outcome, result, command.note, officer=work.caller.account)
    return _saved(work, order)


def confirm_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.ConfirmRepair)
    order.confirm(command.accepted, command.note, work.caller.account, work.now)
    return _saved(work, order)


def rate_repair(work: Work, command: Any) -> dict[str, Any]:
    order = _order(work, command.order_no, words.RateRepair)
    order.rate(command.stars, command.comment, work.caller.account, work.now)
    return _saved(work, order)


def finish_task(work: Work, command: Any) -> dict[str, Any]:
    """The tray's own verb, but an order never stays open behind a finished task."""
    face: dict[str, Any] = tray.COMMANDS[tasks.FinishTask](work, command)
    order = work.store.order_of_task(command.task_id)
    if order is not None and order.is_open:
        if command.outcome == "refused":
            order.cancel(command.note or "refused", work.caller.account, work.now)
        else:
            order.settle(command.note, work.caller.account, work.now)
            _say_finished(work, order)
        work.store.save_order(order)
    return face


def _add(work: Work, order: RepairOrder) -> None:
    work.store.add_order(order)
    work.say(
        words.RepairReported,
        subject=order.order_no,
        order_no=order.order_no,
        place=order.place,
        category=order.category,
        urgency=order.urgency,
        case_no=order.case_no,
        reported_at=order.reported_at,
        arrive_by=order.arrive_by,
    )
    webhooks.tell(
        work, "repair.reported", order.place, order_no=order.order_no, category=order.category,
        urgency=order.urgency, case_no=order.case_no, arrive_by=order.arrive_by,
    )  # fmt: skip


def _say_finished(work: Work, order: RepairOrder) -> None:
    webhooks.tell(
        work, "repair.finished", order.place, order_no=order.order_no, category=order.category,
        on_time=order.on_time, case_no=order.case_no, finished_at=order.finished_at,
    )  # fmt: skip
    work.say(
        words.RepairFinished,
        subject=order.order_no,
        order_no=order.order_no,
        place=order.place,
        category=order.category,
        urgency=order.urgency,
        case_no=order.case_no,
        worker=order.worker,
        on_time=order.on_time,
        reported_at=order.reported_at,
        finished_at=order.finished_at,
    )


def _sign_task(work: Work, order: RepairOrder) -> None:
    """Whoever sends or goes has accepted the task."""
    item = work.store.find_item(order.task_id) if order.task_id else None
    if item is not None and item.status == "assigned":
        tray.sign(work, item, officer=work.caller.account)


def _order(work: Work, order_no: str, contract: Contract) -> RepairOrder:
    order: RepairOrder = work.store.order(order_no)
    _require(work, order.place, contract)
    return order


def _in_hand(work: Work, order_no: str, contract: Contract) -> RepairOrder:
    """The order, for its own worker or for whoever leads him."""
    order = _order(work, order_no, contract)
    caller = work.caller
    if order.worker not in (None, caller.account) and not caller.may(LEADS, order.place):
        raise NotYourOrder(worker=order.worker)
    return order


def _saved(work: Work, order: RepairOrder) -> dict[str, Any]:
    work.store.save_order(order)
    face = _face(order)
    webhooks.tell(work, "repair.changed", order.place, **face)
    return face


def _face(order: RepairOrder) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "state": order.state,
        "urgency": order.urgency,
        "worker": order.worker,
        "arrive_by": order.arrive_by,
        "on_time": order.on_time,
    }


def _require(work: Work, place: str, contract: Contract) -> None:
    if not (is_ours(work.caller) and work.caller.may(may(contract), place)):
        raise NotYourEstate(place=place)


# -- fees ----------------------------------------------------------------------------------------------


class ReferenceReused(Conflict):
    """The reference {reference} is in the books already, for another household or amount."""

    zh = "凭证号“{reference}”已入账，但住户或金额不同。"


def charge_fees(work: Work, command: Any) -> dict[str, Any]:
    scopes = [command.place] if command.place else work.caller.scopes(*may(words.ChargeFees))
    for scope in scopes or [""]:
        _require(work, scope, words.ChargeFees)
    charged, looked_at, without_area = 0, 0, 0
    known: dict[str, tariffs.Tariff] = {}
    for rows in work.store.chargeable(scopes):
        count, _, unknown = fees.charge_chunk(
            work, rows, command.rule, command.period, known, work.caller.account
        )
        charged, looked_at, without_area = charged + count, looked_at + len(rows), without_area + unknown
    return {"charged": charged, "households": looked_at, "without_area": without_area}


def pay_fee(work: Work, command: Any) -> dict[str, Any]:
    _require(work, work.store.place_of(command.household), words.PayFee)
    entry = work.store.pay(
        command.household, command.amount, command.channel, command.reference, work.caller.account, work.now
    )
    repeated = entry is None
    if entry is None:
        entry = work.store.entry_by_reference(command.reference)
        if (entry.credit, entry.amount) != (account_of(command.household), command.amount):
            raise ReferenceReused(reference=command.reference)
    balance = work.store.balance(command.household)
    if not repeated:
        webhooks.tell(
            work, "fee.paid", work.store.place_of(command.household), household=command.household,
            amount=str(command.amount), receipt=str(entry.no),
        )  # fmt: skip
    return {"receipt": str(entry.no), "balance": str(balance), "repeated": repeated}


def note_utility_bills(work: Work, event: Any) -> None:
    """Water, electricity and gas: what meters booked is booked here, line by line."""
    work.store.book_utilities(event.utility, event.kind, event.entries, event.at)


# -- demonstration -------------------------------------------------------------------------------------


def load_demonstration(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.may("admin", ""):
        raise NotYourEstate(place="")
    files = [
        HouseholdFile(
            household=line["household"],
            address=line["address"],
            place=line["place"],
            area=line["area"],
            opened_at=work.now,
        )
        for line in command.households
    ]
    return {"opened": work.store.open_files(files)}


# -- tables --------------------------------------------------------------------------------------------

RULES: dict[str, Callable[[Work, tray.Item], tray.Finished | None]] = {
    "moving-in": open_household_file,
    **owners.RULES,
}
UNDO: dict[str, Callable[[Work, tray.Item], list[str]]] = {
    "moving-in": close_household_file,
    **dict.fromkeys(ORDERS, cancel_repair_order),
    **owners.UNDO,
}

_TRAY = tray.events(RULES, UNDO)

EVENTS: dict[type[Event], Callable[..., None]] = {
    **_TRAY,
    **webhooks.EVENTS,
    **owners.EVENTS,
    tasks.TaskAssigned: take_task,
    tasks.TaskWithdrawn: give_task_back,
    registry.HouseholdChanged: note_household_changed,
    meters.BillsBooked: note_utility_bills,
    privacy.ResidentErased: forget_household,
    **companies.EVENTS,
}

COMMANDS: dict[type[Command], Callable[..., Any]] = {
    **tray.COMMANDS,
    tasks.FinishTask: finish_task,
    words.ReportRepair: report_repair,
    words.GradeRepair: grade_repair,
    words.AssignRepair: assign_repair,
    words.GrabRepair: grab_repair,
    words.TransferRepair: transfer_repair,
    words.ArriveRepair: arrive_repair,
    words.QuoteRepair: quote_repair,
    words.AcceptQuote: accept_quote,
    words.FinishRepair: finish_repair,
    words.ConfirmRepair: confirm_repair,
    words.RateRepair: rate_repair,
    words.ChargeFees: charge_fees,
    words.PayFee: pay_fee,
    words.LoadDemonstration: load_demonstration,
    **webhooks.COMMANDS,
    **{order: do for room in ROOMS for order, do in room.COMMANDS.items()},
    LoadEstateDemonstration: demonstration.load,
}

TIMERS: dict[Callable[[Work], None], timedelta] = {
    **webhooks.TIMERS,
    **{tick: pause for room in ROOMS for tick, pause in room.TIMERS.items()},
}
COMPLETES: dict[type[Command], Callable[[Any], Any]] = {**webhooks.COMPLETES}
