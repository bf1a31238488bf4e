"""What a bill is: consumption by day, put into tiers, priced to the fen; and the states in its life.

Rounding: each line's amount is quantity × price, rounded once, half up, to the fen; a bill is the sum of its lines.
What a line is made of (fee, resource, sewage) is rounded likewise, and the fee takes what is left, so that the parts
are the line. Quantities are never rounded: `daily` has six decimals, and so has a bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.chassis.errors import Conflict, Invalid, NotFound
from services.meters.billing.tariffs import MONTHS, Cut, PriceList, Tariff

LOCAL = ZoneInfo("Asia/Shanghai")
FEN = Decimal("0.01")
MILLIONTH = Decimal("0.000001")
ZERO = Decimal(0)
DAY = timedelta(days=1)


class UnknownBill(NotFound):
    """There is no bill {bill}."""

    zh = "没有编号为“{bill}”的账单。"


class UnknownBillRun(NotFound):
    """There is no bill run {run}."""

    zh = "没有编号为“{run}”的出账批次。"


class UnknownAccount(NotFound):
    """There is no account {account}."""

    zh = "没有编号为“{account}”的账户。"


class PeriodNotOver(Invalid):
    """{period} is not over yet; it can be billed from {day} on."""

    zh = "{period} 尚未结束，{day} 起方可出账。"


class NotInThisState(Conflict):
    """The bill is {state}: it cannot {verb} now."""

    zh = "账单当前状态为“{state}”，不能执行“{verb}”。"


class NotTheLatest(Conflict):
    """Only an account's latest bill can be cancelled; correct this one instead."""

    zh = "只能作废账户的最近一张账单；请改用更正。"


class NothingToCorrect(Conflict):
    """The bill says what its days say: there is nothing to correct."""

    zh = "账单与用量一致，无需更正。"


# -- what supplied whom --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Supply:
    """One meter's days for one account. `share` only on a day that two accounts have in common."""

    meter: str
    since: date
    until: date
    share: Decimal | None = None
    """Of that day's consumption, to six decimals: what the account that ended had."""
    rest: bool = False
    """The account that began has the rest of it: together exactly the day."""

    def part(self, quantity: Decimal) -> Decimal:
        """What of the meter's consumption is the account's."""
        if self.share is None:
            return quantity
        left = (quantity * self.share).quantize(MILLIONTH, ROUND_HALF_UP)
        return quantity - left if self.rest else left


def local_day(at: datetime) -> date:
    return at.astimezone(LOCAL).date()


def share_of_day(at: datetime) -> Decimal:
    """How much of its day had gone by."""
    local = at.astimezone(LOCAL)
    return Decimal(local.hour * 3600 + local.minute * 60 + local.second) / 86_400


def supplies(
    meter: str,
    since: date,
    until: date,
    former: Sequence[tuple[str, date, date]] = (),
    handed_over: tuple[datetime | None, datetime | None] = (None, None),
) -> list[Supply]:
    """Which meter's days make an account's [since, until).

    `former` are meters the account had before, with the first and the last of their days (on the day of an exchange
    both counted). `handed_over` are the moments at which the account was taken over from and given on to somebody.
    """
    began, ended = handed_over
    first = max([since, *(last for _, _, last in former)])
    spans = [(name, max(since, a), min(until, b + DAY)) for name, a, b in former] + [(meter, first, until)]
    found: list[Supply] = []
    for name, start, end in spans:
        if start >= end:
            continue
        if began is not None and local_day(began) == start:
            found.append(Supply(name, start, start + DAY, share_of_day(began), rest=True))
            start += DAY
        if ended is not None and local_day(ended) == end - DAY and start < end:
            end -= DAY
            found.append(Supply(name, end, end + DAY, share_of_day(ended)))
        if start < end:
            found.append(Supply(name, start, end))
    return found


