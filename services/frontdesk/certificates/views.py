"""What anybody may check, and what the desk lists."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Table, false, or_, select, true

from services.chassis import calendar
from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import certificates as contract
from services.contracts.messages import Query
from services.contracts.roles import Contract, may
from services.frontdesk.approvals.views import place_of
from services.frontdesk.certificates import codes
from services.frontdesk.certificates.blocklist import blocked
from services.frontdesk.certificates.model import NoCertificate, UnknownCertificate, state
from services.frontdesk.tables import certificates, documents, seal_uses


def list_blocked_certificates(read: Read, query: Any) -> dict[str, Any]:
    place = place_of(read.caller, query.place)
    found = [one.as_dict() for one in blocked(place, calendar.local_day(read.now))]
    if query.q:
        sought = query.q.strip().lower()
        found = [one for one in found if sought in one["title_zh"] or sought in one["title_en"].lower()]
    return {"items": found, "next": None}


def verify_certificate(read: Read, query: Any) -> dict[str, Any]:
    """What the paper says of itself, and whether it still holds; a wrong code is told the same as an unknown number."""
    fits = codes.fits(query.number, query.code)
    row = read.connection.execute(select(certificates).where(certificates.c.number == query.number)).first()
    if row is None or not fits:
        raise UnknownCertificate()
    return {
        "number": row.number,
        "state": state(row.revoked_at, row.valid_until, calendar.local_day(read.now)),
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "holder": row.holder,
        "issuer_zh": row.issuer_zh,
        "issuer_en": row.issuer_en,
        "requester": row.requester,
        "issued_at": row.issued_at,
        "valid_until": row.valid_until,
        "revoked_at": row.revoked_at,
        "sha256": row.sha256,
    }


def list_certificates(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(certificates).where(
        _within(read, certificates, contract.ListCertificates),
        certificates.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        certificates.c.case_no == query.case_no if query.case_no else true(),
    )
    if query.revoked is not None:
        gone = certificates.c.revoked_at.is_not(None)
        wanted = wanted.where(gone if query.revoked else ~gone)
    order = [certificates.c.issued_at, certificates.c.number]
    return page(read.connection, wanted, order, query, descending=True)


def list_seal_uses(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(seal_uses).where(
        _within(read, seal_uses, contract.ListSealUses),
        seal_uses.c.place.startswith(query.place, autoescape=True) if query.place else true(),
        seal_uses.c.use == query.use if query.use else true(),
        seal_uses.c.sha256 == query.sha256 if query.sha256 else true(),
    )
    return page(read.connection, wanted, [seal_uses.c.seq], query)


def document_of(read: Read, number: str | None) -> dict[str, Any]:
    """Of a case that the caller was found to see."""
    row = read.connection.execute(
        select(certificates.c.sha256, documents.c.content)
        .join(documents, documents.c.sha256 == certificates.c.sha256)
        .where(certificates.c.number == number)
    ).first()
    if number is None or row is None:
        raise NoCertificate()
    content = base64.b64encode(row.content).decode()
    return {"number": number, "code": codes.code_of(number), "sha256": row.sha256, "content": content}


def _within(read: Read, table: Table, asked: Contract) -> ColumnElement[bool]:
    scopes = read.caller.scopes(*may(asked))
    return or_(false(), *(table.c.place.startswith(scope, autoescape=True) for scope in scopes))


QUERIES: dict[type[Query], Callable[..., Any]] = {
    contract.ListBlockedCertificates: list_blocked_certificates,
    contract.VerifyCertificate: verify_certificate,
    contract.ListCertificates: list_certificates,
    contract.ListSealUses: list_seal_uses,
}
