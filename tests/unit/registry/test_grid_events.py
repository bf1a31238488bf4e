"""Rule §6, parts and events: found → filed → dispatched → handled → checked → closed; waste 1 wd, road 5 work-hours,
illegal building 15 wd, manhole 6 h; classes public, traffic, appearance, greening, other and appearance, advertising,
construction, street order, emergency."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.contracts.units import UNITS
from services.frontdesk import matters
from services.registry.events import kinds, model
from services.registry.events.model import TRANSITIONS, GridEvent, GridEventNotNow

PLACE = "110105001001003"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


FRIDAY = at("2026-03-06 16:00")
RULES = kinds.rules_on(PLACE, date(2026, 3, 6))


def an_event(kind="waste", found_at=FRIDAY):
    told = RULES.kinds[kind]
    event = GridEvent(
        "G20260306-0000012", told.about, told.group, kind, told.severity, PLACE, "worker", "w", found_at
    )
    event.begin(RULES, "w")
    return event


def test_the_classes_are_those_of_the_rule():
    assert list(RULES.plain["parts"]) == ["public", "traffic", "appearance", "greening", "other"]
    assert list(RULES.plain["events"]) == [
        "appearance", "advertising", "construction", "street-order", "emergency",
    ]  # fmt: skip


def test_every_kind_has_names_a_time_a_severity_and_units_that_exist():
    for kind in RULES.kinds.values():
        assert kind.names[0].isascii() is False and kind.names[1].isascii()
        assert 1 <= kind.severity <= 4 and kind.handle.legs
        assert kind.units and set(kind.units) <= UNITS.keys()


@pytest.mark.parametrize(
    ("kind", "dispatched", "due"),
    [
        ("waste", "2026-03-06 16:00", "2026-03-09 17:00"),  # 1 wd: Friday to Monday's close
        ("road", "2026-03-06 16:00", "2026-03-09 13:00"),  # 5 wh: one on Friday, four on Monday
        ("manhole", "2026-03-06 22:00", "2026-03-07 04:00"),  # 6 h: nights count
        ("illegal-building", "2026-09-25 10:00", "2026-10-22 17:00"),  # 15 wd: around the National Day
    ],
)
def test_sample_times_on_the_working_calendar(kind, dispatched, due):
    found = RULES.due("dispatched", RULES.kinds[kind], PLACE, at(dispatched))
    assert found.astimezone(SHANGHAI) == at(due)


def test_what_is_urgent_waits_for_nobodys_office_hours():
    night = at("2026-03-06 23:00")
    assert an_event("manhole", night).due_at == at("2026-03-06 23:10")
    assert an_event("waste", night).due_at > at("2026-03-09 09:00")


def test_the_whole_way():
    event = an_event()
    for verb, state in (
        ("file", "filed"),
        ("dispatch", "dispatched"),
        ("handle", "handled"),
        ("pass", "checked"),
        ("close", "closed"),
    ):
        event.move(verb, RULES, FRIDAY, "c")
        assert event.state == state
    assert event.due_at is None and event.ended_at == FRIDAY and event.ever_late is False
    assert [step["verb"] for step in event.steps] == ["find", "file", "dispatch", "handle", "pass", "close"]


@pytest.mark.parametrize("state", [*model.OPEN, *model.ENDED])
@pytest.mark.parametrize("verb", sorted({verb for _, verb in TRANSITIONS}))
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(state, verb):
    event = an_event()
    event.state, before = state, event.due_at
    if (state, verb) in TRANSITIONS:
        event.move(verb, RULES, FRIDAY, "c")
        assert event.state == TRANSITIONS[state, verb]
    else:
        with pytest.raises(GridEventNotNow):
            event.move(verb, RULES, FRIDAY, "c")
        assert (event.state, event.due_at, len(event.steps)) == (state, before, 1)


def test_every_state_has_a_way_out_and_what_has_ended_has_none():
    leading = {state for state, _ in TRANSITIONS}
    assert leading == set(model.OPEN)
    assert set(TRANSITIONS.values()) | {"found"} == {*model.OPEN, *model.ENDED}


def test_another_handler_does_not_get_the_time_again():
    event = an_event()
    event.move("file", RULES, FRIDAY, "c")
    event.move("dispatch", RULES, FRIDAY, "c")
    due = event.due_at
    event.move("give-back", RULES, at("2026-03-09 10:00"), "w")
    assert event.due_at != due  # to dispatch it again has a time of its own
    event.move("dispatch", RULES, at("2026-03-09 11:00"), "c")
    assert event.due_at == due


@pytest.mark.parametrize(("handled", "late"), [("2026-03-09 17:00:00", False), ("2026-03-09 17:00:01", True)])
def test_handled_at_the_last_second_is_in_time(handled, late):
    event = an_event()
    event.move("file", RULES, FRIDAY, "c")
    event.move("dispatch", RULES, FRIDAY, "c")
    event.move("handle", RULES, at(handled), "w")
    assert event.ever_late is late


def test_what_comes_back_from_the_departments_begins_again():
    event = an_event()
    event.move("file", RULES, FRIDAY, "c")
    event.handed_over = 1
    event.move("hand-over", RULES, FRIDAY, "c")
    event.move("come-back", RULES, at("2026-03-20 10:00"), "frontdesk")
    event.move("dispatch", RULES, at("2026-03-20 10:30"), "c")
    assert event.due_at == at("2026-03-23 17:00")
    first = event.finding_id
    event.handed_over = 2
    assert event.finding_id != first and event.finding_id.startswith(event.event_no)


def test_an_event_number_is_checked_by_its_last_digit():
    assert model.event_number("20260306", 1) == "G20260306-0000012"
    assert model.event_number("20260306", 1_000_001) == "G20260306-0000012"  # a million a day is no street


def test_the_front_desks_matter_names_the_departments_our_kinds_name():
    e9 = matters.catalogue().raised_by("GridEventFiled")
    for kind in RULES.kinds.values():
        asked = {step.unit for step in matters.plan(e9, {"type": kind.kind})}
        assert asked == set(kind.units), kind.kind


def test_the_time_of_a_kind_is_not_longer_than_what_the_matter_promises():
    e9 = matters.catalogue().raised_by("GridEventFiled")
    assert all(kind.handle.roughly <= e9.promise.roughly for kind in RULES.kinds.values())


def test_the_handling_time_comes_with_the_finding():
    from services.frontdesk import planning

    e9 = matters.catalogue().raised_by("GridEventFiled")
    sooner = datetime(2026, 3, 9, 9, tzinfo=UTC)
    form = {"type": "waste", "handle_by": sooner.isoformat()}
    assert planning.case_due(e9, form, PLACE, FRIDAY) == sooner
    late = datetime(2027, 3, 9, 9, tzinfo=UTC)
    assert planning.case_due(e9, form | {"handle_by": late.isoformat()}, PLACE, FRIDAY) < late
