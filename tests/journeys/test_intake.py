"""Before and beside a case, through the gateway: bursts, topics, whistles, mediation, drafts, the diary and ledgers."""

import csv
import io
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from deploy.demonstration import PLATFORM
from tests.journeys.conftest import PLACE
from tests.journeys.test_desk import complaint

GRID = f"{PLACE}002"
"""Not the grid of the other journeys, so that their reports do not count here."""


@pytest.fixture
def clerk(platform):
    return platform.as_account("clerk")


@pytest.fixture
def street(platform):
    return platform.as_account("street")


def told(words, topic="other", grid=GRID, door="2-1-302"):
    return complaint(topic=topic, description=words, address=f"{grid}-{door}")


def finish(platform, account, case_no, unit, **result):
    task = platform.task(account, case_no, unit)["task_id"]
    platform.as_account(account).order(f"/v1/tasks/{task}/finish", **result)


def page(platform, receipt):
    return platform.anybody().get(f"/p/{receipt['tracking_token']}?lang=en").text


# -- mission 6 -----------------------------------------------------------------------------------------


def test_calls_zero_readings_and_a_camera_alarm_become_one_incident_one_broadcast_and_one_answer(
    platform, clerk
):
    camera = f"{GRID[:8]}01132{random.randint(1_000_000, 9_999_999)}"
    platform.as_account("cameras").order(
        "/v1/cameras",
        camera=camera,
        name="楼道",
        place=GRID,
        address="2号楼",
        site="stairwell",
        platform=PLATFORM,
    )
    alarm = {"type": "smoke", "at": datetime.now(UTC).isoformat(), "device": camera, "id": uuid.uuid4().hex, "priority": 1}  # fmt: skip
    platform.as_device(PLATFORM).post("/v1/alarms", json={"alarms": [alarm]})
    calls = [platform.file(told(words)) for words in ("二号楼楼道冒烟", "2号楼起火了", "楼里都是浓烟")]

    def incident():
        found = clerk.ask("/v1/incidents", place=GRID, open="true")["items"]
        return next((one for one in found if one["kind"] == "fire" and one["reports"] == 4), None)

    no = platform.until(incident, "three calls and the camera's alarm are one incident")["case_no"]
    late = platform.file(told("窗外看到浓烟"))
    assert (late["status"], late["tasks"], late["follows"]) == ("merged", [], no)
    reports = clerk.ask(f"/v1/incidents/{no}/reports")["items"]
    assert {one["case_no"] for one in reports} >= {receipt["case_no"] for receipt in (*calls, late)}
    assert all(one["applicant"]["name"].endswith("*") for one in reports if one["matter"] == "complaint")
    broadcasts = platform.anybody().ask("/v1/broadcasts", place=GRID, open="true")["items"]
    assert [one["case_no"] for one in broadcasts].count(no) == 1
    platform.task("street", no, "fire")
    assert "The fire service attends" in page(platform, calls[0])
    for account, unit in (("property", "property"), ("street", "fire"), ("street", "grid")):
        finish(platform, account, no, unit)
    platform.until_status(no, "closed")
    for receipt in (*calls, late):
        platform.until_noted(receipt["case_no"], "answered-with")
        assert "How did we do?" in page(platform, receipt)
    holder = platform.anybody(**{"X-Tracking-Token": late["tracking_token"]})
    assert holder.order(f"/v1/cases/{late['case_no']}/rating", stars=5)["rating"] == 5
    over = [
        one for one in platform.anybody().ask("/v1/broadcasts", place=GRID)["items"] if one["case_no"] == no
    ]
    assert over[0]["over_at"]


# -- flow 12 -------------------------------------------------------------------------------------------


