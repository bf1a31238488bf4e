"""The real meters: read as they are, and firing where the data's README says they do."""

import itertools
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.meters.judging import JUDGES, never_zero
from services.meters.judging.pulse import Figures, Pulse, suspicions
from services.meters.judging.rehearsal import rehearse
from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, Point, Watch
from services.meters.replay import demonstration_readings, interleaved, late_reading, readings
from services.meters.rulebook import rules_at

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def points(stretch):
    return [Point(datetime.fromisoformat(each["at"]), Decimal(each["value"])) for each in stretch]


def outcome(kind, seen, end=None):
    return JUDGES[kind].judge(Seen("water", 6, seen), rules_at(NOW), end or seen[-1].at).outcome


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


def every_meter():
    found = defaultdict(dict)
    for sent in readings():
        found[sent.meter][sent.at] = Point(sent.at, sent.cubic_metres)
    return {meter: [by_time[at] for at in sorted(by_time)] for meter, by_time in found.items()}


def test_of_forty_real_households_only_those_whose_water_ran_day_and_night_are_said_to_leak():
    found = [
        (finding.kind, finding.meter, finding.evidence["by"])
        for meter, seen in every_meter().items()
        for finding in rehearse(meter, "water", seen, rules_at)
    ]
    assert found == [("leak", f"W-REAL-{number}", "never-zero") for number in (27, 35, 36, 40)]


def test_a_rehearsal_finds_what_judging_every_single_reading_finds():
    seen = every_meter()["W-REAL-27"][:600]
    rules = rules_at(NOW)
    first = next(
        n
        for n in range(1, len(seen))
        if never_zero.judge(Seen("water", 6, seen[max(0, n - 200) : n + 1]), rules, seen[n].at).outcome
        == HOLDS
    )
    (leak,) = rehearse("W-REAL-27", "water", seen, lambda at: rules)
    assert leak.raised_at == seen[first].at


@pytest.mark.parametrize(("rule", "concerns"), [("changning", 31), ("taicang", 5)])
def test_a_longer_window_calls_a_family_less_often(rule, concerns):
    seen = every_meter()["W-REAL-01"]
    found = rehearse("W-REAL-01", "water", seen, rules_at, Watch("h", rule=rule))
    assert sum(finding.kind == "welfare" for finding in found) == concerns


def test_a_pulse_rules_out_nearly_everything_a_household_does():
    """Or the sweep would cost what judging costs."""
    looked = suspected = 0
    for seen in every_meter().values():
        rules = rules_at(seen[0].at)
        watch = Watch("h")
        figures = Figures.of("water", 6, rules, watch)
        pulse, _ = Pulse.of("W", seen[:1], figures)
        for point in seen[1:]:
            before = pulse.newest_at
            ran = pulse.follow([point], figures)
            found = suspicions("water", watch, (), pulse, ran, rules, before, point.at)
            looked += 1
            suspected += bool(found - {"welfare"})  # families travel; who is watched over and away is few
    assert suspected / looked < 0.04
