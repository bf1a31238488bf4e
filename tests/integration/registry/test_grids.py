import pytest

from services.chassis.errors import Forbidden, Invalid
from services.contracts import registry
from services.registry import geometry, model
from tests.integration.registry.conftest import caller


def grids_of(community, cells):
    return [
        {"code": f"{community}{n:03}", "name": f"第{n}网格", "geometry": cell}
        for n, cell in enumerate(cells, 1)
    ]


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_grids_that_overlap_are_told_and_nothing_is_stored(office, community):
    overlapping = grids_of(community, [square(116, 39, 116.01, 39.01), square(116.009, 39, 116.02, 39.01)])
    with pytest.raises(model.GridsOverlapOrGap) as refused:
        office(registry.ImportGrids, community=community, grids=overlapping)
    (fault,) = refused.value.facts["report"]
    assert (fault["kind"], fault["grids"]) == ("overlap", [f"{community}001", f"{community}002"])
    assert 90_000 < fault["area"] < 100_000
    assert office(registry.ListGrids, place=community)["items"] == []


def test_a_later_import_is_checked_against_what_is_there(office, community):
    first, second = grids_of(community, [square(116, 39, 116.01, 39.01), square(116.005, 39, 116.02, 39.01)])
    office(registry.ImportGrids, community=community, grids=[first])
    with pytest.raises(model.GridsOverlapOrGap):
        office(registry.ImportGrids, community=community, grids=[second])
    office(
        registry.ImportGrids,
        community=community,
        grids=[second | {"geometry": square(116.01, 39, 116.02, 39.01)}],
    )
    assert len(office(registry.ListGrids, place=community)["items"]) == 2


def test_a_gap_against_the_communitys_boundary_is_told(office, community):
    grids = grids_of(community, [square(116, 39, 116.01, 39.01), square(116.01, 39, 116.02, 39.01)])
    boundary = square(116, 39, 116.021, 39.01)
    with pytest.raises(model.GridsOverlapOrGap) as refused:
        office(registry.ImportGrids, community=community, grids=grids, boundary=boundary)
    assert [fault["kind"] for fault in refused.value.facts["report"]] == ["gap"]


def test_only_grids_of_the_community_are_imported_by_those_who_run_it(office, community):
    grids = grids_of("110105001002", [square(116, 39, 116.01, 39.01)])
    with pytest.raises(model.GridsInUse):
        office(registry.ImportGrids, community=community, grids=grids)
    with pytest.raises(Forbidden):
        office(registry.ImportGrids, caller("clerk", community), community=community, grids=grids)


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point", "coordinates": [116, 39]},
        {"type": "Polygon", "coordinates": [[[116, 39], ["a", 39], [116, 40], [116, 39]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        square(439000, 4420000, 440000, 4421000),
    ],
)
def test_a_shape_that_is_none_is_refused_with_its_path(office, community, shape):
    grids = [{"code": f"{community}001", "name": "x", "geometry": shape}]
    with pytest.raises(Invalid) as refused:
        office(registry.ImportGrids, community=community, grids=grids)
    assert list(refused.value.field_sentences) == [f"grids.{community}001.geometry"]


def test_the_map_is_geojson_with_counts_of_the_callers_area_only(office, estate):
    mine = caller("officer", estate.grid)
    (feature,) = office(registry.GridMap, mine)["features"]
    assert feature["properties"] == {
        "code": estate.grid,
        "name": "第1网格",
        "buildings": 1,
        "households": 2,
        "persons": 0,
        "elders_alone": 0,
    }
    assert feature["geometry"]["type"] == "Polygon"
    assert geometry.read(feature["geometry"], "geometry").area > 0
    assert office(registry.ListBuildings, caller("officer", estate.other_grid))["items"] == []
    with pytest.raises(Forbidden):
        office(registry.GridMap, caller("terminal", estate.grid))


def test_buildings_and_homes_are_registered_once(office, estate):
    for contract, fields in (
        (registry.AddBuilding, {"grid": estate.grid, "number": 3, "address": "x"}),
        (registry.AddHousehold, {"building": estate.building, "unit": 1, "door": "0101"}),
    ):
        with pytest.raises(model.AlreadyRegistered):
            office(contract, **fields)
    with pytest.raises(model.UnknownGrid):
        office(registry.AddBuilding, grid=f"{estate.community}999", number=1, address="x")
    with pytest.raises(model.UnknownBuilding):
        office(registry.AddHousehold, caller("clerk", "220105"), building=estate.building, unit=1, door="9")
