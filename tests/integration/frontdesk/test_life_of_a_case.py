"""The whole life of a case, each rule in a sentence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.chassis import clock
from services.chassis.errors import Problem
from services.contracts import frontdesk, tasks
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.model import (
    AlreadyRated,
    CannotFollowItself,
    CaseNotOpenToThis,
    NotFinishedYet,
    NothingAskedFor,
    NothingToDecide,
    NotYours,
    UnitNeeded,
    UnknownCase,
    case_number,
)
from tests.integration.frontdesk.conftest import CLERK, PLACE, STRANGER, SUPERVISOR, TERMINAL, staff

FIVE = {"property", "meters", "cameras", "party", "volunteers"}


def test_one_form_gives_five_departments_their_part_in_one_transaction(desk):
    receipt = desk.move_in()
    assert {task["unit"] for task in receipt["tasks"]} == FIVE
    assigned = desk.said("TaskAssigned")
    assert {to for _, to, _ in assigned} == FIVE
    assert desk.kinds(receipt["case_no"]) == ["filed"] + ["assigned"] * 5
    (noted,) = [data for _, _, data in desk.said("CaseNoted")]
    assert [line["seq"] for line in noted["lines"]] == [1, 2, 3, 4, 5, 6]
    assert receipt["status"] == "dispatched"
    assert len(receipt["tracking_token"]) >= 22


def test_departments_nobody_ticked_are_not_asked(desk):
    members = [{"name": "李某", "id_number": "110105198001010010", "relation": "self"}]
    with pytest.raises(IncompleteForm) as told:
        desk.move_in(members=members)
    assert "form.members.0.id_number" in told.value.field_sentences, "a wrong checksum is found"


def test_everything_missing_is_told_at_once_and_nothing_is_half_done(desk):
    with pytest.raises(IncompleteForm) as told:
        desk.order(frontdesk.FileCase, TERMINAL, matter="moving-in", applicant={}, form={"surprise": 1})
    paths = set(told.value.field_sentences)
    assert {"applicant.name", "applicant.id_number", "form.members", "form.surprise"} <= paths
    assert desk.said() == []


def test_it_closes_by_itself_when_the_last_lane_is_done_and_not_before(desk):
    receipt = desk.move_in()
    *first, last = [task["task_id"] for task in receipt["tasks"]]
    for task_id in first:
        desk.sign(task_id)
        desk.finish(task_id)
    assert desk.case(receipt["case_no"])["status"] == "handling"
    desk.finish(last)
    case = desk.case(receipt["case_no"])
    assert case["status"] == "closed"
    assert case["closed_at"] == desk.now
    assert [data["status"] for _, _, data in desk.said("CaseClosed")] == ["closed"]


def test_a_refused_part_refuses_the_case_once_all_lanes_have_ended(desk):
    receipt = desk.move_in()
    ids = {task["unit"]: task["task_id"] for task in receipt["tasks"]}
    desk.finish(ids["property"], "refused")
    assert desk.case(receipt["case_no"])["status"] == "handling"
    for unit in FIVE - {"property"}:
        desk.finish(ids[unit])
    assert desk.case(receipt["case_no"])["status"] == "refused"


def test_answers_that_come_late_or_twice_change_nothing(desk):
    receipt = desk.move_in()
    task_id = receipt["tasks"][0]["task_id"]
    desk.finish(task_id)
    desk.sign(task_id)
    desk.finish(task_id, "refused")
    assert desk.lane(receipt["case_no"], "property")["status"] == "done"
    assert desk.kinds(receipt["case_no"]).count("finished") == 1


def test_a_return_upheld_goes_to_another_unit_and_the_time_stays_charged(desk):
    receipt = desk.move_in()
    task = receipt["tasks"][0]
    desk.hear(tasks.TaskReturned, task_id=task["task_id"], officer="o", at=desk.now, reason="不属于我单位")
    with pytest.raises(UnitNeeded):
        desk.order(frontdesk.DecideReturn, task_id=task["task_id"], decision="upheld", reason="同意")
    desk.order(
        frontdesk.DecideReturn, task_id=task["task_id"], decision="upheld", unit="street", reason="同意"
    )
    other = desk.lane(receipt["case_no"], "street")
    assert other["due_at"] == task["due_at"], "the clock did not begin anew"
    assert desk.case(receipt["case_no"])["returns"] == 1
    for lane in desk.case(receipt["case_no"])["lanes"]:
        if lane["status"] == "assigned":
            desk.finish(lane["task_id"])
    assert desk.case(receipt["case_no"])["status"] == "closed"


def test_a_return_ruled_on_after_the_time_is_over_is_late_from_the_start_and_goes_on(desk):
    receipt = desk.move_in()
    no, task = receipt["case_no"], receipt["tasks"][0]
    desk.hear(tasks.TaskReturned, task_id=task["task_id"], officer="o", at=desk.now, reason="不属于我单位")
    desk.tick(days=20)
    ruling = {"decision": "upheld", "unit": "street", "reason": "同意"}
    desk.order(frontdesk.DecideReturn, task_id=task["task_id"], **ruling)
    desk.tick(minutes=1)
    assert "overdue" in desk.kinds(no) and desk.ask(frontdesk.ListCases, trouble=True)["items"] == []
    desk.finish(desk.lane(no, "street")["task_id"])
    assert desk.lane(no, "street")["status"] == "done"


def test_a_designated_unit_keeps_the_task(desk):
    receipt = desk.move_in()
    task_id = receipt["tasks"][0]["task_id"]
    desk.hear(tasks.TaskReturned, task_id=task_id, officer="o", at=desk.now, reason="不属于我单位")
    desk.order(frontdesk.DecideReturn, task_id=task_id, decision="designated", reason="职责明确")
    assert desk.lane(receipt["case_no"], "property")["status"] == "assigned"
    with pytest.raises(NothingToDecide):
        desk.order(frontdesk.DecideReturn, task_id=task_id, decision="designated", reason="again")
    assert desk.said("TaskReturnDecided")[0][2]["decision"] == "designated"


def test_a_supplement_stops_the_clock_and_the_deadline_moves_by_the_time_it_stood(desk):
    receipt = desk.move_in()
    task = receipt["tasks"][0]
    with pytest.raises(NothingAskedFor):
        desk.order(frontdesk.SupplementCase, case_no=receipt["case_no"], note="x")
    desk.hear(
        tasks.TaskSupplementAsked,
        task_id=task["task_id"],
        officer="o",
        at=desk.now,
        items=["房产证复印件"],
        message=None,
    )
    assert desk.case(receipt["case_no"])["status"] == "suspended"
    assert desk.lane(receipt["case_no"], "property")["missing"] == ["房产证复印件"]
    desk.tick(days=1)  # one whole working day
    desk.order(
        frontdesk.SupplementCase,
        case_no=receipt["case_no"],
        token=receipt["tracking_token"],
        note="已补",
    )
    moved = desk.lane(receipt["case_no"], "property")["due_at"] - task["due_at"]
    assert moved == timedelta(days=1)
    assert desk.case(receipt["case_no"])["status"] == "handling"
    assert "overdue" not in desk.kinds(receipt["case_no"])


def test_an_extension_is_granted_or_refused_once(desk):
    receipt = desk.move_in()
    task = receipt["tasks"][0]
    until = task["due_at"] + timedelta(days=2)
    desk.hear(
        tasks.TaskExtensionAsked,
        task_id=task["task_id"],
        officer="o",
        at=desk.now,
        until=until,
        reason="待检",
    )
    desk.order(frontdesk.DecideExtension, task_id=task["task_id"], granted=True, reason="同意")
    assert desk.lane(receipt["case_no"], "property")["due_at"] == until
    assert desk.case(receipt["case_no"])["due_at"] == until
    assert desk.said("TaskDueMoved")[0][1] == "property"
    with pytest.raises(NothingToDecide):
        desk.order(frontdesk.DecideExtension, task_id=task["task_id"], granted=True, reason="再来")


def test_lateness_climbs_from_warning_to_supervision_and_each_step_happens_once(desk):
    receipt = desk.move_in()
    desk.tick(hours=20)  # past the two working hours for signing
    desk.tick(seconds=2)
    kinds = desk.kinds(receipt["case_no"])
    assert kinds.count("sign-late") == 5
    desk.tick(days=3)
    assert desk.kinds(receipt["case_no"]).count("overdue") == 5
    assert desk.case(receipt["case_no"])["level"] == 1
    desk.tick(days=1)
    desk.tick(days=3)
    desk.tick(seconds=2)
    kinds = desk.kinds(receipt["case_no"])
    assert (kinds.count("overdue"), kinds.count("overdue-2"), kinds.count("overdue-3")) == (5, 5, 5)
    assert desk.case(receipt["case_no"])["level"] == 3
    assert {data["level"] for _, _, data in desk.said("TaskUrged")} == {0, 1, 2, 3}


def test_urging_and_supervising_reach_every_open_unit(desk):
    receipt = desk.move_in()
    desk.finish(receipt["tasks"][0]["task_id"])
    desk.order(frontdesk.UrgeCase, case_no=receipt["case_no"], reason="请尽快")
    assert len(desk.said("TaskUrged")) == 4
    with pytest.raises(NotYours):
        desk.order(frontdesk.SuperviseCase, CLERK, case_no=receipt["case_no"], level=2, reason="督办")
    desk.order(frontdesk.SuperviseCase, SUPERVISOR, case_no=receipt["case_no"], level=2, reason="督办")
    assert desk.case(receipt["case_no"])["level"] == 2


def closed(desk):
    receipt = desk.move_in()
    for task in receipt["tasks"]:
        desk.finish(task["task_id"])
    return receipt


def test_a_good_rating_ends_it_and_one_visit_has_one_rating(desk):
    receipt = desk.move_in()
    token = {"case_no": receipt["case_no"], "token": receipt["tracking_token"]}
    with pytest.raises(NotFinishedYet):
        desk.order(frontdesk.RateCase, STRANGER, **token, stars=5)
    for task in receipt["tasks"]:
        desk.finish(task["task_id"])
    desk.order(frontdesk.RateCase, STRANGER, **token, stars=3)
    assert desk.case(receipt["case_no"])["status"] == "closed"
    with pytest.raises(AlreadyRated):
        desk.order(frontdesk.RateCase, STRANGER, **token, stars=1)


def test_a_bad_rating_starts_the_redo_by_a_person_of_the_lead_unit(desk):
    receipt = closed(desk)
    desk.order(
        frontdesk.RateCase,
        case_no=receipt["case_no"],
        token=receipt["tracking_token"],
        stars=2,
        comment="门没修好",
    )
    case = desk.case(receipt["case_no"])
    assert (case["status"], case["round"]) == ("handling", 2)
    _, to, again = desk.said("TaskAssigned")[-1]
    assert (to, again["round"], again["manual"]) == ("property", 2, True)
    assert again["task_id"] == f"{receipt['case_no']}.property.2"
    desk.finish(again["task_id"])
    assert desk.case(receipt["case_no"])["status"] == "closed"
    desk.order(frontdesk.RateCase, case_no=receipt["case_no"], token=receipt["tracking_token"], stars=5)


def test_a_call_back_that_finds_it_unsolved_starts_the_redo(desk):
    receipt = closed(desk)
    desk.order(frontdesk.RecordCallback, case_no=receipt["case_no"], reached=False)
    assert desk.case(receipt["case_no"])["status"] == "closed", "unreachable counts for nothing"
    desk.order(
        frontdesk.RecordCallback, case_no=receipt["case_no"], reached=True, resolved=False, satisfied=False
    )
    assert desk.case(receipt["case_no"])["status"] == "handling"
    assert desk.kinds(receipt["case_no"])[-2:] == ["redo", "assigned"]


def test_a_closed_case_can_be_reopened_by_staff(desk):
    receipt = closed(desk)
    desk.order(frontdesk.ReopenCase, case_no=receipt["case_no"], reason="情况反复")
    assert desk.kinds(receipt["case_no"])[-2:] == ["reopened", "assigned"]


def test_unrated_cases_are_invited_after_three_days_and_archived_after_thirty(desk):
    receipt = closed(desk)
    desk.tick(days=2, hours=23)
    assert "rating-invited" not in desk.kinds(receipt["case_no"])
    desk.tick(hours=1)
    assert desk.kinds(receipt["case_no"])[-1] == "rating-invited"
    desk.tick(days=27)
    assert desk.case(receipt["case_no"])["status"] == "archived"


def test_withdrawing_stands_down_what_is_open_and_undoes_what_was_done(desk):
    receipt = desk.move_in()
    desk.finish(receipt["tasks"][0]["task_id"])
    desk.order(
        frontdesk.WithdrawCase,
        STRANGER,
        case_no=receipt["case_no"],
        token=receipt["tracking_token"],
        reason="不搬了",
    )
    assert {to for _, to, _ in desk.said("TaskWithdrawn")} == FIVE
    assert desk.case(receipt["case_no"])["status"] == "withdrawn"
    desk.hear(
        tasks.TaskStoodDown,
        task_id=receipt["tasks"][0]["task_id"],
        officer="rule",
        at=desk.now,
        undone=["fees"],
    )
    assert desk.kinds(receipt["case_no"])[-1] == "stood-down"
    with pytest.raises(CaseNotOpenToThis):
        desk.order(frontdesk.WithdrawCase, case_no=receipt["case_no"], reason="again")


def test_a_merged_case_follows_the_other_and_is_answered_with_it(desk):
    first, second = desk.move_in(), desk.move_in()
    with pytest.raises(CannotFollowItself):
        desk.order(frontdesk.MergeCase, case_no=first["case_no"], into=first["case_no"])
    desk.order(frontdesk.MergeCase, case_no=second["case_no"], into=first["case_no"])
    assert desk.case(second["case_no"])["status"] == "merged"
    for task in first["tasks"]:
        desk.finish(task["task_id"])
    assert desk.kinds(second["case_no"])[-1] == "answered-with"


def raise_welfare(desk, finding_id="f-1"):
    desk.hear(
        frontdesk.WelfareConcernRaised, "meters", finding_id=finding_id, place=PLACE, household="h-1", address="3-502",
        evidence={"used_m3": "0.004", "hours": 12}, person={"name": "王某"}, raised_at=desk.now,
    )  # fmt: skip
    return desk.said("CaseFiled")[-1][2]["case_no"]


def test_an_unanswered_contact_sends_the_volunteer(desk):
    no = raise_welfare(desk)
    assert [lane["unit"] for lane in desk.case(no)["lanes"]] == ["community"]
    desk.finish(desk.lane(no, "community")["task_id"], "unanswered")
    desk.finish(desk.lane(no, "street")["task_id"], "unanswered")
    visit = desk.lane(no, "volunteers")
    assert visit["status"] == "assigned"
    desk.finish(visit["task_id"], "done", found="well")
    assert desk.case(no)["status"] == "closed"
    assert desk.said("CaseClosed")[-1][2]["finding_id"] == "f-1"


def test_an_answered_contact_needs_no_volunteer(desk):
    no = raise_welfare(desk)
    desk.finish(desk.lane(no, "community")["task_id"], "done")
    assert desk.case(no)["status"] == "closed"
    assert {lane["unit"] for lane in desk.case(no)["lanes"]} == {"community"}


def units_of(desk, no, status=None):
    return [lane["unit"] for lane in desk.case(no)["lanes"] if status is None or lane["status"] == status]


def test_nobody_waits_for_whoever_does_not_answer_contact_then_street_then_volunteer(desk):
    no = raise_welfare(desk)
    desk.tick(minutes=9)
    assert units_of(desk, no) == ["community"]
    desk.tick(minutes=1)
    assert units_of(desk, no) == ["community", "street"]
    desk.tick(minutes=9)
    assert units_of(desk, no) == ["community", "street"]
    desk.tick(minutes=1)
    assert units_of(desk, no, "assigned") == ["community", "street", "volunteers"]  # nobody is let off
    escalated = [
        (to, said["level"]) for _, to, said in desk.said("TaskUrged") if said["reason"] == "escalated"
    ]
    assert escalated == [("street", 1), ("street", 1)]
    assert desk.kinds(no).count("escalated") == 2


def test_an_escalation_happens_once_whatever_restarts_and_however_many_look(desk):
    no = raise_welfare(desk)
    desk.now += timedelta(minutes=10)
    with ThreadPoolExecutor(4) as replicas:
        for done in [replicas.submit(desk.tick) for _ in range(4)]:
            done.result()
    desk.tick(minutes=5)
    assert units_of(desk, no) == ["community", "street"]
    assert desk.kinds(no).count("escalated") == 1


def test_who_is_reached_late_after_all_stands_everybody_down(desk):
    no = raise_welfare(desk)
    desk.tick(minutes=10)
    desk.tick(minutes=10)
    desk.finish(desk.lane(no, "community")["task_id"], "safe")
    assert desk.case(no)["status"] == "closed"
    assert sorted(to for _, to, _ in desk.said("TaskWithdrawn")) == ["street", "volunteers"]


def test_what_the_street_finds_out_ends_it_though_the_contact_never_answered(desk):
    no = raise_welfare(desk)
    desk.tick(minutes=10)
    desk.finish(desk.lane(no, "street")["task_id"], "safe")
    assert desk.case(no)["status"] == "closed"
    assert units_of(desk, no, "withdrawn") == ["community"]


def test_a_gas_alarm_goes_to_property_the_fire_service_and_the_neighbours_at_once(desk):
    desk.hear(
        frontdesk.AlarmRaised, "meters", finding_id="g-1", place=PLACE, device="G-1", type="gas", severity=1,
        evidence={"word": "gas-alarm"}, raised_at=desk.now,
    )  # fmt: skip
    no = desk.said("CaseFiled")[-1][2]["case_no"]
    assert units_of(desk, no) == ["property", "fire", "grid"]


def test_a_faulty_meter_is_for_the_meters_office(desk):
    desk.hear(
        frontdesk.MeterFaultFound, "meters", finding_id="m-1", place=PLACE, device="W-1", severity=4,
        evidence={"kind": "stuck"}, raised_at=desk.now,
    )  # fmt: skip
    no = desk.said("CaseFiled")[-1][2]["case_no"]
    assert units_of(desk, no) == ["meters"] and desk.case(no)["matter"] == "meter-check"


def test_the_same_finding_twice_is_one_case(desk):
    no = raise_welfare(desk)
    assert raise_welfare(desk) == no
    assert len(desk.said("CaseFiled")) == 1
    desk.hear(frontdesk.FindingUpdated, "meters", finding_id="f-1", evidence={"hours": 13}, at=desk.now)
    assert desk.kinds(no)[-1] == "evidence-added"


def test_a_retracted_finding_stands_everybody_down(desk):
    no = raise_welfare(desk)
    desk.finish(desk.lane(no, "community")["task_id"], "unanswered")
    desk.finish(desk.lane(no, "street")["task_id"], "unanswered")
    desk.hear(frontdesk.FindingRetracted, "meters", finding_id="f-1", reason="迟到的读数有用水", at=desk.now)
    assert desk.case(no)["status"] == "withdrawn"
    assert [to for _, to, _ in desk.said("TaskWithdrawn")] == ["volunteers"]
    desk.hear(frontdesk.FindingRetracted, "meters", finding_id="unknown", reason="x", at=desk.now)


def test_whoever_may_not_see_a_case_is_told_it_does_not_exist(desk):
    receipt = desk.move_in()
    for outsider in (
        STRANGER,
        staff("officer", department="street"),
        staff("officer", "110105002", "property"),
    ):
        with pytest.raises(UnknownCase):
            desk.case(receipt["case_no"], outsider)
    with pytest.raises(UnknownCase):
        desk.order(frontdesk.UrgeCase, STRANGER, case_no=receipt["case_no"], token="guess", reason="x")
    with pytest.raises(NotYours):
        desk.move_in(caller=STRANGER)
    assert (
        desk.case(receipt["case_no"], staff("officer", department="property"))["case_no"]
        == receipt["case_no"]
    )


def test_lists_show_masked_names_and_only_the_callers_area(desk):
    receipt = desk.move_in()
    found = desk.ask(frontdesk.ListCases, CLERK, unit="party", q="张")
    assert [row["case_no"] for row in found["items"]] == [receipt["case_no"]]
    assert found["items"][0]["applicant"] == {"name": "张*"}
    assert desk.ask(frontdesk.ListCases, STRANGER)["items"] == []
    assert desk.ask(frontdesk.ListCases, staff("officer", department="street"))["items"] == []
    assert desk.ask(frontdesk.ListCases, CLERK, overdue=True)["items"] == []
    assert desk.case(receipt["case_no"], SUPERVISOR)["applicant"]["id_number"].count("*") > 8
    assert "张某" not in str(desk.ask(frontdesk.GetCaseByToken, token=receipt["tracking_token"]))


def test_pages_follow_one_another_without_gap_or_repetition(desk):
    numbers = []
    for _ in range(5):
        numbers.append(desk.move_in()["case_no"])
        desk.now += timedelta(seconds=1)
    seen, cursor = [], None
    while True:
        found = desk.ask(frontdesk.ListCases, limit=2, cursor=cursor)
        seen += [row["case_no"] for row in found["items"]]
        cursor = found["next"]
        if not cursor:
            break
    assert seen == numbers[::-1]
    with pytest.raises(Problem, match="cursor"):
        desk.ask(frontdesk.ListCases, cursor="nonsense")


def test_materials_must_have_been_uploaded_first(desk):
    digest = "a" * 64
    material = {"name": "vehicle-licence", "sha256": digest}
    with pytest.raises(IncompleteForm):
        file_with(desk, material)
    desk.order(frontdesk.RegisterMaterial, sha256=digest, name="l.pdf", media_type="application/pdf", size=10)
    assert file_with(desk, material)["status"] == "dispatched"


def file_with(desk, material):
    order = desk.order

    def with_material(contract, caller, **fields):
        return order(contract, caller, **fields, materials=[material])

    desk.order = with_material
    try:
        return desk.move_in()
    finally:
        desk.order = order


def test_a_case_keeps_the_version_of_the_matter_it_began_with_and_a_number_that_can_be_read_out(desk):
    receipt = desk.move_in()
    assert desk.said("TaskAssigned")[0][2]["matter_version"] == 1
    assert case_number("20261123", 7)[:15] == "20261123-000007"
    one_wrong = {case_number("20261123", n)[-1] for n in range(10)}
    assert len(one_wrong) == 10, "every slip in the last digit changes the check digit"
    assert receipt["case_no"].startswith(desk.now.strftime("%Y%m%d"))


def test_the_catalogue_shows_the_approved_matters_only(desk):
    listed = desk.ask(frontdesk.ListMatters)["items"]
    assert len(listed) == 33
    assert not any(matter["internal"] for matter in listed)
    assert desk.ask(frontdesk.GetMatter, code="0")["slug"] == "moving-in"


def test_deadlines_are_swept_by_their_column(desk):
    desk.move_in()
    first = desk.now + timedelta(hours=1)
    with desk.ledger.work() as work:
        assert work.store.due_cases(first, 10) == []
    assert clock.iso(first).endswith("Z")
