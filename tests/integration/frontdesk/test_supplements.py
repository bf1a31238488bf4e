"""What an applicant may add: what was asked, as sound as an application, within its time."""

from datetime import timedelta

import pytest

from services.contracts import frontdesk
from services.frontdesk.forms import IncompleteForm
from services.frontdesk.handlers.supplements import NothingAdded

PNG, PDF, MP3, UNKNOWN = "a" * 64, "b" * 64, "c" * 64, "d" * 64


@pytest.fixture
def asked(desk):
    """(order a supplement, its task) of a complaint whose unit asked in words."""
    return waiting(desk)


def waiting(desk, **named):
    receipt = desk.complain()
    task_id = receipt["tasks"][0]["task_id"]
    desk.ask_supplement(task_id, **named)

    def add(**given):
        return desk.order(frontdesk.SupplementCase, case_no=receipt["case_no"], **given)

    return add, task_id


def faults(add, **given):
    with pytest.raises(IncompleteForm) as told:
        add(**given)
    return set(told.value.field_sentences)


def test_it_is_checked_as_an_application_is(asked):
    add, _ = asked
    assert faults(add, form={"surprise": 1, "topic": "nonsense"}) == {"form.surprise", "form.topic"}
    assert faults(add, form={"description": "x" * 3000}) == {"form.description"}
    assert faults(add, form={"address": "110105002001001-3-502"}) == {"form.address"}


def test_who_applies_is_never_changed_by_it(desk, asked):
    add, task_id = asked
    for name in ("name", "id_number", "phone"):
        assert faults(add, form={name: "13800000000"}) == {f"form.{name}"}
    desk.ask_supplement(task_id, form=["phone"])
    assert faults(add, form={"phone": "13800000000"}) == {"form.phone"}


def test_materials_have_to_be_uploaded_and_of_the_right_kind(desk, asked):
    add, _ = asked
    desk.upload(PNG), desk.upload(MP3, "text/html")

    def evidence(digest, **more):
        return {"materials": [{"name": "evidence", "sha256": digest, **more}]}

    assert faults(add, **evidence(UNKNOWN)) == {"materials.0"}
    assert faults(add, **evidence(MP3, media_type="image/png")) == {"materials.0"}, (
        "what it says is not believed"
    )
    assert faults(add, materials=[{"name": "evidence", "pledge": True}]) == {"materials.0"}
    assert faults(add, materials=[{"name": "stranger", "sha256": PNG}]) == {"materials.0"}
    assert add(**evidence(PNG, media_type="text/html"))["status"] == "handling"
    (supplied,) = [data for _, _, data in desk.said("TaskSupplied")]
    assert supplied["materials"] == [{"name": "evidence", "sha256": PNG, "media_type": "image/png"}]


def test_a_case_holds_so_many_materials_and_no_more(desk, asked):
    add, task_id = asked
    one = {"name": "evidence", "sha256": desk.upload(PNG)}
    add(materials=[one] * 50)
    desk.ask_supplement(task_id)
    assert faults(add, materials=[one]) == {"materials"}


def test_only_what_was_named_is_taken_and_all_of_it_has_to_come(desk):
    add, task_id = waiting(desk, form=["wish"], materials=["evidence", "nonsense"])
    lane = desk.lane(task_id.split(".")[0], "community")
    assert lane["asked"] == {"form": ["wish"], "materials": ["evidence"]}
    desk.upload(PDF, "application/pdf")
    assert faults(add, form={"description": "另一件事"}) == {
        "form.description",
        "form.wish",
        "materials.evidence",
    }
    assert add(form={"wish": "修好"}, materials=[{"name": "evidence", "sha256": PDF}])["status"] == "handling"
    assert desk.case(task_id.split(".")[0])["form"]["wish"] == "修好"


def test_adding_nothing_does_not_start_the_clock(asked):
    add, _ = asked
    with pytest.raises(NothingAdded):
        add()


def test_one_unit_waits_still_while_another_has_what_it_asked(desk):
    receipt = desk.complain(topic="property")
    for task in receipt["tasks"]:
        desk.ask_supplement(task["task_id"])
    assert desk.case(receipt["case_no"])["status"] == "suspended"
    desk.order(frontdesk.SupplementCase, case_no=receipt["case_no"], note="都说清楚了")
    assert {lane["status"] for lane in desk.case(receipt["case_no"])["lanes"]} == {"handling"}


def test_without_an_answer_the_clock_runs_again_after_fifteen_working_days(desk):
    receipt = desk.complain()
    no, task = receipt["case_no"], receipt["tasks"][0]
    desk.sign(task["task_id"])
    desk.ask_supplement(task["task_id"])
    lane = desk.lane(no, "community")
    assert lane["supply_by"] - desk.now > timedelta(days=20), "fifteen working days are three weeks"
    assert lane["status"] == "supplement" and not lane["overdue"]
    desk.now = lane["supply_by"] - timedelta(seconds=1)
    desk.tick()
    assert desk.case(no)["status"] == "suspended"
    assert desk.ask(frontdesk.ListCases, overdue=True)["items"] == [], "it waits for the applicant"
    desk.tick(seconds=1)
    case = desk.case(no)
    assert (case["status"], case["lanes"][0]["status"]) == ("handling", "handling")
    assert desk.kinds(no)[-1] == "supplement-lapsed"
    (lapsed,) = [data for _, _, data in desk.said("TaskSupplementLapsed")]
    assert lapsed["task_id"] == task["task_id"] and case["lanes"][0]["due_at"] > desk.now
    desk.tick(seconds=2)
    assert desk.kinds(no).count("supplement-lapsed") == 1
    desk.finish(task["task_id"], "refused")
    assert desk.case(no)["status"] == "refused"


def test_materials_of_an_application_are_what_they_were_uploaded_as(desk):
    desk.upload(MP3, "text/html")
    with pytest.raises(IncompleteForm):
        desk.complain(materials=[{"name": "evidence", "sha256": MP3}])
    desk.upload(PNG)
    receipt = desk.complain(materials=[{"name": "evidence", "sha256": PNG, "smuggled": "x"}])
    (assigned,) = [data for _, _, data in desk.said("TaskAssigned") if data["case_no"] == receipt["case_no"]]
    assert assigned["materials"] == [{"name": "evidence", "sha256": PNG, "media_type": "image/png"}]
