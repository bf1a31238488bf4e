"""Owners decide something, and a roof that leaks is paid without a vote: across registry, property, front desk and street."""

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demonstration import id_number
from tests.journeys.conftest import PLACE, ROOT

HOMES = 6
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture(scope="module")
def estate(platform):
    """Six homes in a building of its own, each with an owner, recorded by the clerk; property hears of them."""
    clerk, dice = platform.as_account("clerk"), random.Random()
    grid = f"{PLACE}003"
    building = clerk.order("/v1/registry/buildings", grid=grid, number=dice.randint(100, 999), address="新楼")
    homes = [
        clerk.order(
            "/v1/registry/households", building=building["building"], unit=1, door=f"{n}01", area="90.00"
        )
        for n in range(1, HOMES + 1)
    ]
    code = clerk.order(
        "/v1/estates", community=PLACE, number=dice.randint(1000, 999_999), name="新园", gated=True,
        buildings=[building["building"]],
    )["estate"]  # fmt: skip
    for home in homes:
        clerk.order(
            f"/v1/registry/households/{home['household']}/owners", since="2025-01-01", basis="京房权证1号", area="90.00",
            owners=[{"name": "钱某", "number": id_number(dice, 40)}],
        )  # fmt: skip

    def known():
        found = platform.as_account("property").get(f"/v1/owners/{code}/electorate")
        return found.status_code == 200 and found.json()["heads"] == HOMES

    platform.until(known, "property knows the owners")
    return code, [home["household"] for home in homes]


def test_a_proposal_is_consulted_on_voted_posted_and_becomes_a_work_order(platform, estate, tmp_path):
    """Flow 11; the result is recounted from the published document alone."""
    code, homes = estate
    clerk, now = platform.as_account("clerk"), datetime.now(UTC)
    before = (now - timedelta(days=20)).isoformat()
    proposal = clerk.order(
        "/v1/proposals", estate=code, name="更换东门道闸", text="道闸常坏", outcome="work-order",
        category="gate", address="东门", asked_since=(now - timedelta(days=6, hours=23, minutes=59, seconds=57)).isoformat(),
    )["proposal"]  # fmt: skip
    platform.as_account("property").order(f"/v1/proposals/{proposal}/opinions", stance="for", text="早该换了")
    opens = now + timedelta(seconds=10)
    item = {"subject": "other", "title": "更换东门道闸", "proposal": proposal}
    called = clerk.order(
        "/v1/assemblies", estate=code, noticed_at=before, opens_at=opens.isoformat(),
        closes_at=(opens + timedelta(seconds=30)).isoformat(), agenda=[item],
    )  # fmt: skip
    assembly, vote = called["assembly"], called["votes"][0]["vote"]
    slips = {
        home: one["slip"]
        for one in clerk.order(f"/v1/assemblies/{assembly}/slips")["slips"]
        for home in one["homes"]
    }
    voter = platform.anybody()

    def cast(home, choice):
        body = {"slip": slips[home], "choice": choice}
        return platform.until(
            lambda: (
                (answer := voter.post(f"/v1/votes/{vote}/ballots", json=body)).status_code == 200
                and answer.json()
            ),
            "the vote is open",
        )

    receipts = [cast(home, "for" if n < 4 else "against") for n, home in enumerate(homes)]
    document = platform.until(
        lambda: (answer := voter.get(f"/v1/votes/{vote}")).status_code == 200 and answer.json(),
        "the vote is counted",
    )
    assert document["outcome"] == "passed" and all("choice" not in one for one in document["ballots"])
    (tmp_path / "vote.json").write_text(json.dumps(document))
    (tmp_path / "receipt.json").write_text(json.dumps(receipts[0]))
    recount = [sys.executable, "-W", "ignore", "-c", "from deploy.cli import main; main()", "property", "tally",
               str(tmp_path / "vote.json"), "--receipt", str(tmp_path / "receipt.json")]  # fmt: skip
    done = subprocess.run(recount, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr
    (tmp_path / "vote.json").write_text(json.dumps(document | {"outcome": "rejected"}))
    assert subprocess.run(recount, cwd=ROOT, capture_output=True, check=False).returncode == 1

    assert clerk.order(f"/v1/assemblies/{assembly}/post")["late"] is False
    found = clerk.ask("/v1/proposals", estate=code)["items"][0]
    assert found["state"] == "passed"
    order = platform.as_account("property").ask(f"/v1/repairs/{found['result']['order_no']}")
    assert order["address"] == "东门"


def test_a_roof_leak_is_paid_from_the_fund_without_a_vote(platform, estate):
    """Flow 10: matter 14; committee and street confirm, the money is released, audited and published."""
    code, homes = estate
    supervisor, lead = platform.as_account("supervisor"), platform.as_role("manager", "property")
    deposits = [{"household": home, "amount": "2000.00", "reference": f"fund-{home}"} for home in homes]
    assert lead.order(f"/v1/owners/{code}/fund/deposits", deposits=deposits)["booked"] == HOMES
    dice = random.Random()
    applicant = {"name": "孙某", "id_number": id_number(dice, 40), "phone": "13900000000"}
    form = {
        "place": PLACE, "estate": code, "kind": "leak", "description": "屋面渗漏", "estimate": 6000,
        "contractor": "防水公司", "consent": True,
    }  # fmt: skip
    photo = platform.as_account("terminal").post(
        "/v1/materials", files={"file": ("a.pdf", PDF, "application/pdf")}
    )
    case_no = platform.file(
        {"matter": "repair-fund-emergency", "channel": "kiosk", "applicant": applicant, "form": form,
         "materials": [{"name": name, "sha256": photo.json()["sha256"]} for name in ("photos", "quotation")]}
    )["case_no"]  # fmt: skip

    def use():
        return next(
            (
                one
                for one in supervisor.ask("/v1/fund-uses", estate=code)["items"]
                if one["case_no"] == case_no
            ),
            None,
        )

    opened = platform.until(use, "the use is in the books")
    assert (opened["mode"], opened["state"]) == ("emergency", "proposed")
    street = platform.as_account("street")
    for unit in ("owners-committee", "street", "housing"):
        task = platform.task("street", case_no, unit)["task_id"]
        street.order(f"/v1/tasks/{task}/finish", note="同意")
    platform.until_status(case_no, "closed")
    platform.until(lambda: use()["state"] == "approved", "the money is released")
    pay = f"/v1/fund-uses/{opened['use']}"
    lead.order(f"{pay}/prepay", amount="6000.00")
    refused = lead.send_order(f"{pay}/settle", amount="6000.00")
    assert refused.status_code == 409 and refused.json()["slug"] == "audit-missing"
    settled = lead.order(f"{pay}/settle", amount="6000.00", audit="审字2026-1")
    assert settled["state"] == "settled"
    shown = platform.anybody().get(f"/v1/owners/{code}/fund/publicity").json()
    assert (shown["in_bank"], shown["uses"][0]["audit"]) == ("6000.00", "审字2026-1")
    balances = {one["balance"] for one in supervisor.ask(f"/v1/owners/{code}/fund")["homes"]}
    assert balances == {"1000.00"}
