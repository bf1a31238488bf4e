"""What screens ask the front desk: read only, within the caller's areas."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Text, and_, bindparam, false, func, or_, select, true, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from services.chassis.database import Read
from services.chassis.identifiers import Caller
from services.chassis.paging import page
from services.contracts import certificates, citizens, frontdesk
from services.contracts.messages import Query
from services.contracts.roles import may
from services.contracts.units import OFFICE_OF
from services.frontdesk.approvals import views as approvals
from services.frontdesk.care import views as care_views
from services.frontdesk.certificates import views as certificate_views
from services.frontdesk.certificates.views import document_of
from services.frontdesk.channels import views as channels
from services.frontdesk.intake import suggesting as intake
from services.frontdesk.model import ENDED, Case, UnknownCase
from services.frontdesk.tables import cases, history
from services.frontdesk.trials import views as trials

SEES_EVERYTHING = ("clerk", "supervisor", "admin", "auditor")
SEES_HIS_UNITS = ("officer", "manager", "coordinator")
"""A terminal in the hall is anybody's: it sees a case by the receipt's token and lists none."""
NEEDS_WHOLE_VALUES = ("clerk", "admin")


FOR_FOLLOWERS = (
    "unit",
    "step",
    "title_zh",
    "title_en",
    "status",
    "due_at",
    "signed_at",
    "finished_at",
    "overdue",
)


class UnknownLink(UnknownCase):
    """This link is not known; scan the code on the receipt again."""

    zh = "链接无效，请重新扫描回执上的二维码。"


def get_case(read: Read, query: Any) -> dict[str, Any]:
    case = _seen(read, query.case_no, query.token)
    face = case.face(read.now)
    face["applicant"] = _applicant(case, read.caller)
    face["followers"], face["merged_into"] = len(case.followers), case.merged_into
    face["leading"] = _leading(read, case)
    whole = read.caller.has(*NEEDS_WHOLE_VALUES)
    for task, lane in zip(case.tasks, face["lanes"], strict=True):
        lane["result"] = task.result if whole and task.finished else {}
    if read.caller.may(("clerk", "supervisor", "admin", "officer"), case.place):
        face["form"], face["materials"], face["source"] = case.form, case.materials, case.source
    # -- intake: how many reports an incident holds, and whose the case may be while nobody has it
    if case.matter in intake.COLLAPSED:
        face["followers"] += intake.count_reports(read.connection, case.no)
    if read.caller.may(("clerk", "supervisor", "admin"), case.place):
        face["routing"] = intake.routes_of(read.connection, case, read.now)
    return face


def get_case_by_token(read: Read, query: Any) -> dict[str, Any]:
    digest = hashlib.sha256(query.token.encode()).hexdigest()
    body = read.connection.execute(
        select(cases.c.body).where(cases.c.tracking_hash == digest)
    ).scalar_one_or_none()
    if body is None:
        raise UnknownLink(case_no="")
    case = msgspec.convert(body, Case)
    return {**case.face(read.now), "leading": _leading(read, case)}


def get_certificate_document(read: Read, query: Any) -> dict[str, Any]:
    """Whole persons are in it: for the holder of the receipt, and staff who may see the form."""
    case = _seen(read, query.case_no, query.token)
    by_receipt = query.token and hashlib.sha256(query.token.encode()).hexdigest() == case.tracking_hash
    if not by_receipt and not read.caller.may(may(certificates.GetCertificateDocument), case.place):
        raise UnknownCase(case_no=query.case_no)
    return document_of(read, case.certificate)


def _leading(read: Read, case: Case) -> dict[str, Any] | None:
    """Where the case stands that this one follows: its applicant is answered with it."""
    if case.merged_into is None:
        return None
    row = read.connection.execute(select(cases.c.body).where(cases.c.no == case.merged_into)).one()
    leading = msgspec.convert(row.body, Case).face(read.now)
    told = {
        name: leading[name] for name in ("case_no", "status", "due_at", "closed_at", "title_zh", "title_en")
    }
    # intake: how far it is, unit by unit; what another applicant was asked for is his own affair
    lanes = [{name: lane[name] for name in FOR_FOLLOWERS} for lane in leading["lanes"]]
    return {**told, "lanes": lanes}


def list_cases(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(cases.c.no, cases.c.filed_at).where(_visible(read.caller))
    wanted = wanted.where(
        cases.c.status == query.status if query.status else true(),
        cases.c.matter == query.matter if query.matter else true(),
        cases.c.units.contains([query.unit]) if query.unit else true(),
        cases.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        _speaks_of(query.q) if query.q else true(),
    )
    if query.overdue is not None:
        # While the applicant is to add something the clock stands still.
        late = (cases.c.due_at < read.now) & cases.c.status.not_in((*ENDED, "suspended"))
        wanted = wanted.where(late if query.overdue else ~late)
    if query.trouble:
        wanted = wanted.where(cases.c.trouble.is_not(None))
    found = page(read.connection, wanted, [cases.c.filed_at, cases.c.no], query, descending=True)
    # Found by the indexes alone; only what is on the page is read whole.
    numbers = [row["no"] for row in found["items"]]
    whole = read.connection.execute(select(cases.c.no, cases.c.body).where(cases.c.no.in_(numbers)))
    bodies = {row.no: row.body for row in whole}
    found["items"] = [_row(msgspec.convert(bodies[no], Case), read) for no in numbers]
    return found


def _speaks_of(words: str) -> ColumnElement[bool]:
    """Words are sought in name and title; digits are the beginning or the end of a number, as people read it out."""
    if _NUMBER.fullmatch(words):
        end = func.reverse(cases.c.no).startswith(words[::-1], autoescape=True)
        return or_(cases.c.no.startswith(words, autoescape=True), end)
    found = cases.c.sought.icontains(words, autoescape=True)
    grams = [gram for gram in _grams(words.lower()) if not _NOT_A_GRAM.search(gram)]
    if not grams:
        return found
    # The index narrows it down; the words themselves decide. They are written into the statement: whether to go by the
    # index or by the newest depends on how common they are, and a plan for any words fits none.
    these = bindparam("grams", grams, ARRAY(Text), literal_execute=True)
    return and_(type_coerce(func.grams(cases.c.sought), ARRAY(Text)).contains(these), found)


_NUMBER, _NOT_A_GRAM = re.compile(r"[0-9-]+"), re.compile(r"[\d\s-]")


def _grams(words: str) -> list[str]:
    """Two characters in a row, or the only one: as `grams` of migration 0005_lists takes a text apart."""
    return sorted({words[at : at + 2] for at in range(max(1, len(words) - 1))})


def list_history(read: Read, query: Any) -> dict[str, Any]:
    case = _seen(read, query.case_no, query.token)
    lines = read.connection.execute(
        select(history)
        .where(history.c.case_no == case.no, history.c.seq > (query.after or 0))
        .order_by(history.c.seq)
        .limit(1000)
    )
    return {"items": [dict(line._mapping) for line in lines], "next": None, "case": case.face(read.now)}


def _row(case: Case, read: Read) -> dict[str, Any]:
    return {
        **case.face(read.now),
        "applicant": {"name": citizens.mask_name(str(case.applicant.get("name") or ""))},
    }


def _applicant(case: Case, caller: Caller) -> dict[str, Any]:
    """Whole values only to whoever needs them for the case; everybody else sees them masked."""
    if caller.may(NEEDS_WHOLE_VALUES, case.place):
        return case.applicant
    masks = {"name": citizens.mask_name, "phone": citizens.mask_phone, "id_number": citizens.mask_id}
    return {
        key: masks[key](value)
        for key, value in case.applicant.items()
        if key in masks and isinstance(value, str)
    }


def _seen(read: Read, case_no: str, token: str | None) -> Case:
    mine = _visible(read.caller)
    if token:
        mine = or_(mine, cases.c.tracking_hash == hashlib.sha256(token.encode()).hexdigest())
    body = read.connection.execute(
        select(cases.c.body).where(cases.c.no == case_no, mine)
    ).scalar_one_or_none()
    if body is None:
        raise UnknownCase(case_no=case_no)
    return msgspec.convert(body, Case)


def _visible(caller: Caller) -> ColumnElement[bool]:
    """The cases somebody may see: of his areas, all or those his own units have a part in; a company's, those it filed."""
    seen = [_within(caller.scopes(*SEES_EVERYTHING))]
    if caller.department:
        units = [unit for unit, office in OFFICE_OF.items() if caller.department in (unit, office)]
        seen.append(_within(caller.scopes(*SEES_HIS_UNITS)) & cases.c.units.overlap(units))
    if caller.kind == "company":
        seen.append(cases.c.company == caller.account)
    return or_(*seen)


def _within(scopes: list[str]) -> ColumnElement[bool]:
    return or_(false(), *(cases.c.place.startswith(scope, autoescape=True) for scope in scopes))


QUERIES: dict[type[Query], Callable[..., Any]] = {
    frontdesk.GetCase: get_case,
    frontdesk.GetCaseByToken: get_case_by_token,
    frontdesk.ListCases: list_cases,
    frontdesk.ListHistory: list_history,
    # Rooms: approvals, which decide what the catalogue shows; certificates; matters tried out; channels
    **trials.QUERIES,
    **channels.QUERIES,
    **approvals.QUERIES,
    **certificate_views.QUERIES,
    certificates.GetCertificateDocument: get_certificate_document,
    # care
    **care_views.queries(_seen, _visible),
}
