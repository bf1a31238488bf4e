"""What is asked of likeness, routing, incidents, consultations, drafts, the diary and ledgers: read only."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import citizens, intake
from services.contracts.messages import Query
from services.contracts.roles import may
from services.frontdesk import matters
from services.frontdesk.intake import likeness, rules, suggesting
from services.frontdesk.intake.likeness import Report
from services.frontdesk.intake.model import UnknownDraft, UnknownLedger, read_draft_name
from services.frontdesk.intake.sealing import unseal
from services.frontdesk.intake.tables import (
    broadcasts,
    consultations,
    diary,
    drafts,
    incidents,
    ledger_lines,
    reports,
)
from services.frontdesk.model import NotYours
from services.frontdesk.tables import cases, history
from services.frontdesk.views import _seen as seen
from services.frontdesk.views import _visible as visible
from services.frontdesk.views import _within as within_scopes

STAFF = ("clerk", "supervisor", "admin")
BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets read Chinese as something else."""


# -- suggestions ---------------------------------------------------------------------------------------


def list_similar(read: Read, query: Any) -> dict[str, Any]:
    case = seen(read, query.case_no, None)
    address = str(case.form.get("address") or case.place)
    report = Report(address, case.filed_at, likeness.words_of(case.form), rules.topic_of(case.form))
    found = suggesting.similar(
        read.connection, case.matter, case.place, report, visible(read.caller), whole=True, but=case.no
    )
    return {"items": found, "next": None}


def find_similar(read: Read, query: Any) -> dict[str, Any]:
    place = query.place.split("-")[0]
    if not read.caller.may(may(intake.FindSimilar), place):
        raise NotYours()
    whole = read.caller.may(STAFF, place)
    scope = visible(read.caller) if whole else _areas(read, intake.FindSimilar)
    matter = matters.catalogue().get(query.matter).slug
    report = Report(query.place, read.now, query.text, query.topic)
    found = suggesting.similar(read.connection, matter, place, report, scope, whole)
    return {"items": found, "next": None}


def suggest_routing(read: Read, query: Any) -> dict[str, Any]:
    place = query.place.split("-")[0]
    if not read.caller.may(may(intake.SuggestRouting), place):
        raise NotYours()
    return suggesting.routes(read.connection, place, query.text, query.topic, read.now)


# -- incidents -----------------------------------------------------------------------------------------


def list_incidents(read: Read, query: Any) -> dict[str, Any]:
    held = (
        select(func.count())
        .select_from(reports)
        .where(reports.c.incident_no == incidents.c.case_no)
        .scalar_subquery()
    )
    wanted = (
        select(
            incidents.c.case_no, incidents.c.kind, incidents.c.area.label("place"), incidents.c.then,
            incidents.c.opened_at, incidents.c.ended_at, cases.c.status, cases.c.due_at, held.label("reports"),
        )
        .join(cases, cases.c.no == incidents.c.case_no)
        .where(visible(read.caller), _at(incidents.c.area, query.place), _open(incidents.c.ended_at, query.open))
    )  # fmt: skip
    return page(read.connection, wanted, [incidents.c.opened_at, incidents.c.case_no], query, descending=True)


def list_reports(read: Read, query: Any) -> dict[str, Any]:
    """Of an incident the caller may see; each report only as far as an area list shows it: masked."""
    seen(read, query.case_no, None)
    wanted = (
        select(
            reports.c.case_no, reports.c.at, reports.c.joins, reports.c.answered_at, cases.c.status, cases.c.place,
            cases.c.matter, cases.c.body["applicant"]["name"].astext.label("name"),
            cases.c.body["form"].label("form"), cases.c.body["channel"].astext.label("channel"),
        )
        .join(cases, cases.c.no == reports.c.case_no)
        .where(reports.c.incident_no == query.case_no, within_scopes(read.caller.scopes()))
    )  # fmt: skip
    found = page(read.connection, wanted, [reports.c.case_no], query)
    for row in found["items"]:
        row["applicant"] = {"name": citizens.mask_name(row.pop("name") or "")}
        row["text"] = likeness.without_persons(likeness.words_of(row.pop("form")))
    return found


def list_broadcasts(read: Read, query: Any) -> dict[str, Any]:
    """For screens in halls and at gates: what the area itself, what holds it, and what lies in it is told."""
    mine = or_(
        broadcasts.c.place.startswith(query.place, autoescape=True),
        broadcasts.c.place.in_([query.place[:digits] for digits in (6, 9, 12, 15)]),
    )
    wanted = select(broadcasts).where(mine, _open(broadcasts.c.over_at, query.open))
    return page(
        read.connection, wanted, [broadcasts.c.made_at, broadcasts.c.broadcast_id], query, descending=True
    )


def list_consultations(read: Read, query: Any) -> dict[str, Any]:
    wanted = (
        select(consultations)
        .join(cases, cases.c.no == consultations.c.case_no)
        .where(
            visible(read.caller),
            consultations.c.case_no == query.case_no if query.case_no else true(),
            _open(consultations.c.ruled_at, query.open),
        )
    )
    order = [consultations.c.opened_at, consultations.c.consultation_id]
    return page(read.connection, wanted, order, query, descending=True)


# -- drafts --------------------------------------------------------------------------------------------


