"""Rules of owners' self-government: who counts how much, when an assembly may be called, who may sit, how a cost is split."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from services.chassis.errors import Conflict, Invalid, NotFound
from services.property.owners import proof

FEN = Decimal("0.01")


class UnknownEstate(NotFound):
    """No owners are known of the estate {estate}; the registry has to record them first."""

    zh = "没有小区“{estate}”的业主登记，请先在基础库登记产权。"


class UnknownAssembly(NotFound):
    """There is no owners' assembly {assembly} here."""

    zh = "没有编号为“{assembly}”的业主大会。"


class UnknownVote(NotFound):
    """There is no vote {vote} here, or it has not been counted yet."""

    zh = "没有编号为“{vote}”的表决，或尚未计票。"


class UnknownProposal(NotFound):
    """There is no proposal {proposal} here."""

    zh = "没有编号为“{proposal}”的提案。"


class UnknownCommittee(NotFound):
    """There is no owners' committee {committee} here."""

    zh = "没有编号为“{committee}”的业主委员会。"


class UnknownFundUse(NotFound):
    """There is no use {use} of the repair fund here."""

    zh = "没有编号为“{use}”的维修资金使用项目。"


class NotAnOwner(NotFound):
    """No owner of {household} is on the roll."""

    zh = "房屋“{household}”没有登记在册的业主。"


# -- heads and area ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Right:
    """One home with those who own it together."""

    household: str
    area: Decimal | None
    owners: frozenset[str]


@dataclass
class Head:
    """Who counts as one: everybody who owns the same homes together, with all of them."""

    owners: frozenset[str]
    homes: dict[str, Decimal] = field(default_factory=dict)

    @property
    def area(self) -> Decimal:
        return sum(self.homes.values(), Decimal(0))


class RollIncomplete(Conflict):
    """Nobody can vote by area while the exclusive area of these homes is unknown: {homes}."""

    zh = "下列房屋没有专有面积，无法按面积表决，请先在基础库补录：{homes}。"


def heads(rights: Iterable[Right]) -> list[Head]:
    """Several homes of one owner are one head and all their area; co-owners are one head together.

    (Supreme People's Court on owners' rights, Art. 9. The developer's unsold homes are an owner's like any other.)
    """
    found: dict[frozenset[str], Head] = {}
    for right in rights:
        if right.area is None:
            continue
        found.setdefault(right.owners, Head(right.owners)).homes[right.household] = right.area
    return list(found.values())


def complete(rights: Sequence[Right]) -> Sequence[Right]:
    if lacking := sorted(right.household for right in rights if right.area is None):
        raise RollIncomplete(homes="、".join(lacking[:20]))
    return rights


def size(found: Iterable[Head]) -> tuple[Decimal, int]:
    together = list(found)
    return sum((one.area for one in together), Decimal(0)), len(together)


def pseudonym(assembly: str, owners: frozenset[str]) -> str:
    """A voter's number in one assembly; in another he has another."""
    return sha256("|".join((assembly, *sorted(owners))).encode()).hexdigest()[:20]


def in_scope(household: str, scope: Sequence[str]) -> bool:
    """In the building named, and not in the one whose number only begins alike."""
    return not scope or any(household == one or household.startswith(one.rstrip("-") + "-") for one in scope)


# -- calling an assembly -------------------------------------------------------------------------------


class NoticeTooShort(Conflict):
    """Owners are told {days} days before; the earliest day is {earliest}."""

    zh = "业主大会应提前 {days} 日通知，最早可于 {earliest} 召开。"


class TooFewAsk(Conflict):
    """{asking} of {owners} owners ask for it; the law wants {wanted}."""

    zh = "提议业主 {asking} 人，业主总数 {owners} 人，未达到法定比例 {wanted}。"


class TooLittleDelivered(Conflict):
    """{delivered} of {whole} m² are handed over; a first assembly needs {wanted}."""

    zh = "已交付面积 {delivered}，总面积 {whole} 平方米，未达到首次业主大会法定比例 {wanted}。"


def check_notice(now: datetime, opens_at: datetime, rules: Mapping[str, Any]) -> None:
    """Beijing; Order 504, Art. 14: the 15th day before is early enough, an hour later is not."""
    earliest = now + timedelta(days=rules["notice_days"])
    if opens_at < earliest:
        raise NoticeTooShort(days=rules["notice_days"], earliest=earliest.isoformat(timespec="minutes"))


