from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.frontdesk import CHANNELS
from services.contracts.units import OFFICE_OF, UNITS
from services.frontdesk import matters
from services.frontdesk.matters import Condition

catalogue = matters.catalogue()
every_matter = catalogue.list() + catalogue.list(internal=True)
MOVING_IN = {"members": [{"name": "袁一", "is_party_member": True, "wants_to_volunteer": False}]}


def units(steps) -> list[str]:
    return [step.unit for step in steps]


# -- the data ------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_our_own_data():
    assert matters.check(matters.DATA) == []


def test_the_thirty_matters_moving_in_and_what_was_added_are_there_in_order():
    assert [matter.code for matter in catalogue.list()] == [str(n) for n in range(33)]
    assert [matter.slug for matter in catalogue.list(internal=True)] == [
        "welfare-check",
        "leak-check",
        "alarm",
        "camera-maintenance",
        "meter-check",
        "incident",
        "topic",
        "diary-follow-up",
        "grid-event",
        "household-recheck",
    ]


@pytest.mark.parametrize("matter", every_matter, ids=lambda matter: matter.slug)
def test_every_matter_is_complete(matter):
    assert matter.valid_from <= date(2026, 1, 1)
    assert all(unit in UNITS and OFFICE_OF[unit] for unit in units(matter.steps))
    assert set(matter.channels) <= set(CHANNELS)
    assert all(len(group.fields) <= 3 for group in matter.groups)
    plain = matter.as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["promise"] == str(matter.promise)
    if not matter.internal:
        asked = {field.name: field for field in matter.fields}
        assert {"name", "id_number", "phone", "consent"} <= asked.keys()
        assert asked["consent"].must


def test_a_matter_is_found_by_code_and_by_slug():
    assert catalogue.get("0") is catalogue.get("moving-in") is catalogue.get("moving-in", version=1)
    assert catalogue.raised_by("WelfareConcernRaised").slug == "welfare-check"


@pytest.mark.parametrize(("code", "version"), [("99", None), ("", None), ("moving-in", 7)])
def test_an_unknown_matter_is_named(code, version):
    with pytest.raises(matters.UnknownMatter) as raised:
        catalogue.get(code, version)
    assert raised.value.slug == "unknown-matter" and code in raised.value.en


# -- plans ---------------------------------------------------------------------------------------------


def test_moving_in_plans_party_and_volunteers_only_when_somebody_ticked():
    matter = catalogue.get("moving-in")
    assert units(matters.plan(matter, MOVING_IN)) == ["property", "meters", "cameras", "party"]
    assert units(matters.plan(matter, {"members": [{"wants_to_volunteer": True}]}))[-1] == "volunteers"
    assert units(matters.plan(matter, {})) == ["property", "meters", "cameras"]
    assert matter.lead == "property" and str(matter.promise) == "3wd"


def test_moving_in_runs_in_parallel_and_closes_when_the_last_lane_is_done():
    matter = catalogue.get("moving-in")
    everyone = ["property", "meters", "cameras", "party"]
    assert units(matters.next_steps(matter, MOVING_IN, {})) == everyone
    assert units(matters.next_steps(matter, MOVING_IN, {"property": "done"}, assigned=everyone)) == []
    assert matters.verdict(matter, MOVING_IN, {"property": "done"}) == "open"
    assert matters.verdict(matter, MOVING_IN, dict.fromkeys(everyone, "done")) == "done"
    one_refused = {**dict.fromkeys(everyone[:3], "done"), "party": "refused"}
    assert matters.verdict(matter, MOVING_IN, one_refused) == "refused"
    assert matters.verdict(matter, MOVING_IN, {"party": "refused"}) == "open"


