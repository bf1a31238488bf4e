"""What meters does, a file a use case; this one is the table from message to function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.backoffice import tray
from services.chassis.database import Work
from services.contracts import frontdesk, meters, privacy, registry
from services.contracts.messages import Command, Event
from services.meters.handlers.accounts import close_accounts, open_accounts
from services.meters.handlers.bill_runs import issue_bills, run_bills, work_off_bill_runs
from services.meters.handlers.bills import (
    cancel_bill,
    correct_bill,
    dispute_bill,
    hold_and_release_for_leaks,
    review_changed_days,
    set_tariff,
    settle_dispute,
)
from services.meters.handlers.bindings import bind_concentrator, bind_meter
from services.meters.handlers.demonstration import load_demonstration
from services.meters.handlers.edits import edit_reading, revert_edit
from services.meters.handlers.erasure import forget_resident
from services.meters.handlers.exchange import exchange_meter, set_register
from services.meters.handlers.findings import acknowledge_finding, close_finding
from services.meters.handlers.households import note_household, set_away, set_welfare_rule
from services.meters.handlers.quarantine import dismiss_reading, release_reading
from services.meters.handlers.registration import (
    adopt_strays,
    forget_strays,
    open_months,
    register_meter,
)
from services.meters.handlers.silence import note_silent_meters
from services.meters.handlers.sweep import judge_touched
from services.meters.handlers.validation import validate_due

RULES = {"moving-in": open_accounts}
UNDO = {"moving-in": close_accounts}

EVENTS: dict[type[Event], Callable[..., None]] = {
    **tray.events(RULES, UNDO),
    registry.HouseholdChanged: note_household,
    privacy.ResidentErased: forget_resident,
    frontdesk.CaseClosed: close_finding,
}

COMMANDS: dict[type[Command], Callable[..., Any]] = {
    **tray.COMMANDS,
    meters.RegisterMeter: register_meter,
    meters.SetWelfareRule: set_welfare_rule,
    meters.SetAway: set_away,
    meters.AcknowledgeFinding: acknowledge_finding,
    meters.LoadDemonstration: load_demonstration,
    meters.EditReading: edit_reading,
    meters.RevertEdit: revert_edit,
    meters.SetRegister: set_register,
    meters.ExchangeMeter: exchange_meter,
    meters.ReleaseReading: release_reading,
    meters.DismissReading: dismiss_reading,
    meters.BindMeter: bind_meter,
    meters.BindConcentrator: bind_concentrator,
    meters.RunBills: run_bills,
    meters.IssueBills: issue_bills,
    meters.DisputeBill: dispute_bill,
    meters.SettleDispute: settle_dispute,
    meters.CorrectBill: correct_bill,
    meters.CancelBill: cancel_bill,
    meters.SetTariff: set_tariff,
}

TIMERS: dict[Callable[[Work], None], timedelta] = {
    judge_touched: timedelta(seconds=2),
    validate_due: timedelta(seconds=5),
    adopt_strays: timedelta(seconds=30),
    note_silent_meters: timedelta(minutes=1),
    forget_strays: timedelta(hours=1),
    open_months: timedelta(hours=12),
    work_off_bill_runs: timedelta(seconds=1),
    hold_and_release_for_leaks: timedelta(seconds=30),
    review_changed_days: timedelta(minutes=1),
}