# -- what was used -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Use:
    """What a register counted within a cut."""

    quantity: Decimal
    days: int = 0
    estimated: int = 0
    versions: int = 0
    last: date | None = None

    def plus(self, other: Use) -> Use:
        """Of two meters, or of a day apart and the rest of the days."""
        return Use(
            self.quantity + other.quantity,
            self.days + other.days,
            self.estimated + other.estimated,
            self.versions + other.versions,
            max((day for day in (self.last, other.last) if day), default=None),
        )


# -- a bill --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Line:
    since: date
    until: date
    register: str
    tier: int
    quantity: Decimal
    price: Decimal
    amount: Decimal
    parts: dict[str, Decimal]


@dataclass(slots=True)
class Reckoning:
    """What an account's days cost; `position` is how far up the tiers they lead in the cycle they end in."""

    since: date
    until: date
    lines: list[Line]
    quantity: Decimal
    total: Decimal
    cycle: date
    position: Decimal
    estimated: int
    """Days on which an estimate stands for a reading."""
    missing: int
    """Days of which nothing is known; they cost nothing until something is."""
    versions: int
    """Sum of the versions of all days: it changes whenever one of them does."""

    def says_the_same(self, bill: Bill) -> bool:
        return (self.quantity, self.total, self.cycle, self.position) == (
            bill.quantity,
            bill.total,
            bill.cycle,
            bill.position,
        )


def reckon(
    tariff: Tariff,
    opened: date,
    cuts: Sequence[Cut],
    used: Mapping[int, Mapping[str, Use]],
    start: tuple[date | None, Decimal] = (None, ZERO),
) -> Reckoning | None:
    """Cut by cut up the tiers. `used` holds a cut's registers by the cut's number; `start` is cycle and position at the
    end of the bill before. None when nothing at all is known of these days.

    It reaches as far as consumption is known: what comes later is the next bill's.
    """
    last = None
    for registers in used.values():
        for use in registers.values():
            if last is None or (use.last is not None and use.last > last):
                last = use.last
    if last is None:
        return None
    lines: list[Line] = []
    cycle, position = start
    quantity = total = ZERO
    estimated = versions = known = 0
    until = last + DAY
    for number, cut in enumerate(cuts):
        if cut.since >= until:
            break
        if cut.cycle != cycle:
            cycle, position = cut.cycle, ZERO
        registers = used.get(number, {})
        if not registers:
            continue
        end = cut.until if cut.until < until else until
        scale = tariff.scale(cut.cycle, opened)
        before = position
        position = price(lines, cut.since, end, cut.prices, scale, registers, position)
        quantity += position - before
        days = estimates = 0
        for use in registers.values():
            versions += use.versions
            days = max(days, use.days)
            estimates = max(estimates, use.estimated)
        known += days
        estimated += estimates
    for line in lines:
        total += line.amount
    assert cycle is not None
    days_in_all = (until - cuts[0].since).days
    return Reckoning(
        cuts[0].since,
        until,
        lines,
        quantity,
        total,
        cycle,
        position,
        estimated,
        max(0, days_in_all - known),
        versions,
    )


def price(
    lines: list[Line],
    since: date,
    until: date,
    prices: PriceList,
    scale: Decimal | None,
    used: Mapping[str, Use],
    position: Decimal,
) -> Decimal:
    """Adds a line for each tier and register that had consumption; returns the new position."""
    names = [name for name in prices.registers if name in used]
    amounts = [used[name].quantity for name in names]
    whole = left = sum(amounts, ZERO)
    tiers: list[int] = []
    portions: list[Decimal] = []
    at = position
    for number, tier in enumerate(prices.tiers):
        if left <= 0:
            break
        part = left
        if tier.upto is not None:
            upto = tier.upto if scale is None else (tier.upto * scale / MONTHS).quantize(MILLIONTH)
            part = min(left, upto - at)
            if part <= 0:
                continue
        tiers.append(number)
        portions.append(part)
        at += part
        left -= part
    columns = [portions] if len(names) == 1 else divide(portions, amounts)
    for number, *row in zip(tiers, *columns, strict=True):
        for name, quantity in zip(names, row, strict=True):
            if quantity > 0:
                lines.append(_line(since, until, name, number, quantity, prices))
    return position + whole


