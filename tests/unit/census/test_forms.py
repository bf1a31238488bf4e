"""What is asked of whom, and what does not go together (S15.2, S15.3, S15.7)."""

from datetime import date, datetime

import pytest

from services.census import demonstration, figures, forms
from services.census.forms import RULES, Surroundings, age_at, assess
from services.contracts import citizens

BOOK = figures.forms_for(date(2020, 11, 1), "110105001001")
REFERENCE = datetime.fromisoformat("2020-11-01T00:00:00+08:00")
FAMILY = Surroundings("family", REFERENCE)
HOME = {"dwelling": "ordinary", "rooms": 2, "area": 60, "births": 0, "deaths": 0}


def person(**more):
    told = {"name": "王某", "relation": "head", "sex": "male", "birth_date": "1980-05-01", "ethnicity": "01",
            "presence": "here", "registration": "here", "education": "senior", **more}  # fmt: skip
    return {code: value for code, value in told.items() if value is not None}


def child(**more):
    return person(
        **{"name": "王小某", "relation": "child", "birth_date": "2010-05-01", "education": "primary", **more}
    )


def codes(*persons, form="short", around=FAMILY, home=HOME):
    told = {"household": home, "persons": list(persons)}
    return {(f.path, f.code, f.level) for f in assess(BOOK, form, told, around)}


def number_of(born, sex):
    first = f"110199{born.replace('-', '')}{'001' if sex == 'male' else '002'}"
    return first + citizens.id_check_digit(first)


def test_an_ordinary_family_has_no_fault():
    wife = person(name="李某", relation="spouse", sex="female", birth_date="1982-02-02")
    assert codes(person(), wife, child()) == set()


def test_every_rule_that_the_data_name_is_there_and_none_is_idle():
    assert {check["rule"] for check in BOOK["checks"] if "rule" in check} == RULES.keys()
    assert len({check["code"] for check in BOOK["checks"]}) == len(BOOK["checks"])


def test_every_item_and_option_and_check_is_told_in_both_languages():
    for form in BOOK["forms"].values():
        for item in (*form["household"], *form["persons"]):
            assert item["zh"] and item["en"], item
            assert all(len(option) == 2 and all(option) for option in item.get("options", {}).values()), item
    assert all(check["zh"] and check["en"] for check in BOOK["checks"])


@pytest.mark.parametrize(
    ("born", "fault"), [("2020-10-31", False), ("2020-11-01", True), ("2021-01-01", True)]
)
def test_who_is_born_at_the_reference_time_or_later_is_not_counted(born, fault):
    infant = child(birth_date=born, education=None)
    assert (
        ("persons.1", "born-before", "hard") in codes(person(), infant, home={**HOME, "births": 1})
    ) == fault


@pytest.mark.parametrize(("born", "asked"), [("2017-11-01", True), ("2017-11-02", False)])
def test_education_is_asked_from_the_third_birthday(born, asked):
    """A birthday begins with the reference time's own 0:00."""
    missing = ("persons.1.education", "missing", "hard") in codes(
        person(), child(birth_date=born, education=None)
    )
    assert missing == asked
    extra = ("persons.1.education", "not-asked", "hard") in codes(
        person(), child(birth_date=born, education="preschool")
    )
    assert extra != asked


@pytest.mark.parametrize(("presence", "registration", "fault"), [
    ("here", "away", False), ("elsewhere", "here", False), ("elsewhere", "away", True), ("elsewhere", "undetermined", True),
])  # fmt: skip
def test_present_address_who_neither_lives_nor_is_registered_here_is_not_entered(
    presence, registration, fault
):
    more = {"left": "one-to-five", "why_left": "work"} if registration == "away" else {}
    found = codes(person(presence=presence, registration=registration, **more))
    assert (("persons.0", "present", "hard") in found) == fault


def test_a_family_household_has_one_head_a_collective_one_needs_none():
    two = (person(), person(name="李某"))
    assert ("persons", "one-head", "hard") in codes(*two)
    lodger = person(relation="other")
    assert ("persons", "one-head", "hard") in codes(lodger)
    home = {code: value for code, value in HOME.items() if code not in ("rooms", "area")} | {
        "dwelling": "collective"
    }
    assert codes(lodger, lodger, around=Surroundings("collective", REFERENCE), home=home) == set()


@pytest.mark.parametrize(("born", "fault"), [("1980-05-01", False), ("1980-04-30", True)])
def test_a_child_is_not_older_than_the_head(born, fault):
    found = codes(person(), child(birth_date=born, education="senior"))
    assert (("persons.1", "child-young-enough", "hard") in found) == fault


@pytest.mark.parametrize(("born", "fault"), [("1995-05-01", False), ("1995-04-30", True)])
def test_fifteen_years_between_parent_and_child_may_only_be_fewer_with_an_explanation(born, fault):
    found = codes(person(), child(birth_date=born, education="senior"))
    assert (("persons.1", "parent-gap", "soft") in found) == fault


def test_a_parent_is_older_than_the_head():
    found = codes(person(), person(relation="parent", birth_date="1981-01-01"))
    assert ("persons.1", "parent-old-enough", "hard") in found