def resume_draft(read: Read, query: Any) -> dict[str, Any]:
    code, secret = read_draft_name(query.draft)
    row = read.connection.execute(
        select(drafts).where(drafts.c.code == code, drafts.c.expires_at > read.now)
    ).first()
    if row is None:
        raise UnknownDraft()
    return {**unseal(code, secret, row.body), "expires_at": row.expires_at}


# -- diary and ledgers ---------------------------------------------------------------------------------


def list_diary(read: Read, query: Any) -> dict[str, Any]:
    pending = diary.c.follow_up.is_not(None) & diary.c.case_no.is_(None)
    wanted = select(diary).where(
        _areas(read, intake.ListDiary, diary.c.place),
        _at(diary.c.place, query.place),
        diary.c.kind == query.kind if query.kind else true(),
        true() if query.pending is None else pending if query.pending else ~pending,
    )
    found = page(read.connection, wanted, [diary.c.happened_at, diary.c.entry_id], query, descending=True)
    for row in found["items"]:
        row["text"] = likeness.without_persons(row["text"], 2000)
    return found


def list_ledgers(read: Read, query: Any) -> dict[str, Any]:
    items = [
        {
            "ledger": rule.ledger,
            "zh": rule.zh,
            "en": rule.en,
            "matters": list(rule.lines.matters) if rule.lines else [],
            "lines": list(rule.lines.kinds) if rule.lines else [],
            "diary": list(rule.diary),
        }
        for rule in rules.ledgers()
    ]
    return {"items": items, "next": None}


def read_ledger(read: Read, query: Any) -> dict[str, Any]:
    return _ledger(read, query, intake.ReadLedger)


COLUMNS = {
    "position": "序号 No.", "at": "时间 Time", "place": "地点 Place", "case_no": "件号 Case", "title_zh": "事项 Matter",
    "kind": "内容 Entry", "unit": "单位 Unit", "actor": "经办 By", "name": "当事人 Person", "persons": "人数 Persons",
    "text": "说明 Text",
}  # fmt: skip


def export_ledger(read: Read, query: Any) -> dict[str, Any]:
    found = _ledger(read, query, intake.ExportLedger)
    out = io.StringIO()
    writer = csv.writer(out)
    if query.heading and not query.cursor:
        out.write(BYTE_ORDER_MARK)
        writer.writerow(COLUMNS.values())
    for row in found["items"]:
        writer.writerow(_cell(row[name]) for name in COLUMNS)
    return {"csv": out.getvalue(), "next": found["next"]}


def _ledger(read: Read, query: Any, contract: type[Query]) -> dict[str, Any]:
    if query.ledger not in {rule.ledger for rule in rules.ledgers()}:
        raise UnknownLedger(ledger=query.ledger)
    wanted = (
        select(
            ledger_lines.c.position, ledger_lines.c.at, ledger_lines.c.place, ledger_lines.c.case_no,
            ledger_lines.c.entry_id, cases.c.body["title_zh"].astext.label("title_zh"),
            cases.c.body["title_en"].astext.label("title_en"), cases.c.body["applicant"]["name"].astext.label("name"),
            func.coalesce(history.c.kind, diary.c.kind).label("kind"), history.c.unit,
            func.coalesce(history.c.actor, diary.c.written_by).label("actor"), diary.c.persons, diary.c.text,
        )
        .outerjoin(cases, cases.c.no == ledger_lines.c.case_no)
        .outerjoin(
            history, and_(history.c.case_no == ledger_lines.c.case_no, history.c.seq == ledger_lines.c.seq)
        )
        .outerjoin(diary, diary.c.entry_id == ledger_lines.c.entry_id)
        .where(
            ledger_lines.c.ledger == query.ledger,
            _areas(read, contract, ledger_lines.c.place),
            _at(ledger_lines.c.place, query.place),
        )
    )  # fmt: skip
    found = page(read.connection, wanted, [ledger_lines.c.position], query)
    for row in found["items"]:
        row["name"] = citizens.mask_name(row["name"]) if row["name"] else None
        row["text"] = likeness.without_persons(row["text"], 2000) if row["text"] else None
    return found


def _cell(value: Any) -> str:
    """A spreadsheet takes a cell that begins like this for a formula; what people wrote is none."""
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


# -- common --------------------------------------------------------------------------------------------


def _areas(read: Read, contract: type[Query], column: Any = cases.c.place) -> ColumnElement[bool]:
    """The areas for which the caller holds a role that may ask this."""
    scopes = read.caller.scopes(*may(contract))
    return or_(false(), *(column.startswith(scope, autoescape=True) for scope in scopes))


def _at(column: Any, place: str | None) -> ColumnElement[bool]:
    return column.startswith(place, autoescape=True) if place else true()


def _open(ended: Any, wanted: bool | None) -> ColumnElement[bool]:
    return true() if wanted is None else ended.is_(None) if wanted else ended.is_not(None)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    intake.ListSimilar: list_similar,
    intake.FindSimilar: find_similar,
    intake.SuggestRouting: suggest_routing,
    intake.ListIncidents: list_incidents,
    intake.ListReports: list_reports,
    intake.ListBroadcasts: list_broadcasts,
    intake.ListConsultations: list_consultations,
    intake.ResumeDraft: resume_draft,
    intake.ListDiary: list_diary,
    intake.ListLedgers: list_ledgers,
    intake.ReadLedger: read_ledger,
    intake.ExportLedger: export_ledger,
}
