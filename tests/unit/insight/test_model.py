from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.insight import model


def test_today_begins_at_midnight_in_china():
    assert model.midnight(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert model.midnight(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == datetime(2026, 3, 2, 16, tzinfo=UTC)


def test_a_rate_shows_what_it_is_made_of():
    assert model.rate(2, 3, 0.9) == {"value": 0.6667, "numerator": 2, "denominator": 3, "target": 0.9}
    assert model.rate(0, 0, 0.9)["value"] is None


PLACES = st.sampled_from(["110105001001", "110105001002", "110105002001", "110106001001"])
NUMBERS = st.fixed_dictionaries({name: st.integers(0, 9) for name in model.FIRST_ROW})


@given(st.dictionaries(PLACES, NUMBERS, max_size=4))
def test_every_area_is_the_sum_of_its_communities(communities):
    areas = model.roll_up(communities.items())
    assert "" in areas
    for area, numbers in areas.items():
        for name in model.FIRST_ROW:
            inside = [found[name] for place, found in communities.items() if place.startswith(area)]
            assert numbers[name] == sum(inside)


def test_a_case_without_a_place_still_counts_everywhere():
    assert model.roll_up([("", {"in_hand": 1})])[""]["in_hand"] == 1
