"""Rules §1 "One window": told once and in time, pledges, nothing asked twice, nothing asked that we can fetch."""

from datetime import timedelta

import pytest

from services.chassis import clock
from services.contracts import care, frontdesk
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.handlers.one_window import NothingPledged
from services.frontdesk.model import UnknownCase
from tests.integration.frontdesk.conftest import PLACE, STRANGER, id_number

SECOND = timedelta(seconds=1)
PLEDGE = {"name": "evidence", "pledge": True}


def hardship(desk, *materials, channel="window", who=1):
    """A certificate that needs evidence, which may follow."""
    applicant = {"name": "张某", "id_number": id_number(who), "phone": "13500000000"}
    form = {
        "address": f"{PLACE}-3-502", "beneficiary": "张某", "description": "家人重病", "requester": "慈善总会",
        "legal_article": "《慈善法》", "reason": "家人重病", "purpose": "申请救助", "pledge": True, "consent": True,
    }  # fmt: skip
    return desk.order(
        frontdesk.FileCase, matter="hardship-certificate", channel=channel, applicant=applicant, form=form,
        materials=list(materials),
    )  # fmt: skip


def scan(desk, letter="a"):
    return {"name": "evidence", "sha256": desk.upload(letter * 64)}


def hand_in(desk, no, *materials, **more):
    return desk.order(care.HandInLater, case_no=no, materials=list(materials), **more)


def detail(desk, no, kind):
    lines = desk.ask(frontdesk.ListHistory, case_no=no)["items"]
    return next(line["detail"] for line in lines if line["kind"] == kind)


# -- all missing items are told once and in time, otherwise accepted on receipt --


@pytest.mark.parametrize(
    "channel, last",
    [
        ("window", "2026-11-30T09:00:00Z"),  # on site 5 wd
        ("online", "2026-11-24T09:00:00Z"),  # online 1 wd
    ],
)
def test_what_was_not_told_missing_in_time_is_accepted_on_receipt(desk, channel, last):
    filed = desk.now
    told, silent = (desk.complain(channel=channel) for _ in range(2))
    desk.now = clock.parse(last)
    desk.ask_supplement(told["tasks"][0]["task_id"])
    assert desk.case(told["case_no"])["status"] == "suspended", "the last minute is in time"
    desk.tick()
    assert "accepted-on-receipt" not in desk.kinds(told["case_no"])
    assert desk.kinds(silent["case_no"]).count("accepted-on-receipt") == 1
    assert clock.parse(detail(desk, silent["case_no"], "accepted-on-receipt")["since"]) == filed
    desk.tick(seconds=2)
    assert desk.kinds(silent["case_no"]).count("accepted-on-receipt") == 1


def test_what_is_told_missing_too_late_does_not_stop_the_clock(desk):
    receipt = desk.complain(channel="online")
    no, task_id, due_at = receipt["case_no"], receipt["tasks"][0]["task_id"], receipt["tasks"][0]["due_at"]
    desk.sign(task_id)
    desk.now = clock.parse("2026-11-24T09:00:00Z") + SECOND
    desk.ask_supplement(task_id)
    assert desk.case(no)["status"] == "handling" and desk.lane(no, "community")["due_at"] == due_at
    assert detail(desk, no, "supplement-refused")["why"] == "too-late"
    ((_, to, told),) = desk.said("TaskSupplementLapsed")
    assert (to, told["task_id"]) == ("street", task_id), "the unit goes on with what it has"


def test_what_devices_find_is_nobodys_application(desk):
    desk.hear(
        frontdesk.MeterFaultFound, "meters", finding_id="m-1", place=PLACE, device="W-1", severity=4,
        evidence={"kind": "stuck"}, raised_at=desk.now,
    )  # fmt: skip
    no = desk.said("CaseFiled")[-1][2]["case_no"]
    desk.tick(days=20)
    assert "accepted-on-receipt" not in desk.kinds(no)


# -- a minor missing item may follow on a pledge --


def test_a_pledge_is_due_in_ten_working_days_or_on_the_earlier_day_that_was_named(desk):
    no = hardship(desk, PLEDGE)["case_no"]
    soon = hardship(desk, PLEDGE | {"by": "2026-11-25"}, who=2)["case_no"]
    far = hardship(desk, PLEDGE | {"by": "2027-11-25"}, who=3)["case_no"]
    for case_no, due in ((soon, "2026-11-25"), (no, "2026-12-07"), (far, "2026-12-07")):
        desk.now = clock.parse(f"{due}T09:00:00Z") - SECOND
        desk.tick()
        assert "pledge-broken" not in desk.kinds(case_no)
        desk.now += SECOND
    desk.tick()
    desk.tick(seconds=2)
    assert [desk.kinds(one).count("pledge-broken") for one in (no, soon, far)] == [1, 1, 1]


