"""What is charged, paid and waived, and who is told of arrears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.chassis.database import Work
from services.chassis.errors import Invalid
from services.chassis.identifiers import new_id
from services.contracts import dues
from services.contracts.messages import Command
from services.party import figures, model
from services.party.desk import permit, today
from services.party.dues.model import (
    PAYING,
    Basis,
    Line,
    NoDuesBasis,
    Notice,
    PaidTwice,
    PaysNoDues,
    balance,
    monthly,
    notices,
    open_months,
    unpaid_over,
    waived,
)
from services.party.months import first, span

AT_ONCE = 500


def set_dues_basis(work: Work, command: Any) -> dict[str, Any]:
    member = _member(work, command.member_id)
    if member.stage not in PAYING:
        raise PaysNoDues()
    basis = Basis(
        member.id, month_of(command.since), command.category, command.monthly_pay, command.agreed,
        work.now, work.caller.account,
    )  # fmt: skip
    rule = figures.rule("dues", basis.since, member.place)
    basis.check(rule)
    work.store.add_basis(basis)
    return {"member_id": member.id, "since": command.since, "monthly": str(monthly(basis, rule))}


def pay_dues(work: Work, command: Any) -> dict[str, Any]:
    member = _member(work, command.member_id)
    if not work.store.bases_of([member.id]):
        raise NoDuesBasis()
    line = Line(
        new_id(), member.id, "payment", -command.amount, work.now, work.caller.account,
        reference=command.reference,
    )  # fmt: skip
    if not work.store.add_lines([line]):
        raise PaidTwice(reference=command.reference)
    return _account(work, member)


def waive_dues(work: Work, command: Any) -> dict[str, Any]:
    """Months charged already are waived at once; those to come when they are charged."""
    member = _member(work, command.member_id)
    since, until = month_of(command.since), month_of(command.until)
    if until < since:
        raise Invalid.fields({"until": ("结束月份不能早于开始月份。", "Must not be before `since`.")})
    work.store.add_waiver(
        id=new_id(), member=member.id, since=since, until=until, percent=command.percent,
        reason=command.reason, at=work.now, by=work.caller.account,
    )  # fmt: skip
    _write_waivers(work, member, work.store.lines_of([member.id])[member.id])
    return _account(work, member)


def settle_dues_notice(work: Work, command: Any) -> dict[str, Any]:
    notice = work.store.notice(command.notice_id)
    permit(work, work.store.member(notice.member).place)
    notice.settle(command.result, work.caller.account, work.now)
    work.store.save_notice(notice)
    return {"notice_id": notice.id, "state": notice.state}


# -- timers --------------------------------------------------------------------------------------------


def charge_dues(work: Work) -> None:
    """Every month that has begun and was not charged yet, of every member with a basis."""
    now = today(work)
    for members in _chunks(work):
        ids = [member.id for member in members]
        accepted, bases, lines = (
            work.store.accepted_on(ids), work.store.bases_of(ids), work.store.lines_of(ids),
        )  # fmt: skip
        for member in members:
            charged = {line.month for line in lines[member.id] if line.kind == "charge"}
            begins = max(bases[member.id][0].since, first(accepted.get(member.id, date.min)))
            fresh = [
                _charge(work, member, _basis_in(bases[member.id], month), month)
                for month in span(begins, now)
                if month not in charged
            ]
            work.store.add_lines(fresh)
            if fresh:
                _write_waivers(work, member, [*lines[member.id], *fresh])


def watch_arrears(work: Work) -> None:
    """Three months unpaid: education; six: organisational handling. Each once for the same arrears."""
    now = today(work)
    for members in _chunks(work):
        lines = work.store.lines_of([member.id for member in members])
        reached = [
            Notice(new_id(), member.id, kind, since, "open", work.now)
            for member in members
            if (unpaid := unpaid_over(lines[member.id], now))
            for kind, since in notices(unpaid, figures.rule("dues", now, member.place))
        ]
        work.store.add_notices(reached)


def _chunks(work: Work) -> Iterator[list[model.Member]]:
    after = ""
    while members := work.store.paying_members(after, AT_ONCE):
        yield members
        after = members[-1].id


def _charge(work: Work, member: model.Member, basis: Basis, month: date) -> Line:
    amount = monthly(basis, figures.rule("dues", month, member.place))
    return Line(new_id(), member.id, "charge", amount, work.now, "system", month=month)


def _write_waivers(work: Work, member: model.Member, lines: list[Line]) -> None:
    given = work.store.waivers_of([member.id])[member.id]
    written = {line.month for line in lines if line.kind == "waiver"}
    fresh = []
    for line in lines:
        if line.kind != "charge" or line.month is None or line.month in written:
            continue
        waiver = next((one for one in given if one.since <= line.month <= one.until), None)
        if waiver is None:
            continue
        amount = waived(line.amount, waiver.percent, figures.rule("dues", line.month, member.place))
        fresh.append(
            Line(
                new_id(), member.id, "waiver", -amount, work.now, waiver.by,
                month=line.month, reference=waiver.id,
            )
        )  # fmt: skip
    work.store.add_lines(fresh)


def _basis_in(bases: list[Basis], month: date) -> Basis:
    return [basis for basis in bases if basis.since <= month][-1]


def _member(work: Work, member_id: str) -> model.Member:
    member = work.store.member(member_id)
    permit(work, member.place)
    return member


def _account(work: Work, member: model.Member) -> dict[str, Any]:
    lines = work.store.lines_of([member.id])[member.id]
    still = open_months(lines)
    work.store.settle_paid(member.id, still[0][0] if still else date.max, work.now)
    return {"member_id": member.id, "balance": money_of(balance(lines)), "open_months": len(still)}


def month_of(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def money_of(amount: Decimal) -> str:
    return f"{amount:.2f}"


COMMANDS: dict[type[Command], Any] = {
    dues.SetDuesBasis: set_dues_basis,
    dues.PayDues: pay_dues,
    dues.WaiveDues: waive_dues,
    dues.SettleDuesNotice: settle_dues_notice,
}
TIMERS: dict[Callable[[Work], None], timedelta] = {
    charge_dues: timedelta(hours=1),
    watch_arrears: timedelta(hours=1),
}
