"""Validation on a real database: in whatever order the readings come, the tables end up the same."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from services.chassis.identifiers import Caller
from services.contracts import meters
from services.meters import handlers, views
from services.meters.handlers import validation
from services.meters.handlers.access import NotYourMeters
from services.meters.handlers.edits import BeyondTheRegister, EditIsOver, NothingToStrikeOut, NotYet
from services.meters.handlers.exchange import ExchangedAlready, MeterInUse, NoSuchLimit
from services.meters.handlers.quarantine import DecidedAlready, StillNotTrue, UnknownReading
from services.meters.handlers.validation import validate_now, validated_until
from services.meters.model import UnknownMeter
from services.meters.replay import readings
from services.meters.repository import Repository
from services.meters.vee.repository import judged
from tests.integration.meters.surroundings import PLACE

MADRID = ZoneInfo("Europe/Madrid")
TABLES = {
    "intervals": "SELECT * FROM intervals ORDER BY meter, register, day",
    "daily": "SELECT meter, register, day, quantity, state FROM daily ORDER BY 1, 2, 3",
    "findings": "SELECT meter, register, rule, at, from_at, until_at, version, evidence FROM vee_findings"
    " WHERE state = 'open' ORDER BY 1, 2, 3, 4",
    "edits": "SELECT meter, register, kind, from_at, until_at, value, method, total, millionths, open FROM edits"
    " WHERE state = 'active' ORDER BY meter, register, from_at, kind",
}


class Vee:
    def __init__(self, tester):
        self.tester, self.database = tester, tester.database

    def send(self, *found):
        """As the ingest stores and the sweep notes it."""
        self.tester.send(*found)
        oldest = {}
        for each in found:
            at = datetime.fromisoformat(each["at"])
            oldest[each["meter"]] = min(at, oldest.get(each["meter"], at))
        with self.tester.ledger.work() as work:
            work.store.take_touched(100_000, work.now)
            work.store.note_due(oldest, work.now)

    def validate(self):
        """As the timer does, without the patience."""
        self.database.execute("UPDATE vee_due SET waiting_since = waiting_since - interval '1 day'")
        with self.tester.ledger.work() as work:
            handlers.validate_due(work)

    def tables(self):
        return {name: self.database.execute(query).fetchall() for name, query in TABLES.items()}


@pytest.fixture
def vee(tester):
    return Vee(tester)


@pytest.fixture(params=["Asia/Shanghai", "Europe/Madrid"])
def zone(request, monkeypatch):
    monkeypatch.setattr(Repository, "zone", ZoneInfo(request.param))
    return Repository.zone


def real(*meters, days=92):
    end = datetime(2016, 2, 29, 23, tzinfo=UTC) + timedelta(days=days)
    return [
        sent.wire() | {"at": sent.at.isoformat()}
        for sent in readings()
        if sent.meter in meters and sent.at < end
    ]


def test_late_data_in_any_order_make_the_same_tables_as_the_clean_run(vee, zone):
    # One with nine faults and double sending, one that stands for weeks, one with a hundred gaps.
    names = ("W-REAL-17", "W-REAL-31", "W-REAL-06")
    sent = real(*names)
    for name in names:
        vee.tester.meter(name)
    vee.send(*sent)
    vee.validate()
    clean = vee.tables()
    assert len(clean["daily"]) > 270 and len(clean["edits"]) > 100 and len(clean["findings"]) > 100

    for table in ("readings", "intervals", "daily", "vee_findings", "edits", "vee_due"):
        vee.database.execute(f"TRUNCATE {table}")
    dice = random.Random(7)
    late = [dice.random() < 0.1 for _ in sent]
    order = sorted(
        range(len(sent)),
        key=lambda i: datetime.fromisoformat(sent[i]["at"]) + late[i] * timedelta(days=7 * dice.random()),
    )
    for start in range(0, len(order), 150):
        vee.send(*[sent[i] for i in order[start : start + 150]])
        vee.validate()
    messy = vee.tables()
    for name, rows in clean.items():
        assert messy[name] == rows, name
    assert vee.database.execute("SELECT count(*) FROM edits WHERE state = 'superseded'").fetchone()[0] > 0
    assert vee.database.execute("SELECT count(*) FROM vee_findings WHERE state = 'cleared'").fetchone()[0] > 0


@pytest.mark.parametrize("wrong", [500, -500])
def test_a_false_state_over_midnight_seen_reading_by_reading_makes_the_same_tables(vee, wrong):
    """What was believed yesterday is taken back by what comes today."""
    vee.tester.meter("W-1")
    sent = steady(2, first=600_000)
    for hour in (23, 24, 25):
        sent[hour]["value"] = str(Decimal(sent[hour]["value"]) + wrong)
    vee.send(*sent)
    vee.validate()
    clean = vee.tables()
    assert [row[3] for row in clean["daily"]] == [Decimal("0.24")] * 2
    for table in ("readings", "intervals", "daily", "vee_findings", "edits", "vee_due"):
        vee.database.execute(f"TRUNCATE {table}")
    for each in sent:
        vee.send(each)
        vee.validate()
    assert vee.tables() == clean


def test_days_add_up_to_the_registers_difference(vee, zone):
    vee.tester.meter("W-REAL-17")
    sent = real("W-REAL-17", days=30)
    vee.send(*sent)
    vee.validate()
    values = [Decimal(each["value"]) for each in sent]
    assert vee.database.execute("SELECT sum(quantity) FROM daily").fetchone()[0] == max(values) - values[0]
    assert vee.database.execute(
        "SELECT count(*) FROM daily d JOIN intervals i USING (meter, register, day) WHERE d.quantity * 1000000 <>"
        " (SELECT sum(each) FROM unnest(i.millionths) each)"
    ).fetchone() == (0,)


# -- people --------------------------------------------------------------------------------------------

MIDNIGHT = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai"))
H = timedelta(hours=1)


def hours(*litres, meter="W-1", start=MIDNIGHT, register="total", unit="m3"):
    return [
        {
            "meter": meter, "register": register, "at": (start + i * H).isoformat(), "value": str(Decimal(value) / 1000),
            "unit": unit, "seq": i,
        }
        for i, value in enumerate(litres)
    ]  # fmt: skip


def steady(days, start=MIDNIGHT, first=1000, **more):
    return hours(*(first + 10 * hour for hour in range(24 * days + 1)), start=start, **more)


def ask(vee, query, caller=None, **facts):
    contract = getattr(meters, query)
    with vee.tester.ledger.read(*([caller] if caller else [])) as read:
        return views.QUERIES[contract](read, contract.read(facts))


def order(vee, command, caller=None, **facts):
    contract = getattr(meters, command)
    with vee.tester.ledger.work(*([caller] if caller else [])) as work:
        return handlers.COMMANDS[contract](work, contract.read(facts))


def used(vee, meter="W-1", by="day", start="2026-03-02", end="2026-03-12", **more):
    found = ask(vee, "GetConsumption", meter=meter, by=by, start=start, end=end, **more)
    return [(each["quantity"], each["state"]) for each in found["items"]]


def open_findings(vee, meter="W-1"):
    return {each["rule"] for each in ask(vee, "ListVeeFindings", meter=meter)["items"]}


@pytest.fixture
def week(vee):
    vee.tester.meter("W-1")
    vee.send(*steady(3))
    vee.validate()
    return vee


def test_an_edit_stands_beside_the_raw_reading_with_who_and_why_and_can_be_taken_back(week):
    at = (MIDNIGHT + 30 * H).isoformat()
    keeper = Caller("keeper-1", "staff", "meters", ({"role": "officer", "scope": PLACE[:12]},))
    edit = order(week, "EditReading", keeper, meter="W-1", at=at, value="1.305", reason="read on site")
    assert edit["raw"] == "1.3" and edit["value"] == "1.305"
    assert used(week) == [("0.24", "measured"), ("0.24", "edited"), ("0.24", "measured")]
    by_hour = used(week, by="interval", start="2026-03-03", end="2026-03-04")
    assert by_hour[5:7] == [("0.015", "edited"), ("0.005", "edited")]
    assert week.database.execute("SELECT value FROM readings WHERE at = %s", (at,)).fetchall() == [
        (Decimal("1.3"),)
    ]
    (kept,) = ask(week, "ListEdits", meter="W-1")["items"]
    assert (kept["who"], kept["reason"], kept["rule"], kept["state"]) == (
        "keeper-1",
        "read on site",
        "manual",
        "active",
    )
    order(week, "RevertEdit", keeper, edit_id=edit["edit_id"], reason="wrong meter")
    assert {state for _, state in used(week)} == {"measured"}
    (kept,) = ask(week, "ListEdits", meter="W-1")["items"]
    assert (kept["state"], kept["ended_by"], kept["end_reason"]) == ("reverted", "keeper-1", "wrong meter")
    with pytest.raises(EditIsOver):
        order(week, "RevertEdit", edit_id=edit["edit_id"], reason="again")


def test_a_second_edit_supersedes_the_first(week):
    at = (MIDNIGHT + 30 * H).isoformat()
    order(week, "EditReading", meter="W-1", at=at, value="1.305", reason="read on site")
    order(week, "EditReading", meter="W-1", at=at, value="1.301", reason="read better")
    found = ask(week, "ListEdits", meter="W-1")["items"]
    assert sorted((each["value"], each["state"]) for each in found) == [
        ("1.301", "active"),
        ("1.305", "superseded"),
    ]


def test_a_false_reading_is_struck_out_and_no_consumption(vee):
    vee.tester.meter("W-1")
    sent = steady(3)
    for wrong in range(40, 46):  # too long for a passing fault
        sent[wrong]["value"] = str(Decimal(sent[wrong]["value"]) + 500)
    vee.send(*sent)
    vee.validate()
    assert open_findings(vee) == {"negative", "high_low", "spike"}
    assert Decimal(used(vee)[1][0]) > 500
    for wrong in range(40, 46):
        order(vee, "EditReading", meter="W-1", at=sent[wrong]["at"], value=None, reason="display broken")
    assert used(vee)[1] == ("0.24", "measured")
    assert open_findings(vee) == {"consecutive_interval"}
    cleared = ask(vee, "ListVeeFindings", meter="W-1", state="cleared")["items"]
    assert {each["rule"] for each in cleared} >= {"negative", "high_low", "spike"}


@pytest.mark.parametrize(
    "facts, problem",
    [
        ({"value": None, "at": (MIDNIGHT + H / 2).isoformat()}, NothingToStrikeOut),
        ({"value": "1000000", "at": MIDNIGHT.isoformat()}, BeyondTheRegister),
        ({"value": "1", "at": "2199-01-01T00:00:00Z"}, NotYet),
    ],
)
def test_what_no_person_can_have_read(week, facts, problem):
    with pytest.raises(problem):
        order(week, "EditReading", meter="W-1", reason="because", **facts)


def test_whoever_has_no_business_here_edits_nothing(week):
    elsewhere = Caller("e", "staff", "meters", ({"role": "officer", "scope": "110105001002"},))
    with pytest.raises(NotYourMeters):
        order(
            week, "EditReading", elsewhere, meter="W-1", at=MIDNIGHT.isoformat(), value="1", reason="because"
        )
    for query in ("GetConsumption", "ListVeeFindings", "ListEdits", "ListRegisters"):
        facts = {"start": "2026-03-02", "end": "2026-03-03"} if query == "GetConsumption" else {}
        with pytest.raises(UnknownMeter):
            ask(week, query, elsewhere, meter="W-1", **facts)
    with pytest.raises(NotYourMeters):
        ask(week, "ListQuarantine", elsewhere)


# -- late data and estimates ---------------------------------------------------------------------------


def test_an_estimate_gives_way_to_late_readings_and_is_kept(vee):
    vee.tester.meter("W-1")
    sent = steady(10)
    sent[210]["value"] = sent[209]["value"]  # the hours are told apart
    vee.send(*sent[:204], *sent[220:])
    vee.validate()
    (before,) = ask(vee, "ListEdits", meter="W-1", state="active")["items"]
    assert before["method"] == "proxy_day" and before["total"] == "0.17" and before["who"] == "vee"
    assert used(vee)[8:] == [("0.24", "estimated"), ("0.24", "estimated")]
    vee.send(*sent[204:220])
    vee.validate()
    (after,) = ask(vee, "ListEdits", meter="W-1")["items"]
    assert (
        after["edit_id"] == before["edit_id"]
        and after["state"] == "superseded"
        and after["ended_by"] == "vee"
    )
    assert {state for _, state in used(vee)} == {"measured"}
    assert open_findings(vee) == set()


def test_before_a_bill_consumption_is_validated_and_estimated_to_its_end(vee):
    vee.tester.meter("W-1")
    vee.send(*steady(8))
    until = MIDNIGHT + timedelta(days=10)
    with vee.tester.ledger.work() as work:
        validate_now(work, ["W-1"], until)
        assert validated_until(work, ["W-1", "W-9"]) == {"W-1": MIDNIGHT.astimezone(UTC), "W-9": None}
    rows = vee.database.execute("SELECT quantity, state FROM daily ORDER BY day").fetchall()
    assert rows == [(Decimal("0.24"), "measured")] * 8 + [(Decimal("0.24"), "estimated")] * 2
    vee.validate()
    with vee.tester.ledger.work() as work:
        assert validated_until(work, ["W-1"]) == {"W-1": (MIDNIGHT + timedelta(days=8)).astimezone(UTC)}
    # A reading from within: the rest is estimated anew, as far as before.
    vee.send(*steady(1, start=MIDNIGHT + timedelta(days=8), first=1000 + 8 * 240))
    vee.validate()
    rows = vee.database.execute("SELECT quantity, state FROM daily ORDER BY day").fetchall()
    assert rows == [(Decimal("0.24"), "measured")] * 9 + [(Decimal("0.24"), "estimated")]
    vee.send(*hours(9000, start=MIDNIGHT + timedelta(days=11)))
    vee.validate()
    assert sum(Decimal(quantity) for quantity, _ in used(vee, end="2026-03-14")) == Decimal("8")
    assert vee.database.execute("SELECT DISTINCT open FROM edits WHERE state = 'active'").fetchall() == [
        (False,)
    ]


def test_what_has_not_been_validated_yet_is_judged_while_you_look(week):
    week.send(*steady(1, start=MIDNIGHT + timedelta(days=3), first=1720))
    found = ask(week, "GetConsumption", meter="W-1", start="2026-03-02", end="2026-03-12")
    assert [each["quantity"] for each in found["items"]] == ["0.24"] * 4 and found["total"] == "0.96"
    assert found["waiting"] and week.database.execute("SELECT count(*) FROM daily").fetchone() == (3,)
    month = ask(week, "GetConsumption", meter="W-1", by="month", start="2026-03-01", end="2026-04-01")
    assert month["items"] == [{"month": "2026-03", "quantity": "0.96", "state": "measured", "days": 4}]
    week.validate()
    after = ask(week, "GetConsumption", meter="W-1", start="2026-03-02", end="2026-03-12")
    assert after["items"] == found["items"] and not after["waiting"]


def test_news_while_a_meter_is_validated_are_not_lost(week, database):
    week.send(*steady(1, start=MIDNIGHT + timedelta(days=3), first=1720)[:12])
    with week.tester.ledger.work() as work:
        due = work.store.due_of(["W-1"])
        found = judged(work.store, due)
        # Meanwhile: the same oldest reading is touched again, so that the row on the list says what it said.
        database.execute("UPDATE vee_due SET since = since")
        work.store.keep(found, work.now)
        work.store.done((each.meter, each.seen) for each in due)
    assert database.execute("SELECT count(*) FROM vee_due").fetchone() == (1,)
    week.validate()
    assert database.execute("SELECT count(*) FROM vee_due").fetchone() == (0,)


def test_whoever_waits_longest_is_first_and_the_patience_is_kept(vee, database, monkeypatch):
    for meter in ("W-1", "W-2", "W-3"):
        vee.tester.meter(meter)
        vee.send(*steady(1, meter=meter))
    database.execute("UPDATE vee_due SET waiting_since = now() - interval '7 hours' WHERE meter = 'W-2'")
    with vee.tester.ledger.work() as work:
        handlers.validate_due(work)
    assert database.execute("SELECT meter FROM vee_due ORDER BY 1").fetchall() == [("W-1",), ("W-3",)]
    monkeypatch.setattr(validation, "TAKEN_AT_ONCE", 1)
    database.execute("UPDATE vee_due SET waiting_since = now() - interval '9 hours' WHERE meter = 'W-3'")
    database.execute("UPDATE vee_due SET waiting_since = now() - interval '8 hours' WHERE meter = 'W-1'")
    with vee.tester.ledger.work() as work:
        handlers.validate_due(work)
    assert database.execute("SELECT meter FROM vee_due").fetchall() == [("W-1",)]


# -- registers -----------------------------------------------------------------------------------------


def test_an_exchanged_meter_goes_on_under_its_name(week):
    at = MIDNIGHT + 60 * H
    week.send(*steady(1, start=at + H, first=5))
    states = [{"register": "total", "closing": "1.6", "opening": "0"}]
    order(week, "ExchangeMeter", meter="W-1", at=at.isoformat(), registers=states, reason="six years old")
    # What the old one is said to have sent after that moment is none of the new one's; the days stay whole.
    week.validate()
    assert used(week)[:2] == [("0.24", "measured")] * 2
    first, second = ask(week, "ListRegisters", meter="W-1")["registers"]
    assert (first["closing_value"], second["opening_value"], second["number"]) == ("1.6", "0", 2)
    with pytest.raises(ExchangedAlready):
        order(week, "ExchangeMeter", meter="W-1", at=at.isoformat(), registers=states, reason="twice")


def test_a_new_meter_takes_over_from_the_old_one(vee, database):
    vee.tester.meter("W-1")
    at = MIDNIGHT + 60 * H
    vee.send(*steady(3)[:60])
    vee.send(*steady(1, meter="W-2", start=at + H, first=5))  # it speaks before anybody told
    states = [{"register": "total", "closing": "1.602", "opening": "0.001"}]
    answer = order(
        vee,
        "ExchangeMeter",
        meter="W-1",
        at=at.isoformat(),
        registers=states,
        new_meter="W-2",
        reason="broken",
    )
    assert answer["now"] == "W-2"
    with vee.tester.ledger.work() as work:
        work.store.take_touched(1000, work.now)
    vee.validate()
    old, new = used(vee), used(vee, meter="W-2")
    assert sum(Decimal(quantity) for quantity, _ in old) == Decimal("0.602")
    assert sum(Decimal(quantity) for quantity, _ in new) == Decimal("0.244")
    assert ask(vee, "ListRegisters", meter="W-1")["registers"][0]["replaced_by"] == "W-2"
    with pytest.raises(MeterInUse):
        order(
            vee,
            "ExchangeMeter",
            meter="W-1",
            at=(at + H).isoformat(),
            registers=states,
            new_meter="W-2",
            reason="x2",
        )


def test_late_data_around_an_exchange_make_the_same_tables(vee, database):
    """Old readings late, new ones early, the exchange told in the middle of it all."""
    sent = [*steady(6)[:70], *steady(4, start=MIDNIGHT + 71 * H, first=3)]
    exchange = {
        "meter": "W-1", "at": (MIDNIGHT + 70 * H).isoformat(), "reason": "old",
        "registers": [{"register": "total", "closing": "1.7", "opening": "0"}],
    }  # fmt: skip

    def run(parts, told_after):
        for table in ("readings", "intervals", "daily", "vee_findings", "edits", "vee_due", "registers"):
            database.execute(f"TRUNCATE {table}")
        for number, part in enumerate(parts):
            if number == told_after:
                order(vee, "ExchangeMeter", **exchange)
            vee.send(*part)
            vee.validate()
        return vee.tables()

    vee.tester.meter("W-1")
    clean = run([[], sent], 1)
    assert sum(row[3] for row in clean["daily"]) == Decimal("0.7") + Decimal("0.963")
    dice = random.Random(3)
    for told_after in (0, 3, 7):
        mixed = dice.sample(sent, len(sent))
        assert run([mixed[start::8] for start in range(8)], told_after) == clean


def test_the_registers_of_an_electricity_meter_make_its_total(vee):
    vee.tester.do(handlers.register_meter, meters.RegisterMeter, meter="E-1", kind="electricity", place=PLACE)
    quarter = {"unit": "kWh", "meter": "E-1"}
    for register in ("sharp", "peak", "flat", "valley"):
        vee.send(*hours(*(1000 + 250 * hour for hour in range(73)), register=register, **quarter))
    vee.send(*hours(*(9000 + 1000 * hour for hour in range(73)), **quarter))
    vee.validate()
    assert "sum" not in open_findings(vee, "E-1")
    assert used(vee, "E-1", register="peak") == [("6", "measured")] * 3
    late = hours(1000 + 250 * 40 + 2000, register="peak", start=MIDNIGHT + 40 * H, **quarter)[0] | {"seq": 99}
    vee.send(late)
    vee.send(
        *[
            late | {"at": (MIDNIGHT + hour * H).isoformat(), "value": str(3 + hour / 4)}
            for hour in range(41, 73)
        ]
    )
    vee.validate()
    found = [each for each in ask(vee, "ListVeeFindings", meter="E-1")["items"] if each["rule"] == "sum"]
    assert [(each["register"], each["evidence"]["parts"]) for each in found] == [("total", "26")]


def test_a_register_has_figures_of_its_own(week):
    order(
        week, "SetRegister", meter="W-1", digits=5, multiplier="10", interval_minutes=30, reason="transformer"
    )
    assert [quantity for quantity, _ in used(week)] == ["2.4"] * 3
    assert len(used(week, by="interval", start="2026-03-03", end="2026-03-04")) == 48
    with pytest.raises(NoSuchLimit):
        order(week, "SetRegister", meter="W-1", limits={"spikes": "off"}, reason="typo")


# -- the quarantine ------------------------------------------------------------------------------------


def test_a_quarantined_reading_is_let_in_corrected_and_stays_as_it_came(week, database):
    bad = hours(1730, start=MIDNIGHT + 73 * H)[0] | {"unit": "gallon"}
    week.send(bad)
    (kept,) = ask(week, "ListQuarantine")["items"]
    assert kept["reason"] == "unknown-unit" and '"gallon"' in kept["content"] and kept["state"] == "waiting"
    facts = {"reading_id": kept["reading_id"], "reason": "the maker's word for m³"}
    with pytest.raises(StillNotTrue):
        order(week, "ReleaseReading", **facts)
    with pytest.raises(StillNotTrue):
        order(week, "ReleaseReading", corrections={"unit": "kWh"}, **facts)
    answer = order(week, "ReleaseReading", corrections={"unit": "m3"}, **facts)
    assert answer["stored"] and answer["meter"] == "W-1"
    assert database.execute("SELECT value, unit FROM readings ORDER BY at DESC LIMIT 1").fetchone() == (
        Decimal("1.73"),
        "m3",
    )
    assert database.execute("SELECT meters, since FROM touched").fetchall() == [
        (["W-1"], [MIDNIGHT + 73 * H])
    ]
    (after,) = ask(week, "ListQuarantine", state="released")["items"]
    assert after["content"] == kept["content"] and after["decided_by"] == "system"
    assert after["released_as"]["value"] == "1.73" and after["decision_reason"] == facts["reason"]
    assert ask(week, "ListQuarantine")["items"] == []
    with pytest.raises(DecidedAlready):
        order(week, "DismissReading", **facts)


def test_a_quarantined_reading_of_a_stranger_waits_for_its_meter(vee, database):
    vee.send(hours(1, meter="W-9")[0] | {"value": "x"})
    (kept,) = ask(vee, "ListQuarantine")["items"]
    answer = order(
        vee, "ReleaseReading", reading_id=kept["reading_id"], corrections={"value": 3}, reason="seen"
    )
    assert not answer["stored"]
    assert database.execute("SELECT meter, value FROM strays").fetchall() == [("W-9", Decimal(3))]


def test_a_quarantined_reading_is_left_out_for_good(vee):
    vee.send(*[hours(1)[0] | {"value": "x", "seq": seq} for seq in range(3)])
    first = ask(vee, "ListQuarantine", limit=2)
    rest = ask(vee, "ListQuarantine", limit=2, cursor=first["next"])
    assert len({each["reading_id"] for each in first["items"] + rest["items"]}) == 3
    order(vee, "DismissReading", reading_id=first["items"][0]["reading_id"], reason="noise")
    assert len(ask(vee, "ListQuarantine")["items"]) == 2
    with pytest.raises(UnknownReading):
        order(vee, "DismissReading", reading_id="0" * 64, reason="noise")
