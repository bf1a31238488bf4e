"""What the water meters tell: an elder who uses none, and a tap that never stops. The readings are real ones."""

from datetime import UTC, datetime, timedelta

import pytest

from services.meters.replay import demonstration_readings, late_reading


def send(platform, meter, kind):
    """The stretch over MQTT, as the concentrator sends it: many readings a message."""
    readings = demonstration_readings(kind, meter)
    for start in range(0, len(readings), 500):
        device = "demo-concentrator"
        assert platform.publish(device, f"yikou/v1/{device}/readings", readings[start : start + 500])
    return readings


@pytest.fixture
def concern(platform):
    """(case number, the readings): an elder living alone used almost no water in twelve hours."""
    home = platform.home(lives_alone="true", elder="true")
    platform.as_account("clerk").order(
        f"/v1/registry/households/{home['household']}/contact",
        contact_name="周某",
        contact_phone="13800000000",
    )
    watch = f"/v1/welfare/{home['household']}/rule"
    platform.until(
        lambda: platform.as_account("meters").send_order(watch, active=True).status_code == 200,
        "meters may watch the elder",
    )
    meter = platform.new_meter(home)
    readings = send(platform, meter, "welfare")
    return platform.case_of_finding(meter, "welfare-check"), readings


def nobody_answers_the_telephone(platform, case_no):
    """Neither the person nor the contact, and the street does not find out either."""
    for unit in ("community", "street"):
        task = platform.task("street", case_no, unit)["task_id"]
        platform.as_account("street").order(f"/v1/tasks/{task}/sign")
        platform.as_account("street").order(f"/v1/tasks/{task}/finish", outcome="unanswered", note="无人接听")


def dispatch_of(platform, case_no, *states):
    def sent():
        found = platform.as_account("volunteers").ask("/v1/dispatches", case_no=case_no)["items"]
        return next((one for one in found if one["state"] in states), None)

    return platform.until(sent, f"a volunteer of {case_no} is {' or '.join(states)}")


def test_no_water_opens_a_case_a_volunteer_visits_and_the_hours_count(platform, concern):
    case_no, _ = concern
    nobody_answers_the_telephone(platform, case_no)
    officer = platform.as_account("volunteers")
    dispatch = dispatch_of(platform, case_no, "offered")
    record = f"/v1/volunteers/{dispatch['volunteer']}/record"
    before = float(officer.ask(record)["hours"])
    order = f"/v1/dispatches/{dispatch['dispatch_id']}"
    officer.order(f"{order}/accept")
    officer.order(f"{order}/report", outcome="well", minutes=30, note="见到本人，平安。")
    case = platform.until_status(case_no, "closed")
    assert [lane["unit"] for lane in case["lanes"]] == ["community", "street", "volunteers"]
    officer.order(f"{order}/confirm", minutes=30)
    platform.until(lambda: float(officer.ask(record)["hours"]) == before + 0.5, "half an hour is credited")


def test_who_declines_is_not_asked_again_and_the_next_one_is(platform, concern):
    case_no, _ = concern
    nobody_answers_the_telephone(platform, case_no)
    officer = platform.as_account("volunteers")
    first = dispatch_of(platform, case_no, "offered")
    officer.order(f"/v1/dispatches/{first['dispatch_id']}/decline", reason="不在家")
    second = dispatch_of(platform, case_no, "offered")
    assert second["volunteer"] != first["volunteer"]
    order = f"/v1/dispatches/{second['dispatch_id']}"
    officer.order(f"{order}/accept")
    officer.order(f"{order}/report", outcome="helped", minutes=40)
    platform.until_status(case_no, "closed")


def test_who_answers_the_telephone_needs_no_visit(platform, concern):
    case_no, _ = concern
    task = platform.task("street", case_no, "community")["task_id"]
    platform.as_account("street").order(f"/v1/tasks/{task}/finish", outcome="safe", note="本人接听，平安。")
    case = platform.until_status(case_no, "closed")
    assert [lane["unit"] for lane in case["lanes"]] == ["community"]


def test_a_late_reading_takes_the_concern_back_and_the_volunteer_stands_down(platform, concern):
    case_no, readings = concern
    nobody_answers_the_telephone(platform, case_no)
    dispatch_of(platform, case_no, "offered", "accepted")
    answer = platform.as_device().post("/v1/readings", json={"readings": [late_reading(readings)]})
    assert answer.status_code == 202 and answer.json() == {"accepted": 1, "rejected": []}
    platform.until_status(case_no, "withdrawn")
    dispatch_of(platform, case_no, "stood-down")
    lines = platform.history(case_no)
    assert next(line for line in lines if line["kind"] == "withdrawn")["detail"]["retracted"] is True


def test_water_that_never_stops_is_a_leak_for_property(platform):
    meter = platform.new_meter(platform.home(lives_alone="false"))
    send(platform, meter, "leak")
    case_no = platform.case_of_finding(meter, "leak-check")
    task = platform.task("property", case_no, "property")["task_id"]
    officer = platform.as_account("property")
    officer.order(f"/v1/tasks/{task}/sign")
    officer.order(f"/v1/tasks/{task}/finish", outcome="repaired", note="水箱浮球已更换。")
    case = platform.until_status(case_no, "closed")
    assert [lane["unit"] for lane in case["lanes"]] == ["property"]


def test_a_register_that_ran_backwards_is_a_case_for_the_meters_office_until_a_correction_comes(platform):
    meter = platform.new_meter(platform.home())
    now = datetime.now(UTC).replace(microsecond=0)

    def reading(hours_ago, value, seq):
        at = (now - timedelta(hours=hours_ago)).isoformat()
        return {"meter": meter, "register": "total", "at": at, "value": value, "unit": "m3", "seq": seq}

    def send(*readings):
        answer = platform.as_device().post("/v1/readings", json={"readings": readings})
        assert answer.status_code == 202, answer.text

    send(reading(3, "10.000", 1), reading(2, "10.100", 2), reading(1, "9.500", 3), reading(0, "9.600", 4))
    case_no = platform.case_of_finding(meter, "meter-check")
    assert platform.task("meters", case_no, "meters")["status"] == "assigned"
    send(reading(1, "10.150", 5), reading(0, "10.200", 6))
    platform.until_status(case_no, "withdrawn")
