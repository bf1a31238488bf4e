"""Telemetry through the real broker into the real table, by the real processes."""

import random
import signal

import msgspec

from tests.integration.meters.surroundings import PLACE, drain, eventually, ingest_of, start_ingest

METERS = 40
EACH = 250
"""Readings of each meter in the flow."""


def flow():
    """Meter by meter, in order."""
    return [
        {
            "meter": f"W-{meter:03}",
            "register": "total",
            "at": f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:{meter:02}:00+08:00",
            "value": f"{meter}.{hour:03}",
            "unit": "m3",
            "seq": hour,
        }
        for meter in range(METERS)
        for hour in range(EACH)
    ]


def register(database):
    with database.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO meters (meter, kind, unit, place, registered_at) VALUES (%s, 'water', 'm3', %s, now())",
            [(f"W-{meter:03}", PLACE) for meter in range(METERS)],
        )


def table(database):
    """Every byte of the readings."""
    with database.cursor().copy("COPY (SELECT * FROM readings ORDER BY 1, 2, 3, 4) TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def publish(broker, readings, size):
    for start in range(0, len(readings), size):
        pack = readings[start : start + size]
        broker.publish({"readings": pack} if start % 2 else pack, sender=f"device-{start % 7}")


def clean_table(database, broker, ingest):
    register(database)
    with ingest():
        publish(broker, flow(), 50)
    clean = table(database)
    assert clean.count(b"\n") == METERS * EACH
    database.execute("TRUNCATE readings, touched")
    return clean


def test_duplicates_disorder_and_late_readings_leave_the_table_of_the_clean_run(database, broker, ingest):
    clean = clean_table(database, broker, ingest)
    dice = random.Random(7)
    dirty = flow()
    dirty += dice.sample(dirty, len(dirty) // 5)
    late = [dirty.pop(dice.randrange(len(dirty))) for _ in range(len(dirty) // 20)]
    moved = dice.sample(range(len(dirty)), len(dirty) * 3 // 10)
    for here, there in zip(moved, dice.sample(moved, len(moved)), strict=True):
        dirty[here], dirty[there] = dirty[there], dirty[here]
    with ingest():
        publish(broker, dirty, 37)
        publish(broker, late, 11)
    assert table(database) == clean


def test_a_worker_killed_in_mid_flow_loses_and_doubles_nothing(parts, database, broker, ingest):
    clean = clean_table(database, broker, ingest)
    bad = {"meter": "W-001", "at": "2026-03-01T00:00:00Z", "value": -1, "unit": "m3"}
    workers = [start_ingest(parts, worker) for worker in range(2)]
    try:
        readings, kills = flow(), 0
        for start in range(0, len(readings), 20):
            broker.publish(
                [*readings[start : start + 20], bad | {"seq": start}], sender=f"device-{start % 9}"
            )
            if start in (2000, 5000, 8000):
                eventually(
                    lambda: database.execute("SELECT count(*) FROM readings").fetchone()[0] > start / 4
                )
                for worker in range(2):
                    workers[worker].send_signal(signal.SIGKILL)
                    workers[worker].wait()
                    workers[worker] = start_ingest(parts, worker)
                kills += 2
        drain(parts, broker, workers)
    finally:
        for worker in workers:
            worker.poll() is None and worker.kill()
    assert kills == 6
    assert table(database) == clean
    assert database.execute("SELECT count(*) FROM quarantine").fetchone()[0] == METERS * EACH / 20


def test_what_cannot_be_true_is_quarantined_with_its_reason_and_the_rest_is_stored(database, broker, ingest):
    register(database)
    good = flow()[0]
    with ingest():
        broker.publish([good, good | {"value": -5, "seq": 1}, good | {"unit": "gallon", "seq": 2}])
        broker.publish(
            {
                "readings": [
                    good | {"value": "x"},
                    good | {"at": "2199-01-01T00:00:00Z"},
                    good | {"unit": "kWh"},
                ]
            }
        )
        broker.publish(b"\xff not json")
        broker.publish(good | {"value": "1e-30000", "seq": 9})  # true, and more digits than a column has
    reasons = database.execute("SELECT reason FROM quarantine ORDER BY 1").fetchall()
    assert [reason for (reason,) in reasons if not reason.startswith("unstorable")] == [
        "future", "negative", "not-a-number", "unit-of-another-kind", "unknown-unit", "unparsable",
    ]  # fmt: skip
    assert database.execute("SELECT count(*) FROM readings WHERE seq = 0").fetchone()[0] == 1


def test_a_reading_no_column_can_hold_does_not_take_its_message_along(database, broker, ingest):
    register(database)
    good = flow()[:400]
    odd = good[0] | {"value": "1e-30000", "seq": 999}
    with ingest():
        broker.publish([*good[:200], odd, *good[200:]])
        broker.publish({"account": "company", "readings": [odd | {"seq": 1000}, good[0] | {"seq": 1001}]})
    assert database.execute("SELECT count(*) FROM readings").fetchone() == (401,)
    kept = database.execute("SELECT reason, content FROM quarantine ORDER BY content").fetchall()
    assert [msgspec.json.decode(content)["seq"] for _, content in kept] == [1000, 999]
    assert all(reason.startswith("unstorable") for reason, _ in kept)


def test_an_unknown_meters_readings_wait_for_it_and_are_attached(database, broker, ingest, tester):
    stretch = flow()[:10]
    with ingest():
        publish(broker, stretch, 5)
    assert database.execute("SELECT count(*) FROM strays").fetchone()[0] == 10
    assert table(database) == b""
    tester.meter("W-000")
    assert database.execute("SELECT count(*) FROM strays").fetchone()[0] == 0
    assert table(database).count(b"\n") == 10
    assert database.execute("SELECT DISTINCT meters FROM touched").fetchall() == [(["W-000"],)]


def test_the_database_going_away_for_a_while_loses_nothing(parts, database, broker):
    register(database)
    with ingest_of(parts, broker):
        publish(broker, flow()[:1000], 50)
        for _ in range(5):
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'yikou-meters-ingest'"
            )
            publish(broker, flow()[1000:2000], 50)
    assert table(database).count(b"\n") == 2000


def test_the_process_tells_that_it_is_alive_ready_and_how_much_it_did(parts, database, broker):
    import requests

    register(database)
    port = parts["YIKOU_HTTP_PORT_METERS_INGEST_0"]

    def page(name):
        try:
            return requests.get(f"http://127.0.0.1:{port}/{name}", timeout=5)
        except requests.ConnectionError:
            return None

    with ingest_of(parts, broker):
        eventually(lambda: (answer := page("readyz")) is not None and answer.ok)
        assert msgspec.json.decode(page("healthz").content)["service"] == "meters-ingest-0"
        for device in range(20):
            broker.publish(flow()[:5], sender=f"device-{device}")
        eventually(lambda: 'yikou_readings_total{outcome="stored"}' in page("metrics").text)
        assert page("nothing").status_code == 404
