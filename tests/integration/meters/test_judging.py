"""Every kind of finding on the real database: raised once, settled, taken back; by the clock, across restarts, by two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.chassis.database import Ledger
from services.contracts import frontdesk, meters
from services.meters import views
from services.meters.handlers import (
    close_finding,
    judge_touched,
    note_silent_meters,
    set_away,
    set_welfare_rule,
    sweep,
)
from services.meters.judging import repository
from services.meters.model import UnknownRule
from services.meters.repository import Repository
from tests.integration.meters.surroundings import NOW, PLACE, hourly

H = timedelta(hours=1)
M = timedelta(minutes=1)
QUIET = [5000] * 13
RUNNING = [100 + 2 * hour for hour in range(25)]


@pytest.fixture
def elder(tester):
    household = tester.home()
    tester.meter("W-1", household)
    tester.said()
    return household


def names(said):
    return [name for name, _ in said]


def active(database):
    return database.execute("SELECT kind FROM findings WHERE state = 'active' ORDER BY kind").fetchall()


def touch(database, *of):
    """As the ingest notes it."""
    for meter in of:
        database.execute(
            "INSERT INTO touched (meters, since) SELECT ARRAY[meter], ARRAY[min(at)] FROM readings"
            " WHERE meter = %s GROUP BY meter",
            (meter,),
        )


# -- the clock -----------------------------------------------------------------------------------------


def test_the_clock_closes_a_window_though_no_reading_comes_at_its_end(tester, elder, database):
    # Water ran until an hour and twenty minutes more than twelve hours ago; readings come at :20 past, so the window
    # closes 40 minutes after the newest one.
    now = datetime.now(UTC).replace(microsecond=0)
    litres = [4000, 4100, *[4100] * 11]
    tester.send(*hourly(*litres, end=now - 20 * M))
    tester.sweep()
    assert tester.said() == []
    (due,) = database.execute("SELECT due_at FROM pulses").fetchone()
    assert due == now - 20 * M + H
    tester.sweep(later=35 * M)
    assert tester.said() == []
    tester.sweep(later=41 * M)
    ((name, finding),) = tester.said()
    assert name == "WelfareConcernRaised" and finding["evidence"]["used_m3"] == "0"
    assert datetime.fromisoformat(finding["evidence"]["seen_until"]) == now - 20 * M
    tester.sweep(later=50 * M)
    assert tester.said() == []


def test_the_clock_wakes_once_in_twelve_hours_and_not_each_hour(tester, elder, database):
    tester.send(*hourly(4000, 4100, end=NOW - H))
    tester.sweep()
    first = database.execute("SELECT due_at FROM pulses").fetchone()
    tester.send(*hourly(4200, end=NOW, first_seq=9))
    tester.sweep()
    assert database.execute("SELECT due_at FROM pulses").fetchone() == first
    tester.sweep(
        later=11 * H + 30 * M
    )  # it goes off, is set anew, and nothing is said: the meter is not heard
    assert tester.said() == []


def test_a_meter_that_is_not_heard_is_no_concern_whatever_the_clock_says(tester, elder, database):
    tester.send(*hourly(*[4100] * 10, end=NOW - 3 * H))
    tester.sweep()
    tester.sweep(later=6 * H)
    assert tester.said() == []


def test_absence_that_ends_starts_the_clock(tester, elder, database):
    tester.send(*hourly(*QUIET))
    tester.do(set_away, meters.SetAway, household=elder, until=(NOW + H).isoformat())
    tester.sweep()
    assert tester.said() == []
    assert database.execute("SELECT due_at FROM pulses").fetchone() == (NOW + 13 * H,)


# -- people --------------------------------------------------------------------------------------------


def test_water_that_runs_while_they_are_away_ends_the_absence_and_says_so(tester, elder, database):
    tester.do(set_away, meters.SetAway, household=elder, until=(NOW + 99 * H).isoformat())
    database.execute("UPDATE watches SET away_told_at = now() - interval '40 hours'")
    tester.send(*hourly(*QUIET, 5060))
    tester.sweep()
    with tester.ledger.read() as read:
        welfare = views.get_account(read, meters.GetAccount.read({"household": elder}))["welfare"]
    assert welfare["away_ended_at"] == welfare["away_until"] == NOW
    tester.sweep(later=13 * H)
    tester.send(*hourly(*[5060] * 2, end=NOW + 9 * M, first_seq=50))
    assert tester.said() == []


def test_an_absence_that_is_still_to_come_does_not_excuse_today(tester, elder):
    tester.do(
        set_away, meters.SetAway, household=elder, start=(NOW + 5 * H).isoformat(), until=(NOW + 99 * H).isoformat()
    )  # fmt: skip
    tester.send(*hourly(*QUIET))
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]


def test_a_person_may_have_the_rule_of_another_place(tester, elder):
    now = datetime.now(UTC).replace(microsecond=0)  # the clock judges too: NOW may be many tests ago
    tester.do(set_welfare_rule, meters.SetWelfareRule, household=elder, rule="ningbo")
    tester.send(*hourly(*[5000] * 24, end=now - 55 * M))
    tester.sweep()
    assert tester.said() == []
    tester.send(*hourly(5008, end=now + 5 * M, first_seq=90))
    tester.sweep()
    ((_, finding),) = tester.said()
    assert (
        finding["evidence"]["rule"] == "≤ 0.008 m³ / 24 h" and finding["evidence"]["published_by"] == "ningbo"
    )
    with pytest.raises(UnknownRule):
        tester.do(set_welfare_rule, meters.SetWelfareRule, household=elder, rule="nowhere")


# -- leaks ---------------------------------------------------------------------------------------------


def test_a_leak_that_comes_back_before_anybody_was_there_is_the_same_finding(tester, database):
    tester.meter("W-1")
    start = NOW - 60 * H
    tester.send(*hourly(*RUNNING, end=start))
    tester.sweep()
    tester.send(*hourly(148, end=start + H, first_seq=50))
    tester.sweep()
    tester.send(*hourly(*[148 + 2 * hour for hour in range(1, 26)], end=start + 26 * H, first_seq=60))
    tester.sweep()
    said = tester.said()
    assert names(said) == ["LeakSuspected", "FindingUpdated", "FindingUpdated"]
    assert said[1][1]["evidence"]["settled"] and said[2][1]["evidence"]["recurred"] == 1
    assert tester.findings() == [("leak", "active", None)]


def test_once_its_case_is_closed_it_is_a_new_one(tester, database):
    tester.meter("W-1")
    start = NOW - 60 * H
    tester.send(*hourly(*RUNNING, end=start))
    tester.sweep()
    ((_, raised),) = tester.said()
    tester.do(
        close_finding, frontdesk.CaseClosed, case_no="20260301-0000017", matter="leak-check", place=PLACE,
        status="closed", finding_id=raised["finding_id"], finder="meters", closed_at=NOW.isoformat(),
    )  # fmt: skip
    tester.send(*hourly(*[148 + 2 * hour for hour in range(1, 24)], end=start + 23 * H, first_seq=50))
    tester.sweep()
    assert tester.said() == []  # the same day again
    tester.send(*hourly(200, 202, end=start + 25 * H, first_seq=80))
    tester.sweep()
    assert names(tester.said()) == ["LeakSuspected"]


# -- meters --------------------------------------------------------------------------------------------


def test_a_register_that_runs_backwards_is_a_fault_and_a_correction_takes_it_back(tester, database):
    tester.meter("W-1")
    tester.send(*hourly(100, 110, 120, 80, 85))
    tester.sweep()
    ((name, finding),) = tester.said()
    assert name == "MeterFaultFound" and finding["evidence"]["kind"] == "reverse"
    assert finding["evidence"]["fell_by"] == "0.03" and finding["severity"] == 3
    right = hourly(100, 110, 120, 124, 128)
    tester.send(right[3] | {"seq": 90}, right[4] | {"seq": 91})
    tester.sweep()
    assert names(tester.said()) == ["FindingRetracted"]


def test_an_opened_cover_is_told_once_and_is_over_a_day_later(tester, database):
    tester.meter("W-1")
    flagged = [each | {"quality": "cover-open"} for each in hourly(100, 110, 110, 130, end=NOW - 40 * H)]
    for reading in flagged:
        tester.send(reading)
        tester.sweep()
    ((name, finding),) = tester.said()
    assert (name, finding["evidence"]["word"], finding["severity"]) == ("MeterFaultFound", "cover-open", 2)
    tester.send(*hourly(140, 140, end=NOW - 10 * H, first_seq=10))
    tester.sweep()
    assert tester.findings() == [("tamper", "cleared", "settle")]


def test_a_gas_meters_alarm_is_an_alarm_for_property_at_once(tester, database):
    tester.meter("G-1", tester.home(), kind="gas")
    tester.send(*hourly(100, 110, meter="G-1"))
    tester.send(hourly(110, meter="G-1", end=NOW + M, first_seq=5)[0] | {"quality": "gas-alarm"})
    tester.sweep()
    ((name, finding),) = tester.said()
    assert (name, finding["type"], finding["severity"]) == ("AlarmRaised", "gas", 1)
    assert "person" not in finding or finding["person"] is None
    tester.sweep()
    assert tester.said() == []


def test_an_electricity_meter_that_counts_nothing_while_water_runs_is_stuck(tester, database):
    home = tester.home()
    tester.meter("W-1", home)
    tester.meter("E-1", home, kind="electricity")
    tester.send(*hourly(*range(0, 5000, 50)))  # somebody lives there
    electricity = [each | {"meter": "E-1", "unit": "kWh", "value": "10"} for each in hourly(*[0] * 97)]
    tester.send(electricity[0] | {"value": "9", "at": (NOW - 100 * H).isoformat()}, *electricity)
    touch(database, "W-1", "E-1")
    tester.sweep()
    tester.send(electricity[0] | {"at": (NOW + M).isoformat(), "seq": 500})
    database.execute(
        "UPDATE pulses SET newest_at = newest_at - interval '1 day' WHERE meter = 'E-1'"
    )  # a day goes by
    touch(database, "E-1")
    tester.sweep()
    stuck = [said for name, said in tester.said() if name == "MeterFaultFound"]
    assert [said["device"] for said in stuck] == ["E-1"]
    assert stuck[0]["evidence"]["others"][0]["meter"] == "W-1"


def test_an_empty_flat_is_no_fault(tester, database):
    tester.meter("W-1")
    tester.send(*hourly(90, *[100] * 400))
    tester.sweep()
    assert tester.said() == [] and tester.findings() == []


# -- silence -------------------------------------------------------------------------------------------


def fall_silent(tester, database, *of):
    database.execute(
        "UPDATE meters SET heard_at = now() - interval '25 hours' WHERE meter = ANY(%s)", (list(of),)
    )
    with tester.ledger.work() as work:
        note_silent_meters(work)


def test_a_meter_that_is_not_heard_is_reported_and_taken_back_when_it_is(tester, elder, database):
    tester.send(*hourly(100, 200, end=NOW - 25 * H))
    tester.sweep()
    fall_silent(tester, database, "W-1")
    ((name, finding),) = tester.said()
    assert (name, finding["evidence"]["kind"]) == ("MeterFaultFound", "offline")
    assert finding["severity"] == 2  # nobody watches over her now
    tester.send(*hourly(300, first_seq=7))
    tester.sweep()
    assert names(tester.said()) == ["FindingRetracted"]


def test_many_of_one_grid_at_once_are_one_trouble(tester, database):
    of = [f"W-{number}" for number in range(25)]
    for meter in of:
        tester.meter(meter)
        tester.send(*hourly(100, 200, meter=meter, end=NOW - 25 * H))
    tester.sweep()
    fall_silent(tester, database, *of)
    ((_, finding),) = tester.said()
    assert finding["device"] == PLACE and finding["evidence"]["count"] == 25
    for meter in of[1:]:
        tester.send(*hourly(300, meter=meter, first_seq=7))
    tester.sweep()
    assert tester.said() == []
    tester.send(*hourly(300, meter=of[0], first_seq=7))
    tester.sweep()
    assert names(tester.said()) == ["FindingRetracted"]


# -- what holds for all --------------------------------------------------------------------------------


def test_what_was_noted_for_validation_is_the_oldest_since_it_was_worked_off(tester, database):
    tester.meter("W-1")
    tester.send(*hourly(100, 110, 120))
    tester.sweep()
    tester.send(*hourly(130, end=NOW + M, first_seq=7))
    tester.sweep()
    (row,) = database.execute("SELECT meter, since FROM vee_due").fetchall()
    assert row == ("W-1", NOW - 2 * H)
    tester.send(*hourly(90, end=NOW - 9 * H, first_seq=8))
    tester.sweep()
    assert database.execute("SELECT since FROM vee_due").fetchone() == (NOW - 9 * H,)


def notes(database):
    return database.execute("SELECT meters, since FROM touched ORDER BY position").fetchall()


def test_a_transactions_readings_are_one_note_of_all_its_meters(tester, database):
    for meter in ("W-1", "W-2"):
        tester.meter(meter)
    tester.send(*hourly(100, 110, meter="W-1"), *hourly(200, 210, meter="W-2", end=NOW - H))
    ((meters, since),) = notes(database)
    assert dict(zip(meters, since, strict=True)) == {"W-1": NOW - H, "W-2": NOW - 2 * H}
    tester.send(*hourly(100, 110, meter="W-1"))  # once more: nothing is new
    assert len(notes(database)) == 1


def test_notes_of_one_meter_are_one_look_from_the_oldest_reading_on(ledger, tester, database):
    tester.meter("W-1")
    for at in (NOW - 2 * H, NOW, NOW - 5 * H, NOW - H):
        tester.send(*hourly(100, end=at))
    assert len(notes(database)) == 4
    with ledger.work() as work:
        assert work.store.take_touched(1000, work.now) == {"W-1": NOW - 5 * H}
    assert notes(database) == []


def test_a_sweep_that_dies_on_the_way_has_taken_nothing(ledger, tester, elder, database, monkeypatch):
    """The notes go with what was made of them, or not at all."""
    tester.send(*hourly(*QUIET))
    before = notes(database)
    assert before

    def die(*_):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(Repository, "save_pulses", die)
        with pytest.raises(RuntimeError, match="killed"):
            tester.sweep()
    assert notes(database) == before and tester.said() == []
    assert database.execute("SELECT count(*) FROM vee_due").fetchone() == (0,)
    tester.sweep()
    assert notes(database) == [] and names(tester.said()) == ["WelfareConcernRaised"]


def test_what_a_long_sweep_leaves_is_noted_for_the_next_one(tester, database, monkeypatch):
    for meter in ("W-1", "W-2", "W-3"):
        tester.meter(meter)
        tester.send(*hourly(100, 110, meter=meter))
    with monkeypatch.context() as short:
        short.setattr(sweep, "CHUNK", 1)
        short.setattr(sweep, "LONGEST_SWEEP", 0)
        tester.sweep()
    assert notes(database) == [(["W-1", "W-2", "W-3"], [NOW - H] * 3)]
    tester.sweep()
    assert notes(database) == []
    assert database.execute("SELECT count(*) FROM pulses").fetchone() == (3,)


def test_a_restart_in_between_changes_nothing(parts, tester, elder, database):
    """The clock's and the finding's state are rows, not memory."""
    for each in hourly(4000, *[4100] * 12, end=NOW - 30 * M):
        tester.send(each)
        other = Ledger("meters", Repository)
        with other.work() as work:
            judge_touched(work)
        other.close()
    # Water ran until eleven hours before the newest reading.
    assert database.execute("SELECT due_at FROM pulses").fetchone() == (NOW + 30 * M,)
    other = Ledger("meters", Repository)
    with other.work() as work:
        work.now += 31 * M
        judge_touched(work)
    other.close()
    assert names(tester.said()) == ["WelfareConcernRaised"]


def test_two_sweepers_at_once_say_a_thing_once(parts, tester, database):
    homes = [tester.home(f"{PLACE}-3-1-{door}") for door in range(100, 140)]
    for number, home in enumerate(homes):
        tester.meter(f"W-{number}", home)
        tester.send(*hourly(*QUIET, meter=f"W-{number}"))
    tester.said()
    together = threading.Barrier(2)

    def sweep():
        ledger = Ledger("meters", Repository)
        together.wait()
        for _ in range(3):
            with ledger.work() as work:
                judge_touched(work)
        ledger.close()

    with ThreadPoolExecutor(2) as replicas:
        for done in [replicas.submit(sweep) for _ in range(2)]:
            done.result()
    assert names(tester.said()) == ["WelfareConcernRaised"] * 40
    assert database.execute("SELECT count(*) FROM touched").fetchone() == (0,)


def test_while_one_sweeps_another_leaves_everything_to_it(tester, elder, database):
    tester.send(*hourly(*QUIET))
    with tester.ledger.work() as work:
        assert work.store.sweep_alone()
        tester.sweep()
        assert tester.said() == []
    tester.sweep()
    assert names(tester.said()) == ["WelfareConcernRaised"]


@pytest.mark.parametrize("query", [repository.LOOK, repository.POINTS, repository.STANDING_SINCE])
def test_readings_are_read_by_their_key_and_never_all(tester, elder, database, query):
    """With many other meters' readings beside them, no plan of the sweep scans the table."""
    tester.send(*hourly(*QUIET))
    tester.sweep()
    database.execute(
        "INSERT INTO readings SELECT 'X-' || n, 'total', now() - h * interval '1 hour', h, n, 'm3'"
        " FROM generate_series(1, 2000) n, generate_series(1, 20) h"
    )
    database.execute("ANALYZE readings")
    facts = {
        "meters": ["W-1"],
        "registers": ["total"],
        "since": [NOW - 20 * H],
        "horizon": None,
        "values": [5],
    }
    with tester.ledger.read() as read:
        names = {name: facts[name] for name in query.compile().params}
        plan = "\n".join(read.connection.scalars(text(f"EXPLAIN {query.text}"), names))
    # The months that hold nothing are passed over; the one that holds them is never read whole.
    assert "Index" in plan and f"Seq Scan on readings_{NOW:%Y_%m}" not in plan


