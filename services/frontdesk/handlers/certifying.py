"""A closed case gives its certificate: worded, numbered, rendered and entered in the seal register in one transaction."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.identifiers import within
from services.contracts import certificates as contract
from services.contracts.citizens import mask_name
from services.contracts.roles import may
from services.contracts.units import UNITS, units_of
from services.frontdesk import planning
from services.frontdesk.certificates import codes, document
from services.frontdesk.certificates.model import (
    ApproverIsAnother,
    Certificate,
    CertificateRevoked,
    HasCertificate,
    NothingToCertify,
    SealUse,
    UnknownCertificate,
    Wording,
    WordsMissing,
    number_of,
)
from services.frontdesk.matters import Matter
from services.frontdesk.model import Case, NotYours, Task, UnknownCase

ISSUERS = Path(__file__).parents[1] / "data" / "certificates" / "issuers.yaml"
LABELS = (("purpose", "用途 Purpose"), ("requester", "索要单位 Asked for by"), ("legal_article", "依据 By"))


def give_certificate(work: Work, case: Case, verdict: str) -> None:
    """As the case closes. What cannot be worded does not hold the case up: it is noted, and made by hand."""
    matter = planning.matter_of(case)
    if verdict != "done" or matter.certificate is None:
        return
    task = _issued_in(case, matter)
    if task is None or task.round != case.round:
        return  # done again without the unit that certifies: what it certified stands
    wording = Wording()
    facts = _facts(case, matter)
    says = _says(matter, facts, wording)
    if wording.missing:
        case.note("certificate-not-made", work.now, "frontdesk", task, missing=wording.missing)
        return
    if case.certificate:
        _revoke(work, case, case.certificate, "frontdesk", "重新办理后换发")
    _issue(work, case, matter, facts, says, task.officer or task.unit)


def issue_certificate(work: Work, command: Any) -> dict[str, Any]:
    """By hand, where words were missing or the last one was revoked."""
    case: Case = work.store.case(command.case_no)
    matter = planning.matter_of(case)
    if not work.caller.may(may(contract.IssueCertificate), case.place):
        raise UnknownCase(case_no=command.case_no)
    if matter.certificate is None or case.status != "closed":
        raise NothingToCertify()
    if work.caller.department and matter.certificate.unit not in units_of(work.caller.department):
        raise NotYours()
    if case.certificate:
        raise HasCertificate(number=case.certificate)
    wording = Wording()
    facts = {**_facts(case, matter), **{name: value for name, value in command.facts.items() if "." in name}}
    says = _says(matter, facts, wording)
    if wording.missing:
        raise WordsMissing.fields(
            {f"facts.{name}": ("请补充该项内容。", "Supply this.") for name in wording.missing}
        )
    made = _issue(work, case, matter, facts, says, work.caller.account)
    return {"case_no": case.no, "number": made.number, "sha256": made.sha256, "valid_until": made.valid_until}


def revoke_certificate(work: Work, command: Any) -> dict[str, Any]:
    row = work.store.certificate(command.number)
    if row is None or not work.caller.may(may(contract.RevokeCertificate), row.place):
        raise UnknownCertificate()
    if row.revoked_at is not None:
        raise CertificateRevoked()
    _revoke(work, work.store.case(row.case_no), row.number, work.caller.account, command.reason)
    return {"number": row.number, "revoked_at": work.now}


def register_seal_use(work: Work, command: Any) -> dict[str, Any]:
    if not work.caller.may(may(contract.RegisterSealUse), command.place):
        raise NotYours()
    if command.handled_by == work.caller.account:
        raise ApproverIsAnother()
    use = SealUse(
        place=command.place,
        use="work",
        title=command.document,
        asked_by=command.asked_by,
        why=command.why,
        handled_by=command.handled_by,
        approved_by=work.caller.account,
        sha256=command.sha256,
        copies=command.copies,
        at=work.now,
    )
    return {"seq": work.store.add_seal_use(use), "approved_by": use.approved_by, "at": use.at}


def _issue(
    work: Work, case: Case, matter: Matter, facts: dict[str, Any], says: tuple[str, str], approved_by: str
) -> Certificate:
    assert matter.certificate is not None
    today = calendar.local_day(work.now)
    days = matter.certificate.valid_days
    issuer = _issuer(matter.certificate.unit, case.place)
    number = number_of(case.no, work.store.certificates_of(case.no))
    law = matter.certificate.law
    paper = document.Paper(
        number=number,
        code=codes.code_of(number),
        page=codes.page_of(number),
        title_zh=matter.result.zh,
        title_en=matter.result.en,
        says_zh=says[0],
        says_en=says[1],
        facts=tuple(
            (label, str(facts[name])) for name, label in LABELS if facts.get(name)
        ) + ((("依据 By", law.zh),) if law else ()),
        issuer_zh=issuer[0],
        issuer_en=issuer[1],
        issued_on=today,
        valid_until=today + timedelta(days=days) if days else None,
    )  # fmt: skip
    sha256 = work.store.add_document(document.render(paper), work.now)
    made = Certificate(
        number=number,
        case_no=case.no,
        matter=matter.slug,
        place=case.place,
        title_zh=paper.title_zh,
        title_en=paper.title_en,
        holder=mask_name(str(case.applicant.get("name") or "")),
        issuer_zh=paper.issuer_zh,
        issuer_en=paper.issuer_en,
        requester=facts.get("requester"),
        issued_at=work.now,
        valid_until=paper.valid_until,
        sha256=sha256,
    )
    work.store.add_certificate(made)
    work.store.add_seal_use(
        SealUse(
            place=case.place,
            use="certificate",
            title=made.title_zh,
            asked_by=made.holder,
            why=str(facts.get("purpose") or made.title_zh),
            handled_by=case.filed_by,
            approved_by=approved_by,
            sha256=sha256,
            copies=1,
            at=work.now,
            case_no=case.no,
            number=number,
        )
    )
    case.certificate = number
    case.note("certificate-issued", work.now, approved_by, None, number=number, sha256=sha256)
    return made


def _revoke(work: Work, case: Case, number: str, by: str, why: str) -> None:
    work.store.revoke_certificate(number, work.now, by, why)
    if case.certificate == number:
        case.certificate = None
    case.note("certificate-revoked", work.now, by, None, number=number, reason=why)


def _issued_in(case: Case, matter: Matter) -> Task | None:
    """The last task in which the unit that certifies said yes."""
    assert matter.certificate is not None
    done = [task for task in case.tasks if task.part == matter.certificate.unit and task.status == "done"]
    return done[-1] if done else None


def _says(matter: Matter, facts: dict[str, Any], wording: Wording) -> tuple[str, str]:
    assert matter.certificate is not None
    days = {
        field.name: facts[field.name]
        for field in matter.fields
        if field.type == "date" and field.name in facts
    }
    chinese = {name: "{}年{}月{}日".format(*map(int, day.split("-"))) for name, day in days.items()}
    says = matter.certificate.says
    return wording.fill(says.zh, facts | chinese), wording.fill(says.en, facts)


def _facts(case: Case, matter: Matter) -> dict[str, Any]:
    """The form in words (a choice by its Chinese name), and what units found as `unit.name`."""
    facts = dict(case.facts)
    for field in matter.fields:
        if field.choices and field.name in facts:
            names = {choice.value: choice.zh for choice in field.choices}
            facts[field.name] = names.get(facts[field.name], facts[field.name])
    for task in case.tasks:  # of every round: a later finding has the last word
        if task.finished:
            facts |= {f"{task.part}.{name}": value for name, value in task.result.items()}
    return facts


def _issuer(unit: str, place: str) -> tuple[str, str]:
    known = [one for one in _issuers() if unit == "community" and within(place, one["place"])]
    if known:
        best = max(known, key=lambda one: len(one["place"]))
        return best["zh"], best["en"]
    return f"{UNITS[unit]['zh']}（{place[:12]}）", f"{UNITS[unit]['en']} ({place[:12]})"


@cache
def _issuers() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(ISSUERS.read_text(encoding="utf-8"))
    return found
