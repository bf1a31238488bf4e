"""A street redraws its map: checked first, stored at once, and the old one is still known."""

import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import update

from services.chassis.errors import Forbidden
from services.contracts import gridmap, registry
from services.registry import model as registry_model
from services.registry import views
from services.registry.gridmap import model
from services.registry.tables import buildings
from tests.integration.registry.conftest import caller


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def corner():
    """A corner of the world of one's own: grids of other tests lie elsewhere."""
    return 75 + random.randrange(500_000) / 10_000, 5 + random.randrange(400_000) / 10_000


def drawing(community, corner, *borders):
    """Strips side by side, from border to border (thousandths of a degree)."""
    west, south = corner
    features = []
    for number, (a, b) in enumerate(pairwise(borders), 1):
        features.append(
            {
                "type": "Feature",
                "properties": {"code": f"{community}{number:03}", "name": f"第{number}网格"},
                "geometry": square(west + a / 1000, south, west + b / 1000, south + 0.01),
            }
        )
    return {"type": "FeatureCollection", "features": features}


def draw(office, community, drawn, who=None, dry_run=False, **more):
    given = {"community": community, "map": drawn, "dry_run": dry_run, **more}
    return office(gridmap.DrawGridMap, who or caller("supervisor", community), **given)


def test_a_dry_run_reports_and_stores_nothing(office, community, corner):
    report = draw(office, community, drawing(community, corner, 0, 10, 20), dry_run=True)
    assert report["faults"] == [] and report["stored"] is False
    assert report["changes"]["new"] == [f"{community}001", f"{community}002"]
    assert [warning["kind"] for warning in report["warnings"]] == ["size", "size"]
    assert office(registry.ListGrids, place=community)["items"] == []


def test_a_map_with_faults_is_refused_whole_with_its_report(office, community, corner):
    drawn = drawing(community, corner, 0, 10, 20)
    west, south = corner
    drawn["features"][1]["geometry"] = square(west + 0.009, south, west + 0.02, south + 0.01)
    told = draw(office, community, drawn, dry_run=True)["faults"]
    assert [(fault["kind"], fault["grids"]) for fault in told] == [
        ("overlap", [f"{community}001", f"{community}002"])
    ]
    with pytest.raises(model.GridMapHasFaults) as refused:
        draw(office, community, drawn)
    assert refused.value.facts["report"]["faults"] == told
    assert office(registry.ListGrids, place=community)["items"] == []


@pytest.fixture
def street(office, community, corner):
    """Two grids with a building in each; the second's homes have somebody in them."""
    draw(office, community, drawing(community, corner, 0, 10, 20), why="首次划分")
    west, south = corner
    codes = []
    for number, east in ((1, 0.005), (2, 0.012)):
        building = office(
            registry.AddBuilding,
            grid=f"{community}{number:03}",
            number=number,
            address=f"{number}号楼",
            longitude=west + east,
            latitude=south + 0.005,
        )
        codes.append(building["building"])
    home = office(registry.AddHousehold, building=codes[1], unit=1, door="0101")["household"]
    return codes, home


def test_a_redrawn_map_moves_buildings_and_tells_of_their_homes(office, community, corner, street):
    (first, second), home = street
    answer = draw(office, community, drawing(community, corner, 0, 15, 20), why="并入第一网格")
    assert answer["version"] == 2
    assert answer["changes"]["buildings"] == [
        {"building": second, "from": f"{community}002", "to": f"{community}001"}
    ]
    moved = {row["code"]: row["grid"] for row in office(registry.ListBuildings, place=community)["items"]}
    assert moved == {first: f"{community}001", second: f"{community}001"}
    # Its code is its name and stays; its place is where it is now.
    assert office(registry.GetHousehold, household=home)["place"] == f"{community}001"
    name, told = office.said(home)[-1]
    assert (name, told["place"]) == ("HouseholdChanged", f"{community}001")
    ((name, redrawn),) = [one for one in office.said(community) if one[1]["version"] == 2]
    assert name == "GridMapRedrawn" and redrawn["buildings"] == answer["changes"]["buildings"]


def test_versions_say_who_redrew_what_when_and_the_old_map_is_still_there(office, community, corner, street):
    before = datetime.now(UTC)
    draw(office, community, drawing(community, corner, 0, 15, 20), why="并入第一网格")
    who = caller("officer", community)
    versions = office(gridmap.ListMapVersions, who, community=community)["items"]
    assert [(one["version"], one["drawn_by"], one["why"]) for one in versions] == [
        (2, "someone", "并入第一网格"),
        (1, "someone", "首次划分"),
    ]
    west, south = corner
    point = {"longitude": west + 0.012, "latitude": south + 0.005}
    assert office(gridmap.FindGridAt, who, **point)["code"] == f"{community}001"
    assert office(gridmap.FindGridAt, who, **point, at=before.isoformat())["code"] == f"{community}002"
    old, new = (office(gridmap.GetMapVersion, who, community=community, version=n) for n in (1, 2))
    assert old["features"][0]["geometry"] != new["features"][0]["geometry"]
    assert [one["properties"]["version"] for one in new["features"]] == [2, 2]
    with pytest.raises(model.UnknownMapVersion):
        office(gridmap.GetMapVersion, who, community=community, version=3)


