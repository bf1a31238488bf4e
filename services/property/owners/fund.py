"""The repair fund: what is paid in, common income, ordinary and emergency uses from the decision to the settlement.

Accounts of an estate: `home:…` what a home has in the fund, `bank:…` the money, `works:…` one use, `common:…` common income
that is not the fund's, `income:…` where it came from. Every line debits one and credits one.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.backoffice import tray
from services.chassis import calendar
from services.chassis.database import Work
from services.chassis.errors import Conflict
from services.chassis.identifiers import new_id
from services.contracts import owners as words
from services.property.owners import model, rules
from services.property.owners import repository as rows
from services.property.owners.model import FundUse
from services.property.owners.scopes import place_of, require

EMERGENCY = "repair-fund-emergency"
"""The matter at the front desk: the committee audits, the street confirms, housing pays."""


class NoOwnersKnown(Conflict):
    """No owner's home of the estate {estate} is on the register yet."""

    zh = "小区“{estate}”尚无登记在册的业主房屋。"


class NotInEstate(Conflict):
    """These homes are not on the register of the estate: {homes}."""

    zh = "下列房屋不在该小区的产权登记中：{homes}。"


# -- paying in -------------------------------------------------------------------------------------------


def pay_into_fund(work: Work, command: Any) -> dict[str, Any]:
    place_of(work, command.estate, words.PayIntoFund)
    day = calendar.local_day(work.now)
    known = {right.household for right in work.store.rights_of(command.estate, day)}
    if strange := sorted({one["household"] for one in command.deposits} - known):
        raise NotInEstate(homes="、".join(strange[:20]))
    booked, repeated = [], 0
    for one in command.deposits:
        before = work.store.fund_entry(one["reference"])
        if before is None:
            booked.append(
                _line(
                    work,
                    "deposit",
                    f"bank:{command.estate}",
                    f"home:{one['household']}",
                    one["amount"],
                    "维修资金交存",
                    one["reference"],
                )
            )
        elif (before.credit, before.amount) == (f"home:{one['household']}", one["amount"]):
            repeated += 1
        else:
            raise model.ReferenceTaken(reference=one["reference"])
    work.store.book_fund(command.estate, booked, first=True)
    return {"booked": len(booked), "repeated": repeated}


def book_common_income(work: Work, command: Any) -> dict[str, Any]:
    """Civil Code 282: less its reasonable costs it is the owners'; 283: by area."""
    place = place_of(work, command.estate, words.BookCommonIncome)
    day = calendar.local_day(work.now)
    net = command.amount - (command.costs or Decimal(0))
    if net <= 0:
        raise model.NothingEarned()
    least = model.least_to_fund(net, rules.figures(place, day))
    to_fund = least if command.to_fund is None else command.to_fund
    if to_fund < least:
        raise model.BelowLawfulShare(least=str(least))
    if to_fund > net:
        raise model.FundTooSmall(there=str(net), wanted=str(to_fund))
    answer = {"net": str(net), "to_fund": str(to_fund), "to_owners": str(net - to_fund)}
    income, bank = f"income:{command.estate}", f"bank:{command.estate}"
    before = work.store.fund_entry(command.reference)
    if before is not None:
        if (before.kind, before.debit, before.amount) != ("common-income", bank, net):
            raise model.ReferenceTaken(reference=command.reference)
        return {**answer, "repeated": True}
    rights = model.complete(work.store.rights_of(command.estate, day))
    if not rights:
        raise NoOwnersKnown(estate=command.estate)
    areas = {right.household: right.area for right in rights if right.area is not None}
    lines = [_line(work, "common-income", bank, income, net, command.source, command.reference)]
    lines += [
        _line(work, "to-fund", income, f"home:{home}", part, command.source)
        for home, part in model.split(to_fund, areas).items()
        if part
    ]
    if net > to_fund:
        lines.append(
            _line(work, "to-owners", income, f"common:{command.estate}", net - to_fund, command.source)
        )
    work.store.book_fund(command.estate, lines)
    return {**answer, "repeated": False}


def _line(
    work: Work, kind: str, debit: str, credit: str, amount: Decimal, memo: str, reference: str | None = None,
    use: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "kind": kind, "debit": debit, "credit": credit, "amount": amount, "memo": memo, "reference": reference,
        "use": use, "actor": work.caller.account, "at": work.now,
    }  # fmt: skip


