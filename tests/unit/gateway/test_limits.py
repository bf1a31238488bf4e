"""A token bucket per credential: bursts up to the quota, then the rate, and an honest Retry-After."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import MOST_BUCKETS, Limits, TooManyRequests


def spend_all(limits, kind, name, now):
    spent = 0
    try:
        while True:
            limits.spend(kind, name, now=now)
            spent += 1
    except TooManyRequests as refusal:
        return spent, refusal


def test_a_burst_up_to_the_quota_then_wait():
    limits = Limits(scale=1)
    spent, refusal = spend_all(limits, "public", "10.0.0.1", now=0.0)
    assert spent == 120
    assert refusal.status == 429
    assert refusal.facts["retry_after"] == 1
    assert refusal.headers["RateLimit-Policy"] == '"public";q=120;w=6'
    assert refusal.headers["RateLimit"] == '"public";r=0;t=1'
    limits.spend("public", "10.0.0.1", now=1.0)


def test_one_credential_does_not_spend_anothers_quota():
    limits = Limits(scale=1)
    spend_all(limits, "company", "a", now=0.0)
    assert limits.spend("company", "b", now=0.0)[1] == '"company";r=499;t=1'


def test_an_unknown_kind_has_the_publics_quota():
    assert Limits(scale=1).spend("martian", "x", now=0.0)[0] == '"public";q=120;w=6'


def test_the_scale_multiplies_every_quota():
    assert spend_all(Limits(scale=0.1), "public", "x", now=0.0)[0] == 12


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_burst_plus_rate_times_time(pauses):
    limits, now, spent = Limits(scale=0.1), 0.0, 0
    for pause in pauses:
        now += pause
        spent += spend_all(limits, "public", "x", now=now)[0]
        assert spent <= 12 + 2 * now + 1e-6


def test_memory_is_bounded():
    limits = Limits(scale=1)
    for number in range(MOST_BUCKETS + 100):
        limits.spend("public", str(number), now=0.0)
    assert len(limits._buckets) == MOST_BUCKETS
