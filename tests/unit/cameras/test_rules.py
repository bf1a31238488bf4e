from datetime import UTC, datetime

import pytest

from services.cameras.rules import AlarmRule, severity_of, within_hours

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)  # 12:00 in the community
NIGHT = datetime(2026, 3, 1, 14, tzinfo=UTC)  # 22:00


@pytest.mark.parametrize(
    ("hour", "minute", "inside"),
    [(13, 59, False), (14, 0, True), (16, 0, True), (21, 59, True), (22, 0, False)],
)
def test_hours_are_local_pass_midnight_and_end_before_their_last_minute(hour, minute, inside):
    assert within_hours("22:00-06:00", datetime(2026, 3, 1, hour, minute, tzinfo=UTC)) is inside


def test_hours_within_a_day():
    assert within_hours("08:00-12:01", NOON) and not within_hours("08:00-12:00", NOON)


@pytest.mark.parametrize(
    ("type", "label", "zone", "priority", "at", "severity"),
    [
        ("fire", None, None, 4, NOON, 1),
        ("intrusion", "person", None, 3, NIGHT, 2),
        ("intrusion", "person", None, 3, NOON, None),
        ("intrusion", "cat", None, 3, NIGHT, None),
        ("intrusion", "person", "roof", 3, NOON, 2),
        ("motion", None, None, 2, NOON, None),
        ("motion", None, None, 1, NOON, 2),
        ("tamper", None, None, 4, NOON, 3),
        ("fall", "person", None, 1, NOON, 1),
    ],
)
def test_which_alarms_need_a_person(type, label, zone, priority, at, severity):
    assert severity_of(type, label, zone, priority, at) == severity


def test_the_most_severe_answer_counts_whatever_the_order():
    rules = [AlarmRule("a", 3), AlarmRule("b", 1), AlarmRule("c", 2)]
    assert (
        severity_of("x", None, None, 4, NOON, rules)
        == severity_of("x", None, None, 4, NOON, rules[::-1])
        == 1
    )
    assert severity_of("x", None, None, 4, NOON, []) is None
