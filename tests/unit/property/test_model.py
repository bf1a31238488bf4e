from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.property.model import (
    OPEN,
    TRANSITIONS,
    AlreadyTaken,
    HouseholdFile,
    OwnWork,
    RepairNotNow,
    RepairOrder,
)

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
GRID = "110105001001003"


def order(category="door", **more):
    facts = {"place": GRID, "address": "3-1-101", "category": category, "description": "坏了"} | more
    return RepairOrder.report("desk", AT, **facts)


def arrived():
    found = order()
    found.assign("li", "boss", AT)
    found.arrive("li", AT)
    return found


def test_a_known_category_is_graded_as_it_is_reported():
    assert (order().state, order().urgency) == ("graded", "ordinary")
    assert (order("elevator").state, order("elevator").urgency) == ("reported", None)
    assert order("elevator", urgency="urgent").arrive_by == AT + timedelta(minutes=30)


def test_the_whole_way_is_noted_line_by_line():
    found = order()
    found.grab("li", AT)
    found.arrive("li", AT)
    found.name_price(Decimal("80.00"), "换锁", "li", AT)
    found.name_price(Decimal("70.00"), "让价", "li", AT)
    found.accept("resident", AT)
    found.finish("换好了", [{"name": "锁", "count": 1}], Decimal("70.00"), "li", AT)
    found.confirm(False, "还是关不上", "resident", AT)
    found.arrive("li", AT)
    found.finish("调好了", [], None, "li", AT)
    found.confirm(True, None, "resident", AT)
    found.rate(5, None, "resident", AT)
    assert [note["verb"] for note in found.notes] == [
        "report", "grade", "grab", "arrive", "quote", "quote", "accept", "finish", "reject", "arrive", "finish",
        "confirm", "rate",
    ]  # fmt: skip
    assert (found.state, found.stars) == ("rated", 5)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1)])
def test_on_time_includes_the_last_moment(late):
    found = order()
    found.grab("li", AT)
    found.arrive("li", found.arrive_by + late)
    assert found.on_time is (late == timedelta(0))


def test_a_second_visit_does_not_spoil_the_promise_that_the_first_kept():
    found = arrived()
    found.finish("好", [], None, "li", AT)
    found.confirm(False, None, "resident", AT)
    found.arrive("li", AT + timedelta(days=9))
    assert found.arrived_at == AT and found.on_time is True


def test_who_comes_second_is_told_who_was_faster():
    found = order()
    found.grab("li", AT)
    with pytest.raises(AlreadyTaken) as conflict:
        found.grab("wang", AT)
    assert conflict.value.facts == {"worker": "li"} and conflict.value.status == 409


def test_a_price_named_must_be_agreed_before_the_work():
    found = arrived()
    found.name_price(Decimal(1), "件", "li", AT)
    with pytest.raises(RepairNotNow):
        found.finish("好", [], None, "li", AT)


def test_nobody_confirms_or_rates_his_own_work():
    found = arrived()
    found.finish("好", [], None, "li", AT)
    with pytest.raises(OwnWork):
        found.confirm(True, None, "li", AT)


def test_every_state_but_the_last_ones_leads_somewhere():
    ends = set(TRANSITIONS.values()) - {state for state, _ in TRANSITIONS}
    assert ends == {"rated", "cancelled"}
    assert all((state, "settle") in TRANSITIONS and (state, "cancel") in TRANSITIONS for state in OPEN)


def test_a_transferred_order_is_free_again():
    found = arrived()
    found.transfer("要找电工", "li", AT)
    found.grab("zhao", AT)
    assert found.worker == "zhao"


def test_members_come_once_and_leave_with_their_case():
    file = HouseholdFile("h", "3-1-101", GRID, AT)
    file.take_in([{"name": "袁明", "id_number": "1"}], ["京A12345"], "c1")
    file.take_in([{"name": "袁明", "id_number": "1"}, {"name": "袁芳", "id_number": "2"}], ["京A12345"], "c2")
    assert [member["case_no"] for member in file.members] == ["c1", "c2"] and file.vehicles == ["京A12345"]
    assert file.take_out("c2") == 1 and [member["name"] for member in file.members] == ["袁明"]


@pytest.mark.parametrize(
    ("held", "named", "admits"),
    [(None, None, True), (None, "A", True), ("A", None, True), ("A", "A", True), ("A", "B", False)],
)
def test_another_property_right_is_a_dispute(held, named, admits):
    assert HouseholdFile("h", "a", GRID, AT, property_right=held).admits(named) is admits
