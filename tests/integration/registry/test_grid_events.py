"""What goes wrong in a street, from the eye that found it to the one that looked whether it is in order."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from services.chassis.errors import Forbidden, Invalid
from services.contracts import events, frontdesk, gridmap
from services.registry import model as registry_model
from services.registry.events import handlers, model
from services.registry.events.tables import grid_events
from tests.integration.registry.conftest import caller
from tests.integration.registry.test_grid_map import drawing


class Street:
    """Two grids somewhere of their own, with a lead worker in the first."""

    def __init__(self, office, community):
        self.office, self.community = office, community
        self.west, self.south = (
            75 + random.randrange(500_000) / 10_000,
            5 + random.randrange(400_000) / 10_000,
        )
        drawn = drawing(community, (self.west, self.south), 0, 10, 20)
        office(gridmap.DrawGridMap, community=community, map=drawn, dry_run=False)
        self.grid, self.other = f"{community}001", f"{community}002"
        self.worker = caller("officer", community, "w-1")
        self.lead = caller("coordinator", community, "lead")
        office(gridmap.AssignGridWorker, self.lead, grid=self.grid, account="w-1", name="赵某")

    def point(self, metres_east=0):
        return {"longitude": self.west + 0.005 + metres_east / 100_000, "latitude": self.south + 0.005}

    def find(self, kind="waste", who=None, metres_east=0, **more):
        given = {"kind": kind, "address": "某路口", **self.point(metres_east), **more}
        return self.office(events.ReportGridEvent, who or self.worker, **given)

    def do(self, contract, event_no, who=None, **more):
        return self.office(contract, who or self.lead, event_no=event_no, **more)

    def look(self, event_no, who=None):
        return self.office(events.GetGridEvent, who or self.lead, event_no=event_no)

    def dispatched(self, **more):
        no = self.find(**more)["event_no"]
        self.do(events.FileGridEvent, no)
        self.do(events.DispatchGridEvent, no)
        return no

    def case_of(self, no):
        return [data for name, data in self.office.said(no) if name == "GridEventFiled"][-1]

    def close_case(self, finding_id, status="closed", case_no="20260306-0000012"):
        self.office.hear(
            frontdesk.CaseClosed,
            case_no=case_no,
            matter="grid-event",
            place=self.grid,
            status=status,
            finding_id=finding_id,
            finder="registry",
            closed_at=datetime.now(UTC),
        )


@pytest.fixture
def street(office, community):
    return Street(office, community)


def test_the_whole_way_through_the_grid(office, street):
    found = street.find(photos=["photo-1"])
    no = found["event_no"]
    assert (found["place"], found["state"]) == (street.grid, "found")  # the grid by the point
    street.do(events.FileGridEvent, no)
    assert street.do(events.DispatchGridEvent, no)["handler"] == "w-1"  # the grid's lead worker
    street.do(events.HandleGridEvent, no, street.worker, result="已清运", photos=["photo-2"])
    street.do(events.CheckGridEvent, no, passed=True)
    street.do(events.CloseGridEvent, no)
    seen = street.look(no)
    assert [(step["seq"], step["verb"], step["actor"]) for step in seen["steps"]] == [
        (1, "find", "w-1"),
        (2, "file", "lead"),
        (3, "dispatch", "lead"),
        (4, "handle", "w-1"),
        (5, "pass", "lead"),
        (6, "close", "lead"),
    ]
    assert (seen["state"], seen["in_time"], seen["overdue"]) == ("closed", True, False)
    assert [data["state"] for name, data in office.said(no)] == [
        "found", "filed", "dispatched", "handled", "checked", "closed",
    ]  # fmt: skip


def test_whoever_handled_it_does_not_check_it_and_what_fails_goes_back(street):
    no = street.dispatched()
    street.do(events.HandleGridEvent, no, street.worker, result="已清运")
    with pytest.raises(model.OwnWork):
        street.do(events.CheckGridEvent, no, street.worker, passed=True)
    assert street.do(events.CheckGridEvent, no, passed=False, note="仍有垃圾")["state"] == "dispatched"
    assert street.look(no)["failed"] == 1


def test_only_who_was_sent_or_who_leads_says_that_it_is_done(street):
    no = street.dispatched()
    another = caller("officer", street.community, "w-9")
    with pytest.raises(model.NotYourEvent):
        street.do(events.HandleGridEvent, no, another, result="x")
    with pytest.raises(Forbidden):
        street.do(events.CloseGridEvent, no, street.worker)
    assert street.do(events.HandleGridEvent, no, result="电话回报已清运")["state"] == "handled"


def test_a_grid_without_a_lead_needs_a_name(street):
    no = street.find(metres_east=1000)["event_no"]
    assert street.look(no)["place"] == street.other
    street.do(events.FileGridEvent, no)
    with pytest.raises(model.NobodyWalksHere):
        street.do(events.DispatchGridEvent, no)
    assert street.do(events.DispatchGridEvent, no, handler="w-7")["handler"] == "w-7"


def test_the_kind_may_be_corrected_when_it_is_filed(street):
    no = street.find("waste")["event_no"]
    street.do(events.FileGridEvent, no, kind="sewage")
    seen = street.look(no)
    assert (seen["kind"], seen["severity"]) == ("sewage", 2)
    assert seen["steps"][-1]["detail"]["corrected"] == {"from": "waste", "to": "sewage"}
    with pytest.raises(Invalid):
        street.find("nonsense")


@pytest.mark.parametrize(
    ("metres", "kind", "hours", "alike"),
    [(29, "waste", 23, True), (31, "waste", 1, False), (5, "bills", 1, False), (5, "waste", 25, False)],
)
def test_duplicates_by_place_kind_and_time(office, street, metres, kind, hours, alike):
    """Within 30 m and 24 h, of the same kind."""
    first = street.find(address=None)["event_no"]
    with office.ledger.work() as work:
        earlier = datetime.now(UTC) - timedelta(hours=hours)
        which = grid_events.c.event_no == first
        work.connection.execute(update(grid_events).where(which).values(found_at=earlier))
    # A degree is 111,320 m along the equator and less up here.
    east = metres / (111_320 * math.cos(math.radians(street.south + 0.005))) * 100_000
    second = street.find(kind, metres_east=east, address=None)
    assert [one["event_no"] for one in second["alike"]] == ([first] if alike else [])
    assert [one["event_no"] for one in street.look(second["event_no"])["alike"]] == ([first] if alike else [])


def test_what_is_the_same_goes_with_the_other(street):
    first, second = street.find()["event_no"], street.find()["event_no"]
    street.do(events.MergeGridEvent, second, into=first)
    assert (street.look(second)["state"], street.look(second)["into"]) == ("merged", first)
    assert street.look(first)["seen"] == 2
    for event_no, into in ((first, first), (first, second)):
        with pytest.raises(model.NotTheSame):
            street.do(events.MergeGridEvent, event_no, into=into)


def test_a_camera_that_sees_it_again_is_counted_and_opens_no_second_event(street):
    camera = caller("device", street.community, "cam-1", kind="device")
    sees = {"who": camera, "source": "staff", "device": "cam-1"}
    first = street.find(**sees)
    again = street.find(photos=["later"], **sees | {"device": "cam-of-another"})  # a device is itself
    assert (again["again"], again["event_no"]) == (True, first["event_no"])
    seen = street.look(first["event_no"])
    assert (seen["seen"], seen["source"], seen["device"]) == (2, "camera", "cam-1")


def test_two_cameras_frames_at_once_are_one_event(street):
    camera = caller("device", street.community, "cam-2", kind="device")
    sees = {"who": camera, "source": "camera", "device": "cam-2"}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: street.find(**sees)["event_no"], range(8)))
    assert len(set(found)) == 1 and street.look(found[0])["seen"] == 8


# -- parts ---------------------------------------------------------------------------------------------


def part(street, code, **more):
    given = {
        "code": code,
        "kind": "manhole",
        "name": "雨水井盖",
        "owner": "排水集团",
        **street.point(),
        **more,
    }
    return street.office(events.RegisterPart, street.worker, **given)


def code_of(street, group="01"):
    return f"{street.community[:6]}{group}01{random.randrange(10**6):06}"


def test_a_part_knows_its_grid_and_its_events(street):
    code = code_of(street)
    assert part(street, code)["grid"] == street.grid
    no = street.office(events.ReportGridEvent, street.worker, kind="manhole", part=code)["event_no"]
    seen = street.look(no)
    assert (seen["place"], seen["part"], seen["longitude"]) == (
        street.grid,
        code,
        street.point()["longitude"],
    )
    street.office(events.RetirePart, street.worker, code=code, why="改造")
    assert street.office(events.ListParts, street.lead, place=street.grid)["items"] == []
    assert len(street.office(events.ListParts, street.lead, place=street.grid, retired=True)["items"]) == 1
    with pytest.raises(model.UnknownPart):
        street.office(events.ReportGridEvent, street.worker, kind="manhole", part=code)


def test_what_is_wrong_with_a_part_is_told_at_once(street):
    with pytest.raises(Invalid) as refused:
        part(street, "220105" + code_of(street)[6:], kind="waste")
    assert set(refused.value.field_sentences) == {"code", "kind"}
    with pytest.raises(Invalid) as refused:
        part(street, code_of(street, "02"))
    assert set(refused.value.field_sentences) == {"code"}
    code = code_of(street)
    part(street, code)
    with pytest.raises(registry_model.AlreadyRegistered):
        part(street, code)


def test_parts_follow_the_border_that_moves_over_them_and_events_keep_their_grid(office, street):
    code = code_of(street)
    part(street, code)
    no = street.find()["event_no"]
    drawn = drawing(street.community, (street.west, street.south), 0, 4, 20)
    office(gridmap.DrawGridMap, community=street.community, map=drawn, dry_run=False)
    (moved,) = office(events.ListParts, street.lead, place=street.other)["items"]
    assert moved["code"] == code
    assert street.look(no)["place"] == street.grid


# -- departments ---------------------------------------------------------------------------------------


def test_what_departments_settle_closes_with_their_case(street):
    no = street.dispatched(kind="illegal-building")
    street.do(events.HandOverGridEvent, no, note="需规划认定")
    told = street.case_of(no)
    assert (told["finding_id"], told["type"], told["place"]) == (no, "illegal-building", street.grid)
    assert datetime.fromisoformat(told["handle_by"]) == street.look(no)["due_at"]
    street.close_case(no)
    seen = street.look(no)
    assert (seen["state"], seen["case_no"]) == ("closed", "20260306-0000012")
    street.close_case(no)  # heard again
    assert len(street.look(no)["steps"]) == len(seen["steps"])


@pytest.mark.parametrize("status", ["refused", "withdrawn", "not-accepted"])
def test_what_the_departments_did_not_do_comes_back(street, status):
    no = street.dispatched()
    street.do(events.HandOverGridEvent, no)
    street.close_case(no, status)
    assert street.look(no)["state"] == "filed"
    street.do(events.HandOverGridEvent, no)
    second = street.case_of(no)["finding_id"]
    assert second != no
    street.close_case(no, "closed")  # the first case, once more: not the one that is open
    assert street.look(no)["state"] == "handed-over"
    street.close_case(second)
    assert street.look(no)["state"] == "closed"


def test_what_the_grid_settles_after_all_is_taken_back_from_the_departments(office, street):
    no = street.dispatched()
    street.do(events.HandOverGridEvent, no)
    assert street.do(events.TakeBackGridEvent, no, reason="已自行清运")["state"] == "filed"
    (retracted,) = [data for name, data in office.said(no) if name == "FindingRetracted"]
    assert retracted["finding_id"] == no
    street.close_case(no, "withdrawn")  # the case that was taken back ends: the event goes its own way
    assert (street.look(no)["state"], len(street.look(no)["steps"])) == ("filed", 5)


# -- time ----------------------------------------------------------------------------------------------


def make_late(office, no, hours=1):
    with office.ledger.work() as work:
        due = datetime.now(UTC) - timedelta(hours=hours)
        work.connection.execute(
            update(grid_events).where(grid_events.c.event_no == no).values(due_at=due, handle_by=due)
        )


def test_a_late_step_is_told_once_though_many_look_at_the_clock(office, street):
    nos = [street.dispatched() for _ in range(5)]
    for no in nos:
        make_late(office, no)

    def look(_):
        with office.ledger.work() as work:
            handlers.watch_grid_events(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(8)))
    look(0)  # and once more when all of them have committed
    for no in nos:
        assert [name for name, _ in office.said(no)].count("GridEventOverdue") == 1
        assert [step["verb"] for step in street.look(no)["steps"]].count("overdue") == 1
    # The next step has a clock of its own.
    street.do(events.HandleGridEvent, nos[0], street.worker, result="已清运")
    make_late(office, nos[0])
    look(0)
    assert [name for name, _ in office.said(nos[0])].count("GridEventOverdue") == 2
    assert street.look(nos[0])["in_time"] is False


def test_the_overdue_list_has_the_latest_first_and_comes_in_pages(office, street):
    nos = [street.find()["event_no"] for _ in range(3)]
    for hours, no in enumerate(nos, 1):
        make_late(office, no, hours)
    street.find()
    ask = {"place": street.community, "overdue": True}
    page = office(events.ListGridEvents, street.lead, limit=2, **ask)
    assert [one["event_no"] for one in page["items"]] == [nos[2], nos[1]]
    rest = office(events.ListGridEvents, street.lead, limit=2, cursor=page["next"], **ask)
    assert [one["event_no"] for one in rest["items"]] == [nos[0]] and rest["next"] is None
    assert len(office(events.ListGridEvents, street.lead, place=street.community)["items"]) == 4


def test_figures_of_a_grid_have_their_numerators_and_denominators(office, street):
    done, late, nothing = street.dispatched(), street.dispatched(), street.find()["event_no"]
    street.find(metres_east=1000)
    make_late(office, late)
    for no in (done, late):
        street.do(events.HandleGridEvent, no, street.worker, result="x")
    street.do(events.DismissGridEvent, nothing, reason="现场未发现")
    figures = office(events.GetGridFigures, street.lead, place=street.community)
    first, second = figures["items"]
    assert (first["grid"], second["grid"]) == (street.grid, street.other)
    told = {name: first[name] for name in ("found", "not_counted", "handled", "handled_in_time", "open")}
    assert told == {"found": 3, "not_counted": 1, "handled": 2, "handled_in_time": 1, "open": 2}
    assert second["found"] == 1 and figures["total"]["found"] == 4


# -- whose ---------------------------------------------------------------------------------------------


def test_events_of_other_areas_do_not_exist(office, street):
    no = street.find()["event_no"]
    stranger = caller("coordinator", "220105", "x")
    with pytest.raises(model.UnknownGridEvent):
        street.look(no, stranger)
    for contract, more in (
        (events.FileGridEvent, {}),
        (events.MergeGridEvent, {"into": no}),
        (events.HandOverGridEvent, {}),
    ):
        with pytest.raises(model.UnknownGridEvent):
            street.do(contract, no, stranger, **more)
    with pytest.raises(registry_model.UnknownGrid):
        street.find(who=stranger)
    assert office(events.ListGridEvents, stranger)["items"] == []
    with office.ledger.engine.connect() as connection:
        state = select(grid_events.c.state).where(grid_events.c.event_no == no)
        assert connection.execute(state).scalar() == "found"


def test_without_a_point_the_grid_is_named(street):
    with pytest.raises(model.GridEventNeedsPlace):
        street.office(events.ReportGridEvent, street.worker, kind="waste")
    with pytest.raises(registry_model.UnknownGrid):
        street.office(events.ReportGridEvent, street.worker, kind="waste", place=f"{street.community}009")
    found = street.office(events.ReportGridEvent, street.worker, kind="waste", place=street.other)
    assert found["place"] == street.other


def test_kinds_are_for_everybody(office):
    told = office(events.ListEventKinds)
    assert told["events"]["appearance"]["kinds"]["waste"]["handle"] == "1wd"
