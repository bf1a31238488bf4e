"""The demonstration's ten communities lie beside each other, and nobody lives in two of them."""

from datetime import UTC, datetime
from itertools import combinations

from shapely.geometry import shape
from shapely.ops import unary_union

from services.registry import demonstration

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def _street(households=30):
    return [
        demonstration.build(f"110105001{number:03}", 7 + number, households, NOW) for number in range(1, 11)
    ]


def test_communities_do_not_overlap():
    areas = [unary_union([shape(grid["geometry"]) for grid in made.grids]) for made in _street()]
    assert all(one.intersection(other).area == 0 for one, other in combinations(areas, 2))


def test_no_two_people_share_a_number_or_a_telephone():
    people = [one for made in _street(400) for one in made.residents]
    numbers = [one.id_number for one in people]
    telephones = [one.phone for one in people if one.phone]
    assert len(set(numbers)) == len(numbers) > 5000
    assert len(set(telephones)) == len(telephones)


def test_the_same_seed_makes_the_same_street():
    one, other = _street(), _street()
    assert [vars(person) for made in one for person in made.residents] == [
        vars(person) for made in other for person in made.residents
    ]
