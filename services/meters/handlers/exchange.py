"""What a register is, and the day it becomes another one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Conflict, Invalid
from services.meters.handlers.access import demand
from services.meters.handlers.edits import BeyondTheRegister, NotYet
from services.meters.handlers.registration import meter_row
from services.meters.handlers.validation import validate_after, validate_from_the_beginning
from services.meters.model import MeterOfAnotherKind
from services.meters.vee.book import UnknownFigure, check_own
from services.meters.wire import AHEAD

ADOPTED = timedelta(seconds=1)


class ExchangedAlready(Conflict):
    """That register was taken out or put in at {at}, which is not before this exchange."""

    zh = "该寄存器在 {at} 已有换表记录，不早于本次换表。"


class MeterInUse(Conflict):
    """Meter {meter} has registers that were put in somewhere already."""

    zh = "表计“{meter}”已在使用，不能作为新表。"


class NoSuchLimit(Invalid):
    """Validation has no rule or figure of the name {name}."""

    zh = "校验规则中没有“{name}”。"


def set_register(work: Work, command: Any) -> dict[str, Any]:
    meter = work.store.meter(command.meter)
    demand(work, meter.place)
    register = command.register or meter.register
    if command.limits:
        try:
            check_own(command.limits)
        except UnknownFigure as error:
            raise NoSuchLimit(name=str(error)) from error
    row = _latest(work, meter, register)
    changes = {
        "digits": command.digits,
        "multiplier": command.multiplier,
        "interval_s": command.interval_minutes and command.interval_minutes * 60,
        "limits": command.limits,
    }
    row |= {name: value for name, value in changes.items() if value is not None}
    row |= {"reason": command.reason, "who": work.caller.account, "set_at": work.now}
    work.store.save_register(row)
    validate_from_the_beginning(work, command.meter)
    return {"meter": command.meter, "register": register, "number": row["number"]}


def exchange_meter(work: Work, command: Any) -> dict[str, Any]:
    """Where the old one stopped and the new one began: consumption goes on, the register's difference does not."""
    meter = work.store.meter(command.meter)
    demand(work, meter.place)
    if command.at > work.now + AHEAD:
        raise NotYet()
    successor = meter
    if command.new_meter and command.new_meter != command.meter:
        row = meter_row(command.new_meter, meter.kind, meter.place, meter.household, work.now)
        row |= {"digits": command.digits or meter.digits, "register": meter.register}
        if work.store.add_meters([row]) == 0:
            successor = work.store.meter(command.new_meter)
            demand(work, successor.place)
            if successor.kind != meter.kind:
                raise MeterOfAnotherKind(meter=command.new_meter, kind=successor.kind)
            work.store.place_meter(command.new_meter, meter.place, meter.household)
        successor = work.store.meter(command.new_meter)
        if work.store.registers_of(command.new_meter):
            raise MeterInUse(meter=command.new_meter)
        work.store.adopt_strays(work.now - ADOPTED)
    signed = {"who": work.caller.account, "set_at": work.now, "reason": command.reason}
    for exchanged in command.registers:
        old = _latest(work, meter, exchanged["register"])
        newest = old["closed_at"] or old["opened_at"]
        if newest is not None and newest >= command.at:
            raise ExchangedAlready(at=newest.isoformat())
        digits = command.digits or old["digits"]
        for state, most in ((exchanged["closing"], old["digits"]), (exchanged["opening"], digits)):
            if state >= 10**most:
                raise BeyondTheRegister(digits=most)
        old |= {"closed_at": command.at, "closing_value": exchanged["closing"], **signed}
        new = old | {
            "meter": successor.meter,
            "number": 1 if successor is not meter else old["number"] + 1,
            "digits": digits,
            "opened_at": command.at,
            "opening_value": exchanged["opening"],
            "closed_at": None,
            "closing_value": None,
        }
        if successor is not meter:
            old["replaced_by"] = successor.meter
        work.store.save_register(old)
        work.store.save_register(new)
    for name in {meter.meter, successor.meter}:
        validate_after(work, name, command.at)
    if successor is not meter:
        work.store.follow_exchange(meter.meter, successor.meter, command.at)
        work.store.inherit_binding(meter.meter, successor.meter)
    return {"meter": command.meter, "now": successor.meter, "at": command.at}


def _latest(work: Work, meter: Any, register: str) -> dict[str, Any]:
    """The register's row as it is, or as it would be if somebody had written it down."""
    rows = work.store.registers_of(meter.meter).get(register)
    if rows:
        return dict(rows[-1]._mapping)
    return {
        "meter": meter.meter,
        "register": register,
        "number": 1,
        "digits": meter.digits,
        "multiplier": 1,
        "interval_s": None,
        "limits": {},
        "opened_at": None,
        "opening_value": None,
        "closed_at": None,
        "closing_value": None,
        "replaced_by": None,
    }
