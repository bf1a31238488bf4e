"""A property manager runs an estate over HTTP: fees to refund, a contract, a round, the notice board (flows 3 and 6)."""

import random
import uuid
from datetime import UTC, datetime, timedelta

from services.contracts import citizens

PLACE, GRID = "110105001001", "110105001001003"


def credit_code():
    first = f"91110105{random.randint(0, 999_999_999):09}"
    return first + citizens.credit_check_character(first)


def test_the_demonstration_has_a_company_its_contract_and_a_notice_board(platform):
    boss = platform.as_role("manager", "property", PLACE)
    (contract,) = [one for one in boss.ask("/v1/contracts")["items"] if one["place"] == PLACE]
    clocks = {
        one["clock"]: one["state"] for one in boss.ask(f"/v1/contracts/{contract['contract_id']}")["clocks"]
    }
    assert contract["state"] == "filed" and clocks["filing"] == "met" and clocks["expiry"] == "running"
    assert contract["company"] in {one["company"] for one in boss.ask("/v1/companies")["items"]}
    shown = platform.anybody().get("/v1/notices", params={"place": PLACE}).json()["items"]
    assert {"contract", "income-and-expense"} <= {one["kind"] for one in shown}
    assert boss.ask("/v1/property/arrears")["items"]


def test_money_paid_in_advance_is_refunded_by_two_people_and_the_receipt_shows_it(platform):
    boss, other = (platform.as_role("manager", "property", scope) for scope in (PLACE, PLACE[:9]))
    homes = platform.as_account("clerk").ask("/v1/registry/households", place=PLACE, limit=200)["items"]
    household = random.choice(homes)["household"]
    door = f"/v1/property/households/{household}"
    owed = max(float(boss.ask(f"{door}/fees")["balance"]), 0)
    boss.order("/v1/property/payments", household=household, amount=f"{owed + 50:.2f}", channel="card",
               reference=uuid.uuid4().hex)  # fmt: skip
    asked = boss.order(f"{door}/refunds", amount="50.00", channel="transfer", reason="多缴")["refund"]
    assert boss.send_order(f"/v1/refunds/{asked}/decision", approved=True).json()["slug"] == "own-request"
    other.order(f"/v1/refunds/{asked}/decision", approved=True)
    paid = boss.order(f"/v1/refunds/{asked}/payment")
    receipt = boss.ask(f"/v1/receipts/{paid['receipt']}")
    assert (receipt["kind"], receipt["in_words"]) == ("refund", "伍拾元整")


def test_a_month_is_charged_in_the_background(platform):
    boss = platform.as_role("manager", "property", PLACE)
    run = boss.order("/v1/fee-runs", place=PLACE, rule="waste", period="2024-05")["run"]
    done = platform.until(
        lambda: (found := boss.ask(f"/v1/fee-runs/{run}"))["state"] == "done" and found,
        "the month is charged",
    )
    assert done["done"] == done["accounts"] > 0


def test_flow_3_of_many_calls_from_one_lift_there_is_one_order_with_thirty_minutes(platform):
    crew = platform.as_role("officer", "property", PLACE)
    told = {
        "place": GRID,
        "address": f"{uuid.uuid4().hex[:6]}号电梯",
        "category": "lift-trap",
        "description": "困人",
    }
    first, again = (crew.order("/v1/repairs", **told) for _ in range(2))
    assert first["order_no"] == again["order_no"] and first["urgency"] == "urgent"
    order = crew.ask(f"/v1/repairs/{first['order_no']}")
    promised = datetime.fromisoformat(order["arrive_by"]) - datetime.fromisoformat(order["reported_at"])
    assert promised == timedelta(minutes=30)


def test_flow_6_who_asks_for_a_talk_leaves_a_line_and_a_household_that_was_not_reminded_has_none(platform):
    boss = platform.as_role("manager", "property", PLACE)
    household = boss.ask("/v1/property/arrears")["items"][0]["household"]
    path = f"/v1/property/households/{household}/arrears-talk"
    assert boss.send_order(path, purpose="提醒", amount="1").status_code == 422
    answer = boss.send_order(path, purpose="提醒按时交费")
    assert answer.status_code == 201 or answer.json()["slug"] == "not-reminded"
    log = platform.as_role("auditor", None, "").ask("/v1/accesses")["items"]
    assert any(one["what"] == "property.ask_arrears_talk" and one["target"] == household for one in log)


def test_a_contract_with_a_short_notice_is_refused_in_both_languages(platform):
    lead = platform.as_role("coordinator", "property", PLACE)
    company, today = credit_code(), datetime.now(UTC).date()
    lead.order("/v1/companies", company=company, name="某物业")
    terms = {"company": company, "place": f"{PLACE[:9]}{random.randint(500, 999)}", "rules": ["residential"]}
    refused = lead.send_order("/v1/contracts", signed_on="2026-01-01", since="2026-01-01", **terms)
    assert refused.status_code == 403
    (contract,) = [one for one in lead.ask("/v1/contracts")["items"] if one["place"] == PLACE]
    soon = (today + timedelta(59)).isoformat()
    answer = lead.send_order(
        f"/v1/contracts/{contract['contract_id']}/dismissal",
        noticed_on=today.isoformat(),
        ends_on=soon,
        reason="表决",
    )
    assert answer.status_code == 409 and answer.json()["slug"] == "notice-too-short"
    assert "60" in answer.json()["detail_zh"] and "60" in answer.json()["detail_en"]