# -- uses ------------------------------------------------------------------------------------------------


def propose_fund_use(work: Work, command: Any) -> dict[str, Any]:
    place = place_of(work, command.estate, words.ProposeFundUse)
    use = FundUse(
        use=new_id(), estate=command.estate, place=place, mode="ordinary", title=command.name,
        contractor=command.contractor, estimate=command.estimate, scope=command.scope, created_at=work.now,
    )  # fmt: skip
    _areas(work, use)
    use.note("propose", work.now, work.caller.account)
    work.store.add_use(use)
    _say(work, use)
    return face(use)


def decided(work: Work, use_no: str, agreed: bool, basis: str) -> None:
    """By a vote, or in an emergency by committee and street: the homes concerned bear it by area."""
    use = work.store.fund_use(use_no)
    if use.state != "proposed":
        return
    if not agreed:
        use.step("refuse", work.now, "owners", basis=basis)
    else:
        use.step("approve", work.now, "owners", basis=basis)
        use.approved_at = work.now
        promise = rules.figures(use.place, calendar.local_day(work.now))["fund"]["pay"]
        use.pay_by = calendar.of(use.place).due(work.now, calendar.Promise.parse(promise))
        parts = model.split(use.estimate, _areas(work, use))
        work.store.book_fund(
            use.estate,
            [
                _line(work, "allocate", f"home:{home}", f"works:{use.use}", part, use.title, use=use.use)
                for home, part in parts.items()
                if part
            ],
        )
        _tell_top_up(work, use, list(parts))
    work.store.save_use(use)
    _say(work, use)


def prepay_fund_use(work: Work, command: Any) -> dict[str, Any]:
    use = _mine(work, command.use, words.PrepayFundUse)
    share = rules.figures(use.place, calendar.local_day(work.now))["fund"]["prepay_share"]
    limit = Fraction(share) * Fraction(use.estimate)
    if use.mode == "ordinary" and Fraction(use.paid + command.amount) > limit:
        raise model.MoreThanApproved(approved=str(Decimal(limit.numerator) / limit.denominator))
    if use.paid + command.amount > use.estimate:
        raise model.MoreThanApproved(approved=str(use.estimate))
    use.step("prepay", work.now, work.caller.account, amount=str(command.amount))
    _pay(work, use, command.amount)
    return _saved(work, use)


def settle_fund_use(work: Work, command: Any) -> dict[str, Any]:
    """What it cost in the end, and not more than was decided; the homes get back what was not needed."""
    use = _mine(work, command.use, words.SettleFundUse)
    figures = rules.figures(use.place, calendar.local_day(work.now))
    if use.state == "approved" and not use.paid <= command.amount <= use.estimate:
        raise model.MoreThanApproved(
            approved=str(use.estimate if command.amount > use.estimate else use.paid)
        )
    if model.needs_audit(use.mode, command.amount, figures) and not command.audit:
        raise model.AuditMissing(limit=figures["fund"]["audit_above"])
    use.step("settle", work.now, work.caller.account, amount=str(command.amount), audit=command.audit)
    use.cost, use.audit, use.settled_at = command.amount, command.audit, work.now
    if rest := command.amount - use.paid:
        _pay(work, use, rest)
    if back := use.estimate - command.amount:
        charged = work.store.use_shares(use.use)  # back in the proportion in which they bore it
        lines = [
            _line(work, "give-back", f"works:{use.use}", f"home:{home}", part, use.title, use=use.use)
            for home, part in model.split(back, charged).items()
            if part
        ]
        work.store.book_fund(use.estate, lines)
    return _saved(work, use)


def _pay(work: Work, use: FundUse, amount: Decimal) -> None:
    bank = f"bank:{use.estate}"
    there = -work.store.fund_balance(bank, lock=True)
    if there < amount:
        raise model.FundTooSmall(there=str(there), wanted=str(amount))
    use.paid += amount
    line = _line(work, "pay", f"works:{use.use}", bank, amount, f"{use.title} {use.contractor}", use=use.use)
    work.store.book_fund(use.estate, [line])