def test_a_volunteer_visits_only_when_neither_contact_nor_street_found_out():
    matter = catalogue.get("welfare-check")
    assert units(matters.next_steps(matter, {}, {})) == ["community"]
    unanswered = {"community": "unanswered"}
    assert units(matters.next_steps(matter, {}, unanswered)) == ["street"]
    assert units(matters.next_steps(matter, {}, unanswered | {"street": "unanswered"})) == ["volunteers"]
    assert matters.verdict(matter, {}, unanswered | {"street": "unanswered"}) == "open"
    assert matters.verdict(matter, {}, unanswered | {"street": "safe"}) == "done"
    assert matters.verdict(matter, {}, unanswered | {"street": "unanswered", "volunteers": "safe"}) == "done"
    for outcome in ("safe", "done"):
        assert matters.next_steps(matter, {}, {"community": outcome}) == []
        assert matters.verdict(matter, {}, {"community": outcome}) == "done"
    assert str(matter.promise) == "3h"


def test_a_case_that_began_under_the_first_version_ends_under_it():
    matter = catalogue.get("welfare-check", version=1)
    assert units(matters.next_steps(matter, {}, {"community": "unanswered"})) == ["volunteers"]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [("gas", ["property", "fire", "grid"]), ("smoke", ["property", "fire", "grid"]), ("fall", ["property"])],
)
def test_gas_and_fire_call_more_than_property(kind, asked):
    assert units(matters.next_steps(catalogue.get("alarm"), {"type": kind}, {})) == asked


def test_minimum_living_goes_from_two_at_once_to_one():
    matter = catalogue.get("5")
    assert units(matters.next_steps(matter, {}, {})) == ["street", "grid"]
    assert units(matters.next_steps(matter, {}, {"street": "done"})) == ["grid"]
    assert units(matters.next_steps(matter, {}, {"street": "done", "grid": "done"})) == ["community"]
    refused = {"street": "refused", "grid": "done"}
    assert matters.next_steps(matter, {}, refused) == []
    assert matters.verdict(matter, {}, refused) == "refused"
    assert matters.verdict(matter, {}, {"street": "refused"}) == "open"


def test_urgent_relief_is_promised_sooner_and_skips_publicity():
    matter = catalogue.get("temporary-relief")
    assert str(matter.promise_for({"urgent": True})) == "24h"
    assert str(matter.promise_for({"urgent": False})) == "10wd"
    assert str(matter.steps[0].promise_for({"urgent": True})) == "12h"
    assert units(matters.next_steps(matter, {"urgent": True}, {"street": "done"})) == ["civil-affairs"]
    assert units(matters.next_steps(matter, {"urgent": False}, {"street": "done"})) == ["community"]


def test_the_unit_a_complaint_is_about_joins_the_community():
    matter = catalogue.get("complaint")
    assert units(matters.plan(matter, {"topic": "meters"})) == ["community", "meters"]
    assert units(matters.plan(matter, {"topic": "other"})) == ["community"]


@given(st.data())
def test_every_matter_comes_to_an_end_whatever_the_outcomes(data):
    matter = data.draw(st.sampled_from(every_matter))
    form = {"topic": "property", "reason": data.draw(st.sampled_from(["crime", "dispute", "x"])), **MOVING_IN}
    outcomes: dict[str, str] = {}
    for _ in matter.steps:
        turn = matters.next_steps(matter, form, outcomes)
        if not turn:
            break
        step = data.draw(st.sampled_from(turn))
        assert step.unit not in outcomes
        own = [choice.value for choice in step.outcomes]
        outcomes[step.unit] = data.draw(st.sampled_from(["done", "refused", *own]))
    assert matters.next_steps(matter, form, outcomes) == []
    assert matters.verdict(matter, form, outcomes) in ("done", "refused")


# -- conditions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("urgent", True),
        ("not urgent", False),
        ("missing", False),
        ("not missing", True),
        ("topic = property", True),
        ("topic = meters", False),
        ("not topic = meters", True),
        ("any(members.old)", True),
        ("any(members.relation = child)", False),
        ("any(nobody.old)", False),
        ("any(topic.old)", False),  # not a list
        ("missing or urgent", True),
        ("missing and urgent", False),
        ("urgent and topic = property", True),
    ],
)
def test_conditions(text, holds):
    form = {
        "urgent": True,
        "topic": "property",
        "members": [{"old": False}, "stray", {"old": True, "relation": "self"}],
    }
    assert Condition.parse(text).holds(form) is holds


