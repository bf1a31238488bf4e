"""One of three broker nodes may die at any moment, or fall silent.

A node that is paused looks to the others as one beyond a broken network: its connections stand, and nothing comes.
A partition in which both sides go on is left to RabbitMQ's own tests: quorum queues answer on the larger side only.
"""

import os
import signal
import socket
import subprocess

import pytest
from kombu import Connection

from deploy.local import ports, rabbitmq
from deploy.local.daemons import Daemon
from services.chassis.post import Letter, Post
from tests.drills.conftest import Drill
from tests.integration.chassis.conftest import LOGS, ROOT, Replica, envelope
from tests.waiting import until

pytestmark = [pytest.mark.drill, pytest.mark.long]
DIRECTORY = ROOT / ".run" / "drill-brokers"
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{amqp}
distribution.listener.interface = 127.0.0.1
default_user = yikou
default_pass = {password}
default_user_tags.administrator = true
cluster_partition_handling = pause_minority
net_ticktime = 10
disk_free_limit.absolute = 200MB
log.console = false
log.file = {log}/node.log
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Node:
    def __init__(self, number, epmd, password, cookie):
        self.directory = DIRECTORY / f"node-{number}"
        home, log = self.directory / "rabbitmq", self.directory / "log"
        for folder in (home, log):
            folder.mkdir(parents=True, exist_ok=True)
        amqp, distribution = free_port(), free_port()
        env = {
            rabbitmq.PORTS["epmd"]: str(epmd),
            rabbitmq.PORTS["distribution"]: str(distribution),
        }
        self.amqp, self.name = amqp, f"yikou{distribution}@localhost"
        self.uri = f"amqp://yikou:{password}@127.0.0.1:{amqp}/%2F"
        (home / "rabbitmq.conf").write_text(CONFIGURATION.format(amqp=amqp, password=password, log=log))
        (home / "enabled_plugins").write_text("[rabbitmq_consistent_hash_exchange].\n")
        (home / ".erlang.cookie").write_text(cookie)
        (home / ".erlang.cookie").chmod(0o400)
        self._env = rabbitmq._environment(self.directory, env)
        self.daemon = Daemon("rabbitmq", self.directory)

    def start(self):
        self.daemon.start([str(rabbitmq.SCRIPTS / "rabbitmq-server")], self._env, cwd=self.directory)
        self.daemon.wait(lambda: ports.listens(self.amqp), 90)

    def control(self, *words):
        command = [str(rabbitmq.SCRIPTS / "rabbitmqctl"), "--quiet", *words]
        return subprocess.run(
            command, env=self._env, check=True, capture_output=True, text=True, timeout=120
        ).stdout


@pytest.fixture(scope="module")
def nodes():
    import shutil

    shutil.rmtree(DIRECTORY, ignore_errors=True)
    epmd_port = free_port()
    nodes = [Node(number, epmd_port, "drill", "OURDRILLCOOKIE") for number in range(3)]
    epmd = Daemon("epmd", DIRECTORY)
    epmd.start(["epmd", "-port", str(epmd_port), "-address", "127.0.0.1"], dict(os.environ))
    try:
        epmd.wait(lambda: ports.listens(epmd_port), 10)
        for node in nodes:
            node.start()
        for node in nodes[1:]:
            node.control("stop_app")
            node.control("join_cluster", nodes[0].name)
            node.control("start_app")
        yield nodes
    finally:
        for node in nodes:
            node.daemon.stop(signal.SIGKILL)
        epmd.stop()


@pytest.fixture
def cluster(nodes, parts, engine, effects, report):
    """Two probes and a speaker, each of which knows all three nodes, each another one first."""
    from tests.integration.chassis.conftest import empty

    empty(engine)
    LOGS.mkdir(parents=True, exist_ok=True)
    uris = [";".join(nodes[(first + n) % 3].uri for n in range(3)) for first in range(3)]
    replicas = [Replica(parts, AMQP_URI=uri, YIKOU_BATCH="8").ready() for uri in uris[:2]]
    post = Post(uris[2], "drill", timeout=5)

    def poke(key, mood, times=1):
        letter = Letter(
            "street.events", "Poked", envelope(key, mood).encode(), "application/cloudevents+json"
        )

        def taken():
            try:
                return set(post.deliver([letter] * times)) == {"confirmed"}
            except Exception:  # as a relay would: nothing is known of it, so it is sent again
                return False

        until(taken, 90, "the cluster takes an event", pause=0.2)

    yield Drill(poke, effects, report), replicas
    post.close()
    for replica in replicas:
        replica.stop(signal.SIGKILL)


def leader_of(nodes, queue):
    alive = next(node for node in nodes if node.daemon.pid)
    lines = alive.control("list_queues", "--no-table-headers", "name", "pid").splitlines()
    (where,) = [line for line in lines if line.split("\t")[0] == queue]
    return next(node for node in nodes if node.name in where)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "paused"])
def test_the_leader_of_the_queue_falls_away_in_the_middle_of_the_load(nodes, cluster, number):
    drill, replicas = cluster
    with Connection(nodes[0].uri) as connection:
        for queue in ("probe.events", "probe.dead"):
            connection.default_channel.queue_purge(queue)
    drill.say(100)
    leader = leader_of(nodes, "probe.events")
    if number == signal.SIGKILL:
        leader.daemon.stop(signal.SIGKILL)
        drill.say(100)
        drill.fault_ends()  # two of three are the cluster from now on
        drill.settle(120)
        leader.start()
    else:
        leader.daemon.send(signal.SIGSTOP)
        drill.say(100)
        leader.daemon.send(signal.SIGCONT)
        drill.fault_ends()
        drill.settle(180)
    how = "killed" if number == signal.SIGKILL else "paused"
    assert drill.tell(f"leader of three broker nodes {how}") == (0, 0)
    assert all(replica.process.poll() is None for replica in replicas)
