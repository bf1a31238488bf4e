"""Certificates: what is not certified, the paper, the public check, and the register of seal uses."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import AsyncIterator
from functools import partial
from html import escape
from typing import Any

from starlette.responses import Response, StreamingResponse

from gateway.routes.materials import POLICY
from gateway.routes.progress import HEADERS, html_page, language, moment, refusal
from gateway.table import ANYONE, Row, Visit, creation, order, question
from services.chassis.errors import NotFound, Problem
from services.contracts import certificates
from services.contracts.roles import MAY

TAG = "certificates"
BOM = "\ufeff"
"""Spreadsheets take a CSV for UTF-8 by it."""
COLUMNS = (
    ("seq", "序号 No."), ("at", "时间 Time"), ("place", "地点 Place"), ("use", "用途类别 Use"), ("title", "文件 Document"),
    ("asked_by", "申请人 Asked by"), ("why", "事由 Why"), ("handled_by", "用印人 Handled by"),
    ("approved_by", "批准人 Approved by"), ("copies", "份数 Copies"), ("case_no", "件号 Case"),
    ("number", "证明编号 Certificate"), ("sha256", "文件摘要 SHA-256"),
)  # fmt: skip
STATES = {
    "valid": ("有效", "Valid", "done"),
    "expired": ("已过有效期", "Expired", "needs-you"),
    "revoked": ("已撤销", "Revoked", "needs-you"),
}


class NotOnPaper(NotFound):
    """No certificate has this number together with this code; check both on the paper."""

    zh = "没有该编号与查验码对应的证明，请核对纸面上的编号和查验码。"


async def show(visit: Visit) -> Response:
    """The paper itself: for the holder of the receipt, and for staff, whose look is noted first."""
    case_no = visit.request.path_params["case_no"]
    token = visit.credential.token
    given = {"case_no": case_no} | ({"token": token} if token is not None else {})
    found = await visit.ask(certificates.GetCertificateDocument, given)
    if token is None:
        await visit.gate.looks.note(visit, "certificates.show")
    return Response(
        base64.b64decode(found["content"]),
        headers={
            "Content-Disposition": f'inline; filename="{found["number"]}.pdf"',
            "Content-Security-Policy": POLICY,
            "Cache-Control": "private, no-store",
            "ETag": f'"{found["sha256"]}"',
        },
        media_type="application/pdf",
    )


async def check(visit: Visit) -> Response:
    """The page behind the QR code of a certificate, and behind its number and code typed in."""
    request = visit.request
    lang = language(request)
    given = {"number": request.path_params["number"], "code": request.query_params.get("code", "") or "?"}
    try:
        if certificates.VerifyCertificate.schema().validate(given):
            raise NotOnPaper()
        found = await visit.ask(certificates.VerifyCertificate, given)
    except Problem as problem:
        return refusal(request, problem, lang)
    body = _checked(found, lang == "en")
    return Response(
        html_page(_title(lang == "en"), body, lang),
        headers=HEADERS | {"Content-Language": lang},
        media_type="text/html",
    )


def _title(en: bool) -> str:
    return "Check of a certificate" if en else "证明查验"


def _checked(found: dict[str, Any], en: bool) -> str:
    word = STATES[found["state"]]
    language = "en" if en else "zh"
    lines = [
        ("编号", "Number", found["number"]),
        ("证明", "Certificate", found[f"title_{language}"]),
        ("持有人", "Holder", found["holder"]),
        ("出具单位", "Issued by", found[f"issuer_{language}"]),
        ("索要单位", "Asked for by", found["requester"]),
        ("出具时间", "Issued", moment(found["issued_at"])),
        ("有效期至", "Valid until", found["valid_until"] or ("No end" if en else "长期")),
        ("撤销时间", "Revoked", moment(found["revoked_at"]) if found["revoked_at"] else None),
        ("文件摘要 SHA-256", "SHA-256 of the file", found["sha256"]),
    ]
    rows = "".join(
        f"<li>{english if en else chinese}: <strong>{escape(str(value))}</strong></li>"
        for chinese, english, value in lines
        if value
    )
    other = '<a lang="zh-CN" href="{}">中文</a>' if en else '<a lang="en" href="{}">English</a>'
    return (
        f"<h1>{_title(en)}</h1><p class='state {word[2]}' role=status>{word[1] if en else word[0]}</p>"
        f"<ul>{rows}</ul>" + other.format("")
    )


async def export(visit: Visit) -> Response:
    """The whole register the caller may see, page after page, as a spreadsheet reads it."""
    asked = {
        name: value
        for name, value in visit.request.query_params.items()
        if name in ("place", "use", "sha256")
    }
    first = await visit.ask(certificates.ListSealUses, {**asked, "limit": 200})
    return StreamingResponse(
        _lines(visit, asked, first),
        headers={
            "Content-Disposition": 'attachment; filename="seal-uses.csv"',
            "Cache-Control": "private, no-store",
        },
        media_type="text/csv; charset=utf-8",
    )


async def _lines(visit: Visit, asked: dict[str, Any], page: dict[str, Any]) -> AsyncIterator[str]:
    yield BOM + _csv([title for _, title in COLUMNS])
    while True:
        yield "".join(_csv([row[name] for name, _ in COLUMNS]) for row in page["items"])
        if not page["next"]:
            return
        page = await visit.ask(certificates.ListSealUses, {**asked, "limit": 200, "cursor": page["next"]})


def _csv(values: list[Any]) -> str:
    held = io.StringIO()
    csv.writer(held).writerow([_harmless("" if value is None else str(value)) for value in values])
    return held.getvalue()


def _harmless(text: str) -> str:
    """A cell that begins like a formula is one to a spreadsheet, whoever wrote it."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


