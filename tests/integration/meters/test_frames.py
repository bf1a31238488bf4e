"""Raw frames over HTTP, MQTT and TCP become readings, by the real processes; what breaks in between loses nothing."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import uuid
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy.local.stack import kill_broker, pause_broker, resume_broker, start_broker
from services.chassis.calls import Calls
from services.contracts.identity import RegisterDevice, RevokeDevice
from services.meters import frames
from services.meters.frames import Item, cjt188, dlt645
from tests.integration.meters.surroundings import PLACE, ROOT, Broker, eventually, ingest_of, is_ready

DEVICE = f"frames-{uuid.uuid4().hex[:8]}"
SECRET = "a-secret-of-thirty-two-characters"
POWER, WATER = "123456789012", "00002020120218"
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def power(value, identifier="00010000", count=1):
    told = [Item("", "", "", Decimal(value))] * count
    return frames.encode(dlt645.reply(POWER, identifier, told), 4)


def water(number):
    """By its own clock: a minute later and ten litres more than the one before."""
    clock = (AT + timedelta(hours=8) - timedelta(minutes=6000 - number)).replace(tzinfo=None).isoformat()
    told = (
        Item("", "total", "", Decimal(number) / 100, "m3"),
        Item("", "settlement", "", Decimal(0), "m3"),
        Item("", "clock", "", clock),
        Item("", "status", "", "0000"),
    )
    return frames.encode(cjt188.reply(cjt188.read_request(0x10, WATER, number & 0xFF), told), 2)


def start(parts, name, *command):
    log = (Path(parts["YIKOU_DATA"]) / f"{name}.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | parts,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    eventually(lambda: process.poll() is not None or is_ready(parts, name), within=60)
    assert process.poll() is None, f"{name} ended"
    return process


def stop(process):
    process.terminate()
    assert process.wait(40) in (0, -signal.SIGTERM)  # uvicorn drains, then ends by the signal itself


@contextmanager
def ingest(parts, broker):
    """On leaving, everything published is stored."""
    with ingest_of(parts, broker):
        eventually(lambda: all(is_ready(parts, f"meters-ingest-{worker}") for worker in range(2)))
        yield


@pytest.fixture(scope="module")
def door(parts):
    """Identity, the gateway (which the broker asks about devices), and a device that is known to them."""
    migrate = [sys.executable, "-m", "services.chassis.migrate", "upgrade", "identity"]
    subprocess.run(migrate, cwd=ROOT, env=os.environ | parts, check=True)
    with ExitStack() as running:
        for name, command in (
            ("identity", ["services.chassis.launch", "identity"]),
            ("gateway", ["gateway"]),
        ):
            running.callback(stop, start(parts, name, *command))
        with Calls(parts["AMQP_URI"], "test") as calls:
            calls.call(RegisterDevice, device=DEVICE, kind="concentrator", place=PLACE, secret=SECRET)
        yield parts["YIKOU_URL"]


@pytest.fixture
def listener(parts, door):
    process = start(parts, "meters-concentrator", "services.meters.concentrator")
    yield process
    if process.poll() is None:
        stop(process)


@pytest.fixture
def meters(database, parts):
    database.execute(
        "INSERT INTO meters (meter, kind, unit, place, registered_at) VALUES"
        " (%s, 'electricity', 'kWh', %s, now()), (%s, 'water', 'm3', %s, now())",
        (POWER, PLACE, WATER, PLACE),
    )


def stored(database):
    rows = database.execute("SELECT meter, register, at, value FROM readings ORDER BY 1, 2, 3, 4").fetchall()
    return [(meter, register, at, f"{value.normalize():f}") for meter, register, at, value in rows]


def count(database):
    return database.execute("SELECT count(*) FROM readings").fetchone()[0]


def reasons(database):
    return sorted(reason for (reason,) in database.execute("SELECT reason FROM quarantine").fetchall())


# -- HTTP --------------------------------------------------------------------------------------------------


def test_frames_over_http_become_readings_and_broken_ones_are_told(parts, door, database, meters, broker):
    block, broken = power(5, "0001FF00", 5), power(6)[:-2] + b"\x00\x16"
    sent = [{"hex": block.hex(), "at": AT.isoformat()}, {"hex": broken.hex(), "at": AT.isoformat()}]
    with ingest(parts, broker):
        answer = requests.post(f"{door}/v1/frames", json={"frames": sent}, auth=(DEVICE, SECRET), timeout=20)
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == 1
        assert [(one["index"], one["problem"]["slug"]) for one in answer.json()["rejected"]] == [
            (1, "checksum")
        ]
        again = requests.post(f"{door}/v1/frames", json={"frames": sent}, auth=(DEVICE, SECRET), timeout=20)
        assert again.status_code == 202
    assert stored(database) == [
        (POWER, register, AT, "5") for register in ("flat", "peak", "sharp", "total", "valley")
    ]
    assert requests.post(f"{door}/v1/frames", json={"frames": sent}, timeout=20).status_code == 401
    wrong = requests.post(f"{door}/v1/frames", json={"frames": sent}, auth=(DEVICE, "guess"), timeout=20)
    assert wrong.status_code == 401


# -- MQTT --------------------------------------------------------------------------------------------------


def over_mqtt(parts, topic, *payloads):
    """Each with QoS 1; whether the broker took them all."""
    ended, connected, taken = threading.Event(), threading.Event(), threading.Semaphore(0)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=DEVICE)
    client.username_pw_set(DEVICE, SECRET)
    client.on_connect = lambda *_: connected.set()
    client.on_publish = lambda *_: taken.release()
    client.on_disconnect = lambda *_: ended.set()
    client.connect(parts["MQTT_HOST"], int(parts["MQTT_PORT"]))
    client.loop_start()
    try:
        assert connected.wait(20)
        for payload in payloads:
            client.publish(topic, payload, qos=1)
        return all(
            eventually(lambda: taken.acquire(timeout=0.05) or ended.is_set()) and not ended.is_set()
            for _ in payloads
        )
    finally:
        client.disconnect()
        client.loop_stop()


def test_frames_over_mqtt_as_json_or_as_they_are(parts, door, database, meters, broker):
    told = json.dumps({"frames": [{"hex": power(7).hex(), "at": AT.isoformat(), "seq": 1}]})
    raw = water(1) + water(2)
    with ingest(parts, broker):
        assert over_mqtt(parts, f"yikou/v1/{DEVICE}/frames", told, raw, power(8))
    assert [(meter, value) for meter, _, _, value in stored(database)] == [
        (WATER, "0.01"), (WATER, "0.02"), (POWER, "7"),
    ]  # fmt: skip
    assert reasons(database) == ["no-clock"], "an electricity meter's frame does not say when"
    assert not over_mqtt(parts, "yikou/v1/frames-02/frames", told)


# -- TCP ---------------------------------------------------------------------------------------------------


class Caller:
    """A device that keeps what is not confirmed, calls again when the line breaks, and sends it again."""

    def __init__(self, parts, **login):
        self.address = ("127.0.0.1", int(parts["YIKOU_PORT_FRAMES"]))
        self.login = {"device": DEVICE, "secret": SECRET} | login
        self.line = None
        self.unconfirmed = bytearray()
        self.confirmed = 0

    def call(self):
        self.line = socket.create_connection(self.address, timeout=20)
        self.answers = self.line.makefile("rb")
        self.line.sendall(json.dumps(self.login).encode() + b"\n")
        answer = json.loads(self.answers.readline() or b"{}")
        self.confirmed = 0
        return answer

    def send(self, data):
        self.unconfirmed += data
        try:
            if self.line is None:
                raise OSError("not on the line")
            self.line.sendall(data)
        except OSError:
            self.hang_up()

    def hang_up(self):
        if self.line is not None:
            self.line.close()
        self.line = None

    def hear(self):
        answer = self.answers.readline()
        if not answer:
            raise OSError("hung up")
        total = json.loads(answer)["confirmed"]
        del self.unconfirmed[: total - self.confirmed]
        self.confirmed = total

    def settle(self, within=60):
        """Until all is confirmed, calling again as often as it takes."""
        deadline = time.monotonic() + within
        while self.unconfirmed:
            assert time.monotonic() < deadline, f"{len(self.unconfirmed)} bytes not confirmed"
            try:
                if self.line is None:
                    if not self.call().get("ok"):
                        raise OSError("turned away")
                    self.line.sendall(self.unconfirmed)
                self.hear()
            except OSError:
                self.hang_up()
                time.sleep(0.05)


def test_frames_over_tcp_become_readings_however_they_are_cut(parts, listener, database, meters, broker):
    parts_of_block = dlt645.replies(dlt645.reply(POWER, "0001FF00", [Item("", "", "", Decimal(9))] * 5), 10)
    whole = b"\x00noise" + water(1) + power(3) + b"".join(map(frames.encode, parts_of_block)) + water(2)
    caller = Caller(parts)
    with ingest(parts, broker):
        assert caller.call() == {"ok": True}
        before = datetime.now(UTC)
        for first in range(0, len(whole), 7):
            caller.send(whole[first : first + 7])
        caller.settle()
        after = datetime.now(UTC)
        caller.hang_up()
    rows = stored(database)
    assert [(register, value) for meter, register, _, value in rows if meter == WATER] == [
        ("total", "0.01"), ("total", "0.02"),
    ]  # fmt: skip
    electricity = [(register, value) for meter, register, _, value in rows if meter == POWER]
    assert sorted(electricity) == sorted(
        [("total", "3"), *((register, "9") for register in ("total", "sharp", "peak", "flat", "valley"))]
    )
    assert all(before <= at <= after for meter, _, at, _ in rows if meter == POWER), "when it was heard"
    assert reasons(database) == []


@pytest.mark.parametrize(
    ("login", "problem"),
    [
        ({"secret": "guess"}, "refused"),
        ({"device": "frames-02"}, "refused"),
        ({"device": "a.b"}, "refused"),
        ({"secret": ""}, "refused"),
        ({"secret": 5}, "no-login"),
        ({"surprise": 1}, "no-login"),
        ({"device": "x" * 2000}, "no-login"),
    ],
)
def test_nobody_is_let_in_without_a_devices_secret(parts, listener, login, problem):
    caller = Caller(parts, **login)
    assert caller.call() == {"ok": False, "problem": problem}
    assert caller.answers.readline() == b""


def test_frames_without_a_login_are_not_taken(parts, listener, database, meters, broker):
    with socket.create_connection(("127.0.0.1", int(parts["YIKOU_PORT_FRAMES"])), timeout=20) as line:
        line.sendall(power(1) + b"\n")
        assert json.loads(line.makefile("rb").readline()) == {"ok": False, "problem": "no-login"}
    assert broker.waiting() == 0


def test_a_quiet_device_hears_nothing_after_its_login(parts, listener, database, meters, broker):
    caller = Caller(parts, quiet=True)
    with ingest(parts, broker):
        assert caller.call() == {"ok": True}
        caller.send(water(1))
        eventually(lambda: stored(database))
        caller.line.shutdown(socket.SHUT_WR)
        assert caller.answers.read() == b""


def test_a_listener_killed_in_mid_flow_loses_and_doubles_nothing(parts, door, database, meters, broker):
    listener = start(parts, "meters-concentrator", "services.meters.concentrator")
    caller = Caller(parts)
    try:
        with ingest(parts, broker):
            assert caller.call() == {"ok": True}
            for number in range(6000):
                caller.send(water(number))
                if number in (1500, 3000, 4500):
                    eventually(lambda: stored(database))
                    listener.send_signal(signal.SIGKILL)
                    listener.wait()
                    listener = start(parts, "meters-concentrator", "services.meters.concentrator")
            caller.settle()
            caller.hang_up()
            eventually(lambda: count(database) >= 6000, within=90)
        assert [value for _, _, _, value in stored(database)] == [
            f"{(Decimal(number) / 100).normalize():f}" for number in range(6000)
        ]
    finally:
        listener.kill()
        listener.wait()


def test_listener_and_broker_killed_before_anything_was_confirmed_lose_nothing(parts, door, database, meters):
    directory = Path(parts["YIKOU_DATA"]).parent
    listener = start(parts, "meters-concentrator", "services.meters.concentrator")
    caller = Caller(parts)
    try:
        assert caller.call() == {"ok": True}
        caller.send(water(0))
        caller.hear()
        kill_broker(directory)
        caller.send(b"".join(water(number) for number in range(1, 100)))
        caller.line.settimeout(1)
        with suppress(OSError):  # a timeout is one: nothing is confirmed that is not in the broker
            while caller.unconfirmed:
                caller.hear()
        listener.kill()
        listener.wait()
        start_broker(directory)
        listener = start(parts, "meters-concentrator", "services.meters.concentrator")
        caller.hang_up()
        broker = Broker(parts["AMQP_URI"])
        with closing(broker.connection), ingest(parts, broker):
            caller.settle()
            caller.hang_up()
            eventually(lambda: count(database) >= 100)
        assert count(database) == 100
    finally:
        start_broker(directory)
        listener.kill()
        listener.wait()


def test_a_stopped_listener_delivers_what_it_has_read(parts, door, database, meters, broker):
    listener = start(parts, "meters-concentrator", "services.meters.concentrator")
    caller = Caller(parts)
    assert caller.call() == {"ok": True}
    for number in range(500):
        caller.send(water(number))
    stop(listener)
    before = len(caller.unconfirmed)
    with suppress(OSError):  # what it did not read breaks the line, and is still the device's
        while True:
            caller.hear()
    assert broker.waiting() >= 1 and len(caller.unconfirmed) < before


def test_a_full_queue_is_waited_for_and_nothing_of_it_is_lost(parts, listener, database, meters, broker):
    full = broker.channel.queue_declare(
        "", exclusive=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"}
    ).method.queue
    broker.channel.queue_bind(full, "amq.topic", f"yikou.v1.{DEVICE}.frames")
    with ingest(parts, broker):
        caller = Caller(parts)
        assert caller.call() == {"ok": True}
        caller.send(water(1))
        caller.settle()
        caller.send(water(2))
        caller.line.settimeout(1)
        with pytest.raises(TimeoutError):
            caller.line.recv(100)
        broker.channel.queue_delete(full)
        caller.hang_up()  # whoever hangs up before the confirm sends again, and nothing is doubled by it
        caller.settle()
        eventually(lambda: count(database) >= 2)
    assert [value for _, _, _, value in stored(database)] == ["0.01", "0.02"]


@pytest.fixture
def impatient(parts, door):
    """A listener that hangs up after a second's silence, and asks again every second who a device is."""
    hurry = {"YIKOU_FRAMES_IDLE": "1", "YIKOU_FRAMES_ASKED_AGAIN": "1"}
    process = start(parts | hurry, "meters-concentrator", "services.meters.concentrator")
    yield process
    stop(process)