def test_an_id_number_is_checked_by_digit_and_compared_with_what_was_said():
    number = number_of("1980-05-01", "male")
    assert codes(person(id_number=number)) == set()
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    assert codes(person(id_number=wrong)) == {("persons.0", "id-digits", "hard")}
    assert codes(person(id_number=number_of("1980-05-02", "male"))) == {("persons.0", "id-birth", "soft")}
    assert codes(person(id_number=number_of("1980-05-01", "female"))) == {("persons.0", "id-sex", "soft")}
    both = codes(person(id_number=number), child(id_number=number))
    assert ("persons", "same-id", "hard") in both


def around_long(*persons):
    return Surroundings("family", REFERENCE, {"household": HOME, "persons": list(persons)})


LONG_HOME = {
    "storeys": 6,
    "built": "1990s",
    "kitchen": "own",
    "water": "yes",
    "toilet": "own",
    "tenure": "bought",
}


def adult(**more):
    return {"birthplace": "here", "five_years_ago": "here", "insurance": "employee", "marriage": "single",
            "worked": "no", "idle_because": "home", **more}  # fmt: skip


def test_births_are_asked_of_women_from_fifteen_to_sixty_four_only():
    for sex, born, asked in (
        ("male", "1980-01-01", False), ("female", "2005-11-01", True), ("female", "2005-11-02", False),
        ("female", "1955-11-02", True), ("female", "1955-11-01", False),
    ):  # fmt: skip
        one = person(sex=sex, birth_date=born)
        found = codes(adult(), form="long", around=around_long(one), home=LONG_HOME)
        assert (("persons.0.sons", "missing", "hard") in found) == asked, (sex, born)
        found = codes(adult(sons=1), form="long", around=around_long(one), home=LONG_HOME)
        assert (("persons.0.sons", "not-asked", "hard") in found) != asked, (sex, born)


def test_no_more_children_live_than_were_born():
    woman = around_long(person(sex="female"))
    fine = adult(sons=1, daughters=1, living_children=2, births=0)
    assert codes(fine, form="long", around=woman, home=LONG_HOME) == set()
    found = codes(fine | {"living_children": 3}, form="long", around=woman, home=LONG_HOME)
    assert found == {("persons.0", "living-children", "hard")}
    found = codes(fine | {"births": 3}, form="long", around=woman, home=LONG_HOME)
    assert found == {("persons.0", "births-in-all", "hard")}


@pytest.mark.parametrize(
    ("month", "fault"), [("1995-04", True), ("1995-05", False), ("2020-10", False), ("2020-11", True)]
)
def test_the_first_marriage_is_after_fifteen_and_before_the_reference_time(month, fault):
    told = adult(marriage="married", first_married=month)
    found = codes(told, form="long", around=around_long(person()), home=LONG_HOME)
    assert (("persons.0", "married-age", "hard") in found) == fault


def test_the_long_form_has_the_persons_of_the_short_one():
    found = codes(adult(), adult(), form="long", around=around_long(person()), home=LONG_HOME)
    assert found == {("persons", "as-short", "hard")}
    assert ("persons.0.sex", "unknown", "hard") in codes(
        adult(sex="female"), form="long", around=around_long(person()), home=LONG_HOME
    )


@pytest.mark.parametrize("value", [True, 1.5, "2", -1, 100, [], {}])
def test_a_number_of_rooms_is_a_whole_number_in_bounds(value):
    assert ("household.rooms", "wrong", "hard") in codes(person(), home={**HOME, "rooms": value})


@pytest.mark.parametrize("told", [
    {"persons": {}}, {"persons": ["x"]}, {"household": []}, {"other": 1}, {"persons": [{}] * 501},
])  # fmt: skip
def test_what_is_no_form_is_told_as_one_fault(told):
    (fault,) = assess(BOOK, "short", told, FAMILY)
    assert fault.code == "shape"


@pytest.mark.parametrize(
    "value", ["", None, 7, "2020-13-01", "20201101", "2020-02-30", "x" * 400, ["2020-01-01"]]
)
def test_a_birth_date_that_is_none_is_a_fault_and_no_crash(value):
    found = {(path, code) for path, code, _ in codes(person(birth_date=value))}
    assert found & {("persons.0.birth_date", "missing"), ("persons.0.birth_date", "wrong")}


def test_ages_on_a_leap_day():
    assert age_at("2004-02-29", date(2019, 2, 28)) == 14
    assert age_at("2004-02-29", date(2019, 3, 1)) == 15


def test_names_are_parted_from_the_answers_and_joined_again():
    told = {"household": HOME, "persons": [person(id_number=number_of("1980-05-01", "male"))]}
    rest, taken = forms.parted(BOOK, "short", told)
    assert "王某" not in str(rest) and taken[0].keys() == {"name", "id_number"}
    assert forms.joined(rest, taken) == told
    assert "name" not in forms.joined(rest, None)["persons"][0]


def test_the_demonstrations_households_are_without_a_hard_fault():
    for number in range(400):
        home = f"home-{number}"
        told = demonstration.short(1, home)
        assert not [f for f in assess(BOOK, "short", told, FAMILY) if f.level == "hard"], told
        around = Surroundings("family", REFERENCE, told, 1)
        more = demonstration.long(1, home, told)
        assert not [f for f in assess(BOOK, "long", more, around) if f.level == "hard"], more
        dead = demonstration.death(1, home)
        assert not [f for f in assess(BOOK, "death", dead, around) if f.level == "hard"], dead
        assert all(one["id_number"].startswith("110199") for one in told["persons"])
