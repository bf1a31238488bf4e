"""A person's word on a reading: beside the raw one, with who and why, and never over it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid, NotFound
from services.meters.handlers.access import demand
from services.meters.handlers.validation import validate_after
from services.meters.model import plain
from services.meters.wire import AHEAD

RULE = "manual"


class UnknownEdit(NotFound):
    """There is no edit {edit_id}."""

    zh = "没有编号为“{edit_id}”的改动。"


class EditIsOver(Conflict):
    """This edit was {state} already."""

    zh = "该改动已失效（{state}）。"


class NotAPersonsEdit(Conflict):
    """An estimate gives way to readings, not to a person's order; edit the reading instead."""

    zh = "估算值不能撤销，请改为编辑读数。"


class NothingToStrikeOut(Invalid):
    """The meter sent no reading at that moment."""

    zh = "该时刻没有可剔除的读数。"


class BeyondTheRegister(Invalid):
    """A register of {digits} digits cannot show that."""

    zh = "{digits} 位表盘显示不了这个读数。"


class NotYet(Invalid):
    """Nobody can have read a meter at a moment to come."""

    zh = "读数时刻不能在将来。"


def edit_reading(work: Work, command: Any) -> dict[str, Any]:
    meter = work.store.meter(command.meter)
    demand(work, meter.place)
    register = command.register or meter.register
    if command.at > work.now + AHEAD:
        raise NotYet()
    raw = work.store.raw_value(command.meter, register, command.at)
    if command.value is None and raw is None:
        raise NothingToStrikeOut()
    digits = digits_of(work, meter, register)
    if command.value is not None and command.value >= Decimal(10) ** digits:
        raise BeyondTheRegister(digits=digits)
    before = work.store.manual_edit(command.meter, register, command.at)
    if before is not None:
        work.store.end_edit(before.edit_id, "superseded", work.now, work.caller.account, command.reason)
    edit_id = identifiers.new_id()
    work.store.add_edit(
        {
            "edit_id": edit_id,
            "meter": command.meter,
            "register": register,
            "kind": "manual",
            "from_at": command.at,
            "until_at": command.at,
            "value": command.value,
            "rule": RULE,
            "version": 1,
            "reason": command.reason,
            "who": work.caller.account,
            "made_at": work.now,
        }
    )
    validate_after(work, command.meter, command.at)
    return {
        "edit_id": edit_id,
        "meter": command.meter,
        "register": register,
        "at": command.at,
        "raw": None if raw is None else plain(raw),
        "value": None if command.value is None else plain(command.value),
    }


def revert_edit(work: Work, command: Any) -> dict[str, Any]:
    edit = work.store.edit(command.edit_id)
    if edit is None:
        raise UnknownEdit(edit_id=command.edit_id)
    demand(work, work.store.meter(edit.meter).place)
    if edit.kind != "manual":
        raise NotAPersonsEdit()
    if edit.state != "active":
        raise EditIsOver(state=edit.state)
    work.store.end_edit(edit.edit_id, "reverted", work.now, work.caller.account, command.reason)
    validate_after(work, edit.meter, edit.from_at)
    return {"edit_id": edit.edit_id, "state": "reverted"}


def digits_of(work: Work, meter: Any, register: str) -> int:
    rows = work.store.registers_of(meter.meter).get(register)
    return int(rows[-1].digits if rows else meter.digits)
