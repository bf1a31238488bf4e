from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.frontdesk import forms, matters

MATTER = matters.catalogue().get("moving-in")
ID = "11010519491231002X"
SHA = "a" * 64

FAMILY = {
    "name": "袁一",
    "id_number": ID,
    "phone": "13500000000",
    "address": "110105001001001-3-2-501",
    "property_right_no": "京（2026）朝不动产权第0000001号",
    "move_in_date": "2026-11-23",
    "members": [
        {
            "name": "袁一",
            "id_number": ID,
            "relation": "self",
            "is_party_member": True,
            "wants_to_volunteer": True,
        },
        {"name": "袁二", "id_number": "440524188001010014", "relation": "parent", "lives_alone": False},
    ],
    "vehicles": [{"plate": "京A12345"}],
    "door_access": "card",
    "water_reading": "12.345",
    "electricity_reading": 1024,
    "gas_reading": 0.5,
    "party_branch_previous": "第一支部",
    "consent": True,
}


def family(**changes):
    return {**copy.deepcopy(FAMILY), **changes}


def faults(form, materials=(), matter=MATTER) -> dict[str, str]:
    return {problem.path: problem.en for problem in forms.problems(matter, form, materials)}


# -- complete and incomplete ---------------------------------------------------------------------------


def test_a_complete_form_has_no_problems():
    assert forms.problems(MATTER, family()) == []


def test_a_form_is_kept_trimmed_and_exact():
    kept = forms.check(MATTER, family(name=" 袁一 ", id_number=ID.lower(), phone="+86 135 0000 0000"))
    assert (kept["name"], kept["id_number"], kept["phone"]) == ("袁一", ID, "13500000000")
    assert (kept["water_reading"], kept["electricity_reading"], kept["gas_reading"]) == (
        "12.345",
        "1024",
        "0.5",
    )
    assert "contact_name" not in kept
    assert forms.check(MATTER, kept) == kept


def test_everything_that_is_missing_is_told_at_once():
    said = faults({})
    assert set(said) == {
        "applicant.name",
        "applicant.id_number",
        "applicant.phone",
        "form.address",
        "form.property_right_no",
        "form.move_in_date",
        "form.members",
        "form.door_access",
        "form.water_reading",
        "form.electricity_reading",
        "form.consent",
    }
    assert said["form.address"] == "Home is missing."
    with pytest.raises(forms.IncompleteForm) as raised:
        forms.check(MATTER, {})
    assert raised.value.as_dict()["slug"] == "incomplete-form"
    assert len(raised.value.as_dict()["fields"]) == len(said)


@pytest.mark.parametrize("blank", [None, "", "   ", []])
def test_a_blank_is_missing(blank):
    assert set(faults(family(address=blank, members=blank))) == {"form.address", "form.members"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", 7, "It has to be text."),
        ("name", "袁" * 51, "At most 50 characters."),
        ("name", "袁\x00", "It holds characters that cannot be shown."),
        ("name", "袁\n一", "It holds characters that cannot be shown."),
        ("name", "\ud800", "It holds characters that cannot be shown."),
        ("name", "袁\u202e一", "It holds characters that cannot be shown."),
        ("name", "袁\u2028一", "It holds characters that cannot be shown."),
        ("name", {"a": 1}, "It has to be text."),
        ("id_number", "110105194912310021", "This is not a valid ID number; check its 18 characters."),
        ("phone", "12345", "This is not a valid phone number"),
        ("address", "三号楼", "Choose a place from the list of addresses."),
        ("address", "12345", "Choose a place"),
        ("move_in_date", "2026-02-30", "It has to be a date"),
        ("move_in_date", "23.11.2026", "It has to be a date"),
        ("move_in_date", "20261123", "It has to be a date"),
        ("move_in_date", 20261123, "It has to be text."),
        ("door_access", "window", "Choose one of: card, phone, face."),
        ("door_access", ["card"], "Choose one of"),
        ("water_reading", "a lot", "It has to be a number."),
        ("water_reading", True, "It has to be a number."),
        ("water_reading", float("nan"), "It has to be a number."),
        ("water_reading", float("inf"), "It has to be a number."),
        ("water_reading", "NaN", "It has to be a number."),
        ("water_reading", "1e9", "It has to be a number."),
        ("water_reading", "9" * 10000, "It has to be a number."),
        ("water_reading", 10**4000, "It has to be a number."),
        ("water_reading", 1e-300, "It has to be a number."),
        ("water_reading", "１２", "It has to be a number."),
        ("water_reading", -1, "It cannot be less than 0."),
        ("water_reading", 100000000, "It cannot be more than 99,999,999."),
        ("consent", False, "Please tick"),
        ("consent", "yes", "It has to be true or false."),
        ("members", "two", "It has to be a list."),
        ("members", {"name": "袁"}, "It has to be a list."),
        ("vehicles", [{"plate": "A1"}], "Plate is not in the right form."),
    ],
)
def test_what_is_wrong_is_named(field, value, said):
    found = faults(family(**{field: value}))
    assert len(found) == 1
    ((path, sentence),) = found.items()
    section = "applicant" if field in ("name", "id_number", "phone") else "form"
    assert path.startswith(f"{section}.{field}") and sentence.startswith(said)