@pytest.mark.parametrize(
    "text",
    ["", "a or b and c", "__import__('os')", "a == b", "a.b", "any(a)", "not", "a =", "any(a.b.c)", "A"],
)
def test_what_is_no_condition(text):
    with pytest.raises(ValueError, match=r"condition|mixes"):
        Condition.parse(text)


# -- the checker ---------------------------------------------------------------------------------------


def a_matter() -> dict:
    return yaml.safe_load(
        """
        code: "50"
        slug: example
        version: 1
        valid_from: 2025-01-01
        title: { zh: 例, en: Example }
        sentence: { zh: 例, en: Example }
        for_whom: { zh: 人, en: People }
        channels: [window]
        groups: [applicant, { key: more, zh: 更多, en: More, fields: [{ name: topic, type: text, zh: 题, en: Topic }] }]
        materials: [id-card]
        steps:
          - { unit: community, name: first, zh: 先, en: First, promise: 1wd, manual: true }
          - { unit: police, name: second, zh: 后, en: Second, promise: 1wd, manual: true, after: [community] }
        roll_up: all
        promise: 2wd
        result: { value: paper, zh: 纸, en: Paper }
        basis: [{ zh: 法, en: Law }]
        """
    )


@pytest.fixture
def checked(tmp_path):
    shutil.copy(matters.DATA / "_shared.yaml", tmp_path)

    def run(*all_of_them: dict) -> list[matters.Finding]:
        for place, matter in enumerate(all_of_them):
            (tmp_path / f"{place}.yaml").write_text(
                yaml.safe_dump(matter, allow_unicode=True), encoding="utf-8"
            )
        return matters.check(tmp_path)

    return run


def test_a_sound_matter_has_no_findings(checked):
    assert checked(a_matter()) == []


def set_at(matter: dict, path: tuple, value) -> dict:
    inner = matter
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return matter


MORE = ("groups", 1, "fields")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("steps", 0, "unit"), "nobody", "there is no unit 'nobody'"),
        (("steps", 1, "unit"), "community", "the unit 'community' has two steps"),
        (("steps", 0, "after"), ["police"], "waits for itself in a circle"),
        (("steps", 1, "after"), ["fire"], "waits for 'fire', which has no step here"),
        (("steps", 1, "after"), ["fire"], "can never be reached"),
        (("steps", 1, "when"), {"community": "asleep"}, "'community' never ends as 'asleep'"),
        (("steps", 1, "when"), {"fire": "done"}, "asks how 'fire' ended without waiting for it"),
        (("steps", 1, "only_if"), "any(members.old)", "the condition speaks of 'members.old'"),
        (("steps", 1, "only_if"), "__import__('os')", "is no condition"),
        (("steps", 0, "promise"), "soon", "is no promise"),
        (("steps", 0, "promise"), 3, "has to be text"),
        (("promise",), "1wd", "the steps in turn need longer than 1wd"),
        (("steps",), [], "there is no step"),
        (("title",), {"zh": "例"}, "missing required field `en`"),
        (("title", "en"), "例", "is not English"),
        (("title", "zh"), "Example", "is not Chinese"),
        (("groups", 1, "zh"), "", "length >= 1"),
        (("groups", 1, "fields", 0, "name"), "phone", "the field 'phone' is asked twice"),
        (("groups", 1, "key"), "applicant", "the group 'applicant' is there twice"),
        ((*MORE, 0, "type"), "choice", "a choice needs them"),
        ((*MORE, 0, "type"), "list", "a list needs them"),
        ((*MORE, 0, "type"), "secret", "Invalid enum value"),
        ((*MORE, 0, "pattern"), "(", "the pattern does not compile"),
        ((*MORE, 0, "max"), 3, "only numbers have a range"),
        ((*MORE, 0, "must"), True, "only a box"),
        ((*MORE, 0, "required_if"), "absent", "the condition speaks of 'absent'"),
        ((*MORE, 0, "source"), "elsewhere", "Expected `str` matching regex"),
        ((*MORE, 0, "colour"), "red", "unknown field `colour`"),
        (
            (*MORE,),
            [{"name": f"f{n}", "type": "text", "zh": "题", "en": "T"} for n in range(4)],
            "a screen asks 1 to 3",
        ),
        (("materials",), ["id-card", "id-card"], "the material 'id-card' is there twice"),
        (("materials",), ["no-such"], "Expected `object`"),
        (
            ("materials",),
            [{"name": "x", "zh": "件", "en": "X", "how": "scan", "required": True, "accepts": ["a/b"]}],
            "accepts unknown types",
        ),
        (("roll_up",), "most", "matching regex"),
        (("roll_up",), "quorum(3)", "asks for more parts than there are steps"),
        (("channels",), ["pigeon"], "there is no channel 'pigeon'"),
        (("channels",), [], "at least one channel"),
        (("basis",), [], "needs a legal basis"),
        (("raised_by",), "NobodyKnows", "there is no event 'NobodyKnows'"),
        (("code",), "x", "matching regex"),
        (("valid_from",), "tomorrow", "Invalid"),
        (("sooner",), {"if": "topic", "promise": "1h"}, "need longer than 1h"),
    ],
)
def test_the_checker_says_what_is_wrong(checked, path, value, said):
    findings = checked(set_at(a_matter(), path, value))
    assert any(said in finding.en for finding in findings), findings
    assert all(finding.zh and finding.where and finding.file for finding in findings)


