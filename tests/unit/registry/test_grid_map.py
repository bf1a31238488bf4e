"""Rule §6: a grid code has 6+3+3+3 digits, a grid 300–500 households; polygons neither overlap nor leave gaps."""

from datetime import date

import pytest
from shapely.geometry import shape

from services.registry import rulebook
from services.registry.gridmap import model

COMMUNITY = "110105001001"
SIZE = {"least": 300, "most": 500}


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


LEFT, RIGHT = square(116.44, 39.92, 116.45, 39.93), square(116.45, 39.92, 116.46, 39.93)


def feature(drawn, number=1, code=None, name="第一网格"):
    properties = {"code": code or f"{COMMUNITY}{number:03}", "name": name}
    return {"type": "Feature", "properties": properties, "geometry": drawn}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


def kinds(*features, **more):
    return [fault.kind for fault in model.read(collection(*features, **more), COMMUNITY)[1]]


@pytest.mark.parametrize(
    "code", ["1101050010010011", "11010500100100", "11010500100100a", "", "110105-001001001"]
)
def test_a_code_that_is_not_6_3_3_3_digits_is_told(code):
    assert kinds(
        feature(LEFT, code=code or None, number=1) if code else {**feature(LEFT), "properties": {"name": "x"}}
    ) == ["bad-code"]


def test_a_code_of_another_community_is_told():
    assert kinds(feature(LEFT, code="110105001002001")) == ["foreign-code"]


def test_every_fault_of_a_file_is_told_at_once():
    bow = {"type": "Polygon", "coordinates": [[[116, 39], [117, 40], [117, 39], [116, 40], [116, 39]]]}
    found = kinds(feature(LEFT), feature(RIGHT), feature(bow, 3), feature(LEFT, 4, name=""))
    assert sorted(found) == ["bad-shape", "no-name", "twice"]


def test_a_self_intersection_says_where():
    bow = {"type": "Polygon", "coordinates": [[[116, 39], [117, 40], [117, 39], [116, 40], [116, 39]]]}
    _, (fault,) = model.read(collection(feature(bow)), COMMUNITY)
    assert "116.5 39.5" in fault.en and "116.5 39.5" in fault.zh


def test_latitude_before_longitude_is_recognised():
    assert kinds(feature(square(39.92, 116.44, 39.93, 116.45))) == ["swapped"]


def test_metres_of_a_projection_are_recognised():
    assert kinds(feature(square(439000, 4420000, 440000, 4421000))) == ["crs"]


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", True),
        ("urn:ogc:def:crs:EPSG::4326", True),
        ("EPSG:4490", True),
        ("urn:ogc:def:crs:EPSG::3857", False),
        ("EPSG:4549", False),
    ],
)
def test_reference_systems(name, fine):
    found = kinds(feature(LEFT), crs={"type": "name", "properties": {"name": name}})
    assert found == ([] if fine else ["crs"])


def test_nonsense_is_no_map():
    for nonsense in ({}, {"type": "FeatureCollection"}, {"type": "FeatureCollection", "features": [1, None]}):
        assert model.read(nonsense, COMMUNITY)[1]
    for drawn in ({"type": "Polygon", "coordinates": "x"}, {"type": "Polygon"}, {"type": "Circle"}):
        assert kinds(feature(drawn)) == ["bad-shape"]


def plan(*features, known=None, buildings=(), homeless=None):
    grids, faults = model.read(collection(*features), COMMUNITY)
    assert not faults
    return model.plan(grids, known or {}, buildings, homeless or {}, None, SIZE)


def standing(number, grid, point, households=400):
    return model.Standing(f"{COMMUNITY}{grid:03}-{number:02}", f"{COMMUNITY}{grid:03}", point, households)


def test_an_overlap_tells_its_square_metres_and_where():
    made = plan(feature(LEFT), feature(square(116.449, 39.92, 116.46, 39.93), 2))
    (fault,) = made.faults
    assert fault.kind == "overlap" and fault.grids == (f"{COMMUNITY}001", f"{COMMUNITY}002")
    assert fault.area == pytest.approx(0.001 * 0.01 * 111_320**2 * 0.767, rel=0.01)
    assert shape(fault.geometry).bounds == pytest.approx((116.449, 39.92, 116.45, 39.93))


@pytest.mark.parametrize(("households", "told"), [(299, True), (300, False), (500, False), (501, True)])
def test_a_grid_outside_300_to_500_households_is_a_warning_and_no_fault(households, told):
    made = plan(feature(LEFT), buildings=[standing(1, 1, (116.441, 39.921), households)])
    assert [warning.kind for warning in made.warnings] == ["size"] * told
    assert made.faults == []


def test_the_size_of_a_grid_is_data():
    assert rulebook.in_force("grids", COMMUNITY, date(2026, 1, 1))["households"] == SIZE


def test_a_building_follows_the_border_that_moved_over_it():
    moved = standing(1, 1, (116.4495, 39.925))
    on_the_border = standing(2, 1, (116.449, 39.925))
    unknown_point = standing(3, 1, None)
    made = plan(
        feature(square(116.44, 39.92, 116.449, 39.93)),
        feature(square(116.449, 39.92, 116.46, 39.93), 2),
        buildings=[moved, on_the_border, unknown_point],
    )
    assert made.moving == [{"building": moved.code, "from": f"{COMMUNITY}001", "to": f"{COMMUNITY}002"}]
    assert made.households == {f"{COMMUNITY}001": 800, f"{COMMUNITY}002": 400}


def test_a_grid_with_homes_whose_place_nobody_knows_cannot_be_retired():
    known = {f"{COMMUNITY}{n:03}": {"name": "x", "geometry": LEFT} for n in (1, 2)}
    made = plan(
        feature(square(116.44, 39.92, 116.46, 39.93)),
        known=known,
        buildings=[standing(1, 2, None)],
        homeless={f"{COMMUNITY}002": 3},
    )
    assert made.retired == [f"{COMMUNITY}002"]
    assert sorted(fault.kind for fault in made.faults) == ["in-use", "left-alone"]


def test_neighbours_share_a_border_and_not_only_a_corner():
    left, right, above = shape(LEFT), shape(RIGHT), shape(square(116.45, 39.93, 116.46, 39.94))
    assert model.shared_border(left, right) == pytest.approx(1113, abs=3)
    assert model.shared_border(right, above) == pytest.approx(0.01 * 111_320 * 0.767, abs=3)
    assert model.shared_border(left, above) == 0
