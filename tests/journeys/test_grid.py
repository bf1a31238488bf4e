"""A street draws a community's map, a grid worker finds something in it, and what the grid cannot settle is a case."""

import random

import pytest

DISTRICT = "1101050010"
ENDED_EVENT = ("closed", "filed")


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def drawing(community, west, south, border):
    shapes = (
        square(west, south, west + border, south + 0.01),
        square(west + border, south, west + 0.02, south + 0.01),
    )
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"{community}{n:03}", "name": f"第{n}网格"},
            "geometry": shape,
        }
        for n, shape in enumerate(shapes, 1)
    ]
    return {"type": "FeatureCollection", "features": features}


@pytest.fixture(scope="module")
def street(platform):
    """A community of one's own, beside the demonstration's."""
    community = f"{DISTRICT}{random.randrange(10, 99)}"
    west, south = 80 + random.random() * 20, 10 + random.random() * 20
    supervisor = platform.as_role("supervisor", None, community)
    path = f"/v1/registry/communities/{community}/map"
    return community, west, south, supervisor, path


def test_a_map_is_reported_on_stored_and_redrawn(platform, street):
    community, west, south, supervisor, path = street
    # Rule §6: polygons that neither overlap nor leave gaps; 15 digits.
    crooked = drawing(community, west, south, 0.01)
    crooked["features"][0]["geometry"] = square(west, south, west + 0.011, south + 0.01)
    report = supervisor.order(path, map=crooked)
    assert [fault["kind"] for fault in report["faults"]] == ["overlap"] and report["stored"] is False
    refused = supervisor.send_order(path, map=crooked, dry_run=False)
    assert refused.status_code == 422 and refused.json()["slug"] == "grid-map-has-faults"
    assert refused.json()["report"]["faults"][0]["area"] == report["faults"][0]["area"]

    assert supervisor.order(path, map=drawing(community, west, south, 0.01))["stored"] is False
    stored = supervisor.order(path, map=drawing(community, west, south, 0.01), dry_run=False, why="首次划分")
    assert (stored["stored"], stored["version"]) == (True, 1)
    moved = supervisor.order(path, map=drawing(community, west, south, 0.012), dry_run=False, why="并入")
    assert moved["version"] == 2
    versions = supervisor.ask(f"{path}/versions")["items"]
    assert [(one["version"], one["why"]) for one in versions] == [(2, "并入"), (1, "首次划分")]
    old = supervisor.ask(f"{path}/versions/1")["features"][0]["geometry"]
    assert old["coordinates"][0][1][0] == pytest.approx(west + 0.01)

    here = {"longitude": west + 0.011, "latitude": south + 0.005}
    assert supervisor.ask("/v1/grids/at", **here)["code"] == f"{community}001"
    elsewhere = platform.as_role("officer", None, "110105001001").get("/v1/grids/at", params=here)
    assert (elsewhere.status_code, elsewhere.json()["slug"]) == (404, "no-grid-here")
    (beside,) = supervisor.ask(f"/v1/grids/{community}001/neighbours")["items"]
    assert beside["code"] == f"{community}002"


def test_the_map_is_sent_again_only_when_it_is_another(platform, street):
    community, west, south, supervisor, path = street
    supervisor.order(path, map=drawing(community, west, south, 0.01), dry_run=False)
    first = supervisor.get("/v1/registry/grids.geojson", params={"place": community})
    tag = first.headers["etag"]
    again = supervisor.get(
        "/v1/registry/grids.geojson", params={"place": community}, headers={"If-None-Match": tag}
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    supervisor.order(path, map=drawing(community, west, south, 0.011), dry_run=False)
    other = supervisor.get(
        "/v1/registry/grids.geojson", params={"place": community}, headers={"If-None-Match": f'"x", {tag}'}
    )
    assert other.status_code == 200 and other.headers["etag"] != tag


def test_what_a_grid_finds_goes_its_way_and_what_it_cannot_settle_closes_with_its_case(platform, street):
    community, west, south, supervisor, path = street
    supervisor.order(path, map=drawing(community, west, south, 0.01), dry_run=False)
    grid, lead = f"{community}001", platform.as_role("coordinator", "street", community)
    worker = platform.as_role("officer", "grid", community)
    lead.order(f"/v1/grids/{grid}/workers", account=f"officer-grid-{community}", name="网格员")
    point = {"longitude": west + 0.005, "latitude": south + 0.005}

    found = worker.order("/v1/grid-events", kind="waste", address="某路口", **point)
    event = f"/v1/grid-events/{found['event_no']}"
    assert found["place"] == grid
    lead.order(f"{event}/file")
    assert lead.order(f"{event}/dispatch")["handler"] == f"officer-grid-{community}"
    worker.order(f"{event}/handle", result="已清运")
    own = worker.send_order(f"{event}/check", passed=True)
    assert (own.status_code, own.json()["slug"]) == (403, "own-work")
    lead.order(f"{event}/check", passed=True)
    lead.order(f"{event}/close")
    assert lead.ask(event)["state"] == "closed"

    # An illegal building is judged by planning and dealt with by the street: two departments, one case.
    built = worker.order("/v1/grid-events", kind="illegal-building", address="某楼顶", **point)
    event = f"/v1/grid-events/{built['event_no']}"
    lead.order(f"{event}/file")
    lead.order(f"{event}/hand-over", note="疑似违建")
    clerk = platform.as_role("clerk", None, community)

    def opened():
        cases = clerk.ask("/v1/cases", matter="grid-event", place=community)["items"]
        return next((one for one in cases if one["finding_id"] == built["event_no"]), None)

    case_no = platform.until(opened, "a case opens for the event")["case_no"]
    due = lead.ask(event)["due_at"]
    for unit in ("planning", "street"):
        officer = platform.as_role("officer", unit, community)

        def task(officer=officer, unit=unit):
            lying = officer.ask("/v1/tasks", unit=unit, case_no=case_no, status="open")["items"]
            return lying[0] if lying else None

        task = platform.until(task, f"{unit} has its task")
        assert task["due_at"] <= due
        officer.order(f"/v1/tasks/{task['task_id']}/sign")
        outcome = "illegal" if unit == "planning" else "handled"
        officer.order(f"/v1/tasks/{task['task_id']}/finish", outcome=outcome, note="已处置")
    closed = platform.until(
        lambda: (seen := lead.ask(event))["state"] == "closed" and seen, "the event closes with its case"
    )
    assert closed["case_no"] == case_no
    assert [step["verb"] for step in closed["steps"]] == ["find", "file", "hand-over", "settle"]

    figures = lead.ask("/v1/grid-events/figures", place=community)["total"]
    assert (figures["found"], figures["closed"], figures["open"]) == (2, 2, 0)