def check_extraordinary(asking: int, owners: int, rules: Mapping[str, Any]) -> None:
    """20 % of the owners, by heads, call an extraordinary one."""
    if not owners or Fraction(asking, owners) < Fraction(rules["extraordinary_share"]):
        raise TooFewAsk(asking=asking, owners=owners, wanted=rules["extraordinary_share"])


def check_first(
    delivered: Decimal,
    whole: Decimal,
    asking: tuple[Decimal, int],
    roll: tuple[Decimal, int],
    rules: Mapping[str, Any],
) -> None:
    """Half of the area delivered, and 5 % of the owners or of the area asking."""
    if not whole or Fraction(delivered) / Fraction(whole) < Fraction(rules["delivered_share"]):
        raise TooLittleDelivered(delivered=str(delivered), whole=str(whole), wanted=rules["delivered_share"])
    wanted = Fraction(rules["applicants_share"])
    by_area = Fraction(asking[0]) >= wanted * Fraction(roll[0]) > 0
    by_heads = asking[1] >= wanted * roll[1] > 0
    if not (by_area or by_heads):
        raise TooFewAsk(asking=asking[1], owners=roll[1], wanted=rules["applicants_share"])


# -- ballots -------------------------------------------------------------------------------------------


class NotVotingNow(Conflict):
    """Votes are taken from {opens_at} to {closes_at}."""

    zh = "表决时间为 {opens_at} 至 {closes_at}。"


class SlipUnknown(NotFound):
    """This voting slip is not valid; a newer one may have been issued."""

    zh = "表决票码无效，可能已补发新票。"


class NotConcerned(Conflict):
    """This vote is on homes of which the voter owns none."""

    zh = "本项表决不涉及该业主的房屋。"


class NoProxy(Conflict):
    """There is no letter of proxy for that home to this voter."""

    zh = "没有该房屋委托此人表决的书面委托。"


class TooManyProxies(Conflict):
    """One person votes for at most {most} others."""

    zh = "一人最多接受 {most} 名业主的委托。"


class OneselfNoProxy(Conflict):
    """An owner needs no letter to vote for his own home."""

    zh = "业主本人表决无需委托。"


class AlreadyVoted(Conflict):
    """This voter has voted already, and a ballot is not changed here."""

    zh = "该业主已表决，本次表决不允许更改。"


class ReceiptNeeded(Conflict):
    """To change a ballot give its receipt, choice and secret: nobody else knows what it was."""

    zh = "更改表决须出示原回执（选项与密钥），系统不保存您的选择。"


class ReceiptWrong(Conflict):
    """The receipt is not that of the ballot cast."""

    zh = "回执与已投表决票不符。"


def nothing() -> dict[str, dict[str, Any]]:
    return {choice: {"area": "0.00", "heads": 0, "blind": "0"} for choice in proof.CHOICES}


def add(tally: dict[str, Any], area: int, blinds: Mapping[str, int], chosen: str, sign: int = 1) -> None:
    """A running tally instead of ballots that could be read: what a secret ballot was is kept nowhere."""
    for choice, told in tally.items():
        mine = choice == chosen
        told["area"] = str(Decimal(told["area"]) + sign * Decimal(area if mine else 0) / 100)
        told["heads"] += sign * int(mine)
        told["blind"] = f"{int(told['blind'], 16) + sign * blinds[choice]:x}"


# -- committee -----------------------------------------------------------------------------------------


def check_roster(seats: Sequence[Mapping[str, Any]], homes: int, rules: Mapping[str, Any]) -> None:
    """Five or more and an odd number; three are enough where there are fewer than 100 households."""
    wanted = rules["committee"]
    least = wanted["least_small"] if homes < wanted["small_estate_homes"] else wanted["least"]
    if len(seats) < least or len(seats) % 2 == 0:
        zh, en = f"委员人数应为不少于 {least} 的单数。", f"An odd number of members, {least} or more."
        raise Invalid.fields({"seats": (zh, en)})
    if sum(bool(seat["chair"]) for seat in seats) != 1:
        raise Invalid.fields({"seats": ("应有且只有一名主任。", "One of them, and only one, is the chair.")})


def check_term(elected_on: date, term_until: date, rules: Mapping[str, Any]) -> None:
    latest = months_after(elected_on, 12 * rules["committee"]["term_years"])
    if not elected_on < term_until <= latest:
        zh, en = f"任期最迟至 {latest}。", f"The term ends at the latest on {latest}."
        raise Invalid.fields({"term_until": (zh, en)})


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def half_of(day: date) -> str:
    return f"{day.year}-H{1 if day.month < 7 else 2}"


