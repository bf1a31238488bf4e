"""Who may send a meter's readings: anybody until somebody binds it, then one sender and no other."""

from datetime import timedelta

import msgspec
import pytest

from services.chassis.identifiers import Caller
from services.meters.handlers.access import NotYourMeters
from services.meters.ingest import Message, Store
from services.meters.model import UnknownMeter
from tests.integration.meters.surroundings import NOW, PLACE, hourly
from tests.integration.meters.test_vee import Vee, ask, order

H = timedelta(hours=1)
WHY = "seen on site"


@pytest.fixture
def vee(tester):
    for meter in ("W-1", "W-2", "W-3"):
        tester.meter(meter)
    return Vee(tester)


@pytest.fixture
def store(parts, vee):
    """One worker's, that remembers what it has learnt."""
    store = Store()
    yield store
    store.close()


def send(store, sender, *readings, areas=None, word="readings"):
    body = msgspec.json.encode(list(readings))
    store.keep([Message("q", 1, f"yikou.v1.{sender}.{word}", body, areas)])


def one(meter="W-1", hours_ago=0, litres=100, seq=0):
    return hourly(litres, meter=meter, end=NOW - hours_ago * H, first_seq=seq)[0]


def stored(database):
    return database.execute("SELECT meter, count(*) FROM readings GROUP BY meter ORDER BY meter").fetchall()


def kept_out(database):
    return database.execute(
        "SELECT meter, sender, reason, state FROM quarantine ORDER BY at, digest"
    ).fetchall()


def test_of_a_meter_nobody_bound_anybody_may_send_and_the_first_is_noted(vee, store, database):
    send(store, "C-1", one("W-1"), one("W-2"))
    send(store, "C-2", one("W-1", 1), one("W-3"))
    assert stored(database) == [("W-1", 2), ("W-2", 1), ("W-3", 1)] and kept_out(database) == []
    listed = {each["meter"]: each for each in ask(vee, "ListMeters")["items"]}
    assert [(listed[m]["heard_from"], listed[m]["bound_to"]) for m in ("W-1", "W-2", "W-3")] == [
        ("C-1", None), ("C-1", None), ("C-2", None),
    ]  # fmt: skip
    assert [each["meter"] for each in ask(vee, "ListMeters", sender="C-1")["items"]] == ["W-1", "W-2"]


def test_the_first_sender_is_noted_with_the_readings_or_not_at_all(vee, store, database, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(
            "services.meters.ingest.may_die", lambda point: 1 / 0 if point == "before-commit" else None
        )
        broken.setattr(Store, "keep", Store._keep)
        with pytest.raises(ZeroDivisionError):
            send(store, "C-1", one())
    assert database.execute("SELECT count(*) FROM bindings").fetchone() == (0,)
    send(store, "C-2", one())
    assert ask(vee, "GetMeter", meter="W-1")["heard_from"] == "C-2"


def test_a_bound_meters_reading_from_somebody_else_goes_to_the_quarantine_and_its_neighbours_do_not(
    vee, store, database
):
    send(store, "C-1", one("W-1"), one("W-2"))
    answer = order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    assert answer == {"meter": "W-1", "bound_to": "C-1", "heard_from": "C-1", "let_in": 0}
    # The worker had learnt of W-1 before it was bound.
    send(store, "C-2", one("W-1", 1), one("W-2", 1), one("W-1", 2), one("W-3"))
    assert stored(database) == [("W-1", 1), ("W-2", 2), ("W-3", 1)]
    assert kept_out(database) == [("W-1", "yikou.v1.C-2.readings", "not-its-sender", "waiting")] * 2
    send(store, "C-1", one("W-1", 3))
    assert stored(database)[0] == ("W-1", 2)
    # By a worker that has just been started, too.
    other = Store()
    send(other, "C-2", one("W-1", 4), word="readings")
    other.close()
    assert stored(database)[0] == ("W-1", 2) and len(kept_out(database)) == 3


def test_what_was_kept_out_can_be_released(vee, store, database):
    order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    send(store, "C-2", one("W-1", litres=4321))
    (kept,) = ask(vee, "ListQuarantine", meter="W-1")["items"]
    assert kept["reason"] == "not-its-sender"
    answer = order(vee, "ReleaseReading", reading_id=kept["reading_id"], reason="the concentrator was lent")
    assert answer["stored"]
    assert database.execute("SELECT meter, value::text FROM readings").fetchall() == [("W-1", "4.321000")]


def test_binding_a_meter_to_its_right_sender_lets_in_what_waited_from_him_and_nobody_else(
    vee, store, database
):
    order(vee, "BindMeter", meter="W-1", sender="C_1", reason="a slip of the pen")
    send(store, "C-1", one("W-1", 1), one("W-1", 2))
    send(store, "CX1", one("W-1", 3))
    send(store, "C-9", one("W-1", 4))
    assert order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)["let_in"] == 2
    assert stored(database) == [("W-1", 2)]
    assert sorted(state for *_, state in kept_out(database)) == ["released", "released", "waiting", "waiting"]
    assert database.execute("SELECT meters, since FROM touched").fetchall() == [(["W-1"], [NOW - 2 * H])]
    # `_` in a name is itself and stands for no other letter.
    assert order(vee, "BindMeter", meter="W-1", sender="C_1", reason=WHY)["let_in"] == 0
    send(store, "C-1", one("W-1", 5))
    assert stored(database) == [("W-1", 2)]


