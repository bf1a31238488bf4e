"""Validation on a real database: in whatever order the readings come, the tables end up the same."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from services.meters import handlers
from services.meters.replay import readings
from services.meters.repository import Repository

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
        with self.tester.ledger.work() as work:
            work.store.note_due(work.store.take_touched(100_000), work.now)

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