# -- repair fund ---------------------------------------------------------------------------------------


class FundTooSmall(Conflict):
    """The repair fund of the estate holds {there} yuan, {wanted} are needed."""

    zh = "维修资金账面 {there} 元，需要 {wanted} 元，余额不足。"


class BelowLawfulShare(Conflict):
    """At least {least} yuan of this common income go to the repair fund."""

    zh = "该笔共有部分收益至少应有 {least} 元补充维修资金。"


class NothingEarned(Conflict):
    """After its costs nothing is left of this income."""

    zh = "扣除合理成本后没有收益。"


class FundUseNotNow(Conflict):
    """A use of the fund that is {state} cannot be {verb}."""

    zh = "维修资金项目当前状态为“{state}”，不能进行该操作。"


class MoreThanApproved(Conflict):
    """{approved} yuan were decided; more needs another decision."""

    zh = "已批准 {approved} 元，超出部分须另行表决或确认。"


class AuditMissing(Conflict):
    """Above {limit} yuan, and in an emergency, the settlement names its audit."""

    zh = "超过 {limit} 元的使用及应急使用，结算须附审价（审计）编号。"


class ReferenceTaken(Conflict):
    """The reference {reference} is in the fund's books already, for something else."""

    zh = "凭证号“{reference}”已入账，但内容不同。"


def split(amount: Decimal, areas: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """By area, exact to the fen: what rounding leaves goes to the largest remainders, then by the homes' codes."""
    whole = sum(areas.values(), Decimal(0))
    if not whole:
        raise RollIncomplete(homes="、".join(sorted(areas)))
    fen = int(amount / FEN)
    exact = {home: Fraction(area) * fen / Fraction(whole) for home, area in areas.items()}
    parts = {home: int(share) for home, share in exact.items()}
    by_rest = sorted(exact, key=lambda home: (parts[home] - exact[home], home))
    for home in by_rest[: fen - sum(parts.values())]:
        parts[home] += 1
    return {home: part * FEN for home, part in parts.items()}


def least_to_fund(net: Decimal, rules: Mapping[str, Any]) -> Decimal:
    share = Fraction(rules["fund"]["common_income_share"])
    return (net * share.numerator / share.denominator).quantize(FEN, ROUND_CEILING)


def must_top_up(balance: Decimal, first: Decimal, rules: Mapping[str, Any]) -> bool:
    """Exactly 30 % is still enough."""
    return first > 0 and Fraction(balance) < Fraction(rules["fund"]["topup_share"]) * Fraction(first)


def needs_audit(mode: str, amount: Decimal, rules: Mapping[str, Any]) -> bool:
    """Ordinary up to 30,000 may skip it, 30,000 itself included."""
    return mode == "emergency" or amount > Decimal(rules["fund"]["audit_above"])


USE_STEPS = {
    ("proposed", "approve"): "approved",
    ("proposed", "refuse"): "refused",
    ("proposed", "withdraw"): "withdrawn",
    ("approved", "prepay"): "approved",
    ("approved", "settle"): "settled",
}


@dataclass
class FundUse:
    """From the proposal to the settlement: `approved` is by a vote, or in an emergency by committee and street."""

    use: str
    estate: str
    place: str
    mode: str
    title: str
    contractor: str
    estimate: Decimal
    scope: list[str]
    created_at: datetime
    kind: str | None = None
    case_no: str | None = None
    vote: str | None = None
    state: str = "proposed"
    decide_by: datetime | None = None
    pay_by: datetime | None = None
    approved_at: datetime | None = None
    paid: Decimal = Decimal(0)
    cost: Decimal | None = None
    audit: str | None = None
    settled_at: datetime | None = None
    history: list[dict[str, Any]] = field(default_factory=list)

    def step(self, verb: str, at: datetime, actor: str, **detail: Any) -> None:
        after = USE_STEPS.get((self.state, verb))
        if after is None:
            raise FundUseNotNow(state=self.state, verb=verb)
        self.state = after
        self.note(verb, at, actor, **detail)

    def note(self, verb: str, at: datetime, actor: str, **detail: Any) -> None:
        self.history = [*self.history, {"at": at.isoformat(), "verb": verb, "actor": actor, **detail}]
