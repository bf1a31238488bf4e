"""Readings lie in months: opened ahead, reached back to, detached, and none of it is seen by whoever reads or stores."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.meters import months
from services.meters.handlers import open_months
from tests.integration.meters.surroundings import NOW, hourly


@pytest.fixture
def aside(database):
    """Statements of a transaction that is taken back in the end."""
    with database.transaction(force_rollback=True):
        yield database.execute


def rows(execute, table="readings"):
    return execute(f"SELECT * FROM {table} ORDER BY meter, register, at, seq").fetchall()


def test_the_months_follow_each_other_and_reach_into_the_future(aside):
    found = months.known(aside)
    assert all(months.following(a) == b for a, b in itertools.pairwise(found))
    end = months.open_ahead(aside, NOW + timedelta(days=400))
    opened = months.known(aside)
    assert opened[: len(found)] == found and months.following(opened[-1]) == end
    assert end - NOW > timedelta(days=400) + months.AHEAD
    assert months.open_ahead(aside, NOW) == end, "what is open stays open"


def test_the_timer_and_the_ingest_open_what_is_missing(database, tester):
    tester.meter("W-1")
    for open_again in (
        lambda: tester.ledger.work(),
        lambda: tester.send(*hourly(1, 2)),
    ):
        newest = months.known(database.execute)[-1]
        database.execute(f"DROP TABLE {months.name_of(newest)}")
        again = open_again()
        if again is not None:
            with again as work:
                open_months(work)
        assert months.known(database.execute)[-1] == newest
    assert len(rows(database.execute)) == 2


def test_readings_older_than_the_first_month_are_stored_and_can_be_given_months(database, tester):
    tester.meter("W-1")
    old = hourly(*range(30), end=datetime(2016, 3, 1, 9, tzinfo=UTC))
    tester.send(*old, *hourly(50, 60, first_seq=40))
    assert len(rows(database.execute, months.BEFORE)) == 30
    before = rows(database.execute)
    with database.transaction(force_rollback=True):
        assert months.reach_back(database.execute, datetime(2016, 2, 1, tzinfo=UTC)) > 12 * 9
        assert rows(database.execute) == before
        assert rows(database.execute, months.BEFORE) == []
        assert len(rows(database.execute, "months.readings_2016_03")) == 10
        with pytest.raises(months.NoSuchMonth):
            months.reach_back(database.execute, datetime(2016, 2, 1, tzinfo=UTC))


def test_the_oldest_month_is_detached_and_what_still_comes_for_it_is_kept(database, tester):
    tester.meter("W-1")
    oldest, *later = months.known(database.execute)
    tester.send(*hourly(*range(5), end=oldest + timedelta(days=3)))
    kept = rows(database.execute)
    with pytest.raises(months.NotTheOldestMonth), database.transaction():
        months.detach(database.execute, later[0])
    with database.transaction():
        table = months.detach(database.execute, oldest)
    try:
        assert rows(database.execute, table) == kept and rows(database.execute) == []
        assert months.known(database.execute) == later
        tester.send(*hourly(9, end=oldest + timedelta(days=4), first_seq=9))
        assert len(rows(database.execute, months.BEFORE)) == 1
    finally:
        with database.transaction():
            months.reach_back(database.execute, oldest)
        database.execute(f"DROP TABLE {table}")
    assert len(rows(database.execute, months.name_of(oldest))) == 1


def test_the_newest_reading_is_found_without_a_look_into_every_month(database, tester):
    tester.meter("W-1")
    tester.send(*hourly(*range(3)))
    plan = database.execute(
        "EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT newest.at FROM meters CROSS JOIN LATERAL ("
        " SELECT at FROM readings WHERE meter = meters.meter AND register = meters.register ORDER BY at DESC LIMIT 1"
        ") newest"
    ).fetchall()
    old = [line for (line,) in plan if "Scan" in line and "readings_" in line and "never executed" in line]
    assert len(old) >= 12, "\n".join(line for (line,) in plan)


def test_whoever_keeps_house_sees_the_months_and_is_told_what_cannot_be(parts, database, capsys):
    oldest = months.known(database.execute)[0]
    assert months.main(["list"]) == 0
    assert f"readings_{oldest:%Y_%m}" in capsys.readouterr().out
    assert months.main(["detach", f"{months.following(oldest):%Y-%m}"]) == 1
    assert f"{oldest:%Y-%m}" in capsys.readouterr().err