def test_flow_12_again_and_again_in_one_estate_then_joint_meeting_then_whistle(platform, clerk, street):
    estate = f"{PLACE}002"
    filed = [platform.file(told(f"垃圾堆放无人清运{number}", "environment", estate)) for number in range(5)]

    def topic():
        found = clerk.ask("/v1/incidents", place=PLACE, open="true")["items"]
        return next((one for one in found if one["kind"] == "topic:environment"), None)

    no = platform.until(topic, "the fifth complaint opens a topic case")["case_no"]
    listed = {one["case_no"] for one in clerk.ask(f"/v1/incidents/{no}/reports", limit=200)["items"]}
    assert {one["case_no"] for one in filed} <= listed
    assert platform.case(filed[0]["case_no"])["status"] != "merged"
    finish(platform, "street", no, "community", outcome="whistle", result={"minutes": "联席会议议定吹哨"})
    platform.task("street", no, "street")
    clerk.order(f"/v1/cases/{no}/whistle", units=["property", "grid"], reason="联合清运")
    for unit, account in (("property", "property"), ("grid", "street"), ("street", "street")):
        finish(platform, account, no, unit)
    assert platform.until_status(no, "closed")["whistles"][0]["units"] == ["property", "grid"]


# -- flow 13 -------------------------------------------------------------------------------------------


def test_flow_13_consultation_ruling_lead_and_co_units(platform, clerk, street):
    case_no = platform.file(told("消防通道被占用", "property"))["case_no"]
    task = platform.task("property", case_no, "property")["task_id"]
    platform.as_account("property").order(f"/v1/tasks/{task}/return", reason="不属于物业职责")
    platform.until_noted(case_no, "return-asked")
    suggested = platform.case(case_no)["routing"]["suggestions"]
    assert suggested[0]["unit"] == "fire" and "消防通道" in suggested[0]["reasons"]["zh"][0]
    held = clerk.order(
        f"/v1/cases/{case_no}/consultations", units=["fire", "police", "property"], question="谁来清理？"
    )
    ruled = clerk.order(
        f"/v1/consultations/{held['consultation_id']}/ruling", lead="fire", co_units=["police"],
        minutes="消防牵头，派出所协同", ruling="依职责由消防牵头",
    )  # fmt: skip
    assert {lane["unit"] for lane in ruled["lanes"] if lane["status"] == "assigned"} >= {"fire", "police"}
    for unit in ("fire", "police", "community"):
        finish(platform, "street", case_no, unit)
    platform.until_status(case_no, "closed")
    assert clerk.ask("/v1/consultations", case_no=case_no)["items"][0]["ruled_by"]


def test_whoever_signs_first_leads(platform, clerk, street):
    case_no = platform.file(told("楼下小店夜间扰民"))["case_no"]
    clerk.order(f"/v1/cases/{case_no}/whistle", units=["police", "market"], reason="联合执法")
    task = platform.task("street", case_no, "market")["task_id"]
    street.order(f"/v1/tasks/{task}/sign")
    platform.until_noted(case_no, "lead-taken")
    [summons] = platform.case(case_no)["whistles"]
    assert (summons["lead"], summons["late"]) == ("market", [])
    assert (
        platform.as_account("terminal")
        .send_order(f"/v1/cases/{case_no}/whistle", units=["fire"], reason="x")
        .status_code
        == 403
    )


# -- likeness and routing ------------------------------------------------------------------------------


def test_the_desk_says_that_it_is_known_and_whose_it_is(platform, clerk):
    words = f"自行车棚顶坏了{uuid.uuid4().hex[:4]}"
    receipt = platform.file(told(words))
    asked = {"matter": "complaint", "place": f"{GRID}-2-1-303", "text": words, "topic": "other"}
    found = clerk.post("/v1/cases/similar", json=asked).json()["items"]
    assert found[0]["case_no"] == receipt["case_no"] and "同一栋楼" in found[0]["reason"]["zh"]
    at_the_terminal = platform.as_account("terminal").post("/v1/cases/similar", json=asked).json()["items"]
    assert at_the_terminal and "case_no" not in at_the_terminal[0]
    again = platform.file(told(words))
    likely = clerk.ask(f"/v1/cases/{again['case_no']}/similar")["items"]
    assert receipt["case_no"] in {one["case_no"] for one in likely}
    routed = clerk.post("/v1/cases/routing", json={"place": GRID, "text": "餐馆油烟太大"}).json()
    assert routed["suggestions"][0]["unit"] == "market" and routed["source"]["zh"]
    assert clerk.post("/v1/cases/routing", json={"place": GRID}).status_code == 422


