"""Rules §1 "Return", "Extension", "Supervision" and "Clocks": who held a case, and every deadline by its boundary."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from services.chassis import clock
from services.chassis.database import Ledger
from services.contracts import care, frontdesk, tasks
from services.frontdesk import handlers
from services.frontdesk.model import UnknownCase
from services.frontdesk.repository import Repository
from tests.integration.frontdesk.conftest import CLERK, STRANGER, SUPERVISOR, staff

DAY = 8 * 60  # working minutes


def held(desk, no, caller=CLERK):
    answer = desk.ask(care.ListHolders, caller, case_no=no)
    return {one["unit"]: one for one in answer["items"]}


def minutes(desk, no):
    return {unit: one["working_minutes"] for unit, one in held(desk, no).items() if one["working_minutes"]}


def decide(desk, task_id, decision, **more):
    desk.order(frontdesk.DecideReturn, task_id=task_id, decision=decision, reason="裁定", **more)


# -- time charged to the holder --


def test_a_unit_is_charged_the_working_time_it_held_a_case_and_nothing_of_nights(desk):
    receipt = desk.complain()
    desk.now += timedelta(days=1, hours=3)  # Tuesday, one in the afternoon
    assert minutes(desk, receipt["case_no"]) == {"community": DAY + 180}
    assert held(desk, receipt["case_no"])["community"]["holds"] is True
    desk.finish(receipt["tasks"][0]["task_id"])
    desk.now += timedelta(days=3)
    assert minutes(desk, receipt["case_no"]) == {"community": DAY + 180}
    assert held(desk, receipt["case_no"])["community"]["holds"] is False


def test_a_return_that_is_upheld_charges_what_was_held_before_to_the_unit_and_the_ruling_to_the_desk(desk):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.now += timedelta(hours=2)
    desk.give_back(task_id)
    assert held(desk, receipt["case_no"])["frontdesk"]["holds"] is True
    desk.now += timedelta(hours=3)
    decide(desk, task_id, "upheld", unit="street")
    desk.now += timedelta(hours=1)
    assert minutes(desk, receipt["case_no"]) == {"community": 120, "frontdesk": 180, "street": 60}
    assert held(desk, receipt["case_no"])["community"]["returns"] == 1


def test_a_return_that_is_not_upheld_is_the_units_own_time_up_to_the_desks_clock(desk):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.now += timedelta(hours=2)
    desk.give_back(task_id)  # Monday noon: the desk rules until Tuesday at five
    desk.now = clock.parse("2026-11-25T02:00:00Z")  # Wednesday at ten, one working hour too late
    decide(desk, task_id, "designated")
    assert minutes(desk, receipt["case_no"]) == {"community": 120 + 300 + DAY, "frontdesk": 60}


def test_what_the_applicant_is_waited_for_is_nobodys_time(desk):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.sign(task_id)
    desk.now += timedelta(hours=1)
    desk.ask_supplement(task_id)
    desk.now += timedelta(days=1)
    desk.order(frontdesk.SupplementCase, case_no=receipt["case_no"], note="已补")
    desk.now += timedelta(hours=1)
    mine = held(desk, receipt["case_no"])["community"]
    assert (mine["working_minutes"], mine["waited_minutes"]) == (120, DAY)


def test_holders_are_shown_to_whoever_may_see_the_case(desk):
    no = desk.complain()["case_no"]
    assert held(desk, no, SUPERVISOR) and held(desk, no, staff("officer", department="street"))
    for outsider in (STRANGER, staff("officer", department="property")):
        with pytest.raises(UnknownCase):
            held(desk, no, outsider)


# -- the late child is named --


def test_the_late_unit_is_named_and_not_the_lead(desk):
    receipt = desk.complain(topic="property")
    no, ids = receipt["case_no"], {task["unit"]: task["task_id"] for task in receipt["tasks"]}
    desk.finish(ids["community"])
    desk.now = clock.parse("2026-11-30T09:00:00Z")  # the fifth working day at five
    assert desk.case(no)["late"] == []
    desk.now += timedelta(seconds=1)
    assert desk.case(no)["late"] == ["property"]
    desk.finish(ids["property"])
    assert desk.case(no)["late"] == ["property"], "done late stays late"
    assert held(desk, no)["property"]["late"] and not held(desk, no)["community"]["late"]


# -- returns --


def test_ping_pong_is_counted_and_who_returned_it_is_not_asked_again(desk):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.give_back(task_id)
    decide(desk, task_id, "upheld", unit="street")
    desk.give_back(f"{receipt['case_no']}.street")
    assert desk.case(receipt["case_no"])["returns"] == 2


def test_the_desk_has_its_own_clock_for_ruling(desk):
    receipt = desk.complain()
    desk.give_back(receipt["tasks"][0]["task_id"])
    desk.now = clock.parse("2026-11-24T09:00:00Z") - timedelta(seconds=1)
    desk.tick()
    assert "adjudicate-by" not in desk.kinds(receipt["case_no"])
    desk.tick(seconds=1)
    assert desk.kinds(receipt["case_no"]).count("adjudicate-by") == 1
    assert desk.case(receipt["case_no"])["level"] == 1


def test_nobody_is_late_to_sign_what_he_asked_to_return(desk):
    receipt = desk.complain()
    desk.give_back(receipt["tasks"][0]["task_id"])
    desk.tick(days=1)
    assert "sign-late" not in desk.kinds(receipt["case_no"])


def test_a_unit_that_was_designated_may_not_return_it_in_a_later_round_either(desk):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.give_back(task_id)
    decide(desk, task_id, "designated")
    desk.finish(task_id)
    desk.order(frontdesk.RateCase, case_no=receipt["case_no"], stars=1)
    assert desk.said("TaskAssigned")[-1][2]["designated"] is True


# -- deadlines --


@pytest.mark.parametrize(
    "filed, warned, due",
    [
        ("2026-11-23T02:00:00Z", "2026-11-27T07:36:00Z", "2026-11-30T09:00:00Z"),  # over a weekend
        ("2026-02-13T02:00:00Z", "2026-02-26T07:36:00Z", "2026-02-27T09:00:00Z"),  # Spring Festival and 调休
    ],
)
def test_the_warning_comes_when_a_fifth_of_the_working_time_is_left(desk, filed, warned, due):
    desk.now = clock.parse(filed)
    receipt = desk.complain()
    no = receipt["case_no"]
    assert receipt["tasks"][0]["due_at"] == clock.parse(due)
    desk.sign(receipt["tasks"][0]["task_id"])
    desk.now = clock.parse(warned) - timedelta(seconds=1)
    desk.tick()
    assert "near-due" not in desk.kinds(no)
    desk.tick(seconds=1)
    assert desk.kinds(no).count("near-due") == 1


def test_supervision_climbs_by_itself_and_says_who_is_told(desk):
    receipt = desk.complain()
    no = receipt["case_no"]
    steps = [
        ("2026-11-30T09:00:00Z", 1, ["head"]),
        ("2026-12-01T09:00:00Z", 2, ["head", "supervisor"]),
        ("2026-12-02T09:00:00Z", 3, ["head", "supervisor", "street-leader"]),
    ]
    for at, level, told in steps:
        desk.now = clock.parse(at) - timedelta(seconds=1)
        desk.tick()
        assert desk.case(no)["level"] == level - 1
        desk.tick(seconds=1)
        desk.tick(seconds=2)  # the next level begins when the one before it has fired
        assert desk.case(no)["level"] == level
        said = [(data["level"], data["tells"]) for _, _, data in desk.said("SupervisionRaised")]
        assert said[-1] == (level, told) and len(said) == level


def test_an_extension_makes_a_deadline_that_may_be_missed_anew_and_is_given_once(desk):
    receipt = desk.complain()
    no, task_id = receipt["case_no"], receipt["tasks"][0]["task_id"]
    desk.sign(task_id)
    until = clock.parse("2026-12-03T09:00:00Z")
    ask = {"task_id": task_id, "officer": "head", "at": desk.now, "until": until, "reason": "待检"}
    desk.hear(tasks.TaskExtensionAsked, **ask)
    desk.order(frontdesk.DecideExtension, task_id=task_id, granted=True, reason="同意")
    desk.hear(tasks.TaskExtensionAsked, **ask | {"until": until + timedelta(days=1)})
    assert desk.kinds(no).count("extension-asked") == 1
    desk.now = until - timedelta(seconds=1)
    desk.tick()
    assert "overdue" not in desk.kinds(no)
    desk.tick(seconds=1)
    assert desk.kinds(no).count("overdue") == 1


def test_a_deadline_fires_once_with_several_replicas(desk):
    """Ten cases are due; four replicas look at the same moment, and again after a restart."""
    numbers = [desk.complain()["case_no"] for _ in range(10)]
    desk.now += timedelta(days=30)
    together = Barrier(4)

    def look(_):
        ledger = Ledger("frontdesk", Repository)
        ledger._engine, ledger.before_commit = desk.engine, handlers.publish_changes
        together.wait()
        with ledger.work() as work:
            work.now = desk.now
            handlers.watch_deadlines(work)

    for _ in range(2):
        with ThreadPoolExecutor(4) as replicas:
            list(replicas.map(look, range(4)))
    for no in numbers:
        assert desk.kinds(no).count("overdue") == desk.kinds(no).count("sign-late") == 1
    assert len([1 for _, _, told in desk.said("SupervisionRaised") if told["level"] == 1]) == 10
