"""Alarms, readings over HTTP, and the wall whose numbers are lists."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demonstration import PLATFORM

GRID = "110105001001003"


@pytest.fixture
def camera(platform):
    """A camera of this test's own, told of by the video platform."""
    number = f"{GRID[:8]}01132{random.randint(1_000_000, 9_999_999)}"
    platform.as_account("cameras").order(
        "/v1/cameras", camera=number, name="车库", place=GRID, address="3号楼地下车库", site="garage",
        platform=PLATFORM,
    )  # fmt: skip
    return number


def alarm_of(camera, seconds_ago=0):
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {"type": "fire", "at": at.isoformat(), "device": camera, "id": uuid.uuid4().hex, "priority": 1}


def over_mqtt(platform, alarm):
    assert platform.publish(PLATFORM, f"yikou/v1/{PLATFORM}/alarms", alarm)


def over_http(platform, alarm):
    answer = platform.as_device(PLATFORM).post("/v1/alarms", json={"alarms": [alarm]})
    assert answer.status_code == 202 and answer.json() == {"accepted": 1, "rejected": []}


def alarms_of(platform, camera):
    return platform.as_account("cameras").ask("/v1/alarms", camera=camera)["items"]


@pytest.mark.parametrize("first, second", [(over_mqtt, over_http), (over_http, over_mqtt)])
def test_an_alarm_becomes_a_case_and_its_repetition_is_folded_into_it(platform, camera, first, second):
    first(platform, alarm_of(camera, 5))
    alarm = platform.until(lambda: alarms_of(platform, camera), "the alarm is known")[0]

    def case_of_alarm():
        found = platform.as_account("clerk").ask("/v1/cases", matter="alarm", limit=50)["items"]
        return [one for one in found if one["finding_id"] == alarm["finding_id"]]

    cases = platform.until(case_of_alarm, "a case opens by itself")
    second(platform, alarm_of(camera))
    platform.until(lambda: alarms_of(platform, camera)[0]["count"] == 2, "the second is counted")
    assert len(alarms_of(platform, camera)) == 1 and len(case_of_alarm()) == 1
    for account, unit, outcome in (
        ("property", "property", "handled"), ("street", "fire", "handled"), ("street", "grid", "warned"),
    ):  # fmt: skip
        task = platform.task(account, cases[0]["case_no"], unit)["task_id"]
        platform.as_account(account).order(f"/v1/tasks/{task}/finish", outcome=outcome, note="已到场处置")
    platform.until_status(cases[0]["case_no"], "closed")


def test_readings_over_http_are_kept_once_and_in_their_order(platform):
    meter = platform.new_meter(platform.home())
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)

    def reading(hour):
        return {
            "meter": meter, "register": "total", "at": (begin + timedelta(hours=hour)).isoformat(),
            "value": str(10 + hour), "unit": "m3", "seq": hour,
        }  # fmt: skip

    for batch in ([reading(2), reading(0)], [reading(1), reading(0)]):  # out of order, and one of them twice
        answer = platform.as_device().post("/v1/readings", json={"readings": batch})
        assert answer.status_code == 202 and answer.json() == {"accepted": 2, "rejected": []}
    platform.until(lambda: len(platform.readings(meter)) == 3, "the readings are kept")
    assert [float(one["value"]) for one in platform.readings(meter)] == [10, 11, 12]


@pytest.mark.parametrize("number", ["overdue", "due_soon", "in_hand", "closed_today"])
def test_a_number_of_the_wall_is_the_length_of_its_list(platform, number):
    supervisor = platform.as_account("supervisor")
    platform.file(platform.repair())

    def listed():
        items, cursor = 0, {}
        while True:
            page = supervisor.ask("/v1/overview/behind", number=number, limit=200, **cursor)
            items += len(page["items"])
            if page["next"] is None:
                return items, page["count"]
            cursor = {"cursor": page["next"]}

    def equal():
        shown = supervisor.ask("/v1/overview")["numbers"][number]
        return listed() == (shown, shown)

    platform.until(equal, f"{number} equals its list")


def test_a_filed_case_is_on_the_wall(platform):
    supervisor = platform.as_account("supervisor")
    case_no = platform.file(platform.repair("urgent"))["case_no"]

    def on_the_wall():
        page = supervisor.ask("/v1/overview/behind", number="in_hand", matter="repair", limit=200)
        return case_no in str(page["items"])

    platform.until(on_the_wall, "the wall knows the case")


def test_the_wall_is_told_of_a_case_as_it_happens(platform):
    with platform.stream("/v1/live", "supervisor") as frames:
        _, snapshot = next(frames)
        assert set(snapshot["numbers"]) == {"overdue", "due_soon", "in_hand", "closed_today"}
        case_no = platform.file(platform.repair())["case_no"]
        told = next(data for _, data in frames if data.get("case_no") == case_no)
        assert "郑某" not in str(told)


def test_a_tool_that_knows_sensor_things_reads_a_meter(platform):
    meter = platform.new_meter(platform.home())
    at = datetime.now(UTC).replace(microsecond=0)
    reading = {
        "meter": meter, "register": "total", "at": at.isoformat(), "value": "12.345", "unit": "m3", "seq": 1,
    }  # fmt: skip
    assert platform.as_device().post("/v1/readings", json={"readings": [reading]}).json()["accepted"] == 1
    platform.until(lambda: len(platform.readings(meter)) == 1, "the reading is kept")
    officer = platform.as_account("meters")
    expand = "Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc))"
    found = officer.get("/sta/v1.1/Things", params={"$filter": f"id eq '{meter}'", "$expand": expand}).json()
    (newest,) = found["value"][0]["Datastreams"][0]["Observations"]
    assert newest["result"] == 12.345
    again = officer.get(
        newest["@iot.selfLink"].partition("/sta/")[1] + newest["@iot.selfLink"].partition("/sta/")[2]
    )
    assert again.json()["parameters"]["exact"] == "12.345"
    for wrong in ("/sta/v1.1/Nothing", "/sta/v1.1/Things?$nonsense=1", "/sta/v1.1/Things?$filter=result+gt"):
        answer = officer.get(wrong)
        assert answer.status_code in (400, 404, 422)
        assert answer.headers["content-type"] == "application/problem+json"
