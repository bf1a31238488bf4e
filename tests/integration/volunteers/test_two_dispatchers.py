"""However many dispatchers are at work, nobody is sent to two places at once."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.chassis.errors import Problem
from services.contracts import volunteers
from services.volunteers import tables
from services.volunteers.handlers import pass_on_unanswered
from tests.offices import Office, community, id_number

AT_ONCE = 8


@pytest.fixture(scope="module")
def crowded(stack):
    office = Office("volunteers", stack, pool=AT_ONCE + 2)
    yield office
    office.ledger.close()


def settle_in(office, place, people):
    return [
        office(
            volunteers.RegisterVolunteer, name="王", id_number=id_number(), phone="13500000000",
            place=f"{place}001", skills=["visit"],
        )["number"]
        for _ in range(people)
    ]  # fmt: skip


def active(office, place):
    with office.ledger.read() as read:
        rows = read.connection.execute(
            text(
                "SELECT volunteer, id FROM dispatches WHERE place LIKE :p AND state IN ('offered','accepted')"
            ),
            {"p": f"{place}%"},
        )
        return [tuple(row) for row in rows]


def engaged(office, place):
    with office.ledger.read() as read:
        rows = read.connection.execute(
            text("SELECT number, engaged_in FROM volunteers WHERE place LIKE :p AND engaged_in IS NOT NULL"),
            {"p": f"{place}%"},
        )
        return [tuple(row) for row in rows]


def ask(office, place):
    return office.assign("welfare-check", f"{place}001", step="visit")


def test_the_last_volunteer_is_given_to_one_of_many(crowded):
    place = community()
    (number,) = settle_in(crowded, place, 1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: ask(crowded, place), range(AT_ONCE)))
    assert [who for who, _ in active(crowded, place)] == [number]


def test_as_many_errands_as_volunteers_find_one_each(crowded):
    """A dispatcher who loses a race takes the next nearest; nobody is left out while an errand waits."""
    place = community()
    people = settle_in(crowded, place, AT_ONCE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: ask(crowded, place), range(AT_ONCE)))
    assert Counter(who for who, _ in active(crowded, place)) == Counter(people)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 4), st.integers(2, 8), st.integers())
def test_whatever_happens_at_once_each_volunteer_has_one_errand_at_most(crowded, people, errands, seed):
    """Offers, acceptances, declines, reports, withdrawals and the clock, all at the same time."""
    place, chance = community(), random.Random(seed)
    settle_in(crowded, place, people)
    asked = []

    def act(choice):
        try:
            if choice < 0.4 or not asked:
                asked.append(ask(crowded, place))
            elif choice < 0.5:
                crowded.withdraw(asked[int(choice * 1000) % len(asked)])
            elif choice < 0.6:
                crowded.tick(pass_on_unanswered, timedelta(minutes=10))
            else:
                held = active(crowded, place)
                if held:
                    dispatch_id = held[int(choice * 1000) % len(held)][1]
                    if choice < 0.75:
                        crowded(volunteers.AcceptDispatch, dispatch_id=dispatch_id)
                    elif choice < 0.9:
                        crowded(volunteers.DeclineDispatch, dispatch_id=dispatch_id)
                    else:
                        crowded(volunteers.ReportVisit, dispatch_id=dispatch_id, outcome="well", minutes=5)
        except Problem:
            pass  # somebody else was quicker: said in words, not in a broken row

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(act, [chance.random() for _ in range(errands * 4)]))
    assert sorted(active(crowded, place)) == sorted(engaged(crowded, place))
    assert max(Counter(who for who, _ in active(crowded, place)).values(), default=0) <= 1


def test_the_database_itself_refuses_a_second_errand(crowded):
    place = community()
    (number,) = settle_in(crowded, place, 1)
    ask(crowded, place)
    with crowded.ledger.read() as read:
        row = read.connection.execute(
            tables.dispatches.select().where(tables.dispatches.c.volunteer == number)
        ).one()
    other = ask(crowded, place)
    with pytest.raises(IntegrityError, match="uq_dispatches_volunteer_active"), crowded.ledger.work() as work:
        work.connection.execute(
            insert(tables.dispatches).values(**{**row._mapping, "id": "second", "task_id": other})
        )


@pytest.mark.parametrize("change", ["UPDATE hours SET minutes = 9999", "DELETE FROM hours"])
def test_the_database_itself_refuses_to_change_the_ledger_of_hours(crowded, change):
    place = community()
    settle_in(crowded, place, 1)
    ask(crowded, place)
    dispatch_id = active(crowded, place)[0][1]
    crowded(volunteers.AcceptDispatch, dispatch_id=dispatch_id)
    crowded(volunteers.ReportVisit, dispatch_id=dispatch_id, outcome="well", minutes=30)
    with pytest.raises(DBAPIError, match="append-only"), crowded.ledger.work() as work:
        work.connection.execute(text(f"{change} WHERE dispatch_id = :d"), {"d": dispatch_id})
