"""The read models are a function of the log, whatever happens on the way."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.insight import handlers, views
from services.insight.tables import event_log
from tests.integration.insight.told import face, fold, lane, line, look, rebuild, tables, tell

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
STATUSES = ("assigned", "signed", "handling", "supplement", "done")


def history(case_no):
    """Five lines of one case, each with another face."""
    return [
        line(
            case_no,
            seq,
            NOW + timedelta(minutes=seq),
            face(
                NOW,
                [
                    lane(case_no, unit, NOW, STATUSES[(seq + i) % 5])
                    for i, unit in enumerate(("party", "meters")[:seq])
                ],
                status="closed" if seq == 5 else "handling",
                closed=timedelta(minutes=5) if seq == 5 else None,
            ),
        )
        for seq in range(1, 6)
    ]


LINES = history("20260302-0000017") + history("20260302-0000025")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(LINES))), again=st.lists(st.integers(0, len(LINES) - 1), max_size=6))
def test_any_order_and_any_repetition_of_the_lines_make_the_same_tables(ledger, order, again):
    def told(lines):
        with ledger.engine.begin() as connection:
            connection.execute(text("TRUNCATE event_log, cases, lanes, tallies, changes"))
        tell(ledger, *lines)
        return tables(ledger)

    assert told(LINES[i] for i in [*order, *again]) == told(LINES)


def test_a_rebuild_makes_the_same_tables_from_the_log_alone(ledger):
    tell(ledger, *reversed(LINES))
    before = tables(ledger)
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET status = 'spoilt', closed_at = NULL"))
        connection.execute(text("DELETE FROM lanes"))
        connection.execute(text("UPDATE tallies SET numbers = '{\"filed\": 7}'"))
    done = rebuild(ledger)
    assert (done.cases, done.lanes, done.stage) == (2, 4, "done")
    assert tables(ledger) == before


def test_a_rebuild_that_fails_leaves_the_old_numbers(ledger):
    tell(ledger, *LINES)
    before = tables(ledger)
    try:
        with ledger.work() as work:
            handlers.rebuild_read_models(work, None)
            handlers.rebuild_some(work)
            raise RuntimeError("power cut")
    except RuntimeError:
        pass
    assert tables(ledger) == before


def test_the_log_keeps_every_line_as_it_was_told(ledger):
    tell(ledger, *LINES, *LINES)
    with ledger.engine.connect() as connection:
        kept = connection.execute(event_log.select().order_by(event_log.c.case_no, event_log.c.seq)).all()
    assert [(row.case_no, row.seq) for row in kept] == [(one.case_no, one.lines[0]["seq"]) for one in LINES]
    assert [row.face for row in kept] == [msgspec.to_builtins(one.case) for one in LINES]


def test_a_rebuild_under_load_shows_no_hole_and_no_step_back(ledger, monkeypatch):
    """Events arrive while every piece of a rebuild runs; whoever looks meanwhile sees each case counted, always."""
    monkeypatch.setattr(handlers, "CASES_AT_A_TIME", 3)
    numbers = [f"20260302-{n:06}{n % 10}" for n in range(40)]
    told = [line(no, 1, NOW, face(NOW, [lane(no, "party", NOW)])) for no in numbers]
    for one in told[:20]:
        tell(ledger, one)
    fold(ledger)
    seen, stop, faults = [], threading.Event(), []

    def watch():
        try:
            while not stop.is_set():
                overview = look(ledger, views.get_overview, NOW)
                filed = look(ledger, views.list_behind, NOW, number="filed")["count"]
                seen.append((overview["numbers"]["in_hand"], filed))
        except Exception as error:
            faults.append(error)

    def speak():
        try:
            for one in told[20:]:
                tell(ledger, one)
                fold(ledger)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=act) for act in (watch, speak)]
    for one in threads:
        one.start()
    while threads[1].is_alive():
        rebuild(ledger)
    threads[1].join()
    assert rebuild(ledger).cases == 40
    stop.set()
    threads[0].join()
    assert not faults
    assert seen and seen == sorted(seen) and seen[0][0] >= 20
    for one in zip(*seen, strict=True):
        assert list(one) == sorted(one)  # neither number ever went back
    before = tables(ledger)
    with ledger.engine.begin() as connection:
        connection.execute(text("TRUNCATE cases, lanes, tallies, changes"))
    rebuild(ledger)
    assert tables(ledger) == before


def test_two_speakers_of_one_case_never_count_it_twice(ledger):
    """Two replicas hear lines of the same cases at once: what they add to the sums is what there is."""
    cases = [f"20260302-00000{n}{n}" for n in range(5)]
    faults = []

    def speak(first):
        try:
            for seq in range(first, first + 12, 2):
                for no in cases:
                    status = "closed" if seq > 8 else "handling"
                    tell(
                        ledger,
                        line(no, seq, NOW, face(NOW, [lane(no, "party", NOW)], status, closed=timedelta(0))),
                    )
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=speak, args=(first,)) for first in (1, 2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not faults
    summed = tables(ledger)
    rebuild(ledger)
    assert tables(ledger) == summed
