import pytest
from marshmallow import ValidationError

from services.cameras.model import AlreadyRegistered, ForbiddenSite, NotYourCameras, UnknownCamera
from services.contracts import tasks
from services.contracts.cameras import GetCamera, ListCameras, ListGrants, LoadDemonstration, RegisterCamera
from tests.offices import officer

CARD = {"address": "3-1-101", "consent": True, "door_access": "card"}


def access(office, grid, **form):
    return office.assign("moving-in", grid, {**CARD, **form}, applicant={"name": "袁明"})


def test_pages_go_by_id_and_end(office, grid):
    cameras = office.install(grid, 5)
    first = office(ListCameras, place=grid, limit=3)
    second = office(ListCameras, place=grid, limit=3, cursor=first["next"])
    assert [c["camera"] for c in first["items"] + second["items"]] == cameras and second["next"] is None


def test_an_id_is_registered_once_and_unknown_ones_are_named(office, grid):
    (camera,) = office.install(grid)
    facts = {"name": "x", "place": grid, "address": "x", "site": "gate"}
    with pytest.raises(AlreadyRegistered):
        office(RegisterCamera, camera=camera, **facts)
    with pytest.raises(UnknownCamera):
        office(GetCamera, camera="9" * 20)


def test_private_places_strangers_and_nonsense_are_refused(office, grid):
    facts = {"camera": f"{grid[:8]}011321234567", "name": "x", "place": grid, "address": "x"}
    with pytest.raises(ForbiddenSite):
        office(RegisterCamera, site="nursing-room", **facts)
    with pytest.raises(NotYourCameras):
        office(RegisterCamera, officer("cameras", "000000"), site="gate", **facts)
    with pytest.raises(ValidationError):
        office(RegisterCamera, site="everywhere", **facts)
    assert office(ListCameras, place=grid)["items"] == []


def test_the_demonstration_is_loaded_once_whatever_the_seed(office):
    office(LoadDemonstration, seed=1)
    assert office(LoadDemonstration, seed=2) == {"cameras": 40, "added": 0}
    found = office(ListCameras, place="110105001001", limit=200)["items"]
    assert len(found) == 40 and {c["place"][-3:] for c in found} == {f"00{n}" for n in range(1, 7)}


def test_moving_in_gives_a_card_and_opens_the_gate_for_the_cars(office, grid):
    task_id = access(
        office, grid, vehicles=[{"plate": "京A·12345"}, {"plate": "京AD12345"}, {"plate": "京A12345"}]
    )
    task = office(tasks.GetTask, task_id=task_id)
    assert task["status"] == "done" and task["result"] == {
        "door": "card",
        "vehicles": ["京A12345", "京AD12345"],
    }
    given = office(ListGrants, case_no=task["case_no"])["items"]
    assert {(g["kind"], g["subject"]) for g in given} == {
        ("door", "袁明"),
        ("vehicle", "京A12345"),
        ("vehicle", "京AD12345"),
    }
    assert all(g["consent"]["consent"] is True for g in given)


@pytest.mark.parametrize(
    ("form", "result", "kinds"),
    [
        ({"door_access": "phone"}, {"door": "phone", "vehicles": []}, {"door"}),
        (
            {"door_access": "face"},
            {"door": "card", "vehicles": [], "face": "refused-without-separate-consent"},
            {"door"},
        ),
        (
            {"door_access": "face", "face_consent": False},
            {"door": "card", "vehicles": [], "face": "refused-without-separate-consent"},
            {"door"},
        ),
        (
            {"door_access": "face", "face_consent": True},
            {"door": "card", "vehicles": [], "face": "granted"},
            {"door", "face"},
        ),
    ],
)
def test_a_face_needs_separate_consent_and_never_is_the_only_way(office, grid, form, result, kinds):
    task = office(tasks.GetTask, task_id=access(office, grid, **form))
    assert task["result"] == result
    assert {g["kind"] for g in office(ListGrants, case_no=task["case_no"])["items"]} == kinds


def test_a_plate_that_is_none_waits_for_a_person(office, grid):
    task = office(
        tasks.GetTask, task_id=access(office, grid, vehicles=[{"plate": "京A12345"}, {"plate": "我的车"}])
    )
    assert task["status"] == "assigned" and office(ListGrants, case_no=task["case_no"])["items"] == []


def test_a_withdrawal_takes_everything_back(office, grid):
    task_id = access(office, grid, vehicles=[{"plate": "京A12345"}])
    office.withdraw(task_id)
    (stood_down,) = office.said(tasks.TaskStoodDown, task_id=task_id)
    assert sorted(stood_down["undone"]) == ["door access revoked: 袁明", "vehicle access revoked: 京A12345"]
    case_no = task_id.split(".")[0]
    assert all(grant["revoked_at"] for grant in office(ListGrants, case_no=case_no)["items"])


def test_a_terminal_in_the_hall_sees_no_cameras(office, grid):
    (camera,) = office.install(grid)
    kiosk = officer(None, grid, "terminal")
    assert office(ListCameras, kiosk)["items"] == []
    with pytest.raises(UnknownCamera):
        office(GetCamera, kiosk, camera=camera)
