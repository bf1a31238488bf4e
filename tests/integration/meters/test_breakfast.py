"""A day that is whole is validated when it is over; one with a gap waits for what may still come."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.meters import handlers
from services.meters.handlers.validation import PATIENCE
from tests.integration.meters.test_vee import MIDNIGHT, H, Vee, hours, order

M = timedelta(minutes=1)
TODAY = MIDNIGHT + 24 * H
"""The midnight at which the day is over."""


@pytest.fixture
def vee(tester):
    tester.meter("W-1")
    return Vee(tester)


def tick(vee, at):
    """The timer, by the clock of that moment; who has been waiting has not been waiting for long."""
    vee.database.execute("UPDATE vee_due SET waiting_since = %s", (at - H,))
    with vee.tester.ledger.work() as work:
        work.now = at
        handlers.validate_due(work)


def day(first=0, last=24, but=(), meter="W-1"):
    """Hourly readings of a day from one hour to another, both included; midnight is the 0th and the 24th."""
    sent = hours(*(1000 + 10 * hour for hour in range(25)), meter=meter)
    return [each for hour, each in enumerate(sent) if first <= hour <= last and hour not in but]


def stored(vee):
    return vee.database.execute(
        "SELECT day - '2026-03-02', quantity, state FROM daily ORDER BY day"
    ).fetchall()


YESTERDAY = (0, Decimal("0.24"), "measured")


def test_a_whole_day_is_validated_as_soon_as_it_is_over(vee):
    vee.send(*day())
    tick(vee, TODAY + M)
    assert stored(vee) == [YESTERDAY]
    assert vee.database.execute("SELECT count(*) FROM vee_due").fetchone() == (0,)


def test_until_its_last_hour_is_known_the_day_is_not_over(vee):
    vee.send(*day(last=23))
    tick(vee, TODAY + 2 * M)
    assert stored(vee) == []
    vee.send(*day(first=24))
    tick(vee, TODAY + 3 * M)
    assert stored(vee) == [YESTERDAY]


def test_before_midnight_nothing_is_hurried(vee):
    vee.send(*day())
    tick(vee, TODAY - M)
    assert stored(vee) == []


def test_a_gap_waits_for_what_may_still_come_and_no_longer(vee):
    vee.send(*day(but=(10, 11)))
    tick(vee, TODAY + M)
    assert stored(vee) == []
    vee.send(*day(first=10, last=10))
    tick(vee, TODAY + 2 * M)  # 11 is missing: two hours between two readings
    assert stored(vee) == []
    vee.send(*day(first=11, last=11))
    tick(vee, TODAY + 3 * M)
    assert stored(vee) == [YESTERDAY]


def test_what_does_not_come_is_waited_for_until_patience_ends(vee):
    vee.send(*day(but=(10, 11)))
    for waited, found in ((PATIENCE - M, []), (PATIENCE, [YESTERDAY])):
        now = TODAY + PATIENCE
        vee.database.execute("UPDATE vee_due SET waiting_since = %s", (now - waited,))
        with vee.tester.ledger.work() as work:
            work.now = now
            handlers.validate_due(work)
        assert stored(vee) == found  # the sum of the day is known, the hours within are not


def test_a_gap_in_which_nothing_was_used_hides_nothing(vee):
    sent = day(but=(10, 11, 12))
    for each in sent[10:]:
        each["value"] = str(Decimal(each["value"]) - Decimal("0.04"))
    vee.send(*sent)
    tick(vee, TODAY + M)
    assert stored(vee) == [(0, Decimal("0.2"), "measured")]


def test_a_register_that_is_read_every_four_hours_is_whole_with_a_reading_in_four_hours(vee):
    order(vee, "SetRegister", meter="W-1", interval_minutes=240, reason="battery")
    vee.validate()  # as the timer does at once after a person's change
    every_four = tuple(hour for hour in range(25) if hour % 4)
    vee.send(*day(but=(*every_four, 8)))
    tick(vee, TODAY + M)
    assert stored(vee) == []
    vee.send(*day(first=8, last=8))
    tick(vee, TODAY + 2 * M)
    assert stored(vee) == [YESTERDAY]


def test_a_gap_of_today_is_no_reason_to_wait_with_yesterday(vee):
    later = hours(1400, start=TODAY + 5 * H)
    vee.send(*day(), *[each | {"seq": 99} for each in later])
    tick(vee, TODAY + 5 * H + M)
    assert stored(vee)[0] == YESTERDAY


def test_replayed_months_are_in_no_hurry(vee):
    """What is loaded of old is gathered, as before: it would be validated anew with each of its days."""
    vee.send(*day())
    tick(vee, TODAY + 49 * H)
    assert stored(vee) == []


def test_who_was_looked_at_is_looked_at_again_with_the_next_news_only(vee, database):
    vee.tester.meter("W-2")
    vee.send(*day(but=(10, 11)), *day(meter="W-2"))
    tick(vee, TODAY + M)
    with vee.tester.ledger.work() as work:
        assert work.store.over(TODAY + 2 * M, 100) == []
    vee.send(*day(first=10, last=10))
    with vee.tester.ledger.work() as work:
        assert work.store.over(TODAY + 2 * M, 100) == ["W-1"]
    # W-2 did not wait for its neighbour's gap.
    assert database.execute("SELECT DISTINCT meter FROM daily").fetchall() == [("W-2",)]
