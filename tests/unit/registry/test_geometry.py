from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import Invalid
from services.registry import geometry


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def faults(*shapes, boundary=None):
    drawn = {chr(97 + n): geometry.read(shape, "x") for n, shape in enumerate(shapes)}
    return geometry.faults(drawn, geometry.read(boundary, "boundary") if boundary else None)


@given(st.integers(), st.integers(1, 5), st.integers(1, 5))
def test_a_lattice_with_bent_corners_always_tiles(seed, columns, rows):
    chance = Random(seed)
    cells = geometry.lattice(116, 39, 0.01, 0.01, columns, rows, lambda: chance.uniform(-0.0003, 0.0003))
    assert faults(*cells) == []


def test_a_hole_between_grids_is_a_gap_and_names_its_neighbours():
    ring = (square(0, 0, 3, 1), square(0, 2, 3, 3), square(0, 1, 1, 2), square(2, 1, 3, 2))
    (fault,) = faults(*ring)
    assert (fault.kind, fault.grids) == ("gap", ("a", "b", "c", "d"))


def test_a_grid_inside_another_is_an_overlap():
    (fault,) = faults(square(0, 0, 3, 3), square(1, 1, 2, 2))
    assert (fault.kind, fault.grids) == ("overlap", ("a", "b"))


def test_a_piece_that_touches_no_other_is_told():
    (fault,) = faults(square(0, 0, 2, 2), square(3, 0, 4, 1))
    assert (fault.kind, fault.grids) == ("apart", ("b",))


def test_a_sliver_of_less_than_a_square_metre_is_no_fault():
    assert faults(square(116, 39, 116.001, 39.001), square(116.00099999999, 39, 116.002, 39.001)) == []


def test_area_is_in_square_metres():
    (fault,) = faults(square(116, 60, 116.02, 60.01), square(116.01, 60, 116.03, 60.01))
    assert fault.area == pytest.approx(0.01 * 0.01 * 111_320**2 * 0.5, rel=0.01)


def test_too_many_points_are_refused():
    ring = [[n / 100_000, 0] for n in range(geometry.MOST_POINTS)] + [[0.1, 1], [0, 0]]
    with pytest.raises(Invalid, match=r".*"):
        geometry.read({"type": "Polygon", "coordinates": [ring]}, "x")
