"""A matter before it is in force: every fault with its line, and the course a case of it would take."""

from datetime import date
from pathlib import Path

import pytest

from services.chassis import clock
from services.contracts import citizens
from services.frontdesk import matters
from services.frontdesk.matters.files import line_of
from services.frontdesk.trials import course

PLACE = "110105001001001"
ME = "110105198001010" + "01"
FORM = {
    "name": "张某", "id_number": ME + citizens.id_check_digit(ME), "phone": "13500000000",
    "address": f"{PLACE}-3-502", "since": "2019-03-01", "reason": "学校要求", "purpose": "入学", "pledge": True,
    "requester": "某小学", "legal_article": "第十二条", "consent": True,
}  # fmt: skip
EVIDENCE = [{"name": "evidence", "pledge": True}]
EVE_OF_HOLIDAY = clock.parse(
    "2026-09-30T08:00:00Z"
)  # four in the afternoon; back at nine on the 8th of October


def residence():
    return (matters.DATA / "01-residence-certificate-2.yaml").read_text(encoding="utf-8")


def tried(matter, form=FORM, materials=EVIDENCE, at=EVE_OF_HOLIDAY, place=PLACE, **outcomes):
    return course.attempt(matter, form, materials, place, at, outcomes)


def beijing(moment):
    from services.chassis.calendar import ZONE

    return moment.astimezone(ZONE).strftime("%m-%d %H:%M")


# -- the checker --


def test_a_fault_has_its_line_and_path_in_both_languages():
    text = residence().replace("unit: community, name: issue", "unit: nobody, name: issue")
    _, findings = matters.read_text(text, matters.DATA, "x.yaml")
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "unit: nobody" in one)
    (one,) = [finding for finding in findings if finding.where == "steps.nobody"]
    assert one.line == line and str(one).startswith(f"x.yaml:{line}: steps.nobody: 没有单位")
    assert "there is no unit 'nobody'" in str(one)


def test_every_fault_is_told_at_once_however_deep():
    text = (
        residence()
        .replace("promise: 4wh", "promise: soon")
        .replace("version: 2", "version: two")
        .replace("type: date", "type: day")
        .replace("how: may_follow", "how: maybe")
        .replace("slug: residence-certificate", "slugg: residence-certificate")
    )
    _, findings = matters.read_text(text, matters.DATA)
    said = {finding.where for finding in findings}
    assert said >= {
        ".", "slugg", "version", "steps[0].promise", "steps[1].promise", "groups[1].fields[1].type", "materials[1].how",
    }  # fmt: skip
    assert all(finding.line for finding in findings)


def test_what_is_taken_from_the_shared_file_is_on_the_line_that_names_it():
    text = residence()
    named = next(n for n, one in enumerate(text.splitlines(), 1) if one.strip() == "- applicant")
    assert line_of(text, "groups[0].fields[0].en") == named
    assert line_of(text, "no.such.thing") == 1


def test_text_that_is_no_yaml_says_the_line_and_an_impossible_day_is_a_finding():
    (one,) = matters.read_text("code: x\nslug: [", matters.DATA)[1]
    assert one.line == 2
    assert matters.read_text(residence().replace("2026-01-01", "2026-02-30"), matters.DATA)[1]


def test_a_draft_may_not_blow_itself_up():
    bomb = 'a: &a ["x","x"]\nb: &b [*a,*a]\nc: [*b,*b]\n'
    (one,) = matters.read_text(bomb, matters.DATA)[1]
    assert "aliases" in one.en


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  - certificate-grounds\n", "", "a certificate has to ask for 'pledge'"),
        ("  - certificate-requester\n", "", "a certificate has to ask for 'legal_article'"),
        ("{grid.address|address}", "{grid.address|adress}", "'adress' is neither a field"),
        ("{grid.address|address}", "{police.address}", "'police.address' is neither a field"),
        ("  unit: community\n", "  unit: police\n", "'police' has no step here"),
        ("how: may_follow", "how: fetched", "a certificate has to ask for evidence"),
    ],
)
def test_a_certificate_asks_what_the_rule_wants_and_says_what_can_be_known(old, new, said):
    _, findings = matters.read_text(residence().replace(old, new), matters.DATA)
    assert any(said in finding.en for finding in findings), findings


# -- the test-run --


def test_who_does_what_by_when_on_the_working_calendar_and_what_waits():
    found = tried(matters.catalogue().get("1"))
    assert found["acceptable"] and found["faults"] == []
    grid, community = found["tasks"]
    assert (grid["unit"], grid["waits_for"], beijing(grid["due_at"])) == ("grid", [], "10-08 12:00")
    assert (community["unit"], community["waits_for"], community["lead"]) == ("community", ["grid"], True)
    assert community["begins_at"] == grid["due_at"] and beijing(community["due_at"]) == "10-08 16:00"
    assert (found["verdict"], beijing(found["closes_at"])) == ("done", "10-08 16:00")
    assert beijing(found["due_at"]) == "10-08 17:00" and found["in_time"]


def test_a_refusal_stops_what_waited_for_it():
    found = tried(matters.catalogue().get("1"), grid="refused")
    assert found["verdict"] == "refused" and [task["unit"] for task in found["tasks"]] == ["grid"]
    assert [step["unit"] for step in found["not_needed"]] == ["community"]


def test_faults_of_the_form_are_told_with_the_course():
    found = tried(matters.catalogue().get("1"), {**FORM, "purpose": "", "address": "110105002001001-1-1"}, [])
    assert {fault["path"] for fault in found["faults"]} == {
        "form.purpose",
        "form.address",
        "materials.evidence",
    }
    assert not found["acceptable"] and found["tasks"]


def test_conditions_decide_who_is_asked():
    complaint = matters.catalogue().get("30")
    form = {**FORM, "topic": "order", "description": "吵"}
    found = tried(complaint, {name: form[name] for name in (
        "name", "id_number", "phone", "address", "topic", "description", "consent"
    )}, [])  # fmt: skip
    assert {task["unit"] for task in found["tasks"]} == {"community", "police"}
    assert {step["unit"] for step in found["not_needed"]} >= {"property", "grid"}


@pytest.mark.parametrize(
    "matter", matters.catalogue().list() + matters.catalogue().list(internal=True), ids=lambda one: one.slug
)
def test_every_matter_of_ours_ends_when_everybody_is_in_time(matter):
    found = course.attempt(matter, {}, [], PLACE, clock.parse("2026-11-23T02:00:00Z"), {})
    assert found["verdict"] == "done" and found["closes_at"] >= found["filed_at"]
    assert {task["unit"] for task in found["tasks"]} <= {step.unit for step in matter.steps}


def test_versions_of_our_own_catalogue_are_in_force_from_their_day():
    catalogue = matters.catalogue()
    assert catalogue.get("1", on=date(2025, 12, 31)).version == 1
    assert catalogue.get("1", on=date(2026, 1, 1)).version == 2
    assert catalogue.versions("residence-certificate") == [1, 2] and catalogue.versions("nothing") == []
    assert Path(matters.DATA).is_dir()
