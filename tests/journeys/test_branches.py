"""A branch secretary's work through the door: a unit grows, a branch is founded, meets, votes, elects and collects dues."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demonstration import id_number
from services.contracts import citizens

PLACE, GRID = "110105001001", "110105001001004"
DICE = random.Random()


@pytest.fixture
def secretary(platform):
    return platform.as_role("manager", "party")


def credit_code():
    first = f"91110105{DICE.randint(0, 999_999_999):09}"
    return first + citizens.credit_check_character(first)


def enrol(secretary, unit):
    person = {"name": "赵某", "id_number": id_number(DICE, 40)}
    return secretary.order("/v1/party/members", unit=unit, **person)


def open_duties(secretary, unit):
    rows = secretary.ask("/v1/party/duties", unit=unit, state="open")["items"]
    return {row["kind"]: row["duty_id"] for row in rows}


def test_the_third_member_asks_for_a_branch_and_the_seventh_for_a_committee_it_elects(secretary):
    """Flow 8, and what the branch then does: assembles, votes, elects."""
    unit = credit_code()
    secretary.order("/v1/party/units", code=unit, name_zh="某公司", place=GRID)
    members = [enrol(secretary, unit)["member_id"] for _ in range(2)]
    assert open_duties(secretary, unit).keys() == {"instructor"}
    members.append(enrol(secretary, unit)["member_id"])
    duties = open_duties(secretary, unit)
    assert duties.keys() == {"branch"}
    secretary.order(f"/v1/party/duties/{duties['branch']}/take")
    secretary.order(f"/v1/party/duties/{duties['branch']}/meet", note="支部大会已召开")
    members += [enrol(secretary, unit)["member_id"] for _ in range(4)]
    assert open_duties(secretary, unit).keys() == {"committee"}

    branch = f"{GRID}-{unit}"
    began = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    meeting = secretary.order(
        "/v1/party/meetings", branch=branch, kind="general", topic="支部党员大会", at=began
    )["meeting_id"]
    for member in members[:5]:
        secretary.order(f"/v1/party/meetings/{meeting}/sign-in", member_id=member)
    vote = f"/v1/party/meetings/{meeting}/votes"
    assert not secretary.order(vote, topic="甲", votes_for=3, votes_against=2)["adopted"]  # 3 of 7
    assert secretary.order(vote, topic="乙", votes_for=4, votes_against=1)["adopted"]  # 4 of 7

    election = secretary.order("/v1/party/elections", branch=branch, seats=3, on="2026-12-01")["election_id"]
    count = {"meeting_id": meeting, "ballots_cast": 5}
    count["ballots"] = [{"member_id": member, "votes": 5} for member in members[:3]]
    refused = secretary.send_order(f"/v1/party/elections/{election}/count", **count)
    assert refused.status_code == 409 and refused.json()["slug"] == "quorum-missed"  # 5 of 7 are not 4/5
    assert "6" in refused.json()["detail_zh"] and "6" in refused.json()["detail_en"]
    secretary.order(f"/v1/party/meetings/{meeting}/sign-in", member_id=members[5])
    done = secretary.order(f"/v1/party/elections/{election}/count", **{**count, "ballots_cast": 6})
    assert done["state"] == "held" and len(done["elected"]) == 3
    secretary.order(f"/v1/party/meetings/{meeting}/hold", minutes="会议记录")
    secretary.order(f"/v1/party/duties/{open_duties(secretary, unit)['committee']}/meet", note="已选举产生")
    face = secretary.ask(f"/v1/party/meetings/{meeting}")
    assert [row["state"] for row in face["attendance"]].count("absent") == 1
    assert {row["name"] for row in face["attendance"]} == {"赵*"}
    (cadence,) = secretary.ask("/v1/party/cadence", branch=branch)["items"]
    assert cadence["term_ends_on"] and not cadence["election_overdue"]


def test_a_step_out_of_order_is_refused_with_the_reason(secretary):
    made = secretary.order(
        "/v1/party/development",
        branch=GRID,
        name="钱某",
        id_number=id_number(DICE, 30),
        applied_on="2026-01-05",
    )
    steps = f"/v1/party/members/{made['member_id']}/steps"
    refused = secretary.send_order(steps, step="candidate", taken_on="2026-01-10", evidence="x")
    assert refused.status_code == 409 and refused.json()["slug"] == "step-out-of-order"
    assert "talk" in refused.json()["detail_en"]
    secretary.order(steps, step="talk", taken_on="2026-02-05", evidence="谈话记录")
    face = secretary.ask(f"/v1/party/members/{made['member_id']}/development")
    assert (face["next_step"], face["steps"][1]["late"]) == ("activist", False)


def test_dues_are_paid_once_a_receipt(secretary):
    unit = credit_code()
    secretary.order("/v1/party/units", code=unit, name_zh="某公司", place=GRID)
    member = enrol(secretary, unit)["member_id"]
    dues = f"/v1/party/members/{member}/dues"
    basis = secretary.order(f"{dues}/basis", category="employed", monthly_pay="3000.00", since="2026-11")
    assert basis["monthly"] == "15.00"
    assert secretary.order(f"{dues}/payments", amount="15.00", reference="R1")["balance"] == "-15.00"
    assert secretary.ask(dues)["lines"][0]["amount"] == "-15.00"
    again = secretary.send_order(f"{dues}/payments", amount="15.00", reference="R1")
    assert again.status_code == 409 and again.json()["slug"] == "paid-twice"


def test_a_talk_is_nobodys_business_but_the_partys(platform, secretary):
    """S1.14: property knows nothing of membership, and the look at a name leaves a line."""
    property_ = platform.as_role("officer", "property")
    assert property_.ask("/v1/party/talks")["items"] == []
    assert secretary.get(f"/v1/party/talks/{uuid.uuid4()}").json()["slug"] == "unknown-talk"


def test_the_demonstration_has_branches_with_a_year_behind_them(secretary):
    rows = secretary.ask("/v1/party/cadence", limit=200)["items"]
    assert sum(row["kinds"][0]["held"] for row in rows) >= 18
    assert any(row["overdue"] for row in rows)
    assert secretary.ask("/v1/party/elections", state="called")["items"]
    assert secretary.ask("/v1/party/dues/notices")["items"]
    year = datetime.now(UTC).year
    face = secretary.ask(f"/v1/party/branches/{PLACE}001/assessment", year=year)
    assert face["possible"] and all(item["refs"] is not None for item in face["items"])
