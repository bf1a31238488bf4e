"""How many formal members oblige a unit to what, at and around every figure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.party import figures
from services.party.model import DUTIES, OPEN, Duty, DutyClosed, weigh

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RULE = figures.in_force(date(2026, 6, 1), "110105001001001")


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        (0, set()),
        (1, {"instructor"}),
        (2, {"instructor"}),
        (3, {"branch"}),
        (6, {"branch"}),
        (7, {"branch", "committee"}),
        (50, {"branch", "committee"}),
        (51, {"general-branch"}),
        (100, {"general-branch"}),
        (101, {"party-committee"}),
    ],
)
def test_a_number_of_members_asks_for_its_form(members, asked):
    assert set(RULE.asked_of(members)) == asked


def test_the_third_member_lifts_the_instructor_and_asks_for_a_branch():
    opened, _ = weigh("unit", 2, [], RULE, NOW)
    assert [duty.kind for duty in opened] == ["instructor"]
    opened_now, lifted = weigh("unit", 3, opened, RULE, NOW)
    assert [duty.kind for duty in opened_now] == ["branch"]
    assert [(duty.kind, duty.state) for duty in lifted] == [("instructor", "lifted")]
    assert opened_now[0].due_at == NOW + timedelta(days=60)


def test_the_fourth_member_asks_for_nothing_new():
    opened, _ = weigh("unit", 3, [], RULE, NOW)
    assert weigh("unit", 4, opened, RULE, NOW) == ([], [])


def test_a_branch_that_was_founded_is_not_asked_for_again_after_the_number_fell_and_rose():
    (branch,), _ = weigh("unit", 3, [], RULE, NOW)
    branch.move("meet", NOW)
    _, lifted = weigh("unit", 2, [branch], RULE, NOW)
    assert lifted == [] and branch.state == "met"
    assert weigh("unit", 3, [branch], RULE, NOW) == ([], [])


@given(st.lists(st.integers(0, 130), max_size=30), st.data())
def test_however_the_number_moves_open_duties_are_just_those_asked_for(numbers, data):
    duties: list[Duty] = []
    for members in numbers:
        opened, _ = weigh("unit", members, [d for d in duties if d.state != "lifted"], RULE, NOW)
        duties += opened
        for duty in duties:
            if duty.state in OPEN and data.draw(st.booleans()):
                duty.move("meet", NOW)
        standing = [duty.kind for duty in duties if duty.state != "lifted"]
        assert len(standing) == len(set(standing)), "one duty of a kind"
        assert {d.kind for d in duties if d.state in OPEN} <= set(RULE.asked_of(members))
        assert set(RULE.asked_of(members)) <= set(standing)


@pytest.mark.parametrize("state", ["met", "lifted"])
@pytest.mark.parametrize("verb", ["take", "meet", "lift"])
def test_a_closed_duty_stays_closed(state, verb):
    duty = Duty("d", "unit", "branch", state, 3, NOW, NOW)
    with pytest.raises(DutyClosed):
        duty.move(verb, NOW)


def test_every_state_of_the_table_is_reached_from_due():
    reached = {"due"}
    for _ in DUTIES:
        reached |= {after for (before, _verb), after in DUTIES.items() if before in reached}
    assert reached == {"due", "in-hand", "met", "lifted"}


def test_before_the_first_entry_there_is_no_rule():
    with pytest.raises(figures.NoFigures):
        figures.in_force(date(2018, 10, 27), "110105")
