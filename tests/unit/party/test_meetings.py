"""Votes, elections, terms and cadence by their exact figures (支部工作条例, 选举工作条例)."""

from datetime import date

import pytest

from services.party import figures
from services.party.meetings.model import (
    BallotsWrong,
    DelayTooLong,
    MoreVotesThanVoters,
    QuorumMissed,
    Term,
    TooManySeats,
    Turnout,
    asked_kinds,
    cadence,
    check_seats,
    elect,
    periods,
    term_years,
)

RULE = figures.rule("meetings", date(2026, 1, 1), "110105001001")
VOTING = RULE["voting"]


@pytest.mark.parametrize(
    ("entitled", "votes", "adopted"),
    [(10, 5, False), (10, 6, True), (9, 4, False), (9, 5, True), (1, 1, True), (3, 1, False), (3, 2, True)],
)
def test_a_resolution_needs_more_than_half_of_all_entitled_not_of_those_present(entitled, votes, adopted):
    assert Turnout(entitled, votes).adopts(votes, VOTING) is adopted


def test_nobody_counts_more_votes_than_voters():
    Turnout(10, 7).check_votes(7)
    with pytest.raises(MoreVotesThanVoters):
        Turnout(10, 7).check_votes(8)


@pytest.mark.parametrize(
    ("entitled", "present", "right"),
    [
        (10, 8, True),
        (10, 7, False),
        (5, 4, True),
        (5, 3, False),
        (11, 9, True),
        (11, 8, False),
        (0, 0, False),
    ],
)
def test_an_election_needs_four_fifths_of_those_entitled(entitled, present, right):
    if right:
        Turnout(entitled, present).check_quorum(VOTING)
    else:
        with pytest.raises(QuorumMissed):
            Turnout(entitled, present).check_quorum(VOTING)


def test_the_sentence_says_how_many_are_needed():
    with pytest.raises(QuorumMissed) as refused:
        Turnout(11, 8).check_quorum(VOTING)
    assert refused.value.facts["needed"] == 9


def test_elected_are_those_with_more_than_half_of_those_present_most_votes_first():
    here = Turnout(10, 8)
    assert elect(here, 3, 8, {"a": 5, "b": 8, "c": 4, "d": 6}, VOTING) == ["b", "d", "a"]


def test_a_tie_over_the_last_seat_elects_none_of_those_tied():
    assert elect(Turnout(10, 10), 2, 10, {"a": 8, "b": 6, "c": 6}, VOTING) == ["a"]
    assert elect(Turnout(10, 10), 1, 10, {"a": 8, "b": 2}, VOTING) == ["a"]


@pytest.mark.parametrize(
    ("cast", "votes"), [(9, {"a": 8}), (8, {"a": 9}), (4, {"a": 4, "b": 4, "c": 1})], ids=str
)
def test_ballots_that_cannot_give_these_votes_are_refused(cast, votes):
    with pytest.raises(BallotsWrong):
        elect(Turnout(10, 8), 2, cast, votes, VOTING)


@pytest.mark.parametrize(
    ("formal", "seats", "right"),
    [(6, 1, True), (6, 2, True), (6, 3, False), (7, 2, False), (7, 3, True), (50, 7, True), (50, 8, False)],
)
def test_from_seven_members_on_a_committee_of_three_to_seven_is_elected(formal, seats, right):
    if right:
        check_seats(seats, formal, RULE)
    else:
        with pytest.raises(TooManySeats):
            check_seats(seats, formal, RULE)


def test_terms_are_five_years_in_communities_and_three_elsewhere():
    assert [term_years(level, RULE) for level in ("grid-branch", "community-committee")] == [5, 5]
    assert [term_years(level, RULE) for level in ("unit-branch", "joint-branch")] == [3, 3]


def test_an_election_is_delayed_by_a_year_at_most_and_once():
    term = Term("b", date(2020, 2, 29), date(2025, 2, 28))
    with pytest.raises(DelayTooLong):
        term.delay(date(2026, 3, 1), "批复", RULE)
    with pytest.raises(DelayTooLong):
        term.delay(date(2025, 2, 28), "批复", RULE)
    term.delay(date(2026, 2, 28), "批复", RULE)
    assert term.over == date(2026, 2, 28)
    with pytest.raises(DelayTooLong):
        term.delay(date(2026, 2, 1), "批复", RULE)


@pytest.mark.parametrize(("every", "number"), [("month", 12), ("quarter", 4), ("year", 2)])
def test_the_last_twelve_months_are_looked_at(every, number):
    assert len(periods(every, date(2010, 1, 1), date(2026, 5, 15))) == number


def test_a_branch_owes_nothing_of_the_period_in_which_it_was_founded():
    assert [one.begins for one in periods("month", date(2026, 3, 2), date(2026, 5, 15))] == [
        date(2026, 4, 1),
        date(2026, 5, 1),
    ]
    assert [one.begins for one in periods("quarter", date(2026, 5, 1), date(2026, 5, 15))] == [
        date(2026, 4, 1)
    ]


def kind(name):
    return next(one for one in RULE["kinds"] if one["kind"] == name)


def test_the_general_meeting_is_quarterly_and_a_missed_quarter_is_shown():
    since, today = date(2025, 1, 1), date(2026, 5, 15)
    held = [date(2025, 7, 1), date(2025, 12, 31), date(2026, 4, 1)]
    face = cadence(kind("general"), since, today, held)
    assert (face["held"], face["asked"], face["missed"]) == (3, 4, [date(2026, 1, 1)])
    assert face["due"] is None and not face["overdue"]
    face = cadence(kind("general"), since, today, held[:2])
    assert face["overdue"] and face["due"] == date(2026, 7, 1)


def test_the_first_day_of_the_next_month_is_too_late_for_the_last():
    since, today = date(2025, 1, 1), date(2026, 5, 1)
    assert not cadence(kind("theme-day"), since, today, [date(2026, 4, 30)])["overdue"]
    assert cadence(kind("theme-day"), since, today, [date(2026, 3, 31)])["overdue"]


@pytest.mark.parametrize(("formal", "owed"), [(6, False), (7, True)])
def test_a_committee_meets_only_where_there_is_one(formal, owed):
    assert ("committee" in {one["kind"] for one in asked_kinds(RULE, formal, False)}) is owed
    assert "group" not in {one["kind"] for one in asked_kinds(RULE, formal, False)}
    assert "group" in {one["kind"] for one in asked_kinds(RULE, formal, True)}
