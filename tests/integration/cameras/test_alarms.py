from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from services.cameras.model import AlreadyCleared, NotYourCameras, UnknownAlarm
from services.cameras.signals import AlarmSignal, Evidence
from services.contracts.cameras import AcknowledgeAlarm, ClearAlarm, ListAlarms
from services.contracts.frontdesk import AlarmRaised, CaseClosed, FindingRetracted, FindingUpdated
from tests.offices import officer

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def after(seconds):
    return AT + timedelta(seconds=seconds)


@pytest.fixture
def camera(office, grid):
    return office.install(grid)[0]


def alarms(office, camera, **more):
    return office(ListAlarms, camera=camera, **more)["items"]


def test_a_fire_is_told_to_the_front_desk_with_references_only(office, grid, camera):
    office.sound(camera, AT, evidence=Evidence(sha256="a" * 64, url="https://v.example/1"))
    (raised,) = office.said(AlarmRaised, place=grid)
    (alarm,) = alarms(office, camera)
    assert (
        raised["severity"] == 1 and raised["device"] == camera and alarm["finding_id"] == raised["finding_id"]
    )
    assert raised["evidence"]["sha256"] == "a" * 64 and raised["evidence"]["alarm_no"] == alarm["alarm_no"]


def test_what_no_rule_names_is_only_listed(office, grid, camera):
    office.sound(camera, AT, type="motion")
    assert len(alarms(office, camera)) == 1 and office.said(AlarmRaised, place=grid) == []


def test_within_the_cooldown_it_is_the_same_alarm(office, grid, camera):
    for seconds in (0, 10, 39.999, 69.998):
        office.sound(camera, after(seconds))
    office.sound(camera, after(100))
    assert [alarm["count"] for alarm in alarms(office, camera)] == [1, 4]
    # The second alarm belongs to the case of the first as long as that is open.
    (raised,) = office.said(AlarmRaised, place=grid)
    assert len(office.said(FindingUpdated, finding_id=raised["finding_id"])) == 1


def test_another_type_and_another_camera_are_other_alarms(office, grid, camera):
    (other,) = office.install(grid)
    office.sound(camera, AT)
    office.sound(camera, AT, type="tamper", id="2")
    office.sound(other, AT)
    assert len(alarms(office, camera)) == 2 and len(office.said(AlarmRaised, place=grid)) == 3


def test_a_redelivered_alarm_is_not_a_second_one(office, camera):
    for _ in range(3):
        office.sound(camera, AT, id="7")
    assert [alarm["count"] for alarm in alarms(office, camera)] == [1]


def test_consumers_at_once_fold_into_one_alarm(office, grid, camera):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: office.sound(camera, after(n / 10), id=str(n)), range(24)))
    assert [alarm["count"] for alarm in alarms(office, camera)] == [24]
    assert len(office.said(AlarmRaised, place=grid)) == 1


def test_a_priority_that_rises_within_the_alarm_may_need_a_person(office, grid, camera):
    office.sound(camera, AT, type="motion", priority=3)
    office.sound(camera, after(5), type="motion", priority=1)
    assert len(office.said(AlarmRaised, place=grid)) == 1


def test_only_its_platform_speaks_for_a_camera(office, grid):
    (camera,) = office.install(grid, platform="platform-1")
    assert office.sound(camera, AT, speaker="platform-1") == []
    assert len(office.sound(camera, after(60), speaker="platform-2")) == 1
    assert len(alarms(office, camera)) == 1


def test_an_alarm_from_the_future_is_of_now(office, camera):
    early = AlarmSignal(camera, camera, "1", "motion", after(9999), "active", 4, None, None)
    office.hear_devices([early], AT)
    assert alarms(office, camera)[0]["last_at"] == AT


def test_seen_then_cleared_and_the_finding_is_taken_back(office, grid, camera):
    guard = officer("cameras", grid)
    office.sound(camera, AT)
    (alarm,) = alarms(office, camera)
    no = alarm["alarm_no"]
    assert office(AcknowledgeAlarm, guard, alarm_no=no)["acknowledged_by"] == guard.account
    assert alarms(office, camera, acknowledged=True, active=True)[0]["alarm_no"] == no
    assert office(ClearAlarm, guard, alarm_no=no, false_alarm=True, reason="做饭油烟")["active"] is False
    (retracted,) = office.said(FindingRetracted, finding_id=alarm["finding_id"])
    assert retracted["reason"] == "false alarm: 做饭油烟"
    with pytest.raises(AlreadyCleared):
        office(ClearAlarm, guard, alarm_no=no, reason="x")
    office.sound(camera, after(60))
    assert len(office.said(AlarmRaised, place=grid)) == 2


def test_the_device_may_say_that_it_is_over(office, camera):
    office.sound(camera, AT, state="cleared")
    assert alarms(office, camera) == []
    office.sound(camera, AT, id="1")
    office.sound(camera, after(5), state="cleared")
    (alarm,) = alarms(office, camera, active=False)
    assert len(office.said(FindingRetracted, finding_id=alarm["finding_id"])) == 1


def test_a_closed_case_clears_its_alarms(office, grid, camera):
    office.sound(camera, AT)
    (raised,) = office.said(AlarmRaised, place=grid)
    facts = {"case_no": "c", "matter": "alarm", "place": grid, "status": "closed", "closed_at": AT}
    office.hear(CaseClosed, finding_id=raised["finding_id"], finder="meters", **facts)
    assert alarms(office, camera)[0]["active"] is True
    for _ in range(2):
        office.hear(CaseClosed, finding_id=raised["finding_id"], finder="cameras", **facts)
    assert alarms(office, camera)[0]["active"] is False
    assert office.said(FindingRetracted, finding_id=raised["finding_id"]) == []


def test_outside_ones_area_nothing_exists_and_nothing_can_be_done(office, grid, camera):
    office.sound(camera, AT)
    stranger = officer("cameras", "000000")
    assert office(ListAlarms, stranger, camera=camera)["items"] == []
    with pytest.raises(NotYourCameras):
        office(AcknowledgeAlarm, stranger, alarm_no=alarms(office, camera)[0]["alarm_no"])
    with pytest.raises(UnknownAlarm):
        office(AcknowledgeAlarm, alarm_no="none")
