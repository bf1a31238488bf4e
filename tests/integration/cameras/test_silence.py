from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.contracts.cameras import GetCamera, ListCameras, RetireCamera
from services.contracts.frontdesk import CameraOfflineFound, CaseClosed, FindingRetracted, FindingUpdated

AT = datetime(2030, 3, 1, 8, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("alone")


def seconds(count):
    return AT + timedelta(seconds=count)


def minutes(count):
    return AT + timedelta(minutes=count)


def status(office, camera):
    return office(GetCamera, camera=camera)["status"]


def test_a_camera_is_offline_after_three_minutes_and_not_before(office, grid):
    (camera,) = office.install(grid)
    assert status(office, camera) == "new"
    office.beat([camera], AT)
    office.look_for_silence(seconds(180))
    assert status(office, camera) == "online"
    office.look_for_silence(seconds(180.001))
    assert status(office, camera) == "offline"


def test_each_camera_has_its_own_patience(office, grid):
    hasty, patient = office.install(grid, interval_s=10, misses=1) + office.install(grid, interval_s=600)
    office.beat([hasty, patient], AT)
    office.look_for_silence(minutes(20))
    assert (status(office, hasty), status(office, patient)) == ("offline", "online")


def test_a_camera_that_was_never_heard_is_not_missed(office, grid):
    (camera,) = office.install(grid)
    office.look_for_silence(minutes(9999))
    assert status(office, camera) == "new"


def test_offline_is_reported_once_after_its_time_and_taken_back_when_heard(office, grid):
    (camera,) = office.install(grid)
    office.beat([camera], AT)
    office.look_for_silence(minutes(5))
    office.look_for_silence(minutes(14.99))
    assert office.said(CameraOfflineFound, place=grid) == []
    for late in (15, 16, 500):
        office.look_for_silence(minutes(late))
    (found,) = office.said(CameraOfflineFound, place=grid)
    assert found["device"] == camera and found["evidence"]["cameras"][0]["camera"] == camera
    office.beat([camera], minutes(501))
    assert status(office, camera) == "online"
    assert len(office.said(FindingRetracted, finding_id=found["finding_id"])) == 1
    office.look_for_silence(minutes(600))
    office.look_for_silence(minutes(700))
    assert len(office.said(CameraOfflineFound, place=grid)) == 2


def test_a_mass_drop_is_one_finding_which_ends_with_the_last_camera(office, grid):
    cameras = office.install(grid, 6)
    office.beat(cameras, AT)
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    (found,) = office.said(CameraOfflineFound, place=grid)
    assert found["evidence"]["count"] == 6 and "device" not in found
    office.beat(cameras[:5], minutes(20))
    (update,) = office.said(FindingUpdated, finding_id=found["finding_id"])
    assert update["evidence"]["still_offline"] == cameras[5:]
    assert office.said(FindingRetracted, finding_id=found["finding_id"]) == []
    office.beat(cameras[5:], minutes(21))
    assert len(office.said(FindingRetracted, finding_id=found["finding_id"])) == 1


def test_a_community_that_comes_back_is_told_each_time_the_number_has_halved(office, grid):
    cameras = office.install(grid, 16)
    office.beat(cameras, AT)
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    for camera in cameras:
        office.beat([camera], minutes(20))
    (found,) = office.said(CameraOfflineFound, place=grid)
    updates = office.said(FindingUpdated, finding_id=found["finding_id"])
    assert [update["evidence"]["count"] for update in updates] == [15, 7, 3, 1]


def test_whoever_falls_silent_later_joins_the_mass_finding(office, grid):
    cameras = office.install(grid, 6)
    office.beat(cameras[:5], AT)
    office.beat(cameras[5:], minutes(30))
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    office.look_for_silence(minutes(40))
    office.look_for_silence(minutes(50))
    (found,) = office.said(CameraOfflineFound, place=grid)
    (update,) = office.said(FindingUpdated, finding_id=found["finding_id"])
    assert update["evidence"]["count"] == 6


@pytest.mark.parametrize(("count", "findings"), [(4, 4), (5, 1)])
def test_five_of_one_community_are_one_trouble(office, grid, count, findings):
    office.beat(office.install(grid, count), AT)
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    assert len(office.said(CameraOfflineFound, place=grid)) == findings


def test_a_closed_case_is_not_opened_again_while_the_silence_lasts(office, grid):
    (camera,) = office.install(grid)
    office.beat([camera], AT)
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    (found,) = office.said(CameraOfflineFound, place=grid)
    facts = {
        "case_no": "c",
        "matter": "camera-maintenance",
        "place": grid,
        "status": "closed",
        "closed_at": AT,
    }
    office.hear(CaseClosed, finding_id=found["finding_id"], finder="cameras", **facts)
    office.look_for_silence(minutes(99))
    assert len(office.said(CameraOfflineFound, place=grid)) == 1
    office.beat([camera], minutes(100))
    assert office.said(FindingRetracted, finding_id=found["finding_id"]) == []


def test_clocks_that_run_fast_and_heartbeats_that_come_late_change_nothing(office, grid):
    fast, late = office.install(grid, 2)
    office.beat([fast], AT, said_at=AT + timedelta(days=1))
    office.beat([late], AT)
    office.look_for_silence(minutes(4))
    assert status(office, fast) == "offline"
    office.beat([late], minutes(10), said_at=minutes(1))
    assert status(office, late) == "offline"
    assert office(GetCamera, camera=late)["last_seen"] == minutes(1)
    office.beat([late], minutes(10), said_at=seconds(0))
    assert office(GetCamera, camera=late)["last_seen"] == minutes(1)


def test_nobody_beats_for_another(office, grid):
    one, other = office.install(grid, 2)
    (reason,) = office.beat([one], AT, speaker=other)
    assert reason.startswith("not-its-voice") and status(office, one) == "new"
    assert office.beat([grid[:8] + "01132" + "9999999"], AT)[0].startswith("not-its-voice")


def test_a_good_heartbeat_counts_beside_a_refused_one(office, grid):
    (camera,) = office.install(grid)
    assert len(office.beat([camera, camera, "nobody"], AT)) == 1
    assert status(office, camera) == "online"


def test_a_retired_camera_is_not_missed_and_its_finding_is_taken_back(office, grid):
    (camera,) = office.install(grid)
    office.beat([camera], AT)
    office.look_for_silence(minutes(4))
    office.look_for_silence(minutes(14))
    (found,) = office.said(CameraOfflineFound, place=grid)
    office(RetireCamera, camera=camera, reason="拆除")
    assert len(office.said(FindingRetracted, finding_id=found["finding_id"])) == 1
    assert office.beat([camera], minutes(20)) == [] and status(office, camera) == "retired"
    assert [c["camera"] for c in office(ListCameras, place=grid, status="retired")["items"]] == [camera]


def test_the_search_for_silence_reads_an_index_and_not_the_register(office, grid):
    with office.ledger.read() as read:
        read.connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(
            read.connection.execute(
                text("EXPLAIN SELECT camera FROM cameras WHERE status = 'online' AND silent_at < now()")
            ).scalars()
        )
        read.connection.execute(text("RESET enable_seqscan"))
    assert "ix_cameras_listened_to" in plan