def test_a_silent_device_is_hung_up_on_and_what_it_had_begun_is_no_frame(parts, impatient, database, broker):
    caller = Caller(parts)
    assert caller.call() == {"ok": True}
    caller.send(water(1)[:20] + b"\xfe\xfe" + water(2))
    assert json.loads(caller.answers.readline())["confirmed"] > 0
    assert caller.answers.read() == b""
    assert broker.waiting() == 1


def test_a_device_whose_credential_is_withdrawn_is_hung_up_on(parts, impatient, broker):
    with Calls(parts["AMQP_URI"], "test") as calls:
        name = f"gone-{uuid.uuid4().hex[:8]}"
        calls.call(RegisterDevice, device=name, kind="concentrator", place=PLACE, secret=SECRET)
        caller = Caller(parts, device=name)
        assert caller.call() == {"ok": True}
        calls.call(RevokeDevice, device=name)

    def hung_up():
        """the line is closed"""
        caller.send(b"\x00")
        return caller.line is None

    eventually(hung_up)
    assert caller.call() == {"ok": False, "problem": "refused"}


def test_a_listener_with_a_certificate_speaks_tls(parts, door, tmp_path, broker):
    certificate, key = self_signed(tmp_path)
    files = {"YIKOU_FRAMES_TLS_CERT": str(certificate), "YIKOU_FRAMES_TLS_KEY": str(key)}
    process = start(parts | files, "meters-concentrator", "services.meters.concentrator")
    try:
        context = ssl.create_default_context(cafile=str(certificate))
        with (
            socket.create_connection(("127.0.0.1", int(parts["YIKOU_PORT_FRAMES"])), timeout=20) as bare,
            context.wrap_socket(bare, server_hostname="localhost") as line,
        ):
            line.sendall(json.dumps({"device": DEVICE, "secret": SECRET}).encode() + b"\n")
            assert json.loads(line.recv(100)) == {"ok": True}
    finally:
        stop(process)


