"""A running case keeps the version it began with, whatever is published meanwhile; and a draft touches nothing."""

from datetime import date

import msgspec
import pytest

from services.chassis.calendar import Promise
from services.contracts import frontdesk, trials
from services.frontdesk import matters
from services.frontdesk.trials.views import FaultyMatter
from tests.integration.frontdesk.conftest import CLERK, PLACE, complaint, staff

ADMIN = staff("admin", "")
OURS = matters.catalogue()
FIRST = OURS.get("complaint")


def with_police_first(first):
    """The next version asks the police before the community may begin, and promises less time."""
    lead = msgspec.structs.replace(first.steps[0], after=("police",), promise=Promise.parse("2wd"))
    police = msgspec.structs.replace(first.step("police"), only_if=None, promise=Promise.parse("1wd"))
    return msgspec.structs.replace(
        first,
        version=first.version + 1,
        valid_from=date(2026, 11, 24),
        steps=(lead, police),
        promise=Promise.parse("3wd"),
    )


@pytest.fixture
def publish(monkeypatch):
    """What a new release brings: the same catalogue with another version in it."""

    def published(*more):
        everything = [*OURS.list(), *OURS.list(internal=True), *more]
        monkeypatch.setattr(matters, "catalogue", lambda: matters.Catalogue(everything))

    published()
    return published


def test_a_case_under_way_goes_on_by_its_own_version(desk, publish):
    running = desk.complain(topic="order")["case_no"]  # community and police side by side
    publish(with_police_first(FIRST))
    fresh = desk.complain(topic="order")
    assert [task["unit"] for task in fresh["tasks"]] == ["police"], "the new version: the community waits"

    desk.finish(f"{running}.community")
    assert desk.case(running)["status"] == "handling", "the first version still wants the police"
    desk.finish(f"{running}.police")
    assert desk.case(running)["status"] == "closed"
    versions = {data["case_no"]: data["matter_version"] for _, _, data in desk.said("TaskAssigned")}
    assert versions == {running: 1, fresh["case_no"]: 2}


def test_its_deadlines_and_its_redo_are_its_own_versions_too(desk, publish):
    running = desk.complain()
    publish(with_police_first(FIRST))
    assert desk.case(running["case_no"])["due_at"] == running["due_at"]
    desk.finish(f"{running['case_no']}.community")
    desk.order(frontdesk.ReopenCase, case_no=running["case_no"], reason="情况反复")
    again = desk.said("TaskAssigned")[-1][2]
    assert (again["unit"], again["matter_version"], again["round"]) == ("community", 1, 2)


def test_a_version_that_is_not_yet_in_force_is_not_filed_under(desk, publish):
    publish(msgspec.structs.replace(with_police_first(FIRST), valid_from=date(2999, 1, 1)))
    assert {task["unit"] for task in desk.complain(topic="order")["tasks"]} == {"community", "police"}
    given = complaint("order")
    tried = desk.ask(
        trials.TryMatter, ADMIN, code="30", version=2, applicant=given["applicant"], form=given["form"]
    )
    assert [task["unit"] for task in tried["tasks"]] == ["police", "community"], "but it can be tried out"


def test_a_test_run_says_what_a_real_case_then_gets_and_touches_nothing(desk):
    given = complaint("order")
    asked = {"applicant": given["applicant"], "form": given["form"], "filed_at": desk.now.isoformat()}
    tried = desk.ask(trials.TryMatter, ADMIN, code="complaint", **asked)
    assert tried["acceptable"] and tried["place"] == PLACE
    assert desk.said() == [] and desk.ask(frontdesk.ListCases)["items"] == []
    receipt = desk.order(frontdesk.FileCase, CLERK, **given)
    plan = [{name: task[name] for name in ("unit", "sign_by", "due_at", "lead")} for task in tried["tasks"]]
    assert plan == [
        {name: task[name] for name in ("unit", "sign_by", "due_at", "lead")} for task in receipt["tasks"]
    ]
    assert tried["due_at"] == receipt["due_at"]


def test_a_draft_is_checked_and_tried_as_text(desk):
    text = (
        (matters.DATA / "30-complaint.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2")
    )
    checked = desk.ask(trials.CheckMatter, ADMIN, text=text)
    assert checked["sound"] and (checked["version"], checked["known_versions"]) == (2, [1])
    assert desk.ask(trials.TryMatter, ADMIN, code="30", text=text)["version"] == 2
    wrong = text.replace("unit: community", "unit: nobody")
    (one,) = [
        finding
        for finding in desk.ask(trials.CheckMatter, ADMIN, text=wrong)["findings"]
        if "nobody" in finding["where"]
    ]
    assert one["line"] and one["zh"] and one["en"]
    with pytest.raises(FaultyMatter) as told:
        desk.ask(trials.TryMatter, ADMIN, code="30", text=wrong)
    assert f"text:{one['line']}:{one['where']}" in told.value.field_sentences
    with pytest.raises(matters.UnknownMatter):
        desk.ask(trials.TryMatter, ADMIN, code="29", text=text)