_order = partial(order, tag=TAG)
_question = partial(question, tag=TAG)

ROWS = (
    _question(
        "/v1/blocked-certificates",
        certificates.ListBlockedCertificates,
        "不应由居委会出具的证明及替代办法",
        "What a residents' committee does not certify, and who does instead",
    ),
    _question(
        "/v1/certificates",
        certificates.ListCertificates,
        "辖区内出具的证明",
        "Certificates issued within your areas",
    ),
    _question(
        "/v1/certificates/{number}",
        certificates.VerifyCertificate,
        "凭编号和查验码查验证明",
        "Check a certificate by its number and code",
    ),
    _order(
        "/v1/certificates/{number}/revoke",
        certificates.RevokeCertificate,
        "撤销证明",
        "Take a certificate back",
    ),
    Row(
        method="GET",
        path="/v1/cases/{case_no}/certificate",
        serve=show,
        who=MAY[certificates.GetCertificateDocument],
        holder=True,
        media_type="application/pdf",
        tag=TAG,
        zh="一件所出具的证明（PDF）",
        en="The certificate a case has given, as PDF; a look by staff is recorded",
    ),
    _order(
        "/v1/cases/{case_no}/certificate",
        certificates.IssueCertificate,
        "补出或重开证明",
        "Make the certificate of a closed case by hand",
        status=201,
    ),
    _question(
        "/v1/seal-uses", certificates.ListSealUses, "用印登记", "The register of seal uses, which only grows"
    ),
    creation(
        "/v1/seal-uses",
        certificates.RegisterSealUse,
        "批准并登记一次工作用印",
        "Approve and register a use of the seal for work",
        TAG,
    ),
    Row(
        method="GET",
        path="/v1/seal-uses.csv",
        serve=export,
        who=MAY[certificates.ListSealUses],
        media_type="text/csv",
        tag=TAG,
        zh="导出用印登记",
        en="The register of seal uses, for a spreadsheet",
    ),
    Row(
        method="GET",
        path="/c/{number}",
        serve=check,
        who=ANYONE,
        media_type="text/html",
        tag=TAG,
        zh="证明查验页（证明上的二维码）",
        en="The page behind a certificate's QR code",
    ),
)
