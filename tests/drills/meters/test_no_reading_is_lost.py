"""What issue 3 promises of readings: sent twice, in disorder, a week late, to workers that are killed, or faster than they
can be stored, the tables are in the end those of the clean run, byte by byte.

The last tests break the build on purpose: a drill that could not see a loss would prove nothing.
"""

import itertools
import os
import random
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
import requests

from deploy.local import rabbitmq
from tests.integration.meters.surroundings import PLACE, drain, eventually, start_ingest

pytestmark = pytest.mark.drill

METERS = 60
DAYS = 14
DEVICES = 7
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
START = NOW - timedelta(days=DAYS + 1)
KILL_POINTS = ("before-commit", "after-commit", "before-ack", "after-ack")
EVERY_FEW_SECONDS = 2.0
OVERLOAD_SECONDS = float(os.environ.get("YIKOU_OVERLOAD_SECONDS", "15"))
LIMIT = 2_000_000 if OVERLOAD_SECONDS < 300 else None
"""Bytes of a queue in a short drill, so that it is full at once; a long one fills the real limit."""
TIME_TO_DRAIN = max(60, OVERLOAD_SECONDS)
SHARE_OF_TIME = 0.1
"""Of the time that the workers may work under overload: the rest of it they are stopped."""
INGEST_MIB, BROKER_MIB = 400, 1800


# -- what is sent ----------------------------------------------------------------------------------------


def device(reading):
    return f"device-{int(reading['meter'][-3:]) % DEVICES}"


def flow():
    """Two weeks of hourly readings in the order of time; every tenth meter is unknown, some readings cannot be true."""
    found = []
    for hour, meter in itertools.product(range(24 * DAYS), range(METERS)):
        found.append(
            {
                "meter": f"{'X' if meter % 10 == 9 else 'W'}-{meter:03}",
                "register": "total",
                "at": (START + timedelta(hours=hour, minutes=meter)).isoformat(),
                "value": "-1" if (hour * METERS + meter) % 997 == 0 else f"{meter}.{hour:03}",
                "unit": "m3",
                "seq": hour,
            }
        )
    return found


