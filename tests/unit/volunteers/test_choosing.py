"""Who is asked first, when somebody is free, and how long a visit may wait."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.volunteers import figures
from services.volunteers.model import Candidate, distance, is_free, ranked
from tests.offices import id_number

PLACE = "110105001001002"
MONDAY_NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # 12:00 in China
RULE = figures.rule_for("welfare-check", "visit", date(2026, 6, 1), PLACE)


def candidate(number="V1", place=PLACE, load=0, asked=None, times=(), born="19800101"):
    return Candidate(number, place, id_number(born), times, load, asked)


@pytest.mark.parametrize(
    ("home", "far"),
    [
        ("110105001001002", 0),
        ("110105001001003", 1),
        ("110105001002002", 2),
        ("110105002001002", 3),
    ],
)
def test_nearness_is_the_smallest_area_shared(home, far):
    assert distance(PLACE, home) == far


def test_nearest_first_then_least_sent_then_longest_unasked():
    yesterday, long_ago = MONDAY_NOON - timedelta(days=1), MONDAY_NOON - timedelta(days=90)
    crowd = [
        candidate("street", "110105001002001"),
        candidate("busy", load=3),
        candidate("recent", load=1, asked=yesterday),
        candidate("rested", load=1, asked=long_ago),
        candidate("neighbour", "110105001001009"),
        candidate("never", load=1),
    ]
    order = [each.number for each in ranked(crowd, PLACE, RULE, MONDAY_NOON)]
    assert order == ["never", "rested", "recent", "busy", "neighbour", "street"]


WINDOW = [{"days": [1], "since": "12:00", "until": "13:00"}]


@pytest.mark.parametrize(
    ("at", "free"),
    [
        (MONDAY_NOON - timedelta(minutes=1), False),
        (MONDAY_NOON, True),
        (MONDAY_NOON + timedelta(minutes=59), True),
        (MONDAY_NOON + timedelta(minutes=60), False),
        (MONDAY_NOON + timedelta(days=1), False),
    ],
)
def test_a_window_holds_on_its_day_from_its_first_minute_to_before_its_last(at, free):
    assert is_free(WINDOW, at) is free


def test_who_named_no_time_may_be_asked_at_any():
    assert is_free([], MONDAY_NOON)


@pytest.mark.parametrize(("born", "asked"), [("20080601", 1), ("20080602", 0)])
def test_minors_are_not_sent_on_welfare_visits(born, asked):
    assert len(ranked([candidate(born=born)], PLACE, RULE, MONDAY_NOON)) == asked


def test_another_step_is_nobodys_errand():
    assert figures.rule_for("welfare-check", "contact", date(2026, 6, 1), PLACE) is None
    assert figures.rule_for("moving-in", "visit", date(2026, 6, 1), PLACE) is None
    assert figures.rule_for("welfare-check", "visit", date(2025, 12, 31), PLACE) is None


def test_who_was_not_seen_safe_or_helped_ends_nothing():
    assert RULE.ends == {"well": "safe", "helped": "needs-help", "emergency": "needs-help"}


@pytest.mark.parametrize(
    ("hours", "stars"),
    [(0, 0), (99.99, 0), (100, 1), (299.99, 1), (300, 2), (600, 3), (1000, 4), (1499, 4), (1500, 5)],
)
def test_stars_by_confirmed_hours(hours, stars):
    assert figures.stars_for(hours, date(2026, 6, 1)) == stars


@given(
    st.lists(st.tuples(st.sampled_from((PLACE, PLACE[:12] + "009", PLACE[:9] + "002001")), st.integers(0, 5)))
)
def test_nobody_farther_away_is_asked_before_somebody_nearer(homes):
    crowd = [candidate(f"V{n}", home, load) for n, (home, load) in enumerate(homes)]
    order = ranked(crowd, PLACE, RULE, MONDAY_NOON)
    assert len(order) == len(crowd)
    keys = [(distance(PLACE, each.place), each.load) for each in order]
    assert keys == sorted(keys)
