"""Numbers, minors, the states of a dispatch and of hours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.chassis.errors import Invalid
from services.chassis.identifiers import luhn_digit
from services.volunteers.model import (
    DISPATCHES,
    ERRANDS,
    AnsweredTooLate,
    Applicant,
    Dispatch,
    DispatchNotNow,
    Errand,
    HoursNotNow,
    as_hours,
    next_hours,
    number_of,
    willing_in,
)
from tests.offices import id_number

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
MOTHER = {"name": "李秀英", "phone": "13500000000", "id_number": id_number()}


def offered():
    errand = Errand("t", "c", "welfare-check", "visit", "110105001001001", "seeking", NOW, NOW, NOW)
    return Dispatch.offer(errand, "V1", 1, timedelta(minutes=10), NOW)


def test_a_number_tells_district_and_serial_and_checks_itself():
    number = number_of("110105001001001", 42)
    assert number[:-1] == "V11010500000042"
    assert number[-1] == str(luhn_digit(number[1:-1]))


def test_an_answer_counts_to_the_last_moment_and_not_after():
    dispatch = offered()
    dispatch.accept(NOW + timedelta(minutes=10))
    assert dispatch.state == "accepted"
    with pytest.raises(AnsweredTooLate):
        offered().accept(NOW + timedelta(minutes=10, microseconds=1))


def test_who_was_passed_over_is_told_so():
    dispatch = offered()
    dispatch.move("expire", NOW)
    with pytest.raises(AnsweredTooLate):
        dispatch.accept(NOW)


@pytest.mark.parametrize("state", ["declined", "expired", "stood-down", "reported"])
@pytest.mark.parametrize("verb", ["decline", "stand-down", "report", "expire"])
def test_an_ended_dispatch_stays_ended(state, verb):
    dispatch = offered()
    dispatch.state = state
    with pytest.raises(DispatchNotNow):
        dispatch.move(verb, NOW)


def test_nobody_reports_a_visit_he_did_not_accept():
    with pytest.raises(DispatchNotNow):
        offered().report("well", None, NOW)


@pytest.mark.parametrize(("table", "first", "ends"), [(DISPATCHES, "offered", 6), (ERRANDS, "seeking", 5)])
def test_every_state_is_reached_from_the_first(table, first, ends):
    reached = {first}
    for _ in table:
        reached |= {after for (before, _verb), after in table.items() if before in reached}
    assert len(reached) == ends


def test_hours_are_claimed_once_and_disputed_ones_count_again_when_confirmed():
    state = next_hours(None, "claim")
    for verb, after in (("confirm", "confirmed"), ("dispute", "disputed"), ("confirm", "confirmed")):
        state = next_hours(state, verb)
        assert state == after
    for bad in ("claim", "confirm"):
        with pytest.raises(HoursNotNow):
            next_hours(state, bad)


@pytest.mark.parametrize(
    ("minutes", "hours"), [(1, "0.02"), (30, "0.50"), (50, "0.83"), (60, "1.00"), (100, "1.67")]
)
def test_minutes_become_hours_exact_to_a_hundredth(minutes, hours):
    assert as_hours(minutes) == Decimal(hours)


def test_a_minor_is_registered_with_a_guardian_only():
    minor = id_number("20080602")  # eighteen tomorrow
    with pytest.raises(Invalid) as raised:
        Applicant.examined("王", minor, "13500000000", None, NOW)
    assert list(raised.value.field_sentences) == ["guardian"]
    guardian = {"name": "李", "phone": "13500000001"}
    assert Applicant.examined("王", minor, "13500000000", guardian, NOW).guardian == guardian
    assert Applicant.examined("王", id_number("20080601"), "13500000000", None, NOW).guardian is None


def test_every_fault_of_a_registration_is_told_at_once():
    with pytest.raises(Invalid) as raised:
        Applicant.examined("王", "123", "123", {"name": "李", "phone": "1"}, NOW)
    assert set(raised.value.field_sentences) == {"id_number", "phone", "guardian.phone"}


def test_in_a_moving_in_form_the_applicant_answers_for_the_minors():
    child = {"name": "王小明", "id_number": id_number("20150301"), "wants_to_volunteer": True}
    (found,) = willing_in({"members": [{"name": "李秀英"}, child]}, MOTHER, NOW)
    assert found.position == 1 and found.phone == MOTHER["phone"]
    assert found.guardian == {"name": "李秀英", "phone": "13500000000"}


@pytest.mark.parametrize(
    ("entry", "applicant"),
    [
        ({"name": "王", "id_number": "110101199003070000"}, MOTHER),
        ({"name": "", "id_number": id_number()}, MOTHER),
        ({"name": "王", "id_number": id_number()}, {}),  # no phone to reach him
        ({"name": "王", "id_number": id_number("20150301")}, {"phone": "13500000000"}),
    ],
)
def test_a_doubtful_volunteer_is_left_to_a_person(entry, applicant):
    assert willing_in({"members": [{**entry, "wants_to_volunteer": True}]}, applicant, NOW) is None
