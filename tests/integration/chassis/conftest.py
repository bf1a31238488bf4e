"""A real broker, a real database, and probes: services of the tests' own, each a process that can be killed."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest
from kombu import Connection
from sqlalchemy import create_engine, text

from deploy.local.stack import borrowed_parts
from services.chassis import clock, identifiers, topology
from services.chassis.post import Letter, Post
from services.contracts.envelope import CONTENT_TYPE, Envelope
from tests.waiting import until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LOGS = ROOT / ".run" / "test" / "log"


@pytest.fixture(scope="session")
def parts():
    with borrowed_parts(ROOT / ".run" / "test") as env:
        with psycopg.connect(env["POSTGRES_ADMIN_URL"], autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS probe WITH (FORCE)")
            admin.execute("CREATE DATABASE probe OWNER street")
        yield {**env, "DATABASE_URL_PROBE": env["DATABASE_URL_STREET"].rsplit("/", 1)[0] + "/probe"}


@pytest.fixture(scope="session")
def engine(parts):
    # The probe's tables are made in a process of its own: its module patches the whole interpreter.
    make = (
        "import sys; sys.path.insert(0, sys.argv[1]); import probe; from sqlalchemy import create_engine\n"
        "probe.metadata.create_all(create_engine(sys.argv[2]))\n"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", make, str(HERE), parts["DATABASE_URL_PROBE"]],
        cwd=ROOT, env={**os.environ, **parts, "PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    engine = create_engine(parts["DATABASE_URL_PROBE"])
    yield engine
    engine.dispose()


class Replica:
    def __init__(self, parts, **env):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(HERE / "probe.py")],
            cwd=ROOT,
            env={
                **os.environ,
                **parts,
                "PYTHONPATH": str(ROOT),
                "YIKOU_HTTP_PORT_PROBE": str(self.port),
                **env,
            },
            stdout=(LOGS / f"probe-{self.port}.log").open("w"),
        )

    def page(self, path):
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=2)
        except httpx.HTTPError:
            return None

    def ready(self):
        until(
            lambda: (page := self.page("/readyz")) is not None and page.status_code == 200,
            30,
            "the probe is ready",
        )
        return self

    def log(self):
        return (LOGS / f"probe-{self.port}.log").read_text()

    def metric(self, name):
        page = self.page("/metrics")
        lines = [line for line in page.text.splitlines() if line.startswith(name)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(40)


@pytest.fixture
def replicas(parts, engine):
    """Starts probes; whatever happens they are gone afterwards."""
    started = []

    def start(**env):
        started.append(Replica(parts, **env))
        return started[-1]

    empty(engine)
    yield start
    for replica in started:
        if replica.process.poll() is None:
            replica.process.send_signal(signal.SIGCONT)
            replica.stop(signal.SIGKILL)


def empty(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE effects, inbox, outbox, leases, requests"))


@pytest.fixture
def probe(replicas, parts):
    replica = replicas().ready()
    purge(parts)
    return replica


def purge(parts):
    """What an earlier test left, in the retry queues too: there it would come back in the middle of this one."""
    waiting = (topology.retry_queue(delay).name for delay in topology.RETRY_DELAYS)
    with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
        for queue in ("probe.events", "probe.dead", "rpc-probe", *waiting):
            channel.queue_purge(queue)


@pytest.fixture
def post(parts):
    post = Post(parts["AMQP_URI"], "test")
    yield post
    post.close()


def envelope(key, mood="calm", id=None):
    return Envelope(
        id or identifiers.new_id(), "/yikou/street", "yikou.Poked", key, clock.now(),
        identifiers.new_traceparent(), {"key": key, "mood": mood},
    )  # fmt: skip


@pytest.fixture
def poke(post):
    """Says `Poked` as the street would; returns the letter, so that it can be sent again."""

    def send(key, mood="calm", id=None, times=1):
        letter = Letter("street.events", "Poked", envelope(key, mood, id).encode(), CONTENT_TYPE)
        assert set(post.deliver([letter] * times)) == {"confirmed"}
        return letter

    return send


@pytest.fixture
def effects(engine):
    def count(key=None):
        wanted = "SELECT key, count(*) FROM effects WHERE key !~ '^(tick|mishap)-' GROUP BY key"
        with engine.connect() as connection:
            found = dict(connection.execute(text(wanted)).all())
        return found if key is None else found.get(key, 0)

    return count


@pytest.fixture
def mishaps(engine):
    """What the probe was told of events that were set aside."""

    def told():
        with engine.connect() as connection:
            return list(
                connection.execute(text("SELECT key FROM effects WHERE key LIKE 'mishap-%'")).scalars()
            )

    return told


@pytest.fixture
def dead(parts):
    """Takes what lies in the probe's dead letters."""

    def take():
        found = []
        with Connection(parts["AMQP_URI"]) as connection, connection.channel() as channel:
            while message := channel.basic_get("probe.dead", no_ack=True):
                found.append(message)
        return found

    return take


@pytest.fixture
def call(parts):
    """A stock nameko proxy: what any nameko client would use."""
    from nameko.standalone.rpc import ClusterRpcProxy

    with ClusterRpcProxy({"AMQP_URI": parts["AMQP_URI"]}, timeout=20) as cluster:
        yield cluster.probe
