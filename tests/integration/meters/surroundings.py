"""What the tests of meters stand on: the ingest's processes, a publishing device, and small words for the rules."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pika
import requests

NOW = datetime.now(UTC).replace(microsecond=0)
ROOT = Path(__file__).parents[3]
PLACE = "110105001001001"
EMPTIED = (
    "bindings",
    "readings", "strays", "quarantine", "touched", "vee_due", "pulses", "vee_findings", "daily", "intervals", "edits", "registers", "findings", "meters", "accounts", "households", "watches", "items",
    "inbox", "outbox", "requests",
    "former_meters", "bill_runs", "bills", "bill_lines", "bill_history", "ledger", "changed_days",
)  # fmt: skip


def eventually(condition, within=30, every=0.05):
    """The value of `condition` once it is true."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"not within {within} s: {condition.__doc__ or condition}")


class Broker:
    """What a gateway or a device does: publish to `amq.topic`, each message confirmed."""

    def __init__(self, uri):
        self.connection = pika.BlockingConnection(pika.URLParameters(uri))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def publish(self, message, sender="tester"):
        body = message if isinstance(message, bytes) else msgspec.json.encode(message)
        properties = pika.BasicProperties(delivery_mode=2)
        self.channel.basic_publish(
            "amq.topic", f"yikou.v1.{sender}.readings", body, properties, mandatory=True
        )

    def waiting(self):
        return sum(
            self.channel.queue_declare(f"readings.{number}", passive=True).method.message_count
            for number in range(4)
        )

    def purge(self):
        for number in range(4):
            self.channel.queue_purge(f"readings.{number}")


def start_ingest(parts, worker):
    command = [sys.executable, "-m", "services.meters.ingest", "--worker", str(worker)]
    log = (Path(parts["YIKOU_DATA"]) / f"ingest-{worker}.log").open("a")
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | parts, stdout=log, stderr=subprocess.STDOUT)


def is_ready(parts, name):
    """The process answers that it is ready."""
    port = parts[f"YIKOU_HTTP_PORT_{name.upper().replace('-', '_')}"]
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


@contextmanager
def ingest_of(parts, broker):
    """Both workers. On leaving: everything published is stored, and they have stopped in good order."""
    workers = [start_ingest(parts, worker) for worker in range(2)]
    try:
        yield workers
        drain(parts, broker, workers)
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()


def drain(parts, broker, workers, within=60):
    """A stopped worker gives back what it has not stored; so empty queues after the stop mean all is stored."""

    def emptied():
        """the telemetry queues are empty and no worker holds anything"""
        eventually(lambda: broker.waiting() == 0, within)
        for worker in workers:
            worker.terminate()
        codes = [worker.wait(30) for worker in workers]
        if broker.waiting() == 0:
            # One that was only just started has not learnt to stop in good order, and holds nothing.
            assert set(codes) <= {0, -signal.SIGTERM}
            return True
        workers[:] = [start_ingest(parts, worker) for worker in range(2)]
        eventually(lambda: all(is_ready(parts, f"meters-ingest-{worker}") for worker in range(2)))
        return False

    eventually(emptied, 2 * within)


class Tester:
    """Small words for the tests of the rules."""

    def __init__(self, ledger, database):
        self.ledger, self.database = ledger, database

    def do(self, function, contract, **facts):
        with self.ledger.work() as work:
            return function(work, contract.read(facts))

    def home(self, household=f"{PLACE}-3-1-502", alone=True, elder=True, at=None):
        from services.contracts.registry import HouseholdChanged
        from services.meters.handlers import note_household

        facts = {
            "household": household, "place": PLACE, "address": "三号楼一单元502", "persons": 1 if alone else 3,
            "lives_alone": alone, "elder": elder, "contact_name": "李女", "contact_phone": "13800000001",
            "residents": [{"resident_id": "r", "name": "李奶奶", "phone": "13800000000", "is_party_member": False}],
            "at": (at or datetime.now(UTC)).isoformat(),
        }  # fmt: skip
        self.do(note_household, HouseholdChanged, **facts)
        return household

    def meter(self, meter="W-1", household=None, kind="water"):
        from services.contracts.meters import RegisterMeter
        from services.meters.handlers import register_meter

        self.do(register_meter, RegisterMeter, meter=meter, kind=kind, place=PLACE, household=household)
        return meter

    def send(self, *readings):
        """Into the table by the very code of the ingest, without the broker."""
        from services.meters.ingest import Message, Store

        store = Store()
        store.keep([Message("q", 1, "yikou.v1.tester.readings", msgspec.json.encode(list(readings)))])
        store.close()

    def sweep(self, later=timedelta(0)):
        """One look; `later` moves the clock of whoever looks."""
        from services.meters.handlers import judge_touched

        with self.ledger.work() as work:
            work.now += later
            judge_touched(work)

    def said(self):
        """(event, data) of everything said since the last look."""
        rows = self.database.execute("DELETE FROM outbox RETURNING position, routing_key, body").fetchall()
        return [(key, msgspec.json.decode(body)["data"]) for _, key, body in sorted(rows)]

    def findings(self):
        return self.database.execute(
            "SELECT kind, state, cleared_how FROM findings ORDER BY raised_at"
        ).fetchall()


def hourly(*litres, meter="W-1", end=None, first_seq=0):
    """One reading an hour, the last one at `end`."""
    end = end or NOW
    count = len(litres)
    return [
        {
            "meter": meter,
            "register": "total",
            "at": (end - timedelta(hours=count - 1 - i)).isoformat(),
            "value": str(Decimal(value) / 1000),
            "unit": "m3",
            "seq": first_seq + i,
        }
        for i, value in enumerate(litres)
    ]