def test_rows_are_checked_each_by_itself():
    members = [{"name": "袁一", "relation": "boss", "age": 3}, "a stray", {}]
    assert set(faults(family(members=members))) == {
        "form.members.0.id_number",
        "form.members.0.relation",
        "form.members.0.age",
        "form.members.1",
        "form.members.2.name",
        "form.members.2.id_number",
        "form.members.2.relation",
    }


def test_a_list_has_its_length():
    row = FAMILY["members"][0]
    assert faults(family(members=[row] * 20)) == {}
    assert faults(family(members=[row] * 21)) == {"form.members": "It has 21 rows; 1 to 20 are allowed."}
    assert len(faults(family(members=[{}] * 1_000_000))) == 1


def test_what_is_not_asked_is_refused_by_a_name_that_can_be_sent_back():
    found = faults(family(**{"surprise": 1, "\ud800": 2, "x" * 1000: 3}))
    assert set(found) == {"form.surprise", "form.\\ud800", "form." + "x" * 40}
    json.dumps(list(found)).encode()


def test_the_report_has_an_end():
    assert len(forms.problems(MATTER, {f"f{n}": n for n in range(10_000)})) == forms.PROBLEMS_AT_MOST


def test_depth_leads_nowhere():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    found = faults(family(name=deep, members=[{"name": deep}], surprise=deep, door_access=deep))
    assert {"applicant.name", "form.members.0.name", "form.surprise", "form.door_access"} <= set(found)


@pytest.mark.parametrize("form", [None, [], "form", 7])
def test_a_form_is_an_object(form):
    assert set(faults(form)) == {"form"}


# -- what one answer asks of another -------------------------------------------------------------------


def test_a_member_names_the_branch_and_whoever_lives_alone_a_contact():
    assert set(faults(family(party_branch_previous=None))) == {"form.party_branch_previous"}
    alone = family(members=[{**FAMILY["members"][1], "lives_alone": True}])
    assert set(faults(alone)) == {"form.contact_name", "form.contact_phone"}


def test_a_face_opens_the_door_only_with_its_own_consent():
    assert set(faults(family(door_access="face"))) == {"form.face_consent"}
    assert set(faults(family(door_access="face", face_consent=False))) == {"form.face_consent"}
    assert faults(family(door_access="face", face_consent=True)) == {}
    assert faults(family(face_consent=False)) == {}


# -- materials -----------------------------------------------------------------------------------------


RELIEF = matters.catalogue().get("temporary-relief")
MEDICAL = matters.catalogue().get("medical-aid")


def material_faults(matter, materials) -> dict[str, str]:
    return {path: en for path, en in faults({}, materials, matter).items() if path.startswith("materials")}


def test_a_material_that_may_follow_needs_a_file_or_a_pledge():
    assert set(material_faults(RELIEF, [])) == {"materials.evidence"}
    assert material_faults(RELIEF, [{"name": "evidence", "pledge": True, "by": "2026-12-01"}]) == {}
    assert material_faults(RELIEF, [{"name": "evidence", "sha256": SHA, "media_type": "image/png"}]) == {}
    assert set(material_faults(RELIEF, [{"name": "evidence", "pledge": True, "by": "soon"}])) == {
        "materials.0.by"
    }


def test_what_we_can_fetch_is_never_demanded():
    assert set(material_faults(MEDICAL, [])) == {"materials.diagnosis"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "diagnosis", "pledge": True}, "Diagnosis may not follow later."),
        ({"name": "diagnosis"}, "Upload the material first."),
        ({"name": "diagnosis", "sha256": "abc"}, "Upload the material first."),
        ({"name": "diagnosis", "sha256": SHA, "media_type": "text/html"}, "The file has to be one of"),
        ({"name": "poem", "sha256": SHA}, "This matter does not ask for this material."),
        ({"name": ["diagnosis"]}, "This matter does not ask for this material."),
        ("diagnosis", "This matter does not ask for this material."),
    ],
)
def test_a_wrong_material_is_named(entry, said):
    assert material_faults(MEDICAL, [entry])["materials.0"].startswith(said)


@pytest.mark.parametrize("materials", ["diagnosis", {"a": 1}, 7, None])
def test_materials_are_a_list(materials):
    assert material_faults(MEDICAL, materials) == {"materials": "It has to be a list."}


def test_materials_have_an_end():
    assert material_faults(MEDICAL, [{}] * 51) == {"materials": "At most 50 materials."}


# -- whatever comes ------------------------------------------------------------------------------------


def test_the_place_of_a_form_is_its_grid():
    assert forms.place_of(MATTER, FAMILY) == "110105001001001"
    assert forms.place_of(MATTER, {"address": "nowhere"}) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
some_matter = st.sampled_from(matters.catalogue().list())


@given(some_matter, st.data())
def test_any_json_gets_an_answer_that_can_be_sent(matter, data):
    names = st.sampled_from([field.name for field in matter.fields]) | st.text(max_size=10)
    form = data.draw(st.dictionaries(names, anything, max_size=8))
    materials = data.draw(st.lists(anything, max_size=3))
    for problem in forms.problems(matter, form, materials):
        assert problem.zh and problem.en
        json.dumps([problem.path, problem.zh, problem.en], ensure_ascii=False).encode()


@given(st.dictionaries(st.sampled_from([field.name for field in MATTER.fields]), anything, max_size=4))
def test_what_is_accepted_can_be_kept_and_is_accepted_again(changes):
    form = family(**changes)
    kept = forms.cleaned(MATTER, form)
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
    if not forms.problems(MATTER, form):
        assert forms.check(MATTER, kept) == kept
