"""What screens ask the front desk: read only, within the caller's areas."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import false, or_, select, true

from services.chassis.database import Read
from services.chassis.identifiers import Caller
from services.chassis.paging import page
from services.contracts import citizens, frontdesk
from services.contracts.messages import Query
from services.frontdesk import matters
from services.frontdesk.model import ENDED, Case, UnknownCase
from services.frontdesk.tables import cases, history

SEES_CASES = ("clerk", "supervisor", "admin", "terminal", "officer", "manager", "coordinator", "auditor")
NEEDS_WHOLE_VALUES = ("clerk", "admin")


class UnknownLink(UnknownCase):
    """This link is not known; scan the code on the receipt again."""

    zh = "链接无效，请重新扫描回执上的二维码。"


def list_matters(read: Read, query: Any) -> dict[str, Any]:
    return {"items": [matter.as_dict() for matter in matters.catalogue().list()], "next": None}


def get_matter(read: Read, query: Any) -> Any:
    return matters.catalogue().get(query.code).as_dict()


def get_case(read: Read, query: Any) -> dict[str, Any]:
    case = _seen(read, query.case_no, query.token)
    face = case.face(read.now)
    face["applicant"] = _applicant(case, read.caller)
    face["followers"], face["merged_into"] = len(case.followers), case.merged_into
    results = case.results()
    for lane in face["lanes"]:
        lane["result"] = results.get(lane["unit"], {}) if read.caller.has(*NEEDS_WHOLE_VALUES) else {}
    if read.caller.may(("clerk", "supervisor", "admin", "officer"), case.place):
        face["form"], face["materials"] = case.form, case.materials
    return face


def get_case_by_token(read: Read, query: Any) -> dict[str, Any]:
    digest = hashlib.sha256(query.token.encode()).hexdigest()
    body = read.connection.execute(
        select(cases.c.body).where(cases.c.tracking_hash == digest)
    ).scalar_one_or_none()
    if body is None:
        raise UnknownLink(case_no="")
    return msgspec.convert(body, Case).face(read.now)


def list_cases(read: Read, query: Any) -> dict[str, Any]:
    areas = [cases.c.place.startswith(scope, autoescape=True) for scope in read.caller.scopes(*SEES_CASES)]
    wanted = select(cases.c.no, cases.c.filed_at, cases.c.body).where(or_(*areas) if areas else false())
    unit = query.unit
    if not read.caller.has("clerk", "supervisor", "admin", "auditor", "terminal"):
        unit = read.caller.department or "-"  # an officer sees the cases his own unit has a part in
    wanted = wanted.where(
        cases.c.status == query.status if query.status else true(),
        cases.c.matter == query.matter if query.matter else true(),
        cases.c.units.contains([unit]) if unit else true(),
        cases.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        cases.c.sought.icontains(query.q, autoescape=True) if query.q else true(),
    )
    if query.overdue is not None:
        late = (cases.c.due_at < read.now) & cases.c.status.not_in(ENDED)
        wanted = wanted.where(late if query.overdue else ~late)
    found = page(read.connection, wanted, [cases.c.filed_at, cases.c.no], query, descending=True)
    found["items"] = [_row(msgspec.convert(row["body"], Case), read) for row in found["items"]]
    return found


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
    row = read.connection.execute(
        select(cases.c.body, cases.c.tracking_hash, cases.c.units).where(cases.c.no == case_no)
    ).first()
    if row is not None:
        case = msgspec.convert(row.body, Case)
        if token and hashlib.sha256(token.encode()).hexdigest() == row.tracking_hash:
            return case
        everything = ("clerk", "supervisor", "admin", "auditor", "terminal")
        if read.caller.may(everything, case.place):
            return case
        if read.caller.may(SEES_CASES, case.place) and read.caller.department in row.units:
            return case
    raise UnknownCase(case_no=case_no)


QUERIES: dict[type[Query], Callable[..., Any]] = {
    frontdesk.ListMatters: list_matters,
    frontdesk.GetMatter: get_matter,
    frontdesk.GetCase: get_case,
    frontdesk.GetCaseByToken: get_case_by_token,
    frontdesk.ListCases: list_cases,
    frontdesk.ListHistory: list_history,
}