def test_a_pledge_that_is_kept_reaches_the_units_at_work(desk):
    receipt = hardship(desk, PLEDGE)
    no, token = receipt["case_no"], receipt["tracking_token"]
    with pytest.raises(UnknownCase):
        hand_in(desk, no, scan(desk), caller=STRANGER)
    with pytest.raises(IncompleteForm):
        hand_in(desk, no, {"name": "evidence", "sha256": "b" * 64})
    hand_in(desk, no, scan(desk), caller=STRANGER, token=token)
    ((_, to, told),) = desk.said("TaskSupplied")
    assert (to, [one["name"] for one in told["materials"]]) == ("street", ["evidence"])
    assert [one["name"] for one in desk.case(no)["materials"]] == ["evidence"]
    with pytest.raises(NothingPledged):
        hand_in(desk, no, scan(desk))
    desk.tick(days=20)
    assert "pledge-broken" not in desk.kinds(no)


def test_who_broke_a_pledge_is_not_believed_again_until_he_made_up_for_it(desk):
    no = hardship(desk, PLEDGE)["case_no"]
    desk.now = clock.parse("2026-12-07T09:00:00Z")
    desk.tick()
    assert {told["reason"] for _, _, told in desk.said("TaskUrged")} >= {"pledge-broken"}
    with pytest.raises(IncompleteForm) as refused:
        hardship(desk, PLEDGE)
    assert list(refused.value.field_sentences) == ["materials.0"]
    hardship(desk, PLEDGE, who=2)
    hand_in(desk, no, scan(desk))
    assert hardship(desk, PLEDGE)["case_no"]


def test_an_answer_that_was_given_on_a_broken_pledge_is_looked_at_again(desk):
    no = hardship(desk, PLEDGE)["case_no"]
    desk.finish(f"{no}.grid")
    desk.finish(f"{no}.community")
    assert desk.case(no)["status"] == "closed"
    desk.now = clock.parse("2026-12-07T09:00:00Z")
    desk.tick()
    case = desk.case(no)
    assert (case["status"], case["round"]) == ("handling", 2)
    assert detail(desk, no, "reopened")["reason"] == "pledge-broken"


# -- the same material is never asked twice --


def test_what_somebody_handed_in_is_taken_from_there_the_next_time(desk):
    hardship(desk, scan(desk))
    again = hardship(desk)["case_no"]
    assert desk.case(again)["materials"][0]["sha256"] == "a" * 64
    assert detail(desk, again, "materials-reused") == {"materials": ["evidence"]}
    assert hardship(desk, PLEDGE)["case_no"], "what is known takes the place of a pledge"
    newer = hardship(desk, scan(desk, "c"))["case_no"]
    assert [one["sha256"][0] for one in desk.case(newer)["materials"]] == ["c"]


@pytest.mark.parametrize("days, reused", [(180, True), (181, False)])
def test_what_was_handed_in_serves_for_a_hundred_and_eighty_days(desk, days, reused):
    desk.now = clock.parse("2026-03-02T02:00:00Z")
    hardship(desk, scan(desk))
    desk.now += timedelta(days=days)
    if reused:
        assert hardship(desk)["case_no"]
    else:
        with pytest.raises(IncompleteForm):
            hardship(desk)


def test_nobody_else_gets_it_and_nobody_who_only_types_the_number(desk):
    hardship(desk, scan(desk))
    with pytest.raises(IncompleteForm):
        hardship(desk, who=2)
    with pytest.raises(IncompleteForm):
        hardship(desk, channel="online")


def test_a_unit_may_not_ask_for_what_is_there_nor_for_what_can_be_shared(desk):
    receipt = hardship(desk, scan(desk))
    no, task_id = receipt["case_no"], receipt["tasks"][0]["task_id"]
    desk.sign(task_id)
    desk.ask_supplement(task_id, materials=["evidence", "id-card"])
    assert desk.case(no)["status"] == "handling"
    assert detail(desk, no, "supplement-refused")["why"] == "known"


def test_of_several_materials_only_what_is_not_known_is_asked(desk):
    receipt = hardship(desk, PLEDGE)
    task_id = receipt["tasks"][0]["task_id"]
    desk.sign(task_id)
    desk.ask_supplement(task_id, materials=["evidence", "household-register"])
    lane = desk.lane(receipt["case_no"], "grid")
    assert (lane["status"], lane["asked"]["materials"]) == ("supplement", ["evidence"])
