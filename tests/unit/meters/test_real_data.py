"""The real meters: read as they are, and firing where the data's README says they do."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.meters.model import HOLDS, Point, judge_leak, judge_welfare
from services.meters.replay import demonstration_readings, interleaved, late_reading, readings
from services.meters.rulebook import rules_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
JUDGES = {"welfare": judge_welfare, "leak": judge_leak}


def points(stretch):
    return [Point(datetime.fromisoformat(each["at"]), Decimal(each["value"])) for each in stretch]


def outcome(kind, seen, end=None):
    return JUDGES[kind](seen, end or seen[-1].at, getattr(rules_at(NOW), kind), 6).outcome


def test_the_file_is_read_to_its_last_row_in_litres_and_local_time():
    found = list(readings())
    assert len(found) == 81_133
    assert {sent.meter for sent in found} == {f"W-REAL-{number:02}" for number in range(1, 41)}
    assert (found[0].at, found[0].litres) == (datetime(2016, 2, 29, 23, 3, 10, tzinfo=UTC), 155_683)
    assert found[0].wire()["value"] == "155.683"
    assert any(sent.litres == 200_000 for sent in found)  # written 2e+05


def test_interleaved_the_day_goes_by_and_nothing_is_lost():
    found = list(interleaved())
    assert len(found) == 81_133
    assert all(a.at <= b.at for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("kind", ["welfare", "leak"])
def test_a_stretch_ends_now_and_its_rule_holds_at_the_last_reading_and_no_other(kind):
    seen = points(demonstration_readings(kind, "W-X", NOW))
    assert seen[-1].at == NOW
    assert [i for i in range(len(seen)) if outcome(kind, seen[: i + 1]) == HOLDS] == [len(seen) - 1]


@pytest.mark.parametrize("kind, other", [("welfare", "leak"), ("leak", "welfare")])
def test_a_stretch_never_means_two_things(kind, other):
    seen = points(demonstration_readings(kind, "W-X", NOW))
    assert all(outcome(other, seen[: i + 1]) != HOLDS for i in range(len(seen)))


def test_the_late_reading_refutes_the_concern():
    stretch = demonstration_readings("welfare", "W-X", NOW)
    late = late_reading(stretch)
    corrected = [late if each["at"] == late["at"] else each for each in stretch]
    assert outcome("welfare", points(corrected), NOW) == "refuted"
