"""A certificate: its number and code, what it says, and what may become of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.chassis.errors import Conflict, Forbidden, Invalid, NotFound

USES = ("work", "certificate")
"""The two uses of a committee's seal: its own work, and certificates (S18.7)."""
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without what is misread: 0 1 I L O
CODE_LENGTH = 10
"""Ten of 31 signs: 49 bits, and each guess costs the address that makes it."""

_PLACEHOLDER = re.compile(r"\{([a-z0-9_.|-]+)\}")


class UnknownCertificate(NotFound):
    """No certificate has this number together with this code; check both on the paper."""

    zh = "没有该编号与查验码对应的证明，请核对纸面上的编号和查验码。"


class NoCertificate(NotFound):
    """This case has given no certificate."""

    zh = "该件没有出具证明。"


class CertificateRevoked(Conflict):
    """This certificate was revoked before."""

    zh = "该证明此前已撤销。"


class NothingToCertify(Conflict):
    """Only a closed case of a matter that gives a certificate can give one."""

    zh = "只有已办结且以证明为结果的件才能出具证明。"


class HasCertificate(Conflict):
    """This case has given certificate {number}, which is valid; revoke it before another is made."""

    zh = "该件已出具有效证明 {number}；需要重开的，请先撤销。"


class WordsMissing(Invalid):
    """The certificate cannot be worded yet; what is missing is listed below."""

    zh = "证明内容还不完整，缺少的内容已列出。"


class ApproverIsAnother(Forbidden):
    """Whoever uses the seal does not approve it himself; another has to."""

    zh = "用印人与批准人不得为同一人，请由他人批准。"


@dataclass(frozen=True)
class Certificate:
    number: str
    case_no: str
    matter: str
    place: str
    title_zh: str
    title_en: str
    holder: str
    """Masked: the register has no need of more, the document has the name."""
    issuer_zh: str
    issuer_en: str
    requester: str | None
    issued_at: datetime
    valid_until: date | None
    sha256: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoked_why: str | None = None


@dataclass(frozen=True)
class SealUse:
    """One impression of the seal: a line of the register, never changed."""

    place: str
    use: str
    title: str
    asked_by: str
    why: str
    handled_by: str
    approved_by: str
    sha256: str
    copies: int
    at: datetime
    case_no: str | None = None
    number: str | None = None


@dataclass(frozen=True)
class Wording:
    """A sentence of data with the facts of a case put in. `{a|b}` takes the first that is known."""

    missing: list[str] = field(default_factory=list)

    def fill(self, sentence: str, facts: Mapping[str, Any]) -> str:
        def known(found: re.Match[str]) -> str:
            for name in found[1].split("|"):
                value = facts.get(name)
                if value not in (None, "", [], False):
                    return str(value)
            if found[1] not in self.missing:
                self.missing.append(found[1])
            return ""

        return _PLACEHOLDER.sub(known, sentence)


def placeholders(sentence: str) -> Iterator[str]:
    """Every name a sentence speaks of: of the form, or `unit.name` of what a unit found."""
    for found in _PLACEHOLDER.finditer(sentence):
        yield from found[1].split("|")


def number_of(case_no: str, earlier: int) -> str:
    """Of the case it comes from, so that neither needs a register of its own: ZM20261125-0000012, and -2 for the next."""
    return f"ZM{case_no}" if earlier == 0 else f"ZM{case_no}-{earlier + 1}"


def state(revoked_at: datetime | None, valid_until: date | None, today: date) -> str:
    if revoked_at is not None:
        return "revoked"
    return "expired" if valid_until is not None and valid_until < today else "valid"