def test_the_checker_says_everything_at_once(checked):
    wrong = set_at(a_matter(), ("steps", 0, "unit"), "nobody")
    wrong = set_at(wrong, ("channels",), ["pigeon"])
    wrong = set_at(wrong, ("title", "en"), "例")
    assert len(checked(wrong)) >= 3
    wrong = set_at(set_at(a_matter(), ("steps", 0, "promise"), "soon"), ("steps", 1, "promise"), "later")
    assert [finding.where for finding in checked(wrong)] == ["steps[0].promise", "steps[1].promise"]


def test_two_files_may_not_say_the_same(checked):
    assert any("same version" in finding.en for finding in checked(a_matter(), a_matter()))
    assert any(
        "another matter" in finding.en for finding in checked(a_matter(), {**a_matter(), "code": "51"})
    )


@pytest.mark.parametrize("text", ["[1, 2", "- a list", "", "\x00"])
def test_a_file_that_is_no_matter_is_a_finding(tmp_path, text):
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert len(matters.check(file)) == 1


def test_an_empty_folder_and_a_missing_file_are_findings(tmp_path):
    assert len(matters.check(tmp_path)) == 1
    assert len(matters.check(tmp_path / "missing.yaml")) == 1


def test_the_desk_does_not_open_with_broken_matters(checked, tmp_path):
    assert checked({**a_matter(), "channels": ["pigeon"]})
    with pytest.raises(matters.BrokenMatters, match="pigeon"):
        matters.catalogue(tmp_path)


def test_versions(checked, tmp_path: Path):
    second = {**a_matter(), "version": 2, "valid_from": date(2026, 7, 1)}
    assert checked(a_matter(), second) == []
    ours = matters.catalogue(tmp_path)
    assert ours.get("example", on=date(2026, 6, 30)).version == 1
    assert ours.get("50", on=date(2026, 7, 1)).version == 2
    assert ours.get("50", version=1, on=date(2026, 7, 1)).version == 1
    assert [matter.slug for matter in ours.list()] == ["example"]
    assert ours.list(on=date(2020, 1, 1)) == []


@pytest.mark.parametrize(
    ("roll_up", "outcomes", "verdict"),
    [
        ("any", {"police": "done"}, "done"),
        ("any", {"police": "refused"}, "open"),
        ("any", {"police": "refused", "community": "refused", "fire": "refused"}, "refused"),
        ("quorum(2)", {"police": "done"}, "open"),
        ("quorum(2)", {"police": "done", "fire": "done"}, "done"),
        ("quorum(2)", {"police": "refused", "fire": "done", "community": "refused"}, "refused"),
    ],
)
def test_roll_ups(checked, tmp_path, roll_up, outcomes, verdict):
    matter = {**a_matter(), "roll_up": roll_up}
    matter["steps"][1]["after"] = []
    matter["steps"].append({**matter["steps"][0], "unit": "fire"})
    assert checked(matter) == []
    assert matters.verdict(matters.catalogue(tmp_path).get("50"), {}, outcomes) == verdict
