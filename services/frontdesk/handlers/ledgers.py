"""Ledgers gather by themselves: a line of a history that belongs into one is entered in the same transaction."""

from __future__ import annotations

from typing import Any

from services.chassis.database import Work
from services.frontdesk.intake import rules
from services.frontdesk.model import Case


def enter_in_ledgers(work: Work, cases: list[Case]) -> None:
    rows: list[dict[str, Any]] = [
        {"ledger": rule.ledger, "place": case.place, "at": line.at, "case_no": case.no, "seq": line.seq}
        for case in cases
        for line in case.lines
        for rule in rules.ledgers()
        if rule.lines and rule.lines.take(case.matter, line.kind)
    ]
    work.store.add_ledger_lines(rows)