def self_signed(directory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def memory(process):
    """Resident bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def test_while_the_broker_is_away_the_device_waits_and_memory_is_bounded(
    parts, listener, database, meters, broker
):
    directory = Path(parts["YIKOU_DATA"]).parent
    caller = Caller(parts)
    flow = b"".join(water(number) for number in range(6000))
    with ingest(parts, broker):
        assert caller.call() == {"ok": True}
        before = memory(listener)
        pause_broker(directory)
        try:
            caller.line.settimeout(1)
            pushed = 0
            with pytest.raises(TimeoutError):
                while pushed < 64 * 1024 * 1024:
                    pushed += caller.line.send(flow[pushed % len(flow) :])
            assert memory(listener) - before < 32 * 1024 * 1024
        finally:
            resume_broker(directory)
        whole, rest = divmod(pushed, len(flow))
        expected = 6000 if whole else rest // len(water(0))
        caller.line.settimeout(60)
        caller.unconfirmed += (flow * (whole + 1))[:pushed]
        caller.settle(120)
        caller.hang_up()
        eventually(lambda: count(database) >= expected, within=120)
    assert count(database) == expected


def test_the_listener_tells_how_it_is(parts, listener):
    port = parts["YIKOU_HTTP_PORT_METERS_CONCENTRATOR"]
    caller = Caller(parts)
    assert caller.call() == {"ok": True}

    def lines():
        text = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        return "yikou_concentrator_lines 1.0" in text and 'logins_total{outcome="ok"} 1.0' in text

    eventually(lines)
    with closing(caller.line):
        assert (
            requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).json()["service"]
            == "meters-concentrator"
        )
