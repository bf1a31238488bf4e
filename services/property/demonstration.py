"""A community to look at: its company and contract, three months of fees, a round, a meeting, what hangs on the board."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from services.chassis.database import Work
from services.chassis.identifiers import new_id
from services.contracts import citizens
from services.contracts.fees import LoadEstateDemonstration
from services.property import tariffs
from services.property.companies.handlers import require
from services.property.companies.model import Contract, local_day
from services.property.fees.handlers import charge_chunk
from services.property.meetings import handlers as meetings
from services.property.model import account_of
from services.property.rounds import handlers as rounds

RULES = ("residential", "waste")
MONTHS = 3
IN_ARREARS = 12
"""Of so many households one has not paid."""


def load(work: Work, command: Any) -> dict[str, Any]:
    place, today = command.place, local_day(work.now)
    require(work, place, LoadEstateDemonstration)
    work.store.lock_place("demonstration", place)
    if work.store.contract_at(place, today) is not None:
        return {"contract_id": None}
    contract = _contract(work, place, today)
    charged = sum(_month(work, place, month) for month in _months(today))
    if not work.store.has_route(place):
        _round(work, place)
        _meeting(work, place, today)
        _board(work, place, contract)
    return {"contract_id": contract.contract_id, "charged": charged}


def _contract(work: Work, place: str, today: date) -> Contract:
    first = f"9111{place[2:6]}MA{place[-6:]}X"[:17]
    company = first + citizens.credit_check_character(first)
    work.store.register_company(company, "安居物业服务有限公司", None, work.now)
    signed = today.replace(month=1, day=1) - timedelta(300)
    contract = Contract.sign(
        contract_id=new_id(), company=company, place=place, signed_on=signed, since=signed,
        until=signed + timedelta(3 * 365), rules=list(RULES), late_fee_a_day=Decimal("0.0005"),
        late_after_days=30,
    )  # fmt: skip
    contract.file(f"WY{place[-6:]}{signed.year}", signed + timedelta(6))
    work.store.add_contract(contract)
    return contract


def _months(today: date) -> list[str]:
    last = today.year * 12 + today.month - 1
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(last - MONTHS, last)]


def _month(work: Work, place: str, period: str) -> int:
    """Everybody is charged, and most have paid."""
    charged, actor = 0, work.caller.account
    work.store.open_ledger_account("cash:wechat", "cash")
    for rule in RULES:
        known: dict[str, tariffs.Tariff] = {}
        for rows in work.store.chargeable([place], 1000):
            charged += charge_chunk(work, rows, rule, period, known, actor)[0]
            fees = [
                {
                    "kind": "payment", "debit": "cash:wechat", "credit": account_of(row.household), "amount": fee,
                    "reference": f"demo:{row.household}:{rule}:{period}",
                }
                for number, row in enumerate(rows)
                if number % IN_ARREARS
                and (fee := known[row.place].amount(row.area, tariffs.first_day(period), row.move_in_date))
            ]  # fmt: skip
            work.store.book(fees, actor, work.now)
    return charged


def _round(work: Work, place: str) -> None:
    rounds.plan_route(
        work,
        SimpleNamespace(
            place=place, name="夜间巡查", points=["东门岗", "地下车库", "配电室", "3号楼天台"],
            windows=[{"opens": "08:00", "closes": "11:00"}, {"opens": "20:00", "closes": "23:00"}],
        ),
    )  # fmt: skip


def _meeting(work: Work, place: str, today: date) -> None:
    units = ["community", "owners-committee", "property"]
    made = meetings.call_meeting(
        work,
        SimpleNamespace(
            place=place, subject="电动自行车充电棚选址", held_on=today - timedelta(14), units=units,
            agenda=["选址", "电价公示", "消防间距"],
        ),
    )  # fmt: skip
    decided = [
        {"what": "出具选址图并公示", "unit": "property", "due_on": today + timedelta(7)},
        {"what": "征求业主意见", "unit": "owners-committee", "due_on": today + timedelta(21)},
    ]
    meetings.minute_meeting(
        work,
        SimpleNamespace(
            meeting=made["meeting"],
            present=units,
            minutes="三方同意在西侧空地建棚，先公示后施工。",
            decisions=decided,
        ),
    )


def _board(work: Work, place: str, contract: Contract) -> None:
    for kind, subject, body in (
        ("contract", "物业服务合同", f"合同备案号 {contract.filing_no}，住宅每平方米每月按收费标准执行。"),
        ("income-and-expense", "上年度物业费收支", "收入与支出明细见附件，业主可到服务中心查阅。"),
    ):
        meetings.post_notice(
            work,
            SimpleNamespace(
                place=place,
                kind=kind,
                subject=subject,
                body=body,
                since=local_day(work.now) - timedelta(30),
                until=None,
            ),
        )