def test_without_a_sender_the_meter_is_open_again(vee, store, database):
    order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    send(store, "C-2", one("W-1", 1))
    assert order(vee, "BindMeter", meter="W-1", sender=None, reason=WHY)["bound_to"] is None
    send(store, "C-2", one("W-1", 2))
    assert stored(database) == [("W-1", 1)]


def test_a_concentrator_is_bound_to_what_it_was_the_first_to_report_in_that_place(vee, store, database):
    database.execute("UPDATE meters SET place = '110105001002001' WHERE meter = 'W-3'")
    send(store, "C-1", one("W-1"), one("W-3"))
    send(store, "C-2", one("W-2"))
    order(vee, "BindMeter", meter="W-2", sender="C-7", reason=WHY)
    bound = order(vee, "BindConcentrator", sender="C-1", place=PLACE[:12], reason="installed in 2025")
    assert bound["bound"] == 1
    send(store, "C-2", one("W-1", 1), one("W-2", 1), one("W-3", 1))
    assert stored(database) == [("W-1", 1), ("W-2", 1), ("W-3", 2)]
    assert [each["meter"] for each in ask(vee, "ListMeters", sender="C-7")["items"]] == ["W-2"]
    assert ask(vee, "ListMeters", sender="C-2")["items"] == []
    row = database.execute("SELECT bound_to, bound_by, reason FROM bindings WHERE meter = 'W-1'").fetchone()
    assert row == ("C-1", "system", "installed in 2025")


def test_an_account_with_areas_speaks_for_the_meters_of_its_areas(vee, store, database):
    database.execute("UPDATE meters SET place = '110105001002001' WHERE meter = 'W-2'")
    send(store, "company", one("W-1"), one("W-2"), one("W-9"), areas=(PLACE[:12], "31"))
    assert stored(database) == [("W-1", 1)]
    assert kept_out(database) == [("W-2", "yikou.v1.company.readings", "not-its-sender", "waiting")]
    assert database.execute("SELECT meter FROM strays").fetchall() == [("W-9",)]
    # It is no concentrator: who the meter hangs on is not known by it.
    assert ask(vee, "GetMeter", meter="W-1")["heard_from"] is None
    # The meter moves into its areas: the worker hears of that.
    order(vee, "RegisterMeter", meter="W-2", kind="water", place=PLACE)
    send(store, "company", one("W-2", 1), areas=(PLACE[:12],))
    assert stored(database) == [("W-1", 1), ("W-2", 1)]
    order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    send(store, "company", one("W-1", 2), areas=(PLACE[:12],))
    assert stored(database)[0] == ("W-1", 1)


def test_the_meter_put_in_its_place_hangs_on_the_same_line(vee, store, database):
    send(store, "C-1", one("W-1", 5, litres=9000))
    order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    exchanged = [{"register": "total", "closing": "9", "opening": "0"}]
    at = (NOW - 4 * H).isoformat()
    order(vee, "ExchangeMeter", meter="W-1", at=at, registers=exchanged, new_meter="W-8", reason="too old")
    send(store, "C-2", one("W-8", 1))
    send(store, "C-1", one("W-8", 2))
    assert stored(database) == [("W-1", 1), ("W-8", 1)]
    assert ask(vee, "GetMeter", meter="W-8")["bound_to"] == "C-1"


def test_whoever_has_no_business_there_binds_nothing(vee):
    elsewhere = Caller("e", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    with pytest.raises(NotYourMeters):
        order(vee, "BindMeter", elsewhere, meter="W-1", sender="C-1", reason=WHY)
    with pytest.raises(NotYourMeters):
        order(vee, "BindConcentrator", elsewhere, sender="C-1", place=PLACE, reason=WHY)
    with pytest.raises(UnknownMeter):
        order(vee, "BindMeter", meter="W-99", sender="C-1", reason=WHY)


def test_a_worker_that_lost_its_line_learns_anew(vee, store, database):
    """What was told while it was away nobody heard."""
    send(store, "C-1", one("W-1"))
    store.close()
    order(vee, "BindMeter", meter="W-1", sender="C-2", reason=WHY)
    send(store, "C-1", one("W-1", 1))
    assert stored(database) == [("W-1", 1)] and len(kept_out(database)) == 1


def test_through_the_broker_the_name_in_the_address_counts(vee, database, broker, ingest):
    order(vee, "BindMeter", meter="W-1", sender="C-1", reason=WHY)
    with ingest():
        broker.publish([one("W-1", 1)], sender="C-1")
        broker.publish([one("W-1", 2)], sender="C-2")
    assert stored(database) == [("W-1", 1)]
    assert kept_out(database) == [("W-1", "yikou.v1.C-2.readings", "not-its-sender", "waiting")]
