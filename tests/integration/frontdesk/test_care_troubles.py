"""Issue "Front desk in depth": operators can repair a stuck case — see why, fix, retry, in batch."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.chassis.inbox import claim
from services.contracts import care, frontdesk, tasks
from services.contracts.envelope import Envelope
from services.frontdesk import handlers
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.handlers.troubles import CannotBeFixedHere, NothingToFix, UnknownTrouble
from tests.integration.frontdesk.conftest import CLERK, STRANGER, SUPERVISOR, staff


def damage(desk, no, path, value):
    with desk.engine.begin() as connection:
        change = text(
            "UPDATE cases SET body = jsonb_set(body, CAST(:path AS text[]), CAST(:value AS jsonb)) WHERE no = :no"
        )
        connection.execute(change, {"no": no, "path": path, "value": value})


def stuck(desk, path="{matter_version}", value="99"):
    no = desk.complain()["case_no"]
    damage(desk, no, path, value)
    return no


def troubles(desk, caller=CLERK, **asked):
    return {row["case_no"]: row for row in desk.ask(care.ListTroubles, caller, **asked)["items"]}


def fix(desk, no, caller=SUPERVISOR, **change):
    return desk.order(care.FixTrouble, caller, trouble_id=f"{no}.deadlines", reason="数据有误", **change)


def retry(desk, no, caller=SUPERVISOR):
    return desk.order(care.RetryTrouble, caller, trouble_id=f"{no}.deadlines")


def dead(desk, event, reason="KeyError: a rule nobody wrote", **data):
    """An event that was set aside, as the door tells of it."""
    envelope = Envelope(
        f"e-{len(data)}-{desk.now}",
        "/yikou/street",
        f"yikou.{event.__name__}",
        "x",
        desk.now,
        "",
        event.write(data),
    )
    with desk.ledger.work() as work:
        work.now = desk.now
        handlers.note_mishap(work, envelope, reason)
    return envelope


def test_a_case_whose_matter_is_missing_is_an_trouble_with_its_reason(desk):
    no, good = stuck(desk), desk.complain()["case_no"]
    desk.tick(days=1)
    found = troubles(desk)
    assert list(found) == [no]
    assert (found[no]["kind"], found[no]["tries"]) == ("deadlines", 1) and "UnknownMatter" in found[no][
        "reason"
    ]
    assert "sign-late" in desk.kinds(good)
    desk.tick(minutes=10)
    assert troubles(desk)[no]["tries"] == 2
    assert [row["case_no"] for row in desk.ask(frontdesk.ListCases, trouble=True)["items"]] == [no]


def test_it_is_put_right_with_who_and_why_and_done_again(desk):
    no = stuck(desk)
    desk.tick(days=1)
    assert retry(desk, no)["resolved"] is False, "nothing was put right yet"
    with pytest.raises(NothingToFix):
        fix(desk, no)
    assert fix(desk, no, matter_version=1)["mended"] == ["matter_version"]
    line = desk.ask(frontdesk.ListHistory, case_no=no)["items"][-1]
    assert (line["kind"], line["actor"]) == ("mended", "supervisor")
    assert line["detail"] == {"reason": "数据有误", "matter_version": 1}
    assert retry(desk, no)["resolved"] is True
    assert "sign-late" in desk.kinds(no)
    assert troubles(desk) == {}
    assert troubles(desk, resolved=True)[no]["resolved_by"] == "supervisor"
    assert retry(desk, no)["resolved"] is True, "once more changes nothing"
    assert desk.kinds(no).count("sign-late") == 1


def test_a_task_of_a_unit_without_an_office_is_given_to_another(desk):
    no = stuck(desk, "{tasks,0,unit}", '"abolished"')
    desk.tick(days=1)
    assert "abolished" in troubles(desk)[no]["reason"]
    fix(desk, no, task_id=f"{no}.community", unit="street")
    assert retry(desk, no)["resolved"] is True
    _, to, told = desk.said("TaskAssigned")[-1]
    assert (to, told["unit"], told["due_at"]) == (
        "street",
        "street",
        desk.said("TaskAssigned")[0][2]["due_at"],
    )
    desk.finish(told["task_id"])
    assert desk.case(no)["status"] == "closed"
    with pytest.raises(NothingToFix):
        fix(desk, no, task_id=told["task_id"], unit="property")


def test_a_due_time_and_a_field_are_put_right(desk):
    no = stuck(desk)
    desk.tick(days=1)
    fix(desk, no, matter_version=1)
    due = desk.now + timedelta(days=9)
    fix(desk, no, task_id=f"{no}.community", due_at=due.isoformat())
    assert desk.lane(no, "community")["due_at"] == due and desk.said("TaskDueMoved")[-1][1] == "street"
    with pytest.raises(IncompleteForm):
        fix(desk, no, form={"topic": "nonsense"})
    fix(desk, no, form={"description": "楼道灯已三天不亮"})
    assert desk.case(no)["form"]["description"] == "楼道灯已三天不亮"
    assert desk.ask(frontdesk.ListHistory, case_no=no)["items"][-1]["detail"]["form"] == ["description"]


def test_an_unreadable_document_is_left_to_an_operator(desk):
    no = stuck(desk, "{place}", "7")
    desk.tick(days=1)
    assert "ValidationError" in troubles(desk)[no]["reason"]
    with pytest.raises(CannotBeFixedHere):
        fix(desk, no, matter_version=1)
    damage(desk, no, "{place}", '"110105001001001"')
    assert retry(desk, no)["resolved"] is True and "sign-late" in desk.kinds(no)


def test_what_came_right_by_itself_is_no_trouble_any_more(desk):
    no = stuck(desk)
    desk.tick(days=1)
    damage(desk, no, "{matter_version}", "1")
    desk.tick(minutes=10)
    assert troubles(desk) == {} and troubles(desk, resolved=True)[no]["resolved_by"] == "system"


def test_in_batch_what_fails_again_holds_up_nothing_and_loses_nothing(desk):
    mended = [stuck(desk), stuck(desk)]
    bad = stuck(desk)  # in the middle: what was done before it must not be forgotten with it
    mended.append(stuck(desk))
    desk.tick(days=1)
    for no in mended:
        damage(desk, no, "{matter_version}", "1")
    done = desk.order(care.RetryTroubles, SUPERVISOR, kind="deadlines")
    assert done["resolved"] == 3 and list(troubles(desk)) == [bad]
    for no in mended:
        assert desk.kinds(no).count("sign-late") == 1
    assert troubles(desk)[bad]["tries"] == 2
    damage(desk, bad, "{matter_version}", "1")
    named = desk.order(care.RetryTroubles, SUPERVISOR, troubles=[f"{bad}.deadlines"])
    assert named["resolved"] == 1 and troubles(desk) == {}


def test_an_event_in_the_dead_letters_is_an_trouble_and_is_done_again_once(desk):
    receipt = desk.complain()
    no, task_id = receipt["case_no"], receipt["tasks"][0]["task_id"]
    envelope = dead(
        desk, tasks.TaskFinished, task_id=task_id, officer="o", at=desk.now, outcome="done", result={}
    )
    found = troubles(desk)[no]
    assert (found["kind"], found["reason"]) == ("TaskFinished", "KeyError: a rule nobody wrote")
    assert "message" not in found
    done = desk.order(care.RetryTrouble, SUPERVISOR, trouble_id=found["id"])
    assert done["resolved"] is True and desk.case(no)["status"] == "closed"
    with desk.ledger.work() as work:
        assert claim(work.connection, [envelope]) == set(), (
            "whoever replays the dead letter finds that it is done"
        )


def test_an_event_that_fails_again_keeps_its_trouble_and_half_of_nothing(desk, monkeypatch):
    receipt = desk.complain()
    no, task_id = receipt["case_no"], receipt["tasks"][0]["task_id"]
    dead(desk, tasks.TaskFinished, task_id=task_id, officer="o", at=desk.now, outcome="done", result={})
    finish = handlers.EVENTS[tasks.TaskFinished]

    def fails_afterwards(work, event):
        finish(work, event)
        raise KeyError("still nobody")

    monkeypatch.setitem(handlers.EVENTS, tasks.TaskFinished, fails_afterwards)
    done = desk.order(care.RetryTrouble, SUPERVISOR, trouble_id=troubles(desk)[no]["id"])
    assert done["resolved"] is False and "still nobody" in troubles(desk)[no]["reason"]
    assert desk.case(no)["status"] == "dispatched" and desk.said("CaseClosed") == []


def test_an_event_of_no_case_is_seen_by_its_place(desk):
    raised = {"finding_id": "f-1", "place": "110105001001001", "device": "W-1", "severity": 4, "evidence": {}}
    dead(desk, frontdesk.MeterFaultFound, **raised, raised_at=desk.now)
    (row,) = desk.ask(care.ListTroubles, CLERK)["items"]
    assert (row["case_no"], row["place"], row["kind"]) == (None, "110105001001001", "MeterFaultFound")
    with pytest.raises(CannotBeFixedHere):
        desk.order(care.FixTrouble, SUPERVISOR, trouble_id=row["id"], matter_version=1, reason="x")
    desk.order(care.RetryTrouble, SUPERVISOR, trouble_id=row["id"])
    assert desk.said("CaseFiled")[-1][2]["finding_id"] == "f-1"


def test_another_area_has_no_such_trouble_and_a_clerk_only_looks(desk):
    no = stuck(desk)
    desk.tick(days=1)
    assert troubles(desk, STRANGER) == {} and list(troubles(desk, SUPERVISOR)) == [no]
    for outsider in (
        CLERK,
        STRANGER,
        staff("supervisor", "110105002"),
        staff("officer", department="street"),
    ):
        with pytest.raises(UnknownTrouble):
            retry(desk, no, outsider)
        with pytest.raises(UnknownTrouble):
            fix(desk, no, outsider, matter_version=1)
    with pytest.raises(UnknownTrouble):
        desk.order(care.RetryTroubles, staff("supervisor", "110105002"), troubles=[f"{no}.deadlines"])
    assert desk.order(care.RetryTroubles, staff("supervisor", "110105002"))["items"] == []