def test_the_same_map_again_is_no_new_version(office, community, corner, street):
    answer = draw(office, community, drawing(community, corner, 0, 10, 20))
    assert (answer["stored"], answer["version"]) == (False, None)


def test_a_grid_is_retired_when_its_buildings_are_elsewhere(office, community, corner, street):
    office(gridmap.AssignGridWorker, grid=f"{community}002", account="w-2", name="钱某")
    answer = draw(office, community, drawing(community, corner, 0, 20))
    assert answer["changes"]["retired"] == [f"{community}002"]
    assert [row["code"] for row in office(registry.ListGrids, place=community)["items"]] == [
        f"{community}001"
    ]
    # Nobody walks a grid that is none.
    assert office(gridmap.ListGridWorkers, place=community)["items"] == []
    (past,) = office(gridmap.ListGridWorkers, place=community, former=True)["items"]
    assert past["until"] is not None


def test_a_building_of_which_nobody_knows_where_it_stands_keeps_its_grid_from_retiring(
    office, community, corner, street
):
    (_, second), _ = street
    with office.ledger.work() as work:
        work.connection.execute(update(buildings).where(buildings.c.code == second).values(longitude=None))
    with pytest.raises(model.GridMapHasFaults) as refused:
        draw(office, community, drawing(community, corner, 0, 20))
    assert [fault["kind"] for fault in refused.value.facts["report"]["faults"]] == ["left-alone"]


def test_the_point_of_another_area_is_nowhere(office, community, corner, street):
    west, south = corner
    point = {"longitude": west + 0.005, "latitude": south + 0.005}
    with pytest.raises(model.NoGridHere):
        office(gridmap.FindGridAt, caller("officer", "220105"), **point)
    with pytest.raises(model.NoGridHere):
        office(gridmap.FindGridAt, longitude=west - 0.01, latitude=south)
    # On the border between two the lower code has it.
    border = {"longitude": west + 0.01, "latitude": south + 0.005}
    assert office(gridmap.FindGridAt, **border)["code"] == f"{community}001"


def test_neighbours(office, community, corner):
    draw(office, community, drawing(community, corner, 0, 10, 20, 30))
    who = caller("officer", community)
    beside = office(gridmap.ListNeighbours, who, grid=f"{community}002")["items"]
    assert [one["code"] for one in beside] == [f"{community}001", f"{community}003"]
    assert [one["border_m"] for one in beside] == [pytest.approx(1113, abs=5)] * 2
    alone = caller("officer", f"{community}002")
    assert office(gridmap.ListNeighbours, alone, grid=f"{community}002")["items"] == []
    with pytest.raises(registry_model.UnknownGrid):
        office(gridmap.ListNeighbours, alone, grid=f"{community}001")


def test_a_grid_has_one_lead_and_who_walked_it_before_is_known(office, community, street):
    grid = f"{community}001"
    lead = caller("coordinator", community)
    office(gridmap.AssignGridWorker, lead, grid=grid, account="w-1", name="赵某")
    office(gridmap.AssignGridWorker, lead, grid=grid, account="w-2", name="钱某", part="assistant")
    office(gridmap.AssignGridWorker, lead, grid=grid, account="w-3", name="孙某")
    on_duty = office(gridmap.ListGridWorkers, lead, place=community)["items"]
    assert [(one["account"], one["part"]) for one in on_duty] == [("w-3", "lead"), ("w-2", "assistant")]
    everybody = office(gridmap.ListGridWorkers, lead, place=community, former=True)["items"]
    assert [one["account"] for one in everybody if one["until"]] == ["w-1"]
    office(gridmap.ReleaseGridWorker, lead, grid=grid, account="w-3")
    with pytest.raises(model.UnknownGridWorker):
        office(gridmap.ReleaseGridWorker, lead, grid=grid, account="w-3")
    told = [(data["account"], data["on_duty"]) for _, data in office.said(grid)]
    assert told == [("w-1", True), ("w-2", True), ("w-1", False), ("w-3", True), ("w-3", False)]
    with pytest.raises(registry_model.UnknownGrid):
        office(gridmap.AssignGridWorker, caller("coordinator", "220105"), grid=grid, account="x", name="x")
    with pytest.raises(Forbidden):
        office(gridmap.AssignGridWorker, caller("officer", community), grid=grid, account="x", name="x")


def test_a_map_of_too_many_grids_is_not_given(office, community, street, monkeypatch):

    monkeypatch.setattr(views, "MOST_GRIDS", 1)
    with pytest.raises(model.MapTooLarge):
        office(registry.GridMap, place=community)