def _line(since: date, until: date, register: str, tier: int, quantity: Decimal, prices: PriceList) -> Line:
    of_one = prices.tiers[tier].prices[register]
    whole = of_one.whole
    amount = (quantity * whole).quantize(FEN, ROUND_HALF_UP)
    parts: dict[str, Decimal] = {}
    rest = amount
    named = iter(of_one.parts.items())
    first, _ = next(named)
    parts[first] = rest
    for name, yuan in named:
        parts[name] = own = (quantity * yuan).quantize(FEN, ROUND_HALF_UP)
        rest -= own
    parts[first] = rest
    return Line(since, until, register, tier + 1, quantity, whole, amount, parts)


def divide(portions: Sequence[Decimal], amounts: Sequence[Decimal]) -> list[list[Decimal]]:
    """Each tier's portion among the registers, in proportion to what they counted: a column a register.

    No clock says which kWh reached the next tier. Rows sum to the portions and columns to the registers, exactly:
    of two neighbours one is rounded as a running sum, and the other has the rest.
    """
    columns: list[list[Decimal]] = []
    rest, left = list(portions), sum(amounts, ZERO)
    for amount in amounts[:-1]:
        taken_in = given_out = ZERO
        own: list[Decimal] = []
        for portion in rest:
            taken_in += portion
            reached = (taken_in * amount / left).quantize(MILLIONTH, ROUND_HALF_UP) if left else ZERO
            own.append(reached - given_out)
            given_out = reached
        columns.append(own)
        rest = [whole - part for whole, part in zip(rest, own, strict=True)]
        left -= amount
    columns.append(rest)
    return columns


# -- its life ------------------------------------------------------------------------------------------

TRANSITIONS: dict[tuple[str, str], str] = {
    ("draft", "issue"): "issued",
    ("draft", "hold"): "held",
    ("draft", "correct"): "corrected",
    ("draft", "cancel"): "cancelled",
    ("issued", "hold"): "held",
    ("issued", "correct"): "corrected",
    ("issued", "cancel"): "cancelled",
    ("held", "hold"): "held",  # for another cause besides
    # Back to `issued` once nothing holds it any more; also from a draft: whoever settled the dispute has looked at it.
    ("held", "release"): "issued",
    ("held", "correct"): "corrected",
    ("held", "cancel"): "cancelled",
}
LIVE = ("draft", "issued", "held")
DISPUTE = "dispute"

BOOKED_AS = {
    "issue": "charge",
    "hold": "hold",
    "release": "release",
    "correct": "credit",
    "cancel": "credit",
}
"""Verb -> kind of the line in the ledger, where the verb changes what the account owes."""


def leak(finding_id: str) -> str:
    """The cause that lasts as long as the finding is active."""
    return f"leak:{finding_id}"


@dataclass
class Bill:
    """Never edited: a correction is another bill that names the one it corrects."""

    bill: str
    account: str
    household: str
    place: str
    utility: str
    tariff: str
    since: date
    until: date
    quantity: Decimal
    total: Decimal
    cycle: date
    position: Decimal
    estimated: int
    missing: int
    versions: int
    state: str
    held_for: list[str]
    corrects: str | None
    run: str | None
    made_at: datetime
    issued_at: datetime | None = None
    proposal: dict[str, Any] | None = None
    lines: list[Line] = field(default_factory=list)

    def move(self, verb: str, at: datetime, cause: str | None = None) -> Decimal:
        """Changes the state; returns by how much the account owes more (or less) for it.

        An account owes its issued bills and nothing else. Raises NotInThisState.
        """
        after = TRANSITIONS.get((self.state, verb))
        if after is None:
            raise NotInThisState(state=self.state, verb=verb)
        if verb == "hold" and cause is not None and cause not in self.held_for:
            self.held_for = [*self.held_for, cause]
        if verb == "release":
            self.held_for = [other for other in self.held_for if other != cause]
            if self.held_for:
                after = "held"
        before, self.state = self.state, after
        if after == "issued" and self.issued_at is None:
            self.issued_at = at
        return self.total * ((after == "issued") - (before == "issued"))
