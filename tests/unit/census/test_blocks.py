"""S15.4: blocks of about 300 persons; no crossing, no overlap, no gap."""

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from services.census import mosaic
from services.census.mosaic import Spot

SQUARE = {"type": "Polygon", "coordinates": [[[116.40, 39.90], [116.42, 39.90], [116.42, 39.92], [116.40, 39.92], [116.40, 39.90]]]}  # fmt: skip
HOOK = {
    "type": "Polygon",
    "coordinates": [[[116.40, 39.90], [116.42, 39.90], [116.42, 39.905], [116.405, 39.905], [116.405, 39.92], [116.40, 39.92], [116.40, 39.90]]],
}  # fmt: skip
LEAST, MOST = 240, 360

positions = st.tuples(st.integers(1, 1999), st.integers(1, 1999))


def spots_of(told):
    return [
        Spot(f"B{n:04}", 116.40 + x / 100_000, 39.90 + y / 100_000, persons)
        for n, ((x, y), persons) in enumerate(told)
    ]


def assert_tiled(area, blocks):
    drawn = [shape(block.geometry) for block in blocks]
    assert all(one.is_valid and one.area > 0 for one in drawn)
    union = shapely.union_all(drawn)
    assert union.symmetric_difference(area).area <= 1e-9 * area.area
    overlap = sum(one.area for one in drawn) - union.area
    assert abs(overlap) <= 1e-9 * area.area
    tree = shapely.STRtree(drawn)
    for i, j in zip(*tree.query(drawn, predicate="intersects"), strict=True):
        if i < j:
            assert drawn[i].intersection(drawn[j]).area <= 1e-9 * area.area


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(positions, st.integers(0, 900)), min_size=1, max_size=120),
    st.sampled_from([SQUARE, HOOK]),
)
def test_whatever_is_drawn_tiles_the_area_and_has_every_building_once(told, area):
    area = mosaic.read_area(area)
    inside = [spot for spot in spots_of(told) if not mosaic.outside(area, [spot])]
    blocks = mosaic.draw(area, inside, 300, MOST)
    if not inside:
        assert blocks == []
        return
    assert sorted(b for block in blocks for b in block.buildings) == sorted(s.building for s in inside)
    assert sum(block.persons for block in blocks) == sum(spot.persons for spot in inside)
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    assert_tiled(area, blocks)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(positions, st.integers(10, 20)), min_size=100, max_size=300, unique_by=lambda t: t[0])
)
def test_blocks_of_ordinary_buildings_are_in_bounds(told):
    """Buildings of at most 20 persons, 1,000 and more in all: every block has 300 ± 20 %, and hangs together."""
    area = mosaic.read_area(SQUARE)
    blocks = mosaic.draw(area, spots_of(told), 300, MOST)
    assert all(LEAST <= block.persons <= MOST for block in blocks)
    buildings = {s.building: shapely.Point(s.longitude, s.latitude) for s in spots_of(told)}
    for block in blocks:
        drawn = shape(block.geometry)
        assert all(drawn.covers(buildings[one].buffer(1e-9)) for one in block.buildings)


def test_the_same_list_in_another_order_gives_the_same_blocks():
    area = mosaic.read_area(SQUARE)
    spots = spots_of([((x, y), 20) for x in range(100, 1900, 200) for y in range(100, 1900, 200)])
    assert mosaic.draw(area, spots, 300, MOST) == mosaic.draw(area, spots[::-1], 300, MOST)


def test_a_street_of_buildings_in_rows_and_columns_is_cut_between_buildings():
    """All stand on few meridians: a cut is made within a column, too, not only between columns."""
    area = mosaic.read_area(SQUARE)
    told = [((x, y), 20) for x in (1, 700, 1400, 1999) for y in range(10, 1300, 20)]
    blocks = mosaic.draw(area, spots_of(sorted(told, key=lambda one: one[0][1] * 7 % 13)), 300, MOST)
    assert all(LEAST <= block.persons <= MOST and block.pieces == 1 for block in blocks)


@pytest.mark.parametrize(("persons", "alone"), [(360, False), (361, True)])
def test_a_building_of_more_than_a_block_may_have_is_a_block_by_itself(persons, alone):
    area = mosaic.read_area(SQUARE)
    spots = spots_of([((1000, 1000), persons)] + [((10 + 100 * n, 500), 30) for n in range(10)])
    (block,) = [one for one in mosaic.draw(area, spots, 300, MOST) if "B0000" in one.buildings]
    assert block.buildings == ("B0000",) or not alone
    if alone:
        assert (block.persons, block.buildings) == (361, ("B0000",))


def test_what_stands_on_one_point_stays_together():
    area = mosaic.read_area(SQUARE)
    spots = spots_of([((500, 500), 150), ((500, 500), 150), ((1500, 500), 150), ((1500, 500), 150)])
    assert [one.buildings for one in mosaic.draw(area, spots, 300, MOST)] == [
        ("B0000", "B0001"),
        ("B0002", "B0003"),
    ]


def test_a_street_office_of_ten_thousand_buildings_is_drawn():
    area = mosaic.read_area(SQUARE)
    side = 100
    spots = spots_of([((20 * x + 5, 20 * y + 5), 3 + (x * y) % 5) for x in range(side) for y in range(side)])
    blocks = mosaic.draw(area, spots, 300, MOST)
    assert all(LEAST <= block.persons <= MOST and block.pieces == 1 for block in blocks)
    assert math.isclose(sum(shape(b.geometry).area for b in blocks), area.area, rel_tol=1e-9)


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [400, 0], [400, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Polygon", "coordinates": []},
    ],
)
def test_what_is_no_area_is_told(bad):
    with pytest.raises(mosaic.BadArea):
        mosaic.read_area(bad)
