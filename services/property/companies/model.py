"""A service contract and its clocks. Days are the calendar's at the place; the day named is the last that is in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.chassis.errors import Conflict, Invalid, NotFound
from services.chassis.identifiers import within
from services.property.tariffs import LOCAL

FILE = Path(__file__).parents[1] / "data" / "contracts.yaml"


class UnknownCompany(NotFound):
    """No company {company} is registered; register it first."""

    zh = "没有登记代码为“{company}”的企业，请先登记。"


class UnknownContract(NotFound):
    """There is no service contract {contract}."""

    zh = "没有物业服务合同“{contract}”。"


class ContractNotNow(Conflict):
    """A contract that is {state} cannot be dealt with this way ({verb})."""

    zh = "合同处于“{state}”状态，不能执行该操作（{verb}）。"


class TermReversed(Invalid):
    """The contract would end before it begins."""

    zh = "合同终止日早于起始日。"


class ContractOverlaps(Conflict):
    """Contract {contract} covers this place in that time; end it first."""

    zh = "该区域在此期间已有合同“{contract}”，请先终止。"


class NoticeTooShort(Conflict):
    """The notice must come {days} days before: the contract can end on {earliest} at the earliest."""

    zh = "须提前 {days} 日书面通知，合同最早可于 {earliest} 终止。"


class RenewalNoticeTooLate(Conflict):
    """To decline renewal the notice had to come {days} days before the term ends, by {latest}; afterwards the contract goes on."""

    zh = "不续签须在期满前 {days} 日（{latest}）书面通知；逾期则合同继续有效。"


class NoTerm(Conflict):
    """This contract has no fixed term; it ends by notice, not by declining renewal."""

    zh = "该合同为不定期合同，应以通知方式解除。"


@dataclass(frozen=True)
class Law:
    """The days that hold at a place."""

    place: str
    since: date
    dismissal: int
    non_renewal: int
    without_term: int
    filing: int
    handover: int


@cache
def _laws() -> list[Law]:
    return [Law(since=line.pop("from"), **line) for line in yaml.safe_load(FILE.read_text("utf-8"))]


def law(place: str, day: date) -> Law:
    holding = [one for one in _laws() if within(place, one.place) and one.since <= day]
    return max(holding or _laws()[:1], key=lambda one: (len(one.place), one.since))


def local_day(at: datetime) -> date:
    return at.astimezone(LOCAL).date()


@dataclass
class Contract:
    contract_id: str
    company: str
    place: str
    signed_on: date
    since: date
    until: date | None
    rules: list[str]
    late_after_days: int
    estate: str | None = None
    late_fee_a_day: Decimal | None = None
    notice_days: int | None = None
    state: str = "signed"
    filing_no: str | None = None
    filed_on: date | None = None
    noticed_on: date | None = None
    ends_on: date | None = None
    why: str | None = None
    started: dict[str, date] = field(default_factory=dict)
    """Clocks set in this unit of work, and until when; the repository writes them."""
    settled: dict[str, date] = field(default_factory=dict)

    @classmethod
    def sign(cls, **facts: Any) -> Contract:
        contract = cls(**facts)
        if contract.until is not None and contract.until < contract.since:
            raise TermReversed()
        days = law(contract.place, contract.signed_on)
        contract.started["filing"] = contract.signed_on + timedelta(days.filing)
        if contract.until is not None:
            contract.started["expiry"] = contract.until
        return contract

    def file(self, number: str, on: date) -> None:
        if self.filing_no is not None or self.state not in ("signed", "notice"):
            raise ContractNotNow(state=self.state, verb="file")
        self.filing_no, self.filed_on = number, on
        if self.state == "signed":
            self.state = "filed"
        self.settled["filing"] = on

    def dismiss(self, noticed_on: date, ends_on: date, reason: str) -> None:
        """Civil Code 946, and 948 for a contract without a term."""
        self._in_force("dismiss")
        days = law(self.place, noticed_on)
        needed = days.without_term if self.until is None else self.notice_days or days.dismissal
        self._give_notice(noticed_on, ends_on, needed, reason)

    def decline_renewal(self, noticed_on: date) -> None:
        """Civil Code 947."""
        self._in_force("decline-renewal")
        if self.until is None:
            raise NoTerm()
        needed = self.notice_days or law(self.place, noticed_on).non_renewal
        latest = self.until - timedelta(needed)
        if noticed_on > latest:
            raise RenewalNoticeTooLate(days=needed, latest=latest.isoformat())
        self._give_notice(noticed_on, self.until, needed, "not renewed")

    def go_on_without_term(self) -> None:
        """Civil Code 948: the term is over, nobody decided, the provider goes on: the contract holds without a term."""
        self.settled["expiry"] = self.until or self.since
        self.until = None

    def end(self) -> None:
        if self.state != "notice" or self.ends_on is None:
            raise ContractNotNow(state=self.state, verb="end")
        self.state = "ended"
        self.settled["end"] = self.ends_on
        self.started["handover"] = self.ends_on + timedelta(law(self.place, self.ends_on).handover)

    def hand_over(self, on: date) -> None:
        """The registry has the list and both signatures; here only the clock stops."""
        self.settled["handover"] = on

    def _give_notice(self, noticed_on: date, ends_on: date, needed: int, why: str) -> None:
        earliest = noticed_on + timedelta(needed)
        if ends_on < earliest:
            raise NoticeTooShort(days=needed, earliest=earliest.isoformat())
        self.state, self.noticed_on, self.ends_on, self.why = "notice", noticed_on, ends_on, why
        self.started["end"] = ends_on
        if self.until is not None:
            self.settled["expiry"] = noticed_on

    def _in_force(self, verb: str) -> None:
        if self.state not in ("signed", "filed"):
            raise ContractNotNow(state=self.state, verb=verb)
