"""Moving in and out: accounts are opened and closed at the same readings."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from services.backoffice import tray
from services.chassis import identifiers
from services.chassis.database import Work
from services.contracts import meters
from services.meters.handlers.bills import take_back_bills
from services.meters.handlers.registration import LETTER, meter_row
from services.meters.model import CANONICAL


def open_accounts(work: Work, item: Any) -> tray.Finished | None:
    """Water, electricity and gas in the name of who moves in, from the readings on the form."""
    household = _household_of(item.form)
    readings = _opening_readings(item.form)
    if household is None or readings is None:
        return None  # a person has to read the meters first
    known = work.store.household(household)
    place = known.place if known else item.place
    before = work.store.open_accounts(household)
    opened = []
    for kind, reading in readings.items():
        meter = before[kind].meter if kind in before else f"{LETTER[kind]}-{household}"
        work.store.add_meters([meter_row(meter, kind, place, household, work.now)])
        if kind in before:
            # The one who moved out pays up to here.
            work.store.close_account(before[kind].account, work.now, reading, item.task_id)
        account = identifiers.new_id()
        work.store.open_account(
            {
                "account": account,
                "household": household,
                "kind": kind,
                "meter": meter,
                "place": place,
                "holder": (item.applicant or {}).get("name"),
                "opened_at": work.now,
                "opening_reading": reading,
                "opened_by": item.task_id,
            }
        )
        opened.append(
            {
                "account": account,
                "kind": kind,
                "meter": meter,
                "opening_reading": str(reading),
                "unit": CANONICAL[kind],
            }
        )
    return tray.Finished(result={"accounts": opened}, note="水电气已开户 · utility accounts opened")


def close_accounts(work: Work, item: Any) -> list[str]:
    removed, reopened = work.store.take_back_accounts(item.task_id)
    take_back_bills(work, removed, reopened)
    return [f"account {account} removed" for account in removed] + [
        f"account {account} reopened" for account in reopened
    ]


def _household_of(form: dict[str, Any]) -> str | None:
    """A home's code says where it is, down to the door: `{grid}-{building}-{unit}-{door}`."""
    for name in ("household", "address"):
        code = form.get(name)
        if isinstance(code, str) and "-" in code:
            return code.strip()
    return None


def _opening_readings(form: dict[str, Any]) -> dict[str, Decimal] | None:
    """Water and electricity every home has, gas not; a reading that is no reading is for a person to look at."""
    given = form.get("opening_readings") or form.get("readings") or form
    if not isinstance(given, dict):
        return None
    readings = {}
    for kind in meters.KINDS:
        value = given.get(f"{kind}_reading", given.get(kind))
        if value is None and kind == "gas":
            continue
        try:
            reading = Decimal(str(value))
        except InvalidOperation:
            return None
        if not reading.is_finite() or not 0 <= reading < 10**10:
            return None
        readings[kind] = reading
    return readings