def _tell_top_up(work: Work, use: FundUse, homes: list[str]) -> None:
    """Once, until the account is above the line again."""
    figures = rules.figures(use.place, calendar.local_day(work.now))
    for account in work.store.home_balances(homes):
        if model.must_top_up(account.balance, account.first, figures) and account.told_at is None:
            work.store.change_row(rows.fund_accounts, {"code": account.code}, told_at=work.now)
            work.say(
                words.FundTopUpDue, subject=account.household, household=account.household, estate=use.estate,
                place=use.place, at=work.now,
            )  # fmt: skip


def _areas(work: Work, use: FundUse) -> dict[str, Decimal]:
    """The homes that bear it, with their areas: those in its scope on the register today."""
    rights = work.store.rights_of(use.estate, calendar.local_day(work.now))
    concerned = [right for right in rights if model.in_scope(right.household, use.scope)]
    if not concerned:
        raise NoOwnersKnown(estate=use.estate)
    return {one.household: one.area for one in model.complete(concerned) if one.area is not None}


def _mine(work: Work, use_no: str, contract: Any) -> FundUse:
    use: FundUse = work.store.fund_use(use_no)
    require(work.caller, use.place, contract)
    return use


def _saved(work: Work, use: FundUse) -> dict[str, Any]:
    work.store.save_use(use)
    _say(work, use)
    return face(use)


def face(use: FundUse) -> dict[str, Any]:
    return dict(vars(use))


def _say(work: Work, use: FundUse) -> None:
    work.say(
        words.FundUseChanged, subject=use.use, use=use.use, estate=use.estate, place=use.place, mode=use.mode,
        state=use.state, case_no=use.case_no, at=work.now,
    )  # fmt: skip


# -- in an emergency -------------------------------------------------------------------------------------


def open_emergency(work: Work, item: tray.Item) -> tray.Finished | None:
    """Matter 14: no vote. The use stands in the books at once, and waits for the case to be decided.

    A person looks when the place is no estate of ours or the kind is none of the law's.
    """
    form = item.form
    figures = rules.figures(item.place, calendar.local_day(work.now))["fund"]
    place = str(form.get("place") or item.place)
    estate = _estate_at(work, form, place)
    if estate is None or form.get("kind") not in figures["emergency"]:
        return None
    clock = calendar.of(item.place)
    legs = ("urgent" if form.get("urgent") else "decide", "pay")
    decide, pay = (calendar.Promise.parse(figures[leg]) for leg in legs)
    decide_by = clock.due(item.assigned_at, decide)
    use = FundUse(
        use=new_id(), estate=estate, place=item.place, mode="emergency", kind=form["kind"],
        title=str(form.get("description") or item.title_zh)[:100], contractor=str(form.get("contractor") or ""),
        estimate=Decimal(str(form["estimate"])).quantize(model.FEN), scope=[form["building"]] if form.get("building") else [],
        created_at=work.now, case_no=item.case_no, decide_by=decide_by, pay_by=clock.due(decide_by, pay),
    )  # fmt: skip
    _areas(work, use)
    use.note("propose", work.now, "rule", case_no=item.case_no)
    work.store.add_use(use)
    _say(work, use)
    return tray.Finished(result={"use": use.use, "estate": estate})


def _estate_at(work: Work, form: Any, place: str) -> str | None:
    """Named by its code, or the only estate of the community in which the defect is."""
    if form.get("estate"):
        return str(form["estate"])
    found = work.store.estates_at(place[:12])
    return found[0] if len(found) == 1 else None


def withdraw_emergency(work: Work, item: tray.Item) -> list[str]:
    use = work.store.fund_use_of_case(item.case_no)
    if use is None or use.state != "proposed":
        return []
    use.step("withdraw", work.now, "rule", reason="the case was withdrawn")
    _saved(work, use)
    return [f"use {use.use} of the repair fund withdrawn"]


def note_case_closed(work: Work, event: Any) -> None:
    """Committee, street and housing have spoken: only a case that ran its whole course releases money."""
    if event.matter != EMERGENCY:
        return
    use = work.store.fund_use_of_case(event.case_no)
    if use is not None:
        decided(work, use.use, event.status == "closed", f"case {event.case_no}")