@pytest.mark.parametrize("seed", range(3))
def test_disorder_doubles_and_lateness_end_in_the_pulse_and_findings_of_the_clean_run(tester, database, seed):
    import random

    dice = random.Random(seed)
    clean = []
    for number, habit in enumerate(([0] * 30, [2] * 60, [0, 30, 0, 5] * 15, [2] * 30 + [0, 0] + [2] * 27)):
        home = tester.home(f"{PLACE}-3-1-{700 + number}")
        tester.meter(f"W-{number}", home)
        litres = [1000]
        for step in habit:
            litres.append(litres[-1] + step)
        clean += hourly(*litres, meter=f"W-{number}", end=NOW - 10 * H)

    def state():
        pulses = "SELECT meter, first_at, newest_at, newest_value, flat_since, used_at, zero_at FROM pulses ORDER BY meter"
        findings = "SELECT meter, kind FROM findings WHERE state = 'active' ORDER BY 1, 2"
        return database.execute(pulses).fetchall(), database.execute(findings).fetchall()

    tester.send(*clean)
    tester.sweep()
    expected = state()
    assert {row[1] for row in expected[1]} == {"welfare", "leak"}
    database.execute("TRUNCATE readings, touched, pulses, findings, outbox")
    dirty = clean + dice.sample(clean, len(clean) // 5)
    dice.shuffle(dirty)
    while dirty:
        portion, dirty = dirty[:40], dirty[40:]
        tester.send(*portion)
        tester.sweep()
    pulses, findings = state()
    assert pulses == expected[0]
    assert set(expected[1]) <= set(findings)
    # What was raised on the way is active only where its own window, seen whole, still gives the reason.
    for meter, kind in set(findings) - set(expected[1]):
        raise AssertionError(f"{kind} of {meter} was never true")
