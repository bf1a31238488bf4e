"""The demonstration's year is lived through by the real handlers, and what it leaves behind is what a real one would."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from services.chassis import clock
from services.chassis.errors import Problem
from services.contracts import frontdesk
from services.frontdesk.model import ENDED
from services.frontdesk.tables import cases, history
from tests.integration.frontdesk.conftest import CLERK, Desk, staff

ADMIN = staff("admin", "")
GRIDS = [f"110105001009{number:03}" for number in range(1, 4)]


@pytest.fixture(scope="module")
def months(engine):
    """A month long ago and the present one, loaded today: (desk, {month: what it answered})."""
    desk = Desk(engine)
    desk.now = clock.now()
    today = desk.now.date()
    then = (today - timedelta(days=120)).strftime("%Y-%m")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM cases WHERE place LIKE '110105001009%'"))
    told = {
        month: desk.order(frontdesk.LoadDemonstration, ADMIN, seed=7, grids=GRIDS, month=month, a_day=8)
        for month in (then, today.strftime("%Y-%m"))
    }
    return desk, told


def _rows(desk):
    with desk.engine.connect() as connection:
        return connection.execute(select(cases).where(cases.c.place.startswith("110105001009"))).all()


def test_an_old_month_is_over_and_the_present_one_is_not(months):
    _, told = months
    (old, present) = told.values()
    assert old["cases"] > 100 and old["open"] == 0
    assert present["cases"] > 0


def test_loading_it_again_changes_nothing(months):
    desk, told = months
    for month in told:
        again = desk.order(frontdesk.LoadDemonstration, ADMIN, seed=7, grids=GRIDS, month=month, a_day=8)
        assert again == {"loaded": False, "cases": 0, "open": 0}


def test_histories_are_in_the_order_of_time_and_without_a_gap(months):
    desk, _ = months
    numbers = [row.no for row in _rows(desk)]
    with desk.engine.connect() as connection:
        lines = connection.execute(
            select(history.c.case_no, history.c.seq, history.c.at, history.c.kind)
            .where(history.c.case_no.in_(numbers))
            .order_by(history.c.case_no, history.c.seq)
        ).all()
    by_case = {no: [line for line in lines if line.case_no == no] for no in numbers}
    for no, told in by_case.items():
        assert [line.seq for line in told] == list(range(1, len(told) + 1)), no
        assert [line.at for line in told] == sorted(line.at for line in told), no
        assert told[0].kind == "filed"
    kinds = {line.kind for line in lines}
    assert {
        "signed",
        "finished",
        "closed",
        "rated",
        "called-back",
        "near-due",
        "overdue",
        "archived",
    } <= kinds


def test_no_deadline_of_the_past_is_left_to_fire(months):
    """Nothing storms when the platform's clock looks at them."""
    desk, _ = months
    for row in _rows(desk):
        assert row.next_deadline_at is None or row.next_deadline_at > desk.now - timedelta(minutes=1)


def test_what_is_open_is_in_somebodys_tray(months):
    desk, _ = months
    given = {data["task_id"] for _, _, data in desk.said("TaskAssigned")}
    for row in _rows(desk):
        open_tasks = {
            task["task_id"]
            for task in row.body["tasks"]
            if task["status"] in ("assigned", "signed", "handling")
        }
        if row.status not in ENDED:
            assert open_tasks and open_tasks <= given


def test_it_is_for_administrators(months):
    desk, _ = months
    with pytest.raises(Problem) as refused:
        desk.order(frontdesk.LoadDemonstration, CLERK, seed=7, grids=GRIDS, month="2026-01")
    assert refused.value.status == 403
