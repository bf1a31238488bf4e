"""A pulse never rules out what a judge would find, and does not depend on the order in which readings came."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.meters.judging import JUDGES
from services.meters.judging.pulse import Figures, Pulse, suspicions
from services.meters.judging.seen import Seen
from services.meters.model import HOLDS, Point, Watch
from services.meters.rulebook import rules_at

START = datetime(2026, 3, 1, tzinfo=UTC)
RULES = rules_at(START)

# Litres of a step: mostly the everyday ones, and every figure a rule has.
litres = st.one_of(st.sampled_from([0, 0, 0, 1, 2, 5, 9, 10, 30, 300, 700, -1, -20]), st.integers(-50, 1000))
minutes = st.one_of(st.just(60), st.just(60), st.sampled_from([15, 30, 49, 50, 61, 130, 300, 1500]))


@st.composite
def histories(draw):
    """Stretches of one habit, so that long quiet, long leaking and long flowing times occur."""
    points = [Point(START, Decimal(100))]
    for _ in range(draw(st.integers(1, 6))):
        step, every = draw(litres), draw(minutes)
        for _ in range(draw(st.integers(1, 60))):
            moved = step if draw(st.integers(0, 20)) else draw(litres)
            last = points[-1]
            points.append(
                Point(last.at + timedelta(minutes=every), max(Decimal(0), last.value + Decimal(moved) / 1000))
            )
    return points


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from([None, "taicang", "ningbo"]))
def test_what_a_pulse_rules_out_no_judge_finds(points, rule):
    watch = Watch("h", rule=rule)
    figures = Figures.of("water", 6, RULES, watch)
    pulse, _ = Pulse.of("W", points[:1], figures)
    for n in range(1, len(points)):
        before = pulse.newest_at
        ran = pulse.follow([points[n]], figures)
        suspected = suspicions("water", watch, (), pulse, ran, RULES, before, points[n].at)
        seen = Seen("water", 6, points[max(0, n - 250) : n + 1], watch=watch, flat_since=pulse.flat_since)
        for kind in {"welfare", "leak", "reverse"} - suspected:
            verdict = JUDGES[kind].judge(seen, RULES, points[n].at)
            # What began earlier was suspected when it began.
            assert verdict.outcome != HOLDS or (kind == "reverse" and verdict.end < points[n].at)


@settings(max_examples=100, deadline=None)
@given(histories(), st.data())
def test_followed_in_any_portions_it_is_what_summing_up_anew_gives(points, data):
    figures = Figures.of("water", 6, RULES, None)
    pulse, _ = Pulse.of("W", points[:1], figures)
    done = 1
    while done < len(points):
        portion = data.draw(st.integers(1, 40))
        pulse.follow(points[done : done + portion], figures)
        done += portion
    whole, _ = Pulse.of("W", points, figures)
    assert remembered(pulse) == remembered(whole)


def remembered(pulse):
    """All but where it stood before, which is the way it came."""
    return {
        each.name: getattr(pulse, each.name) for each in fields(pulse) if not each.name.startswith("was_")
    }


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_a_correction_of_what_came_last_is_followed_from_where_the_pulse_stood(points, data):
    figures = Figures.of("water", 6, RULES, None)
    known = data.draw(st.integers(1, len(points)))
    pulse, _ = Pulse.of("W", points[:known], figures)
    pulse.follow(points[known:], figures)
    if known == len(points):
        return
    at = data.draw(st.integers(known, len(points) - 1))
    corrected = list(points)
    corrected[at] = Point(points[at].at, points[at].value + Decimal(data.draw(litres)) / 1000)
    assert pulse.reaches_back_to(points[at].at) and not pulse.reaches_back_to(points[known - 1].at)
    pulse.step_back()
    pulse.follow(corrected[known:], figures)
    whole, _ = Pulse.of("W", corrected, figures)
    assert remembered(pulse) == remembered(whole)
