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
    opened: list[dict[str, Any]] = [
        {
            "account": identifiers.new_id(),
            "kind": kind,
            "meter": before[kind].meter if kind in before else f"{LETTER[kind]}-{household}",
            "opening_reading": reading,
        }
        for kind, reading in readings.items()
    ]
    work.store.add_meters(
        [meter_row(account["meter"], account["kind"], place, household, work.now) for account in opened]
    )
    # The one who moved out pays up to here.
    closed = {before[kind].account: reading for kind, reading in readings.items() if kind in before}
    work.store.close_accounts(closed, work.now, item.task_id)
    whose = {
        "household": household,
        "place": place,
        "holder": (item.applicant or {}).get("name"),
        "opened_at": work.now,
        "opened_by": item.task_id,
    }
    work.store.add_accounts([account | whose for account in opened])
    faces = [
        account | {"opening_reading": str(account["opening_reading"]), "unit": CANONICAL[account["kind"]]}
        for account in opened
    ]
    return tray.Finished(result={"accounts": faces}, note="水电气已开户 · utility accounts opened")


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