# -- flow 20 -------------------------------------------------------------------------------------------


def test_flow_20_same_day_mediation_agreement_and_the_courts_confirmation(platform, clerk):
    person = complaint()["applicant"]
    form = {
        "kind": "neighbours", "address": f"{GRID}-2-1-302", "description": "漏水不赔", "other_party": "李某",
        "wish": "赔偿", "consent": True,
    }  # fmt: skip
    receipt = platform.file({"matter": "mediation", "channel": "kiosk", "applicant": person, "form": form})
    finish(
        platform,
        "street",
        receipt["case_no"],
        "mediation",
        outcome="agreed",
        result={"agreement": "三日内赔付"},
    )
    closed = platform.until_status(receipt["case_no"], "closed")
    assert closed["lanes"][0]["outcome"] == "agreed"
    path = f"/v1/cases/{receipt['case_no']}/confirmation"
    late = clerk.send_order(path, confirmed_on=(date.today() + timedelta(days=40)).isoformat(), reference="x")
    assert late.status_code == 409 and late.json()["slug"] == "too-late-to-confirm"
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    clerk.order(path, confirmed_on=today, reference="(2026)民特1号")
    platform.until_noted(receipt["case_no"], "court-confirmed")
    found = clerk.get("/v1/ledgers/mediation/csv", params={"limit": 200})
    assert found.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(found.text.removeprefix("\ufeff"))))
    mine = [row[5] for row in rows if row[3] == receipt["case_no"]]
    assert "filed" in mine and "finished" in mine


# -- drafts, diary -------------------------------------------------------------------------------------


def test_a_draft_is_resumed_with_its_slip_and_gone_when_filed(platform):
    terminal, whole = platform.as_account("terminal"), told("路灯坏了")
    half = {"matter": "complaint", "applicant": {"name": "郑某"}, "form": {"description": "路灯"}}
    saved = terminal.post("/v1/drafts", json=half)
    assert saved.status_code == 201, saved.text
    draft = saved.json()["draft"]
    assert terminal.post("/v1/drafts/resume", json={"draft": draft}).json()["form"] == half["form"]
    assert terminal.post("/v1/drafts/resume", json={"draft": draft[:-1] + "_"}).status_code == 404
    assert platform.anybody().post("/v1/drafts/resume", json={"draft": draft}).status_code == 401
    platform.file(whole | {"draft": draft})
    assert terminal.post("/v1/drafts/resume", json={"draft": draft}).status_code == 404


def test_a_line_of_the_diary_becomes_a_case(platform, clerk, street):
    written = clerk.order(
        "/v1/diary",
        place=GRID,
        kind="visit",
        persons=1,
        text="走访独居老人，扶手松动",
        follow_up="请物业加固",
    )
    made = clerk.order(f"/v1/diary/{written['entry_id']}/case", unit="property")
    finish(platform, "property", made["case_no"], "property")
    finish(platform, "street", made["case_no"], "community")
    platform.until_status(made["case_no"], "closed")
    entries = clerk.ask("/v1/diary", place=GRID, kind="visit")["items"]
    assert (
        next(one for one in entries if one["entry_id"] == written["entry_id"])["case_no"] == made["case_no"]
    )
    lines = clerk.ask("/v1/ledgers/visits", place=GRID, limit=200)["items"]
    assert written["entry_id"] in {one["entry_id"] for one in lines}
