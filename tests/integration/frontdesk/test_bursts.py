"""Mission 6: many reports and device findings become one incident, exactly once; all of them are answered with it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.contracts import frontdesk, intake
from services.frontdesk import handlers
from services.frontdesk.handlers import bursts
from services.frontdesk.handlers.bursts import collapse_bursts, open_topics
from services.frontdesk.model import CaseNotOpenToThis
from tests.integration.frontdesk.conftest import CLERK, PLACE, STRANGER, complaint, id_number

THRESHOLD = 5
"""Of `water-outage` in data/intake/bursts.yaml, within ten minutes in one grid."""


def no_water(desk, number, words="家里停水了", topic="meters", **more):
    person = {"name": "张某", "id_number": id_number(number), "phone": "13500000000"}
    form = {"description": words, **more}
    return desk.order(frontdesk.FileCase, **complaint(topic, form, applicant=person))


def burst(desk, count=THRESHOLD):
    receipts = [no_water(desk, number) for number in range(1, count + 1)]
    desk.look(collapse_bursts)
    return receipts


def incident_of(desk):
    [incident] = desk.ask(intake.ListIncidents, open=True)["items"]
    return incident


def finish_all(desk, no):
    for lane in desk.case(no)["lanes"]:
        desk.finish(lane["task_id"])


def test_below_the_threshold_each_report_is_a_case_and_at_it_they_become_one(desk):
    receipts = [no_water(desk, number) for number in range(1, THRESHOLD)]
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListIncidents)["items"] == []
    receipts.append(no_water(desk, THRESHOLD))
    desk.look(collapse_bursts)
    incident = incident_of(desk)
    assert (incident["kind"], incident["place"], incident["reports"]) == ("water-outage", PLACE, THRESHOLD)
    for receipt in receipts:
        face = desk.case(receipt["case_no"])
        assert (face["status"], face["merged_into"]) == ("merged", incident["case_no"])
    withdrawn = {data["task_id"] for _, _, data in desk.said("TaskWithdrawn")}
    assert withdrawn == {task["task_id"] for receipt in receipts for task in receipt["tasks"]}
    assert desk.case(incident["case_no"])["followers"] == THRESHOLD


def test_the_window_is_ten_minutes_to_the_second(desk):
    no_water(desk, 1)
    desk.now += timedelta(minutes=10)
    for number in range(2, THRESHOLD + 1):
        no_water(desk, number)
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListIncidents)["items"] == []
    no_water(desk, THRESHOLD + 1)
    desk.look(collapse_bursts)
    assert incident_of(desk)["reports"] == THRESHOLD, "the one before the window goes its own way"


def test_who_reports_ten_times_is_one_reporter_and_other_grids_and_words_do_not_count(desk):
    for _ in range(10):
        no_water(desk, 1)
    for number in range(2, THRESHOLD):
        no_water(desk, number)
    no_water(desk, 50, words="水费太贵")
    no_water(desk, 51, address="110105001001002-1-101")
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListIncidents)["items"] == []


def test_a_later_report_follows_from_the_start_and_sees_the_progress(desk):
    burst(desk)
    incident = incident_of(desk)
    assigned = len(desk.said("TaskAssigned"))
    late = no_water(desk, 99)
    assert (late["status"], late["tasks"], late["follows"]) == ("merged", [], incident["case_no"])
    assert late["case_no"] and late["tracking_token"]
    assert len(desk.said("TaskAssigned")) == assigned, "nobody is given a task and told to drop it"
    lane = desk.lane(incident["case_no"], "property")
    desk.sign(lane["task_id"])
    leading = desk.ask(frontdesk.GetCaseByToken, token=late["tracking_token"])["leading"]
    assert leading["case_no"] == incident["case_no"]
    assert {one["unit"]: one["status"] for one in leading["lanes"]}["property"] == "signed"


def test_one_broadcast_that_is_over_when_the_incident_is(desk):
    burst(desk)
    for number in range(20, 30):
        no_water(desk, number)
        desk.look(collapse_bursts, seconds=1)
    [(_, _, said)] = desk.said("BroadcastMade")
    incident = incident_of(desk)
    assert (said["case_no"], said["place"]) == (incident["case_no"], PLACE)
    assert incident["case_no"] in said["zh"]
    [shown] = desk.ask(intake.ListBroadcasts, place="110105001", open=True)["items"]
    assert shown["broadcast_id"] == said["broadcast_id"]
    assert desk.kinds(incident["case_no"]).count("broadcast") == 1
    finish_all(desk, incident["case_no"])
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListBroadcasts, place=PLACE, open=True)["items"] == []
    assert len(desk.ask(intake.ListBroadcasts, place=PLACE)["items"]) == 1


def test_closing_answers_every_follower_in_bounded_batches_and_once(desk, monkeypatch):
    receipts = burst(desk, 12)
    incident = incident_of(desk)["case_no"]
    monkeypatch.setattr(bursts, "BATCH", 5)
    finish_all(desk, incident)
    answered = []
    for _ in range(4):
        desk.look(collapse_bursts, seconds=1)
        told = [desk.kinds(receipt["case_no"]).count("answered-with") for receipt in receipts]
        assert max(told) <= 1
        answered.append(sum(told))
    assert answered == [5, 10, 12, 12]
    row = desk.ask(intake.ListReports, case_no=incident)["items"][0]
    assert row["answered_at"] and row["applicant"] == {"name": "张*"}


def test_each_follower_rates_and_is_called_back_by_himself(desk):
    first, second = burst(desk)[:2]
    incident = incident_of(desk)["case_no"]
    rate = {"case_no": first["case_no"], "token": first["tracking_token"]}
    with pytest.raises(Exception, match="not finished"):
        desk.order(frontdesk.RateCase, **rate, stars=5)
    finish_all(desk, incident)
    desk.look(collapse_bursts)
    desk.tick(days=5)
    assert {"rating-invited", "callback-due"} <= set(desk.kinds(first["case_no"]))
    desk.order(frontdesk.RateCase, **rate, stars=5)
    face = desk.order(
        frontdesk.RecordCallback, case_no=second["case_no"], reached=True, resolved=False, satisfied=False
    )
    assert (face["status"], face["round"]) == ("handling", 2), "who was not helped is helped by himself"
    assert desk.case(second["case_no"])["merged_into"] is None
    assert desk.case(first["case_no"])["status"] == "merged"


def test_taken_back_each_report_goes_its_own_way(desk):
    receipts = burst(desk)
    late = no_water(desk, 99)
    incident = incident_of(desk)["case_no"]
    desk.order(frontdesk.WithdrawCase, case_no=incident, reason="并非同一件事")
    desk.look(collapse_bursts)
    for receipt in (*receipts, late):
        face = desk.case(receipt["case_no"])
        assert (face["status"], face["merged_into"]) == ("dispatched", None)
        assert [lane for lane in face["lanes"] if lane["status"] == "assigned"]


def test_an_incident_that_is_merged_hands_its_reports_on(desk):
    receipts = burst(desk)
    incident = incident_of(desk)["case_no"]
    other = desk.complain(topic="property")
    desk.order(frontdesk.MergeCase, case_no=incident, into=other["case_no"])
    desk.look(collapse_bursts)
    finish_all(desk, other["case_no"])
    for receipt in receipts:
        assert desk.kinds(receipt["case_no"])[-2:] == ["handed-on", "answered-with"]


def alarm(desk, finding, kind="smoke", device="cam-1"):
    desk.hear(
        frontdesk.AlarmRaised, "cameras", finding_id=finding, place=PLACE, device=device, type=kind,
        severity=1, evidence={"zone": "stairs"}, raised_at=desk.now,
    )  # fmt: skip


def test_one_camera_alarm_weighs_two_reports_of_fire(desk):
    desk.order(frontdesk.FileCase, **complaint("other", {"description": "楼道冒烟"}))
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListIncidents)["items"] == []
    alarm(desk, "f-1")
    desk.look(collapse_bursts)
    incident = incident_of(desk)
    assert (incident["kind"], incident["reports"]) == ("fire", 2)
    units = {lane["unit"] for lane in desk.case(incident["case_no"])["lanes"]}
    assert units == {"property", "fire", "grid"}


def test_zero_readings_count_but_a_welfare_check_is_never_dropped(desk):
    """An elder alone without water may be in danger: the check goes on beside the incident."""
    for number in range(THRESHOLD):
        desk.hear(
            frontdesk.WelfareConcernRaised, "meters", finding_id=f"w-{number}", place=PLACE, household=f"h-{number}",
            evidence={"used_m3": "0"}, person={"name": "王某"}, raised_at=desk.now,
        )  # fmt: skip
    desk.look(collapse_bursts)
    incident = incident_of(desk)
    assert (incident["kind"], incident["reports"]) == ("water-outage", THRESHOLD)
    checks = desk.ask(frontdesk.ListCases, matter="welfare-check")["items"]
    assert {case["status"] for case in checks} == {"dispatched"}
    finish_all(desk, incident["case_no"])
    desk.look(collapse_bursts)
    checks = desk.ask(frontdesk.ListCases, matter="welfare-check")["items"]
    assert {case["status"] for case in checks} == {"dispatched"}


def test_a_retracted_finding_does_not_count(desk):
    desk.order(frontdesk.FileCase, **complaint("other", {"description": "楼道冒烟"}))
    alarm(desk, "f-1")
    desk.hear(frontdesk.FindingRetracted, "cameras", finding_id="f-1", reason="false", at=desk.now)
    desk.look(collapse_bursts)
    assert desk.ask(intake.ListIncidents)["items"] == []


def test_what_comes_after_the_end_is_a_new_burst(desk):
    burst(desk)
    first = incident_of(desk)["case_no"]
    finish_all(desk, first)
    after = no_water(desk, 70)
    assert after["follows"] is None and after["tasks"]
    desk.look(collapse_bursts)
    for number in range(71, 70 + THRESHOLD):
        no_water(desk, number)
    desk.look(collapse_bursts)
    assert incident_of(desk)["case_no"] != first


def test_strangers_see_neither_incident_nor_reports(desk):
    burst(desk)
    incident = incident_of(desk)["case_no"]
    assert desk.ask(intake.ListIncidents, STRANGER)["items"] == []
    with pytest.raises(Exception, match="no case"):
        desk.ask(intake.ListReports, STRANGER, case_no=incident)


def test_three_hundred_filed_at_once_beside_three_replicas_of_the_timer_are_one_incident(desk, stack):
    """Real concurrency on real PostgreSQL: eight desks file while three replicas look, without the lease between them."""
    reports, fillers, errors = 300, 8, []
    handing_in = iter(range(100, 100 + reports))
    taking, done = threading.Lock(), threading.Event()

    def guarded(act):
        try:
            act()
        except BaseException as error:
            errors.append(error)

    def fill():
        while True:
            with taking:
                number = next(handing_in, None)
            if number is None:
                return
            no_water(desk, number)

    def look():
        while not done.is_set():
            desk.look(collapse_bursts)

    from services.chassis.database import open_engine

    wide = open_engine(stack["DATABASE_URL_FRONTDESK"], "frontdesk-crowd", fillers + 3)
    desk.ledger._engine = wide
    try:
        lookers = [threading.Thread(target=guarded, args=(look,)) for _ in range(3)]
        fillings = [threading.Thread(target=guarded, args=(fill,)) for _ in range(fillers)]
        for thread in (*lookers, *fillings):
            thread.start()
        for thread in fillings:
            thread.join()
        done.set()
        for thread in lookers:
            thread.join()
        for _ in range(reports // bursts.BATCH + 1):
            desk.look(collapse_bursts)
        assert errors == []
        [incident] = desk.ask(intake.ListIncidents)["items"]
        assert incident["reports"] == reports
        assert len(desk.said("BroadcastMade")) == 1
        with desk.engine.connect() as connection:
            followed = connection.execute(
                text("SELECT body->>'merged_into', count(*) FROM cases WHERE matter = 'complaint' GROUP BY 1")
            ).all()
        assert [tuple(row) for row in followed] == [(incident["case_no"], reports)]
        finish_all(desk, incident["case_no"])
        crowd = [
            threading.Thread(target=guarded, args=(lambda: desk.look(collapse_bursts),)) for _ in range(8)
        ]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        for _ in range(reports // bursts.BATCH + 1):
            desk.look(collapse_bursts)
        assert errors == []
        with desk.engine.connect() as connection:
            told = connection.execute(
                text("SELECT count(*), count(DISTINCT case_no) FROM history WHERE kind = 'answered-with'")
            ).one()
        assert tuple(told) == (reports, reports)
    finally:
        wide.dispose()


# -- flow 12: topics -----------------------------------------------------------------------------------


def neighbours(desk, number, **form):
    person = {"name": "张某", "id_number": id_number(number), "phone": "13500000000"}
    return desk.order(frontdesk.FileCase, **complaint("environment", form, applicant=person))


def test_flow_12_the_same_complaint_again_and_again_opens_a_topic_case_once(desk):
    receipts = []
    for number in range(1, 5):
        receipts.append(neighbours(desk, number, address=f"11010500100100{number}-1-101"))
        desk.look(open_topics, days=7)
    assert desk.ask(intake.ListIncidents)["items"] == [], "four of five within thirty days"
    receipts.append(neighbours(desk, 5))
    desk.look(open_topics)
    topic = incident_of(desk)
    assert (topic["kind"], topic["then"], topic["place"]) == ("topic:environment", "topic", "110105001001")
    desk.look(open_topics)
    desk.look(collapse_bursts)
    assert len(desk.ask(intake.ListIncidents)["items"]) == 1
    listed = {row["case_no"] for row in desk.ask(intake.ListReports, case_no=topic["case_no"])["items"]}
    assert listed == {receipt["case_no"] for receipt in receipts}
    assert {desk.case(no)["status"] for no in listed} == {"dispatched"}, "each keeps its own way"
    more = neighbours(desk, 6)
    assert more["status"] == "dispatched"
    assert incident_of(desk)["reports"] == 6


def test_flow_12_a_topic_looks_back_thirty_days_and_no_further(desk):
    neighbours(desk, 1)
    desk.now += timedelta(days=30)
    for number in range(2, 6):
        neighbours(desk, number)
    desk.look(open_topics)
    assert desk.ask(intake.ListIncidents)["items"] == []


def test_flow_12_joint_meeting_then_whistle_then_the_topic_closes(desk):
    for number in range(1, 6):
        neighbours(desk, number)
    desk.look(open_topics)
    no = incident_of(desk)["case_no"]
    desk.finish(desk.lane(no, "community")["task_id"], "whistle", minutes="会议决定吹哨")
    assert desk.lane(no, "street")["status"] == "assigned"
    desk.order(
        intake.BlowWhistle, CLERK, case_no=no, units=["property", "grid"], lead="property", reason="联合清运"
    )
    desk.finish(desk.lane(no, "street")["task_id"])
    assert desk.case(no)["status"] == "handling", "it waits for those who were summoned"
    for unit in ("property", "grid"):
        desk.finish(desk.lane(no, unit)["task_id"])
    assert desk.case(no)["status"] == "closed"


def test_an_unfinished_incident_cannot_be_redone_by_a_follower(desk):
    first = burst(desk)[0]
    with pytest.raises(CaseNotOpenToThis):
        desk.order(frontdesk.ReopenCase, case_no=first["case_no"], reason="x")


def test_a_filing_that_saw_the_incident_open_and_committed_after_its_end_is_answered_all_the_same(desk):
    burst(desk)
    incident = incident_of(desk)["case_no"]
    with desk.ledger.work(CLERK) as slow:
        slow.now = desk.now
        person = {"name": "张某", "id_number": id_number(77), "phone": "13500000000"}
        filing = frontdesk.FileCase.read(complaint("meters", {"description": "停水"}, applicant=person))
        late = handlers.COMMANDS[frontdesk.FileCase](slow, filing)["case_no"]
        finish_all(desk, incident)
        desk.look(collapse_bursts)
    desk.look(collapse_bursts, seconds=1)
    assert desk.kinds(late)[-1] == "answered-with"
    desk.look(collapse_bursts, minutes=2, seconds=1)
    with desk.engine.connect() as connection:
        settled = connection.execute(text("SELECT settled_at FROM incidents")).scalar_one()
    assert settled == desk.now


def test_one_report_that_cannot_be_joined_holds_up_no_other(desk):
    receipts = [no_water(desk, number) for number in range(1, THRESHOLD + 1)]
    with desk.engine.begin() as connection:
        broken = text("UPDATE cases SET body = body - 'tasks' || '{\"tasks\": 7}' WHERE no = :no")
        connection.execute(broken, {"no": receipts[0]["case_no"]})
    desk.look(collapse_bursts)
    with desk.engine.connect() as connection:
        statuses = dict(
            connection.execute(text("SELECT no, status FROM cases WHERE matter = 'complaint'")).all()
        )
    assert statuses.pop(receipts[0]["case_no"]) == "dispatched"
    assert set(statuses.values()) == {"merged"}
    desk.look(collapse_bursts)
    assert incident_of(desk)["reports"] == THRESHOLD
