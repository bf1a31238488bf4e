"""The community diary: what staff saw and did; a line of it becomes a case in one step."""

from __future__ import annotations

from typing import Any

from services.chassis import identifiers
from services.chassis.database import Work
from services.contracts import intake
from services.contracts.roles import may
from services.frontdesk import matters
from services.frontdesk.handlers.dispatch import register
from services.frontdesk.handlers.whistles import summon
from services.frontdesk.intake import rules
from services.frontdesk.intake.model import EntryHasItsCase, NotHereYet, UnknownEntry
from services.frontdesk.model import NotYours


def write_diary(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.may(may(intake.WriteDiary), command.place):
        raise NotYours()
    happened_at = command.happened_at or work.now
    if happened_at > work.now:
        raise NotHereYet()
    entry = {
        "entry_id": identifiers.new_id(),
        "place": command.place,
        "kind": command.kind,
        "happened_at": happened_at,
        "written_at": work.now,
        "written_by": work.caller.account,
        "persons": command.persons,
        "text": command.text,
        "follow_up": command.follow_up,
    }
    work.store.add_entry(entry)
    work.store.add_ledger_lines(
        [
            {"ledger": rule.ledger, "place": command.place, "at": happened_at, "entry_id": entry["entry_id"]}
            for rule in rules.ledgers()
            if command.kind in rule.diary
        ]
    )
    return {**entry, "case_no": None}


def open_case_from_diary(work: Work, command: Any) -> dict[str, Any]:
    """Once: the entry and its case know each other from then on."""
    entry = work.store.entry(command.entry_id)
    if entry is None or not work.caller.may(may(intake.OpenCaseFromDiary), entry.place):
        raise UnknownEntry()
    if entry.case_no is not None:
        raise EntryHasItsCase(case_no=entry.case_no)
    form = {"kind": entry.kind, "text": entry.text, "entry_id": entry.entry_id}
    if entry.follow_up:
        form["follow_up"] = entry.follow_up
    matter = matters.catalogue().get("diary-follow-up")
    case = register(work, matter, entry.place, "visit", {"name": "社区日志"}, form, [])
    if command.unit != matter.lead:
        summon(work, case, [command.unit], command.unit, entry.follow_up or entry.text)
    work.store.set_entry_case(entry.entry_id, case.no)
    return case.face(work.now)
