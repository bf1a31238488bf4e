from datetime import UTC, date, datetime

import pytest

from services.chassis.errors import Invalid
from services.contracts import citizens
from services.registry import demonstration, geometry, model

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        (date(1966, 11, 23), date(2026, 11, 22), 59),
        (date(1966, 11, 23), date(2026, 11, 23), 60),
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
    ],
)
def test_a_year_is_full_on_the_birthday(born, today, years):
    assert model.age(born, today) == years


def test_the_day_is_the_communitys():
    assert model.today(datetime(2026, 11, 22, 16, 30, tzinfo=UTC)) == date(2026, 11, 23)


def test_birth_date_and_sex_come_from_the_number_and_not_from_what_is_told():
    body = "11019919500101001"
    number = body + citizens.id_check_digit(body)
    resident = model.Resident.of(
        "h", {"name": " 吴秀英 ", "id_number": number.lower(), "birth_date": date(1999, 9, 9)}
    )
    assert (resident.name, resident.birth_date, resident.sex) == ("吴秀英", date(1950, 1, 1), "male")


@pytest.mark.parametrize(
    ("person", "field"),
    [({"name": " "}, "members.0.name"), ({"name": "x", "id_number": "1"}, "members.0.id_number")],
)
def test_a_person_who_is_not_told_rightly_is_refused_with_the_path(person, field):
    with pytest.raises(Invalid) as refused:
        model.Resident.of("h", person, "members.0.")
    assert list(refused.value.field_sentences) == [field]


@pytest.mark.parametrize(
    ("code", "door"),
    [
        ("110105001001001-03-2-0501", ("110105001001001-03", 2, "0501")),
        ("110105001001001-03", ("", None, None)),
        ("幸福路 3 号", ("", None, None)),
        ("a-b-c-d", ("", None, None)),
    ],
)
def test_a_households_code_says_where_it_is(code, door):
    assert model.door_of(code) == door


def test_without_a_number_the_same_name_in_the_same_home_is_the_same_person():
    one, other = model.Resident("h", "吴小宝"), model.Resident("h", "吴小宝", id_number="x")
    assert one.is_same_person(other)
    assert not one.is_same_person(model.Resident("g", "吴小宝"))
    assert not model.Resident("h", "吴小宝", id_number="y").is_same_person(other)


class TestDemonstration:
    made = demonstration.build("110105001001", 1, 1200, NOW)

    def test_is_the_same_for_the_same_seed(self):
        assert demonstration.build("110105001001", 1, 1200, NOW) == self.made
        assert demonstration.build("110105001001", 2, 1200, NOW) != self.made

    def test_grids_tile_the_community(self):
        drawn = {grid["code"]: geometry.read(grid["geometry"], "x") for grid in self.made.grids}
        assert len(drawn) == 6
        assert geometry.faults(drawn) == []

    def test_buildings_stand_in_their_grids(self):
        from shapely import Point

        shapes = {grid["code"]: geometry.read(grid["geometry"], "x") for grid in self.made.grids}
        assert len(self.made.buildings) == 30
        assert all(
            shapes[one["grid"]].contains(Point(one["longitude"], one["latitude"]))
            for one in self.made.buildings
        )

    def test_people_are_plausible_and_nobody(self):
        residents = self.made.residents
        assert 2700 < len(residents) < 3300
        assert all(citizens.check_id_number(one.id_number) for one in residents)
        assert all(one.id_number.startswith(str(demonstration.NOBODYS_COUNTY)) for one in residents)
        assert (
            len({one.id_number for one in residents})
            == len({one.resident_id for one in residents})
            == len(residents)
        )
        assert all(0 <= one.age(demonstration.YEAR_ZERO) < 95 for one in residents)
        assert all(one.phone is None or citizens.check_phone(one.phone) for one in residents)

    def test_every_home_has_its_own_door(self):
        codes = {one["household"] for one in self.made.households}
        assert len(codes) == 1200 and {one.household for one in self.made.residents} == codes
