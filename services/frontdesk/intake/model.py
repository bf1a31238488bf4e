"""Rules of drafts, the diary and joint handling; their errors."""

from __future__ import annotations

import secrets
from datetime import timedelta

from services.chassis.errors import Conflict, Invalid, NotFound

KEPT_FOR = timedelta(days=7)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""What is read aloud and typed: no 0 O, 1 I L, no U."""
CODE_LENGTH, SECRET_LENGTH = 6, 18
"""18 characters of 30 are 88 bits: the secret is also the key the draft is sealed with."""


class UnknownDraft(NotFound):
    """There is no draft under this code and secret; it may have been filed, or its seven days are over."""

    zh = "没有找到该暂存件：请核对暂存码，或该件已提交、已超过七天。"


class DraftTooLarge(Invalid):
    """A draft holds at most 64 kB."""

    zh = "暂存内容不得超过 64 KB。"


class UnknownEntry(NotFound):
    """There is no entry of the diary with this id in your area."""

    zh = "辖区内没有该条日志。"


class EntryHasItsCase(Conflict):
    """This entry has become the case {case_no} already."""

    zh = "该条日志已转为件 {case_no}。"


class NotHereYet(Invalid):
    """An entry of the diary tells of what has happened, not of what is to come."""

    zh = "日志记录已发生的事，时间不能晚于现在。"


class UnknownLedger(NotFound):
    """There is no ledger {ledger}; choose one of the list."""

    zh = "没有台账“{ledger}”，请从列表中选择。"


class AlreadySummoned(Conflict):
    """{unit} has a part in this case and holds it still; summon units that have none."""

    zh = "“{unit}”正在承办本件，请选择尚未承办的单位。"


class LeadNotSummoned(Invalid):
    """The lead has to be one of the units that are summoned."""

    zh = "牵头单位须在被召集的单位之中。"


class UnknownConsultation(NotFound):
    """There is no such consultation in your area."""

    zh = "辖区内没有该会商。"


class AlreadyRuled(Conflict):
    """This consultation has its ruling already."""

    zh = "该会商已有裁定。"


class NotConsulted(Invalid):
    """{unit} was not part of the consultation; rule among the units that were, or open another."""

    zh = "“{unit}”未参加会商，请在参会单位中裁定，或另行会商。"


class NoAgreement(Conflict):
    """There is no mediation agreement in this case that a court could confirm."""

    zh = "该件没有可申请司法确认的调解协议。"


class TooLateToConfirm(Conflict):
    """A court confirms an agreement when it is asked within 30 days of it: until {until}."""

    zh = "司法确认须在协议生效之日起三十日内（{until} 前）申请。"


class AlreadyConfirmed(Conflict):
    """The court has confirmed this agreement already."""

    zh = "该协议已经司法确认。"


def new_draft_name() -> tuple[str, str]:
    """(code, secret). The code finds the draft, the secret opens it."""
    word = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH + SECRET_LENGTH))
    return word[:CODE_LENGTH], word[CODE_LENGTH:]


def read_draft_name(given: str) -> tuple[str, str]:
    """As typed: in any case, with or without the strokes between the groups."""
    word = "".join(letter for letter in given.upper() if letter in ALPHABET)
    if len(word) != CODE_LENGTH + SECRET_LENGTH:
        raise UnknownDraft()
    return word[:CODE_LENGTH], word[CODE_LENGTH:]


def written(code: str, secret: str) -> str:
    """In groups of six, as it stands on the slip of paper."""
    word = code + secret
    return "-".join(word[at : at + 6] for at in range(0, len(word), 6))
