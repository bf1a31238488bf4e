"""S15.3: 10 % of the households, the same ones for whoever computes it again."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from services.census import sampling

SEED, CENSUS = "a seed of sixteen letters", "019a0000-0000-7000-8000-000000000001"


def test_the_sample_is_the_one_that_is_written_down():
    """These numbers must never change: a census of the past has to be recomputed by them."""
    found = {block: sampling.sample(SEED, CENSUS, block, 35, 10) for block in (1, 2, 3)}
    assert found == {1: [2, 12, 22, 32], 2: [1, 11, 21, 31], 3: [8, 18, 28]}
    assert sampling.fingerprint(SEED) == hashlib.sha256(SEED.encode()).hexdigest()


def test_anybody_can_recompute_it_from_the_description():
    for block in range(1, 60):
        said = f"long-form\n{CENSUS}\n{block}".encode()
        start = int(hmac.new(SEED.encode(), said, "sha256").hexdigest(), 16) % 10
        assert sampling.sample(SEED, CENSUS, block, 99, 10) == [n for n in range(1, 100) if n % 10 == start]


@given(st.text(min_size=1, max_size=30), st.integers(1, 999), st.integers(0, 400))
def test_a_tenth_of_each_block_is_drawn_one_more_or_less(seed, block, households):
    drawn = sampling.sample(seed, CENSUS, block, households, 10)
    assert households // 10 <= len(drawn) <= -(-households // 10)


@given(st.integers(1, 999), st.integers(0, 300), st.integers(0, 50))
def test_a_household_found_later_moves_nobody(block, households, later):
    before = sampling.sample(SEED, CENSUS, block, households, 10)
    after = sampling.sample(SEED, CENSUS, block, households + later, 10)
    assert after[: len(before)] == before


def test_over_many_blocks_every_place_in_the_walk_is_as_likely():
    starts = [sampling.start_of(SEED, CENSUS, block, 10) for block in range(2000)]
    assert all(150 < starts.count(start) < 250 for start in range(10))


def test_the_second_keying_takes_its_share_and_no_more_at_the_ends():
    drawn = [sampling.is_keyed_twice(SEED, f"h{n}", "short", 5) for n in range(4000)]
    assert 150 < sum(drawn) < 250
    assert not any(sampling.is_keyed_twice(SEED, f"h{n}", "short", 0) for n in range(100))
    assert all(sampling.is_keyed_twice(SEED, f"h{n}", "short", 100) for n in range(100))
    assert sampling.is_keyed_twice(SEED, "h1", "short", 50) is True
