"""Bills as people read them: each line says how it came about, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, literal, or_, select

from services.chassis.database import Read
from services.chassis.paging import page
from services.contracts import meters as contract
from services.contracts.messages import Query
from services.meters.billing.model import DAY, UnknownAccount, UnknownBill, UnknownBillRun, local_day
from services.meters.billing.tariffs import Tariff, Tier, UnknownTariff, all_tariffs, tariff
from services.meters.model import CANONICAL, plain
from services.meters.tables import accounts, bill_history, bill_lines, bill_runs, bills, ledger
from services.meters.within import within

PARTS = {
    "fee": ("基本费用", "basic fee"),
    "resource": ("水资源费", "water resource fee"),
    "sewage": ("污水处理费", "sewage treatment"),
}
REGISTERS = {
    "total": ("", ""),
    "sharp": ("尖时", "sharp peak, "),
    "peak": ("峰时", "peak, "),
    "flat": ("平时", "flat, "),
    "valley": ("谷时", "valley, "),
}
SHOWN = (
    "bill", "account", "household", "place", "utility", "tariff", "since", "until", "quantity", "total", "estimated",
    "missing", "state", "held_for", "corrects", "run", "made_at", "issued_at", "proposal",
)  # fmt: skip


def list_bills(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(*(bills.c[name] for name in SHOWN)).where(within(read, bills.c.place, contract.ListBills))
    for name in ("account", "household", "run", "state"):
        if getattr(query, name) is not None:
            wanted = wanted.where(bills.c[name] == getattr(query, name))
    if query.proposed is not None:
        wanted = wanted.where(bills.c.proposal.isnot(None) if query.proposed else bills.c.proposal.is_(None))
    # A bill's name is a UUIDv7: in the order of their making.
    found = page(read.connection, wanted, [bills.c.bill], query, descending=True)
    for row in found["items"]:
        _in_people_s_terms(row)
    return found


def get_bill(read: Read, query: Any) -> dict[str, Any]:
    row = read.connection.execute(
        select(bills).where(bills.c.bill == query.bill, within(read, bills.c.place, contract.GetBill))
    ).first()
    if row is None:
        raise UnknownBill(bill=query.bill)
    bill = _in_people_s_terms(dict(row._mapping))
    terms = tariff(row.utility, row.tariff, row.place)
    unit = CANONICAL[row.utility]
    lines = read.connection.execute(
        select(bill_lines).where(bill_lines.c.bill == query.bill).order_by(bill_lines.c.no)
    )
    bill["unit"] = unit
    bill["lines"] = [_line(line, terms, unit) for line in lines]
    bill["tariff"] = {
        "code": terms.code,
        "zh": terms.zh,
        "en": terms.en,
        "verified": all(cut.prices.verified for cut in terms.cuts(row.since, row.until)),
    }
    bill["reached"] = {"cycle": terms.cycle, "since": row.cycle, "quantity": plain(row.position)}
    bill["notes"] = list(_notes(row))
    bill["corrected_by"] = read.connection.scalar(select(bills.c.bill).where(bills.c.corrects == query.bill))
    steps = read.connection.execute(
        select(bill_history).where(bill_history.c.bill == query.bill).order_by(bill_history.c.no)
    )
    bill["history"] = [
        {name: step._mapping[name] for name in ("at", "verb", "state", "actor", "detail")} for step in steps
    ]
    return bill


def _in_people_s_terms(row: dict[str, Any]) -> dict[str, Any]:
    row["quantity"] = plain(row["quantity"])
    row["last_day"] = row["until"] - DAY
    for name in ("cycle", "position", "versions"):
        row.pop(name, None)
    return row


def _line(line: Any, terms: Tariff, unit: str) -> dict[str, Any]:
    tiers = terms.list_at(line.since).tiers
    zh, en = REGISTERS.get(line.register, (line.register, f"{line.register}, "))
    quantity, price = plain(line.quantity), plain(line.price)
    tier_zh = f"第{line.tier}阶梯" if len(tiers) > 1 else ""
    tier_en = f"tier {line.tier}, " if len(tiers) > 1 else ""
    # jsonb keeps no order of its own.
    order = [name for name in PARTS if name in line.parts] + sorted(line.parts.keys() - PARTS.keys())
    parts = [(PARTS.get(name, (name, name)), line.parts[name]) for name in order if len(order) > 1]
    made_of_zh = f"（{'、'.join(f'{names[0]} {yuan}' for names, yuan in parts)}）" if parts else ""
    made_of_en = f" ({', '.join(f'{names[1]} {yuan}' for names, yuan in parts)})" if parts else ""
    last = line.until - DAY
    return {
        "no": line.no,
        "since": line.since,
        "last_day": last,
        "register": line.register,
        "tier": line.tier,
        "quantity": quantity,
        "price": price,
        "amount": line.amount,
        "parts": line.parts,
        "zh": f"{line.since} 至 {last} {tier_zh}{zh} {quantity} {unit} × {price} 元 = {line.amount} 元{made_of_zh}",
        "en": f"{line.since} to {last}, {tier_en}{en}{quantity} {unit} × ¥{price} = ¥{line.amount}{made_of_en}",
    }


def _notes(row: Any) -> Any:
    if row.estimated:
        yield {
            "zh": f"其中 {row.estimated} 天为估算用量，收到实际读数后自动结算。",
            "en": f"{row.estimated} days are estimated; they are settled when readings come.",
        }
    if row.missing:
        yield {
            "zh": f"其中 {row.missing} 天没有用量数据，暂不计费。",
            "en": f"Of {row.missing} days nothing is known; they are not charged.",
        }
    if row.proposal and row.state in ("draft", "issued", "held"):
        yield {
            "zh": f"用量数据已有变化，按现有数据应为 {row.proposal['total']} 元，待核对更正。",
            "en": f"The days have changed: today it would be ¥{row.proposal['total']}; a correction is proposed.",
        }
    if row.state == "held":
        yield {
            "zh": "账单暂缓，核查结束前无需缴纳。",
            "en": "The bill is on hold: nothing is due until that is settled.",
        }


def get_account_ledger(read: Read, query: Any) -> dict[str, Any]:
    account = read.connection.execute(
        select(accounts.c.account, accounts.c.household, accounts.c.kind).where(
            accounts.c.account == query.account, within(read, accounts.c.place, contract.GetAccountLedger)
        )
    ).first()
    if account is None:
        raise UnknownAccount(account=query.account)
    taken_back = (ledger.c.credit == query.account) & ledger.c.kind.in_(
        [literal(kind, literal_execute=True) for kind in ("hold", "credit")]
    )
    ours = or_(ledger.c.debit == query.account, taken_back)
    signed = case((ledger.c.debit == query.account, ledger.c.amount), else_=-ledger.c.amount)
    balance = read.connection.scalar(select(func.coalesce(func.sum(signed), Decimal("0.00"))).where(ours))
    wanted = select(
        ledger.c.no, ledger.c.kind, signed.label("amount"), ledger.c.bill, ledger.c.actor, ledger.c.at
    ).where(ours)
    return {
        **account._mapping,
        "balance": balance,
        **page(read.connection, wanted, [ledger.c.no], query, descending=True),
    }


def get_bill_run(read: Read, query: Any) -> dict[str, Any]:
    row = read.connection.execute(
        select(bill_runs).where(
            bill_runs.c.run == query.run, within(read, bill_runs.c.place, contract.GetBillRun)
        )
    ).first()
    if row is None:
        raise UnknownBillRun(run=query.run)
    return _progress(dict(row._mapping))


def list_bill_runs(read: Read, query: Any) -> dict[str, Any]:
    wanted = select(bill_runs).where(within(read, bill_runs.c.place, contract.ListBillRuns))
    found = page(read.connection, wanted, [bill_runs.c.started_at, bill_runs.c.run], query, descending=True)
    for row in found["items"]:
        _progress(row)
    return found


def _progress(row: dict[str, Any]) -> dict[str, Any]:
    del row["position"]
    row["percent"] = 100 if row["state"] == "done" else 100 * row["done"] // max(1, row["accounts"])
    return row


def list_tariffs(read: Read, query: Any) -> dict[str, Any]:
    day = query.day or local_day(read.now)
    found = []
    for terms in all_tariffs():
        place = query.place
        if place and not place.startswith(terms.place):
            continue
        try:
            prices = terms.list_at(day)
        except UnknownTariff:
            continue
        found.append(
            {
                "utility": terms.utility,
                "code": terms.code,
                "place": terms.place,
                "zh": terms.zh,
                "en": terms.en,
                "cycle": terms.cycle,
                "unit": CANONICAL[terms.utility],
                "since": prices.since,
                "verified": prices.verified,
                "source": prices.source,
                "tiers": [_tier(tier) for tier in prices.tiers],
            }
        )
    return {"day": day, "tariffs": found}


def _tier(tier: Tier) -> dict[str, Any]:
    return {
        "upto": tier.upto,
        "prices": {
            register: {"whole": price.whole, "parts": dict(price.parts)}
            for register, price in tier.prices.items()
        },
    }


QUERIES: dict[type[Query], Callable[..., Any]] = {
    contract.ListBills: list_bills,
    contract.GetBill: get_bill,
    contract.GetAccountLedger: get_account_ledger,
    contract.GetBillRun: get_bill_run,
    contract.ListBillRuns: list_bill_runs,
    contract.ListTariffs: list_tariffs,
}
