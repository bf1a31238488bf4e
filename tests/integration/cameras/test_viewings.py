from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.cameras.model import (
    NotApproved,
    NotYourCameras,
    OutsideViewing,
    OwnRequest,
    UnknownCamera,
    UnknownViewing,
)
from services.cameras.views import check_lookups
from services.chassis.database import Read
from services.contracts.cameras import (
    ApproveViewing,
    CheckLookups,
    GetViewing,
    ListViewings,
    NoteLookup,
    RequestViewing,
)
from tests.offices import officer

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)
END = BEGIN + timedelta(hours=1)


@pytest.fixture
def camera(office, grid):
    return office.install(grid)[0]


@pytest.fixture
def boss(grid):
    return officer("cameras", grid, "manager")


def ask(office, asker, cameras, **more):
    facts = {
        "from_at": BEGIN.isoformat(), "until_at": END.isoformat(), "requester": "袁明", "unit": "本人",
        "reason": "老人走失", "content": "八点至九点出入东门",
    }  # fmt: skip
    return office(RequestViewing, asker, cameras=cameras, **{**facts, **more})["viewing_no"]


def look(office, who, viewing_no, camera, **more):
    span = {"from_at": BEGIN.isoformat(), "until_at": END.isoformat()}
    facts = {
        "viewing_no": viewing_no,
        "camera": camera,
        "viewer": "李警官",
        "content": "东门",
        **span,
        **more,
    }
    return office(NoteLookup, who, **facts)


def test_no_look_without_approval_and_none_beyond_it(office, grid, camera, boss):
    guard = officer("cameras", grid)
    no = ask(office, guard, [camera])
    with pytest.raises(NotApproved):
        look(office, guard, no, camera)
    with pytest.raises(NotYourCameras):
        office(ApproveViewing, guard, viewing_no=no, note="同意")
    office(ApproveViewing, boss, viewing_no=no, note="同意")
    with pytest.raises(OutsideViewing):
        look(office, guard, no, camera, until_at=(END + timedelta(seconds=1)).isoformat())
    line = look(office, guard, no, camera)
    (noted,) = office(GetViewing, boss, viewing_no=no)["lookups"]
    assert (
        noted["hash"] == line["hash"] and noted["reason"] == "老人走失" and noted["account"] == guard.account
    )


def test_nobody_approves_his_own_request(office, camera, boss):
    no = ask(office, boss, [camera])
    with pytest.raises(OwnRequest):
        office(ApproveViewing, boss, viewing_no=no, note="同意")


def test_the_chain_holds_under_many_writers_and_shows_a_line_changed_behind_its_back(
    office, grid, camera, boss
):
    guard = officer("cameras", grid)
    no = ask(office, guard, [camera])
    office(ApproveViewing, boss, viewing_no=no, note="同意")
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: look(office, guard, no, camera)["no"], range(24)))
    assert len(set(numbers)) == 24
    assert office(CheckLookups, boss)["intact"] is True
    with office.ledger.engine.connect() as forger:  # rolled back: the log stays good for the other tests
        forger.execute(text("ALTER TABLE lookups DISABLE TRIGGER append_only"))
        forger.execute(text("UPDATE lookups SET viewer = '别人' WHERE no = :no"), {"no": min(numbers)})
        assert check_lookups(Read(forger), None)["first_broken"] == min(numbers)
        forger.rollback()


@pytest.mark.parametrize("order", ["UPDATE lookups SET viewer = 'x'", "DELETE FROM lookups"])
def test_the_database_refuses_to_change_the_log(office, order):
    with pytest.raises(DBAPIError, match="only ever added"), office.ledger.work() as work:
        work.connection.execute(text(order))


def test_who_looked_at_whom_is_not_for_everybody(office, grid, camera, boss):
    no = ask(office, officer("cameras", grid), [camera])
    assert [row["viewing_no"] for row in office(ListViewings, boss)["items"]] == [no]
    for outsider in (officer("party", grid), officer("property", grid, "manager")):
        for query, fields in ((ListViewings, {}), (GetViewing, {"viewing_no": no}), (CheckLookups, {})):
            with pytest.raises(NotYourCameras):
                office(query, outsider, **fields)
    with pytest.raises(UnknownViewing):
        office(GetViewing, officer("cameras", "000000", "manager"), viewing_no=no)


def test_a_request_for_unknown_cameras_or_another_area_is_refused(office, grid, camera):
    with pytest.raises(UnknownCamera):
        ask(office, officer("cameras", grid), [camera, "9" * 20])
    with pytest.raises(NotYourCameras):
        ask(office, officer("cameras", "000000"), [camera])