def spoiled(readings, late=timedelta(days=7)):
    """20 % come twice, 30 % at another place, 5 % a week late."""
    dice = random.Random(20261125)
    due = [(datetime.fromisoformat(one["at"]), one) for one in readings]
    due += dice.sample(due, len(due) // 5)
    for place in dice.sample(range(len(due)), len(due) // 20):
        due[place] = (due[place][0] + late, due[place][1])
    sent = [one for _, one in sorted(due, key=lambda pair: pair[0])]
    moved = dice.sample(range(len(sent)), len(sent) * 3 // 10)
    for here, there in zip(moved, dice.sample(moved, len(moved)), strict=True):
        sent[here], sent[there] = sent[there], sent[here]
    return sent


def messages(readings, size=25):
    """(device, readings of one message), the devices in turn as their packs fill."""
    packs = {}
    for one in readings:
        pack = packs.setdefault(device(one), [])
        pack.append(one)
        if len(pack) == size:
            yield device(one), packs.pop(device(one))
    yield from packs.items()


def publish(broker, readings, meanwhile=lambda: None):
    for sender, pack in messages(readings):
        broker.publish(pack, sender=sender)
        meanwhile()


# -- what came of it -------------------------------------------------------------------------------------

TABLES = (
    "SELECT * FROM readings ORDER BY meter, register, at, seq",
    "SELECT meter, register, at, seq, value, unit, quality FROM strays ORDER BY meter, register, at, seq",
    "SELECT digest, sender, reason, content FROM quarantine ORDER BY digest",
    "SELECT meter, min(each.since) FROM touched, unnest(touched.meters, touched.since) AS each (meter, since)"
    " GROUP BY meter ORDER BY meter",
)


def tables(database):
    """Every byte, but for when it was received."""
    found = []
    for query in TABLES:
        with database.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
            found.append(b"".join(bytes(part) for part in copy).splitlines())
    return found


def verdict(database, clean):
    """(lost, doubled): rows of the clean run that are not here, rows here that it has not (or has once)."""
    here = tables(database)
    lost = sum(len(set(theirs) - set(ours)) for ours, theirs in zip(here, clean, strict=True))
    doubled = sum(
        len(set(ours) - set(theirs)) + len(ours) - len(set(ours))
        for ours, theirs in zip(here, clean, strict=True)
    )
    if (lost, doubled) == (0, 0):
        assert here == clean, "byte by byte"
    return lost, doubled


@pytest.fixture
def meters(database):
    with database.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO meters (meter, kind, unit, place, registered_at) VALUES (%s, 'water', 'm3', %s, now())",
            [(f"W-{meter:03}", PLACE) for meter in range(METERS) if meter % 10 != 9],
        )


@pytest.fixture
def clean(parts, database, broker, meters):
    """The tables after everything was sent once and in order; then they are empty again."""
    with workers(parts, broker):
        publish(broker, flow())
    found = tables(database)
    kept, strays, refused, touched = map(len, found)
    assert kept + strays + refused == METERS * 24 * DAYS and strays and refused
    assert touched == METERS * 9 // 10
    database.execute("TRUNCATE readings, strays, quarantine, touched")
    return found


@contextmanager
def workers(parts, broker, **extra):
    """Both; on leaving everything is stored, by whole ones if these were broken."""
    running = [start_ingest(parts | extra, worker) for worker in range(2)]
    try:
        yield running
        drain(parts, broker, running, within=TIME_TO_DRAIN)
    finally:
        for worker in running:
            if worker.poll() is None:
                worker.kill()
            worker.wait()


def kill(running, worker, parts):
    running[worker].send_signal(signal.SIGKILL)
    running[worker].wait()
    running[worker] = start_ingest(parts, worker)


def publish_until_both_died(parts, broker, running):
    """Whoever has too few batches in it gets some of it again; then whole ones take over."""
    sent = spoiled(flow())
    publish(broker, sent)
    deadline = time.monotonic() + 60
    while any(worker.poll() is None for worker in running):
        assert time.monotonic() < deadline, "nobody died"
        publish(broker, sent[::50])
    assert [worker.returncode for worker in running] == [-signal.SIGKILL] * 2
    running[:] = [start_ingest(parts, worker) for worker in range(2)]


# -- the drills ------------------------------------------------------------------------------------------


def test_twice_in_disorder_a_week_late_and_to_workers_that_are_killed(parts, database, broker, clean, report):
    sent, kills = spoiled(flow()), 0
    with workers(parts, broker) as running:
        last = time.monotonic()

        def kill_now_and_then():
            nonlocal last, kills
            if time.monotonic() - last > EVERY_FEW_SECONDS:
                kill(running, kills % 2, parts)
                last, kills = time.monotonic(), kills + 1

        for third in range(3):  # the third time all of it is a repetition
            publish(broker, sent if third == 0 else sent[:: third * 3], kill_now_and_then)
        while kills < 3:
            kill_now_and_then()
    lost, doubled = verdict(database, clean)
    report(f"readings: 20 % twice, 30 % moved, 7 days late, {kills} × kill -9", len(sent), lost, doubled)
    assert (lost, doubled) == (0, 0)


@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(parts, database, broker, clean, report, point):
    with workers(parts, broker, YIKOU_DIE_AT=f"{point}:3") as running:
        publish_until_both_died(parts, broker, running)
    lost, doubled = verdict(database, clean)
    report(f"readings: kill -9 {point}", len(spoiled(flow())), lost, doubled)
    assert (lost, doubled) == (0, 0)


@pytest.mark.long
def test_ten_times_more_than_can_be_stored_is_held_back_and_nothing_confirmed_is_lost(
    parts, database, broker, meters, report
):
    (confirmed, peaks), lost = overload(parts, database, broker)
    report(
        f"readings: 10 × overload for {OVERLOAD_SECONDS:.0f} s, at most {peaks['ingest']} MiB a worker, {peaks['broker']} MiB the broker",
        confirmed * PACK, lost, 0,
    )  # fmt: skip
    assert lost == 0
    assert peaks["full"], "it was no overload"
    assert peaks["ingest"] < INGEST_MIB and peaks["broker"] < BROKER_MIB


# -- and that they would see it --------------------------------------------------------------------------


def test_acked_before_the_commit_the_same_drill_sees_a_loss(parts, database, broker, clean, report):
    broken = {"YIKOU_BROKEN": "ingest-ack", "YIKOU_DIE_AT": "before-commit:3"}
    with workers(parts, broker, **broken) as running:
        publish_until_both_died(parts, broker, running)
    lost, doubled = verdict(database, clean)
    report("readings: acked before the commit (must lose)", len(spoiled(flow())), lost, doubled)
    assert lost > 0


def test_without_its_key_the_same_drill_sees_readings_twice(parts, database, broker, clean, report):
    database.execute("ALTER TABLE readings DROP CONSTRAINT pk_readings")
    try:
        with workers(parts, broker):
            publish(broker, spoiled(flow()))
        lost, doubled = verdict(database, clean)
    finally:
        database.execute("TRUNCATE readings")
        database.execute(
            "ALTER TABLE readings ADD CONSTRAINT pk_readings PRIMARY KEY (meter, at, register, seq) INCLUDE (value, unit, quality)"
        )
    report("readings: without the key (must double)", len(spoiled(flow())), lost, doubled)
    assert doubled > 0 and lost == 0


@pytest.mark.long
def test_acked_before_the_commit_the_overload_sees_a_loss(parts, database, broker, meters, report):
    (confirmed, _), lost = overload(parts, database, broker, broken=True)
    report("readings: overload, acked before the commit (must lose)", confirmed * PACK, lost, 0)
    assert lost > 0


# -- overload --------------------------------------------------------------------------------------------

PACK = 50
SHORT = timedelta(milliseconds=100)
"""Between two readings: ten minutes of millions of them must not reach into the future."""


def overload(parts, database, broker, broken=False):
    """Devices send as fast as they are confirmed, workers may run a tenth of the time; afterwards all must arrive."""
    seconds = 6.0 if broken else OVERLOAD_SECONDS
    extra = {"YIKOU_BROKEN": "ingest-ack", "YIKOU_DIE_AT": "before-commit:2"} if broken else {}
    stop = threading.Event()
    peaks = {"ingest": 0, "broker": 0, "waiting": 0, "full": False}
    with limited(parts, LIMIT), workers(parts, broker, **extra) as running:
        devices = [Device(parts, number, stop) for number in range(3)]
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for worker in running:
                    worker.send_signal(signal.SIGSTOP)
                time.sleep(1 - SHARE_OF_TIME)  # the overload is the drill
                for worker in running:
                    worker.send_signal(signal.SIGCONT)
                time.sleep(SHARE_OF_TIME)
                for worker in range(2):
                    if broken and running[worker].poll() is not None:
                        running[worker] = start_ingest(parts | extra, worker)
                peaks["waiting"] = max(peaks["waiting"], broker.waiting())  # and our own line stays alive
                peaks["ingest"] = max(peaks["ingest"], *(mebibytes(worker.pid) for worker in running))
                peaks["broker"] = max(peaks["broker"], mebibytes(broker_pid(parts)))
                peaks["full"] |= any(each.refused for each in devices)
        finally:
            stop.set()
        if broken:  # whole ones store what is left
            for worker in range(2):
                kill(running, worker, parts)
        for each in devices:
            each.finish(broker)
    stored = {
        (meter, seq)
        for meter, seq in database.execute("SELECT meter, seq / %s FROM readings GROUP BY 1, 2", (PACK,))
    }
    confirmed = {each for sender in devices for each in sender.confirmed}
    lost = len(confirmed - stored) * PACK
    count = database.execute("SELECT count(*) FROM readings").fetchone()[0]
    assert lost or count >= len(confirmed) * PACK, "a message is stored as a whole"
    assert database.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
    return (len(confirmed), peaks), lost


class Device:
    """A meter behind paho, as most real ones: what was not confirmed it sends again when it is connected again."""

    def __init__(self, parts, number, stop):
        self.name, self.meter, self.stop = f"overload-{number}", f"W-{number:03}", stop
        self.confirmed, self.refused, self.sent, self.acks = set(), 0, {}, deque()
        self.room = threading.Semaphore(100)
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=f"{self.name}-{time.time_ns():x}", clean_session=False
        )
        self.client.username_pw_set("yikou", parts["YIKOU_BROKER_PASSWORD"])
        self.client.max_inflight_messages_set(100)
        self.client.reconnect_delay_set(1, 2)
        self.client.on_publish = self._confirm
        self.client.on_disconnect = self._lose
        self.client.connect(parts["MQTT_HOST"], int(parts["MQTT_PORT"]))
        self.client.loop_start()
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _confirm(self, _client, _data, mid, _reason, _properties):
        # In paho's thread, perhaps before `publish` has told us the number: the sending thread looks it up.
        self.acks.append(mid)
        self.room.release()

    def _note(self):
        while self.acks:
            self.confirmed.add((self.meter, self.sent.pop(self.acks.popleft())))

    def _lose(self, *_):
        if not self.stop.is_set():
            self.refused += 1

    def _send(self):
        for number in itertools.count():
            while not self.room.acquire(timeout=0.2):
                if self.stop.is_set():
                    return
            if self.stop.is_set():
                return
            body = msgspec.json.encode(
                [
                    {
                        "meter": self.meter,
                        "at": (NOW - timedelta(days=30) + seq * SHORT).isoformat(),
                        "value": f"{seq}.5",
                        "unit": "m3",
                        "seq": seq,
                    }
                    for seq in range(number * PACK, number * PACK + PACK)
                ]
            )
            told = self.client.publish(f"yikou/v1/{self.name}/readings", body, qos=1)
            self.sent[told.mid] = number
            self._note()

    def finish(self, broker):
        self.thread.join(30)
        eventually(lambda: (broker.waiting(), self._note(), not self.sent)[-1], within=2 * TIME_TO_DRAIN)
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def limited(parts, limit):
    """The telemetry queues refuse earlier, so that a short drill comes to it."""
    if limit is None:
        yield
        return
    url = f"{parts['RABBITMQ_MANAGEMENT_URL']}/api/policies/%2F/drill"
    who = ("yikou", parts["YIKOU_BROKER_PASSWORD"])
    policy = {
        "pattern": "^readings\\.",
        "definition": {"max-length-bytes": limit},
        "apply-to": "queues",
        "priority": 1,
    }
    requests.put(url, auth=who, json=policy, timeout=10).raise_for_status()
    try:
        yield
    finally:
        requests.delete(url, auth=who, timeout=10).raise_for_status()


def broker_pid(parts):
    return rabbitmq.broker(Path(parts["YIKOU_DATA"]).parent).pid


def mebibytes(pid):
    """Resident memory, and of its children."""
    found = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid), "--ppid", str(pid)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return sum(map(int, found.stdout.split())) // 1024
